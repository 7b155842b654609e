/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `stale`: the baseline only shrinks. Who holds the baseline says which entries are
 * left over. */
#include "rule/judge.h"

static const char EXPLANATION[] =
	"An entry of the baseline that no finding matches any more is a finding itself. In a\n"
	"strict module every entry is one. Not judged while a file cannot be read.\n"
	"\n"
	"Teams want it so that the baseline only shrinks: what was fixed cannot come back\n"
	"under the cover of an entry that was left behind.\n"
	"\n"
	"    src/billing/baseline.yaml:4:5 error stale\n"
	"    the baseline of billing still has a finding of the rule dependency about legacy, in\n"
	"    src/billing/charge.py (legacy.prices), that is gone\n"
	"\n"
	"Fix it with `ashlar check --tighten`, which takes the entries out, and commit the\n"
	"baseline together with the change that made them stale.\n";

static void add_message(struct text *text, const struct finding *finding,
			const struct baseline_entry *entry)
{
	if (finding->module.length)
		text_addf(text, "the baseline of %.*s", STR_ARG(finding->module));
	else
		text_add(text, STR("the baseline"));
	text_addf(text, " still has a finding of the rule %.*s", STR_ARG(entry->rule));
	if (entry->to.length)
		text_addf(text, " about %.*s", STR_ARG(entry->to));
	if (entry->file.length)
		text_add(text, STR(", in "));
	tell_name(text, entry->file);
	if (entry->reference.length) {
		text_add(text, STR(" ("));
		tell_name(text, entry->reference);
		text_add_byte(text, ')');
	}
	text_add(text, STR(", that is gone"));
}

void rules_add_stale(const struct contracts *contracts, const struct baseline *baseline,
		     uint32_t module, const struct baseline_entry *entry, struct finding_list *out)
{
	enum severity severity = contracts_severity(contracts, RULE_STALE, module);
	struct finding *finding = severity == SEVERITY_OFF ? NULL : finding_list_add(out);
	if (!finding)
		return;
	_cleanup_(text_release) struct text text = {0};
	finding->rule = rule_name(RULE_STALE);
	finding->severity = severity == SEVERITY_ERROR ? FINDING_ERROR : FINDING_WARNING;
	finding->module = module == MODULE_NONE ? STR("") : contracts->modules[module].name;
	finding->to = entry->to;
	finding->file = baseline->sources[entry->source].path;
	finding->line = entry->line;
	finding->column = entry->column;
	add_message(&text, finding, entry);
	finding->message = arena_str(&out->arena, text_str(&text));
	out->failed |= text.failed || out->arena.failed;
	bool strict = module != MODULE_NONE && contracts_strict(contracts, module);
	finding->why = strict ? STR("The module is strict: no baseline counts in it.")
			      : STR("An entry that is left behind would let the same finding come "
				    "back unseen.");
	finding->help = STR("Take it out with `ashlar check --tighten`.");
}

const struct rule RULE_TABLE_STALE = {
	.summary = "a baseline entry that no finding matches",
	.explanation = EXPLANATION,
};
