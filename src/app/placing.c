/* SPDX-License-Identifier: Apache-2.0 */
/* The placement that a deployment file gives, held against the modules of the application, and
 * which of its processes this one is. Starts nothing. */
#include "app/command.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"

/* Bytes of a sentence that lists the processes. */
#define NAMES_SIZE 600

static size_t count_modules(const struct command *command)
{
	size_t count = 0;
	while (command->app->modules[count])
		count++;
	return count;
}

/* ---- reading ---- */

/* Settings of processes that are not this one are judged as well. */
static void judge_settings(struct command *command, struct error_list *errors)
{
	const struct placement *placement = &command->placement;
	for (size_t i = 0; i < placement->process_count; i++) {
		_cleanup_(settings_release) struct settings scratch;
		settings_copy(&command->settings, &scratch);
		settings_take(&scratch, placement, &placement->processes[i], errors);
	}
}

static int read_and_judge(struct command *command, struct error_list *errors,
			  struct error_list *warnings, struct error *error)
{
	_cleanup_(text_release) struct text source = {0};
	struct placement *placement = &command->placement;
	if (file_read(command->deploy, SETTINGS_FILE_LIMIT, &source, error) < 0 ||
	    placement_read(command->deploy, text_str(&source), false, placement, errors, error) < 0)
		return -1;
	judge_settings(command, errors);
	return placement_judge(placement, command->app->modules, count_modules(command), errors,
			       warnings, error);
}

static int judge(struct command *command)
{
	struct error_list errors = {0}, warnings = {0};
	struct error error;
	int failed = read_and_judge(command, &errors, &warnings, &error);
	for (size_t i = 0; i < warnings.count; i++)
		fprintf(command->err, "%s:%u:%u: warning: %s\n", warnings.items[i].file,
			warnings.items[i].line, warnings.items[i].column,
			warnings.items[i].message);
	error_list_clear(&warnings);
	int result = command_tell(command, &errors);
	if (failed == 0)
		return result;
	fprintf(command->err, "%s\n", error.message);
	return EXIT_FAILED;
}

/* ---- choosing ---- */

/* "front, money or stock". */
static void list_names(const struct placement *placement, char *out, size_t size)
{
	size_t length = 0, count = placement->process_count;
	for (size_t i = 0; i < count && length < size; i++)
		length += (size_t)snprintf(out + length, size - length, "%s%s",
					   i == 0           ? ""
					   : i == count - 1 ? " or "
							    : ", ",
					   placement->processes[i].name.text);
}

static int no_process(struct command *command)
{
	struct str names[PLACEMENT_PROCESS_LIMIT], word = str_of(command->process);
	const struct placement *placement = &command->placement;
	char all[NAMES_SIZE] = "";
	for (size_t i = 0; i < placement->process_count; i++)
		names[i] = str_of(placement->processes[i].name.text);
	struct str nearest = str_nearest(word, names, placement->process_count);
	list_names(placement, all, sizeof all);
	fprintf(command->err, "--process: there is no process '%s' in %s", excerpt_of(word).text,
		command->deploy);
	if (nearest.length)
		fprintf(command->err, "; did you mean '%.*s'?", STR_ARG(nearest));
	fprintf(command->err, "%s%s\n", *all ? " It has " : "; it has no processes", all);
	return EXIT_MISTAKE;
}

static int which_process(struct command *command)
{
	char all[NAMES_SIZE] = "";
	list_names(&command->placement, all, sizeof all);
	fprintf(command->err,
		"%s has %zu processes, and this can be one of them only; say which: --process %s\n",
		command->deploy, command->placement.process_count, all);
	return EXIT_MISTAKE;
}

int command_take(struct command *command, const struct placement_process *process)
{
	struct error_list errors = {0};
	settings_take(&command->settings, &command->placement, process, &errors);
	return command_tell(command, &errors);
}

static int choose(struct command *command, bool must)
{
	const struct placement *placement = &command->placement;
	const struct placement_process *process = NULL;
	if (command->process) {
		process = placement_process(placement, command->process);
		if (!process)
			return no_process(command);
	} else if (placement->process_count == 1) {
		process = &placement->processes[0];
	} else if (placement->process_count > 1 && must) {
		return which_process(command);
	}
	return process ? command_take(command, process) : EXIT_FINE;
}

/* ---- all of it ---- */

int command_place(struct command *command, bool runs)
{
	if (!command->deploy && command->process) {
		fprintf(command->err,
			"--process: no file says what the process '%s' is; name one with "
			"--deploy\n",
			excerpt_of(str_of(command->process)).text);
		return EXIT_MISTAKE;
	}
	if (!command->deploy)
		return EXIT_FINE;
	int result = judge(command);
	if (result != EXIT_FINE)
		return result;
	command->settings.placement = &command->placement;
	return choose(command, runs);
}

int command_draw(struct command *command, enum placement_format format)
{
	_cleanup_(text_release) struct text text = {0};
	struct error error;
	bool some = command->placement.process_count || command->placement.split_count;
	if (!some && format != PLACEMENT_TEXT) {
		fprintf(command->err,
			"--format %s: there are no processes or splits to draw; a file that "
			"--deploy names has them\n",
			command->format);
		return EXIT_MISTAKE;
	}
	if (!some)
		return EXIT_FINE;
	if (placement_draw(&command->placement, command->app->modules, count_modules(command),
			   format, &text, &error) < 0) {
		fprintf(command->err, "%s\n", error.message);
		return EXIT_FAILED;
	}
	fwrite(text.at, 1, text.length, command->out);
	return EXIT_FINE;
}
