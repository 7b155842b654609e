/* SPDX-License-Identifier: Apache-2.0 */
/* From a struct to protobuf's canonical JSON. */
#include "message/json.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "message/number.h"

/* ---- texts ---- */

/* Whether a byte is written as it is. */
static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte != '"' && byte != '\\';
}

static void add_escape(struct text *text, unsigned char byte)
{
	static const char SHORT[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
				     ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
	static const char HEX[] = "0123456789abcdef";
	char escape[6] = {'\\', SHORT[byte]};
	if (escape[1]) {
		text_add(text, (struct str){escape, 2});
		return;
	}
	memcpy(escape + 1, "u00", 3);
	escape[4] = HEX[byte >> 4];
	escape[5] = HEX[byte & 15];
	text_add(text, (struct str){escape, 6});
}

bool json_add_text(struct json_writer *writer, struct str text, const struct trail *trail)
{
	struct text *out = writer->text;
	if (!utf8_valid(text))
		return trail_fault(trail, writer->fault, ASH_INTERNAL, "the text is not UTF-8");
	text_add_byte(out, '"');
	for (size_t from = 0, at = 0; from < text.length; from = at) {
		while (at < text.length && is_plain((unsigned char)text.at[at]))
			at++;
		text_add(out, (struct str){text.at + from, at - from});
		if (at < text.length)
			add_escape(out, (unsigned char)text.at[at++]);
	}
	text_add_byte(out, '"');
	return true;
}

/* "order_id" as "orderId", as protobuf makes it of a field's name. */
static void add_name(struct text *text, const char *name)
{
	char camel[256];
	size_t length = 0;
	bool upper = false;
	text_add_byte(text, '"');
	for (; *name; name++) {
		if (*name == '_') {
			upper = true;
			continue;
		}
		bool lower_letter = *name >= 'a' && *name <= 'z';
		camel[length++] = (char)(upper && lower_letter ? *name - 'a' + 'A' : *name);
		upper = false;
		if (length == sizeof camel) {
			text_add(text, (struct str){camel, length});
			length = 0;
		}
	}
	text_add(text, (struct str){camel, length});
	text_add(text, STR("\":"));
}

/* ---- values ---- */

static bool add_enum(struct json_writer *writer, const ProtobufCFieldDescriptor *field, int value)
{
	const ProtobufCEnumValue *named =
		protobuf_c_enum_descriptor_get_value(field->descriptor, value);
	if (value == 0 && is_null_enum(field)) {
		text_add(writer->text, STR("null"));
	} else if (!named) {
		number_add_signed(writer->text, value);
	} else {
		text_add_byte(writer->text, '"');
		text_add(writer->text, str_of(named->name));
		text_add_byte(writer->text, '"');
	}
	return true;
}

static bool add_real(struct json_writer *writer, ProtobufCType type, const void *at)
{
	double value =
		type == PROTOBUF_C_TYPE_FLOAT ? (double)*(const float *)at : *(const double *)at;
	if (__builtin_isnan(value))
		text_add(writer->text, STR("\"NaN\""));
	else if (__builtin_isinf(value))
		text_add(writer->text, value < 0 ? STR("\"-Infinity\"") : STR("\"Infinity\""));
	else if (type == PROTOBUF_C_TYPE_FLOAT)
		number_add_float(writer->text, *(const float *)at);
	else
		number_add_double(writer->text, value);
	return true;
}

/* 64 bits go in quotes: a reader may have nothing but doubles. */
static bool add_wide(struct json_writer *writer, ProtobufCType type, uint64_t bits)
{
	text_add_byte(writer->text, '"');
	if (type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_FIXED64)
		number_add_unsigned(writer->text, bits);
	else
		number_add_signed(writer->text, (int64_t)bits);
	text_add_byte(writer->text, '"');
	return true;
}

static bool add_bytes(struct json_writer *writer, const ProtobufCFieldDescriptor *field,
		      const void *at)
{
	text_add_byte(writer->text, '"');
	text_add_base64(writer->text, field_text(field, at), true);
	text_add_byte(writer->text, '"');
	return true;
}

bool json_add_value(struct json_writer *writer, const ProtobufCFieldDescriptor *field,
		    const void *at, const struct trail *trail)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: return json_add_text(writer, field_text(field, at), trail);
	case PROTOBUF_C_TYPE_BYTES: return add_bytes(writer, field, at);
	case PROTOBUF_C_TYPE_ENUM: return add_enum(writer, field, *(const int *)at);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE: return add_real(writer, field->type, at);
	case PROTOBUF_C_TYPE_MESSAGE:
		return json_add_message(writer, field->descriptor, *(const void *const *)at, trail);
	case PROTOBUF_C_TYPE_BOOL:
		text_add(writer->text, scalar_bits(field->type, at) ? STR("true") : STR("false"));
		return true;
	default: break;
	}
	if (field_size(field) == 8)
		return add_wide(writer, field->type, scalar_bits(field->type, at));
	number_add_signed(writer->text, (int64_t)scalar_bits(field->type, at));
	return true;
}

