/* SPDX-License-Identifier: Apache-2.0 */
/* From protobuf's JSON to a struct, in one pass and with no tree between. */
#include "message/json.h"

#include "base/base64.h"
#include "base/mem.h"
#include "message/number.h"
#include "message/settle.h"

/* ---- numbers ---- */

/* A number as it is written, also in quotes. */
static bool get_digits(struct json_reader *reader, const struct trail *trail, struct str *out)
{
	if (json_peek(reader) != '"')
		return json_get_number(reader, trail, out);
	return json_get_text(reader, trail, out) &&
	       ((out->length > 0 && number_length(*out) == out->length) ||
		json_wrong(reader, trail, "the text is no number"));
}

/* The largest magnitudes of each type, above and below zero. */
static bool is_in_range(ProtobufCType type, const struct whole *whole)
{
	static const uint64_t ABOVE[] = {
		[PROTOBUF_C_TYPE_INT32] = INT32_MAX,    [PROTOBUF_C_TYPE_SINT32] = INT32_MAX,
		[PROTOBUF_C_TYPE_SFIXED32] = INT32_MAX, [PROTOBUF_C_TYPE_ENUM] = INT32_MAX,
		[PROTOBUF_C_TYPE_UINT32] = UINT32_MAX,  [PROTOBUF_C_TYPE_FIXED32] = UINT32_MAX,
		[PROTOBUF_C_TYPE_INT64] = INT64_MAX,    [PROTOBUF_C_TYPE_SINT64] = INT64_MAX,
		[PROTOBUF_C_TYPE_SFIXED64] = INT64_MAX, [PROTOBUF_C_TYPE_UINT64] = UINT64_MAX,
		[PROTOBUF_C_TYPE_FIXED64] = UINT64_MAX,
	};
	if (!whole->negative)
		return whole->magnitude <= ABOVE[type];
	bool is_signed = ABOVE[type] == INT32_MAX || ABOVE[type] == INT64_MAX;
	return whole->magnitude <= (is_signed ? ABOVE[type] + 1 : 0);
}

/* Reads the digits into the value of a type. */
static bool store_whole(struct json_reader *reader, struct str digits, ProtobufCType type, void *at,
			const struct trail *trail)
{
	struct whole whole;
	enum number_result result = number_whole(digits, &whole);
	if (result == NUMBER_NOT_WHOLE)
		return json_wrong(reader, trail, "it wants a whole number");
	if (result == NUMBER_TOO_LARGE || !is_in_range(type, &whole))
		return json_wrong(reader, trail, "the number is out of range");
	scalar_store(type, at, whole.negative ? 0 - whole.magnitude : whole.magnitude);
	return true;
}

static bool get_whole(struct json_reader *reader, ProtobufCType type, void *at,
		      const struct trail *trail)
{
	struct str digits;
	return get_digits(reader, trail, &digits) && store_whole(reader, digits, type, at, trail);
}

static void store_real(ProtobufCType type, void *at, double value)
{
	if (type == PROTOBUF_C_TYPE_FLOAT)
		*(float *)at = (float)value;
	else
		*(double *)at = value;
}

/* The numbers that JSON's grammar does not have go in quotes. */
static bool store_named_real(struct str text, ProtobufCType type, void *at)
{
	static const struct {
		struct str name;
		double value;
	} NAMED[] = {{STR("NaN"), __builtin_nan("")},
		     {STR("Infinity"), __builtin_inf()},
		     {STR("-Infinity"), -__builtin_inf()}};
	for (size_t i = 0; i < sizeof NAMED / sizeof *NAMED; i++) {
		if (str_equal(text, NAMED[i].name)) {
			store_real(type, at, NAMED[i].value);
			return true;
		}
	}
	return false;
}

static bool get_real(struct json_reader *reader, ProtobufCType type, void *at,
		     const struct trail *trail)
{
	struct str digits;
	const char *start = (json_peek(reader), reader->at);
	if (*start == '"') {
		if (!json_get_text(reader, trail, &digits))
			return false;
		if (store_named_real(digits, type, at))
			return true;
		reader->at = start;
	}
	if (!get_digits(reader, trail, &digits))
		return false;
	char *buffer = budget_text(&reader->budget, digits, trail, reader->fault);
	if (!buffer)
		return false;
	double value = type == PROTOBUF_C_TYPE_FLOAT ? (double)number_float(digits, buffer)
						     : number_double(digits, buffer);
	if (__builtin_isinf(value))
		return json_wrong(reader, trail, "the number is out of range");
	store_real(type, at, value);
	return true;
}

