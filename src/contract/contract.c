/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the modules' contracts and answers the simple questions about all of them. What is
 * in a file is read by root.c and module.c, what it refers to is looked up by lookup.c.
 *
 * Invariant: the modules are by path in byte order, so an index is the same in every run. */
#include "contract/contract.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"
#include "contract/load.h"
#include "contract/read.h"

int contract_read_file(const char *root, struct str file, struct text *out, struct error *error)
{
	_cleanup_(text_release) struct text path = {0};
	struct error failure;
	text_addf(&path, "%s/%s", root, file.at);
	if (path.failed)
		return error_memory(error);
	if (file_read(path.at, CONTRACT_SIZE_LIMIT, out, &failure) == 0)
		return 0;
	return error_at(error, failure.code, file.at, 0, 0, "%s", failure.message);
}

/* ---- which files ---- */

static bool matches(struct str pattern, struct str folder)
{
	return str_equal(pattern, folder) || glob_match(pattern, folder);
}

/* Whether a pattern of `modules` matches; marks in `used` all that do. */
static bool is_listed(const struct contracts *contracts, struct str folder, bool *used)
{
	bool listed = false;
	for (size_t i = 0; i < contracts->module_patterns.count; i++) {
		if (matches(contracts->module_patterns.items[i].text, folder)) {
			used[i] = true;
			listed = true;
		}
	}
	return listed;
}

static void tell_unused(const struct contract_places *places, const struct words *patterns,
			const bool *used, struct arena *arena, struct error_list *errors)
{
	struct str *folders = NULL;
	for (size_t i = 0; i < patterns->count; i++) {
		if (used[i])
			continue;
		if (!folders)
			folders = arena_array(arena, places->module_file_count, sizeof *folders);
		for (size_t j = 0; folders && j < places->module_file_count; j++)
			folders[j] = path_folder(places->module_files[j]);
		const struct word *pattern = &patterns->items[i];
		char buffer[HINT_SIZE];
		error_list_at(errors, ERROR_NOT_FOUND, CONTRACT_ROOT_NAME, pattern->line,
			      pattern->column, "no folder that '%s' matches holds a %s%s",
			      pattern->text.at, CONTRACT_MODULE_NAME,
			      hint(buffer, pattern->text, folders,
				   folders ? places->module_file_count : 0));
	}
}

/* Sorts the files into those to be read, which it counts into `*count`, and errors. */
static struct str *choose_files(const struct contract_places *places, struct contracts *contracts,
				size_t *count, struct error_list *errors)
{
	struct arena *arena = &contracts->arena;
	bool *used = arena_array(arena, contracts->module_patterns.count, sizeof *used);
	struct str *files = arena_array(arena, places->module_file_count, sizeof *files);
	if (!used || !files)
		return NULL;
	for (size_t i = 0; i < places->module_file_count; i++) {
		struct str file = arena_str(arena, places->module_files[i]);
		if (!file.at)
			return NULL;
		if (is_listed(contracts, path_folder(file), used))
			files[(*count)++] = file;
		else
			error_list_at(errors, ERROR_INVALID, file.at, 1, 1,
				      "no pattern in 'modules' of %s matches the folder of this "
				      "file; add one, or exclude it",
				      CONTRACT_ROOT_NAME);
	}
	tell_unused(places, &contracts->module_patterns, used, arena, errors);
	return files;
}

/* ---- reading them ---- */

static int compare_modules(const void *left, const void *right)
{
	const struct module *a = left, *b = right;
	return str_compare(a->path, b->path);
}

static int read_modules(const char *root, const struct str *files, size_t count,
			struct contracts *contracts, struct error_list *errors, struct error *error)
{
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	contracts->modules = arena_array(&contracts->arena, count, sizeof *contracts->modules);
	if (!contracts->modules)
		return error_memory(error);
	for (size_t i = 0; i < count; i++) {
		if (contract_read_module(&parser, root, files[i], contracts, &contracts->arena,
					 &contracts->modules[i], errors, error) < 0)
			return -1;
		contracts->module_count++;
	}
	qsort(contracts->modules, count, sizeof *contracts->modules, compare_modules);
	return 0;
}

static int index_modules(struct contracts *contracts, struct error_list *errors,
			 struct error *error)
{
	for (uint32_t i = 0; i < contracts->module_count; i++) {
		const struct module *module = &contracts->modules[i];
		uint32_t first = map_get_or_put(&contracts->by_name, module->name, i);
		if (first == MAP_NONE)
			return error_memory(error);
		if (first == i)
			continue;
		const struct module *other = &contracts->modules[first];
		error_list_at(errors, ERROR_INVALID, module->file.at, module->line, module->column,
			      "the name '%s' is taken by %s:%u; choose another", module->name.at,
			      other->file.at, other->line);
	}
	return 0;
}

/* ---- the header's functions ---- */

enum severity contracts_severity(const struct contracts *contracts, enum rule_id rule,
				 uint32_t module)
{
	enum severity severity = SEVERITY_UNSET;
	if (module != MODULE_NONE)
		severity = contracts->modules[module].rules[rule];
	if (severity == SEVERITY_UNSET)
		severity = contracts->rules[rule];
	if (severity == SEVERITY_WARN && contracts_strict(contracts, module))
		severity = SEVERITY_ERROR;
	return severity;
}

bool contracts_strict(const struct contracts *contracts, uint32_t module)
{
	return contracts->strict || (module != MODULE_NONE && contracts->modules[module].strict);
}

uint32_t contracts_find(const struct contracts *contracts, struct str name)
{
	uint32_t module = map_get(&contracts->by_name, name);
	return module == MAP_NONE ? MODULE_NONE : module;
}

int contracts_load_modules(const char *root, const struct contract_places *places,
			   struct contracts *contracts, struct error_list *errors,
			   struct error *error)
{
	size_t count = 0;
	if (!contracts->found)
		return 0;
	struct str *files = choose_files(places, contracts, &count, errors);
	if (!files)
		return error_memory(error);
	if (count > CONTRACT_MODULE_LIMIT) {
		error_list_at(errors, ERROR_LIMIT, CONTRACT_ROOT_NAME, 1, 1,
			      "there are more than %d modules; the rest is left out",
			      CONTRACT_MODULE_LIMIT);
		count = CONTRACT_MODULE_LIMIT;
	}
	if (read_modules(root, files, count, contracts, errors, error) < 0 ||
	    index_modules(contracts, errors, error) < 0 ||
	    contract_look_up(root, places, contracts, errors, error) < 0)
		return -1;
	error_list_sort(errors);
	return contracts->arena.failed ? error_memory(error) : 0;
}

void contracts_release(struct contracts *contracts)
{
	map_release(&contracts->by_name);
	arena_release(&contracts->arena);
	*contracts = (struct contracts){0};
}
