/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a simple name is that of a type which a type around it inherits: such a type comes
 * before those of the package. Follows supertypes through the tree, as far as they are in it;
 * reads what the scanner found in files, and nothing else. */
#include "resolve/resolve_java.h"

enum {
	/* Supertypes of one type that are looked at. */
	HIERARCHY_LIMIT = 64,
	/* Declarations and imports that are looked at for one file, in all. */
	LOOK_LIMIT = 200000,
};

/* A type of the tree. */
struct type {
	uint32_t file;
	uint16_t number; /* of its declaration, from 1; 0: no type */
};

static const struct type NO_TYPE;

struct search {
	struct java_file *file;
	struct type types[HIERARCHY_LIMIT]; /* the one that asks, then its supertypes */
	size_t count;
};

static const struct facts *facts_of(const struct search *search, uint32_t file)
{
	return search->file->tree->entries[file].facts;
}

/* Whether so many things may still be looked at. */
static bool may_look(struct search *search, size_t count)
{
	size_t room = LOOK_LIMIT - search->file->looked;
	search->file->looked += count < room ? count : room;
	return count <= room;
}

/* ---- types by name ---- */

static bool is_type(const struct declaration *declaration)
{
	return declaration->kind != DECLARES_SUPERTYPE;
}

/* The type with the name right in the type with the number `within`; 0 is the file. */
static struct type type_in(struct search *search, uint32_t file, uint16_t within, struct str name)
{
	const struct facts *facts = facts_of(search, file);
	size_t count =
		facts->declaration_count < UINT16_MAX ? facts->declaration_count : UINT16_MAX;
	if (!may_look(search, count))
		return NO_TYPE;
	for (size_t i = 0; i < count; i++)
		if (facts->declarations[i].within == within && is_type(&facts->declarations[i]) &&
		    str_equal(facts->declarations[i].name, name))
			return (struct type){file, (uint16_t)(i + 1)};
	return NO_TYPE;
}

/* Goes down from a type by the parts of a dotted name. */
static struct type descend(struct search *search, struct type type, struct str parts)
{
	struct str part;
	while (type.number > 0 && parts.length > 0 && str_split(&parts, '.', &part))
		type = type_in(search, type.file, type.number, part);
	return type;
}

/* The type of a group that the file means, and from there down by the parts. */
static struct type type_of(struct search *search, uint32_t file, const struct java_group *group,
			   struct str parts)
{
	if (!group)
		return NO_TYPE;
	uint32_t chosen = java_index_choose(search->file->index, search->file->tree, group, file);
	return descend(search, type_in(search, chosen, 0, group->name), parts);
}

static struct type type_by_qualified(struct search *search, uint32_t file, struct str name)
{
	size_t package_end = java_package_length(name);
	const struct java_group *group = java_find_type(search->file, name, package_end);
	size_t behind = group ? (size_t)(package_end + 1 + group->name.length + 1) : 0;
	return type_of(search, file, group, str_from(name, behind));
}

/* Whether an import is of a type with the simple name. */
static bool imports(const struct reference *reference, struct str name)
{
	struct str target = reference_target(reference);
	return reference->kind == REFERENCE_IMPORT && target.length > name.length &&
	       target.at[target.length - name.length - 1] == '.' && str_ends(target, name);
}

static struct type type_by_import(struct search *search, uint32_t file, struct str name)
{
	const struct facts *facts = facts_of(search, file);
	if (!may_look(search, facts->reference_count))
		return NO_TYPE;
	for (size_t i = 0; i < facts->reference_count; i++)
		if (imports(&facts->references[i], name))
			return type_by_qualified(search, file,
						 reference_target(&facts->references[i]));
	return NO_TYPE;
}

