/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULE_EXCUSE_H
#define RULE_EXCUSE_H

#include "base/clock.h"
#include "base/map.h"
#include "base/text.h"
#include "contract/contract.h"

/* The exceptions of all modules, found by what they except; and how often each was needed. */
struct excuses {
	const struct contracts *contracts;
	struct date today;
	uint32_t *first;  /* of each module its first exception, counted over all modules */
	uint32_t *next;   /* of each exception another with the same module, rule and `to` */
	uint32_t *needed; /* of each exception: findings that it covers, or would */
	struct map by_key;
	struct arena arena;
	struct text key; /* the one asked for */
};

/* `contracts` must outlive it. Errors: ERROR_MEMORY. */
int excuses_build(const struct contracts *contracts, struct date today, struct excuses *out,
		  struct error *error) must_check;

/* Frees what it holds; the contracts stay. */
void excuses_release(struct excuses *excuses);

/* Whether an exception covers a finding of `rule` in `module` about `to` (a module's name, or
 * a package). Counts it as needed by all that are written for it, also those that are past
 * their date or in a strict module, which cover nothing. */
bool excuses_cover(struct excuses *excuses, uint32_t module, enum rule_id rule, struct str to);

/* How often exception `index` of `module` was needed. */
uint32_t excuses_needed(const struct excuses *excuses, uint32_t module, size_t index);

/* Whether its date has passed: it covers until the end of that day. */
bool excuses_expired(const struct excuses *excuses, const struct exception *exception);

#endif
