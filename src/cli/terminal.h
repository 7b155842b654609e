/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

#include "base/text.h"
#include "cli/flags.h"

/* The only door to standard output and standard error. */

/* Exit codes of every verb. */
enum {
	EXIT_CLEAN = 0,
	EXIT_FINDINGS = 1,
	EXIT_WRONG = 2,      /* use, or a contract */
	EXIT_UNREADABLE = 3, /* something could not be read, or written */
};

/* Whether standard output (or standard error) is to be coloured: --color, NO_COLOR
 * (no-color.org), TERM=dumb, and whether it is a terminal. */
bool terminal_colors(const struct arguments *arguments, bool standard_error);

/* Columns of the terminal on standard output; 100 when it is none. */
unsigned terminal_width(void);

/* Writes to the file that --output names, or to standard output. Returns EXIT_CLEAN, or
 * EXIT_UNREADABLE after a message. A closed pipe is no error. */
int terminal_write(const struct arguments *arguments, struct str content) must_check;

/* Shows one error on standard error and returns the exit code that fits it. */
int terminal_error(const struct arguments *arguments, const struct error *error);

/* Shows all errors of a list on standard error, the first words of each as `label`. */
void terminal_errors(const struct arguments *arguments, const char *label,
		     const struct error_list *errors);

/* Shows a line on standard error unless --quiet. */
void terminal_note(const struct arguments *arguments, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Shows what is being done, on a terminal only and only when it takes longer than a moment;
 * NULL takes it away. Milliseconds since the start are `elapsed_ms`. */
void terminal_progress(const struct arguments *arguments, const char *what, double elapsed_ms);

#endif
