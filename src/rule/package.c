/* SPDX-License-Identifier: Apache-2.0 */
/* Which module uses which third party's package. Judges nothing.
 *
 * A key is the module's number and the bytes of the package. */
#include "rule/package.h"

#include <assert.h>

#include "base/glob.h"
#include "base/mem.h"

/* The number of the package, which is new when it is packages->count; MAP_NONE without
 * memory. `key` is for scratch. */
static uint32_t find(struct packages *packages, uint32_t module, struct str name, struct text *key)
{
	text_clear(key);
	text_add(key, (struct str){(const char *)&module, sizeof module});
	text_add(key, name);
	if (key->failed)
		return MAP_NONE;
	uint32_t number = map_get(&packages->by_key, text_str(key));
	if (number != MAP_NONE)
		return number;
	struct str kept = arena_str(&packages->arena, text_str(key));
	if (!kept.at)
		return MAP_NONE;
	return map_get_or_put(&packages->by_key, kept, (uint32_t)packages->count);
}

static bool add(struct packages *packages, uint32_t module, struct str name, struct use use,
		struct text *key)
{
	uint32_t number = find(packages, module, name, key);
	if (number == MAP_NONE)
		return false;
	if (number == packages->count) {
		if (!mem_reserve(&packages->items, &packages->capacity, packages->count + 1,
				 sizeof *packages->items))
			return false;
		packages->items[packages->count++] =
			(struct package){.module = module, .name = name, .first = use};
	}
	assert(packages->items && number < packages->count);
	packages->items[number].count++;
	return true;
}

static bool gather_file(struct judge *judge, uint32_t file, struct packages *out, struct text *key)
{
	const struct facts *facts = judge->tree->entries[file].facts;
	uint32_t module = judge->graph->module_of[file];
	for (uint32_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		if (reference->state != REFERENCE_EXTERNAL || !judge_sees(judge, reference))
			continue;
		struct str name = str_first(reference_target(reference), reference->package_length);
		if (!add(out, module, name, (struct use){file, i}, key))
			return false;
	}
	return true;
}

int packages_gather(struct judge *judge, struct packages *out, struct error *error)
{
	_cleanup_(packages_release) struct packages packages = {0};
	_cleanup_(text_release) struct text key = {0};
	for (uint32_t i = 0; i < judge->tree->count; i++) {
		uint32_t module = judge->graph->module_of[i];
		if (!judge->tree->entries[i].facts || module == MODULE_NONE ||
		    !judge_module(judge, module)->external.given)
			continue;
		if (!gather_file(judge, i, &packages, &key))
			return error_memory(error);
	}
	*out = packages;
	packages = (struct packages){0};
	return 0;
}

void packages_release(struct packages *packages)
{
	mem_free(packages->items);
	map_release(&packages->by_key);
	arena_release(&packages->arena);
	*packages = (struct packages){0};
}

bool package_matches(struct str pattern, struct str package)
{
	return str_equal(pattern, package) ||
	       (glob_is_pattern(pattern) && glob_match(pattern, package));
}
