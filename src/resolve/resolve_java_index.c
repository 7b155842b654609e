/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes the Java types of a tree by package and name. A file's package clause says where
 * its types are, not its path; the path only says which source root it is in. Members of a
 * group are in the order of the tree, where all that is in one folder is one range. */
#include "resolve/resolve_java.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/path.h"

enum { SLOTS_FIRST = 1024, NEAR_LIMIT = 64 };

/* ---- types by package and name ---- */

static uint32_t hash_of(uint32_t package, struct str name)
{
	uint64_t hash = XXH3_64bits(name.at, name.length) ^ package * 0x9E3779B97F4A7C15U;
	return (uint32_t)(hash ^ hash >> 32);
}

/* The slot of the type, or the empty one where it would go. */
static struct java_slot *find_slot(const struct java_index *index, uint32_t hash, uint32_t package,
				   struct str name)
{
	for (size_t at = hash & index->mask;; at = (at + 1) & index->mask) {
		struct java_slot *slot = &index->slots[at];
		if (slot->group == 0)
			return slot;
		if (slot->hash != hash)
			continue;
		const struct java_group *group = &index->groups[slot->group - 1];
		if (group->package == package && str_equal(group->name, name))
			return slot;
	}
}

static bool grow_slots(struct java_index *index)
{
	struct java_index wider = *index;
	size_t count = index->slots ? (index->mask + 1) * 2 : SLOTS_FIRST;
	wider.slots = mem_alloc(count * sizeof *wider.slots);
	if (!wider.slots)
		return false;
	wider.mask = count - 1;
	for (size_t i = 0; index->slots && i <= index->mask; i++) {
		struct java_slot slot = index->slots[i];
		size_t at = slot.hash & wider.mask;
		while (slot.group && wider.slots[at].group)
			at = (at + 1) & wider.mask;
		if (slot.group)
			wider.slots[at] = slot;
	}
	mem_free(index->slots);
	*index = wider;
	return true;
}

static bool count_type(struct java_index *index, uint32_t package, struct str name)
{
	if ((!index->slots || index->group_count >= (index->mask + 1) / 2) && !grow_slots(index))
		return false;
	uint32_t hash = hash_of(package, name);
	struct java_slot *slot = find_slot(index, hash, package, name);
	if (slot->group == 0) {
		if (!mem_reserve(&index->groups, &index->group_capacity, index->group_count + 1,
				 sizeof *index->groups))
			return false;
		index->groups[index->group_count] = (struct java_group){name, package, 0, 0};
		*slot = (struct java_slot){hash, (uint32_t)++index->group_count};
	}
	index->groups[slot->group - 1].count++;
	return true;
}

const struct java_group *java_index_type(const struct java_index *index, uint32_t package,
					 struct str name)
{
	if (!index->slots)
		return NULL;
	const struct java_slot *slot = find_slot(index, hash_of(package, name), package, name);
	return slot->group ? &index->groups[slot->group - 1] : NULL;
}

/* The same for a type that is known to be there. */
static struct java_group *group_of(struct java_index *index, uint32_t package, struct str name)
{
	uint32_t hash = hash_of(package, name);
	return &index->groups[find_slot(index, hash, package, name)->group - 1];
}

/* ---- types in types ---- */

static uint32_t nested_bit(struct str name)
{
	return hash_of(0, name) >> (32 - JAVA_NESTED_BITS);
}

bool java_index_is_nested(const struct java_index *index, struct str name)
{
	uint32_t bit = nested_bit(name);
	return (index->nested[bit / 64] >> bit % 64 & 1) != 0;
}

/* ---- packages ---- */

uint32_t java_index_package(const struct java_index *index, struct str name)
{
	return map_get(&index->packages, name);
}

