/* SPDX-License-Identifier: Apache-2.0 */
/* The other processes of a placement: one client a process, over all its addresses, and one small
 * client an address that asks whether it is there. Knows no port and no module's meaning.
 *
 * Whether an address is up is told, and decides who has a turn (http/client_replicas.h), no more: a
 * process whose remote is gone still answers all that does not need it. */
#include "app/remotes.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "rpc/measure.h"

/* Between two looks at all addresses, the same while one of them is down, as it may be back, and
 * how long one may take to answer. */
#define REMOTES_LOOK_MS  2000
#define REMOTES_AGAIN_MS 500
#define REMOTES_PATIENCE ((uint64_t)1000000000)

/* A process that is back is called again after this at most. */
#define REMOTES_BACKOFF_CAP ((uint64_t)1000000000)

static const struct metric UP = {"ashlar_remote_up",
				 "Whether another process of the placement answers: 1, or 0.",
				 METRIC_GAUGE,
				 {"process", "address"}};

enum { UNKNOWN, DOWN, ANSWERS };

struct address {
	const char *text;
	struct http_client *client;
	struct series *up;
	struct rpc_measure measure;
	_Atomic int state;
};

struct remote {
	const struct placement_process *process;
	struct rpc_remote rpc;
	struct address *addresses;
	bool watched;
};

struct remotes {
	const struct placement *placement;
	const struct logger *logger;
	struct metrics *metrics; /* NULL: none is watched */
	struct remote *items;
	size_t count;
	struct arena arena;
	pthread_t thread;
	int stop; /* a descriptor that can be read when the thread is to stop */
	bool running;
};

/* ---- knowing them ---- */

static int add(struct remotes *remotes, const struct placement_process *process,
	       struct error *error)
{
	struct remote *remote = &remotes->items[remotes->count];
	size_t count = process->addresses.count;
	*remote = (struct remote){.process = process};
	remote->addresses = arena_array(&remotes->arena, count, sizeof *remote->addresses);
	if (!remote->addresses)
		return error_memory(error);
	remotes->count++;
	for (size_t i = 0; i < count; i++)
		remote->addresses[i].text = process->addresses.items[i].text;
	return 0;
}

static void remotes_freep(struct remotes **remotes)
{
	remotes_free(*remotes);
}

int remotes_new(const struct placement *placement, const struct placement_process *self,
		const struct logger *logger, struct remotes **out, struct error *error)
{
	_cleanup_(remotes_freep) struct remotes *remotes = mem_alloc(sizeof *remotes);
	if (!remotes)
		return error_memory(error);
	remotes->placement = placement;
	remotes->logger = logger;
	remotes->stop = -1;
	remotes->items =
		arena_array(&remotes->arena, placement->process_count, sizeof *remotes->items);
	if (!remotes->items)
		return error_memory(error);
	for (size_t i = 0; i < placement->process_count; i++) {
		const struct placement_process *process = &placement->processes[i];
		if (process != self && process->addresses.count && add(remotes, process, error) < 0)
			return -1;
	}
	*out = take(remotes);
	return 0;
}

static struct remote *find_at(const struct remotes *remotes,
			      const struct placement_process *process)
{
	for (size_t i = 0; i < remotes->count; i++)
		if (remotes->items[i].process == process)
			return &remotes->items[i];
	return NULL;
}

static struct remote *find(const struct remotes *remotes, const char *module)
{
	return find_at(remotes, placement_of(remotes->placement, module));
}

const struct rpc_remote *remotes_of(const struct remotes *remotes, const char *module)
{
	const struct remote *remote = find(remotes, module);
	return remote ? &remote->rpc : NULL;
}

const struct rpc_remote *remotes_at(const struct remotes *remotes,
				    const struct placement_process *process)
{
	const struct remote *remote = find_at(remotes, process);
	return remote ? &remote->rpc : NULL;
}

static int watch(struct remotes *remotes, struct remote *remote, struct metrics *metrics,
		 struct error *error)
{
	struct fault fault;
	if (!remote || remote->watched)
		return 0;
	remote->watched = true;
	remotes->metrics = metrics;
	for (size_t i = 0; i < remote->process->addresses.count; i++) {
		struct address *address = &remote->addresses[i];
		const char *const labels[] = {remote->process->name.text, address->text};
		ash_status status = metrics_series(metrics, &UP, labels, &address->up, &fault);
		if (status != ASH_OK)
			return error_set(error,
					 status == ASH_RESOURCE_EXHAUSTED ? ERROR_MEMORY
									  : ERROR_LIMIT,
					 "%s", fault.message);
	}
	return 0;
}

