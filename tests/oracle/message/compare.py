#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds src/message/ against Python's protobuf (Google's own): random messages of every.proto, as
bytes and as JSON, whole and mutated.

    compare.py --translate build/tests/message/translate_message [--rounds N] [--seed N]

What is whole must come back as the same message, byte for byte. What is mutated must be taken by
both or by neither, with the same meaning; the few differences that are meant are counted by
reason, and any other fails."""
import argparse
import json
import math
import random
import struct
import subprocess
import sys
import tempfile

from google.protobuf import json_format, message as pb_message, struct_pb2
from google.protobuf.descriptor import FieldDescriptor as F

INTEGERS = {F.TYPE_INT32: (-2**31, 2**31 - 1), F.TYPE_SINT32: (-2**31, 2**31 - 1),
            F.TYPE_SFIXED32: (-2**31, 2**31 - 1), F.TYPE_INT64: (-2**63, 2**63 - 1),
            F.TYPE_SINT64: (-2**63, 2**63 - 1), F.TYPE_SFIXED64: (-2**63, 2**63 - 1),
            F.TYPE_UINT32: (0, 2**32 - 1), F.TYPE_FIXED32: (0, 2**32 - 1),
            F.TYPE_UINT64: (0, 2**64 - 1), F.TYPE_FIXED64: (0, 2**64 - 1)}
ALPHABET = "ab zZ09_\"\\/\b\f\n\r\t\x01\x1f\x7fäß€\u2028\uffff😀\U0010ffff"


class Maker:
    """Fills messages at random."""

    def __init__(self, rng):
        self.rng = rng

    def integer(self, low, high):
        kind = self.rng.randrange(4)
        if kind == 0:
            return self.rng.choice([v for v in (0, 1, -1, low, high, low + 1, high - 1, 127, 128)
                                    if low <= v <= high])
        bits = self.rng.randrange(1, 64)
        value = self.rng.getrandbits(bits) * self.rng.choice([1, -1])
        return min(max(value, low), high)

    def real(self, single):
        value = self.any_real(single)
        return math.nan if math.isnan(value) else value  # JSON keeps no sign of it, nor its bits

    def any_real(self, single):
        kind = self.rng.randrange(5)
        if kind == 0:
            value = self.rng.choice([0.0, -0.0, 1.5, math.inf, -math.inf, math.nan, 1e-310, 5e-324,
                                     1.7976931348623157e308, 0.1, 1e15, 1e16, 1e22, 1e23])
        elif kind == 1:
            value = float(self.rng.randrange(-10**6, 10**6))
        elif kind == 2:
            value = self.rng.randrange(-10**9, 10**9) / 1000
        else:
            value = struct.unpack("<d", struct.pack("<Q", self.rng.getrandbits(64)))[0]
        if single:
            if kind > 2:
                return struct.unpack("<f", struct.pack("<I", self.rng.getrandbits(32)))[0]
            try:
                return struct.unpack("<f", struct.pack("<f", value))[0]
            except OverflowError:
                return 1.0
        return value

    def text(self):
        return "".join(self.rng.choice(ALPHABET) for _ in range(self.rng.choice([0, 1, 3, 9, 40])))

    def scalar(self, field):
        if field.type in INTEGERS:
            return self.integer(*INTEGERS[field.type])
        if field.type in (F.TYPE_FLOAT, F.TYPE_DOUBLE):
            return self.real(field.type == F.TYPE_FLOAT)
        if field.type == F.TYPE_BOOL:
            return self.rng.random() < 0.5
        if field.type == F.TYPE_ENUM:
            values = [v.number for v in field.enum_type.values]
            if field.enum_type.name != "NullValue":
                values += [99, -2**31]
            return self.rng.choice(values)
        if field.type == F.TYPE_STRING:
            return self.text()
        return bytes(self.rng.getrandbits(8) for _ in range(self.rng.randrange(8)))

    def known(self, message, depth):
        """Fills a well-known type within what its JSON can say; false for other types."""
        name = message.DESCRIPTOR.full_name
        nanos = self.rng.choice([0, 10**6 * self.rng.randrange(1000), 1000 * self.rng.randrange(10**6),
                                 self.rng.randrange(10**9)])
        if name == "google.protobuf.Timestamp":
            message.seconds = self.rng.choice([0, -62135596800, 253402300799, self.rng.randrange(
                -62135596800, 253402300800)])
            message.nanos = nanos
        elif name == "google.protobuf.Duration":
            message.seconds = self.rng.choice([0, self.rng.randrange(315576000000)])
            message.nanos = nanos
            if self.rng.random() < 0.5:
                message.seconds, message.nanos = -message.seconds, -message.nanos
        elif name == "google.protobuf.FieldMask":
            message.paths.extend(self.rng.choice(["a", "b_c", "order_id.cents", "x1"])
                                 for _ in range(self.rng.randrange(4)))
        elif name == "google.protobuf.Value":
            kind = self.rng.randrange(4 if depth <= 0 else 6)
            if kind == 0:
                message.null_value = 0
            elif kind == 1:
                value = self.real(False)
                message.number_value = value if math.isfinite(value) else 2.5
            elif kind == 2:
                message.string_value = self.text()
            elif kind == 3:
                message.bool_value = self.rng.random() < 0.5
            elif kind == 4:
                message.struct_value.SetInParent()
                self.fill(message.struct_value, depth - 1)
            else:
                message.list_value.SetInParent()
                self.fill(message.list_value, depth - 1)
        else:
            return False
        return True

    def fill(self, message, depth):
        if self.known(message, depth):
            return message
        for field in message.DESCRIPTOR.fields:
            if self.rng.random() > (0.25 if len(message.DESCRIPTOR.fields) > 9 else 0.6):
                continue
            if field.message_type and depth <= 0:
                continue
            self.fill_field(message, field, depth)
        return message

    def fill_field(self, message, field, depth):
        if field.message_type and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields_by_name["key"], \
                field.message_type.fields_by_name["value"]
            target = getattr(message, field.name)
            for _ in range(self.rng.randrange(4)):
                if value.message_type:
                    self.fill(target[self.scalar(key)], depth - 1)
                else:
                    target[self.scalar(key)] = self.scalar(value)
        elif field.label == F.LABEL_REPEATED:
            for _ in range(self.rng.randrange(7)):
                if field.message_type:
                    self.fill(getattr(message, field.name).add(), depth - 1)
                else:
                    getattr(message, field.name).append(self.scalar(field))
        elif field.message_type:
            getattr(message, field.name).SetInParent()
            self.fill(getattr(message, field.name), depth - 1)
        else:
            setattr(message, field.name, self.scalar(field))


class Translator:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def part(self):
        length = struct.unpack("<I", self.process.stdout.read(4))[0]
        return self.process.stdout.read(length)

    def ask(self, form, data, kind=b"e"):
        """(bytes, JSON), or the failure as a text."""
        self.process.stdin.write(kind + form + struct.pack("<I", len(data)) + data)
        self.process.stdin.flush()
        sign = self.process.stdout.read(1)
        if sign == b"+":
            return self.part(), self.part()
        return self.part().decode()


def same(a, b):
    """Whether two messages are equal; NaN equals NaN here."""
    return a.SerializeToString(deterministic=True) == b.SerializeToString(deterministic=True)


def without_maps(message):
    """The message without all its maps; an entry's own message goes too."""
    for field, value in message.ListFields():
        if field.message_type and field.message_type.GetOptions().map_entry:
            message.ClearField(field.name)
        elif field.message_type:
            for item in value if field.label == F.LABEL_REPEATED else [value]:
                without_maps(item)
    return message


