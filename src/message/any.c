/* SPDX-License-Identifier: Apache-2.0 */
/* google.protobuf.Any in JSON: the members of what it holds behind an "@type" that comes first;
 * a well-known type stands in a member "value". Which types there are is said once, by the
 * program. */
#include "message/json.h"

#include <stdatomic.h>

#include "base/mem.h"

static _Atomic(const struct message_types *) known_types;

void message_know_types(const struct message_types *types)
{
	atomic_store(&known_types, types);
}

/* The type that a URL ends with; NULL when it is not known. */
static const ProtobufCMessageDescriptor *find_type(struct str url)
{
	const struct message_types *types = atomic_load(&known_types);
	struct str name = str_from(url, (size_t)(str_find_last(url, '/') + 1));
	size_t low = 0, high = types ? types->count : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_compare(name, str_of(types->sorted[middle]->name));
		if (order == 0)
			return types->sorted[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ---- writing ---- */

/* Takes the brace off an object that stands at `from`, so that its members go on. */
static void open_object(struct text *text, size_t from)
{
	if (text->failed || text->length < from + 2)
		return;
	if (text->length > from + 2) {
		text->at[from] = ',';
		return;
	}
	text->length = from;
	text_add_byte(text, '}');
}

bool json_add_any(struct json_writer *writer, struct str url, struct str bytes,
		  const struct trail *trail)
{
	_cleanup_(arena_release) struct arena arena = {0};
	const ProtobufCMessageDescriptor *type = find_type(url);
	if (!type)
		return trail_fault(trail, writer->fault, ASH_INTERNAL,
				   "a google.protobuf.Any cannot be written in JSON here: its "
				   "type is not known");
	void *message = arena_alloc(&arena, type->sizeof_message);
	if (!message) {
		fault_memory(writer->fault);
		return false;
	}
	if (message_decode(type, bytes, &arena, message, writer->fault) != ASH_OK)
		return false;
	text_add(writer->text, STR("{\"@type\":"));
	if (!json_add_text(writer, url, trail))
		return false;
	bool plain = known_of(type) == KNOWN_NONE;
	if (!plain)
		text_add(writer->text, STR(",\"value\":"));
	size_t from = writer->text->length;
	struct trail here = {.up = trail, .index = NO_INDEX, .depth = trail_depth(trail) + 1};
	if (!json_add_message(writer, type, message, &here))
		return false;
	if (plain)
		open_object(writer->text, from);
	else
		text_add_byte(writer->text, '}');
	return true;
}

/* ---- reading ---- */

static bool get_value(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
		      void *message, const struct trail *trail)
{
	struct str name;
	bool first = false, good;
	if (!json_next(reader, '}', &first, trail, &good) || !json_get_name(reader, trail, &name) ||
	    !str_equal(name, STR("value")))
		return json_wrong(reader, trail, "a %s in an Any wants a value", type->name);
	if (!json_get_message(reader, type, message, trail))
		return false;
	return json_take(reader, '}') || json_unexpected(reader, trail, "'}'");
}

static bool keep(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
		 const void *message, ProtobufCBinaryData *out, const struct trail *trail)
{
	_cleanup_(text_release) struct text bytes = {0};
	if (message_encode(type, message, &bytes, reader->fault) != ASH_OK)
		return false;
	uint8_t *kept = budget_take(&reader->budget, bytes.length + 1, trail, reader->fault);
	if (!kept)
		return false;
	if (bytes.length)
		memcpy(kept, bytes.at, bytes.length);
	*out = (ProtobufCBinaryData){bytes.length, kept};
	return true;
}

bool json_get_any(struct json_reader *reader, char **url, ProtobufCBinaryData *bytes,
		  const struct trail *trail)
{
	struct str name;
	bool first = true, good;
	if (!json_take(reader, '{'))
		return json_unexpected(reader, trail, "an object");
	if (!json_next(reader, '}', &first, trail, &good))
		return good;
	if (!json_get_name(reader, trail, &name))
		return false;
	if (!str_equal(name, STR("@type")))
		return json_wrong(reader, trail, "an Any begins with \"@type\"");
	if (!json_get_string(reader, trail, url))
		return false;
	const ProtobufCMessageDescriptor *type = find_type(str_of(*url));
	if (!type)
		return json_wrong(reader, trail,
				  "a google.protobuf.Any cannot be read from JSON here: its type "
				  "is not known");
	struct trail here = {.up = trail, .index = NO_INDEX, .depth = trail_depth(trail) + 1};
	void *message = budget_message(&reader->budget, type, &here, reader->fault);
	if (!message)
		return false;
	if (here.depth >= MESSAGE_DEPTH_LIMIT)
		return trail_too_deep(trail, reader->fault);
	bool read = known_of(type) == KNOWN_NONE
			    ? json_get_fields(reader, type, message, &here, false)
			    : get_value(reader, type, message, &here);
	return read && keep(reader, type, message, bytes, &here);
}
