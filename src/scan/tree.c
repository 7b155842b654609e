/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a tree and scans its source files on the way, while they are in the cache; then lays
 * everything out in one array. Knows no language and no contract.
 *
 * Each worker has an arena, a buffer and scratch facts of its own. What does not depend on
 * the workers' speed is the order: it comes from the walk. */
#include "scan/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/file.h"
#include "base/path.h"
#include "base/walk.h"
#include "scan/reader.h"

struct worker {
	struct arena arena;
	struct error_list problems;
	struct error_list remarks;
	struct facts scratch;
	struct reader reader;
	bool failed;
};

struct job {
	struct worker workers[CREW_LIMIT];
};

static void worker_release(struct worker *worker)
{
	arena_release(&worker->arena);
	error_list_clear(&worker->problems);
	error_list_clear(&worker->remarks);
	mem_free(worker->scratch.references);
	mem_free(worker->scratch.declarations);
	reader_release(&worker->reader);
}

/* ---- one file ---- */

static void write_path(const struct walk_folder *folder, struct text *out)
{
	const struct walk_folder *chain[WALK_DEPTH_LIMIT + 1];
	size_t depth = 0;
	for (; folder->parent && depth <= WALK_DEPTH_LIMIT; folder = folder->parent)
		chain[depth++] = folder;
	while (depth-- > 0) {
		text_add(out, (struct str){chain[depth]->name, chain[depth]->length});
		text_add_byte(out, '/');
	}
}

static void report(struct error_list *list, const struct walk_folder *folder,
		   const struct walk_file *file, enum error_code code, const char *what)
{
	_cleanup_(text_release) struct text path = {0};
	write_path(folder, &path);
	text_add(&path, (struct str){file->name, file->length});
	error_list_at(list, code, text_str(&path).at, 0, 0, "%s", what);
}

/* Moves what was found out of the scratch arrays, which are used again. */
static struct facts *keep_facts(struct worker *worker)
{
	struct facts *scratch = &worker->scratch;
	struct facts *facts = arena_alloc(&worker->arena, sizeof *facts);
	struct reference *references =
		arena_array(&worker->arena, scratch->reference_count, sizeof *references);
	struct declaration *declarations =
		arena_array(&worker->arena, scratch->declaration_count, sizeof *declarations);
	if (!facts || !references || !declarations || scratch->failed) {
		worker->failed = true;
		return NULL;
	}
	if (scratch->reference_count)
		memcpy(references, scratch->references,
		       scratch->reference_count * sizeof *references);
	if (scratch->declaration_count)
		memcpy(declarations, scratch->declarations,
		       scratch->declaration_count * sizeof *declarations);
	*facts = *scratch;
	facts->references = references;
	facts->declarations = declarations;
	facts->reference_capacity = facts->reference_count;
	facts->declaration_capacity = facts->declaration_count;
	return facts;
}

static void keep(struct worker *worker, const struct walk_folder *folder, struct walk_file *file)
{
	struct facts *facts = keep_facts(worker);
	file->data = facts;
	if (!facts)
		return;
	if (facts->not_utf8)
		report(&worker->remarks, folder, file, ERROR_SYNTAX,
		       "is not UTF-8; it was scanned as bytes");
	if (facts->reference_count >= FACTS_REFERENCE_LIMIT)
		report(&worker->problems, folder, file, ERROR_LIMIT,
		       "has over 100,000 references; the rest was left out");
}

static void visit(void *context, unsigned index, int folder_fd, const struct walk_folder *folder,
		  struct walk_file *file)
{
	struct worker *worker = &((struct job *)context)->workers[index];
	struct str name = {file->name, file->length};
	enum language language = language_of(name);
	if (language == LANGUAGE_NONE || file->is_link)
		return;
	_cleanup_(file_closep) int fd =
		file_open_at(folder_fd, file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd >= 0 &&
	    reader_scan(&worker->reader, fd, language, name, &worker->arena, &worker->scratch) == 0)
		keep(worker, folder, file);
	else if (errno == ENOMEM)
		worker->failed = true;
	else if (errno == EFBIG)
		report(&worker->problems, folder, file, ERROR_LIMIT,
		       "is larger than 16 MiB and was not scanned; exclude it if that is right");
	else if (errno == EILSEQ)
		report(&worker->problems, folder, file, ERROR_SYNTAX,
		       "is binary and was not scanned; exclude it if that is right");
	else
		report(&worker->problems, folder, file, ERROR_IO, strerror(errno));
}

/* ---- all of them, in order ---- */

static uint32_t count_entries(const struct walk_folder *folder)
{
	uint32_t count = 1 + folder->file_count;
	for (uint32_t i = 0; i < folder->folder_count; i++)
		count += count_entries(folder->folders[i]);
	return count;
}

