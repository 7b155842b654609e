/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the contracts of the modules by the patterns in the root's, and reads them all, many at
 * once where there are many.
 *
 * Invariant: the modules are by path in byte order, so an index is the same in every run; and
 * so are the errors, however many workers there were. */
#include "contract/load.h"

#include <glob.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/crew.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "contract/read.h"

/* A thread costs as much as about this many files. */
enum { FILES_A_WORKER = 12 };

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

/* The patterns in `modules`: plain folders by name, the others one by one. */
struct patterns {
	const struct words *words;
	struct map plain;
	uint32_t *globs;
	uint32_t glob_count;
	bool *used;
};

static void patterns_release(struct patterns *patterns)
{
	map_release(&patterns->plain);
}

static int patterns_init(struct patterns *patterns, const struct words *words, struct arena *arena,
			 struct error_list *errors)
{
	*patterns = (struct patterns){.words = words};
	patterns->used = arena_array(arena, words->count, sizeof *patterns->used);
	patterns->globs = arena_array(arena, words->count, sizeof *patterns->globs);
	if (!patterns->used || !patterns->globs)
		return -1;
	for (uint32_t i = 0; i < words->count; i++) {
		const struct word *word = &words->items[i];
		if (!map_put(&patterns->plain, word->text, i))
			return -1;
		if (!glob_is_pattern(word->text))
			continue;
		if (patterns->glob_count < CONTRACT_PATTERN_LIMIT)
			patterns->globs[patterns->glob_count++] = i;
		else
			error_list_at(errors, ERROR_LIMIT, CONTRACT_ROOT_NAME, word->line,
				      word->column, "is past %d patterns, the most there may be",
				      CONTRACT_PATTERN_LIMIT);
	}
	return 0;
}

/* Whether a pattern matches; marks all that do as used. */
static bool is_listed(struct patterns *patterns, struct str folder)
{
	uint32_t plain = map_get(&patterns->plain, folder);
	bool listed = plain != MAP_NONE;
	if (listed)
		patterns->used[plain] = true;
	for (uint32_t i = 0; i < patterns->glob_count; i++) {
		uint32_t glob = patterns->globs[i];
		if (glob_match(patterns->words->items[glob].text, folder)) {
			patterns->used[glob] = true;
			listed = true;
		}
	}
	return listed;
}

/* Adds the path as a pattern of glob(3) that matches only it. */
static void add_escaped(struct text *pattern, const char *path)
{
	for (; *path; path++) {
		if (strchr("\\[]*?", *path))
			text_add_byte(pattern, '\\');
		text_add_byte(pattern, *path);
	}
}

/* A file that the pattern would find if git did not ignore it, relative to the root; empty when
 * there is none. "**" finds one folder here. */
static struct excerpt find_ignored(const char *root, struct str pattern, bool *failed)
{
	struct excerpt found = {""};
	_cleanup_(text_release) struct text whole = {0};
	glob_t paths = {0};
	add_escaped(&whole, root);
	text_addf(&whole, "/%.*s%s" CONTRACT_MODULE_NAME, STR_ARG(pattern),
		  pattern.length > 0 ? "/" : "");
	*failed |= whole.failed;
	if (!whole.failed && glob(whole.at, GLOB_NOSORT, NULL, &paths) == 0 && paths.gl_pathc > 0)
		found = excerpt_of(str_from(str_of(paths.gl_pathv[0]), strlen(root) + 1));
	globfree(&paths);
	return found;
}

static void tell_ignored(const struct word *word, const struct excerpt *file,
			 struct error_list *errors)
{
	error_list_at(errors, ERROR_NOT_FOUND, CONTRACT_ROOT_NAME, word->line, word->column,
		      "no folder that '%s' matches holds a %s that is seen: %s is there, but git "
		      "ignores it (`git check-ignore -v` says why), or 'exclude' leaves it out",
		      word->text.length > 0 ? excerpt_of(word->text).text : ".",
		      CONTRACT_MODULE_NAME, file->text);
}

/* Returns false without memory. */
static bool tell_unused(const char *root, const struct contract_places *places,
			const struct patterns *patterns, struct arena *arena,
			struct error_list *errors)
{
	struct str *folders = NULL;
	bool failed = false;
	for (size_t i = 0; i < patterns->words->count && errors->count < ERROR_LIST_LIMIT; i++) {
		const struct word *word = &patterns->words->items[i];
		char buffer[HINT_SIZE];
		if (patterns->used[i])
			continue;
		struct excerpt ignored = find_ignored(root, word->text, &failed);
		if (ignored.text[0]) {
			tell_ignored(word, &ignored, errors);
			continue;
		}
		if (!folders)
			folders = arena_array(arena, places->module_file_count, sizeof *folders);
		for (size_t j = 0; folders && j < places->module_file_count; j++)
			folders[j] = path_folder(places->module_files[j]);
		error_list_at(
			errors, ERROR_NOT_FOUND, CONTRACT_ROOT_NAME, word->line, word->column,
			"no folder that '%s' matches holds a %s%s",
			word->text.length > 0 ? excerpt_of(word->text).text : ".",
			CONTRACT_MODULE_NAME,
			hint(buffer, word->text, folders, folders ? places->module_file_count : 0));
	}
	return !failed;
}

