/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_USES_H
#define PORT_USES_H

#include "port/registry.h"

/* Adds to `errors` each call that a module's code makes of a port whose module its contract does
 * not depend on, with the place of the call: a file below the module's folder is the module's, as
 * far as its `source` tells where that is. What is of no module, or of two, is left to the call.
 * Errors: ERROR_MEMORY. */
int uses_judge(const struct registry *registry, struct error_list *errors,
	       struct error *error) must_check;

/* Where the module's code calls the method: "billing/billing.c:31: ", all places with " or "
 * between them as far as `size` has room; "" where no place is noted. */
void uses_places(const ash_module *module, const ash_port *port, uint16_t method, char *out,
		 size_t size);

#endif
