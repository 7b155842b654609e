/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs dead-letters, for events that a subscriber could not handle, and replay. */
#include "app/command.h"

#include <stdlib.h>

#include "message/rfc3339.h"

/* ---- which ---- */

/* "30m", "12h": so long before now, in microseconds since 1970. */
static bool read_ago(const char *text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} UNITS[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	long long number = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
	if (number < 0 || number > 100000000 || end[0] == '\0' || end[1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++)
		if (UNITS[i].unit == *end) {
			*out = clock_wall() - number * UNITS[i].seconds * 1000000;
			return true;
		}
	return false;
}

static bool read_time(const char *text, int64_t *out)
{
	int64_t seconds;
	int32_t nanos;
	if (read_ago(text, out))
		return true;
	if (!time_read(str_of(text), &seconds, &nanos))
		return false;
	*out = seconds * 1000000 + nanos / 1000;
	return true;
}

static bool read_count(const char *text, int64_t *out)
{
	char *end;
	*out = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
	return *out >= 0 && *end == '\0';
}

static int wrong(const struct command *command, const char *flag, const char *value,
		 const char *wanted)
{
	fprintf(command->err, "--%s: '%s' is not %s\n", flag, value, wanted);
	return EXIT_MISTAKE;
}

int command_read_range(struct command *command)
{
	struct dead_filter *filter = &command->filter;
	int64_t most = 0;
	if (command->since && !read_time(command->since, &filter->since))
		return wrong(command, "since", command->since,
			     "a time as 2026-11-21T06:00:00Z, or how long ago: 30m, 12h, 7d");
	if (command->after && !read_count(command->after, &filter->after))
		return wrong(command, "after", command->after, "the id of an event");
	if (command->limit && (!read_count(command->limit, &most) || most == 0))
		return wrong(command, "limit", command->limit, "a number from 1 on");
	filter->most = (size_t)most;
	return EXIT_FINE;
}

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

static bool list_key(void *context, const struct blocked_key *blocked)
{
	struct command *command = context;
	fprintf(command->out, "%s\t%s\t%lld\t%lld\n", blocked->subscriber, blocked->key,
		(long long)blocked->id, (long long)blocked->waiting);
	return true;
}

static ash_status keys(struct command *command, struct host *host, struct fault *fault)
{
	if (!command->settings.block_keys)
		return fault_set(fault, ASH_FAILED_PRECONDITION,
				 "no key is held back: block-keys is false here");
	return event_blocked_list(host->hub, list_key, command, fault);
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
	return command->all || filter->id || filter->subscriber || filter->event ||
	       filter->status || filter->since;
}

int command_dead_letters(struct command *command)
{
	static const struct {
		const char *name;
		ash_status (*run)(struct command *command, struct host *host, struct fault *fault);
		bool careful; /* wants to be told which */
	} ACTIONS[] = {{"list", list, false},
		       {"show", show, false},
		       {"keys", keys, false},
		       {"requeue", requeue, true},
		       {"discard", discard, true}};
	enum { COUNT = sizeof ACTIONS / sizeof *ACTIONS };
	_cleanup_(host_release) struct host host = {0};
	struct fault fault;
	size_t i = 0;
	const char *name = command->words[0] ? command->words[0] : "";
	while (i < COUNT && strcmp(ACTIONS[i].name, name) != 0)
		i++;
	if (i == COUNT || !read_id(command)) {
		fprintf(command->err, "dead-letters list, show, keys, requeue or discard [ID]\n");
		return EXIT_MISTAKE;
	}
	int result = command_read_range(command);
	if (result != EXIT_FINE)
		return result;
	if (ACTIONS[i].careful && !is_limited(command)) {
		fprintf(command->err, "%s which? Give an id, a filter, or --all\n", name);
		return EXIT_MISTAKE;
	}
	result = command_open(command, &host, true);
	if (result == EXIT_FINE && ACTIONS[i].run(command, &host, &fault) != ASH_OK)
		result = command_fail(command, &fault);
	return result;
}

int command_replay(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	struct fault fault;
	int64_t added = 0;
	int result = command_read_range(command);
	if (result != EXIT_FINE)
		return result;
	if (!command->words[0] || !command->since) {
		fprintf(command->err, "replay to which module, --since when?\n");
		return EXIT_MISTAKE;
	}
	result = command_open(command, &host, true);
	if (result != EXIT_FINE)
		return result;
	if (event_replay(host.hub, command->words[0], command->filter.event, command->filter.since,
			 &added, &fault) != ASH_OK)
		return command_fail(command, &fault);
	fprintf(command->out, "%lld to be delivered again\n", (long long)added);
	return EXIT_FINE;
}
