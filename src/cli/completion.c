/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for three shells, made of the tables. Rules come from `ashlar explain`,
 * modules from the module.yaml files that git knows. */
#include <string.h>

#include "cli/help.h"

static const char *choices_of(enum verb_id verb, const struct flag *flag)
{
	return flag->choices ? flag->choices : VERBS[verb].formats;
}

/* ---- bash ---- */

static const char *bash_words(enum word_kind kind)
{
	static const char *const WORDS[] = {
		[WORD_PATH] = "compopt -o default; COMPREPLY=()",
		[WORD_FOLDER] = "COMPREPLY=($(compgen -d -- \"$cur\"))",
		[WORD_MODULE] = "COMPREPLY=($(compgen -f -W \"$(_ashlar_modules)\" -- \"$cur\"))",
		[WORD_RULE] = "COMPREPLY=($(compgen -W \"$(_ashlar_rules)\" -- \"$cur\"))",
		[WORD_REVISION] = ("COMPREPLY=($(compgen -W \"$(git for-each-ref "
				   "--format='%(refname:short)' 2>/dev/null)\" -- \"$cur\"))"),
		[WORD_NUMBER] = "COMPREPLY=()",
	};
	return WORDS[kind];
}

static void bash_word(struct text *out, enum word_kind kind, const char *choices)
{
	if (kind == WORD_CHOICE)
		text_addf(out, "COMPREPLY=($(compgen -W \"%s\" -- \"$cur\"))", choices);
	else
		text_addf(out, "%s", bash_words(kind));
}

