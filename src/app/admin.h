/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_ADMIN_H
#define APP_ADMIN_H

#include "app/host.h"

/* What whoever operates an application may see and change while it runs:
 *     GET  /admin/breakers            all policies, as JSON; as a table for Accept: text/plain
 *     POST /admin/breakers/{action}   the body names a port, or one of its methods
 *     GET  /admin/splits              all splits of the deployment file, as JSON
 *     POST /admin/splits/{port}       the body is the share: "2.5%"
 * Off, unless the setting `admin` says where it is answered. A listener of its own answers what
 * host_add_inspection() adds, too. */

struct admin;

/* Adds the routes where the setting has them on the listener of all else. That it can be reached
 * from elsewhere goes to `errors`. Errors: as http_router_add(). */
int admin_add(struct host *host, struct error_list *errors, struct error *error) must_check;

/* Answers on a listener of its own, where the setting names one; `*out` is NULL where it does not.
 * Errors: ASH_UNAVAILABLE (it cannot listen there), ASH_RESOURCE_EXHAUSTED. */
ash_status admin_start(struct host *host, struct admin **out, struct fault *fault) ASH_MUST_CHECK;

/* Ends that. Takes NULL. */
void admin_free(struct admin *admin);

/* Whether the request may change anything, which a page of another site must not; answers it where
 * it may not. */
bool admin_may_change(struct http_exchange *exchange);

/* admin_splits.c: adds the routes of splits, where the deployment file has any. Errors: as
 * http_router_add(). */
int admin_add_splits(struct host *host, struct http_router *router, struct error *error) must_check;

/* Where a process with these settings is asked, as http_client_new() takes it; in the arena. NULL
 * where it is off, and without memory. */
const char *admin_address(const struct settings *settings, struct arena *arena);

#endif
