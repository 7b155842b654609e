/* SPDX-License-Identifier: Apache-2.0 */
/* The verb splits: what shares are, who changed them, and how answers compare. Speaks to the store,
 * whether the application runs or not; the processes that run look there. */
#include "app/command.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "app/split_names.h"
#include "app/splits.h"
#include "base/clock.h"
#include "base/mem.h"

#define SHARE(share) (share) / 100, (share) % 100
#define SHARE_FORMAT "%u.%02u%%"

/* A verb under way. */
struct turning {
	struct command *command;
	const struct placement_split *split; /* the one that it does now */
	struct board board;
	struct arena arena;
};

static void turning_release(struct turning *turning)
{
	arena_release(&turning->arena);
}

/* "ann@host7": who runs the command. */
static void say_who(char out[BOARD_WHO_SIZE])
{
	char host[50] = "", bytes[2000];
	struct passwd entry, *found = NULL;
	(void)gethostname(host, sizeof host - 1);
	if (getpwuid_r(geteuid(), &entry, bytes, sizeof bytes, &found) == 0 && found)
		snprintf(out, BOARD_WHO_SIZE, "%.60s@%s", found->pw_name, host);
	else
		snprintf(out, BOARD_WHO_SIZE, "%u@%s", (unsigned)geteuid(), host);
}

/* ---- list ---- */

static void list_change(void *context, const struct board_change *change)
{
	const struct turning *turning = context;
	FILE *out = turning->command->out;
	char at[LOG_TIME_SIZE];
	log_time(change->at, at);
	if (change->before < 0)
		fprintf(out, "\t%s\t-\t" SHARE_FORMAT "\t%s\n", at, SHARE((unsigned)change->after),
			change->who);
	else
		fprintf(out, "\t%s\t" SHARE_FORMAT "\t" SHARE_FORMAT "\t%s\n", at,
			SHARE((unsigned)change->before), SHARE((unsigned)change->after),
			change->who);
}

struct standing {
	const char *name;
	uint32_t share;
};

static void note_share(void *context, const char *name, uint32_t share, uint32_t file)
{
	struct standing *standing = context;
	(void)file;
	if (strcmp(standing->name, name) == 0)
		standing->share = share;
}

static ash_status list(struct turning *turning, struct fault *fault)
{
	const struct placement_split *split = turning->split;
	struct standing standing = {split->name.text, split->share};
	ASH_TRY(board_read(&turning->board, note_share, &standing, fault));
	fprintf(turning->command->out,
		"%s\t" SHARE_FORMAT "\t%s\t%s\t(" SHARE_FORMAT " in the file)\n", split->name.text,
		SHARE(standing.share), split->from.text, split->to.text, SHARE(split->share));
	return board_changes(&turning->board, split->name.text, list_change, turning, fault);
}

/* ---- set and back ---- */

static ash_status turn_to(struct turning *turning, uint32_t share, struct fault *fault)
{
	const struct placement_split *split = turning->split;
	char who[BOARD_WHO_SIZE];
	uint32_t before;
	say_who(who);
	ASH_TRY(board_set(&turning->board, split->name.text, share, split->share, clock_wall(), who,
			  &before, fault));
	fprintf(turning->command->out,
		"%s: " SHARE_FORMAT " go to %s, after " SHARE_FORMAT
		"; processes that run see it within a second\n",
		split->name.text, SHARE(share), split->to.text, SHARE(before));
	return ASH_OK;
}

static ash_status set(struct turning *turning, struct fault *fault)
{
	uint32_t share = 0;
	(void)placement_share(str_of(turning->command->words[2]), &share);
	return turn_to(turning, share, fault);
}

static ash_status back(struct turning *turning, struct fault *fault)
{
	return turn_to(turning, 0, fault);
}

/* ---- report ---- */

static void show_side(FILE *out, const char *name, const struct compare_counts *counts, int side)
{
	double calls = counts->calls ? (double)counts->calls : 1;
	fprintf(out, "  %s: %llu failed; %.3f ms a call, %.3f ms at most\n", name,
		(unsigned long long)counts->failures[side],
		(double)counts->took[side] / calls / 1e6, (double)counts->worst[side] / 1e6);
}

static void show_field(FILE *out, const struct compare_field *field,
		       const struct compare_counts *counts)
{
	fprintf(out, "  %s\t%s\t%llu of %llu differ", field->path,
		compare_is_noise(field, counts) ? "noise" : "different",
		(unsigned long long)field->differed, (unsigned long long)counts->calls);
	if (field->noise)
		fprintf(out, "; from itself in %llu of %llu", (unsigned long long)field->noise,
			(unsigned long long)counts->repeated);
	if (field->differed)
		fprintf(out, "\t%s, %s", field->example[DIAL_FROM], field->example[DIAL_TO]);
	fputc('\n', out);
}