class Comparison:
    def __init__(self, every, translator, rng):
        self.every, self.translator, self.rng = every, translator, rng
        self.maker = Maker(rng)
        self.counts, self.failures = {}, []

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def fail(self, what, *details):
        self.count("FAILED: " + what)
        if len(self.failures) < 5:
            self.failures.append((what,) + details)

    def whole(self, message):
        data = message.SerializeToString()
        answer = self.translator.ask(b"b", data)
        if isinstance(answer, str):
            return self.fail("bytes refused", answer, data)
        if not same(self.every.FromString(answer[0]), message) or len(answer[0]) != len(data):
            return self.fail("bytes differ", data, answer[0])
        if answer[0] == data:
            self.count("bytes equal to the byte (maps may come in another order)")
        try:
            read = json_format.Parse(answer[1], self.every())
        except json_format.ParseError as error:
            return self.fail("our JSON refused", str(error), answer[1])
        if not same(read, message):
            return self.fail("our JSON differs", answer[1], str(message))
        self.json_of(message)
        self.count("whole messages")

    def json_of(self, message):
        options = {"preserving_proto_field_name": self.rng.random() < 0.5,
                   "use_integers_for_enums": self.rng.random() < 0.5,
                   "including_default_value_fields": self.rng.random() < 0.2,
                   "indent": self.rng.choice([None, 2])}
        text = json_format.MessageToJson(message, ensure_ascii=self.rng.random() < 0.5, **options)
        answer = self.translator.ask(b"j", text.encode())
        if isinstance(answer, str):
            return self.fail("Python's JSON refused", answer, text)
        if not same(self.every.FromString(answer[0]), message):
            return self.fail("Python's JSON differs", text, answer[0])

    def mutated_bytes(self, message):
        data = mutate(self.rng, message.SerializeToString())
        answer = self.translator.ask(b"b", data)
        try:
            theirs = self.every.FromString(data)
        except pb_message.DecodeError:
            if isinstance(answer, str):
                return self.count("mutated bytes: both refuse")
            return self.fail("mutated bytes: only Python refuses", data)
        if not isinstance(answer, str):
            theirs.DiscardUnknownFields()
            ours = self.every.FromString(answer[0])
            if same(ours, theirs):
                return self.count("mutated bytes: both take, equal")
            if same(without_maps(ours), without_maps(theirs)):
                return self.count("mutated bytes: an entry of a map with an unknown field, which "
                                  "upb drops")
            return self.fail("mutated bytes: both take, different", data, answer[0])
        if "NUL" in answer:
            return self.count("mutated bytes: only we refuse, a NUL in a text")
        if "out of the range of a" in answer or "has no way" in answer:
            return self.count("mutated bytes: read, but JSON cannot say it")
        return self.fail("mutated bytes: only we refuse", answer, data)

    def mutated_json(self, message):
        text = mutate(self.rng, json_format.MessageToJson(message, indent=None).encode())
        answer = self.translator.ask(b"j", text)
        try:
            theirs = json_format.Parse(text, self.every())
        except Exception as error:  # json_format lets several kinds through
            if isinstance(answer, str):
                return self.count("mutated JSON: both refuse")
            return self.judge_only_python(error, text, answer)
        if not isinstance(answer, str):
            if same(self.every.FromString(answer[0]), theirs):
                return self.count("mutated JSON: both take, equal")
            return self.fail("mutated JSON: both take, different", text, answer[1])
        return self.judge_only_ours(answer, text)

    def judge_only_python(self, error, text, answer):
        for sign, reason in PYTHON_STRICTER:
            if sign in str(error):
                return self.count("mutated JSON: only Python refuses, " + reason)
        return self.fail("mutated JSON: only Python refuses", repr(error), text)

    def judge_only_ours(self, answer, text):
        for sign, reason in WE_STRICTER:
            if sign in answer:
                return self.count("mutated JSON: only we refuse, " + reason)
        return self.fail("mutated JSON: only we refuse", answer, text)


