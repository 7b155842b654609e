/* SPDX-License-Identifier: Apache-2.0 */
/* Where two structs differ, for people. Knows no format.
 *
 * Invariant: without ignored paths something is told, or the walk fails, if and only if
 * message_equal() says that they are not equal. */
#include <stdio.h>

#include "base/mem.h"
#include "message/field.h"
#include "message/settle.h"

/* Bytes of a text that are shown. */
#define SHOWN 60

struct differing {
	const struct map *ignored;
	message_differs tell;
	void *context;
	struct text path;
	bool failed;
};

static void messages_differ(struct differing *differing, const ProtobufCMessageDescriptor *type,
			    const void *a, const void *b, unsigned depth);

/* ---- telling ---- */

static void tell_both(const struct differing *differing, struct str a, struct str b)
{
	differing->tell(differing->context, text_str(&differing->path), a, b);
}

static void show_number(ProtobufCType type, const void *at, struct text *out)
{
	switch (type) {
	case PROTOBUF_C_TYPE_FLOAT: text_addf(out, "%.9g", (double)*(const float *)at); return;
	case PROTOBUF_C_TYPE_DOUBLE: text_addf(out, "%.17g", *(const double *)at); return;
	case PROTOBUF_C_TYPE_BOOL:
		text_add(out, scalar_bits(type, at) ? STR("true") : STR("false"));
		return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		text_addf(out, "%llu", (unsigned long long)scalar_bits(type, at));
		return;
	default: text_addf(out, "%lld", (long long)scalar_bits(type, at));
	}
}

static void show(const ProtobufCFieldDescriptor *field, const void *at, struct text *out)
{
	struct str text;
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		text = field_text(field, at);
		text_add_json(out, str_first(text, SHOWN));
		if (text.length > SHOWN)
			text_addf(out, "... (%zu bytes)", text.length);
		return;
	case PROTOBUF_C_TYPE_BYTES:
		text_addf(out, "%zu bytes", field_text(field, at).length);
		return;
	case PROTOBUF_C_TYPE_MESSAGE: text_add(out, STR("a message")); return;
	default: show_number(field->type, at, out);
	}
}

/* Either may be NULL: it is not there. */
static void tell_values(struct differing *differing, const ProtobufCFieldDescriptor *field,
			const void *a, const void *b)
{
	_cleanup_(text_release) struct text shown_a = {0};
	_cleanup_(text_release) struct text shown_b = {0};
	if (a)
		show(field, a, &shown_a);
	if (b)
		show(field, b, &shown_b);
	differing->failed |= shown_a.failed || shown_b.failed;
	tell_both(differing, a ? text_str(&shown_a) : STR("nothing"),
		  b ? text_str(&shown_b) : STR("nothing"));
}

static void tell_counts(const struct differing *differing, size_t a, size_t b)
{
	char shown_a[40], shown_b[40];
	snprintf(shown_a, sizeof shown_a, "%zu value%s", a, a == 1 ? "" : "s");
	snprintf(shown_b, sizeof shown_b, "%zu value%s", b, b == 1 ? "" : "s");
	tell_both(differing, str_of(shown_a), str_of(shown_b));
}

/* ---- walking ---- */

/* A message that is NULL where one must be is one without fields. */
static void message_values_differ(struct differing *differing,
				  const ProtobufCMessageDescriptor *type, const void *a,
				  const void *b, unsigned depth)
{
	_cleanup_(mem_freep) void *empty = NULL;
	if (a == b)
		return;
	if (!a || !b) {
		empty = mem_alloc(type->sizeof_message);
		if (!empty) {
			differing->failed = true;
			return;
		}
		protobuf_c_message_init(type, empty);
	}
	messages_differ(differing, type, a ? a : empty, b ? b : empty, depth);
}

static void values_differ(struct differing *differing, const ProtobufCFieldDescriptor *field,
			  const void *a, const void *b, unsigned depth)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		message_values_differ(differing, field->descriptor, *(const void *const *)a,
				      *(const void *const *)b, depth);
	else if (!scalars_alike(field, a, b))
		tell_values(differing, field, a, b);
}

