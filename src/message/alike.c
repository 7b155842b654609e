/* SPDX-License-Identifier: Apache-2.0 */
/* Compares and copies structs. Knows no format. */
#include "message/field.h"

#include "base/mem.h"
#include "message/settle.h"

/* ---- compare ---- */

static bool messages_equal(const ProtobufCMessageDescriptor *type, const void *a, const void *b,
			   unsigned depth);

static bool is_nan(ProtobufCType type, const void *at)
{
	if (type == PROTOBUF_C_TYPE_FLOAT)
		return __builtin_isnan(*(const float *)at);
	return type == PROTOBUF_C_TYPE_DOUBLE && __builtin_isnan(*(const double *)at);
}

/* A message that is NULL where one must be is one without fields; both NULL are equal. */
static bool message_values_equal(const ProtobufCMessageDescriptor *type, const void *a,
				 const void *b, unsigned depth)
{
	_cleanup_(mem_freep) void *empty = NULL;
	if (a == b)
		return true;
	if (!a || !b) {
		empty = mem_alloc(type->sizeof_message);
		if (!empty)
			return false;
		protobuf_c_message_init(type, empty);
	}
	return messages_equal(type, a ? a : empty, b ? b : empty, depth);
}

bool scalars_alike(const ProtobufCFieldDescriptor *field, const void *a, const void *b)
{
	if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES)
		return str_equal(field_text(field, a), field_text(field, b));
	return scalar_bits(field->type, a) == scalar_bits(field->type, b) ||
	       (is_nan(field->type, a) && is_nan(field->type, b));
}

static bool values_equal(const ProtobufCFieldDescriptor *field, const void *a, const void *b,
			 unsigned depth)
{
	if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		return scalars_alike(field, a, b);
	return message_values_equal(field->descriptor, *(const void *const *)a,
				    *(const void *const *)b, depth);
}

/* Each entry of `a` has one in `b`; keys are unique and there are as many. */
static bool maps_equal(const ProtobufCFieldDescriptor *field, const void *a, const void *b,
		       size_t count, unsigned depth)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	_cleanup_(map_release) struct map index = {0};
	const void *const *left = *(const void *const *const *)field_at(field, a);
	const void *const *right = *(const void *const *const *)field_at(field, b);
	for (size_t i = 0; i < count; i++)
		if (!right[i] || !map_put(&index, entry_key(type, right[i]), (uint32_t)i))
			return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t at = left[i] ? map_get(&index, entry_key(type, left[i])) : MAP_NONE;
		if (at == MAP_NONE ||
		    !values_equal(&type->fields[1], field_at(&type->fields[1], left[i]),
				  field_at(&type->fields[1], right[at]), depth))
			return false;
	}
	return index.count == count;
}

static bool repeated_equal(const ProtobufCFieldDescriptor *field, const void *a, const void *b,
			   unsigned depth)
{
	size_t count = field_count(field, a);
	if (count != field_count(field, b))
		return false;
	if (count > 0 && field_is_map(field))
		return maps_equal(field, a, b, count, depth);
	for (size_t i = 0; i < count; i++)
		if (!values_equal(field, field_item(field, a, i), field_item(field, b, i), depth))
			return false;
	return true;
}

static bool single_equal(const ProtobufCFieldDescriptor *field, const void *a, const void *b,
			 unsigned depth)
{
	bool there = field_is_there(field, a);
	if (there != field_is_there(field, b))
		return false;
	return !there || values_equal(field, field_at(field, a), field_at(field, b), depth);
}

static bool messages_equal(const ProtobufCMessageDescriptor *type, const void *a, const void *b,
			   unsigned depth)
{
	if (depth == MESSAGE_DEPTH_LIMIT)
		return false;
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (field_is_repeated(field) ? !repeated_equal(field, a, b, depth + 1)
					     : !single_equal(field, a, b, depth + 1))
			return false;
	}
	return true;
}

bool message_equal(const ProtobufCMessageDescriptor *type, const void *a, const void *b)
{
	return messages_equal(type, a, b, 0);
}

/* ---- copy ---- */

struct copier {
	struct budget budget;
	struct fault *fault;
};

static bool copy_message(struct copier *copier, const ProtobufCMessageDescriptor *type,
			 const void *from, void *to, const struct trail *trail);

static bool copy_text(struct copier *copier, const ProtobufCFieldDescriptor *field,
		      const void *from, void *to, const struct trail *trail)
{
	struct str text = field_text(field, from);
	char *copy = budget_text(&copier->budget, text, trail, copier->fault);
	if (!copy)
		return false;
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		*(ProtobufCBinaryData *)to = (ProtobufCBinaryData){text.length, (uint8_t *)copy};
	else
		*(char **)to = copy;
	return true;
}

static bool copy_value(struct copier *copier, const ProtobufCFieldDescriptor *field,
		       const void *from, void *to, const struct trail *trail)
{
	if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES)
		return copy_text(copier, field, from, to, trail);
	if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
		memcpy(to, from, field_size(field));
		return true;
	}
	const void *message = *(const void *const *)from;
	void *copy = budget_message(&copier->budget, field->descriptor, trail, copier->fault);
	*(void **)to = copy;
	return copy && (!message || copy_message(copier, field->descriptor, message, copy, trail));
}

static bool copy_repeated(struct copier *copier, const ProtobufCFieldDescriptor *field,
			  const void *from, void *to, struct trail *trail)
{
	size_t count = field_count(field, from), size = field_size(field);
	if (count == 0)
		return true;
	char *items = budget_items(&copier->budget, field, to, count, trail, copier->fault);
	for (size_t i = 0; items && i < count; i++) {
		trail->index = i;
		if (!copy_value(copier, field, field_item(field, from, i), items + i * size, trail))
			return false;
	}
	*(size_t *)field_quantifier(field, to) = count;
	return items != NULL;
}

static bool copy_message(struct copier *copier, const ProtobufCMessageDescriptor *type,
			 const void *from, void *to, const struct trail *trail)
{
	struct trail here = {.up = trail, .depth = trail_depth(trail) + 1};
	if (here.depth > MESSAGE_DEPTH_LIMIT)
		return trail_too_deep(trail, copier->fault);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		here.field = field;
		here.index = NO_INDEX;
		if (field_is_repeated(field)) {
			if (!copy_repeated(copier, field, from, to, &here))
				return false;
			continue;
		}
		if (!field_is_there(field, from))
			continue;
		field_mark(field, to);
		if (!copy_value(copier, field, field_at(field, from), (char *)to + field->offset,
				&here))
			return false;
	}
	return true;
}

ash_status message_copy(const ProtobufCMessageDescriptor *type, const void *message,
			struct arena *arena, void *out, struct fault *fault)
{
	struct fault unheard;
	struct copier copier = {.budget = {arena, MESSAGE_MEMORY_LIMIT},
				.fault = fault ? fault : &unheard};
	void *copy = budget_message(&copier.budget, type, NULL, copier.fault);
	if (!copy || !copy_message(&copier, type, message, copy, NULL))
		return copier.fault->status;
	memcpy(out, copy, type->sizeof_message);
	return ASH_OK;
}
