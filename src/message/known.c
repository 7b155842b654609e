/* SPDX-License-Identifier: Apache-2.0 */
/* The well-known types that have a JSON of their own. Reads and writes them by their descriptors,
 * whoever compiled those. */
#include "message/json.h"

#include "base/mem.h"

#include "message/number.h"
#include "message/rfc3339.h"

/* ---- which is which ---- */

static const struct {
	const char *name; /* after "google.protobuf." */
	enum known known;
	unsigned fields;
} KNOWN[] = {
	{"Any", KNOWN_ANY, 2},
	{"BoolValue", KNOWN_WRAPPER, 1},
	{"BytesValue", KNOWN_WRAPPER, 1},
	{"DoubleValue", KNOWN_WRAPPER, 1},
	{"Duration", KNOWN_DURATION, 2},
	{"FieldMask", KNOWN_FIELD_MASK, 1},
	{"FloatValue", KNOWN_WRAPPER, 1},
	{"Int32Value", KNOWN_WRAPPER, 1},
	{"Int64Value", KNOWN_WRAPPER, 1},
	{"ListValue", KNOWN_LIST, 1},
	{"StringValue", KNOWN_WRAPPER, 1},
	{"Struct", KNOWN_STRUCT, 1},
	{"Timestamp", KNOWN_TIMESTAMP, 2},
	{"UInt32Value", KNOWN_WRAPPER, 1},
	{"UInt64Value", KNOWN_WRAPPER, 1},
	{"Value", KNOWN_VALUE, 6},
};

#define PACKAGE "google.protobuf."

enum known known_of(const ProtobufCMessageDescriptor *type)
{
	if (strncmp(type->name, PACKAGE, sizeof PACKAGE - 1) != 0)
		return KNOWN_NONE;
	for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
		if (strcmp(type->name + sizeof PACKAGE - 1, KNOWN[i].name) == 0 &&
		    type->n_fields == KNOWN[i].fields)
			return KNOWN[i].known;
	return KNOWN_NONE;
}

bool is_null_enum(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_ENUM &&
	       strcmp(((const ProtobufCEnumDescriptor *)field->descriptor)->name,
		      PACKAGE "NullValue") == 0;
}

/* The fields of google.protobuf.Value, which are one oneof, by their index. */
enum { VALUE_NULL, VALUE_NUMBER, VALUE_TEXT, VALUE_BOOL, VALUE_STRUCT, VALUE_LIST };

static struct trail below(const struct trail *trail)
{
	return (struct trail){.up = trail, .index = NO_INDEX, .depth = trail_depth(trail) + 1};
}

/* ---- writing ---- */

static bool add_span(struct json_writer *writer, enum known known,
		     const ProtobufCMessageDescriptor *type, const void *message,
		     const struct trail *trail)
{
	int64_t seconds = *(const int64_t *)field_at(&type->fields[0], message);
	int32_t nanos = *(const int32_t *)field_at(&type->fields[1], message);
	bool is_time = known == KNOWN_TIMESTAMP;
	bool good = is_time ? seconds >= TIME_FIRST && seconds <= TIME_LAST && nanos >= 0
			    : seconds >= -DURATION_MOST && seconds <= DURATION_MOST &&
				      !(seconds > 0 && nanos < 0) && !(seconds < 0 && nanos > 0);
	if (!good || nanos <= -1000000000 || nanos >= 1000000000)
		return trail_fault(trail, writer->fault, ASH_INTERNAL,
				   "%lld s and %d ns are out of the range of a %s",
				   (long long)seconds, nanos, type->short_name);
	text_add_byte(writer->text, '"');
	if (is_time)
		time_add(writer->text, seconds, nanos);
	else
		duration_add(writer->text, seconds, nanos);
	text_add_byte(writer->text, '"');
	return true;
}

/* "a_b.c" as "a.bC"; false when it could not be read back. */
static bool add_path(struct text *text, const char *path)
{
	if (!*path)
		return false;
	for (; *path; path++) {
		bool upper = *path == '_';
		path += upper;
		if ((*path >= 'A' && *path <= 'Z') || *path == ',' ||
		    (upper && !(*path >= 'a' && *path <= 'z')))
			return false;
		text_add_byte(text, (char)(upper ? *path - 'a' + 'A' : *path));
	}
	return true;
}

static bool add_mask(struct json_writer *writer, const ProtobufCFieldDescriptor *paths,
		     const void *message, const struct trail *trail)
{
	_cleanup_(text_release) struct text mask = {0};
	for (size_t i = 0; i < field_count(paths, message); i++) {
		struct str path = field_text(paths, field_item(paths, message, i));
		if (i > 0)
			text_add_byte(&mask, ',');
		if (!add_path(&mask, path.at))
			return trail_fault(trail, writer->fault, ASH_INTERNAL,
					   "the path '%.*s' has no way to be written in JSON",
					   STR_ARG(str_first(path, 60)));
	}
	writer->text->failed |= mask.failed;
	return json_add_text(writer, text_str(&mask), trail);
}

