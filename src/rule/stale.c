/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `stale`: the baseline only shrinks. Who holds the baseline makes its findings. */
#include "rule/judge.h"

static const char EXPLANATION[] =
	"An entry of the baseline that no finding matches any more is a finding itself.\n"
	"\n"
	"Teams want it so that the baseline only shrinks: what was fixed cannot come back under\n"
	"the cover of an entry that was left behind.\n"
	"\n"
	"Fix it with `ashlar check --tighten`, which takes the entries out, and commit the\n"
	"baseline with the change that fixed them.\n"
	"\n"
	"There are no exceptions from it.\n";

const struct rule RULE_TABLE_STALE = {
	.summary = "a baseline entry that no finding matches",
	.explanation = EXPLANATION,
};
