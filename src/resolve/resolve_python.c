/* SPDX-License-Identifier: Apache-2.0 */
/* Says where Python's imports go. An absolute name is looked for in the roots above the file,
 * from the innermost outwards, as sys.path would have them; then in all other roots, the
 * nearest first. Reads no files; the index is not changed. */
#include "resolve/resolve_python.h"

#include "base/mem.h"
#include "base/path.h"

/* A file whose references are being resolved. */
struct importer {
	const struct python_index *index;
	const struct tree *tree;
	uint32_t file;
	uint32_t roots[PYTHON_ROOT_LIMIT]; /* above the file, innermost first */
	size_t root_count;
	char buffer[PYTHON_PATH_LIMIT];
};

static const struct entry *entry_of(const struct importer *importer, uint32_t entry)
{
	return &importer->tree->entries[entry];
}

static void find_roots(struct importer *importer)
{
	uint32_t folder = entry_of(importer, importer->file)->parent;
	importer->root_count = 0;
	while (folder != ENTRY_NONE && importer->root_count < PYTHON_ROOT_LIMIT) {
		if (importer->index->roles[folder] & (PYTHON_ROOT | PYTHON_SCRIPTS))
			importer->roots[importer->root_count++] = folder;
		folder = entry_of(importer, folder)->parent;
	}
}

/* The module at `path`, or the file that the last part of the path may be a name in (but not
 * for a module's own name, which `exact` asks for). ENTRY_NONE when there is none. */
static uint32_t find_module(const struct importer *importer, struct str path, bool exact)
{
	if (!path.at)
		return ENTRY_NONE;
	uint32_t entry = python_module(importer->index, path);
	if (entry != ENTRY_NONE || exact)
		return entry;
	entry = python_module(importer->index, path_folder(path));
	return entry == ENTRY_NONE || entry_of(importer, entry)->is_folder ? ENTRY_NONE : entry;
}

/* ---- relative names ---- */

static uint32_t find_relative(struct importer *importer, struct str name, bool exact)
{
	uint32_t folder = entry_of(importer, importer->file)->parent;
	for (name = str_from(name, 1); str_starts(name, STR(".")); name = str_from(name, 1)) {
		uint32_t above = entry_of(importer, folder)->parent;
		if (folder == 0)
			return ENTRY_NONE;
		unsigned role = importer->index->roles[above];
		bool is_root = above == 0 || ((role & PYTHON_ROOT) && !(role & PYTHON_GUESSED));
		if (is_root && !(role & PYTHON_PACKAGE))
			return ENTRY_NONE;
		folder = above;
	}
	struct str path = entry_of(importer, folder)->path;
	if (!str_equal(name, STR("*")))
		path = python_path(path, name, importer->buffer);
	return find_module(importer, path, exact || str_equal(name, STR("*")));
}

/* ---- absolute names ---- */

/* Whether a name may start at the module `first` in `root` for this file: not when the tree
 * itself names that module otherwise; and a script beside which nothing is a package means
 * somebody else's module by its own name. */
static bool may_start(const struct importer *importer, uint32_t root, uint32_t first)
{
	unsigned role = importer->index->roles[root];
	if ((role & PYTHON_ROOT) && !(role & PYTHON_GUESSED))
		return true;
	if (!(role & PYTHON_ROOT) && first == importer->file)
		return false;
	return !(importer->index->roles[python_owner(importer->tree, first)] & PYTHON_LONGER);
}

/* The name in a root above the file. *first_party tells whether the root has its first part. */
static uint32_t find_in_root(struct importer *importer, uint32_t root, struct str name,
			     size_t first_length, bool exact, bool *first_party, bool regular)
{
	struct str path = python_path(entry_of(importer, root)->path, name, importer->buffer);
	size_t length = path.length - name.length + first_length;
	uint32_t first = python_module(importer->index, str_first(path, length));
	if (first == ENTRY_NONE || !may_start(importer, root, first))
		return ENTRY_NONE;
	bool is_folder = entry_of(importer, first)->is_folder;
	if (is_folder && regular)
		return ENTRY_NONE;
	*first_party |= !is_folder || (importer->index->roles[first] & PYTHON_NAMESPACE);
	uint32_t entry = find_module(importer, path, exact);
	/* Nobody imports a namespace package for itself: the name is somebody else's. */
	return entry == first && is_folder && !*first_party ? ENTRY_NONE : entry;
}

static uint32_t find_above(struct importer *importer, struct str name, size_t first_length,
			   bool exact, bool *first_party, bool regular)
{
	for (size_t i = 0; i < importer->root_count; i++) {
		uint32_t entry = find_in_root(importer, importer->roots[i], name, first_length,
					      exact, first_party, regular);
		if (entry != ENTRY_NONE)
			return entry;
	}
	return ENTRY_NONE;
}

/* Whether the file may see what is in a root that is not above it. */
static bool is_in_reach(const struct importer *importer, uint32_t root)
{
	for (; root != 0; root = entry_of(importer, root)->parent)
		if (importer->index->roles[root] & PYTHON_ASIDE)
			return tree_is_within(importer->tree, importer->file, root);
	return true;
}

/* The innermost folder above the file that has one of the members; entries stand in the order
 * of the tree, so a member in it is next to where the file would stand. *at is the first. */
