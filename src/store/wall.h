/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_WALL_H
#define STORE_WALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/str.h"

/* Which schema belongs to which module. Read by many threads, changed by none. */
struct wall {
	struct arena arena;
	const char **modules; /* names, by index */
	size_t module_count;
	struct map schemas; /* name -> index of the module */
};

#define WALL_NONE UINT32_MAX

/* The store's own schema. */
#define WALL_OWN "ashlar"

/* Makes room for the names of `count` modules. ASH_RESOURCE_EXHAUSTED. */
ash_status wall_init(struct wall *wall, size_t count, struct fault *fault) ASH_MUST_CHECK;
void wall_release(struct wall *wall);

/* Gives the next module its name; the name is copied. Errors: ASH_INVALID_ARGUMENT (no name),
 * ASH_RESOURCE_EXHAUSTED. */
ash_status wall_add_module(struct wall *wall, const char *name, struct fault *fault) ASH_MUST_CHECK;

/* Makes the last module the owner of `schema`. Errors: ASH_INVALID_ARGUMENT (a name that is not
 * of a-z, 0-9, _ or is too long, or has another owner), ASH_RESOURCE_EXHAUSTED. */
ash_status wall_add_schema(struct wall *wall, const char *schema,
			   struct fault *fault) ASH_MUST_CHECK;

/* The module that owns `schema`; WALL_NONE for a name that is no schema here. The schema WALL_OWN
 * without a module that owns it is known, and its owner is `wall->module_count`. */
unsigned wall_owner(const struct wall *wall, struct str schema);

/* Whether `module` may touch the schema. */
bool wall_allows(const struct wall *wall, unsigned module, struct str schema);

/* The refusal of a statement of `module` that names `table` of `schema`; names both modules.
 * Returns ASH_PERMISSION_DENIED. */
ash_status wall_refuse(const struct wall *wall, unsigned module, struct str schema,
		       struct str table, struct fault *fault);

/* Refuses what an object "schema.name" of the module has to do with another, `other`, unless that
 * is the module's own too. Objects of other modules may do what they like. */
ash_status wall_inspect(const struct wall *wall, unsigned module, const char *object,
			const char *other, struct fault *fault);

#endif
