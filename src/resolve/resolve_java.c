/* SPDX-License-Identifier: Apache-2.0 */
/* Java: names of types to the files that declare them, by package. Simple names are looked
 * for in the file's own package, then in the packages that it imports with a star; what the
 * scanner tells of has no meaning in the file itself. Nothing is read but the index. */
#include "resolve/resolve_java.h"

#include "base/path.h"

/* ---- names ---- */

static bool is_capital(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

size_t java_package_length(struct str name)
{
	size_t last = 0;
	for (size_t part = 0; part < name.length;) {
		last = part ? part - 1 : 0;
		if (is_capital(name.at[part]) || name.at[part] == '*')
			break;
		const char *dot = memchr(name.at + part, '.', name.length - part);
		if (!dot)
			break;
		part = (size_t)(dot + 1 - name.at);
	}
	return last;
}

/* The part of a dotted name at `from`, up to a dot or the end. */
static struct str part_at(struct str name, size_t from)
{
	struct str rest = str_from(name, from);
	ptrdiff_t dot = str_find(rest, '.');
	return dot < 0 ? rest : str_first(rest, (size_t)dot);
}

static uint32_t package_number(struct java_file *file, struct str package)
{
	if (!file->asked.at || !str_equal(file->asked, package)) {
		file->asked = package;
		file->asked_number = java_index_package(file->index, package);
	}
	return file->asked_number;
}

static const struct java_group *type_behind(struct java_file *file, struct str name,
					    size_t package_end)
{
	uint32_t package = package_number(file, str_first(name, package_end));
	if (package == JAVA_NO_PACKAGE)
		return NULL;
	return java_index_type(file->index, package, part_at(name, package_end + 1));
}

const struct java_group *java_find_type(struct java_file *file, struct str name, size_t package_end)
{
	const struct java_group *group = type_behind(file, name, package_end);
	if (group || !file->index->odd_names)
		return group;
	for (size_t i = 0; i < name.length && !group; i++)
		if (name.at[i] == '.')
			group = type_behind(file, name, i);
	return group;
}

/* Whether the package, or one above it that has more than one part, is in the tree. */
static bool is_own_package(const struct java_index *index, struct str package)
{
	while (package.length > 0) {
		if (java_index_package(index, package) != JAVA_NO_PACKAGE)
			return true;
		ptrdiff_t dot = str_find_last(package, '.');
		package = str_first(package, dot < 0 ? 0 : (size_t)dot);
		if (str_find(package, '.') < 0)
			return false;
	}
	return false;
}

/* ---- verdicts ---- */

static void set_internal(struct reference *reference, uint32_t entry)
{
	reference->state = REFERENCE_INTERNAL;
	reference->resolved = entry;
}

/* A name of which the tree has no type. */
static void set_foreign(const struct java_file *file, struct reference *reference,
			size_t package_end)
{
	struct str name = reference_target(reference);
	if (java_is_standard(name)) {
		reference->state = REFERENCE_STANDARD;
	} else if (package_end > 0 && package_end <= UINT16_MAX &&
		   !is_own_package(file->index, str_first(name, package_end))) {
		reference->state = REFERENCE_EXTERNAL;
		reference->package_length = (uint16_t)package_end;
	}
}

/* Where a type of the tree is, seen from the file; ENTRY_NONE when the name is the JDK's and
 * only another module of the tree has a type of that name. */
static uint32_t choose(const struct java_file *file, const struct java_group *group,
		       struct str name)
{
	const struct java_index *index = file->index;
	uint32_t chosen = java_index_choose(index, file->tree, group, file->entry);
	const struct entry *entries = file->tree->entries;
	if (index->lang == JAVA_NO_PACKAGE && java_is_standard(name) &&
	    index->module_of[entries[chosen].parent] !=
		    index->module_of[entries[file->entry].parent])
		return ENTRY_NONE;
	return chosen;
}

/* ---- imports ---- */

static void resolve_type(struct java_file *file, struct reference *reference)
{
	struct str name = reference_target(reference);
	size_t package_end = java_package_length(name);
	const struct java_group *group = java_find_type(file, name, package_end);
	uint32_t chosen = group ? choose(file, group, name) : ENTRY_NONE;
	if (chosen != ENTRY_NONE)
		set_internal(reference, chosen);
	else
		set_foreign(file, reference, package_end);
}

static void resolve_module(const struct java_file *file, struct reference *reference)
{
	struct str name = reference_target(reference);
	uint32_t entry = map_get(&file->index->modules, name);
	if (entry != MAP_NONE) {
		set_internal(reference, entry);
	} else if (java_is_standard_module(name)) {
		reference->state = REFERENCE_STANDARD;
	} else if (name.length <= UINT16_MAX) {
		reference->state = REFERENCE_EXTERNAL;
		reference->package_length = (uint16_t)name.length;
	}
}

static void resolve_star(struct java_file *file, struct reference *reference)
{
	struct str name = reference_target(reference);
	struct str package = str_first(name, name.length - 2);
	uint32_t number = java_index_package(file->index, package);
	if (number == JAVA_NO_PACKAGE) {
		resolve_type(file, reference);
		return;
	}
	uint32_t chosen = choose(file, &file->index->package_table[number].folders, name);
	if (chosen == ENTRY_NONE) {
		set_foreign(file, reference, package.length);
		return;
	}
	if (file->star_count < JAVA_STAR_LIMIT)
		file->stars[file->star_count++] = number;
	set_internal(reference, chosen);
}

static void resolve_import(struct java_file *file, struct reference *reference)
{
	struct str name = reference_target(reference);
	if (str_ends(name, STR(".*"))) {
		resolve_star(file, reference);
		return;
	}
	resolve_type(file, reference);
	bool found = reference->state == REFERENCE_INTERNAL;
	if (!found && (file->is_module_info || map_get(&file->index->modules, name) != MAP_NONE))
		resolve_module(file, reference);
}

/* A name as Class.forName() takes it: "a.b.C$Nested". */
static void resolve_dynamic(struct java_file *file, struct reference *reference)
{
	uint32_t length = reference->target_length;
	ptrdiff_t dollar = str_find(reference_target(reference), '$');
	resolve_type(file, reference);
	if (reference->state == REFERENCE_INTERNAL || dollar <= 0)
		return;
	reference->state = REFERENCE_UNRESOLVED;
	reference->target_length = (uint32_t)dollar;
	resolve_type(file, reference);
	reference->target_length = length;
}

/* ---- names in the code ---- */

/* The type that a simple name means, or NULL. */
static const struct java_group *find_simple(const struct java_file *file, struct str name)
{
	const struct java_index *index = file->index;
	const struct java_group *group =
		java_index_type(index, index->package_of[file->entry], name);
	for (size_t i = 0; i < file->star_count && !group; i++)
		group = java_index_type(index, file->stars[i], name);
	if (!group && index->lang != JAVA_NO_PACKAGE)
		group = java_index_type(index, index->lang, name);
	return group;
}

/* Whether what was found may be meant: what has no package is not seen from other roots. */
static bool is_seen(const struct java_file *file, uint32_t entry)
{
	const struct java_index *index = file->index;
	return file->tree->entries[entry].facts->package.length > 0 ||
	       index->root_of[entry] == index->root_of[file->entry];
}

static void resolve_name(struct java_file *file, struct reference *reference)
{
	struct str name = reference_target(reference);
	bool simple = str_find(name, '.') < 0;
	const struct java_group *group =
		simple ? find_simple(file, name)
		       : java_find_type(file, name, java_package_length(name));
	uint32_t chosen = ENTRY_NONE;
	if (group && simple)
		chosen = java_index_choose(file->index, file->tree, group, file->entry);
	else if (group)
		chosen = choose(file, group, name);
	reference->state = REFERENCE_DROPPED;
	if (chosen == ENTRY_NONE || chosen == file->entry || !is_seen(file, chosen))
		return;
	if (!simple || !java_index_is_nested(file->index, name) ||
	    !java_inherits(file, reference->within, name))
		set_internal(reference, chosen);
}

/* ---- the resolver ---- */

static void release(void *state)
{
	if (state)
		java_index_release(state);
	mem_free(state);
}

static int prepare(struct tree *tree, const struct resolve_settings *settings, void **state,
		   struct error *error)
{
	struct java_index *index = mem_alloc(sizeof *index);
	if (!index)
		return error_memory(error);
	if (java_index_init(index, tree, settings->roots[LANGUAGE_JAVA],
			    settings->root_count[LANGUAGE_JAVA], error) < 0) {
		release(index);
		return -1;
	}
	*state = index;
	return 0;
}

static int resolve(const void *state, const struct tree *tree, uint32_t entry, struct error *error)
{
	(void)error;
	struct facts *facts = tree->entries[entry].facts;
	struct java_file file = {.index = state, .tree = tree, .entry = entry};
	file.is_module_info = file.index->package_of[entry] == JAVA_NO_PACKAGE;
	for (size_t i = 0; i < facts->reference_count; i++) {
		struct reference *reference = &facts->references[i];
		if (reference->kind == REFERENCE_IMPORT)
			resolve_import(&file, reference);
		else if (reference->kind == REFERENCE_DYNAMIC)
			resolve_dynamic(&file, reference);
		else
			resolve_name(&file, reference);
	}
	return 0;
}

const struct resolver resolver_java = {prepare, resolve, release};
