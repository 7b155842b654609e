/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of ports that are written in the modules' code, held against their contracts before
 * the first is made. Which module a file is of is known by its folder alone: compilers name the
 * file of a call and that of ASH_MODULE from the same place.
 *
 * Invariant: only what is certain is refused. ash_call_port() refuses the rest when it comes. */
#include "port/uses.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"

/* A folder that holds the code of several modules. */
#define SHARED (MAP_NONE - 1)

/* ---- folders ---- */

/* Whether `path` ends with the whole parts of `folder`. */
static bool ends_with_folder(struct str path, struct str folder)
{
	return str_ends(path, folder) &&
	       (path.length == folder.length || path.at[path.length - folder.length - 1] == '/');
}

/* The folder of the module's contract, as the compiler was given it; that of its `source` where the
 * contract is elsewhere. */
static struct str root_of(const ash_module *module, bool *found)
{
	struct str whole = path_folder(str_of(module->source)), root = whole;
	struct str folder = path_folder(str_of(module->place.file));
	while (folder.length > 0 && root.length > 0 && !ends_with_folder(root, folder))
		root = path_folder(root);
	*found = folder.length > 0 && root.length > 0;
	return *found ? root : whole;
}

static int note_roots(const struct registry *registry, struct map *roots, struct error *error)
{
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		bool found;
		if (!module->source || !module->place.file)
			continue;
		struct str root = root_of(module, &found);
		uint32_t value = map_get(roots, root) == MAP_NONE ? (uint32_t)i : SHARED;
		if (!map_put(roots, root, value))
			return error_memory(error);
	}
	return 0;
}

/* The module whose code the file is, or NULL. */
static const struct member *member_of(const struct registry *registry, const struct map *roots,
				      const char *file)
{
	for (struct str folder = path_folder(str_of(file)); folder.length > 0;
	     folder = path_folder(folder)) {
		uint32_t index = map_get(roots, folder);
		if (index != MAP_NONE)
			return index == SHARED ? NULL : &registry->members[index];
	}
	return NULL;
}

/* ---- uses ---- */

/* The file as the contracts name theirs: from the root of the tree. */
static void name_file(const ash_module *module, const char *file, char *out, size_t size)
{
	bool found;
	struct str root = root_of(module, &found);
	struct str folder = path_folder(str_of(module->place.file));
	if (found)
		snprintf(out, size, "%.*s%s", STR_ARG(folder), file + root.length);
	else
		snprintf(out, size, "%s", file);
}

static void judge(const struct registry *registry, const struct map *roots, const ash_use *use,
		  struct error_list *errors)
{
	char file[sizeof((struct error *)0)->file];
	const struct member *member = member_of(registry, roots, use->file);
	if (!member || strcmp(member->module->name, use->port->module) == 0 ||
	    registry_depends_on(member->module, use->port->module))
		return;
	const ash_module *module = member->module;
	name_file(module, use->file, file, sizeof file);
	error_list_at(errors, ERROR_INVALID, file, use->line, 0,
		      "%s calls %s/%s, but its contract (%s:%u) does not depend on %s; add %s to "
		      "its depends_on, or leave the call out",
		      module->name, use->port->name, use->port->methods[use->method].name,
		      module->place.file, module->place.line, use->port->module, use->port->module);
}

int uses_judge(const struct registry *registry, struct error_list *errors, struct error *error)
{
	_cleanup_(map_release) struct map roots = {0};
	_cleanup_(map_release) struct map seen = {0}; /* the lists of programs and libraries */
	if (note_roots(registry, &roots, error) < 0)
		return -1;
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		struct str key = {(const char *)&module->uses, sizeof module->uses};
		uint32_t first = map_get_or_put(&seen, key, (uint32_t)i);
		if (first == MAP_NONE)
			return error_memory(error);
		if (first != i)
			continue;
		for (const ash_use *const *use = module->uses; use != module->uses_end; use++)
			judge(registry, &roots, *use, errors);
	}
	return 0;
}

/* Whether the file lies below the module's folder. */
static bool is_file_of(const ash_module *module, const char *file)
{
	bool found;
	struct str root = root_of(module, &found);
	return root.length > 0 && str_starts(str_of(file), root) && file[root.length] == '/';
}

void uses_places(const ash_module *module, const ash_port *port, uint16_t method, char *out,
		 size_t size)
{
	size_t length = 0;
	out[0] = '\0';
	if (!module->source || !module->place.file)
		return;
	for (const ash_use *const *use = module->uses; use != module->uses_end; use++) {
		char file[sizeof((struct error *)0)->file], place[sizeof file + 24];
		if ((*use)->port != port || (*use)->method != method ||
		    !is_file_of(module, (*use)->file))
			continue;
		name_file(module, (*use)->file, file, sizeof file);
		int more = snprintf(place, sizeof place, "%s%s:%u", length > 0 ? " or " : "", file,
				    (*use)->line);
		if (more < 0 || length + (size_t)more + sizeof ": " > size)
			break;
		memcpy(out + length, place, (size_t)more);
		length += (size_t)more;
	}
	if (length > 0)
		memcpy(out + length, ": ", sizeof ": ");
}
