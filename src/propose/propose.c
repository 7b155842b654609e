/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts a tree into modules: the packages that its manifests declare, and the folders of what is
 * too large to be one. It looks at names and counts of files; manifests are read elsewhere.
 *
 * Invariant: `below` of a folder counts the source files at or below it that are in no package
 * further down and not aside; a piece is a folder that is to be a module with what is below it,
 * less what other pieces take. */
#include "propose/propose.h"

#include <stdlib.h>

#include "base/mem.h"
#include "propose/declared.h"
#include "propose/names.h"
#include "propose/shape.h"

enum {
	/* A piece with more than this share of all source files is opened. */
	DOMINANT_PERCENT = 33,
	/* With fewer pieces than this, those over the smaller share are opened too. */
	FEW_PIECES = 6,
	FEW_PERCENT = 20,
	/* One with fewer files is whole, unless it only holds folders. */
	OPEN_FILES = 20,
	/* A folder with less than one part in so many stays with the one above it, unless it has
	 * so many files. */
	PIECE_PART = 400,
	PIECE_FILES = 4,
	/* The largest so many folders of one that is opened become pieces of their own. */
	SIBLING_LIMIT = 40,
	/* Where a folder holds all but one part in so many, it is gone down into. */
	CHAIN_PART = 20,
};

struct piece {
	uint32_t folder;
	uint32_t files;
	bool whole; /* not to be opened */
};

struct pieces {
	struct piece *items;
	size_t count;
	size_t capacity;
};

struct cut {
	const struct tree *tree;
	uint8_t *asides;
	bool *packages;
	bool *holds_packages; /* some folder below it is one */
	uint32_t *below;
	uint32_t total;
	struct pieces pieces;  /* the modules to be */
	struct pieces scratch; /* folders of the one that is being opened */
	bool failed;           /* no memory */
};

static void cut_release(struct cut *cut)
{
	mem_free(cut->pieces.items);
	mem_free(cut->scratch.items);
}

static void add_piece(struct cut *cut, struct pieces *pieces, struct piece piece)
{
	if (mem_reserve(&pieces->items, &pieces->capacity, pieces->count + 1,
			sizeof *pieces->items))
		pieces->items[pieces->count++] = piece;
	else
		cut->failed = true;
}

/* ---- counting ---- */

/* Entries come before what is below them, so one pass from the back sums up. */
static void count_sources(struct cut *cut)
{
	const struct tree *tree = cut->tree;
	memset(cut->below, 0, tree->count * sizeof *cut->below);
	memset(cut->holds_packages, 0, tree->count * sizeof *cut->holds_packages);
	cut->total = 0;
	for (uint32_t i = tree->count; i-- > 0;) {
		const struct entry *entry = &tree->entries[i];
		if (!entry->is_folder)
			cut->below[i] = entry->facts && cut->asides[i] == ASIDE_NOT;
		if (i > 0)
			cut->holds_packages[entry->parent] |=
				cut->holds_packages[i] || (cut->packages[i] && cut->below[i] > 0);
		if (i == 0 || cut->packages[i])
			cut->total += cut->below[i];
		else
			cut->below[entry->parent] += cut->below[i];
	}
}

/* Fewer files in what is left of a folder, or at or below it, are no piece. Where it holds
 * packages, as the root does, all that is of none of them falls into it. */
static uint32_t least_files(const struct cut *cut, uint32_t folder)
{
	if (cut->holds_packages[folder])
		return cut->total / CHAIN_PART + 1;
	uint32_t part = (cut->total + PIECE_PART - 1) / PIECE_PART;
	return part < PIECE_FILES ? part : PIECE_FILES;
}

/* The next child of `folder` after `child` (or the first, for `folder` itself). */
static uint32_t next_child(const struct tree *tree, uint32_t folder, uint32_t child)
{
	uint32_t next = child == folder ? folder + 1 : tree->entries[child].end;
	return next < tree->entries[folder].end ? next : ENTRY_NONE;
}

struct shape {
	uint32_t folders; /* direct sub-folders with sources, but for packages */
	uint32_t files;   /* direct source files, but for formal ones */
	uint32_t formal;
};

