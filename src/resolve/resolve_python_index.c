/* SPDX-License-Identifier: Apache-2.0 */
/* The index of Python's modules in a tree. Two tables carry it: one from each module's path
 * in the tree to its file, and one from each first part of a name to the roots that have it;
 * so a name resolves by two look-ups, however many roots there are. */
#include "resolve/resolve_python.h"

#include "base/mem.h"
#include "base/path.h"

_Static_assert(MAP_NONE == ENTRY_NONE, "a module that is not there is no entry");

/* ---- what a file is ---- */

/* What goes before what when one folder has several of a name. */
enum rank {
	RANK_PACKAGE,
	RANK_BINARY,
	RANK_SOURCE,
	RANK_EXTENSION,
	RANK_STUB,
	RANK_FOLDER,
	RANK_NONE,
};

struct suffix {
	struct str text;
	enum rank rank;
};

#define SUFFIX(text, rank)                                                                         \
	{                                                                                          \
		{text, sizeof(text) - 1}, rank                                                     \
	}

static const struct suffix SUFFIXES[] = {
	SUFFIX("py", RANK_SOURCE),     SUFFIX("pyi", RANK_STUB),  SUFFIX("pyw", RANK_SOURCE),
	SUFFIX("pyx", RANK_EXTENSION), SUFFIX("so", RANK_BINARY), SUFFIX("pyd", RANK_BINARY),
	SUFFIX("pxd", RANK_STUB),
};

static const struct str PROJECT_FILES[] = {
	{"pyproject.toml", 14}, {"setup.py", 8}, {"setup.cfg", 9}, {"manage.py", 9}, {"Pipfile", 7},
};

/* Folders with code that nothing outside them imports from. */
static const struct str ASIDE[] = {
	{"test", 4},      {"tests", 5},       {"testing", 7}, {"testdata", 8}, {"fixtures", 8},
	{"doc", 3},       {"docs", 4},        {"example", 7}, {"examples", 8}, {"sample", 6},
	{"samples", 7},   {"demo", 4},        {"demos", 5},   {"tutorial", 8}, {"tutorials", 9},
	{"benchmark", 9}, {"benchmarks", 10},
};

