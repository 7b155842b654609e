/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns which schema, and the words of a refusal. Knows no SQL and no database. Invariant: a
 * schema has one owner. */
#include "wall.h"
#include "store/store.h"
#include "word.h"

#include <string.h>

/* PostgreSQL cuts names at 63 bytes; on SQLite a table's name carries that of its schema. */
#define NAME_LIMIT 63

ash_status wall_init(struct wall *wall, size_t count, struct fault *fault)
{
	*wall = (struct wall){0};
	wall->modules = arena_array(&wall->arena, count + 1, sizeof *wall->modules);
	return wall->modules ? ASH_OK : fault_memory(fault);
}

void wall_release(struct wall *wall)
{
	map_release(&wall->schemas);
	arena_release(&wall->arena);
}

ash_status wall_add_module(struct wall *wall, const char *name, struct fault *fault)
{
	if (!name || !*name)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "a module of the store has no name");
	struct str copy = arena_str(&wall->arena, str_of(name));
	if (!copy.at)
		return fault_memory(fault);
	wall->modules[wall->module_count++] = copy.at;
	return ASH_OK;
}

static bool is_name(struct str text)
{
	if (text.length == 0 || text.length > NAME_LIMIT ||
	    (text.at[0] >= '0' && text.at[0] <= '9'))
		return false;
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];
		if (!(byte == '_' || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')))
			return false;
	}
	return true;
}

/* Names that a database keeps for itself, or gives to everyone. */
static bool is_reserved(struct str name)
{
	static const char *const NAMES[] = {"main", "temp", "public", "information_schema",
					    "excluded"};
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (str_equal(name, str_of(NAMES[i])))
			return true;
	return str_starts(name, STR("pg_")) || str_starts(name, STR("sqlite_"));
}

bool store_takes_schema(const char *name)
{
	struct str text = str_of(name);
	return is_name(text) && !is_reserved(text) &&
	       !word_is(word_find(text), WORD_KEY | WORD_BODY | WORD_NEVER);
}

ash_status wall_add_schema(struct wall *wall, const char *schema, struct fault *fault)
{
	unsigned module = (unsigned)wall->module_count - 1;
	struct str name = str_of(schema);
	if (!is_name(name))
		return fault_set(
			fault, ASH_INVALID_ARGUMENT,
			"module %s cannot own the schema \"%s\": a name is made of a-z, 0-9 "
			"and _, does not start with a digit, and has at most %d bytes",
			wall->modules[module], schema, NAME_LIMIT);
	if (is_reserved(name))
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "module %s cannot own the schema %s: the databases use that name",
				 wall->modules[module], schema);
	struct str copy = arena_str(&wall->arena, name);
	uint32_t owner = copy.at ? map_get_or_put(&wall->schemas, copy, module) : MAP_NONE;
	if (owner == MAP_NONE)
		return fault_memory(fault);
	if (owner != module)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "the schema %s has two owners, %s and %s: give it to one", schema,
				 wall->modules[owner], wall->modules[module]);
	return ASH_OK;
}

unsigned wall_owner(const struct wall *wall, struct str schema)
{
	uint32_t owner = map_get(&wall->schemas, schema);
	if (owner != MAP_NONE)
		return owner;
	return str_equal(schema, STR(WALL_OWN)) ? (unsigned)wall->module_count : WALL_NONE;
}

bool wall_allows(const struct wall *wall, unsigned module, struct str schema)
{
	unsigned owner = wall_owner(wall, schema);
	return owner == module && owner < wall->module_count;
}

ash_status wall_refuse(const struct wall *wall, unsigned module, struct str schema,
		       struct str table, struct fault *fault)
{
	unsigned owner = wall_owner(wall, schema);
	const char *name = module < wall->module_count ? wall->modules[module] : WALL_OWN;
	const char *dot = table.length ? "." : "";
	if (owner >= wall->module_count)
		return fault_set(fault, ASH_PERMISSION_DENIED,
				 "%s may not touch %.*s%s%.*s: that is not the data of a module",
				 name, STR_ARG(schema), dot, STR_ARG(table));
	return fault_set(
		fault, ASH_PERMISSION_DENIED,
		"%s may not touch %.*s%s%.*s: that is the data of module %s; call its port "
		"or subscribe to its events",
		name, STR_ARG(schema), dot, STR_ARG(table), wall->modules[owner]);
}

static void split(const char *name, struct str *schema, struct str *table)
{
	struct str whole = str_of(name);
	ptrdiff_t dot = str_find(whole, '.');
	*schema = str_first(whole, dot < 0 ? 0 : (size_t)dot);
	*table = str_from(whole, dot < 0 ? 0 : (size_t)dot + 1);
}

ash_status wall_inspect(const struct wall *wall, unsigned module, const char *object,
			const char *other, struct fault *fault)
{
	struct str schema, table;
	split(object, &schema, &table);
	if (!wall_allows(wall, module, schema))
		return ASH_OK;
	split(other, &schema, &table);
	return wall_allows(wall, module, schema) ? ASH_OK
						 : wall_refuse(wall, module, schema, table, fault);
}