# What json_format says, and why it is right to take it all the same.
PYTHON_STRICTER = []
# What we say, and why it is right to refuse it.
WE_STRICTER = [("NUL", "a NUL in a text"),
               ("no time of the years", "a time that RFC 3339 does not have"),
               ("it wants a whole number", "a fraction for an enum, which Python cuts off"),
               ("the text is no number", "a number in quotes that is not written as JSON has it"),
               ("no base64", "base64 with something after its padding"),
               ("it is no duration", "a duration that is not written as the mapping says")]


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = rng.getrandbits(8)
        elif kind == 1 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[at:at + rng.randrange(1, 4)]
        elif kind == 3:
            other = rng.randrange(len(data) + 1)
            data[at:at] = data[other:other + rng.randrange(1, 12)]
        else:
            data = data[:at] if rng.random() < 0.1 else data
    return bytes(data)


def json_vectors(path):
    """Texts that are or are no JSON, whatever the message."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def load_every(protoc, folder):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([protoc, "--proto_path=" + folder, "--python_out=" + out,
                        folder + "/every.proto"], check=True)
        sys.path.insert(0, out)
        import every_pb2
    return every_pb2.Every


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--translate", required=True)
    parser.add_argument("--protos", default="tests/message")
    parser.add_argument("--protoc", default="protoc")
    parser.add_argument("--rounds", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    every = load_every(options.protoc, options.protos)
    rng = random.Random(options.seed)
    comparison = Comparison(every, Translator(options.translate), rng)
    for _ in range(options.rounds):
        message = comparison.maker.fill(every(), rng.randrange(4))
        comparison.whole(message)
        comparison.mutated_bytes(message)
        comparison.mutated_json(message)
    for what, count in sorted(comparison.counts.items()):
        print(f"{count:8} {what}")
    for failure in comparison.failures:
        print(*(str(part)[:1500] for part in failure), sep="\n\t")
    sys.exit(1 if comparison.failures else 0)


if __name__ == "__main__":
    main()
