/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLACEMENT_PLAN_H
#define PLACEMENT_PLAN_H

#include "base/map.h"
#include "placement/placement.h"

/* A placement beside the application's modules, with all names looked up. Internal to placement/;
 * a module, port, process or policy is its index below, or MAP_NONE. */

struct plan_port {
	const ash_port *port;
	uint32_t module;
};

struct plan {
	const struct placement *placement;
	const ash_module *const *modules;
	size_t module_count;
	struct plan_port *ports;
	size_t port_count;
	struct map modules_by_name;
	struct map ports_by_name;
	struct map processes_by_name;
	struct map policies_by_name;
	struct map settings_by_port; /* index in placement->ports */
	uint32_t *home;              /* of each module, its own place: placement_of() */
	uint32_t **targets;          /* of each module, those it depends on that provide a port */
	size_t *target_counts;
	struct arena arena;
};

/* One side of a split. */
struct plan_side {
	uint32_t module;
	uint32_t process; /* where the file names none: the module's own place */
};

/* Looks all names up. `plan` must be zeroed and is to be released in any case. Errors:
 * ERROR_MEMORY. */
int plan_init(struct plan *plan, const struct placement *placement,
	      const ash_module *const *modules, size_t count, struct error *error) must_check;

/* Frees all but what it was made of. */
void plan_release(struct plan *plan);

/* The policy of a method, of its own or its port's; NULL: none. */
const struct placement_policy *plan_policy(const struct plan *plan, const ash_port *port,
					   const ash_method *method);

/* What "MODULE" or "MODULE@PROCESS" means. */
struct plan_side plan_side(const struct plan *plan, const struct placed *said);

/* Nanoseconds that a call to the module takes at most by its policies, the longest of its methods;
 * 0: of one of them it is not said. */
uint64_t plan_timeout(const struct plan *plan, uint32_t module);

/* Writes a time as the file would say it: "800ms". */
void plan_add_time(struct text *out, uint64_t time);

/* circle.c: warns of synchronous calls that come back to the process they started in. Errors:
 * ERROR_MEMORY. */
int plan_find_circles(const struct plan *plan, struct error_list *warnings,
		      struct error *error) must_check;

#endif
