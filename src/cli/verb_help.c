/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that look at no code: help, version, completion, explain. */
#include <string.h>

#include "cli/help.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "rule/rule.h"

static int write_text(const struct arguments *arguments, const struct text *out)
{
	struct error error;
	if (out->failed) {
		error_memory(&error);
		return terminal_error(arguments, &error);
	}
	return terminal_write(arguments, text_str(out));
}

int verb_help(const struct arguments *arguments)
{
	_cleanup_(text_release) struct text out = {0};
	if (arguments->given[FLAG_MAN])
		help_man(&out);
	else if (arguments->operand_count == 0)
		help_overview(&out);
	for (int i = 0; i < VERB_COUNT && arguments->operand_count > 0; i++)
		if (strcmp(arguments->operands[0], VERBS[i].name) == 0)
			help_verb((enum verb_id)i, &out);
	return write_text(arguments, &out);
}

int verb_version(const struct arguments *arguments)
{
	return terminal_write(arguments, STR("ashlar " ASHLAR_VERSION "\n"));
}

int verb_completion(const struct arguments *arguments)
{
	_cleanup_(text_release) struct text out = {0};
	help_completion(arguments->operands[0], &out);
	return write_text(arguments, &out);
}

static int wrong_rule(const struct arguments *arguments, const char *word)
{
	struct str names[RULE_COUNT];
	struct error error;
	for (int i = 0; i < RULE_COUNT; i++)
		names[i] = str_of(rule_name((enum rule_id)i));
	struct str nearest = str_nearest(str_of(word), names, RULE_COUNT);
	if (nearest.length)
		error_set(&error, ERROR_INVALID, "there is no rule '%s'; did you mean '%.*s'?",
			  word, STR_ARG(nearest));
	else
		error_set(&error, ERROR_INVALID,
			  "there is no rule '%s'; 'ashlar explain' lists all rules", word);
	return terminal_error(arguments, &error);
}

int verb_explain(const struct arguments *arguments)
{
	_cleanup_(text_release) struct text out = {0};
	if (arguments->operand_count == 0) {
		text_add(&out, STR("The rules of Ashlar; 'ashlar explain RULE' tells more.\n\n"));
		for (int i = 0; i < RULE_COUNT; i++)
			text_addf(&out, "  %-13s %s\n", rule_name((enum rule_id)i),
				  rule_of((enum rule_id)i)->summary);
		return write_text(arguments, &out);
	}
	enum rule_id rule = rule_named(str_of(arguments->operands[0]));
	if (rule == RULE_COUNT)
		return wrong_rule(arguments, arguments->operands[0]);
	text_addf(&out, "%s: %s\n\n%s\n", rule_name(rule), rule_of(rule)->summary,
		  rule_of(rule)->explanation);
	return write_text(arguments, &out);
}
