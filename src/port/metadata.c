/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of metadata. Knows no protocol but the characters that all have in common. */
#include "port/metadata.h"

bool metadata_is_key(struct str key)
{
	if (key.length == 0 || str_starts(key, STR("connect-")))
		return false;
	for (size_t i = 0; i < key.length; i++) {
		char byte = key.at[i];
		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '_' &&
		    byte != '-' && byte != '.')
			return false;
	}
	return true;
}

bool metadata_is_binary(struct str key)
{
	return str_ends(key, STR("-bin"));
}

bool metadata_is_value(struct str key, struct str value)
{
	if (metadata_is_binary(key))
		return true;
	for (size_t i = 0; i < value.length; i++)
		if (value.at[i] < ' ' || value.at[i] > '~')
			return false;
	return value.length == 0 || (value.at[0] != ' ' && value.at[value.length - 1] != ' ');
}

bool metadata_add(struct metadata *metadata, struct arena *arena, struct str key, struct str value)
{
	if (metadata->count == METADATA_LIMIT || key.length > METADATA_SIZE_LIMIT ||
	    value.length > METADATA_SIZE_LIMIT ||
	    metadata->size + key.length + value.length > METADATA_SIZE_LIMIT)
		return false;
	struct metadata_item *item = arena_alloc(arena, sizeof *item);
	struct str name = arena_str(arena, key), kept = arena_str(arena, value);
	if (!item || !name.at || !kept.at)
		return false;
	*item = (struct metadata_item){NULL, name.at, kept};
	if (metadata->last)
		metadata->last->next = item;
	else
		metadata->first = item;
	metadata->last = item;
	metadata->count++;
	metadata->size += key.length + value.length;
	return true;
}
