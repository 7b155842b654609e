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

/* A number that ends at `stop`, or with the text. Returns where it ended; NULL: it is none. */
static const char *read_number(const char *text, char stop, int64_t *out)
{
	char *end = NULL;
	*out = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
	return end && (*end == '\0' || *end == stop) ? end : NULL;
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
	if (command->limit && (!read_number(command->limit, '\0', &most) || most == 0))
		return wrong(command, "limit", command->limit, "a number from 1 on");
	filter->most = (size_t)most;
	return EXIT_FINE;
}

/* ---- lists, a page at a time ---- */

struct page {
	struct command *command;
	struct text last; /* what was listed last, as --after is told it */
	bool more;        /* than were listed */
};

static void page_release(struct page *page)
{
	text_release(&page->last);
}

static ash_status tell_more(struct page *page, struct fault *fault)
{
	if (page->last.failed)
		return fault_memory(fault);
	if (page->more)
		fprintf(page->command->err, "there are more; the next page: --after %s\n",
			page->last.at);
	return ASH_OK;
}

static bool list_one(void *context, const struct dead_letter *letter)
{
	struct page *page = context;
	char died[LOG_TIME_SIZE];
	log_time(letter->died_at, died);
	text_clear(&page->last);
	text_addf(&page->last, "%lld/%s", (long long)letter->id, letter->subscriber);
	fprintf(page->command->out, "%lld\t%s\t%s\t%s\t%s\t%lld\t%s\t%s\n", (long long)letter->id,
		letter->subscriber, letter->event, letter->key, died, (long long)letter->attempts,
		letter->status, letter->message);
	return true;
}

static ash_status list(struct command *command, struct host *host, struct fault *fault)
{
	_cleanup_(page_release) struct page page = {.command = command};
	ASH_TRY(event_dead_list(host->hub, &command->filter, list_one, &page, &page.more, fault));
	return tell_more(&page, fault);
}

static bool list_key(void *context, const struct blocked_key *blocked)
{
	struct page *page = context;
	text_clear(&page->last);
	text_addf(&page->last, "%s/%s", blocked->subscriber, blocked->key);
	fprintf(page->command->out, "%s\t%s\t%lld\t%lld\n", blocked->subscriber, blocked->key,
		(long long)blocked->id, (long long)blocked->waiting);
	return true;
}

static ash_status keys(struct command *command, struct host *host, struct fault *fault)
{
	_cleanup_(page_release) struct page page = {.command = command};
	if (!command->settings.block_keys)
		return fault_set(fault, ASH_FAILED_PRECONDITION,
				 "no key is held back: block-keys is false here");
	ASH_TRY(event_blocked_list(host->hub, &command->blocked, list_key, &page, &page.more,
				   fault));
	return tell_more(&page, fault);
}

/* ---- show ---- */

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
	ASH_TRY(event_dead_list(host->hub, &command->filter, show_one, &showing, NULL, fault));
	ASH_TRY(showing.status);
	return showing.shown ? ASH_OK : fault_set(fault, ASH_NOT_FOUND, "there is none such");
}

/* ---- requeue and discard ---- */

/* Of one that was named by its id, nothing is a failure. */
static ash_status tell_count(const struct command *command, int64_t count, const char *what,
			     struct fault *fault)
{
	if (command->filter.id && count == 0)
		return fault_set(fault, ASH_NOT_FOUND, "there is none such");
	fprintf(command->out, "%lld %s\n", (long long)count, what);
	return ASH_OK;
}

static ash_status requeue(struct command *command, struct host *host, struct fault *fault)
{
	int64_t count;
	ASH_TRY(event_dead_requeue(host->hub, &command->filter, &count, fault));
	return tell_count(command, count, "requeued", fault);
}

static ash_status discard(struct command *command, struct host *host, struct fault *fault)
{
	int64_t count;
	ASH_TRY(event_dead_discard(host->hub, &command->filter, &count, fault));
	return tell_count(command, count, "discarded", fault);
}

/* ---- names that match nothing ---- */

struct names {
	struct str *items;
	size_t count;
};

/* Those that subscribe, and, as `events`, to what. False without memory. */
static bool gather(struct host *host, struct names *subscribers, struct names *events)
{
	const struct registry *registry = &host->registry;
	size_t total = 0;
	for (size_t i = 0; i < registry->member_count; i++)
		total += registry->members[i].module->subscribes_count;
	events->items = arena_array(&host->arena, total + 1, sizeof *events->items);
	subscribers->items =
		arena_array(&host->arena, registry->member_count + 1, sizeof *subscribers->items);
	if (!events->items || !subscribers->items)
		return false;
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		if (module->subscribes_count)
			subscribers->items[subscribers->count++] = str_of(module->name);
		for (size_t j = 0; j < module->subscribes_count; j++)
			events->items[events->count++] = str_of(module->subscribes[j].event->name);
	}
	return true;
}

