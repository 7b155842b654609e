/* SPDX-License-Identifier: Apache-2.0 */
/* Who has a connection, who waits for one, and whether the address is worth a try. Knows nothing of
 * requests. A call that holds a connection holds one of `options.connections` places. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "http/client_state.h"

/* Takes the connections out that were idle for too long, oldest first; those after them move up. */
static void drop_old(struct http_client *client, uint64_t now)
{
	struct http_client_counters *counters = &client->counters;
	unsigned old = 0;
	while (old < counters->idle && now - client->idle[old].since > client->options.idle_ns)
		(void)close(client->idle[old++].fd);
	if (!old)
		return;
	counters->idle -= old;
	counters->open -= old;
	memmove(client->idle, client->idle + old, counters->idle * sizeof *client->idle);
}

/* Whether nothing came since the last answer, not even the end. */
static bool is_quiet(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* The idle connection that was used last and is still good, or -1. */
static int take_idle(struct http_client *client)
{
	while (client->counters.idle) {
		int fd = client->idle[--client->counters.idle].fd;
		if (is_quiet(fd))
			return fd;
		(void)close(fd);
		client->counters.open--;
	}
	return -1;
}

static ash_status leave_alone(struct client_call *call, uint64_t now)
{
	struct http_client *client = call->client;
	client->counters.left_alone++;
	uint64_t left = client->alone_until > now ? client->alone_until - now : 0;
	return fault_set(call->fault, ASH_UNAVAILABLE,
			 "%s: connecting failed %u times (%s); tried again in %llu ms",
			 client->name, client->failed, strerror(client->failed_with),
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
		call->fd = take_idle(client);
		call->kept = call->fd >= 0;
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
static void note_connect(struct http_client *client, bool probed, bool made, int code)
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
	if (code) {
		client->failed++;
		client->failed_with = code;
		client->alone_until = clock_monotonic() + pause_after(client);
		(void)pthread_cond_broadcast(&client->freed);
	} else {
		(void)pthread_cond_signal(&client->freed);
	}
}

static ash_status make_connection(struct client_call *call, bool probes)
{
	int code = 0;
	ash_status status = client_connect(call, &code);
	(void)pthread_mutex_lock(&call->client->lock);
	note_connect(call->client, probes, status == ASH_OK, code);
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
	(void)close(call->fd);
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
		(void)close(call->fd);
	(void)pthread_mutex_lock(&client->lock);
	if (good)
		client->idle[client->counters.idle++] =
			(struct client_idle){call->fd, clock_monotonic()};
	else
		client->counters.open--;
	if (client->counters.waiting)
		(void)pthread_cond_signal(&client->freed);
	(void)pthread_mutex_unlock(&client->lock);
	call->fd = -1;
}