static struct str join(struct tree *tree, struct str folder, struct str name)
{
	size_t length = folder.length + (folder.length > 0) + name.length;
	char *path = arena_alloc(&tree->arena, length + 1);
	if (!path)
		return (struct str){0};
	memcpy(path, folder.at, folder.length);
	if (folder.length > 0)
		path[folder.length] = '/';
	memcpy(path + length - name.length, name.at, name.length);
	return (struct str){path, length};
}

static bool add_entry(struct tree *tree, struct entry entry)
{
	tree->entries[tree->count] = entry;
	return entry.path.at && map_put(&tree->by_path, entry.path, tree->count++);
}

static bool add_file(struct tree *tree, uint32_t parent, const struct walk_file *file)
{
	struct facts *facts = file->data;
	struct entry entry = {
		.path = join(tree, tree->entries[parent].path,
			     (struct str){file->name, file->length}),
		.parent = parent,
		.end = tree->count + 1,
		.facts = facts,
	};
	if (facts) {
		entry.language = (uint8_t)language_of(entry.path);
		tree->file_count++;
		tree->line_count += facts->lines;
	}
	return add_entry(tree, entry);
}

/* Recursion is bounded by WALK_DEPTH_LIMIT. */
static bool add_folder(struct tree *tree, uint32_t parent, const struct walk_folder *folder)
{
	struct str name = {folder->name, folder->length};
	uint32_t self = tree->count;
	struct entry entry = {
		.path = parent == ENTRY_NONE ? STR("")
					     : join(tree, tree->entries[parent].path, name),
		.parent = parent,
		.is_folder = true,
	};
	if (!add_entry(tree, entry))
		return false;
	for (uint32_t i = 0; i < folder->file_count; i++)
		if (!add_file(tree, self, &folder->files[i]))
			return false;
	for (uint32_t i = 0; i < folder->folder_count; i++)
		if (!add_folder(tree, self, folder->folders[i]))
			return false;
	tree->entries[self].end = tree->count;
	return true;
}

static int lay_out(struct tree *tree, const struct walk *walk, struct error *error)
{
	uint32_t count = count_entries(walk->root);
	tree->entries = arena_array(&tree->arena, count, sizeof *tree->entries);
	if (!tree->entries || !map_reserve(&tree->by_path, count) ||
	    !add_folder(tree, ENTRY_NONE, walk->root))
		return error_memory(error);
	return 0;
}

static void move_errors(struct error_list *into, struct error_list *from)
{
	for (size_t i = 0; i < from->count; i++)
		error_list_add(into, &from->items[i]);
	into->dropped += from->dropped;
	error_list_clear(from);
}

/* Takes over what the workers found. Returns whether none ran out of memory. */
static bool gather(struct tree *tree, struct job *job, unsigned count)
{
	bool whole = true;
	for (unsigned i = 0; i < count; i++) {
		struct worker *worker = &job->workers[i];
		whole = whole && !worker->failed && !worker->arena.failed;
		arena_adopt(&tree->arena, &worker->arena);
		move_errors(&tree->problems, &worker->problems);
		move_errors(&tree->remarks, &worker->remarks);
		worker_release(worker);
	}
	error_list_sort(&tree->problems);
	error_list_sort(&tree->remarks);
	return whole;
}

int tree_scan(const char *root, const struct ignore_file *exclude, unsigned workers,
	      struct tree *out, struct error *error)
{
	_cleanup_(mem_freep) struct job *job = mem_alloc(sizeof *job);
	if (!job)
		return error_memory(error);
	_cleanup_(walk_release) struct walk walk = {0};
	struct walk_options options = {
		.root = root,
		.exclude = exclude,
		.workers = workers,
		.visit = visit,
		.context = job,
	};
	struct tree tree = {.root = root};
	int result = walk_run(&options, &walk, error);
	bool whole = gather(&tree, job, workers);
	if (result == 0 && !whole)
		result = error_memory(error);
	if (result == 0) {
		move_errors(&tree.problems, &walk.problems);
		error_list_sort(&tree.problems);
		tree.in_git = walk.in_git;
		result = lay_out(&tree, &walk, error);
	}
	if (result < 0) {
		tree_release(&tree);
		return result;
	}
	*out = tree;
	return 0;
}

void tree_release(struct tree *tree)
{
	map_release(&tree->by_path);
	error_list_clear(&tree->problems);
	error_list_clear(&tree->remarks);
	arena_release(&tree->arena);
	*tree = (struct tree){0};
}

uint32_t tree_find(const struct tree *tree, struct str path)
{
	uint32_t entry = map_get(&tree->by_path, path);
	return entry == MAP_NONE ? ENTRY_NONE : entry;
}

uint32_t tree_find_from(const struct tree *tree, struct str folder, struct str relative)
{
	char buffer[PATH_LIMIT];
	struct str path;
	return path_resolve(folder, relative, buffer, &path) ? tree_find(tree, path) : ENTRY_NONE;
}
