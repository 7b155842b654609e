/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and ends a server. Its parts: listen.c takes connections, reactor.c hears of them, loop.c
 * has conn.c work on them, team.c gives loops threads. */
#include "http/server.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crew.h"
#include "http/listen.h"
#include "http/loop.h"
#include "http/reactor.h"
#include "http/team.h"

static uint64_t nanoseconds(uint32_t ms)
{
	return ms * UINT64_C(1000000);
}

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static bool shows_certificate(struct http_tls *tls)
{
	struct http_tls_facts facts;
	http_tls_describe(tls, &facts);
	return facts.shows;
}

static int set_options(struct http_server *server, const struct http_server_options *from,
		       struct error *error)
{
	struct http_server_options *options = &server->options;
	*options = *from;
	DEFAULT(options->address, "127.0.0.1");
	DEFAULT(options->loops, crew_size());
	DEFAULT(options->threads, HTTP_THREADS);
	DEFAULT(options->connections, 16384);
	DEFAULT(options->body_limit, 1 << 20);
	DEFAULT(options->head_timeout_ms, 10000);
	DEFAULT(options->body_timeout_ms, 60000);
	DEFAULT(options->idle_timeout_ms, 75000);
	DEFAULT(options->write_timeout_ms, 30000);
	DEFAULT(options->watch_ms, 1);
	if (!options->handle)
		return error_set(error, ERROR_INVALID, "a server needs a handler");
	if (options->tls && !shows_certificate(options->tls))
		return error_set(error, ERROR_INVALID, "a server with TLS needs a certificate");
	if (options->loops > CREW_LIMIT || options->threads > HTTP_THREAD_LIMIT ||
	    options->threads <= options->loops)
		return error_set(
			error, ERROR_INVALID,
			"a server has 1 to %d loops, and more threads than loops, at most %d",
			CREW_LIMIT, HTTP_THREAD_LIMIT);
	server->timeouts[HTTP_WAIT_IDLE] = nanoseconds(options->idle_timeout_ms);
	server->timeouts[HTTP_WAIT_HEAD] = nanoseconds(options->head_timeout_ms);
	server->timeouts[HTTP_WAIT_BODY] = nanoseconds(options->body_timeout_ms);
	server->timeouts[HTTP_WAIT_WRITE] = nanoseconds(options->write_timeout_ms);
	server->timeouts[HTTP_WAIT_LINGER] = nanoseconds(HTTP_LINGER_MS);
	return 0;
}

/* As many threads as loops, where that leaves one for the deferred, are kept back: a loop whose
 * handler blocks unforeseen must find a thread. */
static unsigned deferring_limit(const struct http_server_options *options)
{
	unsigned kept = 2 * options->loops;
	return options->threads > kept ? options->threads - kept : 1;
}

static void init(struct http_server *server)
{
	server->listener = -1;
	server->orphans_end = &server->orphans;
	server->deferred_end = &server->deferred;
	pthread_mutex_init(&server->lock, NULL);
	sem_init(&server->watcher_wake, 0, 0);
}

/* Gives each loop one of the processors that the caller may use. */
static int choose_processors(struct http_server *server, struct error *error)
{
	cpu_set_t *all = &server->processors;
	int next = -1;
	if (!server->options.pin)
		return 0;
	if (sched_getaffinity(0, sizeof *all, all) < 0)
		return error_set(error, ERROR_IO, "cannot learn which processors there are: %s",
				 strerror(errno));
	for (unsigned i = 0; i < server->loop_count; i++) {
		do
			next = (next + 1) % CPU_SETSIZE;
		while (!CPU_ISSET(next, all));
		server->loops[i]->processor = next;
	}
	return 0;
}

/* One slot a connection; and threads may find room for the last one together. */
static int make_slots(struct http_server *server, struct error *error)
{
	size_t count = (size_t)server->options.connections + server->options.loops;
	server->slots = mem_alloc(count * sizeof *server->slots);
	return server->slots ? 0 : error_memory(error);
}

static int make_reactors(struct http_server *server, struct error *error)
{
	unsigned count = (server->options.loops + HTTP_SHARE - 1) / HTTP_SHARE;
	server->reactors = mem_alloc(count * sizeof(struct http_reactor *));
	if (!server->reactors)
		return error_memory(error);
	for (; server->reactor_count < count; server->reactor_count++)
		if (!(server->reactors[server->reactor_count] = http_reactor_new(server, error)))
			return -1;
	return 0;
}

