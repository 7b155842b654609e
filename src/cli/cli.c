/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to a verb. A verb that needs heavy libraries is an executable of its own beside
 * this one, as git does it, so that `ashlar check` starts without them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

static int show_help(const struct arguments *arguments, enum verb_id verb)
{
	_cleanup_(text_release) struct text out = {0};
	help_verb(verb, &out);
	return terminal_write(arguments, text_str(&out));
}

/* Where the other executables lie: beside this one, else in libexec of the same prefix. */
static int run_program(const struct arguments *arguments, const char *program, char **argv)
{
	char self[PATH_LIMIT], path[PATH_LIMIT + 64];
	struct error error;
	ssize_t length = readlink("/proc/self/exe", self, sizeof self);
	struct str folder = path_folder((struct str){self, length > 0 ? (size_t)length : 0});
	static const char *const PLACES[] = {"%.*s/%s", "%.*s/../libexec/ashlar/%s"};
	for (size_t i = 0; i < 2; i++) {
		/* Both formats are literals above. */
		snprintf(path, sizeof path, i ? PLACES[1] : PLACES[0], STR_ARG(folder), program);
		execv(path, argv);
	}
	error_set(&error, ERROR_NOT_FOUND, "%s cannot be started: %s; it belongs beside %.*s",
		  program, strerror(errno), length > 0 ? (int)length : 0, self);
	return terminal_error(arguments, &error);
}

/* A day that is no day must not count as today. */
static int check_environment(struct error *error)
{
	const char *today = getenv("ASHLAR_TODAY");
	struct date date;
	if (!today || !today[0] || date_parse(str_of(today), &date))
		return 0;
	return error_set(error, ERROR_INVALID, "ASHLAR_TODAY is '%s', and wants YYYY-MM-DD", today);
}

int cli_main(int argc, char **argv, verb_run *const runs[VERB_COUNT])
{
	struct arguments arguments;
	struct error error;
	/* Parsing reorders the words; another executable must get them as they came. */
	_cleanup_(mem_freep) char **words = mem_alloc(((size_t)argc + 1) * sizeof *words);
	signal(SIGPIPE, SIG_IGN);
	if (words)
		memcpy(words, argv, (size_t)argc * sizeof *words);
	if (!words || check_environment(&error) < 0 ||
	    arguments_parse(argc, words, &arguments, &error) < 0) {
		if (!words)
			error_memory(&error);
		arguments = (struct arguments){0};
		return terminal_error(&arguments, &error);
	}
	if (arguments.given[FLAG_HELP])
		return show_help(&arguments, arguments.verb);
	if (!runs[arguments.verb])
		return run_program(&arguments, VERBS[arguments.verb].program, argv);
	return runs[arguments.verb](&arguments);
}
