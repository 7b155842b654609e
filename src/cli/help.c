/* SPDX-License-Identifier: Apache-2.0 */
/* Help and the man page, made of the tables. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, FLAG_COLUMN = 24 };

/* Adds `words` filled to WIDTH, each line behind `indent` blanks; the first line's indent is
 * there already. An empty line ("\n\n") starts a new paragraph. */
static void add_filled(struct text *out, const char *words, size_t indent)
{
	size_t column = indent;
	for (const char *at = words; *at;) {
		if (strncmp(at, "\n\n", 2) == 0) {
			text_addf(out, "\n\n%*s", (int)indent, "");
			column = indent;
			at += 2;
			continue;
		}
		size_t length = strcspn(at, " \n");
		if (column > indent && column + 1 + length > WIDTH) {
			text_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			text_add_byte(out, ' ');
			column++;
		}
		text_add(out, (struct str){at, length});
		column += length;
		at += length + (at[length] == ' ');
	}
	text_add_byte(out, '\n');
}

static void add_flag(struct text *out, enum verb_id verb, enum flag_id id)
{
	const struct flag *flag = &FLAGS[id];
	char name[64], help[512];
	snprintf(name, sizeof name, "  %c%c%s --%s%s%s", flag->letter ? '-' : ' ',
		 flag->letter ? flag->letter : ' ', flag->letter ? "," : " ", flag->name,
		 flag->value ? " " : "", flag->value ? flag->value : "");
	snprintf(help, sizeof help, "%s%s%s", flag->help, id == FLAG_FORMAT ? ": " : "",
		 id == FLAG_FORMAT ? VERBS[verb].formats : "");
	text_addf(out, "%-*s ", FLAG_COLUMN - 1, name);
	add_filled(out, help, FLAG_COLUMN);
}

void help_overview(struct text *out)
{
	text_addf(out, "Ashlar keeps a monolith modular: one contract per module, checked in the "
		       "source.\n\n"
		       "usage: ashlar VERB [FLAGS] [...]\n\n");
	for (int i = 0; i < VERB_COUNT; i++)
		text_addf(out, "  %-11s %s\n", VERBS[i].name, VERBS[i].summary);
	text_addf(out, "\n'ashlar help VERB' tells more. A first look at any code base: "
		       "'ashlar check PATH'.\n"
		       "Exit: 0 clean, 1 findings, 2 wrong use or contract, "
		       "3 something could not be read.\n");
}

void help_verb(enum verb_id verb, struct text *out)
{
	text_addf(out, "usage: ashlar %s%s%s%s\n\n", VERBS[verb].name, " [FLAGS]",
		  VERBS[verb].operands[0] ? " " : "", VERBS[verb].operands);
	add_filled(out, VERBS[verb].details[0] ? VERBS[verb].details : VERBS[verb].summary, 0);
	text_add_byte(out, '\n');
	for (int i = 0; i < FLAG_COUNT; i++)
		if (verb_has_flag(verb, (enum flag_id)i))
			add_flag(out, verb, (enum flag_id)i);
}

/* Adds text for roff: a leading '.' or '\'' and backslashes are made harmless. */
static void add_roff(struct text *out, const char *words)
{
	for (const char *at = words; *at; at++) {
		if (strncmp(at, "\n\n", 2) == 0) {
			text_addf(out, "\n.PP\n");
			at++;
		} else if (*at == '\\') {
			text_addf(out, "\\e");
		} else if (*at == '-') {
			text_addf(out, "\\-");
		} else {
			text_add_byte(out, *at);
		}
	}
	text_add_byte(out, '\n');
}

static void add_man_flag(struct text *out, enum verb_id verb, enum flag_id id)
{
	const struct flag *flag = &FLAGS[id];
	text_addf(out, ".TP\n");
	if (flag->letter)
		text_addf(out, "\\fB\\-%c\\fR, ", flag->letter);
	text_addf(out, "\\fB\\-\\-");
	for (const char *at = flag->name; *at; at++)
		text_addf(out, *at == '-' ? "\\-" : "%c", *at);
	text_addf(out, "\\fR%s%s%s\n", flag->value ? " \\fI" : "", flag->value ? flag->value : "",
		  flag->value ? "\\fR" : "");
	add_roff(out, flag->help);
	if (id == FLAG_FORMAT)
		text_addf(out, "(%s)\n", VERBS[verb].formats);
}

static void add_man_verb(struct text *out, enum verb_id verb)
{
	text_addf(out, ".SS ashlar %s %s\n", VERBS[verb].name, VERBS[verb].operands);
	add_roff(out, VERBS[verb].details[0] ? VERBS[verb].details : VERBS[verb].summary);
	for (int i = 0; i < FLAG_COUNT; i++)
		if (VERBS[verb].flags & (1u << i))
			add_man_flag(out, verb, (enum flag_id)i);
}

void help_man(struct text *out)
{
	text_addf(out, ".TH ASHLAR 1 \"\" \"Ashlar " ASHLAR_VERSION "\" \"User Commands\"\n"
		       ".SH NAME\nashlar \\- checks the module boundaries of a code base\n"
		       ".SH SYNOPSIS\n.B ashlar\n.I VERB\n[\\fIFLAGS\\fR] [...]\n"
		       ".SH DESCRIPTION\n"
		       "Ashlar keeps a monolith modular: one contract per module, checked in the "
		       "source files of any language it knows.\n"
		       ".SH VERBS\n");
	for (int i = 0; i < VERB_COUNT; i++)
		add_man_verb(out, (enum verb_id)i);
	text_addf(out, ".SH FLAGS OF ALL VERBS\n");
	for (int i = 0; i < FLAG_COUNT; i++)
		if (FLAGS[i].global)
			add_man_flag(out, VERB_CHECK, (enum flag_id)i);
	text_addf(out,
		  ".SH EXIT STATUS\n0: clean; 1: findings; 2: wrong use or contract; "
		  "3: something could not be read.\n"
		  ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colour, whatever it is set to\n"
		  ".TP\n.B GITHUB_ACTIONS\nwhen \\fItrue\\fR, \\fBcheck\\fR also prints "
		  "annotations\n"
		  ".TP\n.B ASHLAR_TODAY\nthe day (YYYY\\-MM\\-DD) against which exceptions expire\n"
		  ".SH FILES\n.TP\n.I ashlar.yaml\nthe contract of the whole tree\n"
		  ".TP\n.I module.yaml\nthe contract of the module in whose folder it stands\n"
		  ".TP\n.I baseline.yaml\nthe known findings of that module\n");
}
