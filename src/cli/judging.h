/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JUDGING_H
#define CLI_JUDGING_H

#include "cli/session.h"
#include "finding/finding.h"

/* Judges the session's graph by all rules, marks what the baseline knows, adds a finding for
 * each of its entries that is stale, and sorts. With --tighten stale entries are taken out of
 * the files instead. Errors: ERROR_MEMORY, ERROR_LIMIT, ERROR_IO, and those of a baseline that
 * cannot be understood (ERROR_SYNTAX, ERROR_INVALID). */
int judging_run(struct session *session, struct finding_list *out, struct error *error) must_check;

struct judging_counts {
	size_t findings; /* in all baselines */
	size_t files;    /* baselines with a finding */
};

/* Judges, and writes all findings to the baselines (nothing in a dry run). Errors: as
 * judging_run(). */
int judging_remember(struct session *session, bool dry_run, struct judging_counts *counts,
		     struct error *error) must_check;

#endif