/* ---- enums and bytes ---- */

static const ProtobufCEnumValue *find_enum(const ProtobufCEnumDescriptor *type, struct str name)
{
	unsigned low = 0, high = type->n_value_names;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		int order = str_compare(name, str_of(type->values_by_name[middle].name));
		if (order == 0)
			return &type->values[type->values_by_name[middle].index];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Names beyond this many are not looked at for suggestions. */
enum { SUGGESTIONS_MOST = 256 };

static bool wrong_name(struct json_reader *reader, const struct trail *trail, const char *what,
		       struct str name, const struct str *names, size_t count)
{
	struct str near = str_nearest(name, names, count);
	struct str shown = str_first(name, 60);
	if (near.length > 0)
		return json_wrong(reader, trail, "there is no %s '%.*s'; did you mean '%.*s'?",
				  what, STR_ARG(shown), STR_ARG(near));
	return json_wrong(reader, trail, "there is no %s '%.*s'", what, STR_ARG(shown));
}

static bool get_enum(struct json_reader *reader, const ProtobufCFieldDescriptor *field, void *at,
		     const struct trail *trail)
{
	const ProtobufCEnumDescriptor *type = field->descriptor;
	struct str name, names[SUGGESTIONS_MOST];
	if (is_null_enum(field) && json_take_null(reader)) {
		*(int *)at = 0;
		return true;
	}
	if (json_peek(reader) != '"')
		return get_whole(reader, PROTOBUF_C_TYPE_ENUM, at, trail);
	if (!json_get_text(reader, trail, &name))
		return false;
	const ProtobufCEnumValue *value = find_enum(type, name);
	if (value) {
		*(int *)at = value->value;
		return true;
	}
	size_t count = 0;
	for (; count < type->n_value_names && count < SUGGESTIONS_MOST; count++)
		names[count] = str_of(type->values_by_name[count].name);
	return wrong_name(reader, trail, type->short_name, name, names, count);
}

static bool get_bytes(struct json_reader *reader, ProtobufCBinaryData *out,
		      const struct trail *trail)
{
	struct str text;
	if (!json_get_text(reader, trail, &text))
		return false;
	uint8_t *bytes =
		budget_take(&reader->budget, base64_most(text.length), trail, reader->fault);
	if (!bytes)
		return false;
	if (!base64_decode(text, bytes, &out->len))
		return json_wrong(reader, trail, "the text is no base64");
	out->data = out->len ? bytes : NULL;
	return true;
}

/* ---- values ---- */

static bool get_new_message(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
			    void **out, const struct trail *trail)
{
	*out = budget_message(&reader->budget, type, trail, reader->fault);
	return *out && json_get_message(reader, type, *out, trail);
}

bool json_get_value(struct json_reader *reader, const ProtobufCFieldDescriptor *field, void *at,
		    const struct trail *trail)
{
	bool truth;
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: return json_get_string(reader, trail, at);
	case PROTOBUF_C_TYPE_BYTES: return get_bytes(reader, at, trail);
	case PROTOBUF_C_TYPE_ENUM: return get_enum(reader, field, at, trail);
	case PROTOBUF_C_TYPE_MESSAGE: return get_new_message(reader, field->descriptor, at, trail);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE: return get_real(reader, field->type, at, trail);
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_get_bool(reader, trail, &truth))
			return false;
		*(protobuf_c_boolean *)at = truth;
		return true;
	default: return get_whole(reader, field->type, at, trail);
	}
}

/* ---- repeated fields and maps ---- */

static bool get_items(struct json_reader *reader, const ProtobufCFieldDescriptor *field,
		      void *message, struct trail *trail)
{
	size_t *count = field_quantifier(field, message);
	bool first = true, good;
	if (!json_take(reader, '['))
		return json_unexpected(reader, trail, "a list");
	while (json_next(reader, ']', &first, trail, &good)) {
		trail->index = *count;
		void *item = budget_items(&reader->budget, field, message, 1, trail, reader->fault);
		if (!item || !json_get_value(reader, field, item, trail))
			return false;
		++*count;
	}
	return good;
}

