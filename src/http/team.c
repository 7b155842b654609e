/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-over of loops. Invariants:
 * - a loop has one owner or stands in `orphans`, and for each orphan a thread is on its way;
 * - a loop is taken out of a handler by one compare-and-swap of `owner`, so that the thread, its
 *   watcher, or both at once may try.
 * Knows no HTTP. */
#include "http/team.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/crew.h"
#include "base/thread.h"
#include "http/conn.h"
#include "http/loop.h"

enum {
	QUIET_ROUNDS = 64, /* of the watcher, without a handler in sight, before it sleeps */
	NAP_MS = 20,       /* of it at once: longer the end of a server does not wait for it */
};

static _Thread_local struct http_thread *self;

struct http_thread *http_team_self(void)
{
	return self;
}

static void free_thread(struct http_thread *thread)
{
	if (!thread)
		return;
	http_output_release(&thread->output);
	http_body_release(&thread->exchange.body);
	text_release(&thread->exchange.fields);
	arena_release(&thread->exchange.arena);
	sem_destroy(&thread->wake);
	mem_free(thread);
}

static struct http_thread *new_thread(struct http_server *server)
{
	struct http_thread *thread = mem_alloc(sizeof *thread);
	if (!thread)
		return NULL;
	sem_init(&thread->wake, 0, 0);
	thread->server = server;
	thread->input.bytes = thread->buffer;
	thread->input.capacity = sizeof thread->buffer;
	http_input_clear(&thread->input);
	return thread;
}

/* Takes a loop for the thread, or a deferred connection. With the lock. */
static bool take_work(struct http_thread *thread, struct http_loop **loop, struct http_conn **conn)
{
	struct http_server *server = thread->server;
	if ((*loop = server->orphans)) {
		if (!(server->orphans = (*loop)->next))
			server->orphans_end = &server->orphans;
		atomic_store(&(*loop)->owner, (uintptr_t)thread);
		return true;
	}
	if (server->deferring >= server->deferring_limit || !(*conn = server->deferred))
		return false;
	if (!(server->deferred = (*conn)->next))
		server->deferred_end = &server->deferred;
	server->deferring++;
	return true;
}

/* Waits until there is something to do; false when the server ends. */
static bool next_work(struct http_thread *thread, struct http_loop **loop, struct http_conn **conn)
{
	struct http_server *server = thread->server;
	for (;;) {
		pthread_mutex_lock(&server->lock);
		bool stops = atomic_load(&server->stopping);
		bool found = !stops && take_work(thread, loop, conn);
		if (!found && !stops) {
			thread->next = server->idle;
			server->idle = thread;
		}
		pthread_mutex_unlock(&server->lock);
		if (found || stops)
			return found;
		while (sem_wait(&thread->wake) < 0 && errno == EINTR)
			;
	}
}

static void run_deferred(struct http_thread *thread, struct http_conn *conn)
{
	struct http_server *server = thread->server;
	http_conn_work(thread, conn, true); /* who deferred it may have been told of the end */
	pthread_mutex_lock(&server->lock);
	server->deferring--;
	pthread_mutex_unlock(&server->lock);
}

