/* SPDX-License-Identifier: Apache-2.0 */
/* Include folders. Must not know references. */
#include "resolve/resolve_c_folders.h"

static int add_settings(struct c_folders *out, struct tree *tree,
			const struct resolve_settings *settings, struct error *error)
{
	out->entries = arena_array(&tree->arena, settings->include_count, sizeof *out->entries);
	if (!out->entries)
		return error_memory(error);
	for (size_t i = 0; i < settings->include_count; i++) {
		uint32_t entry = tree_find_from(tree, STR(""), settings->includes[i]);
		if (entry != ENTRY_NONE && tree->entries[entry].is_folder)
			out->entries[out->count++] = entry;
	}
	return 0;
}

int c_database_init(struct c_database *out, struct tree *tree,
		    const struct resolve_settings *settings, struct error *error)
{
	*out = (struct c_database){0};
	if (!mem_reserve(&out->sets, &out->capacity, 1, sizeof *out->sets))
		return error_memory(error);
	out->sets[out->count++] = (struct c_folders){0};
	return add_settings(&out->sets[0], tree, settings, error);
}

void c_database_release(struct c_database *database)
{
	mem_free(database->sets);
	*database = (struct c_database){0};
}
