/* SPDX-License-Identifier: Apache-2.0 */
/* The verb dead-letters: events that a subscriber could not handle. */
#include "app/command.h"

#include <stdlib.h>

/* ---- list and show ---- */

static bool list_one(void *context, const struct dead_letter *letter)
{
	struct command *command = context;
	char died[LOG_TIME_SIZE];
	log_time(letter->died_at, died);
	fprintf(command->out, "%lld\t%s\t%s\t%s\t%s\t%lld\t%s\t%s\n", (long long)letter->id,
		letter->subscriber, letter->event, letter->key, died, (long long)letter->attempts,
		letter->status, letter->message);
	return true;
}

static ash_status list(struct command *command, struct host *host, struct fault *fault)
{
	return event_dead_list(host->hub, &command->filter, list_one, command, fault);
}

struct showing {
	struct command *command;
	size_t shown;
	ash_status status;
	struct fault *fault;
};

static bool show_one(void *context, const struct dead_letter *letter)
{
	struct showing *showing = context;
	FILE *out = showing->command->out;
	_cleanup_(text_release) struct text cloud = {0};
	char died[LOG_TIME_SIZE];
	log_time(letter->died_at, died);
	showing->status =
		event_write_cloud(letter, showing->command->app->name, &cloud, showing->fault);
	if (showing->status != ASH_OK)
		return false;
	fprintf(out, "subscriber  %s\nattempts    %lld\ndied        %s\nstatus      %s\n",
		letter->subscriber, (long long)letter->attempts, died, letter->status);
	fprintf(out, "message     %s\ntrace       %s\n%s\n", letter->message, letter->trace,
		text_str(&cloud).at);
	showing->shown++;
	return true;
}

static ash_status show(struct command *command, struct host *host, struct fault *fault)
{
	struct showing showing = {.command = command, .fault = fault};
	ASH_TRY(event_dead_list(host->hub, &command->filter, show_one, &showing, fault));
	ASH_TRY(showing.status);
	return showing.shown ? ASH_OK : fault_set(fault, ASH_NOT_FOUND, "there is none such");
}

/* ---- requeue and discard ---- */

static ash_status requeue(struct command *command, struct host *host, struct fault *fault)
{
	int64_t count;
	ASH_TRY(event_dead_requeue(host->hub, &command->filter, &count, fault));
	fprintf(command->out, "%lld requeued\n", (long long)count);
	return ASH_OK;
}

static ash_status discard(struct command *command, struct host *host, struct fault *fault)
{
	int64_t count;
	ASH_TRY(event_dead_discard(host->hub, &command->filter, &count, fault));
	fprintf(command->out, "%lld discarded\n", (long long)count);
	return ASH_OK;
}

/* ---- all of it ---- */

static bool read_id(struct command *command)
{
	char *end;
	if (!command->words[1])
		return true;
	command->filter.id = strtoll(command->words[1], &end, 10);
	return *end == '\0' && command->filter.id > 0;
}

static bool is_limited(const struct command *command)
{
	const struct dead_filter *filter = &command->filter;
	return command->all || filter->id || filter->subscriber || filter->event || filter->status;
}

int command_dead_letters(struct command *command)
{
	static const struct {
		const char *name;
		ash_status (*run)(struct command *command, struct host *host, struct fault *fault);
		bool careful; /* wants to be told which */
	} ACTIONS[] = {{"list", list, false},
		       {"show", show, false},
		       {"requeue", requeue, true},
		       {"discard", discard, true}};
	_cleanup_(host_release) struct host host = {0};
	struct fault fault;
	size_t i = 0;
	const char *name = command->words[0] ? command->words[0] : "";
	while (i < 4 && strcmp(ACTIONS[i].name, name) != 0)
		i++;
	if (i == 4 || !read_id(command)) {
		fprintf(command->err, "dead-letters list, show, requeue or discard [ID]\n");
		return EXIT_MISTAKE;
	}
	if (ACTIONS[i].careful && !is_limited(command)) {
		fprintf(command->err, "%s which? Give an id, a filter, or --all\n", name);
		return EXIT_MISTAKE;
	}
	int result = command_open(command, &host, true);
	if (result == EXIT_FINE && ACTIONS[i].run(command, &host, &fault) != ASH_OK)
		result = command_fail(command, &fault);
	return result;
}
