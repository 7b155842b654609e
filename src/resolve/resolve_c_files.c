/* SPDX-License-Identifier: Apache-2.0 */
/* Finds files by the end of their path, and guesses which of several is meant. Must not know
 * references, flags, or what is standard.
 *
 * Invariant: a look-up costs one hash and at most C_CANDIDATE_LIMIT comparisons. */
#include "resolve/resolve_c_files.h"

#include "base/path.h"

static bool may_be_included(const struct entry *entry)
{
	return !entry->is_folder &&
	       (entry->language == LANGUAGE_C || entry->language == LANGUAGE_NONE);
}

/* Numbers the names: `number` of each entry, or MAP_NONE. */
static bool number_names(struct c_files *files, uint32_t *number)
{
	const struct tree *tree = files->tree;
	for (uint32_t i = 0; i < tree->count; i++) {
		number[i] = MAP_NONE;
		if (!may_be_included(&tree->entries[i]))
			continue;
		number[i] = map_get_or_put(&files->names, path_name(tree->entries[i].path),
					   (uint32_t)files->names.count);
		if (number[i] == MAP_NONE)
			return false;
	}
	return true;
}

/* A number that names share only by chance, so that most are told apart without a look at
 * them (FNV-1a). */
static uint32_t mark_of(struct str name)
{
	uint32_t mark = 2166136261u;
	for (size_t i = 0; i < name.length; i++)
		mark = (mark ^ (unsigned char)name.at[i]) * 16777619u;
	return mark;
}

/* Marks the folder of each file once for all its files, which are next to each other. */
static bool mark_folders(struct c_files *files)
{
	const struct tree *tree = files->tree;
	_cleanup_(mem_freep) uint32_t *of_folder = mem_alloc(tree->count * sizeof *of_folder);
	files->marks = mem_alloc((tree->count + 1) * sizeof *files->marks);
	if (!of_folder || !files->marks)
		return false;
	for (uint32_t i = 0; i < tree->count; i++)
		if (tree->entries[i].is_folder)
			of_folder[i] = mark_of(path_name(tree->entries[i].path));
	for (uint32_t i = 0; i < files->first[files->names.count]; i++)
		files->marks[i] = of_folder[tree->entries[files->entries[i]].parent];
	return true;
}

/* A counting sort; it keeps the order of the tree in each run. */
static bool sort_by_name(struct c_files *files, const uint32_t *number)
{
	uint32_t count = files->tree->count;
	size_t names = files->names.count;
	files->first = mem_alloc((names + 2) * sizeof *files->first);
	files->entries = mem_alloc((count + 1) * sizeof *files->entries);
	if (!files->first || !files->entries)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (number[i] != MAP_NONE)
			files->first[number[i] + 2]++;
	for (size_t i = 2; i < names + 2; i++)
		files->first[i] += files->first[i - 1];
	for (uint32_t i = 0; i < count; i++)
		if (number[i] != MAP_NONE)
			files->entries[files->first[number[i] + 1]++] = i;
	return true;
}

int c_files_init(struct c_files *out, const struct tree *tree, struct error *error)
{
	*out = (struct c_files){.tree = tree};
	_cleanup_(mem_freep) uint32_t *number = mem_alloc(tree->count * sizeof *number);
	if (!number || !number_names(out, number) || !sort_by_name(out, number) ||
	    !mark_folders(out))
		return error_memory(error);
	return 0;
}

void c_files_release(struct c_files *files)
{
	map_release(&files->names);
	mem_free(files->first);
	mem_free(files->entries);
	mem_free(files->marks);
	*files = (struct c_files){0};
}

/* ---- candidates ---- */

struct run {
	const uint32_t *first;
	const uint32_t *end;
};

/* Of a long run the part around `from`: what is near in the tree is near in its order. */
static struct run nearest_part(struct run run, uint32_t from)
{
	if (run.end - run.first <= C_CANDIDATE_LIMIT)
		return run;
	const uint32_t *low = run.first, *high = run.end;
	while (low < high) {
		const uint32_t *middle = low + (high - low) / 2;
		if (*middle < from)
			low = middle + 1;
		else
			high = middle;
	}
	const uint32_t *first =
		low - run.first > C_CANDIDATE_LIMIT / 2 ? low - C_CANDIDATE_LIMIT / 2 : run.first;
	if (run.end - first < C_CANDIDATE_LIMIT)
		first = run.end - C_CANDIDATE_LIMIT;
	return (struct run){first, first + C_CANDIDATE_LIMIT};
}

/* Whether the path, whose last element is that of the name, ends with all of it. */
static bool ends_with_path(struct str path, struct str name)
{
	return (path.length == name.length ||
		(path.length > name.length && path.at[path.length - name.length - 1] == '/')) &&
	       str_ends(path, name);
}

static uint32_t base_of(const struct tree *tree, uint32_t entry, struct str name)
{
	entry = tree->entries[entry].parent;
	for (size_t i = 0; i < name.length; i++)
		if (name.at[i] == '/')
			entry = tree->entries[entry].parent;
	return entry;
}

