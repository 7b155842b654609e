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

/* Whether a name may start at the module `first` in `root` for this file. */
static bool may_start(const struct importer *importer, uint32_t root, uint32_t first)
{
	uint32_t owner = python_owner(importer->tree, first);
	unsigned role = importer->index->roles[root];
	bool certain = (role & PYTHON_ROOT) && !(role & PYTHON_GUESSED);
	if (certain)
		return true;
	return !(importer->index->roles[owner] & PYTHON_LONGER) && first != importer->file;
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

/* The deepest folder that is above both entries. */
static uint32_t common_folder(const struct tree *tree, uint32_t a, uint32_t b)
{
	while (!tree_is_within(tree, b, a))
		a = tree->entries[a].parent;
	return a;
}

/* Of the modules in a group the one nearest to the file: entries stand in the order of the
 * tree, so it is the one before or the one after the file. */
static uint32_t nearest(const struct importer *importer, const struct python_group *group)
{
	const uint32_t *members = importer->index->members + group->first;
	size_t low = 0;
	size_t high = group->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (members[middle] < importer->file)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return members[0];
	if (low == group->count)
		return members[low - 1];
	uint32_t before = common_folder(importer->tree, importer->file, members[low - 1]);
	uint32_t after = common_folder(importer->tree, importer->file, members[low]);
	return after > before ? members[low] : members[low - 1];
}

static uint32_t find_spread(struct importer *importer, struct str path)
{
	uint32_t number = map_get(&importer->index->spread, path);
	return number == MAP_NONE ? ENTRY_NONE
				  : nearest(importer, &importer->index->groups[number]);
}

/* The name in roots that are not above the file. */
static uint32_t find_elsewhere(struct importer *importer, const struct python_top *top,
			       struct str name, bool exact, bool *first_party)
{
	const struct tree *tree = importer->tree;
	if (top->root_count == 0)
		return ENTRY_NONE;
	if (top->root_count > 1) {
		struct str path = python_path(STR(""), name, importer->buffer);
		*first_party = true;
		uint32_t entry = find_spread(importer, path);
		if (entry != ENTRY_NONE || exact)
			return entry;
		entry = find_spread(importer, path_folder(path));
		bool is_folder = entry != ENTRY_NONE && tree->entries[entry].is_folder;
		return is_folder ? ENTRY_NONE : entry;
	}
	uint32_t root = tree->entries[python_owner(tree, top->root_place)].parent;
	return find_in_root(importer, root, name, (size_t)str_find(name, '.'), exact, first_party,
			    false);
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
	if (!top || top->place_count == 0) {
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
		entry = find_elsewhere(importer, top, name, exact, &first_party);
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