/* A processor that is gone by now does no harm: the system gives another. */
static void pin(const struct http_thread *thread, const struct http_loop *loop)
{
	cpu_set_t one;
	if (!thread->server->options.pin)
		return;
	CPU_ZERO(&one);
	CPU_SET(loop->processor, &one);
	pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

static void unpin(const struct http_thread *thread)
{
	const struct http_server *server = thread->server;
	if (server->options.pin)
		pthread_setaffinity_np(thread->id, sizeof server->processors, &server->processors);
}

static void *thread_main(void *pointer)
{
	struct http_thread *thread = pointer;
	self = thread;
	struct http_loop *loop = NULL;
	struct http_conn *conn = NULL;
	while (next_work(thread, &loop, &conn)) {
		if (loop) {
			pin(thread, loop);
			http_loop_serve(thread, loop);
		} else {
			run_deferred(thread, conn);
		}
	}
	return NULL;
}

/* Adds a thread, if there may be another. With the lock. */
static bool add_thread(struct http_server *server)
{
	if (server->thread_count == server->options.threads || atomic_load(&server->stopping))
		return false;
	struct http_thread *thread = new_thread(server);
	if (!thread)
		return false;
	if (!thread_start(&thread->id, thread_main, thread)) {
		free_thread(thread);
		return false;
	}
	server->threads[server->thread_count++] = thread;
	return true;
}

/* Gets a thread to look for work; false when none is idle and none can be added. With the lock. */
static bool call_thread(struct http_server *server)
{
	struct http_thread *thread = server->idle;
	if (!thread)
		return add_thread(server);
	server->idle = thread->next;
	sem_post(&thread->wake);
	return true;
}

static void add_orphan(struct http_server *server, struct http_loop *loop)
{
	loop->next = NULL;
	*server->orphans_end = loop;
	server->orphans_end = &loop->next;
}

/* Takes the loop from its handler and has another thread go on with it. The thread that is called
 * finds it, as it needs the lock to look. False when the handler is over, or without a thread. */
static bool pass_on(struct http_loop *loop, uintptr_t handling)
{
	uintptr_t owner = handling;
	struct http_server *server = loop->reactor->server;
	bool passed = false;
	pthread_mutex_lock(&server->lock);
	bool holds = atomic_load(&loop->owner) == owner, found = holds && call_thread(server);
	if (found && (passed = atomic_compare_exchange_strong(&loop->owner, &owner, 0))) {
		unpin((const struct http_thread *)(handling & ~(uintptr_t)HTTP_HANDLING));
		add_orphan(server, loop);
	}
	if (holds && !found)
		http_loop_be_late(loop);
	pthread_mutex_unlock(&server->lock);
	return passed;
}

/* Wakes the watcher, if it sleeps because nothing was to be watched. */
static void wake_watcher(struct http_server *server)
{
	if (atomic_load_explicit(&server->watcher_sleeps, memory_order_relaxed) &&
	    atomic_exchange(&server->watcher_sleeps, false))
		sem_post(&server->watcher_wake);
}

void http_team_enter_handler(struct http_thread *thread)
{
	struct http_loop *loop = thread->loop;
	if (!loop)
		return;
	unsigned handled = atomic_load_explicit(&loop->handled, memory_order_relaxed);
	atomic_store_explicit(&loop->handled, handled + 1, memory_order_relaxed);
	atomic_store_explicit(&loop->owner, (uintptr_t)thread | HTTP_HANDLING,
			      memory_order_release);
	wake_watcher(thread->server);
}

void http_team_leave_handler(struct http_thread *thread)
{
	uintptr_t owner = (uintptr_t)thread | HTTP_HANDLING;
	if (thread->loop &&
	    !atomic_compare_exchange_strong(&thread->loop->owner, &owner, (uintptr_t)thread))
		thread->loop = NULL;
}

bool http_team_has_loop(const struct http_thread *thread)
{
	return thread->loop &&
	       atomic_load(&thread->loop->owner) == ((uintptr_t)thread | HTTP_HANDLING);
}

void http_team_give_loop(struct http_thread *thread)
{
	if (!http_team_has_loop(thread)) {
		thread->loop = NULL;
	} else if (pass_on(thread->loop, (uintptr_t)thread | HTTP_HANDLING)) {
		thread->loop = NULL;
		http_count(thread, HTTP_COUNT_BLOCKED, 1);
	}
}

bool http_team_defer(struct http_server *server, struct http_conn *conn)
{
	pthread_mutex_lock(&server->lock);
	if (server->deferring < server->deferring_limit)
		call_thread(server);
	/* Who has no loop comes for work some day. */
	bool deferred = server->thread_count > server->loop_count;
	if (deferred) {
		conn->next = NULL;
		*server->deferred_end = conn;
		server->deferred_end = &conn->next;
	}
	pthread_mutex_unlock(&server->lock);
	return deferred;
}

/* From one look of the watcher to the next, or to the end of the server. */
static void nap(const struct http_server *server)
{
	unsigned piece = 0;
	for (unsigned left = server->options.watch_ms; left && !atomic_load(&server->stopping);
	     left -= piece) {
		piece = left < NAP_MS ? left : NAP_MS;
		nanosleep(&(struct timespec){.tv_nsec = (long)piece * 1000000}, NULL);
	}
}

/* Looks at one loop; true when it is in a handler. */
static bool watch(struct http_loop *loop, unsigned *last)
{
	uintptr_t owner = atomic_load(&loop->owner);
	unsigned handled = atomic_load(&loop->handled);
	if (!(owner & HTTP_HANDLING))
		return false;
	if (handled == *last && pass_on(loop, owner))
		atomic_fetch_add(&loop->reactor->server->taken, 1);
	*last = handled;
	return true;
}

/* Whether any loop is in a handler. */
static bool watch_all(struct http_server *server, unsigned *last)
{
	bool any = false;
	for (unsigned i = 0; i < server->loop_count; i++)
		any |= watch(server->loops[i], &last[i]);
	return any;
}

/* Once more after it said that it sleeps: a thread that saw it awake just before is seen then. */
static void watcher_sleep(struct http_server *server, unsigned *last)
{
	atomic_store(&server->watcher_sleeps, true);
	nap(server);
	if (!watch_all(server, last) && !atomic_load(&server->stopping))
		while (sem_wait(&server->watcher_wake) < 0 && errno == EINTR)
			;
	atomic_store(&server->watcher_sleeps, false);
}

static void *watcher_main(void *pointer)
{
	struct http_server *server = pointer;
	unsigned last[CREW_LIMIT] = {0}, quiet = 0;
	while (!atomic_load(&server->stopping)) {
		nap(server);
		quiet = watch_all(server, last) ? 0 : quiet + 1;
		if (quiet == QUIET_ROUNDS) {
			watcher_sleep(server, last);
			quiet = 0;
		}
	}
	return NULL;
}

int http_team_start(struct http_server *server, struct error *error)
{
	bool good = true;
	server->threads = mem_alloc(server->options.threads * sizeof(struct http_thread *));
	if (!server->threads)
		return error_memory(error);
	pthread_mutex_lock(&server->lock);
	for (unsigned i = 0; i < server->loop_count; i++)
		add_orphan(server, server->loops[i]);
	for (unsigned i = 0; i < server->loop_count && good; i++)
		good = add_thread(server);
	pthread_mutex_unlock(&server->lock);
	if (good && thread_start(&server->watcher, watcher_main, server))
		server->has_watcher = true;
	if (!server->has_watcher)
		return error_set(error, ERROR_IO,
				 "cannot start a thread: the system gives no more, or "
				 "there is no memory");
	return 0;
}

void http_team_end(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	for (; server->idle; server->idle = server->idle->next)
		sem_post(&server->idle->wake);
	unsigned count = server->thread_count;
	pthread_mutex_unlock(&server->lock);
	sem_post(&server->watcher_wake);
	if (server->has_watcher)
		pthread_join(server->watcher, NULL);
	for (unsigned i = 0; i < count; i++)
		pthread_join(server->threads[i]->id, NULL);
	for (unsigned i = 0; i < count; i++)
		free_thread(server->threads[i]);
	mem_free(server->threads);
}