enum { MARKS = 8 };

/* Whether one of the next MARKS is the mark: without a branch, so compilers compare them all at
 * once. */
static bool has_mark(const uint32_t *marks, uint32_t mark)
{
	uint32_t found = 0;
	for (int i = 0; i < MARKS; i++)
		found |= marks[i] == mark;
	return found != 0;
}

void c_files_find(const struct c_files *files, uint32_t from, struct str name,
		  struct c_candidates *out)
{
	const struct tree *tree = files->tree;
	uint32_t number = map_get(&files->names, path_name(name));
	struct str folder = path_folder(name);
	uint32_t mark = mark_of(path_name(folder));
	out->count = 0;
	if (number == MAP_NONE)
		return;
	struct run run = {files->entries + files->first[number],
			  files->entries + files->first[number + 1]};
	run = nearest_part(run, from);
	const uint32_t *marks = files->marks + (run.first - files->entries);
	for (size_t i = 0, count = (size_t)(run.end - run.first); i < count; i++) {
		if (folder.length > 0 && i + MARKS <= count && !has_mark(marks + i, mark)) {
			i += MARKS - 1;
			continue;
		}
		if (folder.length > 0 && marks[i] != mark)
			continue;
		uint32_t entry = run.first[i];
		if (folder.length == 0 || ends_with_path(tree->entries[entry].path, name))
			out->items[out->count++] =
				(struct c_candidate){entry, base_of(tree, entry, name)};
	}
}

/* ---- guesses ---- */

/* How good a candidate is; the smaller the better. */
struct rank {
	unsigned class;
	unsigned distance; /* folders from the one of the including file up to the shared one */
	unsigned order;
};

enum { CLASS_ABOVE, CLASS_INCLUDE, CLASS_OTHER, CLASS_NONE };

/* The folders beside those above a file that are tried, in order; the first is the folder
 * itself. */
enum { ORDER_INCLUDE = 1 };
static const struct str BESIDE[] = {{"", 0}, {"include", 7}, {"src", 3}, {"inc", 3}};

/* Place of `name` in BESIDE, or its size. */
static unsigned order_beside(struct str name)
{
	unsigned order = ORDER_INCLUDE;
	while (order < sizeof BESIDE / sizeof *BESIDE && !str_equal(name, BESIDE[order]))
		order++;
	return order;
}

/* Steps up from `folder` to the first folder that holds `entry`. */
static unsigned distance_to(const struct tree *tree, uint32_t folder, uint32_t entry)
{
	unsigned distance = 0;
	for (; !tree_is_within(tree, entry, folder); folder = tree->entries[folder].parent)
		distance++;
	return distance;
}

static struct rank rank_of(const struct tree *tree, uint32_t folder, uint32_t base,
			   enum c_guess how)
{
	const struct entry *entry = &tree->entries[base];
	unsigned order = order_beside(path_name(entry->path));
	bool named = order < sizeof BESIDE / sizeof *BESIDE;
	bool own = base == folder && base != 0 && !named && how != C_GUESS_QUOTE;
	struct rank rank = {CLASS_OTHER, distance_to(tree, folder, base), order};
	if (tree_is_within(tree, folder, base) && !own) {
		rank.class = CLASS_ABOVE;
		rank.order = 0;
	} else if (named && tree_is_within(tree, folder, entry->parent)) {
		rank.class = CLASS_ABOVE;
	} else if (order == ORDER_INCLUDE) {
		rank.class = CLASS_INCLUDE;
	}
	if (how == C_GUESS_STANDARD && (rank.class != CLASS_ABOVE || order != ORDER_INCLUDE))
		rank.class = CLASS_NONE;
	return rank;
}

static int compare_ranks(struct rank a, struct rank b)
{
	if (a.class != b.class)
		return a.class < b.class ? -1 : 1;
	if (a.distance != b.distance)
		return a.distance < b.distance ? -1 : 1;
	if (a.class == CLASS_ABOVE && a.order != b.order)
		return a.order < b.order ? -1 : 1;
	return 0;
}

uint32_t c_files_guess(const struct c_files *files, uint32_t from,
		       const struct c_candidates *candidates, enum c_guess how)
{
	const struct tree *tree = files->tree;
	uint32_t folder = tree->entries[from].parent, best = ENTRY_NONE;
	struct rank best_rank = {.class = CLASS_NONE};
	if (candidates->count == 1 && how != C_GUESS_STANDARD)
		return candidates->items[0].entry == from ? ENTRY_NONE : candidates->items[0].entry;
	for (size_t i = 0; i < candidates->count; i++) {
		const struct c_candidate *candidate = &candidates->items[i];
		struct rank rank = rank_of(tree, folder, candidate->base, how);
		if (candidate->entry == from || rank.class == CLASS_NONE)
			continue;
		int order = compare_ranks(rank, best_rank);
		if (order < 0)
			best_rank = rank;
		if (order <= 0)
			best = order < 0 ? candidate->entry : ENTRY_NONE;
	}
	return best;
}