static void maps_differ(struct differing *differing, const ProtobufCFieldDescriptor *field,
			const void *a, const void *b, size_t count, unsigned depth)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	const ProtobufCFieldDescriptor *value = &type->fields[1];
	_cleanup_(map_release) struct map index = {0};
	const void *const *left = *(const void *const *const *)field_at(field, a);
	const void *const *right = *(const void *const *const *)field_at(field, b);
	size_t known = 0;
	for (size_t i = 0; i < count; i++) {
		known += right[i] != NULL;
		if (right[i] && !map_put(&index, entry_key(type, right[i]), (uint32_t)i)) {
			differing->failed = true;
			return;
		}
	}
	if (known < count || index.count < count)
		tell_counts(differing, count, index.count);
	for (size_t i = 0; i < count; i++) {
		uint32_t at = left[i] ? map_get(&index, entry_key(type, left[i])) : MAP_NONE;
		if (at == MAP_NONE)
			tell_values(differing, value, left[i] ? field_at(value, left[i]) : NULL,
				    NULL);
		else
			values_differ(differing, value, field_at(value, left[i]),
				      field_at(value, right[at]), depth);
	}
}

static void repeated_differ(struct differing *differing, const ProtobufCFieldDescriptor *field,
			    const void *a, const void *b, unsigned depth)
{
	size_t count = field_count(field, a);
	if (count != field_count(field, b)) {
		tell_counts(differing, count, field_count(field, b));
		return;
	}
	if (count > 0 && field_is_map(field)) {
		maps_differ(differing, field, a, b, count, depth);
		return;
	}
	for (size_t i = 0; i < count; i++)
		values_differ(differing, field, field_item(field, a, i), field_item(field, b, i),
			      depth);
}

static void single_differ(struct differing *differing, const ProtobufCFieldDescriptor *field,
			  const void *a, const void *b, unsigned depth)
{
	bool in_a = field_is_there(field, a), in_b = field_is_there(field, b);
	const void *at_a = field_at(field, a), *at_b = field_at(field, b);
	if (in_a && in_b)
		values_differ(differing, field, at_a, at_b, depth);
	else if (in_a != in_b)
		tell_values(differing, field, in_a ? at_a : NULL, in_b ? at_b : NULL);
}

static void field_differs(struct differing *differing, const ProtobufCFieldDescriptor *field,
			  const void *a, const void *b, unsigned depth)
{
	if (differing->ignored &&
	    map_get(differing->ignored, text_str(&differing->path)) != MAP_NONE)
		return;
	if (field_is_repeated(field))
		repeated_differ(differing, field, a, b, depth);
	else
		single_differ(differing, field, a, b, depth);
}

static void messages_differ(struct differing *differing, const ProtobufCMessageDescriptor *type,
			    const void *a, const void *b, unsigned depth)
{
	struct text *path = &differing->path;
	size_t before = path->length;
	if (depth == MESSAGE_DEPTH_LIMIT)
		differing->failed = true;
	for (unsigned i = 0; i < type->n_fields && !differing->failed; i++) {
		if (before)
			text_add_byte(path, '.');
		text_add(path, str_of(type->fields[i].name));
		differing->failed |= path->failed;
		if (!differing->failed)
			field_differs(differing, &type->fields[i], a, b, depth + 1);
		if (path->at) {
			path->length = before;
			path->at[before] = '\0';
		}
	}
}

bool message_compare(const ProtobufCMessageDescriptor *type, const void *a, const void *b,
		     const struct map *ignored, message_differs tell, void *context)
{
	struct differing differing = {.ignored = ignored, .tell = tell, .context = context};
	messages_differ(&differing, type, a, b, 0);
	text_release(&differing.path);
	return !differing.failed;
}

/* ---- paths ---- */

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *type,
						   struct str name)
{
	for (unsigned i = 0; i < type->n_fields; i++)
		if (str_equal(str_of(type->fields[i].name), name))
			return &type->fields[i];
	return NULL;
}

bool message_has_path(const ProtobufCMessageDescriptor *type, struct str path)
{
	struct str name;
	bool found = false;
	while (str_split(&path, '.', &name)) {
		const ProtobufCFieldDescriptor *field = type ? field_named(type, name) : NULL;
		if (!field)
			return false;
		bool nests = field->type == PROTOBUF_C_TYPE_MESSAGE;
		type = nests ? field->descriptor : NULL;
		if (nests && field_is_map(field)) {
			const ProtobufCFieldDescriptor *value = &type->fields[1];
			bool deep = value->type == PROTOBUF_C_TYPE_MESSAGE;
			type = deep ? value->descriptor : NULL;
		}
		found = true;
	}
	return found;
}