static bool add_list(struct json_writer *writer, const ProtobufCFieldDescriptor *values,
		     const void *message, const struct trail *trail)
{
	struct trail here = below(trail);
	text_add_byte(writer->text, '[');
	for (size_t i = 0; i < field_count(values, message); i++) {
		here.index = i;
		if (i > 0)
			text_add_byte(writer->text, ',');
		if (!json_add_value(writer, values, field_item(values, message, i), &here))
			return false;
	}
	text_add_byte(writer->text, ']');
	return true;
}

static bool add_struct(struct json_writer *writer, const ProtobufCFieldDescriptor *fields,
		       const void *message, const struct trail *trail)
{
	const ProtobufCMessageDescriptor *entry = fields->descriptor;
	struct trail here = below(trail);
	text_add_byte(writer->text, '{');
	for (size_t i = 0; i < field_count(fields, message); i++) {
		const void *item = *(const void *const *)field_item(fields, message, i);
		if (!item)
			return trail_fault(trail, writer->fault, ASH_INTERNAL, "an entry is NULL");
		here.key = field_text(&entry->fields[0], field_at(&entry->fields[0], item));
		if (i > 0)
			text_add_byte(writer->text, ',');
		if (!json_add_text(writer, here.key, &here))
			return false;
		text_add_byte(writer->text, ':');
		if (!json_add_value(writer, &entry->fields[1], field_at(&entry->fields[1], item),
				    &here))
			return false;
	}
	text_add_byte(writer->text, '}');
	return true;
}

static bool add_dynamic(struct json_writer *writer, const ProtobufCMessageDescriptor *type,
			const void *message, const struct trail *trail)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const void *at = field_at(field, message);
		if (!field_is_there(field, message))
			continue;
		if (i == VALUE_NUMBER && !__builtin_isfinite(*(const double *)at))
			return trail_fault(trail, writer->fault, ASH_INTERNAL,
					   "JSON has no way to write the number of a Value");
		return json_add_value(writer, field, at, trail);
	}
	text_add(writer->text, STR("null"));
	return true;
}

static bool add_any(struct json_writer *writer, const ProtobufCMessageDescriptor *type,
		    const void *message, const struct trail *trail)
{
	struct str url = field_text(&type->fields[0], field_at(&type->fields[0], message));
	const ProtobufCBinaryData *value = field_at(&type->fields[1], message);
	if (url.length == 0 && value->len == 0) {
		text_add(writer->text, STR("{}"));
		return true;
	}
	return json_add_any(writer, url, (struct str){(const char *)value->data, value->len},
			    trail);
}

/* What a known type is without a message. */
static void add_empty(struct json_writer *writer, enum known known,
		      const ProtobufCMessageDescriptor *type)
{
	static const char ZERO[64];
	static const struct trail NOWHERE = {0};
	static const struct str EMPTY[] = {
		[KNOWN_ANY] = STR("{}"),
		[KNOWN_DURATION] = STR("\"0s\""),
		[KNOWN_FIELD_MASK] = STR("\"\""),
		[KNOWN_LIST] = STR("[]"),
		[KNOWN_STRUCT] = STR("{}"),
		[KNOWN_TIMESTAMP] = STR("\"1970-01-01T00:00:00Z\""),
		[KNOWN_VALUE] = STR("null"),
		[KNOWN_WRAPPER] = {0},
	};
	if (known == KNOWN_WRAPPER)
		json_add_value(writer, &type->fields[0], ZERO, &NOWHERE);
	else
		text_add(writer->text, EMPTY[known]);
}

bool json_add_known(struct json_writer *writer, enum known known,
		    const ProtobufCMessageDescriptor *type, const void *message,
		    const struct trail *trail)
{
	if (!message) {
		add_empty(writer, known, type);
		return true;
	}
	const ProtobufCFieldDescriptor *first = &type->fields[0];
	switch (known) {
	case KNOWN_TIMESTAMP:
	case KNOWN_DURATION: return add_span(writer, known, type, message, trail);
	case KNOWN_FIELD_MASK: return add_mask(writer, first, message, trail);
	case KNOWN_LIST: return add_list(writer, first, message, trail);
	case KNOWN_STRUCT: return add_struct(writer, first, message, trail);
	case KNOWN_VALUE: return add_dynamic(writer, type, message, trail);
	case KNOWN_ANY: return add_any(writer, type, message, trail);
	default: return json_add_value(writer, first, field_at(first, message), trail);
	}
}

/* ---- reading ---- */

