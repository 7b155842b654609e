/* SPDX-License-Identifier: Apache-2.0 */
/* The structs of protobuf-c, field by field. Knows no format.
 *
 * Invariant: an array that budget_items() made has room for the next power of two of its
 * values, so no capacity is kept beside it. */
#include "message/field.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

/* ---- where something is wrong ---- */

static void add_step(struct text *path, const struct trail *step)
{
	if (step->field) {
		if (path->length)
			text_add_byte(path, '.');
		text_add(path, str_of(step->field->name));
	}
	if (step->key.at) {
		text_add_byte(path, '[');
		text_add_json(path, str_first(step->key, 40));
		text_add_byte(path, ']');
	} else if (step->index != NO_INDEX) {
		text_addf(path, "[%zu]", step->index);
	}
}

bool trail_fault(const struct trail *trail, struct fault *fault, ash_status status,
		 const char *format, ...)
{
	char message[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	const struct trail *steps[MESSAGE_DEPTH_LIMIT + 1];
	size_t count = 0;
	for (; trail && count < sizeof steps / sizeof *steps; trail = trail->up)
		steps[count++] = trail;
	_cleanup_(text_release) struct text path = {0};
	while (count > 0)
		add_step(&path, steps[--count]);
	if (path.length > 400)
		fault_set(fault, status, "...%s: %s", path.at + path.length - 400, message);
	else
		fault_set(fault, status, "%s%s%s", text_str(&path).at, path.length ? ": " : "",
			  message);
	return false;
}

bool trail_too_deep(const struct trail *trail, struct fault *fault)
{
	return trail_fault(trail, fault, ASH_RESOURCE_EXHAUSTED,
			   "messages nest deeper than %d levels", MESSAGE_DEPTH_LIMIT);
}

/* ---- presence ---- */

static bool holds_bits(const ProtobufCFieldDescriptor *field, const void *at)
{
	static const char ZERO[sizeof(ProtobufCBinaryData)];
	return memcmp(at, ZERO, field_size(field)) != 0;
}

static bool is_not_default(const ProtobufCFieldDescriptor *field, const void *at)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(const char *const *)at;
		return text && *text;
	}
	case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)at)->len > 0;
	default: return holds_bits(field, at);
	}
}

bool field_is_there(const ProtobufCFieldDescriptor *field, const void *message)
{
	const void *at = field_at(field, message);
	if (field_is_oneof(field))
		return *(const uint32_t *)field_quantifier(field, message) == field->id;
	if (field->label == PROTOBUF_C_LABEL_NONE)
		return is_not_default(field, at);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING) {
		const void *pointer = *(const void *const *)at;
		return pointer && pointer != field->default_value;
	}
	return field->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)field_quantifier(field, message);
}

void field_mark(const ProtobufCFieldDescriptor *field, void *message)
{
	if (field_is_oneof(field))
		*(uint32_t *)field_quantifier(field, message) = field->id;
	else if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
		 field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)
		*(protobuf_c_boolean *)field_quantifier(field, message) = 1;
}

/* ---- values ---- */

uint64_t scalar_bits(ProtobufCType type, const void *at)
{
	switch (type) {
	case PROTOBUF_C_TYPE_BOOL: return *(const protobuf_c_boolean *)at != 0;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_ENUM: return (uint64_t)(int64_t) * (const int32_t *)at;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT: return *(const uint32_t *)at;
	default: return *(const uint64_t *)at;
	}
}

void scalar_store(ProtobufCType type, void *at, uint64_t bits)
{
	static const bool WIDE[] = {
		[PROTOBUF_C_TYPE_INT64] = true,    [PROTOBUF_C_TYPE_SINT64] = true,
		[PROTOBUF_C_TYPE_SFIXED64] = true, [PROTOBUF_C_TYPE_UINT64] = true,
		[PROTOBUF_C_TYPE_FIXED64] = true,  [PROTOBUF_C_TYPE_DOUBLE] = true,
		[PROTOBUF_C_TYPE_MESSAGE] = false,
	};
	if (type == PROTOBUF_C_TYPE_BOOL)
		*(protobuf_c_boolean *)at = bits != 0;
	else if (WIDE[type])
		memcpy(at, &bits, sizeof bits);
	else
		*(uint32_t *)at = (uint32_t)bits;
}