/* The number of the package, new or not; JAVA_NO_PACKAGE without memory. */
static uint32_t add_package(struct java_index *index, struct str name)
{
	uint32_t number = map_get_or_put(&index->packages, name, (uint32_t)index->package_count);
	if (number != index->package_count)
		return number;
	if (!mem_reserve(&index->package_table, &index->package_capacity, index->package_count + 1,
			 sizeof *index->package_table))
		return JAVA_NO_PACKAGE;
	index->package_table[index->package_count++] = (struct java_package){
		.folders = {.name = name, .package = number},
		.last_folder = ENTRY_NONE,
	};
	return number;
}

static bool is_capital(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool has_capital_part(struct str package)
{
	for (size_t i = 0; i < package.length; i++)
		if (is_capital(package.at[i]) && (i == 0 || package.at[i - 1] == '.'))
			return true;
	return false;
}

/* ---- files ---- */

static bool is_build_file(struct str path)
{
	static const struct str NAMES[] = {
		{"pom.xml", 7},
		{"build.gradle", 12},
		{"build.gradle.kts", 16},
	};
	char last = path.at[path.length - 1];
	if (last != 'l' && last != 'e' && last != 's')
		return false;
	struct str name = path_name(path);
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (str_equal(name, NAMES[i]))
			return true;
	return false;
}

static bool is_module_info(const struct tree *tree, uint32_t file)
{
	return str_equal(path_name(tree->entries[file].path), STR("module-info.java"));
}

/* The number of the innermost root that the user names around an entry; their count when
 * there is none. */
static size_t named_root_of(const struct java_index *index, const struct tree *tree, uint32_t entry)
{
	size_t best = index->named_root_count;
	for (size_t i = 0; i < index->named_root_count; i++)
		if (tree_is_within(tree, entry, index->named_roots[i]) &&
		    (best == index->named_root_count ||
		     index->named_roots[i] > index->named_roots[best]))
			best = i;
	return best;
}

/* The folder where the package of a file starts: a root that the user names, or as many
 * folders above the file as the package has parts, if they are called so; else the file's own
 * folder. What has no package is only seen in its own folder. */
static uint32_t find_root(const struct java_index *index, const struct tree *tree, uint32_t file,
			  struct str package)
{
	uint32_t folder = tree->entries[file].parent;
	size_t named = named_root_of(index, tree, file);
	if (package.length > 0 && named < index->named_root_count)
		return index->named_roots[named];
	while (package.length > 0) {
		ptrdiff_t dot = str_find_last(package, '.');
		struct str part = str_from(package, (size_t)(dot + 1));
		if (folder == 0 || !str_equal(path_name(tree->entries[folder].path), part))
			return tree->entries[file].parent;
		folder = tree->entries[folder].parent;
		package = str_first(package, dot < 0 ? 0 : (size_t)dot);
	}
	return folder;
}

static bool count_declaration(struct java_index *index, uint32_t package,
			      const struct declaration *declaration)
{
	struct str name = declaration->name;
	if (declaration->kind == DECLARES_FOR_ALL) {
		index->odd_names |= name.length > 0 && !is_capital(name.at[0]);
		return count_type(index, package, name);
	}
	if (declaration->kind == DECLARES_MEMBER || declaration->kind == DECLARES_NEAR_MEMBER) {
		uint32_t bit = nested_bit(name);
		index->nested[bit / 64] |= (uint64_t)1 << bit % 64;
	}
	return true;
}

static bool count_file(struct java_index *index, const struct tree *tree, uint32_t file,
		       uint32_t before)
{
	const struct facts *facts = tree->entries[file].facts;
	uint32_t folder = tree->entries[file].parent;
	bool same = before != ENTRY_NONE && tree->entries[before].parent == folder &&
		    str_equal(tree->entries[before].facts->package, facts->package);
	uint32_t number = same ? index->package_of[before] : add_package(index, facts->package);
	if (number == JAVA_NO_PACKAGE)
		return false;
	index->package_of[file] = number;
	index->root_of[file] =
		same ? index->root_of[before] : find_root(index, tree, file, facts->package);
	if (!same)
		index->odd_names |= has_capital_part(facts->package);
	struct java_package *package = &index->package_table[number];
	if (package->last_folder != folder)
		package->folders.count++;
	package->last_folder = folder;
	for (size_t i = 0; i < facts->declaration_count; i++)
		if (!count_declaration(index, number, &facts->declarations[i]))
			return false;
	return true;
}

static bool add_module(struct java_index *index, const struct tree *tree, uint32_t file)
{
	const struct facts *facts = tree->entries[file].facts;
	if (facts->declaration_count == 0)
		return true;
	return map_get_or_put(&index->modules, facts->declarations[0].name, file) != MAP_NONE;
}

static bool is_java(const struct entry *entry)
{
	return entry->facts && entry->language == LANGUAGE_JAVA;
}

static bool count_all(struct java_index *index, const struct tree *tree)
{
	uint32_t before = ENTRY_NONE;
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct entry *entry = &tree->entries[i];
		index->package_of[i] = JAVA_NO_PACKAGE;
		if (entry->is_folder) {
			index->module_of[i] = i ? index->module_of[entry->parent] : 0;
		} else if (is_java(entry) && is_module_info(tree, i)) {
			if (!add_module(index, tree, i))
				return false;
		} else if (is_java(entry)) {
			if (!count_file(index, tree, i, before))
				return false;
			before = i;
		} else if (is_build_file(entry->path)) {
			index->module_of[entry->parent] = entry->parent;
		}
	}
	return true;
}

