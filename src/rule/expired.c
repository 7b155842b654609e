/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `expired`: an exception ends. Comes after the rules that can need one. */
#include "rule/judge.h"

static const char EXPLANATION[] =
	"An exception past its `until` is a finding, and covers nothing any more. It covers\n"
	"to the end of that day, in UTC.\n"
	"\n"
	"Teams want it because an exception without an end is a rule that nobody wrote down.\n"
	"The environment variable ASHLAR_TODAY=2027-06-30 shows what will have ended by then.\n"
	"\n"
	"    exceptions:\n"
	"      - {rule: dependency, to: legacy, reason: \"price table moves in Q1\",\n"
	"         owner: payments, until: 2027-03-31}\n"
	"\n"
	"    src/billing/module.yaml:5:5 error expired\n"
	"    the exception of billing from the rule dependency for legacy ended on 2027-03-31\n"
	"\n"
	"Fix it by removing what it covered, or agree on a new date with its owner: the\n"
	"contract's history shows how often that was done.\n";

static void tell_help(struct judge *judge, uint32_t module, size_t index)
{
	uint32_t needed = excuses_needed(&judge->excuses, module, index);
	if (needed == 0) {
		tell(judge, "Nothing needs it any more: delete it (");
	} else {
		tell_count(judge, needed, "finding that it covered counts",
			   "findings that it covered count");
		tell(judge, " again. Remove what it stood for, or agree on a new date (");
	}
	tell_place(judge, module, judge_module(judge, module)->exceptions[index].line);
	tell(judge, ").");
}

static void report(struct judge *judge, uint32_t module, size_t index)
{
	const struct exception *exception = &judge_module(judge, module)->exceptions[index];
	struct finding *finding = judge_add(judge, module, exception->to.name.text);
	if (!finding)
		return;
	finding->file = judge_module(judge, module)->file;
	finding->line = exception->line;
	finding->column = exception->column;
	tell(judge, "the exception of %.*s from the rule %s for %.*s ended on %04d-%02d-%02d",
	     STR_ARG(finding->module), rule_name(exception->rule), STR_ARG(finding->to),
	     exception->until.year, exception->until.month, exception->until.day);
	finding->message = told(judge);
	tell(judge, "It was given because: %.*s (owner %.*s).", STR_ARG(exception->reason),
	     STR_ARG(exception->owner));
	finding->why = told(judge);
	tell_help(judge, module, index);
	finding->help = told(judge);
}

static int judge_expired(struct judge *judge, struct error *error)
{
	(void)error;
	for (uint32_t i = 0; i < judge->contracts->module_count; i++) {
		const struct module *module = judge_module(judge, i);
		if (!judge_minds(judge, i))
			continue;
		for (size_t j = 0; j < module->exception_count; j++)
			if (excuses_expired(&judge->excuses, &module->exceptions[j]))
				report(judge, i, j);
	}
	return 0;
}

const struct rule RULE_TABLE_EXPIRED = {
	.summary = "an exception past its date",
	.explanation = EXPLANATION,
	.judge = judge_expired,
};
