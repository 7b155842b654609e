/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include <stdio.h>

#include "app/host.h"

/* What the command line says, and where the answers go. */

/* Words after the verb that are no flags. */
#define COMMAND_WORDS 2

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
	const char *words[COMMAND_WORDS];
	const char *deploy; /* file, or NULL */
	const char *since;  /* the next two of a listing, as given, or NULL */
	const char *after;
	const char *limit;
	const struct verb *verb; /* NULL: there is none such */
	bool helps;              /* --help */
	bool dry_run;
	bool all;
	struct dead_filter filter;
	struct settings settings;
};

/* The verbs: each is given a command with its settings and returns what main() is to return. */
int command_run(struct command *command);
int command_migrate(struct command *command);
int command_dead_letters(struct command *command);
int command_replay(struct command *command);
int command_routes(struct command *command);
int command_modules(struct command *command);
int command_check(struct command *command);

/* Sets up a host, telling all mistakes; returns what main() is to return, and only EXIT_FINE when
 * the host is good. It is to be released in any case. */
int command_host(struct command *command, struct host *host);

/* The same, with its store open, and its schema up to date where `migrates`. */
int command_open(struct command *command, struct host *host, bool migrates);

/* Reads what --since, --after and --limit said into the filter. Times are RFC 3339, or how long
 * ago: 90s, 30m, 12h, 7d. Returns what main() is to return; mistakes are told. */
int command_read_range(struct command *command);

/* Judges the placement of the deployment file, telling mistakes and warnings, and draws it to
 * `out` unless that is NULL. Returns what main() is to return. */
int command_placement(struct command *command, const struct host *host, FILE *out);

/* Tells all errors and empties the list; EXIT_MISTAKE where there are any. */
int command_tell(struct command *command, struct error_list *errors);

/* Tells a failure; returns EXIT_FAILED. */
int command_fail(struct command *command, const struct fault *fault);

/* Reads the words and runs the verb; what ash_main() does with the standard streams. */
int command_main(int argc, char **argv, const ash_app *app, FILE *out, FILE *err);

#endif