static uint32_t nearest_folder(const struct importer *importer, const uint32_t *members,
			       size_t count, size_t *at)
{
	size_t low = 0;
	size_t high = count;
	uint32_t folder = importer->file;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (members[middle] < importer->file)
			low = middle + 1;
		else
			high = middle;
	}
	while (!(low > 0 && tree_is_within(importer->tree, members[low - 1], folder)) &&
	       !(low < count && tree_is_within(importer->tree, members[low], folder)))
		folder = entry_of(importer, folder)->parent;
	for (*at = low; *at > 0 && low - *at < PYTHON_RIVAL_LIMIT && members[*at - 1] > folder;)
		--*at;
	return folder;
}

static unsigned depth_of(const struct tree *tree, uint32_t entry)
{
	unsigned depth = 0;
	for (; entry != 0; entry = tree->entries[entry].parent)
		depth++;
	return depth;
}

/* Of the modules that have a path from their roots: the nearest to the file, of equally near
 * ones the least deep. `parts` is how many parts the path has. */
static uint32_t find_spread(const struct importer *importer, struct str path, unsigned parts)
{
	uint32_t number = map_get(&importer->index->spread, path);
	if (number == MAP_NONE)
		return ENTRY_NONE;
	const struct python_group *group = &importer->index->groups[number];
	const uint32_t *members = importer->index->members + group->first;
	uint32_t best = ENTRY_NONE;
	unsigned best_depth = UINT32_MAX;
	size_t first;
	uint32_t folder = nearest_folder(importer, members, group->count, &first);
	for (size_t i = first; i < group->count && i - first < 2 * PYTHON_RIVAL_LIMIT; i++) {
		uint32_t root = python_owner(importer->tree, members[i]);
		unsigned depth = depth_of(importer->tree, members[i]);
		if (!tree_is_within(importer->tree, members[i], folder))
			break;
		for (unsigned part = 0; part < parts; part++)
			root = entry_of(importer, root)->parent;
		if (depth < best_depth && is_in_reach(importer, root)) {
			best = members[i];
			best_depth = depth;
		}
	}
	return best;
}

/* The name in roots that are not above the file. */
static uint32_t find_elsewhere(struct importer *importer, const struct python_top *top,
			       struct str name, size_t first_length, bool exact, bool *first_party)
{
	const struct tree *tree = importer->tree;
	if (top->root_count == 0)
		return ENTRY_NONE;
	if (top->root_count > 1) {
		struct str path = python_path(STR(""), name, importer->buffer);
		unsigned parts = 1;
		for (size_t i = 0; i < path.length; i++)
			parts += path.at[i] == '/';
		uint32_t entry = find_spread(importer, path, parts);
		if (entry != ENTRY_NONE || exact || parts == 1)
			return entry;
		entry = find_spread(importer, path_folder(path), parts - 1);
		bool is_folder = entry != ENTRY_NONE && tree->entries[entry].is_folder;
		return is_folder ? ENTRY_NONE : entry;
	}
	uint32_t root = tree->entries[python_owner(tree, top->root_place)].parent;
	if (!is_in_reach(importer, root))
		return ENTRY_NONE;
	return find_in_root(importer, root, name, first_length, exact, first_party, false);
}

static void set_foreign(struct reference *reference, const struct python_top *top,
			size_t first_length)
{
	reference->state = top && top->standard ? REFERENCE_STANDARD : REFERENCE_EXTERNAL;
	if (reference->state == REFERENCE_EXTERNAL)
		reference->package_length = (uint16_t)first_length;
}

static void resolve_absolute(struct importer *importer, struct reference *reference)
{
	struct str name = reference_target(reference);
	ptrdiff_t dot = str_find(name, '.');
	size_t first_length = dot < 0 ? name.length : (size_t)dot;
	const struct python_top *top = python_top(importer->index, str_first(name, first_length));
	if (!top || top->place_count == 0 || top->built_in) {
		set_foreign(reference, top, first_length);
		return;
	}
	bool exact = reference->kind == REFERENCE_DYNAMIC;
	bool first_party = false;
	if (str_ends(name, STR(".*"))) {
		name.length -= 2;
		exact = true;
	}
	uint32_t entry =
		find_above(importer, name, first_length, exact, &first_party, top->standard);
	if (entry == ENTRY_NONE && !top->standard)
		entry = find_elsewhere(importer, top, name, first_length, exact, &first_party);
	reference->resolved = entry;
	if (entry != ENTRY_NONE)
		reference->state = REFERENCE_INTERNAL;
	else if (!first_party)
		set_foreign(reference, top, first_length);
}

static void resolve_one(struct importer *importer, struct reference *reference)
{
	struct str name = reference_target(reference);
	if (name.length == 0 || name.at[0] == '*')
		return;
	if (name.at[0] != '.') {
		resolve_absolute(importer, reference);
		return;
	}
	reference->resolved = find_relative(importer, name, reference->kind == REFERENCE_DYNAMIC);
	if (reference->resolved != ENTRY_NONE)
		reference->state = REFERENCE_INTERNAL;
}

static int resolve(const void *state, const struct tree *tree, uint32_t file, struct error *error)
{
	struct facts *facts = tree->entries[file].facts;
	struct importer importer;
	(void)error;
	importer.index = state;
	importer.tree = tree;
	importer.file = file;
	find_roots(&importer);
	for (size_t i = 0; i < facts->reference_count; i++)
		resolve_one(&importer, &facts->references[i]);
	return 0;
}

static void release(void *state)
{
	if (state)
		python_index_release(state);
	mem_free(state);
}

static int prepare(struct tree *tree, const struct resolve_settings *settings, void **state,
		   struct error *error)
{
	struct python_index *index = mem_alloc(sizeof *index);
	if (!index)
		return error_memory(error);
	*state = index;
	return python_index_build(tree, settings, index, error);
}

const struct resolver resolver_python = {prepare, resolve, release};