static void show_report(const struct turning *turning, const struct board_report *report)
{
	FILE *out = turning->command->out;
	const struct compare_counts *counts = &report->counts;
	char since[LOG_TIME_SIZE], until[LOG_TIME_SIZE];
	log_time(report->since, since);
	log_time(report->until, until);
	fprintf(out, "%s/%s, %s to %s\n", turning->split->port.text, report->method, since, until);
	fprintf(out,
		"  %llu calls were made to both: %llu equal, %llu differ in noise only, %llu "
		"differ\n",
		(unsigned long long)counts->calls, (unsigned long long)counts->equal,
		(unsigned long long)counts->noisy, (unsigned long long)counts->different);
	show_side(out, turning->split->from.text, counts, DIAL_FROM);
	show_side(out, turning->split->to.text, counts, DIAL_TO);
	for (size_t i = 0; i < report->field_count; i++)
		show_field(out, &report->fields[i], counts);
	if (counts->others)
		fprintf(out, "  and %llu differences in other fields\n",
			(unsigned long long)counts->others);
}

static ash_status report(struct turning *turning, struct fault *fault)
{
	struct board_report *reports;
	size_t count;
	ASH_TRY(board_reports(&turning->board, turning->split->name.text, &turning->arena, &reports,
			      &count, fault));
	for (size_t i = 0; i < count; i++)
		show_report(turning, &reports[i]);
	if (count == 0)
		fprintf(turning->command->out, "%s: no call was compared yet\n",
			turning->split->name.text);
	return ASH_OK;
}

static ash_status forget(struct turning *turning, struct fault *fault)
{
	return board_forget(&turning->board, turning->split->name.text, fault);
}

/* ---- the verb ---- */

static const struct action {
	const char *name;
	size_t words; /* with the name */
	ash_status (*run)(struct turning *turning, struct fault *fault);
	const char *wants;
} ACTIONS[] = {
	{"list", 1, list, " [PORT[/METHOD]]"},   {"set", 3, set, " PORT[/METHOD] SHARE"},
	{"back", 2, back, " PORT[/METHOD]"},     {"report", 2, report, " PORT[/METHOD]"},
	{"forget", 2, forget, " PORT[/METHOD]"},
};
#define ACTION_COUNT (sizeof ACTIONS / sizeof *ACTIONS)

static const struct action *find_action(struct command *command)
{
	const char *name = command->words[0] ? command->words[0] : "list";
	struct str names[ACTION_COUNT];
	for (size_t i = 0; i < ACTION_COUNT; i++) {
		names[i] = str_of(ACTIONS[i].name);
		if (strcmp(ACTIONS[i].name, name) == 0)
			return &ACTIONS[i];
	}
	command_mistake(command, "splits: there is no", str_of(name), names, ACTION_COUNT);
	return NULL;
}

/* NULL names all. */
static int find_split(struct command *command, const char *name)
{
	_cleanup_(text_release) struct text told = {0};
	if (!name || split_names_any(&command->placement, str_of(name)))
		return EXIT_FINE;
	split_names_none(&command->placement, str_of(name), &told);
	fprintf(command->err, "%s\n", told.at ? told.at : "there is no such split");
	return EXIT_MISTAKE;
}

static int check_words(struct command *command, const struct action *action)
{
	size_t count = 0;
	uint32_t share;
	while (count < COMMAND_WORDS && command->words[count])
		count++;
	if (count < action->words || (count > action->words && action->run != list) ||
	    (action->run == list && count > 2)) {
		fprintf(command->err, "usage: %s splits %s%s\n", command->app->name, action->name,
			action->wants);
		return EXIT_MISTAKE;
	}
	if (action->run != set || placement_share(str_of(command->words[2]), &share))
		return find_split(command, command->words[1]);
	fprintf(command->err,
		"splits set: a share is a percentage from 0%% to 100%%, such as 5%% or 0.25%%; "
		"'%.100s' is none\n",
		command->words[2]);
	return EXIT_MISTAKE;
}

/* Does it to each split that is meant, in the file's order. */
static ash_status run(struct turning *turning, const struct action *action, struct fault *fault)
{
	const struct placement *placement = &turning->command->placement;
	const char *name = turning->command->words[1];
	for (size_t i = 0; i < placement->split_count; i++) {
		turning->split = &placement->splits[i];
		if (!name || placement_means(turning->split, str_of(name)))
			ASH_TRY(action->run(turning, fault));
	}
	return ASH_OK;
}

int command_splits(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	_cleanup_(turning_release) struct turning turning = {.command = command};
	struct fault fault;
	const struct action *action = find_action(command);
	if (!action)
		return EXIT_MISTAKE;
	if (!command->placement.split_count) {
		if (command->deploy)
			fprintf(command->err, "%s has no splits\n", command->deploy);
		else
			fprintf(command->err, "splits: name the deployment file with --deploy\n");
		return EXIT_MISTAKE;
	}
	/* "splits" alone lists all. */
	int result = command->words[0] ? check_words(command, action) : EXIT_FINE;
	if (result == EXIT_FINE)
		result = command_find(command, &host);
	if (result != EXIT_FINE)
		return result;
	turning.board = (struct board){host.store, host.split_module};
	return run(&turning, action, &fault) == ASH_OK ? EXIT_FINE : command_fail(command, &fault);
}
