/* SPDX-License-Identifier: Apache-2.0 */
/* Names of modules, from their paths. */
#include "propose/names.h"

#include "base/path.h"
#include "propose/shape.h"

/* Longer names are cut. */
enum { NAME_LIMIT = 100 };

struct naming {
	struct contracts *contracts;
	struct map taken;
	struct str root; /* name of the root's folder */
};

static void naming_release(struct naming *naming)
{
	map_release(&naming->taken);
}

static bool is_plain_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_./-", c));
}

/* Names are of letters, digits, '_', '.', '/' and '-': other bytes become '_'. */
static struct str plain_name(struct arena *arena, struct str name)
{
	struct str copy = arena_str(arena, str_first(name, NAME_LIMIT));
	for (size_t i = 0; copy.at && i < copy.length; i++)
		if (!is_plain_byte(copy.at[i]))
			((char *)copy.at)[i] = '_';
	return copy;
}

/* The end of the path from the last '/' before `from`, where the next longer end starts. */
static size_t longer(struct str path, size_t from)
{
	ptrdiff_t slash = from > 0 ? str_find_last(str_first(path, from - 1), '/') : -1;
	return slash < 0 ? 0 : (size_t)slash + 1;
}

/* Numbers a name that even the whole path cannot give, as after '_' for other bytes. */
static struct str numbered(struct naming *naming, struct str name)
{
	for (unsigned i = 2;; i++) {
		const char *other = arena_format(&naming->contracts->arena, "%.*s_%u",
						 STR_ARG(str_first(name, NAME_LIMIT - 11)), i);
		if (!other || map_get(&naming->taken, str_of(other)) == MAP_NONE)
			return str_of(other);
	}
}

static struct str choose_name(struct naming *naming, struct str path)
{
	struct arena *arena = &naming->contracts->arena;
	if (path.length == 0)
		path = naming->root;
	size_t from = longer(path, path.length + 1);
	if (shape_is_generic(str_from(path, from)))
		from = longer(path, from);
	for (;; from = longer(path, from)) {
		struct str name = plain_name(arena, str_from(path, from));
		if (!name.at || map_get(&naming->taken, name) == MAP_NONE)
			return name;
		if (from == 0)
			return numbered(naming, name);
	}
}

static int name_module(struct naming *naming, uint32_t index)
{
	struct module *module = &naming->contracts->modules[index];
	module->name = choose_name(naming, module->path);
	module->file = str_of(arena_format(&naming->contracts->arena, "%s%s" CONTRACT_MODULE_NAME,
					   module->path.at, module->path.length ? "/" : ""));
	module->layer = MODULE_NONE;
	if (!module->name.at || !module->file.at)
		return -1;
	return map_put(&naming->taken, module->name, index) ? 0 : -1;
}

static size_t count_parts(struct str path)
{
	size_t parts = path.length > 0;
	for (size_t i = 0; i < path.length; i++)
		parts += path.at[i] == '/';
	return parts;
}

/* Short paths choose first: so what is left to a longer one is at worst its whole path. */
int names_give(const char *root, struct contracts *contracts, size_t count)
{
	_cleanup_(naming_release) struct naming naming = {.contracts = contracts,
							  .root = path_name(str_of(root))};
	size_t deepest = 0;
	if (naming.root.length == 0 || !is_plain_byte(naming.root.at[0]) ||
	    naming.root.at[0] == '.')
		naming.root = STR("root");
	for (size_t i = 0; i < count; i++) {
		size_t parts = count_parts(contracts->modules[i].path);
		deepest = parts > deepest ? parts : deepest;
	}
	for (size_t parts = 0; parts <= deepest; parts++)
		for (uint32_t i = 0; i < count; i++)
			if (count_parts(contracts->modules[i].path) == parts &&
			    name_module(&naming, i) < 0)
				return -1;
	return 0;
}