static struct shape shape_of(const struct cut *cut, uint32_t folder)
{
	const struct tree *tree = cut->tree;
	struct shape shape = {0};
	for (uint32_t i = next_child(tree, folder, folder); i != ENTRY_NONE;
	     i = next_child(tree, folder, i)) {
		if (tree->entries[i].is_folder)
			shape.folders += cut->below[i] > 0 && !cut->packages[i];
		else if (shape_is_formal(tree->entries[i].path))
			shape.formal += cut->below[i];
		else
			shape.files += cut->below[i];
	}
	return shape;
}

/* ---- opening a piece ---- */

static int compare_sizes(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;
	if (a->files != b->files)
		return a->files > b->files ? -1 : 1;
	return a->folder < b->folder ? -1 : a->folder > b->folder;
}

/* Adds the rest of a folder, once `taken` files of it went elsewhere, as a piece. */
static void add_rest(struct cut *cut, struct pieces *pieces, uint32_t folder, uint32_t taken)
{
	uint32_t rest = cut->below[folder] - taken - shape_of(cut, folder).formal;
	/* At the root tests and all else would fall into it, so it must be worth it. */
	uint32_t least = folder == 0 ? cut->total / CHAIN_PART + 1 : least_files(cut, folder);
	if (rest >= least && pieces->count < PROPOSE_MODULE_LIMIT)
		add_piece(cut, pieces, (struct piece){folder, rest, true});
}

/* Adds the folders below one, with those of containers in their place; the depth of recursion
 * is that of containers in containers, bounded by WALK_DEPTH_LIMIT. Returns their files. */
static uint32_t gather(struct cut *cut, uint32_t folder)
{
	const struct tree *tree = cut->tree;
	uint32_t taken = 0;
	for (uint32_t i = next_child(tree, folder, folder); i != ENTRY_NONE;
	     i = next_child(tree, folder, i)) {
		if (!tree->entries[i].is_folder || cut->packages[i] ||
		    cut->below[i] < least_files(cut, i) || cut->below[i] == 0)
			continue;
		struct shape shape = shape_of(cut, i);
		taken += cut->below[i];
		if (shape_is_container(tree->entries[i].path) && shape.folders >= 2 &&
		    shape.files <= shape.folders)
			add_rest(cut, &cut->scratch, i, gather(cut, i));
		else
			add_piece(cut, &cut->scratch, (struct piece){i, cut->below[i], false});
	}
	return taken;
}

/* Leaves the largest in `scratch`. Returns the files in what is left out. */
static uint32_t keep_largest(struct cut *cut)
{
	uint32_t files = 0;
	if (cut->scratch.count > 1)
		if (cut->scratch.count > 1)
			qsort(cut->scratch.items, cut->scratch.count, sizeof(struct piece),
			      compare_sizes);
	for (; cut->scratch.count > SIBLING_LIMIT; cut->scratch.count--)
		files += cut->scratch.items[cut->scratch.count - 1].files;
	return files;
}

/* A chain of folders that cannot be divided, as one piece: the first below the root that is more
 * than a container, or else its end. */
static void add_chain(struct cut *cut, size_t before, uint32_t first, uint32_t end)
{
	bool passed = cut->pieces.count > before || first == 0 ||
		      shape_is_container(cut->tree->entries[first].path);
	uint32_t folder = passed ? end : first;
	if (cut->below[folder] >= least_files(cut, folder))
		add_piece(cut, &cut->scratch, (struct piece){folder, cut->below[folder], true});
}

/* Puts the folders below a piece into its place. Where one of them is nearly all of it, as in
 * src/main/java/org, that one is opened instead. Returns false, and changes nothing, when that
 * gives fewer pieces than `least`; of a chain that cannot be divided the end counts as one. */
static bool divide(struct cut *cut, uint32_t folder, size_t least)
{
	size_t before = cut->pieces.count;
	uint32_t first = 0;
	for (;;) {
		cut->scratch.count = 0;
		uint32_t taken = gather(cut, folder);
		taken -= keep_largest(cut);
		uint32_t rest = cut->below[folder] - taken;
		if (cut->scratch.count == 0) {
			add_chain(cut, before, first, folder);
			break;
		}
		add_rest(cut, &cut->pieces, folder, taken);
		if (cut->scratch.count > 1 || cut->scratch.items[0].whole ||
		    rest >= cut->below[folder] / CHAIN_PART + 1)
			break;
		folder = cut->scratch.items[0].folder;
		first = first ? first : folder;
	}
	for (size_t i = 0; i < cut->scratch.count; i++)
		add_piece(cut, &cut->pieces, cut->scratch.items[i]);
	bool divided = !cut->failed && cut->pieces.count >= before + least;
	if (!divided)
		cut->pieces.count = before;
	return divided;
}