static void bash_verb(struct text *out, enum verb_id verb)
{
	text_addf(out, "\t%s)\n\t\tcase \"$prev\" in\n", VERBS[verb].name);
	for (int i = 0; i < FLAG_COUNT; i++) {
		const struct flag *flag = &FLAGS[i];
		if (!flag->value || !verb_has_flag(verb, (enum flag_id)i))
			continue;
		text_addf(out, "\t\t--%s", flag->name);
		if (flag->letter)
			text_addf(out, "|-%c", flag->letter);
		text_addf(out, ") ");
		bash_word(out, flag->kind, choices_of(verb, flag));
		text_addf(out, "; return;;\n");
	}
	text_addf(out, "\t\tesac\n\t\tif [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"");
	for (int i = 0; i < FLAG_COUNT; i++)
		if (verb_has_flag(verb, (enum flag_id)i))
			text_addf(out, "--%s ", FLAGS[i].name);
	text_addf(out, "\" -- \"$cur\")); return; fi\n\t\t");
	if (VERBS[verb].most > 0)
		bash_word(out, VERBS[verb].operand, VERBS[verb].choices);
	else
		text_addf(out, "COMPREPLY=()");
	text_addf(out, ";;\n");
}

static void add_helpers(struct text *out)
{
	text_addf(out, "_ashlar_rules() { ashlar explain 2>/dev/null | sed -n 's/^  \\([a-z]*\\) "
		       ".*/\\1/p'; }\n"
		       "_ashlar_modules() { git ls-files -co --exclude-standard '*module.yaml' "
		       "2>/dev/null |"
		       " while read -r f; do sed -n 's/^module: *//p' \"$f\"; done; }\n");
}

static void add_bash(struct text *out)
{
	text_addf(out, "# bash completion for ashlar\n");
	add_helpers(out);
	text_addf(out, "_ashlar() {\n"
		       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		       "\tif [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W \"");
	for (int i = 0; i < VERB_COUNT; i++)
		text_addf(out, "%s ", VERBS[i].name);
	text_addf(out, "\" -- \"$cur\")); return; fi\n\tcase \"${COMP_WORDS[1]}\" in\n");
	for (int i = 0; i < VERB_COUNT; i++)
		bash_verb(out, (enum verb_id)i);
	text_addf(out, "\tesac\n}\ncomplete -F _ashlar ashlar\n");
}

/* ---- zsh ---- */

static void zsh_word(struct text *out, enum word_kind kind, const char *choices)
{
	static const char *const WORDS[] = {
		[WORD_PATH] = "_files",
		[WORD_FOLDER] = "_files -/",
		[WORD_MODULE] = "_ashlar_module_words",
		[WORD_RULE] = "_ashlar_rule_words",
		[WORD_REVISION] = "_ashlar_revision_words",
		[WORD_NUMBER] = " ",
	};
	if (kind == WORD_CHOICE)
		text_addf(out, "(%s)", choices);
	else
		text_addf(out, "%s", WORDS[kind]);
}

/* Help texts inside '...[...]': no quote, no bracket, no colon may stand there bare. */
static void zsh_text(struct text *out, const char *help)
{
	for (; *help; help++) {
		if (strchr("[]:\\", *help))
			text_add_byte(out, '\\');
		if (*help != '\'')
			text_add_byte(out, *help);
	}
}

static void zsh_flag(struct text *out, enum verb_id verb, const struct flag *flag)
{
	if (flag->letter)
		text_addf(out, " '(-%c --%s)'{-%c,--%s%s}'", flag->letter, flag->name, flag->letter,
			  flag->name, flag->value ? "=" : "");
	else
		text_addf(out, " '--%s%s", flag->name, flag->value ? "=" : "");
	text_addf(out, "[");
	zsh_text(out, flag->help);
	text_addf(out, "]");
	if (flag->value) {
		text_addf(out, ":%s:", flag->value);
		zsh_word(out, flag->kind, choices_of(verb, flag));
	}
	text_addf(out, "'");
}

static void zsh_verb(struct text *out, enum verb_id verb)
{
	text_addf(out, "\t%s) _arguments", VERBS[verb].name);
	for (int i = 0; i < FLAG_COUNT; i++)
		if (verb_has_flag(verb, (enum flag_id)i))
			zsh_flag(out, verb, &FLAGS[i]);
	if (VERBS[verb].most > 0) {
		text_addf(out, " '*:%s:", VERBS[verb].name);
		zsh_word(out, VERBS[verb].operand, VERBS[verb].choices);
		text_addf(out, "'");
	}
	text_addf(out, ";;\n");
}

static void add_zsh(struct text *out)
{
	text_addf(out, "#compdef ashlar\n");
	add_helpers(out);
	text_addf(out,
		  "_ashlar_rule_words() { compadd -- ${(f)\"$(_ashlar_rules)\"} }\n"
		  "_ashlar_module_words() { compadd -- ${(f)\"$(_ashlar_modules)\"}; _files }\n"
		  "_ashlar_revision_words() { compadd -- ${(f)\"$(git for-each-ref "
		  "--format='%%(refname:short)' 2>/dev/null)\"} }\n"
		  "_ashlar() {\n\tlocal -a verbs=(");
	for (int i = 0; i < VERB_COUNT; i++) {
		text_addf(out, "'%s:", VERBS[i].name);
		zsh_text(out, VERBS[i].summary);
		text_addf(out, "' ");
	}
	text_addf(out, ")\n\tif (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
		       "\tlocal verb=$words[2]\n\tshift words; (( CURRENT-- ))\n"
		       "\tcase $verb in\n");
	for (int i = 0; i < VERB_COUNT; i++)
		zsh_verb(out, (enum verb_id)i);
	text_addf(out, "\tesac\n}\nif [ \"$funcstack[1]\" = _ashlar ]; then _ashlar \"$@\"; else "
		       "compdef _ashlar ashlar; fi\n");
}

/* ---- fish ---- */

static void fish_word(struct text *out, enum word_kind kind, const char *choices)
{
	static const char *const WORDS[] = {
		[WORD_PATH] = " -F",
		[WORD_FOLDER] = " -x -a '(__fish_complete_directories)'",
		[WORD_MODULE] = " -a '(_ashlar_modules)'",
		[WORD_RULE] = " -x -a '(_ashlar_rules)'",
		[WORD_REVISION] =
			" -x -a '(git for-each-ref --format=\"%(refname:short)\" 2>/dev/null)'",
		[WORD_NUMBER] = " -x",
	};
	if (kind == WORD_CHOICE)
		text_addf(out, " -x -a '%s'", choices);
	else
		text_addf(out, "%s", WORDS[kind]);
}

static void fish_text(struct text *out, const char *help)
{
	for (; *help; help++) {
		if (*help == '\'' || *help == '\\')
			text_add_byte(out, '\\');
		text_add_byte(out, *help);
	}
}

static void fish_flag(struct text *out, enum verb_id verb, const struct flag *flag)
{
	text_addf(out, "complete -c ashlar -n '__fish_seen_subcommand_from %s' -l %s",
		  VERBS[verb].name, flag->name);
	if (flag->letter)
		text_addf(out, " -s %c", flag->letter);
	text_addf(out, " -d '");
	fish_text(out, flag->help);
	text_addf(out, "'");
	if (flag->value) {
		text_addf(out, " -r");
		fish_word(out, flag->kind, choices_of(verb, flag));
	}
	text_addf(out, "\n");
}

static void fish_verb(struct text *out, enum verb_id verb)
{
	text_addf(out, "complete -c ashlar -n __fish_use_subcommand -f -a %s -d '",
		  VERBS[verb].name);
	fish_text(out, VERBS[verb].summary);
	text_addf(out, "'\n");
	for (int i = 0; i < FLAG_COUNT; i++)
		if (verb_has_flag(verb, (enum flag_id)i))
			fish_flag(out, verb, &FLAGS[i]);
	if (VERBS[verb].most > 0) {
		text_addf(out, "complete -c ashlar -n '__fish_seen_subcommand_from %s'",
			  VERBS[verb].name);
		fish_word(out, VERBS[verb].operand, VERBS[verb].choices);
		text_addf(out, "\n");
	}
}

static void add_fish(struct text *out)
{
	text_addf(out, "function _ashlar_rules\n\tashlar explain 2>/dev/null | "
		       "string match -rg '^  ([a-z]+) '\nend\n"
		       "function _ashlar_modules\n\tfor f in (git ls-files -co --exclude-standard "
		       "'*module.yaml' 2>/dev/null)\n"
		       "\t\tstring match -rg '^module: *(.*)' < $f\n\tend\nend\n");
	for (int i = 0; i < VERB_COUNT; i++)
		fish_verb(out, (enum verb_id)i);
}

void help_completion(const char *shell, struct text *out)
{
	if (strcmp(shell, "bash") == 0)
		add_bash(out);
	else if (strcmp(shell, "zsh") == 0)
		add_zsh(out);
	else
		add_fish(out);
}