/* Keys are texts in JSON, whatever their type. */
static bool get_key(struct json_reader *reader, const ProtobufCFieldDescriptor *key, void *at,
		    struct trail *trail)
{
	struct str text;
	if (key->type == PROTOBUF_C_TYPE_STRING) {
		if (json_peek(reader) != '"')
			return json_unexpected(reader, trail, "a key");
		if (!json_get_string(reader, trail, at))
			return false;
		trail->key = str_of(*(char **)at);
		return true;
	}
	if (!json_get_text(reader, trail, &text))
		return false;
	trail->key = text;
	if (key->type != PROTOBUF_C_TYPE_BOOL)
		return (text.length > 0 && number_length(text) == text.length)
			       ? store_whole(reader, text, key->type, at, trail)
			       : json_wrong(reader, trail, "the key is no number");
	*(protobuf_c_boolean *)at = str_equal(text, STR("true"));
	return str_equal(text, STR("true")) || str_equal(text, STR("false")) ||
	       json_wrong(reader, trail, "the key is neither true nor false");
}

static bool get_entry(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
		      void *entry, struct trail *trail)
{
	const ProtobufCFieldDescriptor *key = &type->fields[0], *value = &type->fields[1];
	return get_key(reader, key, (char *)entry + key->offset, trail) &&
	       (json_take(reader, ':') || json_unexpected(reader, trail, "':'")) &&
	       json_get_value(reader, value, (char *)entry + value->offset, trail);
}

bool json_get_map(struct json_reader *reader, const ProtobufCFieldDescriptor *field, void *message,
		  struct trail *trail)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	size_t *count = field_quantifier(field, message);
	_cleanup_(map_release) struct map index = {0};
	bool first = true, good;
	if (!json_take(reader, '{'))
		return json_unexpected(reader, trail, "an object");
	while (json_next(reader, '}', &first, trail, &good)) {
		void **item =
			budget_items(&reader->budget, field, message, 1, trail, reader->fault);
		void *entry =
			item ? budget_message(&reader->budget, type, trail, reader->fault) : NULL;
		if (!entry || !get_entry(reader, type, entry, trail))
			return false;
		uint32_t at = map_get_or_put(&index, entry_key(type, entry), (uint32_t)*count);
		if (at == MAP_NONE) {
			fault_memory(reader->fault);
			return false;
		}
		if (at != *count)
			return json_wrong(reader, trail, "the key is given twice");
		*item = entry;
		++*count;
		trail->key = (struct str){0};
	}
	return good;
}

/* ---- messages ---- */

/* Whether a name is the lowerCamelCase of the field's. */
static bool is_camel_of(const char *field, struct str name)
{
	size_t at = 0;
	bool upper = false;
	for (; *field; field++) {
		if (*field == '_') {
			upper = true;
			continue;
		}
		bool lower_letter = *field >= 'a' && *field <= 'z';
		char wanted = (char)(upper && lower_letter ? *field - 'a' + 'A' : *field);
		if (at == name.length || name.at[at++] != wanted)
			return false;
		upper = false;
	}
	return at == name.length;
}

