/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_FLOWS_H
#define PORT_FLOWS_H

#include "port/registry.h"

/* Choreographies as modules declare them. */

/* The one event that follows no other; NULL: there is none, or several. */
const char *flow_start(const ash_choreography *choreography);

/* Whether no event follows this one: the flow is over with it. */
bool flow_is_end(const ash_choreography *choreography, const char *event);

/* Who publishes an event, or NULL; `*type` may be NULL. */
const struct member *flow_publisher(const struct registry *registry, const char *event,
				    const ash_event **type);

/* Adds to `errors` what does not fit in the modules' choreographies: an event that nobody
 * publishes, or that has no key to follow it by; one that follows another to which its publisher
 * does not subscribe; no first event, or no end. Errors: ERROR_MEMORY. */
int flows_judge(const struct registry *registry, struct error_list *errors,
		struct error *error) must_check;

#endif