int remotes_watch(struct remotes *remotes, const char *module, struct metrics *metrics,
		  struct error *error)
{
	return watch(remotes, find(remotes, module), metrics, error);
}

int remotes_watch_at(struct remotes *remotes, const struct placement_process *process,
		     struct metrics *metrics, struct error *error)
{
	return watch(remotes, find_at(remotes, process), metrics, error);
}

/* ---- whether they are there ---- */

static ash_status ask(const struct remotes *remotes, const struct address *address,
		      const char *target, uint64_t deadline, struct http_reply *reply,
		      struct fault *fault)
{
	const struct http_request request = {
		.method = STR("GET"),
		.target = str_of(target),
		.fields = STR(""),
		.body = STR(""),
		.repeatable = true,
		.deadline = deadline,
		.cancel = &remotes->stop,
	};
	ASH_TRY(http_client_call(address->client, &request, reply, fault));
	if (reply->answer.status == 200)
		return ASH_OK;
	return fault_set(fault, ASH_UNAVAILABLE, "%s: %s answers %u", address->text, target,
			 reply->answer.status);
}

/* Whether it answers. */
static bool look_at(struct remotes *remotes, const struct remote *remote, size_t index)
{
	struct address *address = &remote->addresses[index];
	struct fault fault;
	const struct log_origin nobody = {0};
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	ash_status status = ask(remotes, address, ALIVE_PATH, clock_monotonic() + REMOTES_PATIENCE,
				&reply, &fault);
	if (status == ASH_CANCELED)
		return false;
	int now = status == ASH_OK ? ANSWERS : DOWN;
	int before = atomic_exchange(&address->state, now);
	series_set(address->up, now == ANSWERS);
	http_replicas_mark(remote->rpc.replicas, index, now == ANSWERS);
	if (now == DOWN && before != DOWN)
		log_write(remotes->logger, LOG_WARN_LEVEL, &nobody,
			  "the process %s does not answer: %s", remote->process->name.text,
			  fault.message);
	else if (now == ANSWERS && before == DOWN)
		log_write(remotes->logger, LOG_INFO_LEVEL, &nobody, "the process %s answers at %s",
			  remote->process->name.text, address->text);
	return now == ANSWERS;
}

/* Whether all that are watched answer. */
static bool look_at_all(struct remotes *remotes)
{
	bool all = true;
	for (size_t i = 0; i < remotes->count; i++) {
		const struct remote *remote = &remotes->items[i];
		size_t count = remote->watched ? remote->process->addresses.count : 0;
		for (size_t j = 0; j < count; j++)
			all &= look_at(remotes, remote, j);
	}
	return all;
}

static void *look(void *context)
{
	struct remotes *remotes = context;
	struct pollfd stop = {.fd = remotes->stop, .events = POLLIN};
	int wait;
	do
		wait = look_at_all(remotes) ? REMOTES_LOOK_MS : REMOTES_AGAIN_MS;
	while (poll(&stop, 1, wait) <= 0);
	return NULL;
}

static ash_status open_remote(struct remotes *remotes, struct remote *remote, struct http_tls *tls,
			      struct fault *fault)
{
	const char *identity = remote->process->identity.text;
	const struct http_client_options calls = {
		.backoff_cap_ns = REMOTES_BACKOFF_CAP, .tls = tls, .tls_name = identity};
	const struct http_client_options looks = {.connections = 4,
						  .backoff_ns = 1,
						  .backoff_cap_ns = 1,
						  .tls = tls,
						  .tls_name = identity};
	size_t count = remote->process->addresses.count;
	const char **texts = arena_array(&remotes->arena, count, sizeof *texts);
	if (!texts)
		return fault_memory(fault);
	for (size_t i = 0; i < count; i++) {
		texts[i] = remote->addresses[i].text;
		ASH_TRY(http_client_new(texts[i], &looks, &remote->addresses[i].client, fault));
	}
	ASH_TRY(http_replicas_new(texts, count, &calls, &remote->rpc.replicas, fault));
	remote->rpc.client = http_replicas_first(remote->rpc.replicas);
	for (size_t i = 0; remote->watched && i < count; i++)
		ASH_TRY(rpc_measure_init(
			&remote->addresses[i].measure, http_replicas_at(remote->rpc.replicas, i),
			remote->process->name.text, texts[i], remotes->metrics, fault));
	return ASH_OK;
}

