/* SPDX-License-Identifier: Apache-2.0 */
/* What a person, or a program in a pipe, gets to see. Knows nothing of what is shown. */
#include "cli/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

enum { PROGRESS_AFTER_MS = 400 };

bool terminal_colors(const struct arguments *arguments, bool standard_error)
{
	const char *when = arguments->values[FLAG_COLOR];
	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	if ((no_color && *no_color) || (term && strcmp(term, "dumb") == 0))
		return false;
	if (!standard_error && arguments->given[FLAG_OUTPUT])
		return false;
	return isatty(standard_error ? STDERR_FILENO : STDOUT_FILENO);
}

unsigned terminal_width(void)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		return size.ws_col;
	return 100;
}

static int write_out(struct str content)
{
	while (content.length > 0) {
		ssize_t done = write(STDOUT_FILENO, content.at, content.length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EPIPE ? 0 : -1;
		content = str_from(content, (size_t)done);
	}
	return 0;
}

int terminal_write(const struct arguments *arguments, struct str content)
{
	struct error error;
	const char *path = arguments->values[FLAG_OUTPUT];
	if (path && strcmp(path, "-") != 0) {
		if (file_write(path, content, &error) < 0)
			return terminal_error(arguments, &error);
	} else if (write_out(content) < 0) {
		error_set(&error, ERROR_IO, "standard output cannot be written: %s",
			  strerror(errno));
		return terminal_error(arguments, &error);
	}
	return EXIT_CLEAN;
}

static int exit_code_of(enum error_code code)
{
	return code == ERROR_IO || code == ERROR_MEMORY ? EXIT_UNREADABLE : EXIT_WRONG;
}

static bool is_control(char byte)
{
	return (unsigned char)byte < 0x20 || byte == 0x7F;
}

static void show(const struct arguments *arguments, const char *label, const struct error *error)
{
	char line[sizeof(struct error) + 64];
	error_format(error, line, sizeof line);
	/* A name must not write on the terminal by itself. */
	for (char *at = line; *at; at++)
		if (is_control(*at))
			*at = '?';
	bool colors = terminal_colors(arguments, true);
	fprintf(stderr, "%s%s:%s %s\n", colors ? "\033[1;31m" : "", label, colors ? "\033[0m" : "",
		line);
}

int terminal_error(const struct arguments *arguments, const struct error *error)
{
	show(arguments, "ashlar", error);
	return exit_code_of(error->code);
}

void terminal_errors(const struct arguments *arguments, const char *label,
		     const struct error_list *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		show(arguments, label, &errors->items[i]);
	if (errors->dropped)
		fprintf(stderr, "%s: and %zu more\n", label, errors->dropped);
}

void terminal_note(const struct arguments *arguments, const char *format, ...)
{
	if (arguments->given[FLAG_QUIET])
		return;
	va_list list;
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

void terminal_progress(const struct arguments *arguments, const char *what, double elapsed_ms)
{
	static bool shown;
	if (!what && shown)
		fputs("\r\033[K", stderr);
	if (!what || elapsed_ms < PROGRESS_AFTER_MS || arguments->given[FLAG_QUIET] ||
	    !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%s ...", what);
	fflush(stderr);
	shown = true;
}