/* What the program does not know may still be what a dead letter has: `only` it. */
static int check_name(struct command *command, struct host *host, const char *what,
		      const char *name, const struct names *known, struct dead_filter only)
{
	struct fault fault;
	int64_t kept = 0;
	for (size_t i = 0; name && i < known->count; i++)
		if (str_equal(known->items[i], str_of(name)))
			return EXIT_FINE;
	if (!name)
		return EXIT_FINE;
	if (event_dead_count(host->hub, &only, &kept, &fault) != ASH_OK)
		return command_fail(command, &fault);
	return kept ? EXIT_FINE
		    : command_mistake(command, what, str_of(name), known->items, known->count);
}

static int check_names(struct command *command, struct host *host)
{
	const struct dead_filter *filter = &command->filter;
	struct str statuses[ASH_UNAUTHENTICATED];
	struct names subscribers = {0}, events = {0}, named = {statuses, ASH_UNAUTHENTICATED};
	struct fault fault;
	int result;
	for (int i = 0; i < ASH_UNAUTHENTICATED; i++)
		statuses[i] = str_of(ash_status_name((ash_status)(i + 1)));
	if (!gather(host, &subscribers, &events)) {
		fault_memory(&fault);
		return command_fail(command, &fault);
	}
	result = check_name(command, host, "there is no subscriber", filter->subscriber,
			    &subscribers, (struct dead_filter){.subscriber = filter->subscriber});
	if (result == EXIT_FINE)
		result =
			check_name(command, host, "no module subscribes to an event", filter->event,
				   &events, (struct dead_filter){.event = filter->event});
	if (result == EXIT_FINE)
		result = check_name(command, host, "there is no status", filter->status, &named,
				    (struct dead_filter){.status = filter->status});
	return result;
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

/* ID, or ID/SUBSCRIBER. */
static bool read_after_letter(struct command *command)
{
	struct dead_filter *filter = &command->filter;
	const char *end = read_number(command->after, '/', &filter->after);
	if (end && *end)
		filter->after_subscriber = end + 1;
	return end && (*end == '\0' || end[1]);
}

/* SUBSCRIBER/KEY. */
static bool read_after_key(struct command *command)
{
	struct blocked_filter *blocked = &command->blocked;
	const char *slash = strchr(command->after, '/');
	if (!slash || slash == command->after || !slash[1])
		return false;
	blocked->after_key = slash + 1;
	blocked->after_subscriber =
		arena_str(&command->settings.arena,
			  (struct str){command->after, (size_t)(slash - command->after)})
			.at;
	return true;
}

static const struct action {
	const char *name;
	ash_status (*run)(struct command *command, struct host *host, struct fault *fault);
	bool (*read_after)(struct command *command); /* NULL: is no list */
	const char *after;                           /* what it reads */
	bool one;                                    /* wants an id */
	bool careful;                                /* wants to be told which */
} ACTIONS[] = {
	{"list", list, read_after_letter, "an event's id, or ID/SUBSCRIBER", false, false},
	{"show", show, NULL, NULL, true, false},
	{"keys", keys, read_after_key, "SUBSCRIBER/KEY", false, false},
	{"requeue", requeue, NULL, NULL, false, true},
	{"discard", discard, NULL, NULL, false, true},
};

static const struct action *find_action(const struct command *command)
{
	const char *name = command->words[0];
	for (size_t i = 0; name && i < sizeof ACTIONS / sizeof *ACTIONS; i++)
		if (strcmp(ACTIONS[i].name, name) == 0)
			return &ACTIONS[i];
	return NULL;
}

/* Whether it is told what it must be, and nothing that it cannot mind. */
static int check_flags(struct command *command, const struct action *action)
{
	if (command->after && !action->read_after)
		return command_mistake(command, "--after is for list and keys, not for",
				       str_of(action->name), NULL, 0);
	if (command->after && !action->read_after(command))
		return wrong(command, "after", command->after, action->after);
	command->blocked.subscriber = command->filter.subscriber;
	command->blocked.most = command->filter.most;
	if (action->one && !command->filter.id) {
		fprintf(command->err, "%s which? Give an ID; dead-letters list has them\n",
			action->name);
		return EXIT_MISTAKE;
	}
	if (action->careful && !is_limited(command)) {
		fprintf(command->err, "%s which? Give an id, a filter, or --all\n", action->name);
		return EXIT_MISTAKE;
	}
	return EXIT_FINE;
}

int command_dead_letters(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	struct fault fault;
	const struct action *action = find_action(command);
	if (!action || !read_id(command)) {
		fprintf(command->err, "dead-letters list, show, keys, requeue or discard [ID]\n");
		return EXIT_MISTAKE;
	}
	int result = command_read_range(command);
	if (result == EXIT_FINE)
		result = check_flags(command, action);
	if (result == EXIT_FINE)
		result = command_find(command, &host);
	if (result == EXIT_FINE)
		result = check_names(command, &host);
	if (result == EXIT_FINE && action->run(command, &host, &fault) != ASH_OK)
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
	result = command_find(command, &host);
	if (result != EXIT_FINE)
		return result;
	if (event_replay(host.hub, command->words[0], command->filter.event, command->filter.since,
			 &added, &fault) != ASH_OK)
		return command_fail(command, &fault);
	fprintf(command->out, "%lld to be delivered again\n", (long long)added);
	return EXIT_FINE;
}