static bool is_among(struct str name, const struct str *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

static struct str name_of(const struct tree *tree, uint32_t entry)
{
	const struct entry *file = &tree->entries[entry];
	size_t folder = file->parent == ENTRY_NONE ? 0 : tree->entries[file->parent].path.length;
	return str_from(file->path, folder + (folder > 0));
}

/* The rank of a file by its name, and the module's name: "a" of "a.py", "" of an __init__. */
static enum rank rank_of(struct str name, struct str *module)
{
	struct str extension = path_extension(name);
	enum rank rank = RANK_NONE;
	if (extension.length < 2 || extension.length > 3)
		return RANK_NONE;
	for (size_t i = 0; rank == RANK_NONE && i < sizeof SUFFIXES / sizeof *SUFFIXES; i++)
		if (str_equal(extension, SUFFIXES[i].text))
			rank = SUFFIXES[i].rank;
	if (rank == RANK_NONE)
		return RANK_NONE;
	*module = str_first(name, (size_t)str_find(name, '.'));
	if (!str_equal(*module, STR("__init__")))
		return rank;
	*module = str_first(name, 0);
	return rank == RANK_STUB ? RANK_STUB : RANK_PACKAGE;
}

/* The path of a module without extension or __init__, and its rank; RANK_NONE for what is
 * no module. */
static enum rank module_of(const struct tree *tree, const uint16_t *roles, uint32_t entry,
			   struct str *path)
{
	const struct entry *file = &tree->entries[entry];
	if (file->is_folder) {
		*path = file->path;
		bool is_namespace =
			(roles[entry] & (PYTHON_HOLDS | PYTHON_PACKAGE)) == PYTHON_HOLDS;
		return is_namespace && entry > 0 ? RANK_FOLDER : RANK_NONE;
	}
	struct str module;
	enum rank rank = rank_of(name_of(tree, entry), &module);
	if (rank == RANK_NONE)
		return RANK_NONE;
	*path = str_first(file->path, (size_t)(module.at + module.length - file->path.at));
	if (module.length == 0)
		*path = tree->entries[file->parent].path;
	return rank;
}

uint32_t python_owner(const struct tree *tree, uint32_t entry)
{
	if (tree->entries[entry].is_folder)
		return entry;
	bool is_package = str_starts(name_of(tree, entry), STR("__init__."));
	return is_package ? tree->entries[entry].parent : entry;
}

uint32_t python_module(const struct python_index *index, struct str path)
{
	uint32_t entry = map_get(&index->modules, path);
	/* A package's __init__ may be named like a module in it. */
	if (entry == ENTRY_NONE && str_ends(path, STR("/__init__")))
		entry = map_get(&index->modules, str_first(path, path.length - 9));
	return entry;
}

struct str python_path(struct str root, struct str name, char *buffer)
{
	size_t length = root.length + (root.length > 0);
	if (length + name.length > PYTHON_PATH_LIMIT)
		return (struct str){0};
	if (root.length > 0) {
		memcpy(buffer, root.at, root.length);
		buffer[root.length] = '/';
	}
	for (size_t i = 0; i < name.length; i++)
		buffer[length + i] = name.at[i] == '.' ? '/' : name.at[i];
	return (struct str){buffer, length + name.length};
}

/* ---- roles ---- */

static void mark_holders(const struct tree *tree, uint16_t *roles, uint32_t folder)
{
	while (folder != ENTRY_NONE && !(roles[folder] & PYTHON_HOLDS)) {
		roles[folder] |= PYTHON_HOLDS;
		folder = tree->entries[folder].parent;
	}
}

static void mark_file(const struct tree *tree, uint16_t *roles, uint32_t entry)
{
	uint32_t folder = tree->entries[entry].parent;
	struct str name = name_of(tree, entry);
	struct str module;
	if (is_among(name, PROJECT_FILES, sizeof PROJECT_FILES / sizeof *PROJECT_FILES))
		roles[folder] |= PYTHON_PROJECT;
	if (rank_of(name, &module) == RANK_NONE)
		return;
	roles[folder] |= module.length == 0 ? PYTHON_PACKAGE : PYTHON_LOOSE;
	mark_holders(tree, roles, folder);
}

/* What a folder is by what its parent is, which comes before it. */
static void mark_folder(const struct tree *tree, uint16_t *roles, uint32_t entry)
{
	uint32_t parent = tree->entries[entry].parent;
	if (!(roles[entry] & PYTHON_HOLDS))
		return;
	bool is_package = roles[entry] & PYTHON_PACKAGE;
	if (is_among(name_of(tree, entry), ASIDE, sizeof ASIDE / sizeof *ASIDE))
		roles[entry] |= PYTHON_ASIDE | PYTHON_IN_ASIDE;
	roles[entry] |= roles[parent] & PYTHON_IN_ASIDE;
	if (roles[parent] & (PYTHON_PACKAGE | PYTHON_INSIDE))
		roles[entry] |= PYTHON_INSIDE;
	if ((roles[entry] & PYTHON_PROJECT) && !is_package)
		roles[entry] |= PYTHON_ROOT;
	if ((parent == 0 || (roles[parent] & PYTHON_PROJECT)) && !is_package &&
	    str_equal(name_of(tree, entry), STR("src")))
		roles[entry] |= PYTHON_ROOT;
	if (is_package && !(roles[parent] & (PYTHON_PACKAGE | PYTHON_ROOT)))
		roles[parent] |= PYTHON_ROOT | PYTHON_GUESSED;
}

static void mark_scripts(uint16_t *roles, uint32_t entry)
{
	if ((roles[entry] & PYTHON_LOOSE) && !(roles[entry] & (PYTHON_PACKAGE | PYTHON_INSIDE)))
		roles[entry] |= PYTHON_SCRIPTS;
}

static void forget_roots(const struct tree *tree, uint16_t *roles)
{
	for (uint32_t i = 0; i < tree->count; i++)
		roles[i] &= (uint16_t) ~(PYTHON_ROOT | PYTHON_GUESSED);
}

static void set_roots(const struct tree *tree, const struct resolve_settings *settings,
		      uint16_t *roles)
{
	forget_roots(tree, roles);
	for (size_t i = 0; i < settings->root_count[LANGUAGE_PYTHON]; i++) {
		uint32_t folder =
			tree_find_from(tree, STR(""), settings->roots[LANGUAGE_PYTHON][i]);
		if (folder != ENTRY_NONE && tree->entries[folder].is_folder)
			roles[folder] |= PYTHON_ROOT;
	}
}

static void mark_all(const struct tree *tree, const struct resolve_settings *settings,
		     uint16_t *roles)
{
	for (uint32_t i = 1; i < tree->count; i++)
		if (!tree->entries[i].is_folder)
			mark_file(tree, roles, i);
	roles[0] |= PYTHON_ROOT;
	for (uint32_t i = 1; i < tree->count; i++)
		if (tree->entries[i].is_folder)
			mark_folder(tree, roles, i);
	for (uint32_t i = 0; i < tree->count; i++)
		mark_scripts(roles, i);
	if (settings->root_count[LANGUAGE_PYTHON] > 0)
		set_roots(tree, settings, roles);
}

/* ---- modules and the names that start at roots ---- */

static bool put_module(struct python_index *index, const struct tree *tree, struct str path,
		       uint32_t entry, enum rank rank)
{
	uint32_t known = map_get_or_put(&index->modules, path, entry);
	if (known == MAP_NONE)
		return false;
	struct str same;
	if (known != entry && rank < module_of(tree, index->roles, known, &same))
		return map_put(&index->modules, path, entry);
	return true;
}

static struct python_top *find_or_add_top(struct python_index *index, struct str name)
{
	uint32_t number = map_get_or_put(&index->names, name, (uint32_t)index->top_count);
	if (number == MAP_NONE)
		return NULL;
	if (number < index->top_count)
		return &index->tops[number];
	if (!mem_reserve(&index->tops, &index->top_capacity, index->top_count + 1,
			 sizeof *index->tops))
		return NULL;
	index->tops[index->top_count] = (struct python_top){0};
	return &index->tops[index->top_count++];
}

/* Notes a module that is directly in a root. The same module may have several files. */
static bool put_top(struct python_index *index, const struct tree *tree, uint32_t entry,
		    enum rank rank)
{
	uint32_t owner = python_owner(tree, entry);
	uint32_t folder = owner == 0 ? ENTRY_NONE : tree->entries[owner].parent;
	if (folder == ENTRY_NONE || !(index->roles[folder] & (PYTHON_ROOT | PYTHON_SCRIPTS)))
		return true;
	struct str name = name_of(tree, owner);
	ptrdiff_t dot = tree->entries[owner].is_folder ? -1 : str_find(name, '.');
	struct python_top *top =
		find_or_add_top(index, dot < 0 ? name : str_first(name, (size_t)dot));
	if (!top)
		return false;
	/* A stub at the top stands for a third party's module: only those beside it mean it. */
	bool in_root = (index->roles[folder] & PYTHON_ROOT) && rank != RANK_STUB;
	top->place_count++;
	top->root_count += in_root;
	if (in_root)
		top->root_place = entry;
	top->has_namespace |= rank == RANK_FOLDER;
	return true;
}

static int put_standard(struct python_index *index, struct error *error)
{
	for (size_t i = 0; i < python_standard_count; i++) {
		const char *name = python_standard[i];
		bool built_in = *name == '!';
		struct python_top *top = find_or_add_top(index, str_of(name + built_in));
		if (!top)
			return error_memory(error);
		top->standard = true;
		top->built_in = built_in;
	}
	return 0;
}

static int put_all(struct python_index *index, const struct tree *tree, struct error *error)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		struct str path;
		enum rank rank = module_of(tree, index->roles, i, &path);
		if (rank == RANK_NONE)
			continue;
		if (!put_module(index, tree, path, i, rank) || !put_top(index, tree, i, rank))
			return error_memory(error);
	}
	return put_standard(index, error);
}