/* ---- choosing ---- */

static bool is_too_large(const struct cut *cut, const struct piece *piece, bool few)
{
	uint64_t percent = (uint64_t)piece->files * 100 / (cut->total ? cut->total : 1);
	if (piece->whole || percent <= (few ? FEW_PERCENT : DOMINANT_PERCENT))
		return false;
	return piece->files >= OPEN_FILES ||
	       (!cut->packages[piece->folder] && shape_of(cut, piece->folder).files == 0);
}

/* Opens all pieces that are too large at the start of the round. Returns whether any was. */
static bool open_round(struct cut *cut)
{
	size_t count = cut->pieces.count, kept = 0;
	bool few = count < FEW_PIECES, opened = false;
	for (size_t i = 0; i < count && !cut->failed; i++) {
		struct piece piece = cut->pieces.items[i];
		bool room = cut->pieces.count + SIBLING_LIMIT < PROPOSE_MODULE_LIMIT;
		if (!room || !is_too_large(cut, &piece, few))
			continue;
		bool divided = divide(cut, piece.folder, 2);
		cut->pieces.items[i].whole = true;
		cut->pieces.items[i].files = divided ? 0 : piece.files;
		opened |= divided;
	}
	for (size_t i = 0; i < cut->pieces.count; i++)
		if (cut->pieces.items[i].files > 0)
			cut->pieces.items[kept++] = cut->pieces.items[i];
	cut->pieces.count = kept;
	return opened;
}

/* Packages are pieces. Where there are too many, the small ones fall to the folders that hold
 * them. */
static void add_packages(struct cut *cut)
{
	for (int round = 0; round < 2; round++) {
		cut->pieces.count = 0;
		count_sources(cut);
		for (uint32_t i = 1; i < cut->tree->count; i++)
			if (cut->packages[i] && cut->below[i] > 0)
				add_piece(cut, &cut->pieces,
					  (struct piece){i, cut->below[i], false});
		if (cut->pieces.count <= PROPOSE_PACKAGE_LIMIT)
			return;
		qsort(cut->pieces.items, cut->pieces.count, sizeof(struct piece), compare_sizes);
		for (size_t i = PROPOSE_PACKAGE_LIMIT; i < cut->pieces.count; i++)
			cut->packages[cut->pieces.items[i].folder] = false;
	}
}

/* The root is always opened. */
static void choose(struct cut *cut)
{
	add_packages(cut);
	if (cut->below[0] > 0)
		divide(cut, 0, 1);
	while (open_round(cut))
		;
}

/* Modules are kept by path in byte order. */
static int compare_folders(const void *left, const void *right, void *context)
{
	const struct piece *a = left, *b = right;
	const struct tree *tree = context;
	return str_compare(tree->entries[a->folder].path, tree->entries[b->folder].path);
}

static int fill(const struct cut *cut, struct contracts *contracts, struct error *error)
{
	size_t count = cut->pieces.count;
	contracts->modules = arena_array(&contracts->arena, count, sizeof(struct module));
	if (!contracts->modules)
		return error_memory(error);
	if (count > 1)
		qsort_r(cut->pieces.items, count, sizeof(struct piece), compare_folders,
			(void *)cut->tree);
	for (size_t i = 0; i < count; i++)
		contracts->modules[i].path = arena_str(
			&contracts->arena, cut->tree->entries[cut->pieces.items[i].folder].path);
	if (contracts->arena.failed || names_give(cut->tree->root, contracts, count) < 0)
		return error_memory(error);
	contracts->module_count = count;
	return 0;
}

int propose_modules(const struct tree *tree, struct contracts *contracts,
		    struct error_list *warnings, struct error *error)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(cut_release) struct cut cut = {
		.tree = tree,
		.asides = shape_asides(tree, &arena),
		.packages = arena_array(&arena, tree->count, sizeof(bool)),
		.holds_packages = arena_array(&arena, tree->count, sizeof(bool)),
		.below = arena_array(&arena, tree->count, sizeof(uint32_t)),
	};
	if (arena.failed)
		return error_memory(error);
	if (declared_find(tree, cut.asides, cut.packages, warnings, error) < 0)
		return -1;
	choose(&cut);
	if (cut.failed)
		return error_memory(error);
	return fill(&cut, contracts, error);
}
