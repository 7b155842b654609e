/* SPDX-License-Identifier: Apache-2.0 */
/* Who has a connection, who waits for one, and whether the address is worth a try. Knows nothing of
 * requests. A call that holds a connection holds one of `options.connections` places. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "http/client_state.h"

/* Takes the connections out that were idle for too long, oldest first; those after them move up. */
static void drop_old(struct http_client *client, uint64_t now)
{
	struct http_client_counters *counters = &client->counters;
	unsigned old = 0;
	while (old < counters->idle && now - client->idle[old].since > client->options.idle_ns) {
		client_close(client->idle[old].fd, client->idle[old].session);
		old++;
	}
	if (!old)
		return;
	counters->idle -= old;
	counters->open -= old;
	memmove(client->idle, client->idle + old, counters->idle * sizeof *client->idle);
}

/* Whether nothing came since the last answer, not even the end. */
static bool is_quiet(const struct client_idle *idle)
{
	char byte;
	if (idle->session)
		return !client_has_answer(idle->session);
	return recv(idle->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* The idle connection that was used last and is still good; false without one. */
static bool take_idle(struct client_call *call)
{
	struct http_client *client = call->client;
	while (client->counters.idle) {
		const struct client_idle *idle = &client->idle[--client->counters.idle];
		if (is_quiet(idle)) {
			call->fd = idle->fd;
			call->session = idle->session;
			return true;
		}
		client_close(idle->fd, idle->session);
		client->counters.open--;
	}
	return false;
}

static ash_status leave_alone(struct client_call *call, uint64_t now)
{
	struct http_client *client = call->client;
	client->counters.left_alone++;
	uint64_t left = client->alone_until > now ? client->alone_until - now : 0;
	return fault_set(call->fault, ASH_UNAVAILABLE,
			 "%s: connecting failed %u times (%s); tried again in %llu ms",
			 client->name, client->failed, client->failed_by,
			 (unsigned long long)(left / 1000000));
}

/* Waits for a place until the deadline; false when it passed. */
static bool await_place(struct client_call *call)
{
	struct http_client *client = call->client;
	uint64_t deadline = call->request->deadline;
	struct timespec until = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
	if (!call->told) { /* may wake a thread: not under the lock */
		(void)pthread_mutex_unlock(&client->lock);
		client_tell(call);
		(void)pthread_mutex_lock(&client->lock);
		return true;
	}
	client->counters.waiting++;
	int code = deadline == UINT64_MAX
			   ? pthread_cond_wait(&client->freed, &client->lock)
			   : pthread_cond_timedwait(&client->freed, &client->lock, &until);
	client->counters.waiting--;
	return code != ETIMEDOUT;
}

/* Under the lock: an idle connection, or a place for a new one (`call->fd` is -1 then). */
static ash_status take_place(struct client_call *call, bool *probes)
{
	struct http_client *client = call->client;
	for (;;) {
		uint64_t now = clock_monotonic();
		drop_old(client, now);
		call->kept = take_idle(call);
		if (call->kept)
			return ASH_OK;
		if (client->failed && (client->probing || now < client->alone_until))
			return leave_alone(call, now);
		if (client->counters.open < client->options.connections)
			break;
		if (!await_place(call)) {
			/* A signal may have come with the end of the time: it is passed on. */
			(void)pthread_cond_signal(&client->freed);
			return fault_set(call->fault, ASH_DEADLINE_EXCEEDED,
					 "%s: all %u connections were in use up to the deadline",
					 client->name, client->options.connections);
		}
	}
	client_lookup_refresh(client, clock_monotonic());
	client->counters.open++;
	*probes = client->failed > 0;
	client->probing |= *probes;
	return ASH_OK;
}

/* How long an address is left alone: doubles up to the cap, the last half of it by chance. */
static uint64_t pause_after(const struct http_client *client)
{
	unsigned doublings = client->failed > 20 ? 20 : client->failed - 1;
	uint64_t pause = client->options.backoff_ns << doublings;
	if (pause > client->options.backoff_cap_ns)
		pause = client->options.backoff_cap_ns;
	return pause - random_below(pause / 2 + 1);
}

/* Under the lock: what a connect showed. Without a connection the place is free again. */
static void note_connect(struct http_client *client, bool probed, bool made, const char *why)
{
	if (probed)
		client->probing = false;
	if (made) {
		client->counters.connects++;
		client->failed = 0;
		return;
	}
	client->counters.open--;
	client->counters.connect_failures++;
	if (why) {
		client->failed++;
		client->failed_by = why;
		client->alone_until = clock_monotonic() + pause_after(client);
		client_lookup_refresh(client, clock_monotonic());
		(void)pthread_cond_broadcast(&client->freed);
	} else {
		(void)pthread_cond_signal(&client->freed);
	}
}

static ash_status make_connection(struct client_call *call, bool probes)
{
	const char *why = NULL;
	ash_status status = client_connect(call, &why);
	(void)pthread_mutex_lock(&call->client->lock);
	note_connect(call->client, probes, status == ASH_OK, why);
	(void)pthread_mutex_unlock(&call->client->lock);
	return status;
}

ash_status client_take(struct client_call *call)
{
	bool probes = false;
	(void)pthread_mutex_lock(&call->client->lock);
	ash_status status = take_place(call, &probes);
	(void)pthread_mutex_unlock(&call->client->lock);
	if (status != ASH_OK || call->kept)
		return status;
	return make_connection(call, probes);
}

ash_status client_take_new(struct client_call *call)
{
	client_close(call->fd, take(call->session));
	call->fd = -1;
	call->kept = false;
	(void)pthread_mutex_lock(&call->client->lock);
	call->client->counters.repeats++;
	(void)pthread_mutex_unlock(&call->client->lock);
	return make_connection(call, false);
}

void client_leave(struct client_call *call, bool good)
{
	struct http_client *client = call->client;
	if (!good)
		client_close(call->fd, call->session);
	(void)pthread_mutex_lock(&client->lock);
	if (good)
		client->idle[client->counters.idle++] =
			(struct client_idle){call->fd, call->session, clock_monotonic()};
	else
		client->counters.open--;
	if (client->counters.waiting)
		(void)pthread_cond_signal(&client->freed);
	(void)pthread_mutex_unlock(&client->lock);
	call->fd = -1;
	call->session = NULL;
}