/* ---- names with several roots ---- */

struct member {
	uint32_t group;
	uint32_t entry;
};

struct members {
	struct member *items;
	size_t count;
	size_t capacity;
	uint32_t group_count;
};

static void members_release(struct members *members)
{
	mem_free(members->items);
}

static bool is_spread(const struct python_index *index, struct str path)
{
	ptrdiff_t slash = str_find(path, '/');
	const struct python_top *top =
		python_top(index, slash < 0 ? path : str_first(path, (size_t)slash));
	return top && top->root_count > 1;
}

/* Adds the module at `path` once for each root above it that shares its first part. */
static bool add_members(struct python_index *index, const struct tree *tree, struct str path,
			uint32_t entry, struct members *members)
{
	uint32_t folder = python_owner(tree, entry);
	unsigned roots = 0;
	while (folder != 0 && roots < PYTHON_ROOT_LIMIT) {
		folder = tree->entries[folder].parent;
		if (!(index->roles[folder] & PYTHON_ROOT))
			continue;
		roots++;
		size_t root_length = tree->entries[folder].path.length;
		struct str name = str_from(path, root_length + (root_length > 0));
		if (!is_spread(index, name))
			continue;
		uint32_t group = map_get_or_put(&index->spread, name, members->group_count);
		if (group == MAP_NONE || !mem_reserve(&members->items, &members->capacity,
						      members->count + 1, sizeof *members->items))
			return false;
		members->group_count += group == members->group_count;
		members->items[members->count++] = (struct member){group, entry};
	}
	return true;
}

/* Lays the members out by group; within a group they stay in the order of the tree. */
static bool lay_out(struct python_index *index, const struct members *members)
{
	index->groups = arena_array(&index->arena, members->group_count + 1, sizeof *index->groups);
	index->members = arena_array(&index->arena, members->count + 1, sizeof *index->members);
	if (!index->groups || !index->members)
		return false;
	for (size_t i = 0; i < members->count; i++)
		index->groups[members->items[i].group].count++;
	uint32_t first = 0;
	for (uint32_t i = 0; i < members->group_count; i++) {
		index->groups[i].first = first;
		first += index->groups[i].count;
		index->groups[i].count = 0;
	}
	for (size_t i = 0; i < members->count; i++) {
		struct python_group *group = &index->groups[members->items[i].group];
		index->members[group->first + group->count++] = members->items[i].entry;
	}
	return true;
}