/* ---- members ---- */

/* Gives the group its range; its count then counts what has been put there. */
static uint32_t lay_out(struct java_group *group, uint32_t first)
{
	uint32_t next = first + group->count;
	group->first = first;
	group->count = 0;
	return next;
}

static void put_member(struct java_index *index, struct java_group *group, uint32_t entry)
{
	index->members[group->first + group->count++] = entry;
}

static void fill_file(struct java_index *index, const struct tree *tree, uint32_t file)
{
	const struct facts *facts = tree->entries[file].facts;
	uint32_t folder = tree->entries[file].parent;
	uint32_t number = index->package_of[file];
	struct java_package *package = &index->package_table[number];
	if (package->last_folder != folder)
		put_member(index, &package->folders, folder);
	package->last_folder = folder;
	for (size_t i = 0; i < facts->declaration_count; i++)
		if (facts->declarations[i].kind == DECLARES_FOR_ALL)
			put_member(index, group_of(index, number, facts->declarations[i].name),
				   file);
}

static bool fill_all(struct java_index *index, const struct tree *tree)
{
	uint32_t next = 0;
	for (size_t i = 0; i < index->group_count; i++)
		next = lay_out(&index->groups[i], next);
	for (size_t i = 0; i < index->package_count; i++) {
		next = lay_out(&index->package_table[i].folders, next);
		index->package_table[i].last_folder = ENTRY_NONE;
	}
	index->members = arena_array(&index->arena, next, sizeof *index->members);
	if (!index->members)
		return false;
	for (uint32_t i = 0; i < tree->count; i++)
		if (index->package_of[i] != JAVA_NO_PACKAGE)
			fill_file(index, tree, i);
	return true;
}

static void find_lang(struct java_index *index)
{
	uint32_t lang = java_index_package(index, STR("java.lang"));
	bool is_jdk = lang != JAVA_NO_PACKAGE && java_index_type(index, lang, STR("Object"));
	index->lang = is_jdk ? lang : JAVA_NO_PACKAGE;
}

/* The contract says where a path is no folder of the tree. */
static bool find_named_roots(struct java_index *index, const struct tree *tree,
			     const struct str *roots, size_t count)
{
	if (count > JAVA_ROOT_LIMIT)
		count = JAVA_ROOT_LIMIT;
	index->named_roots = arena_array(&index->arena, count, sizeof *index->named_roots);
	for (size_t i = 0; index->named_roots && i < count; i++) {
		uint32_t entry = tree_find(tree, roots[i]);
		if (entry != ENTRY_NONE && tree->entries[entry].is_folder)
			index->named_roots[index->named_root_count++] = entry;
	}
	return index->named_roots != NULL;
}

