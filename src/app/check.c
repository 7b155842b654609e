/* SPDX-License-Identifier: Apache-2.0 */
/* The verb check-config: the application is put together as `run` does it, as each process that it
 * may be started as, and nothing is opened but the files of TLS. Mistakes of all of them are told
 * together, each once. */
#include "app/command.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"

/* What was found in the processes so far. */
struct found {
	struct error_list errors, warnings;
	bool many; /* each is one of several, which may be on other machines */
};

static bool is_same(const struct error *a, const struct error *b)
{
	return a->line == b->line && a->column == b->column && strcmp(a->file, b->file) == 0 &&
	       strcmp(a->message, b->message) == 0;
}

/* What is said of all processes is found in each of them. */
static void add_once(struct error_list *list, const struct error *error)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_same(&list->items[i], error))
			return;
	error_list_add(list, error);
}

/* The files are read, as others of them may be there next time. One that is not there may be on the
 * process's own machine. */
static void look_at_files(const struct settings *settings, struct found *found)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = NULL;
	struct error error;
	if (secure_load(settings, &tls, &error) == 0 &&
	    (!tls || secure_judge(settings, tls, (int64_t)time(NULL), &error) == 0))
		return;
	bool elsewhere = found->many && error.code == ERROR_NOT_FOUND;
	add_once(elsewhere ? &found->warnings : &found->errors, &error);
}

/* Puts it together. Errors: what is no mistake. */
static int look_at(const struct command *command, struct found *found, struct error *error)
{
	_cleanup_(host_release) struct host host = {0};
	struct error_list errors = {0};
	int made = host_init(&host, command->app, &command->settings, &errors, error);
	for (size_t i = 0; i < errors.count; i++)
		add_once(&found->errors, &errors.items[i]);
	found->errors.dropped += errors.dropped;
	error_list_clear(&errors);
	if (made < 0 && (error->code == ERROR_MEMORY || error->code == ERROR_IO))
		return -1;
	if (made < 0)
		add_once(&found->errors, error);
	look_at_files(&command->settings, found);
	return 0;
}

/* The same with the settings that the process would have. Those that a process may have were judged
 * with the file. */
static int look_as(const struct command *command, const struct placement_process *process,
		   struct found *found, struct error *error)
{
	struct command one = *command;
	int result = -1;
	settings_copy(&command->settings, &one.settings);
	if (command_take(&one, process) == EXIT_FINE && command_flags(&one) == EXIT_FINE)
		result = look_at(&one, found, error);
	else
		error_memory(error);
	settings_release(&one.settings);
	return result;
}

static int look_at_all(const struct command *command, struct found *found, struct error *error)
{
	const struct placement *placement = &command->placement;
	if (!found->many)
		return look_at(command, found, error);
	for (size_t i = 0; i < placement->process_count; i++)
		if (look_as(command, &placement->processes[i], found, error) < 0)
			return -1;
	return 0;
}

/* Only a setting of the command line has no place of its own. */
static void tell_warning(const struct command *command, const struct error *warning)
{
	if (warning->line)
		fprintf(command->err, "%s:%u:%u: warning: %s\n", warning->file, warning->line,
			warning->column, warning->message);
	else
		fprintf(command->err, "%s: warning: %s\n", warning->file, warning->message);
}

static int tell(struct command *command, struct found *found)
{
	error_list_sort(&found->warnings);
	for (size_t i = 0; i < found->warnings.count; i++)
		tell_warning(command, &found->warnings.items[i]);
	error_list_clear(&found->warnings);
	return command_tell(command, &found->errors);
}

static void say_fine(const struct command *command)
{
	const struct placement *placement = &command->placement;
	const struct placement_process *process = command->settings.process;
	size_t count = 0;
	while (command->app->modules[count])
		count++;
	fprintf(command->out, "%zu modules fit together", count);
	if (process && placement->process_count > 1)
		fprintf(command->out, " in the process %s; the others were not looked into",
			process->name.text);
	for (size_t i = 0; !process && i < placement->process_count; i++)
		fprintf(command->out, "%s%s",
			i                              ? ", "
			: placement->process_count > 1 ? " in each process: "
						       : " in the process ",
			placement->processes[i].name.text);
	fputc('\n', command->out);
}

static int read_format(struct command *command, enum placement_format *out)
{
	static const struct str NAMES[] = {STR("text"), STR("dot"), STR("mermaid")};
	int format = command->format ? placement_format_named(command->format) : PLACEMENT_TEXT;
	if (format < 0)
		return command_mistake(command, "there is no format", str_of(command->format),
				       NAMES, sizeof NAMES / sizeof *NAMES);
	*out = (enum placement_format)format;
	return EXIT_FINE;
}

int command_check(struct command *command)
{
	struct found found = {.many = !command->settings.process &&
				      command->placement.process_count > 1};
	struct error error;
	enum placement_format format = PLACEMENT_TEXT;
	int result = read_format(command, &format);
	if (result != EXIT_FINE)
		return result;
	int failed = look_at_all(command, &found, &error);
	result = tell(command, &found);
	if (failed < 0) {
		fprintf(command->err, "%s\n", error.message);
		return EXIT_FAILED;
	}
	if (result == EXIT_FINE)
		result = command_draw(command, format);
	if (result != EXIT_FINE || format != PLACEMENT_TEXT)
		return result;
	command_tell_beside(command);
	say_fine(command);
	return EXIT_FINE;
}
