/* SPDX-License-Identifier: Apache-2.0 */
/* The baselines of a tree in memory: read, indexed, and held against findings. What a file
 * looks like is entry.c's and parse.c's, how it is changed write.c's.
 *
 * Invariant: source 0 is the root's, source n that of module n - 1; the entries of a source
 * stand together, in the order of its file. */
#include "finding/baseline.h"

#include "base/file.h"
#include "base/mem.h"
#include "finding/entry.h"

bool baseline_takes(const char *rule)
{
	return strcmp(rule, "stale") != 0 && strcmp(rule, "expired") != 0;
}

/* ---- reading ---- */

static int name_sources(struct baseline *baseline, const struct baseline_module *modules,
			size_t count, struct error *error)
{
	baseline->sources = arena_array(&baseline->arena, count + 1, sizeof *baseline->sources);
	if (!baseline->sources)
		return error_memory(error);
	baseline->source_count = (uint32_t)count + 1;
	baseline->sources[0].path = STR(BASELINE_ROOT_NAME);
	for (uint32_t i = 0; i < count; i++) {
		struct baseline_source *source = &baseline->sources[i + 1];
		source->path = str_of(
			arena_format(&baseline->arena, "%.*s%s%s", STR_ARG(modules[i].folder),
				     modules[i].folder.length > 0 ? "/" : "", BASELINE_NAME));
		source->strict = modules[i].strict;
		if (!source->path.at || !map_put(&baseline->modules, modules[i].name, i + 1))
			return error_memory(error);
	}
	return 0;
}

static int read_source(struct baseline *baseline, uint32_t index, struct yaml_parser *parser,
		       struct text *buffer, struct error_list *errors, struct error *error)
{
	struct baseline_source *source = &baseline->sources[index];
	struct error failure;
	text_clear(buffer);
	text_addf(buffer, "%s/%s", baseline->root, source->path.at);
	if (buffer->failed)
		return error_memory(error);
	_cleanup_(text_release) struct text content = {0};
	if (file_read(buffer->at, BASELINE_SIZE_LIMIT, &content, &failure) < 0) {
		if (failure.code == ERROR_MEMORY)
			return error_memory(error);
		source->broken = failure.code != ERROR_NOT_FOUND;
		if (source->broken)
			error_list_at(errors, failure.code, source->path.at, 0, 0, "%s",
				      failure.message);
		return 0;
	}
	source->content = arena_str(&baseline->arena, text_str(&content));
	if (!source->content.at)
		return error_memory(error);
	return entries_parse(baseline, index, parser, errors, error);
}

/* Makes entries findable, and tells those that are there already. */
static int index_entries(struct baseline *baseline, struct text *key, struct error_list *errors,
			 struct error *error)
{
	for (uint32_t i = 0; i < baseline->count; i++) {
		const struct baseline_entry *entry = &baseline->entries[i];
		struct baseline_source *source = &baseline->sources[entry->source];
		struct entry_words words = entry_words_of(entry);
		text_clear(key);
		entry_add_key(key, entry->source, &words);
		struct str copy = arena_str(&baseline->arena, text_str(key));
		uint32_t first = copy.at && !key->failed ? map_get_or_put(&baseline->index, copy, i)
							 : MAP_NONE;
		if (first == MAP_NONE)
			return error_memory(error);
		if (first == i)
			continue;
		source->broken = true;
		error_list_at(errors, ERROR_INVALID, source->path.at, entry->line, entry->column,
			      "the entry is here twice; the first is in line %u; remove one",
			      baseline->entries[first].line);
	}
	return 0;
}

static int load(struct baseline *baseline, const struct baseline_module *modules, size_t count,
		struct error_list *errors, struct error *error)
{
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	_cleanup_(text_release) struct text buffer = {0};
	if (name_sources(baseline, modules, count, error) < 0)
		return -1;
	for (uint32_t i = 0; i < baseline->source_count; i++)
		if (read_source(baseline, i, &parser, &buffer, errors, error) < 0)
			return -1;
	return index_entries(baseline, &buffer, errors, error);
}

int baseline_load(const char *root, const struct baseline_module *modules, size_t module_count,
		  struct baseline *out, struct error_list *errors, struct error *error)
{
	struct baseline baseline = {.root = root};
	if (load(&baseline, modules, module_count, errors, error) < 0) {
		baseline_release(&baseline);
		return -1;
	}
	error_list_sort(errors);
	*out = baseline;
	return 0;
}

void baseline_release(struct baseline *baseline)
{
	map_release(&baseline->modules);
	map_release(&baseline->index);
	mem_free(baseline->entries);
	arena_release(&baseline->arena);
	*baseline = (struct baseline){0};
}

/* ---- findings ---- */

uint32_t baseline_source_of(const struct baseline *baseline, const struct finding *finding)
{
	if (!baseline_takes(finding->rule))
		return SOURCE_NONE;
	uint32_t source = map_get(&baseline->modules, finding->module);
	if (source == MAP_NONE)
		return 0;
	return baseline->sources[source].strict ? SOURCE_NONE : source;
}

int baseline_mark(struct baseline *baseline, struct finding_list *findings, struct error *error)
{
	_cleanup_(text_release) struct text key = {0};
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *finding = &findings->items[i];
		uint32_t source = baseline_source_of(baseline, finding);
		if (source == SOURCE_NONE || baseline->sources[source].count == 0)
			continue;
		struct entry_words words = entry_words_of_finding(finding);
		text_clear(&key);
		entry_add_key(&key, source, &words);
		if (key.failed)
			return error_memory(error);
		uint32_t entry = map_get(&baseline->index, text_str(&key));
		if (entry == MAP_NONE)
			continue;
		baseline->entries[entry].used = true;
		finding->baseline = true;
	}
	return 0;
}

const struct baseline_entry *baseline_next_stale(const struct baseline *baseline,
						 uint32_t *position)
{
	while (*position < baseline->count) {
		const struct baseline_entry *entry = &baseline->entries[(*position)++];
		if (!entry->used)
			return entry;
	}
	return NULL;
}