/* Sorts the files into those to be read, which are counted in `*count`, and errors. */
static struct str *choose_files(const char *root, const struct contract_places *places,
				struct contracts *contracts, size_t *count,
				struct error_list *errors)
{
	struct arena *arena = &contracts->arena;
	_cleanup_(patterns_release) struct patterns patterns = {0};
	struct str *files = arena_array(arena, places->module_file_count, sizeof *files);
	if (patterns_init(&patterns, &contracts->module_patterns, arena, errors) < 0 || !files)
		return NULL;
	for (size_t i = 0; i < places->module_file_count; i++) {
		struct str file = arena_str(arena, places->module_files[i]);
		if (!file.at)
			return NULL;
		if (is_listed(&patterns, path_folder(file)))
			files[(*count)++] = file;
		else
			error_list_at(errors, ERROR_INVALID, file.at, 1, 1,
				      "no pattern in 'modules' of %s matches the folder of this "
				      "file; add one, or exclude it",
				      CONTRACT_ROOT_NAME);
	}
	return tell_unused(root, places, &patterns, arena, errors) ? files : NULL;
}

/* ---- reading them ---- */

struct worker {
	struct arena arena;
	struct error_list errors;
	bool failed;
};

struct job {
	const char *root;
	const struct contracts *contracts;
	const struct str *files;
	size_t count;
	struct module *modules; /* one for each file */
	atomic_size_t next;
	struct worker workers[CREW_LIMIT];
};

static void work(void *context, unsigned index)
{
	struct job *job = context;
	struct worker *worker = &job->workers[index];
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	struct error error;
	for (;;) {
		size_t i = atomic_fetch_add(&job->next, 1);
		if (i >= job->count)
			return;
		if (contract_read_module(&parser, job->root, job->files[i], job->contracts,
					 &worker->arena, &job->modules[i], &worker->errors,
					 &error) < 0)
			worker->failed = true;
	}
}

static void job_release(struct job *job)
{
	for (unsigned i = 0; i < CREW_LIMIT; i++) {
		arena_release(&job->workers[i].arena);
		error_list_clear(&job->workers[i].errors);
	}
}

/* Takes over what the workers made. Returns 1, and takes nothing, when there are more errors
 * than are kept: which are kept depends on the workers' speed then. */
static int gather(struct job *job, struct contracts *contracts, unsigned workers,
		  struct error_list *errors, struct error *error)
{
	size_t total = 0;
	for (unsigned i = 0; i < workers; i++) {
		if (job->workers[i].failed)
			return error_memory(error);
		total += job->workers[i].errors.count + job->workers[i].errors.dropped;
	}
	if (workers > 1 && total > ERROR_LIST_LIMIT)
		return 1;
	for (unsigned i = 0; i < workers; i++) {
		struct worker *worker = &job->workers[i];
		arena_adopt(&contracts->arena, &worker->arena);
		for (size_t j = 0; j < worker->errors.count; j++)
			error_list_add(errors, &worker->errors.items[j]);
		errors->dropped += worker->errors.dropped;
	}
	return 0;
}

static int read_with(unsigned workers, const char *root, const struct str *files, size_t count,
		     struct contracts *contracts, struct error_list *errors, struct error *error)
{
	_cleanup_(job_release) struct job job = {.root = root,
						 .contracts = contracts,
						 .files = files,
						 .count = count,
						 .modules = contracts->modules};
	crew_run(workers, work, &job);
	return gather(&job, contracts, workers, errors, error);
}

static int compare_modules(const void *left, const void *right)
{
	const struct module *a = left, *b = right;
	return str_compare(a->path, b->path);
}

static int read_files(const char *root, const struct str *files, size_t count,
		      struct contracts *contracts, struct error_list *errors, struct error *error)
{
	contracts->modules = arena_array(&contracts->arena, count, sizeof *contracts->modules);
	if (!contracts->modules)
		return error_memory(error);
	unsigned workers = crew_size();
	if (workers > count / FILES_A_WORKER + 1)
		workers = (unsigned)(count / FILES_A_WORKER + 1);
	int result = read_with(workers, root, files, count, contracts, errors, error);
	if (result > 0)
		result = read_with(1, root, files, count, contracts, errors, error);
	if (result < 0)
		return result;
	contracts->module_count = count;
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

int contract_read_modules(const char *root, const struct contract_places *places,
			  struct contracts *contracts, struct error_list *errors,
			  struct error *error)
{
	size_t count = 0;
	struct str *files = choose_files(root, places, contracts, &count, errors);
	if (!files)
		return error_memory(error);
	if (count > CONTRACT_MODULE_LIMIT) {
		error_list_at(errors, ERROR_LIMIT, CONTRACT_ROOT_NAME, 1, 1,
			      "there are more than %d modules; the rest is left out",
			      CONTRACT_MODULE_LIMIT);
		count = CONTRACT_MODULE_LIMIT;
	}
	if (read_files(root, files, count, contracts, errors, error) < 0)
		return -1;
	return index_modules(contracts, errors, error);
}
