/* SPDX-License-Identifier: Apache-2.0 */
/* Makes maps of lists of entries. */
#include "message/settle.h"

#include "base/mem.h"

struct str entry_key(const ProtobufCMessageDescriptor *type, const void *entry)
{
	const ProtobufCFieldDescriptor *key = &type->fields[0];
	const void *at = field_at(key, entry);
	if (key->type == PROTOBUF_C_TYPE_STRING)
		return field_text(key, at);
	return (struct str){at, field_size(key)};
}

/* Takes the entries out whose key comes again later. */
static bool drop_doubles(const ProtobufCMessageDescriptor *type, void **entries, size_t *count)
{
	_cleanup_(map_release) struct map index = {0};
	size_t kept = 0;
	for (size_t i = 0; i < *count; i++) {
		uint32_t at = map_get_or_put(&index, entry_key(type, entries[i]), (uint32_t)kept);
		if (at == MAP_NONE)
			return false;
		entries[at] = entries[i];
		kept += at == kept;
	}
	*count = kept;
	return true;
}

static bool fill_values(struct budget *budget, const ProtobufCFieldDescriptor *value,
			void *const *entries, size_t count, const struct trail *trail,
			struct fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		void **at = (void **)((char *)entries[i] + value->offset);
		if (!*at)
			*at = budget_message(budget, value->descriptor, trail, fault);
		if (!*at)
			return false;
	}
	return true;
}

static bool settle(struct budget *budget, const ProtobufCFieldDescriptor *field, void *message,
		   const struct trail *trail, struct fault *fault)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	void **entries = *(void ***)((char *)message + field->offset);
	size_t *count = field_quantifier(field, message);
	if (*count > 1 && !drop_doubles(type, entries, count)) {
		fault_memory(fault);
		return false;
	}
	return type->fields[1].type != PROTOBUF_C_TYPE_MESSAGE ||
	       fill_values(budget, &type->fields[1], entries, *count, trail, fault);
}

/* Settles the maps in the messages that a field holds. */
static bool settle_below(struct budget *budget, const ProtobufCFieldDescriptor *field,
			 void *message, struct trail *trail, struct fault *fault)
{
	void **items = (void **)((char *)message + field->offset);
	size_t count = 1;
	if (field_is_repeated(field)) {
		count = field_count(field, message);
		items = *(void ***)items;
	} else if (!field_is_there(field, message)) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		trail->index = field_is_repeated(field) ? i : NO_INDEX;
		if (items[i] && !settle_maps(budget, field->descriptor, items[i], trail, fault))
			return false;
	}
	return true;
}

bool settle_maps(struct budget *budget, const ProtobufCMessageDescriptor *type, void *message,
		 const struct trail *trail, struct fault *fault)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		struct trail here = {.up = trail, .field = field, .index = NO_INDEX};
		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (field_is_map(field) && field_count(field, message) > 0 &&
		    !settle(budget, field, message, &here, fault))
			return false;
		if (!settle_below(budget, field, message, &here, fault))
			return false;
	}
	return true;
}
