/* SPDX-License-Identifier: Apache-2.0 */
/* From the wire format to a struct. Knows no JSON.
 *
 * One pass; no byte is looked at twice but those of unknown fields and packed numbers, which are
 * counted first. What is kept is copied into the arena: the bytes may go. */
#include "message/field.h"

#include "base/utf8.h"
#include "message/settle.h"
#include "message/wire.h"

struct decoder {
	struct budget budget;
	struct fault *fault;
	bool has_maps; /* an entry of one was read */
};

/* What is left of one message. */
struct input {
	const uint8_t *at;
	const uint8_t *end;
};

static bool decode_message(struct decoder *decoder, const ProtobufCMessageDescriptor *type,
			   void *message, struct input input, const struct trail *trail);

static bool malformed(struct decoder *decoder, const struct trail *trail, const char *what)
{
	return trail_fault(trail, decoder->fault, ASH_INVALID_ARGUMENT, "%s", what);
}

/* ---- bytes ---- */

static bool get_varint_slow(struct input *input, uint64_t *out)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 70 && input->at < input->end; shift += 7) {
		uint8_t byte = *input->at++;
		value |= (uint64_t)(byte & 0x7F) << shift;
		if (byte < 0x80) {
			*out = value;
			return true;
		}
	}
	return false;
}

static inline bool get_varint(struct input *input, uint64_t *out)
{
	if (input->at < input->end && *input->at < 0x80) {
		*out = *input->at++;
		return true;
	}
	return get_varint_slow(input, out);
}

static bool get_fixed(struct input *input, size_t width, uint64_t *out)
{
	if ((size_t)(input->end - input->at) < width)
		return false;
	uint64_t value = 0;
	for (size_t i = 0; i < width; i++)
		value |= (uint64_t)input->at[i] << 8 * i;
	input->at += width;
	*out = value;
	return true;
}

/* Cuts a length and as many bytes off. */
static bool get_part(struct input *input, struct input *out)
{
	uint64_t length;
	if (!get_varint(input, &length) || length > (uint64_t)(input->end - input->at))
		return false;
	*out = (struct input){input->at, input->at + length};
	input->at += length;
	return true;
}

static bool get_tag(struct input *input, uint32_t *field, enum wire *wire)
{
	uint64_t tag;
	if (!get_varint(input, &tag) || tag > UINT32_MAX || tag >> 3 == 0 || (tag & 7) > WIRE_32)
		return false;
	*field = (uint32_t)(tag >> 3);
	*wire = (enum wire)(tag & 7);
	return true;
}

/* ---- unknown fields ---- */

static bool skip_plain(struct input *input, enum wire wire)
{
	uint64_t ignored;
	struct input part;
	switch (wire) {
	case WIRE_VARINT: return get_varint(input, &ignored);
	case WIRE_64: return get_fixed(input, 8, &ignored);
	case WIRE_32: return get_fixed(input, 4, &ignored);
	case WIRE_LENGTH: return get_part(input, &part);
	default: return false;
	}
}

/* Groups, which proto3 does not have, may still be in what is unknown. */
static bool skip(struct input *input, uint32_t field, enum wire wire)
{
	uint32_t open[MESSAGE_DEPTH_LIMIT];
	size_t depth = 0;
	for (;;) {
		if (wire == WIRE_GROUP) {
			if (depth == MESSAGE_DEPTH_LIMIT)
				return false;
			open[depth++] = field;
		} else if (wire == WIRE_GROUP_END) {
			if (depth == 0 || open[--depth] != field)
				return false;
		} else if (!skip_plain(input, wire)) {
			return false;
		}
		if (depth == 0)
			return true;
		if (!get_tag(input, &field, &wire))
			return false;
	}
}

/* ---- values ---- */

static bool get_number(struct input *input, ProtobufCType type, void *out)
{
	uint64_t bits;
	enum wire wire = wire_of(type);
	bool there = wire == WIRE_VARINT ? get_varint(input, &bits)
					 : get_fixed(input, wire == WIRE_32 ? 4 : 8, &bits);
	if (!there)
		return false;
	if (type == PROTOBUF_C_TYPE_SINT32)
		bits &= UINT32_MAX;
	if (type == PROTOBUF_C_TYPE_SINT32 || type == PROTOBUF_C_TYPE_SINT64)
		bits = bits >> 1 ^ -(bits & 1);
	scalar_store(type, out, bits);
	return true;
}

static bool get_string(struct decoder *decoder, struct input part, char **out,
		       const struct trail *trail)
{
	struct str text = {(const char *)part.at, (size_t)(part.end - part.at)};
	if (!utf8_valid(text))
		return malformed(decoder, trail, "the text is not UTF-8");
	if (text.length && memchr(text.at, '\0', text.length))
		return malformed(decoder, trail, "the text holds a NUL");
	char *copy = budget_text(&decoder->budget, text, trail, decoder->fault);
	if (copy)
		*out = copy;
	return copy != NULL;
}

static bool get_bytes(struct decoder *decoder, struct input part, ProtobufCBinaryData *out,
		      const struct trail *trail)
{
	struct str bytes = {(const char *)part.at, (size_t)(part.end - part.at)};
	char *copy = NULL;
	if (bytes.length > 0) {
		copy = budget_text(&decoder->budget, bytes, trail, decoder->fault);
		if (!copy)
			return false;
	}
	*out = (ProtobufCBinaryData){bytes.length, (uint8_t *)copy};
	return true;
}

/* Into a message that may be there already: then it is merged. */
static bool get_message(struct decoder *decoder, const ProtobufCMessageDescriptor *type,
			struct input part, void **out, const struct trail *trail)
{
	if (!*out)
		*out = budget_message(&decoder->budget, type, trail, decoder->fault);
	return *out && decode_message(decoder, type, *out, part, trail);
}

