/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_POLICIES_H
#define APP_POLICIES_H

#include "base/arena.h"
#include "placement/placement.h"
#include "port/registry.h"
#include "resilience/policy.h"
#include "telemetry/metrics.h"

/* The policies that a deployment file puts around ports: one a method, made when the application
 * starts, shown in its metrics, and changed by hand while it runs. */

struct policies;

/* One method with a policy. */
struct policies_item {
	const struct binding *binding;
	uint16_t method;
	const struct placement_policy *said; /* in the file */
	struct policy *policy;
	struct policies_item *next;
	struct policies_series *series;
	struct policy_view shown; /* in the metrics, last */
};

/* What can be done by hand; the numbers index policies_action_name(). */
enum policies_action {
	POLICIES_FORCE_OPEN,   /* refuses all calls */
	POLICIES_FORCE_CLOSED, /* lets all through, whatever their outcome */
	POLICIES_METRICS_ONLY, /* records, but never opens */
	POLICIES_RESET,        /* closes, and forgets what was */
	POLICIES_ACTIONS,
};

/* Makes it with no policy yet. All but `placement`, which may be NULL, is needed; all must live
 * longer. NULL without memory. */
struct policies *policies_new(const struct placement *placement, const struct registry *registry,
			      const struct clock *clock, struct metrics *metrics);

/* Takes NULL. No call may be under way. */
void policies_free(struct policies *policies);

/* Puts the policies that the file gives to the port's methods around the binding, before the first
 * call. Errors: ERROR_INVALID (what the file says cannot be, with its place), ERROR_LIMIT (more
 * series than there may be), ERROR_MEMORY. */
int policies_bind(struct policies *policies, struct binding *binding,
		  struct error *error) must_check;

/* The first method with a policy; NULL: none has. The rest by `next`. */
const struct policies_item *policies_first(const struct policies *policies);

/* "billing.v1.Billing/Charge". */
const char *policies_name(const struct policies_item *item);

/* How it stands now. Any thread. */
void policies_look(const struct policies *policies, const struct policies_item *item,
		   struct policy_view *out);

/* Whether `name` ("PORT" or "PORT/METHOD") means the item. */
bool policies_means(const struct policies_item *item, struct str name);

/* Does it to all items that `name` means; returns how many these are. Any thread. */
size_t policies_act(const struct policies *policies, enum policies_action action, struct str name);

/* The name of a method with a policy, or of its port, that may be meant; empty: none is near. */
struct str policies_nearest(const struct policies *policies, struct arena *arena, struct str name);

/* "force-open" and so on; NULL past the last. */
const char *policies_action_name(size_t action);

#endif
