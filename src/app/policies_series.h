/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_POLICIES_SERIES_H
#define APP_POLICIES_SERIES_H

#include "app/policies.h"

/* A policy in the metrics. Nothing is counted twice: what the policy counts is read when it is
 * asked for. */

/* Makes the series of the item, which live as the metrics do. Errors: ERROR_LIMIT (more series than
 * there may be), ERROR_MEMORY. */
int policies_series_make(struct metrics *metrics, struct arena *arena, struct policies_item *item,
			 struct error *error) must_check;

/* Brings them up to date. Never by two threads at once. */
void policies_series_refresh(struct policies_item *item, uint64_t now);

#endif