static int spread_all(struct python_index *index, const struct tree *tree, struct error *error)
{
	_cleanup_(members_release) struct members members = {0};
	bool any = false;
	for (size_t i = 0; i < index->top_count; i++)
		any |= index->tops[i].root_count > 1;
	for (uint32_t i = 0; any && i < tree->count; i++) {
		struct str path;
		if (module_of(tree, index->roles, i, &path) == RANK_NONE ||
		    python_module(index, path) != i)
			continue;
		if (!add_members(index, tree, path, i, &members))
			return error_memory(error);
	}
	return lay_out(index, &members) ? 0 : error_memory(error);
}

/* ---- how the tree itself names its modules ---- */

/* Notes that the folders on the way to a module of `depth` parts are packages, and that what
 * is in a guessed root among them is not named from there; but among tests both are usual. */
static void note_path(struct python_index *index, const struct tree *tree, uint32_t entry,
		      size_t depth)
{
	uint32_t at = python_owner(tree, entry);
	for (; depth > 1 && at != 0; depth--) {
		uint32_t folder = tree->entries[at].parent;
		uint16_t role = index->roles[folder];
		if (role & PYTHON_IN_ASIDE)
			break;
		if (!(role & PYTHON_PACKAGE)) {
			index->roles[folder] |= PYTHON_NAMESPACE;
			if (role & (PYTHON_GUESSED | PYTHON_SCRIPTS))
				index->roles[at] |= PYTHON_LONGER;
		}
		at = folder;
	}
}

static size_t count_parts(struct str path)
{
	size_t parts = 1;
	for (size_t i = 0; i < path.length; i++)
		parts += path.at[i] == '/';
	return parts;
}

/* Notes all modules that have this path from their roots. */
static bool note_group(struct python_index *index, const struct tree *tree, struct str path)
{
	uint32_t number = map_get(&index->spread, path);
	if (number == MAP_NONE)
		return false;
	struct python_group *group = &index->groups[number];
	for (uint32_t i = 0; i < group->count && !group->noted; i++)
		note_path(index, tree, index->members[group->first + i], count_parts(path));
	group->noted = true;
	return true;
}

static bool note_module(struct python_index *index, const struct tree *tree, struct str path,
			size_t root_length)
{
	uint32_t entry = python_module(index, path);
	if (entry == ENTRY_NONE)
		return false;
	note_path(index, tree, entry, count_parts(str_from(path, root_length)));
	return true;
}

static void note_reference(struct python_index *index, const struct tree *tree, struct str name)
{
	char buffer[PYTHON_PATH_LIMIT];
	ptrdiff_t dot = str_find(name, '.');
	if (dot <= 0)
		return;
	const struct python_top *top = python_top(index, str_first(name, (size_t)dot));
	if (!top || !top->has_namespace || top->root_count == 0)
		return;
	if (top->root_count > 1) {
		struct str path = python_path(STR(""), name, buffer);
		if (path.at && !note_group(index, tree, path))
			note_group(index, tree, path_folder(path));
		return;
	}
	uint32_t root = tree->entries[python_owner(tree, top->root_place)].parent;
	size_t root_length = tree->entries[root].path.length;
	struct str path = python_path(tree->entries[root].path, name, buffer);
	root_length += root_length > 0;
	if (path.at && !note_module(index, tree, path, root_length))
		note_module(index, tree, path_folder(path), root_length);
}

static void note_all(struct python_index *index, const struct tree *tree)
{
	bool any = false;
	for (size_t i = 0; i < index->top_count; i++)
		any |= index->tops[i].has_namespace;
	for (uint32_t i = 0; any && i < tree->count; i++) {
		const struct facts *facts = tree->entries[i].facts;
		if (!facts || tree->entries[i].language != LANGUAGE_PYTHON)
			continue;
		for (size_t j = 0; j < facts->reference_count; j++)
			note_reference(index, tree, reference_target(&facts->references[j]));
	}
}

int python_index_build(const struct tree *tree, const struct resolve_settings *settings,
		       struct python_index *out, struct error *error)
{
	out->roles = arena_array(&out->arena, tree->count, sizeof *out->roles);
	if (!out->roles)
		return error_memory(error);
	mark_all(tree, settings, out->roles);
	if (put_all(out, tree, error) < 0 || spread_all(out, tree, error) < 0)
		return -1;
	note_all(out, tree);
	return 0;
}

void python_index_release(struct python_index *index)
{
	map_release(&index->modules);
	map_release(&index->names);
	map_release(&index->spread);
	mem_free(index->tops);
	arena_release(&index->arena);
}