static int make_loops(struct http_server *server, struct error *error)
{
	server->loops = mem_alloc(server->options.loops * sizeof(struct http_loop *));
	if (!server->loops)
		return error_memory(error);
	for (; server->loop_count < server->options.loops; server->loop_count++) {
		struct http_reactor *reactor =
			server->reactors[server->loop_count % server->reactor_count];
		if (!(server->loops[server->loop_count] = http_loop_new(reactor)))
			return error_memory(error);
	}
	return 0;
}

int http_server_start(const struct http_server_options *options, struct http_server **out,
		      struct error *error)
{
	_cleanup_(http_server_freep) struct http_server *server = mem_alloc(sizeof *server);
	if (!server)
		return error_memory(error);
	init(server);
	if (set_options(server, options, error) < 0 || http_listen(server, error) < 0 ||
	    make_slots(server, error) < 0 || make_reactors(server, error) < 0 ||
	    make_loops(server, error) < 0 || choose_processors(server, error) < 0)
		return -1;
	server->deferring_limit = deferring_limit(&server->options);
	if (http_team_start(server, error) < 0)
		return -1;
	*out = take(server);
	return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

static void wake_all(struct http_server *server)
{
	for (unsigned i = 0; i < server->reactor_count; i++)
		http_reactor_wake(server->reactors[i]);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Whether any thread may still use the listener. Who begins to sees that his reactor does not. */
static bool accepts(struct http_server *server)
{
	return atomic_load(&server->drained) < server->reactor_count ||
	       atomic_load(&server->accepting) > 0;
}

unsigned http_server_drain(struct http_server *server, uint32_t patience_ms)
{
	uint64_t end = clock_monotonic() + nanoseconds(patience_ms);
	atomic_store(&server->draining, true);
	wake_all(server);
	while (accepts(server) && clock_monotonic() < end)
		nap();
	if (!accepts(server))
		http_listen_end(server);
	while (atomic_load(&server->open) > 0 && clock_monotonic() < end)
		nap();
	return atomic_load(&server->open);
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	pthread_mutex_lock(&server->lock);
	atomic_store(&server->stopping, true);
	pthread_mutex_unlock(&server->lock);
	atomic_store(&server->draining, true);
	wake_all(server);
	http_team_end(server);
	for (unsigned i = 0; i < server->loop_count; i++)
		mem_free(server->loops[i]);
	for (unsigned i = 0; i < server->reactor_count; i++)
		http_reactor_free(server->reactors[i]);
	mem_free(server->loops);
	mem_free(server->reactors);
	mem_free(server->slots);
	http_listen_end(server);
	pthread_mutex_destroy(&server->lock);
	sem_destroy(&server->watcher_wake);
	mem_free(server);
}

void http_server_freep(struct http_server **server)
{
	http_server_free(*server);
}

static uint64_t sum(const struct http_server *server, unsigned which)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < server->thread_count; i++)
		total += atomic_load_explicit(&server->threads[i]->counts[which],
					      memory_order_relaxed);
	return total;
}

void http_server_count(const struct http_server *server, struct http_counters *out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&server->lock;
	pthread_mutex_lock(lock);
	*out = (struct http_counters){
		.accepted = sum(server, HTTP_COUNT_ACCEPTED),
		.requests = sum(server, HTTP_COUNT_REQUESTS),
		.received = sum(server, HTTP_COUNT_RECEIVED),
		.sent = sum(server, HTTP_COUNT_SENT),
		.blocked = sum(server, HTTP_COUNT_BLOCKED),
		.deferred = sum(server, HTTP_COUNT_DEFERRED),
		.taken = atomic_load(&server->taken),
		.open = atomic_load(&server->open),
		.threads = server->thread_count,
	};
	for (unsigned i = 0; i < 6; i++)
		out->statuses[i] = sum(server, HTTP_COUNT_STATUS + i);
	for (unsigned i = 0; i < HTTP_REJECTIONS; i++)
		out->rejected[i] = sum(server, i);
	pthread_mutex_unlock(lock);
}
