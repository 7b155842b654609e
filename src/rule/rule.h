/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULE_RULE_H
#define RULE_RULE_H

#include "base/clock.h"
#include "contract/contract.h"
#include "finding/baseline.h"
#include "finding/finding.h"
#include "graph/graph.h"

/* Judgement: holds what the code does (the graph) against what the contracts say. */

struct judge;

struct rule {
	const char *summary;     /* half a sentence: what is a finding */
	const char *explanation; /* its section of docs/rules.md, without the heading */
	/* Adds the rule's findings; NULL where the caller of rules_judge() makes them. Errors:
	 * ERROR_MEMORY, ERROR_LIMIT. */
	int (*judge)(struct judge *judge, struct error *error);
};

/* So many modules and edges are looked at, all in all, by the rules that search for chains:
 * some seconds. Contracts with that many `forbidden` and `independent` entries are refused. */
#define RULE_SEARCH_LIMIT UINT64_C(1000000000)

/* A chain shows at most so many links. */
#define RULE_STEP_LIMIT 64

/* What there is to say of a rule. `rule` is below RULE_COUNT. */
const struct rule *rule_of(enum rule_id rule);

/* Judges by all rules that are on in some module, and sorts. Adds to `out`, which must be
 * empty; its texts are in its arena or belong to the tree and the contracts of `graph`, which
 * must outlive them. `today` decides which exceptions have expired. Errors: ERROR_MEMORY,
 * ERROR_LIMIT (RULE_SEARCH_LIMIT); `out` then holds no whole answer. */
int rules_judge(const struct graph *graph, struct date today, struct finding_list *out,
		struct error *error) must_check;

/* Adds the finding of the rule `stale` for an entry of a module's baseline (MODULE_NONE: the
 * root's) that no finding matches; nothing where the rule is off. Its texts are in the arena of
 * `out` or belong to `baseline` and `contracts`. Without memory `out->failed` is set. */
void rules_add_stale(const struct contracts *contracts, const struct baseline *baseline,
		     uint32_t module, const struct baseline_entry *entry, struct finding_list *out);

#endif