/* The index of the field that is so named in the .proto; n_fields when there is none. */
static unsigned find_exact(const ProtobufCMessageDescriptor *type, struct str name)
{
	unsigned low = 0, high = type->n_fields;
	while (low < high) {
		unsigned middle = low + (high - low) / 2,
			 index = type->fields_sorted_by_name[middle];
		int order = str_compare(name, str_of(type->fields[index].name));
		if (order == 0)
			return index;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return type->n_fields;
}

/* "orderId" as "order_id"; empty when it does not fit. */
static struct str snake_of(struct str name, char *buffer, size_t size)
{
	size_t length = 0;
	for (size_t i = 0; i < name.length; i++) {
		bool upper = name.at[i] >= 'A' && name.at[i] <= 'Z';
		if (length + 2 > size)
			return (struct str){0};
		if (upper)
			buffer[length++] = '_';
		buffer[length++] = (char)(upper ? name.at[i] - 'A' + 'a' : name.at[i]);
	}
	return (struct str){buffer, length};
}

/* The index of the field with the name in JSON. `hint` is where it would be in order. */
static unsigned find_name(const ProtobufCMessageDescriptor *type, struct str name, unsigned hint)
{
	char buffer[128];
	if (hint < type->n_fields && is_camel_of(type->fields[hint].name, name))
		return hint;
	unsigned index = find_exact(type, name);
	if (index < type->n_fields)
		return index;
	index = find_exact(type, snake_of(name, buffer, sizeof buffer));
	if (index < type->n_fields && is_camel_of(type->fields[index].name, name))
		return index;
	for (index = 0; index < type->n_fields; index++)
		if (is_camel_of(type->fields[index].name, name))
			break;
	return index;
}

static bool unknown_field(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
			  struct str name, const struct trail *trail)
{
	struct str names[SUGGESTIONS_MOST];
	size_t count = 0;
	for (; count < type->n_fields && count < SUGGESTIONS_MOST; count++)
		names[count] = str_of(type->fields[count].name);
	return wrong_name(reader, trail, "field", name, names, count);
}

/* Which fields of a message were met. */
struct seen {
	uint64_t few[4];
	uint64_t *bits;
};

static bool seen_init(struct seen *seen, struct json_reader *reader,
		      const ProtobufCMessageDescriptor *type, const struct trail *trail)
{
	*seen = (struct seen){{0}, seen->few};
	if (type->n_fields > 64 * sizeof seen->few / sizeof *seen->few)
		seen->bits =
			budget_take(&reader->budget, (type->n_fields / 64 + 1) * sizeof(uint64_t),
				    trail, reader->fault);
	return seen->bits != NULL;
}

static bool see(struct seen *seen, unsigned index)
{
	uint64_t bit = UINT64_C(1) << index % 64;
	bool again = (seen->bits[index / 64] & bit) != 0;
	seen->bits[index / 64] |= bit;
	return !again;
}

/* Whether null is a value of the field rather than its absence. */
static bool takes_null(const ProtobufCFieldDescriptor *field)
{
	return is_null_enum(field) || (field->type == PROTOBUF_C_TYPE_MESSAGE &&
				       known_of(field->descriptor) == KNOWN_VALUE);
}

static bool get_field(struct json_reader *reader, const ProtobufCFieldDescriptor *field,
		      void *message, struct trail *trail)
{
	if ((field_is_repeated(field) || !takes_null(field)) && json_take_null(reader))
		return true;
	if (field_is_repeated(field))
		return field_is_map(field) ? json_get_map(reader, field, message, trail)
					   : get_items(reader, field, message, trail);
	if (field_is_oneof(field) && *(uint32_t *)field_quantifier(field, message) != 0)
		return json_wrong(reader, trail, "another field of its oneof is given too");
	field_mark(field, message);
	return json_get_value(reader, field, (char *)message + field->offset, trail);
}

bool json_get_fields(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
		     void *message, const struct trail *trail, bool first)
{
	struct seen seen;
	bool good;
	if (!seen_init(&seen, reader, type, trail))
		return false;
	for (unsigned next = 0; json_next(reader, '}', &first, trail, &good); next++) {
		struct trail here = {
			.up = trail, .index = NO_INDEX, .depth = trail_depth(trail) + 1};
		struct str name;
		if (!json_get_name(reader, trail, &name))
			return false;
		next = find_name(type, name, next);
		if (next == type->n_fields)
			return unknown_field(reader, type, name, trail);
		here.field = &type->fields[next];
		if (!see(&seen, next))
			return json_wrong(reader, &here, "it is given twice");
		if (!get_field(reader, here.field, message, &here))
			return false;
	}
	return good;
}

bool json_get_message(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
		      void *message, const struct trail *trail)
{
	enum known known = known_of(type);
	if (trail_depth(trail) == MESSAGE_DEPTH_LIMIT)
		return trail_too_deep(trail, reader->fault);
	if (known != KNOWN_NONE)
		return json_get_known(reader, known, type, message, trail);
	if (!json_take(reader, '{'))
		return json_unexpected(reader, trail, "an object");
	return json_get_fields(reader, type, message, trail, true);
}

ash_status message_from_json(const ProtobufCMessageDescriptor *type, struct str json,
			     struct arena *arena, void *out, struct fault *fault)
{
	struct fault unheard;
	struct json_reader reader = {.at = json.at,
				     .end = json.at + json.length,
				     .budget = {arena, MESSAGE_MEMORY_LIMIT},
				     .fault = fault ? fault : &unheard};
	if (json.length > MESSAGE_SIZE_LIMIT)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the message is larger than %zu bytes", MESSAGE_SIZE_LIMIT);
	void *message = budget_message(&reader.budget, type, NULL, reader.fault);
	if (!message || !json_get_message(&reader, type, message, NULL))
		return reader.fault->status;
	json_peek(&reader);
	if (reader.at < reader.end) {
		json_wrong(&reader, NULL, "something follows the end of the JSON");
		return reader.fault->status;
	}
	memcpy(out, message, type->sizeof_message);
	return ASH_OK;
}
