/* SPDX-License-Identifier: Apache-2.0 */
/* The placement that a deployment file gives, held against the modules of the application. */
#include "app/command.h"
#include "base/file.h"
#include "base/mem.h"
#include "placement/placement.h"

static int draw(const struct placement *placement, const struct command *command, size_t count,
		FILE *out, struct error *error)
{
	_cleanup_(text_release) struct text text = {0};
	if (placement_draw(placement, command->app->modules, count, PLACEMENT_TEXT, &text, error) <
	    0)
		return -1;
	fwrite(text.at, 1, text.length, out);
	return 0;
}

static int judge(struct command *command, size_t count, FILE *out, struct placement *placement,
		 struct error_list *errors, struct error_list *warnings, struct error *error)
{
	_cleanup_(text_release) struct text source = {0};
	if (file_read(command->deploy, SETTINGS_FILE_LIMIT, &source, error) < 0 ||
	    placement_read(command->deploy, text_str(&source), false, placement, errors, error) <
		    0 ||
	    placement_judge(placement, command->app->modules, count, errors, warnings, error) < 0)
		return -1;
	if (errors->count || !out || !placement->process_count)
		return 0;
	return draw(placement, command, count, out, error);
}

int command_placement(struct command *command, const struct host *host, FILE *out)
{
	_cleanup_(placement_release) struct placement placement = {0};
	struct error_list errors = {0}, warnings = {0};
	struct error error;
	if (!command->deploy)
		return EXIT_FINE;
	int failed = judge(command, host->registry.member_count, out, &placement, &errors,
			   &warnings, &error);
	for (size_t i = 0; i < warnings.count; i++)
		fprintf(command->err, "%s:%u:%u: warning: %s\n", warnings.items[i].file,
			warnings.items[i].line, warnings.items[i].column,
			warnings.items[i].message);
	error_list_clear(&warnings);
	int result = command_tell(command, &errors);
	if (failed == 0 && result == EXIT_FINE && !out && placement.given.text) {
		fprintf(command->err,
			"%s:%u:%u: '%s' can be checked and drawn (check-config), not yet run\n",
			command->deploy, placement.given.line, placement.given.column,
			placement.given.text);
		return EXIT_MISTAKE;
	}
	if (failed == 0)
		return result;
	fprintf(command->err, "%s\n", error.message);
	return EXIT_FAILED;
}