static bool get_value(struct decoder *decoder, struct input *input,
		      const ProtobufCFieldDescriptor *field, void *out, const struct trail *trail)
{
	if (wire_of(field->type) != WIRE_LENGTH)
		return get_number(input, field->type, out) ||
		       malformed(decoder, trail, "the number is cut off");
	struct input part;
	if (!get_part(input, &part))
		return malformed(decoder, trail, "it is longer than what is left of the message");
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return get_string(decoder, part, out, trail);
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return get_bytes(decoder, part, out, trail);
	return get_message(decoder, field->descriptor, part, out, trail);
}

/* ---- fields ---- */

/* How many numbers there are, at most. */
static size_t count_packed(struct input part, enum wire wire)
{
	size_t length = (size_t)(part.end - part.at), count = 0;
	if (wire != WIRE_VARINT)
		return length / (wire == WIRE_32 ? 4 : 8);
	for (size_t i = 0; i < length; i++)
		count += part.at[i] < 0x80;
	return count;
}

static bool get_packed(struct decoder *decoder, struct input *input,
		       const ProtobufCFieldDescriptor *field, void *message,
		       const struct trail *trail)
{
	struct input part;
	if (!get_part(input, &part))
		return malformed(decoder, trail, "it is longer than what is left of the message");
	size_t more = count_packed(part, wire_of(field->type)), size = field_size(field);
	char *items = NULL;
	if (more > 0)
		items = budget_items(&decoder->budget, field, message, more, trail, decoder->fault);
	if (more > 0 && !items)
		return false;
	for (size_t i = 0; i < more; i++)
		if (!get_number(&part, field->type, items + i * size))
			return malformed(decoder, trail, "the number is cut off");
	if (part.at < part.end)
		return malformed(decoder, trail, "the number is cut off");
	*(size_t *)field_quantifier(field, message) += more;
	return true;
}

static bool get_repeated(struct decoder *decoder, struct input *input,
			 const ProtobufCFieldDescriptor *field, void *message, struct trail *trail)
{
	trail->index = field_count(field, message);
	void *item = budget_items(&decoder->budget, field, message, 1, trail, decoder->fault);
	if (!item || !get_value(decoder, input, field, item, trail))
		return false;
	*(size_t *)field_quantifier(field, message) += 1;
	decoder->has_maps |= field_is_map(field);
	return true;
}

/* Of a oneof the member that came last is there, so what the one before left is wiped. */
static bool get_single(struct decoder *decoder, struct input *input,
		       const ProtobufCFieldDescriptor *field, void *message,
		       const struct trail *trail)
{
	void *at = (char *)message + field->offset;
	if (field_is_oneof(field) && !field_is_there(field, message))
		memset(at, 0, field_size(field));
	field_mark(field, message);
	return get_value(decoder, input, field, at, trail);
}

/* Fields mostly come in their order, so the one after the last is tried first. */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
						  uint32_t id, unsigned *hint)
{
	if (*hint < type->n_fields && type->fields[*hint].id == id)
		return &type->fields[*hint];
	unsigned low = 0, high = type->n_fields;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (type->fields[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == type->n_fields || type->fields[low].id != id)
		return NULL;
	*hint = low;
	return &type->fields[low];
}

static bool get_field(struct decoder *decoder, struct input *input, void *message,
		      struct trail *trail, uint32_t id, enum wire wire)
{
	const ProtobufCFieldDescriptor *field = trail->field;
	enum wire own = field ? wire_of(field->type) : WIRE_GROUP;
	trail->index = NO_INDEX;
	if (wire == own && field)
		return field_is_repeated(field)
			       ? get_repeated(decoder, input, field, message, trail)
			       : get_single(decoder, input, field, message, trail);
	if (field && wire == WIRE_LENGTH && field_is_repeated(field))
		return get_packed(decoder, input, field, message, trail);
	trail->field = NULL;
	return skip(input, id, wire) ||
	       malformed(decoder, trail->up, "an unknown field is malformed");
}

static bool decode_message(struct decoder *decoder, const ProtobufCMessageDescriptor *type,
			   void *message, struct input input, const struct trail *trail)
{
	struct trail here = {.up = trail, .index = NO_INDEX, .depth = trail_depth(trail) + 1};
	if (here.depth > MESSAGE_DEPTH_LIMIT)
		return trail_too_deep(trail, decoder->fault);
	unsigned hint = 0;
	while (input.at < input.end) {
		uint32_t id;
		enum wire wire;
		if (!get_tag(&input, &id, &wire))
			return malformed(decoder, trail, "a field starts with no valid tag");
		here.field = find_field(type, id, &hint);
		if (!get_field(decoder, &input, message, &here, id, wire))
			return false;
		if (here.field && !field_is_repeated(here.field))
			hint++;
	}
	return true;
}

ash_status message_decode(const ProtobufCMessageDescriptor *type, struct str bytes,
			  struct arena *arena, void *out, struct fault *fault)
{
	struct fault unheard;
	struct decoder decoder = {.budget = {arena, MESSAGE_MEMORY_LIMIT},
				  .fault = fault ? fault : &unheard};
	if (bytes.length > MESSAGE_SIZE_LIMIT)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the message is larger than %zu bytes", MESSAGE_SIZE_LIMIT);
	const uint8_t *at = (const uint8_t *)bytes.at;
	void *message = budget_message(&decoder.budget, type, NULL, decoder.fault);
	if (!message ||
	    !decode_message(&decoder, type, message, (struct input){at, at + bytes.length}, NULL) ||
	    (decoder.has_maps && !settle_maps(&decoder.budget, type, message, NULL, decoder.fault)))
		return decoder.fault->status;
	memcpy(out, message, type->sizeof_message);
	return ASH_OK;
}
