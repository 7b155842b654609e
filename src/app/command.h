/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include <stdio.h>

#include "app/host.h"

/* What the command line says, and where the answers go. */

/* Words after the verb that are no flags. */
#define COMMAND_WORDS 3

/* What main() returns. */
enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_MISTAKE = 2, /* of the command line, a contract or the deployment file */
	EXIT_CUT = 3,     /* it ended, but handlers had to be cut off */
	EXIT_BUSY = 75,   /* another process has the address, or migrates; later it may work */
};

struct command {
	const ash_app *app;
	FILE *out; /* for answers */
	FILE *err; /* for mistakes */
	int argc;  /* of main() */
	char **argv;
	const char *words[COMMAND_WORDS];
	const char *deploy;  /* file, or NULL */
	const char *process; /* of that file, or NULL */
	const char *since;   /* the next two of a listing, as given, or NULL */
	const char *after;
	const char *limit;
	const struct verb *verb; /* NULL: there is none such */
	bool helps;              /* --help */
	bool dry_run;
	bool all;
	struct dead_filter filter;
	struct blocked_filter blocked;
	struct saga_filter sagas;
	const char *format; /* as given, or NULL */
	bool stuck;
	struct settings settings;
	struct placement placement; /* of the file */
};

/* The verbs: each is given a command with its settings and returns what main() is to return. */
int command_run(struct command *command);
int command_migrate(struct command *command);
int command_dead_letters(struct command *command);
int command_replay(struct command *command);
int command_sagas(struct command *command);
int command_routes(struct command *command);
int command_modules(struct command *command);
int command_check(struct command *command);
int command_breakers(struct command *command);
int command_splits(struct command *command);

/* Sets up a host, telling all mistakes; returns what main() is to return, and only EXIT_FINE when
 * the host is good. It is to be released in any case. */
int command_host(struct command *command, struct host *host);

/* The same, with its store open, which must be there with the schema that the program has: nothing
 * is made, nothing is migrated. */
int command_find(struct command *command, struct host *host);

/* Reads what --since and --limit said into the filter. Times are RFC 3339, or how long ago: 90s,
 * 30m, 12h, 7d. Returns what main() is to return; mistakes are told. */
int command_read_range(struct command *command);

/* Tells where --module or --saga is the name of nothing that the program or the store knows;
 * returns what main() is to return. */
int command_check_sagas(struct command *command, struct host *host);

/* Tells what is wrong with a word, and which of `names` may have been meant; EXIT_MISTAKE. */
int command_mistake(struct command *command, const char *what, struct str word,
		    const struct str *names, size_t count);

/* Judges the placement of the deployment file, telling mistakes and warnings, and takes over what
 * it says of the process that was named, or is its only one. Where it `runs` a process must be
 * chosen. Returns what main() is to return. */
int command_place(struct command *command, bool runs);

/* Takes over what the file says of the process; what the command line says is to come after it, by
 * command_flags(). Returns what main() is to return. */
int command_take(struct command *command, const struct placement_process *process);

/* Takes the settings of the command line, again where they were taken before. Returns what main()
 * is to return. */
int command_flags(struct command *command);

/* Draws the placement and its splits; nothing where the file has neither, which for other formats
 * than text is a mistake. Returns what main() is to return. */
int command_draw(struct command *command, enum placement_format format);

/* Tells of each module that replaces another whether it gets calls, which is easily forgotten: by a
 * split alone. */
void command_tell_beside(struct command *command);

/* Tells all errors and empties the list; EXIT_MISTAKE where there are any. */
int command_tell(struct command *command, struct error_list *errors);

/* Tells a failure; returns EXIT_FAILED. */
int command_fail(struct command *command, const struct fault *fault);

/* Reads the words and runs the verb; what ash_main() does with the standard streams. */
int command_main(int argc, char **argv, const ash_app *app, FILE *out, FILE *err);

#endif