static bool get_span(struct json_reader *reader, enum known known,
		     const ProtobufCMessageDescriptor *type, void *message,
		     const struct trail *trail)
{
	struct str text;
	int64_t *seconds = (int64_t *)((char *)message + type->fields[0].offset);
	int32_t *nanos = (int32_t *)((char *)message + type->fields[1].offset);
	if (!json_get_text(reader, trail, &text))
		return false;
	if (known == KNOWN_TIMESTAMP)
		return time_read(text, seconds, nanos) ||
		       json_wrong(reader, trail,
				  "it is no time of the years 1 to 9999; write "
				  "\"2026-11-21T06:30:00Z\"");
	return duration_read(text, seconds, nanos) ||
	       json_wrong(reader, trail,
			  "it is no duration of at most 315576000000 s; write \"1.5s\"");
}

/* "bC" as "b_c" in the arena; NULL, with the fault filled, when it is none. */
static char *snake(struct json_reader *reader, struct str camel, const struct trail *trail)
{
	char *out = budget_take(&reader->budget, camel.length * 2 + 1, trail, reader->fault);
	char *at = out;
	for (size_t i = 0; out && i < camel.length; i++) {
		bool upper = camel.at[i] >= 'A' && camel.at[i] <= 'Z';
		if (camel.at[i] == '_' || camel.at[i] == '\0') {
			json_wrong(reader, trail, "a path of a mask is in lowerCamelCase");
			return NULL;
		}
		if (upper)
			*at++ = '_';
		*at++ = (char)(upper ? camel.at[i] - 'A' + 'a' : camel.at[i]);
	}
	return out;
}

static bool get_mask(struct json_reader *reader, const ProtobufCFieldDescriptor *paths,
		     void *message, const struct trail *trail)
{
	struct str text, path;
	if (!json_get_text(reader, trail, &text))
		return false;
	bool ends_early = str_ends(text, STR(","));
	while (text.length > 0 && str_split(&text, ',', &path)) {
		if (path.length == 0 || (text.length == 0 && ends_early))
			return json_wrong(reader, trail, "a path of a mask is empty");
		char **item =
			budget_items(&reader->budget, paths, message, 1, trail, reader->fault);
		char *name = item ? snake(reader, path, trail) : NULL;
		if (!name)
			return false;
		*item = name;
		*(size_t *)field_quantifier(paths, message) += 1;
	}
	return true;
}

static bool get_list(struct json_reader *reader, const ProtobufCFieldDescriptor *values,
		     void *message, const struct trail *trail)
{
	struct trail here = below(trail);
	size_t *count = field_quantifier(values, message);
	bool first = true, good;
	if (!json_take(reader, '['))
		return json_unexpected(reader, trail, "a list");
	while (json_next(reader, ']', &first, trail, &good)) {
		here.index = *count;
		void *item =
			budget_items(&reader->budget, values, message, 1, &here, reader->fault);
		if (!item || !json_get_value(reader, values, item, &here))
			return false;
		++*count;
	}
	return good;
}

/* The value of a Value for what comes next: the index of its field. */
static int kind_of_next(struct json_reader *reader)
{
	switch (json_peek(reader)) {
	case 'n': return VALUE_NULL;
	case '"': return VALUE_TEXT;
	case 't':
	case 'f': return VALUE_BOOL;
	case '{': return VALUE_STRUCT;
	case '[': return VALUE_LIST;
	default: return VALUE_NUMBER;
	}
}

static bool get_dynamic(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
			void *message, const struct trail *trail)
{
	int kind = kind_of_next(reader);
	const ProtobufCFieldDescriptor *field = &type->fields[kind];
	void *at = (char *)message + field->offset;
	field_mark(field, message);
	if (kind == VALUE_NULL)
		return json_take_null(reader) || json_unexpected(reader, trail, "a value");
	if (kind == VALUE_NUMBER)
		return json_get_double(reader, trail, at);
	return json_get_value(reader, field, at, trail);
}

bool json_get_known(struct json_reader *reader, enum known known,
		    const ProtobufCMessageDescriptor *type, void *message,
		    const struct trail *trail)
{
	const ProtobufCFieldDescriptor *first = &type->fields[0];
	struct trail here = below(trail);
	switch (known) {
	case KNOWN_TIMESTAMP:
	case KNOWN_DURATION: return get_span(reader, known, type, message, trail);
	case KNOWN_FIELD_MASK: return get_mask(reader, first, message, trail);
	case KNOWN_LIST: return get_list(reader, first, message, trail);
	case KNOWN_STRUCT: return json_get_map(reader, first, message, &here);
	case KNOWN_VALUE: return get_dynamic(reader, type, message, trail);
	case KNOWN_WRAPPER:
		return json_get_value(reader, first, (char *)message + first->offset, trail);
	default:
		return json_get_any(
			reader, (char **)((char *)message + first->offset),
			(ProtobufCBinaryData *)((char *)message + type->fields[1].offset), trail);
	}
}