static struct type type_by_star(struct search *search, uint32_t file, struct str name)
{
	const struct facts *facts = facts_of(search, file);
	const struct java_index *index = search->file->index;
	struct type found = NO_TYPE;
	if (!may_look(search, facts->reference_count))
		return NO_TYPE;
	for (size_t i = 0; i < facts->reference_count && found.number == 0; i++) {
		if (!imports(&facts->references[i], STR("*")))
			continue;
		struct str target = reference_target(&facts->references[i]);
		target.length -= 2;
		uint32_t package = java_index_package(index, target);
		if (package != JAVA_NO_PACKAGE)
			found = type_of(search, file, java_index_type(index, package, name),
					(struct str){0});
		else
			found = descend(search, type_by_qualified(search, file, target), name);
	}
	return found;
}

/* ---- supertypes ---- */

/* The type that a simple name means in the head of `type`: one around it or beside it, an
 * imported one, one of the package. (Not one that a type around it inherits.) */
static struct type type_by_simple(struct search *search, struct type type, struct str name)
{
	const struct facts *facts = facts_of(search, type.file);
	const struct java_index *index = search->file->index;
	struct type found = NO_TYPE;
	for (uint16_t around = type.number; around > 0 && found.number == 0;) {
		around = facts->declarations[around - 1].within;
		found = type_in(search, type.file, around, name);
	}
	if (found.number == 0)
		found = type_by_import(search, type.file, name);
	if (found.number == 0 && index->package_of[type.file] != JAVA_NO_PACKAGE)
		found = type_of(search, type.file,
				java_index_type(index, index->package_of[type.file], name),
				(struct str){0});
	return found.number > 0 ? found : type_by_star(search, type.file, name);
}

static struct type find_supertype(struct search *search, struct type type, struct str name)
{
	ptrdiff_t dot = str_find(name, '.');
	struct str first = dot < 0 ? name : str_first(name, (size_t)dot);
	struct type found = type_by_simple(search, type, first);
	if (found.number > 0)
		return dot < 0 ? found : descend(search, found, str_from(name, (size_t)dot + 1));
	return dot < 0 ? NO_TYPE : type_by_qualified(search, type.file, name);
}

static void add_type(struct search *search, struct type type)
{
	if (type.number == 0 || search->count == HIERARCHY_LIMIT)
		return;
	for (size_t i = 0; i < search->count; i++)
		if (search->types[i].file == type.file && search->types[i].number == type.number)
			return;
	search->types[search->count++] = type;
}

/* ---- members ---- */

/* Whether a subclass in the asking file inherits what is declared in `file`. */
static bool is_inherited(const struct search *search, const struct declaration *declaration,
			 uint32_t file)
{
	const struct java_index *index = search->file->index;
	return declaration->kind == DECLARES_MEMBER ||
	       (declaration->kind == DECLARES_NEAR_MEMBER &&
		index->package_of[file] == index->package_of[search->file->entry]);
}

/* Looks at one type of the hierarchy, and adds its supertypes. */
static bool has_member(struct search *search, size_t which, struct str name)
{
	struct type type = search->types[which];
	const struct facts *facts = facts_of(search, type.file);
	if (!may_look(search, facts->declaration_count))
		return false;
	for (size_t i = 0; i < facts->declaration_count; i++) {
		const struct declaration *declaration = &facts->declarations[i];
		if (declaration->within != type.number)
			continue;
		if (declaration->kind == DECLARES_SUPERTYPE)
			add_type(search, find_supertype(search, type, declaration->name));
		else if (which > 0 && is_inherited(search, declaration, type.file) &&
			 str_equal(declaration->name, name))
			return true;
	}
	return false;
}

bool java_inherits(struct java_file *file, uint16_t within, struct str name)
{
	const struct facts *facts = file->tree->entries[file->entry].facts;
	for (uint16_t number = within; number > 0;
	     number = facts->declarations[number - 1].within) {
		struct search search = {.file = file, .count = 1};
		search.types[0] = (struct type){file->entry, number};
		for (size_t i = 0; i < search.count; i++)
			if (has_member(&search, i, name))
				return true;
	}
	return false;
}