/* ---- fields ---- */

/* Keys are texts in JSON, whatever their type. */
static bool add_key(struct json_writer *writer, const ProtobufCFieldDescriptor *key, const void *at,
		    const struct trail *trail)
{
	if (key->type == PROTOBUF_C_TYPE_STRING || field_size(key) == 8)
		return json_add_value(writer, key, at, trail);
	text_add_byte(writer->text, '"');
	json_add_value(writer, key, at, trail);
	text_add_byte(writer->text, '"');
	return true;
}

static bool add_entry(struct json_writer *writer, const ProtobufCMessageDescriptor *type,
		      const void *entry, struct trail *trail)
{
	const ProtobufCFieldDescriptor *key = &type->fields[0], *value = &type->fields[1];
	if (!entry)
		return trail_fault(trail, writer->fault, ASH_INTERNAL, "an entry is NULL");
	if (key->type == PROTOBUF_C_TYPE_STRING)
		trail->key = field_text(key, field_at(key, entry));
	if (!add_key(writer, key, field_at(key, entry), trail))
		return false;
	text_add_byte(writer->text, ':');
	return json_add_value(writer, value, field_at(value, entry), trail);
}

static bool add_repeated(struct json_writer *writer, const ProtobufCFieldDescriptor *field,
			 const void *message, struct trail *trail)
{
	bool is_map = field_is_map(field);
	size_t count = field_count(field, message);
	text_add_byte(writer->text, is_map ? '{' : '[');
	for (size_t i = 0; i < count; i++) {
		const void *at = field_item(field, message, i);
		if (i > 0)
			text_add_byte(writer->text, ',');
		trail->index = i;
		if (is_map ? !add_entry(writer, field->descriptor, *(const void *const *)at, trail)
			   : !json_add_value(writer, field, at, trail))
			return false;
	}
	text_add_byte(writer->text, is_map ? '}' : ']');
	return true;
}

static bool add_fields(struct json_writer *writer, const ProtobufCMessageDescriptor *type,
		       const void *message, const struct trail *trail)
{
	struct trail here = {.up = trail, .depth = trail_depth(trail) + 1};
	bool first = true;
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		bool repeated = field_is_repeated(field);
		if (repeated ? field_count(field, message) == 0 : !field_is_there(field, message))
			continue;
		here.field = field;
		here.index = NO_INDEX;
		here.key = (struct str){0};
		if (!first)
			text_add_byte(writer->text, ',');
		first = false;
		add_name(writer->text, field->name);
		if (repeated ? !add_repeated(writer, field, message, &here)
			     : !json_add_value(writer, field, field_at(field, message), &here))
			return false;
	}
	return true;
}

bool json_add_message(struct json_writer *writer, const ProtobufCMessageDescriptor *type,
		      const void *message, const struct trail *trail)
{
	enum known known = known_of(type);
	if (trail_depth(trail) == MESSAGE_DEPTH_LIMIT)
		return trail_too_deep(trail, writer->fault);
	if (writer->text->length > MESSAGE_SIZE_LIMIT)
		return trail_fault(trail, writer->fault, ASH_RESOURCE_EXHAUSTED,
				   "the message is larger than %zu bytes", MESSAGE_SIZE_LIMIT);
	if (known != KNOWN_NONE)
		return json_add_known(writer, known, type, message, trail);
	text_add_byte(writer->text, '{');
	if (message && !add_fields(writer, type, message, trail))
		return false;
	text_add_byte(writer->text, '}');
	return true;
}

ash_status message_to_json(const ProtobufCMessageDescriptor *type, const void *message,
			   struct text *out, struct fault *fault)
{
	struct fault unheard;
	struct json_writer writer = {out, fault ? fault : &unheard};
	size_t length = out->length;
	bool done = json_add_message(&writer, type, message, NULL);
	if (done && !out->failed)
		return ASH_OK;
	out->length = length;
	if (out->at)
		out->at[length] = '\0';
	if (!done)
		return writer.fault->status;
	out->failed = false;
	return fault_memory(fault);
}
