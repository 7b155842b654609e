/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The command line as a table: verbs, flags and their words stand here once, and the parser,
 * the help, the man page and the completions are made of them. */

enum verb_id {
	VERB_CHECK,
	VERB_INIT,
	VERB_BASELINE,
	VERB_REFS,
	VERB_WHY,
	VERB_GRAPH,
	VERB_AFFECTED,
	VERB_NEW,
	VERB_EXPLAIN,
	VERB_COMPLETION,
	VERB_HELP,
	VERB_VERSION,
	VERB_COUNT,
};

enum flag_id {
	FLAG_FORMAT,
	FLAG_OUTPUT,
	FLAG_RULE,
	FLAG_MODULE,
	FLAG_ALL,
	FLAG_TIGHTEN,
	FLAG_DRY_RUN,
	FLAG_UNRESOLVED,
	FLAG_EXTERNAL,
	FLAG_CHAINS,
	FLAG_BASE,
	FLAG_DIRECT,
	FLAG_MAN,
	FLAG_DIRECTORY,
	FLAG_THREADS,
	FLAG_COLOR,
	FLAG_QUIET,
	FLAG_HELP,
	FLAG_COUNT,
};

/* What a word of the command line stands for; completions ask. */
enum word_kind {
	WORD_PATH,
	WORD_FOLDER,
	WORD_MODULE,
	WORD_RULE,
	WORD_REVISION,
	WORD_NUMBER,
	WORD_CHOICE
};

struct verb {
	const char *name;
	const char *operands; /* as the usage line shows them: "[PATH...]" */
	const char *summary;  /* one line */
	const char *details;  /* some paragraphs, separated by empty lines */
	const char *program;  /* the executable that knows it; NULL for ashlar itself */
	uint32_t flags;       /* bits 1 << enum flag_id, without those that all verbs have */
	const char *formats;  /* of --format: words separated by a blank, the default first */
	unsigned least;       /* operands */
	unsigned most;
	enum word_kind operand;
	const char *choices; /* of the operand, separated by a blank, for WORD_CHOICE */
};

struct flag {
	const char *name;  /* without "--" */
	char letter;       /* or 0 */
	const char *value; /* "FILE"; NULL for a switch */
	const char *help;
	enum word_kind kind;
	const char *choices; /* for WORD_CHOICE; NULL: the verb's formats */
	bool global;         /* every verb has it */
};

extern const struct verb VERBS[VERB_COUNT];
extern const struct flag FLAGS[FLAG_COUNT];

/* One command line, understood. All texts belong to argv. */
struct arguments {
	enum verb_id verb;
	bool given[FLAG_COUNT];
	const char *values[FLAG_COUNT]; /* NULL unless given with a value */
	char *const *operands;
	unsigned operand_count;
};

/* Understands a command line; `operands` are moved to the end of `argv`. Without a verb it is
 * `help`; "--version" and "--help" are verbs too. Errors: ERROR_INVALID, with a suggestion. */
int arguments_parse(int argc, char **argv, struct arguments *out, struct error *error) must_check;

/* Whether the verb takes the flag. */
bool verb_has_flag(enum verb_id verb, enum flag_id flag);

#endif
