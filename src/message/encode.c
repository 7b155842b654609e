/* SPDX-License-Identifier: Apache-2.0 */
/* From a struct to the wire format. Knows no JSON.
 *
 * Writes from the last byte to the first: a length is known when what it counts is written, so
 * each byte is written once and no size is computed before, however deep messages nest. */
#include "message/field.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "message/wire.h"

/* What is written lies at the end of the text's memory, from `at` to `end`; what the text held
 * before lies below `floor`. */
struct encoder {
	struct text *text;
	size_t floor;
	size_t at;
	size_t end;
	struct fault *fault;
};

static bool encode_message(struct encoder *encoder, const ProtobufCMessageDescriptor *type,
			   const void *message, const struct trail *trail);

/* ---- bytes ---- */

static bool grow(struct encoder *encoder, size_t more)
{
	struct text *text = encoder->text;
	size_t written = encoder->end - encoder->at;
	if (more > MESSAGE_SIZE_LIMIT || written + more > MESSAGE_SIZE_LIMIT) {
		fault_set(encoder->fault, ASH_RESOURCE_EXHAUSTED,
			  "the message is larger than %zu bytes", MESSAGE_SIZE_LIMIT);
		return false;
	}
	if (!mem_reserve(&text->at, &text->capacity, encoder->floor + written + more + 1, 1)) {
		fault_memory(encoder->fault);
		return false;
	}
	size_t end = text->capacity - 1;
	memmove(text->at + end - written, text->at + encoder->at, written);
	encoder->at = end - written;
	encoder->end = end;
	return true;
}

/* Room for `length` bytes before what is written; NULL when there is none. */
static inline char *make_room(struct encoder *encoder, size_t length)
{
	if (encoder->at - encoder->floor < length && !grow(encoder, length))
		return NULL;
	encoder->at -= length;
	return encoder->text->at + encoder->at;
}

static bool put(struct encoder *encoder, const void *bytes, size_t length)
{
	if (length == 0)
		return true;
	char *at = make_room(encoder, length);
	if (at)
		memcpy(at, bytes, length);
	return at != NULL;
}

static bool put_varint(struct encoder *encoder, uint64_t value)
{
	size_t length = (size_t)(63 - __builtin_clzll(value | 1)) / 7 + 1;
	char *at = make_room(encoder, length);
	if (!at)
		return false;
	for (; length > 1; length--, value >>= 7)
		*at++ = (char)(value | 0x80);
	*at = (char)value;
	return true;
}

/* Numbers of fixed width are little-endian on the wire. */
static bool put_fixed(struct encoder *encoder, uint64_t value, size_t width)
{
	char *at = make_room(encoder, width);
	for (size_t i = 0; at && i < width; i++)
		at[i] = (char)(value >> 8 * i);
	return at != NULL;
}

/* ---- values ---- */

static uint64_t zigzag(uint64_t value)
{
	return value << 1 ^ (uint64_t)((int64_t)value >> 63);
}

static bool put_number(struct encoder *encoder, ProtobufCType type, const void *at)
{
	uint64_t bits = scalar_bits(type, at);
	enum wire wire = wire_of(type);
	if (wire != WIRE_VARINT)
		return put_fixed(encoder, bits, wire == WIRE_32 ? 4 : 8);
	if (type == PROTOBUF_C_TYPE_SINT32)
		return put_varint(encoder, (uint32_t)zigzag(bits));
	return put_varint(encoder, type == PROTOBUF_C_TYPE_SINT64 ? zigzag(bits) : bits);
}

static bool put_text(struct encoder *encoder, const ProtobufCFieldDescriptor *field, const void *at,
		     const struct trail *trail)
{
	struct str text = field_text(field, at);
	if (field->type == PROTOBUF_C_TYPE_STRING && !utf8_valid(text))
		return trail_fault(trail, encoder->fault, ASH_INTERNAL, "the text is not UTF-8");
	return put(encoder, text.at, text.length) && put_varint(encoder, text.length);
}

static bool put_message(struct encoder *encoder, const ProtobufCFieldDescriptor *field,
			const void *at, const struct trail *trail)
{
	const void *message = *(const void *const *)at;
	size_t from_end = encoder->end - encoder->at;
	if (message && !encode_message(encoder, field->descriptor, message, trail))
		return false;
	return put_varint(encoder, encoder->end - encoder->at - from_end);
}

/* One value without its tag. */
static bool put_value(struct encoder *encoder, const ProtobufCFieldDescriptor *field,
		      const void *at, const struct trail *trail)
{
	if (wire_of(field->type) != WIRE_LENGTH)
		return put_number(encoder, field->type, at);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return put_message(encoder, field, at, trail);
	return put_text(encoder, field, at, trail);
}

static bool put_tag(struct encoder *encoder, const ProtobufCFieldDescriptor *field, enum wire wire)
{
	return put_varint(encoder, (uint64_t)field->id << 3 | wire);
}

/* ---- fields ---- */

static bool put_packed(struct encoder *encoder, const ProtobufCFieldDescriptor *field,
		       const void *message, size_t count)
{
	size_t from_end = encoder->end - encoder->at;
	while (count > 0)
		if (!put_number(encoder, field->type, field_item(field, message, --count)))
			return false;
	return put_varint(encoder, encoder->end - encoder->at - from_end) &&
	       put_tag(encoder, field, WIRE_LENGTH);
}

static bool put_repeated(struct encoder *encoder, const ProtobufCFieldDescriptor *field,
			 const void *message, struct trail *trail)
{
	size_t count = field_count(field, message);
	enum wire wire = wire_of(field->type);
	if (count > 0 && (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) && wire != WIRE_LENGTH)
		return put_packed(encoder, field, message, count);
	while (count > 0) {
		trail->index = --count;
		if (!put_value(encoder, field, field_item(field, message, count), trail) ||
		    !put_tag(encoder, field, wire))
			return false;
	}
	return true;
}

static bool encode_message(struct encoder *encoder, const ProtobufCMessageDescriptor *type,
			   const void *message, const struct trail *trail)
{
	bool all = type_is_entry(type);
	struct trail here = {.up = trail, .index = NO_INDEX, .depth = trail_depth(trail) + 1};
	if (here.depth > MESSAGE_DEPTH_LIMIT)
		return trail_too_deep(trail, encoder->fault);
	for (unsigned i = type->n_fields; i > 0; i--) {
		const ProtobufCFieldDescriptor *field = &type->fields[i - 1];
		here.field = field;
		here.index = NO_INDEX;
		if (field_is_repeated(field)) {
			if (!put_repeated(encoder, field, message, &here))
				return false;
		} else if (all || field_is_there(field, message)) {
			if (!put_value(encoder, field, field_at(field, message), &here) ||
			    !put_tag(encoder, field, wire_of(field->type)))
				return false;
		}
	}
	return true;
}

ash_status message_encode(const ProtobufCMessageDescriptor *type, const void *message,
			  struct text *out, struct fault *fault)
{
	struct fault unheard;
	struct encoder encoder = {
		.text = out, .floor = out->length, .fault = fault ? fault : &unheard};
	encoder.at = encoder.end = out->capacity > out->length ? out->capacity - 1 : out->length;
	bool done = encode_message(&encoder, type, message, NULL);
	size_t written = encoder.end - encoder.at;
	if (done && !out->at)
		done = grow(&encoder, 0);
	if (!done && out->at)
		out->at[out->length] = '\0';
	if (!done || !out->at)
		return encoder.fault->status;
	memmove(out->at + out->length, out->at + encoder.at, written);
	out->length += written;
	out->at[out->length] = '\0';
	return ASH_OK;
}
