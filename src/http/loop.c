/* SPDX-License-Identifier: Apache-2.0 */
/* The loop a thread serves: a batch of events, then what others left in the inbox, then what has
 * waited too long, then the next batch. A handler may lose the loop at any event: what is left
 * of the batch stays in the loop for its next thread. And where the owner is stuck, in a handler or
 * because the system runs something else in its place, a thread of another loop takes events out
 * of the batch.
 * Memory of a closed connection is freed when the batch is empty and no thread holds an event:
 * until then one may still point to it. */
#include "http/loop.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/listen.h"
#include "http/team.h"

void http_loop_wake(struct http_loop *loop)
{
	uint64_t one = 1;
	while (write(loop->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void http_loop_send(struct http_loop *loop, struct http_conn *conn, enum http_message message)
{
	struct http_conn *first = atomic_load(&loop->inbox);
	conn->message = (uint8_t)message;
	do
		conn->next = first;
	while (!atomic_compare_exchange_weak(&loop->inbox, &first, conn));
	if (message == HTTP_MESSAGE_RESUME)
		http_loop_wake(loop);
}

void http_loop_send_fresh(struct http_loop *loop, struct http_conn *conn)
{
	struct http_conn *first = atomic_load(&loop->fresh);
	do
		conn->next_fresh = first;
	while (!atomic_compare_exchange_weak(&loop->fresh, &first, conn));
}

void http_loop_stay_late(struct http_loop *loop)
{
	if (atomic_load_explicit(&loop->late, memory_order_relaxed))
		atomic_store(&loop->late, HTTP_LATE);
}

void http_loop_bury(struct http_loop *loop, struct http_conn *conn)
{
	http_wheel_remove(&conn->timer);
	conn->next = loop->dead;
	loop->dead = conn;
}

static void welcome_fresh(struct http_loop *loop)
{
	struct http_conn *next, *conn = atomic_exchange(&loop->fresh, NULL);
	for (; conn; conn = next) {
		next = conn->next_fresh;
		if (!(atomic_load(&conn->state) & HTTP_CLOSED))
			http_wheel_put(&loop->wheel, &conn->timer, conn->check, loop->now);
	}
}

/* Sorts what others sent onto the two lists. What is closed was fresh before: so the inbox is taken
 * first, and looked at after the fresh ones. */
static void open_inbox(struct http_loop *loop)
{
	struct http_conn *next, *conn = NULL;
	if (atomic_load_explicit(&loop->inbox, memory_order_relaxed))
		conn = atomic_exchange(&loop->inbox, NULL);
	if (conn || atomic_load_explicit(&loop->fresh, memory_order_relaxed))
		welcome_fresh(loop);
	for (; conn; conn = next) {
		next = conn->next;
		if (conn->message == HTTP_MESSAGE_CLOSED) {
			http_loop_bury(loop, conn);
		} else {
			conn->next = loop->resumed;
			loop->resumed = conn;
		}
	}
}

static void lock_batch(struct http_loop *loop)
{
	for (unsigned tries = 1;
	     atomic_exchange_explicit(&loop->batch_lock, true, memory_order_acquire); tries++)
		if (tries % 64 == 0)
			sched_yield();
}

static void unlock_batch(struct http_loop *loop)
{
	atomic_store_explicit(&loop->batch_lock, false, memory_order_release);
}

/* Whether no event is left; `quite`: nor held by a thief, who counts himself before he takes. */
static bool is_batch_empty(struct http_loop *loop, bool quite)
{
	lock_batch(loop);
	bool empty = loop->event_next == loop->event_count &&
		     (!quite || atomic_load(&loop->thieves) == 0);
	unlock_batch(loop);
	return empty;
}

/* Takes an event out of the batch; false when it is empty. */
static bool take_event(struct http_loop *loop, struct epoll_event *out)
{
	lock_batch(loop);
	bool taken = loop->event_next < loop->event_count;
	if (taken)
		*out = loop->events[loop->event_next++];
	unlock_batch(loop);
	return taken;
}

/* Adds to the batch; there is room for what its owner and one thief find at once, and a thief only
 * adds to an empty one. */
static void add_events(struct http_loop *loop, const struct epoll_event *events, int count)
{
	lock_batch(loop);
	if (loop->event_next == loop->event_count)
		loop->event_next = loop->event_count = 0;
	memcpy(loop->events + loop->event_count, events, (size_t)count * sizeof *events);
	loop->event_count += count;
	unlock_batch(loop);
}

static void free_dead(struct http_loop *loop)
{
	struct http_conn *next;
	if (!loop->dead || !is_batch_empty(loop, true))
		return;
	for (struct http_conn *conn = loop->dead; conn; conn = next) {
		next = conn->next;
		mem_free(conn);
	}
	loop->dead = NULL;
}

/* Claims the connection for an event; false when another thread has it, which is told, or when it
 * is closed. */
static bool claim(struct http_conn *conn, bool hangup)
{
	unsigned state = atomic_load_explicit(&conn->state, memory_order_relaxed), next;
	do {
		if (state & HTTP_CLOSED)
			return false;
		next = state & HTTP_BUSY ? state | HTTP_MORE | (hangup ? HTTP_GONE : 0) : HTTP_BUSY;
	} while (!atomic_compare_exchange_weak(&conn->state, &state, next));
	return !(state & HTTP_BUSY);
}

/* Claims a connection that nobody works on, without telling. */
static bool claim_quiet(struct http_conn *conn)
{
	unsigned quiet = 0;
	return atomic_compare_exchange_strong(&conn->state, &quiet, HTTP_BUSY);
}

static void drain_wake(struct http_loop *loop)
{
	uint64_t count;
	if (read(loop->wake, &count, sizeof count) < 0)
		return;
}

static bool is_hangup(struct epoll_event event)
{
	return event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
}

/* Works on a connection that was claimed for an event; `told`: when that was, or 0. */
static void work_for(struct http_thread *thread, struct epoll_event event, uint64_t told)
{
	thread->told = event.events & EPOLLIN ? told : 0;
	http_conn_work(thread, event.data.ptr, is_hangup(event));
	thread->told = 0;
}

static void on_event(struct http_thread *thread, struct http_loop *loop, struct epoll_event event)
{
	if (event.data.ptr == loop)
		drain_wake(loop);
	else if (event.data.ptr == loop->server)
		http_accept_some(thread, loop);
	else if (claim(event.data.ptr, is_hangup(event)))
		work_for(thread, event,
			 atomic_load_explicit(&loop->late, memory_order_relaxed) ? 0 : loop->now);
}

/* Serves the batch; false when the loop was lost. */
static bool serve_batch(struct http_thread *thread, struct http_loop *loop)
{
	struct epoll_event event;
	while (take_event(loop, &event)) {
		unsigned progress = atomic_load_explicit(&loop->progress, memory_order_relaxed);
		atomic_store_explicit(&loop->progress, progress + 1, memory_order_relaxed);
		on_event(thread, loop, event);
		if (!thread->loop)
			return false;
	}
	return true;
}

/* Ends a claim; what came meanwhile is looked at as if the connection came back. */
static void release(struct http_loop *loop, struct http_conn *conn)
{
	unsigned busy = HTTP_BUSY;
	if (!atomic_compare_exchange_strong(&conn->state, &busy, 0))
		http_loop_send(loop, conn, HTTP_MESSAGE_RESUME);
}

/* Takes what the system has for a loop whose owner does not ask. */
static void fetch_for(struct http_loop *loop)
{
	struct epoll_event events[HTTP_HELP_EVENTS];
	if (!is_batch_empty(loop, false))
		return;
	int count = epoll_wait(loop->epoll, events, HTTP_HELP_EVENTS, 0);
	if (count > 0)
		add_events(loop, events, count);
}

/* Takes an event out of another loop's batch and claims its connection; false when there is none.
 * What is no connection is told again by the system, to the loop's own thread. */
static bool steal(struct http_loop *loop, struct epoll_event *out)
{
	bool found = false;
	atomic_fetch_add(&loop->thieves, 1);
	while (!found && take_event(loop, out))
		found = out->data.ptr != loop && out->data.ptr != loop->server &&
			claim(out->data.ptr, is_hangup(*out));
	atomic_fetch_sub(&loop->thieves, 1);
	return found;
}

/* Whether there is work that only the loop's own thread can be relied on to do, as a thief may be
 * held up by what he has: events of the batch, connections whose time nobody keeps yet. */
static bool has_rest(struct http_loop *loop)
{
	return !is_batch_empty(loop, false) || atomic_load(&loop->fresh);
}

/* Whether the loop's owner did nothing since this thread looked last. */
static bool is_stuck(struct http_thread *thread, unsigned index)
{
	unsigned progress = atomic_load(&thread->server->loops[index]->progress);
	bool stuck = thread->seen[index] == progress;
	thread->seen[index] = progress;
	return stuck;
}

/* From time to time, looks whether another loop is stuck, and does some of its work. False when
 * the thread's own loop was lost. */
static bool help(struct http_thread *thread, struct http_loop *mine)
{
	struct http_server *server = thread->server;
	if (server->loop_count == 1 || mine->now - thread->helped < HTTP_HELP_NS)
		return true;
	unsigned index = thread->help_next++ % server->loop_count;
	if (server->loops[index] == mine)
		index = thread->help_next++ % server->loop_count;
	struct http_loop *loop = server->loops[index];
	struct epoll_event event;
	bool woken = false;
	thread->helped = mine->now;
	if (!is_stuck(thread, index))
		return true;
	if (atomic_fetch_add(&loop->thieves, 1) == 0) /* one thief adds at a time */
		fetch_for(loop);
	atomic_fetch_sub(&loop->thieves, 1);
	for (int i = 0; i < HTTP_HELP_EVENTS && steal(loop, &event); i++) {
		if (!woken && (woken = has_rest(loop)))
			http_loop_wake(loop);
		http_count(thread, HTTP_COUNT_HELPED, 1);
		work_for(thread, event, atomic_load(&loop->late) ? 0 : clock_monotonic());
		if (!thread->loop)
			return false;
	}
	return true;
}

/* Connections that come back from threads without a loop; false when the loop was lost. */
static bool serve_resumed(struct http_thread *thread, struct http_loop *loop)
{
	while (loop->resumed) {
		struct http_conn *conn = loop->resumed;
		loop->resumed = conn->next;
		bool hangup = atomic_exchange(&conn->state, HTTP_BUSY) & HTTP_GONE;
		http_conn_work(thread, conn, hangup);
		if (!thread->loop)
			return false;
	}
	return true;
}

/* Looks at a connection whose time may have come. */
static void check_time(struct http_thread *thread, struct http_loop *loop, struct http_conn *conn)
{
	uint64_t later = loop->now + HTTP_RECHECK_MS * UINT64_C(1000000);
	if (!claim_quiet(conn)) {
		http_wheel_put(&loop->wheel, &conn->timer, later, loop->now);
	} else if (conn->deadline > loop->now) {
		conn->check = conn->deadline;
		http_wheel_put(&loop->wheel, &conn->timer, conn->deadline, loop->now);
		release(loop, conn);
	} else {
		/* It stays in the wheel: once its handler lost the loop nobody puts it in. */
		conn->check = later;
		http_wheel_put(&loop->wheel, &conn->timer, later, loop->now);
		http_conn_expire(thread, conn);
	}
}

/* False when the loop was lost. */
static bool serve_timers(struct http_thread *thread, struct http_loop *loop)
{
	struct http_timer *timer;
	while ((timer = http_wheel_take(&loop->wheel, loop->now))) {
		check_time(thread, loop, (struct http_conn *)(void *)timer);
		if (!thread->loop)
			return false;
	}
	return true;
}

/* Gives a connection that is quiet the little time it has while the server drains, all of it: the
 * round may have begun long ago. */
static void hurry(struct http_loop *loop, struct http_conn *conn)
{
	uint64_t quiet = clock_monotonic() + HTTP_QUIET_MS * UINT64_C(1000000);
	if (!claim_quiet(conn)) {
		http_wheel_put(&loop->wheel, &conn->timer, quiet, loop->now);
		return;
	}
	if (!conn->input && !conn->output && !conn->closing && conn->deadline > quiet)
		conn->deadline = quiet;
	conn->check = conn->deadline;
	http_wheel_put(&loop->wheel, &conn->timer, conn->deadline, loop->now);
	release(loop, conn);
}

/* Once, when the server begins to drain: the last connections are accepted, and those that are
 * quiet get little time. */
static void begin_drain(struct http_thread *thread, struct http_loop *loop)
{
	struct http_timer *timer, *all = NULL;
	loop->drains = true;
	http_accept_last(thread, loop);
	open_inbox(loop);
	while ((timer = http_wheel_take_any(&loop->wheel))) {
		timer->next = all;
		all = timer;
	}
	while ((timer = all)) {
		all = timer->next;
		timer->next = NULL;
		hurry(loop, (struct http_conn *)(void *)timer);
	}
	atomic_fetch_add(&loop->server->drained, 1);
}

/* Between two batches; false when the loop was lost. */
static bool keep_house(struct http_thread *thread, struct http_loop *loop)
{
	open_inbox(loop);
	free_dead(loop);
	if (!loop->drains && atomic_load_explicit(&loop->server->draining, memory_order_relaxed))
		begin_drain(thread, loop);
	http_accept_again(loop);
	return serve_resumed(thread, loop) && serve_timers(thread, loop);
}

static int patience(const struct http_loop *loop)
{
	if (loop->resumed)
		return 0;
	int wait = http_wheel_wait(&loop->wheel, loop->now);
	return loop->accept_again && (wait < 0 || wait > HTTP_ACCEPT_PAUSE_MS)
		       ? HTTP_ACCEPT_PAUSE_MS
		       : wait;
}

/* A round is over. One more is late while the system, or the listener, had more than was taken. */
static void count_late(struct http_loop *loop)
{
	unsigned late = atomic_load_explicit(&loop->late, memory_order_relaxed);
	if (__builtin_expect(late != 0, 0))
		atomic_compare_exchange_strong(&loop->late, &late, late - 1);
}

static void next_batch(struct http_loop *loop)
{
	struct epoll_event events[HTTP_BATCH];
	count_late(loop);
	int count = epoll_wait(loop->epoll, events, HTTP_BATCH, patience(loop));
	loop->now = clock_monotonic();
	if (count == HTTP_BATCH)
		http_loop_stay_late(loop);
	if (count > 0)
		add_events(loop, events, count);
}

void http_loop_serve(struct http_thread *thread, struct http_loop *loop)
{
	thread->loop = loop;
	while (serve_batch(thread, loop) && keep_house(thread, loop) && help(thread, loop)) {
		if (atomic_load_explicit(&loop->server->stopping, memory_order_relaxed))
			return;
		next_batch(loop);
	}
}

static int set_up(struct http_loop *loop, struct error *error)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = loop};
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll < 0 || loop->wake < 0 ||
	    epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) < 0)
		return error_set(error, ERROR_IO, "cannot make a loop of events: %s",
				 strerror(errno));
	return http_watch_listener(loop, error);
}

struct http_loop *http_loop_new(struct http_server *server, struct error *error)
{
	struct http_loop *loop = mem_alloc(sizeof *loop);
	if (!loop) {
		error_memory(error);
		return NULL;
	}
	loop->server = server;
	loop->epoll = loop->wake = -1;
	loop->now = clock_monotonic();
	http_wheel_init(&loop->wheel, loop->now);
	if (set_up(loop, error) < 0) {
		http_loop_free(loop);
		return NULL;
	}
	return loop;
}

static void close_all(struct http_loop *loop)
{
	struct http_timer *timer;
	open_inbox(loop);
	while ((timer = http_wheel_take_any(&loop->wheel))) {
		struct http_conn *conn = (struct http_conn *)(void *)timer;
		http_conn_close(conn);
		mem_free(conn);
	}
	free_dead(loop);
}

void http_loop_free(struct http_loop *loop)
{
	if (!loop)
		return;
	close_all(loop);
	if (loop->epoll >= 0)
		close(loop->epoll);
	if (loop->wake >= 0)
		close(loop->wake);
	mem_free(loop);
}