static void refresh(void *context)
{
	const struct remotes *remotes = context;
	for (size_t i = 0; i < remotes->count; i++)
		for (size_t j = 0; j < remotes->items[i].process->addresses.count; j++)
			rpc_measure_refresh(&remotes->items[i].addresses[j].measure);
}

ash_status remotes_start(struct remotes *remotes, struct http_tls *tls, uint64_t patience,
			 struct fault *fault)
{
	for (size_t i = 0; i < remotes->count; i++) {
		remotes->items[i].rpc.patience = patience;
		ASH_TRY(open_remote(remotes, &remotes->items[i], tls, fault));
	}
	if (remotes->metrics)
		metrics_on_write(remotes->metrics, refresh, remotes);
	remotes->stop = eventfd(0, EFD_CLOEXEC);
	remotes->running =
		remotes->stop >= 0 && pthread_create(&remotes->thread, NULL, look, remotes) == 0;
	if (!remotes->running)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the system gives no thread to look at other processes");
	return ASH_OK;
}

void remotes_stop(struct remotes *remotes)
{
	if (!remotes || !remotes->running)
		return;
	(void)eventfd_write(remotes->stop, 1);
	pthread_join(remotes->thread, NULL);
	remotes->running = false;
}

void remotes_free(struct remotes *remotes)
{
	if (!remotes)
		return;
	remotes_stop(remotes);
	if (remotes->stop >= 0)
		(void)close(remotes->stop);
	for (size_t i = 0; i < remotes->count; i++) {
		struct remote *remote = &remotes->items[i];
		http_replicas_free(remote->rpc.replicas);
		for (size_t j = 0; j < remote->process->addresses.count; j++)
			http_client_free(remote->addresses[j].client);
	}
	arena_release(&remotes->arena);
	mem_free(remotes);
}

void remotes_write(const struct remotes *remotes, struct text *out)
{
	static const char *const STATES[] = {"null", "false", "true"};
	const char *comma = "";
	text_add(out, STR(",\"remotes\":["));
	for (size_t i = 0; i < remotes->count; i++) {
		const struct remote *remote = &remotes->items[i];
		size_t count = remote->watched ? remote->process->addresses.count : 0;
		for (size_t j = 0; j < count; j++) {
			text_addf(out, "%s{\"process\":", comma);
			text_add_json(out, str_of(remote->process->name.text));
			text_add(out, STR(",\"address\":"));
			text_add_json(out, str_of(remote->addresses[j].text));
			text_addf(out, ",\"up\":%s}",
				  STATES[atomic_load(&remote->addresses[j].state)]);
			comma = ",";
		}
	}
	text_add_byte(out, ']');
}

/* What stands between the brackets of {"spans":[...]}; empty for anything else. */
static struct str inside(struct str body)
{
	static const struct str HEAD = {"{\"spans\":[", 10}, TAIL = {"]}", 2};
	body = str_trim(body);
	if (body.length < HEAD.length + TAIL.length || !str_starts(body, HEAD) ||
	    !str_ends(body, TAIL))
		return (struct str){"", 0};
	return str_trim(
		(struct str){body.at + HEAD.length, body.length - HEAD.length - TAIL.length});
}

void remotes_add_spans(const struct remotes *remotes, const char *target, bool *some,
		       struct text *out)
{
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	uint64_t deadline = clock_monotonic() + REMOTES_PATIENCE;
	struct fault fault;
	for (size_t i = 0; i < remotes->count; i++)
		for (size_t j = 0; j < remotes->items[i].process->addresses.count; j++) {
			if (ask(remotes, &remotes->items[i].addresses[j], target, deadline, &reply,
				&fault) != ASH_OK)
				continue;
			struct str spans = inside(reply.body);
			if (!spans.length)
				continue;
			text_add(out, *some ? STR(",\n") : STR("\n"));
			text_add(out, spans);
			*some = true;
		}
}