struct str field_text(const ProtobufCFieldDescriptor *field, const void *at)
{
	if (field->type == PROTOBUF_C_TYPE_BYTES) {
		const ProtobufCBinaryData *bytes = at;
		return (struct str){bytes->data ? (const char *)bytes->data : "", bytes->len};
	}
	const char *text = *(const char *const *)at;
	return str_of(text ? text : "");
}

/* ---- maps ---- */

/* Whether the message type is "Outer.<Field>Entry", as protoc names it. */
bool type_is_entry(const ProtobufCMessageDescriptor *type)
{
	if (type->n_fields != 2 || type->fields[0].id != 1 || type->fields[1].id != 2 ||
	    strcmp(type->fields[0].name, "key") != 0 || strcmp(type->fields[1].name, "value") != 0)
		return false;
	return str_ends(str_of(type->name), STR("Entry")) && !field_is_repeated(&type->fields[0]) &&
	       !field_is_repeated(&type->fields[1]);
}

/* ---- by name ---- */

const ProtobufCFieldDescriptor *message_field(const ProtobufCMessageDescriptor *type,
					      const char *name)
{
	unsigned low = 0, high = type->n_fields;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		const ProtobufCFieldDescriptor *field =
			&type->fields[type->fields_sorted_by_name[middle]];
		int order = strcmp(name, field->name);
		if (order == 0)
			return field;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void message_field_text(const ProtobufCFieldDescriptor *field, const void *message,
			struct text *out)
{
	const void *at = field_at(field, message);
	if (field_is_oneof(field) && !field_is_there(field, message))
		return;
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES: text_add(out, field_text(field, at)); return;
	case PROTOBUF_C_TYPE_FLOAT: text_addf(out, "%.9g", (double)*(const float *)at); return;
	case PROTOBUF_C_TYPE_DOUBLE: text_addf(out, "%.17g", *(const double *)at); return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		text_addf(out, "%llu", (unsigned long long)scalar_bits(field->type, at));
		return;
	default: text_addf(out, "%lld", (long long)scalar_bits(field->type, at));
	}
}

/* ---- memory ---- */

void *budget_take(struct budget *budget, size_t size, const struct trail *trail,
		  struct fault *fault)
{
	if (size > budget->left) {
		trail_fault(trail, fault, ASH_RESOURCE_EXHAUSTED,
			    "the message takes more than %zu bytes of memory",
			    MESSAGE_MEMORY_LIMIT);
		return NULL;
	}
	budget->left -= size;
	void *memory = arena_alloc(budget->arena, size);
	if (!memory)
		fault_memory(fault);
	return memory;
}

char *budget_text(struct budget *budget, struct str text, const struct trail *trail,
		  struct fault *fault)
{
	if (text.length >= budget->left)
		return budget_take(budget, text.length + 1, trail, fault);
	budget->left -= text.length + 1;
	char *copy = arena_bytes(budget->arena, text.length + 1);
	if (!copy) {
		fault_memory(fault);
		return NULL;
	}
	if (text.length)
		memcpy(copy, text.at, text.length);
	copy[text.length] = '\0';
	return copy;
}

void *budget_message(struct budget *budget, const ProtobufCMessageDescriptor *type,
		     const struct trail *trail, struct fault *fault)
{
	void *message = budget_take(budget, type->sizeof_message, trail, fault);
	if (message)
		protobuf_c_message_init(type, message);
	return message;
}

static size_t room_of(size_t count)
{
	size_t room = 4;
	while (room < count)
		room *= 2;
	return count ? room : 0;
}

void *budget_items(struct budget *budget, const ProtobufCFieldDescriptor *field, void *message,
		   size_t more, const struct trail *trail, struct fault *fault)
{
	size_t size = field_size(field), count = field_count(field, message);
	char **items = (char **)((char *)message + field->offset);
	if (count + more > room_of(count)) {
		char *wider = budget_take(budget, room_of(count + more) * size, trail, fault);
		if (!wider)
			return NULL;
		if (count)
			memcpy(wider, *items, count * size);
		*items = wider;
	}
	return *items + count * size;
}