int java_index_init(struct java_index *out, const struct tree *tree, const struct str *roots,
		    size_t root_count, struct error *error)
{
	out->package_of = arena_array(&out->arena, tree->count, sizeof *out->package_of);
	out->root_of = arena_array(&out->arena, tree->count, sizeof *out->root_of);
	out->module_of = arena_array(&out->arena, tree->count, sizeof *out->module_of);
	if (!out->package_of || !out->root_of || !out->module_of ||
	    !find_named_roots(out, tree, roots, root_count) || !count_all(out, tree) ||
	    !fill_all(out, tree))
		return error_memory(error);
	find_lang(out);
	return 0;
}

void java_index_release(struct java_index *index)
{
	map_release(&index->packages);
	map_release(&index->modules);
	mem_free(index->package_table);
	mem_free(index->slots);
	mem_free(index->groups);
	arena_release(&index->arena);
	*index = (struct java_index){0};
}

/* ---- which of several ---- */

/* Whether a file or folder is of tests, by the name of a folder above it: test, tests,
 * testFixtures, integrationTest, androidTest and the like. */
static bool is_test(const struct tree *tree, uint32_t entry)
{
	struct str rest = tree->entries[entry].path;
	struct str part;
	while (str_split(&rest, '/', &part))
		if (str_starts(part, STR("test")) || str_ends(part, STR("Test")))
			return true;
	return false;
}

/* The number of the first member at or behind `entry`. */
static uint32_t lower_bound(const uint32_t *members, uint32_t count, uint32_t entry)
{
	uint32_t low = 0;
	while (low < count) {
		uint32_t middle = low + (count - low) / 2;
		if (members[middle] < entry)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* How far behind a member comes among others as near: roots that the user names, the rest of
 * main code, tests. */
static size_t rank_of(const struct java_index *index, const struct tree *tree, uint32_t member)
{
	size_t rank = named_root_of(index, tree, member);
	return rank < index->named_root_count ? rank : rank + is_test(tree, member);
}

/* The best member in a folder, the first of those of the same rank; ENTRY_NONE when it has
 * none. */
static uint32_t choose_within(const struct java_index *index, const struct tree *tree,
			      const struct java_group *group, uint32_t folder)
{
	const uint32_t *members = &index->members[group->first];
	uint32_t first = lower_bound(members, group->count, folder);
	uint32_t best = ENTRY_NONE;
	size_t best_rank = SIZE_MAX;
	for (uint32_t i = first; i < group->count && i < first + NEAR_LIMIT && best_rank > 0; i++) {
		if (!tree_is_within(tree, members[i], folder))
			return best;
		size_t rank = rank_of(index, tree, members[i]);
		if (rank < best_rank) {
			best = members[i];
			best_rank = rank;
		}
	}
	return best;
}

/* The member in the same source root, or ENTRY_NONE. */
static uint32_t choose_in_root(const struct java_index *index, const struct tree *tree,
			       const struct java_group *group, uint32_t from)
{
	const uint32_t *members = &index->members[group->first];
	uint32_t root = index->root_of[from];
	uint32_t first = lower_bound(members, group->count, root);
	uint32_t found = ENTRY_NONE;
	for (uint32_t i = first; i < group->count && i < first + NEAR_LIMIT; i++) {
		if (!tree_is_within(tree, members[i], root))
			break;
		if (members[i] == from)
			return from;
		bool is_folder = tree->entries[members[i]].is_folder;
		if (found == ENTRY_NONE && (is_folder || index->root_of[members[i]] == root))
			found = members[i];
	}
	return found;
}

uint32_t java_index_choose(const struct java_index *index, const struct tree *tree,
			   const struct java_group *group, uint32_t from)
{
	if (group->count == 1)
		return index->members[group->first];
	uint32_t chosen = choose_in_root(index, tree, group, from);
	uint32_t folder = index->module_of[tree->entries[from].parent];
	while (chosen == ENTRY_NONE) {
		chosen = choose_within(index, tree, group, folder);
		folder = tree->entries[folder].parent;
	}
	return chosen;
}
