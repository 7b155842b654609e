/* SPDX-License-Identifier: Apache-2.0 */
/* The loop a thread serves: a batch of events, then what others left in the inbox, then what has
 * waited too long, then the next batch. A handler may lose the loop at any event: what is left
 * of the batch stays in the loop for its next thread.
 * Memory of a connection that another thread closed is freed between two batches only, because
 * an event of the same batch may still point to it. */
#include "http/loop.h"

#include <errno.h>
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

/* Sorts the inbox: what is new into the wheel, the rest onto the two lists. */
static void open_inbox(struct http_loop *loop)
{
	if (!atomic_load_explicit(&loop->inbox, memory_order_relaxed))
		return;
	struct http_conn *next, *conn = atomic_exchange(&loop->inbox, NULL);
	for (; conn; conn = next) {
		next = conn->next;
		struct http_conn **list = &loop->resumed;
		if (conn->message == HTTP_MESSAGE_FRESH) {
			http_wheel_put(&loop->wheel, &conn->timer, conn->deadline, loop->now);
			continue;
		}
		if (conn->message == HTTP_MESSAGE_CLOSED) {
			http_wheel_remove(&conn->timer);
			list = &loop->dead;
		}
		conn->next = *list;
		*list = conn;
	}
}

static void free_dead(struct http_loop *loop)
{
	struct http_conn *next;
	for (struct http_conn *conn = loop->dead; conn; conn = next) {
		next = conn->next;
		mem_free(conn);
	}
	loop->dead = NULL;
}

/* Whether another thread works on the connection; it is told then that something happened. */
static bool is_busy(struct http_conn *conn, bool hangup)
{
	unsigned state = atomic_load_explicit(&conn->state, memory_order_acquire);
	while (state & HTTP_BUSY) {
		unsigned told = state | HTTP_MORE | (hangup ? HTTP_GONE : 0);
		if (atomic_compare_exchange_weak(&conn->state, &state, told))
			return true;
	}
	return state & HTTP_CLOSED;
}

static void drain_wake(struct http_loop *loop)
{
	uint64_t count;
	if (read(loop->wake, &count, sizeof count) < 0)
		return;
}

static void on_event(struct http_thread *thread, struct http_loop *loop, struct epoll_event event)
{
	struct http_conn *conn = event.data.ptr;
	if (event.data.ptr == loop) {
		drain_wake(loop);
	} else if (event.data.ptr == loop->server) {
		http_accept_some(thread, loop);
	} else {
		bool hangup = event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
		if (!conn->timer.next)
			open_inbox(loop);
		if (!is_busy(conn, hangup))
			http_conn_work(thread, conn, hangup);
	}
}

/* Serves what is left of the batch; false when the loop was lost. */
static bool serve_batch(struct http_thread *thread, struct http_loop *loop)
{
	while (loop->event_next < loop->event_count) {
		on_event(thread, loop, loop->events[loop->event_next++]);
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
		bool hangup = atomic_exchange(&conn->state, 0) & HTTP_GONE;
		http_conn_work(thread, conn, hangup);
		if (!thread->loop)
			return false;
	}
	return true;
}

/* Looks at each connection whose time may have come; false when the loop was lost. */
static bool serve_timers(struct http_thread *thread, struct http_loop *loop)
{
	struct http_timer *timer;
	while ((timer = http_wheel_take(&loop->wheel, loop->now))) {
		struct http_conn *conn = (struct http_conn *)(void *)timer;
		bool busy = atomic_load_explicit(&conn->state, memory_order_acquire) != 0;
		if (busy || conn->deadline > loop->now) {
			uint64_t later = loop->now + HTTP_RECHECK_MS * UINT64_C(1000000);
			http_wheel_put(&loop->wheel, timer, busy ? later : conn->deadline,
				       loop->now);
			continue;
		}
		http_conn_expire(thread, conn);
		if (!thread->loop)
			return false;
	}
	return true;
}

/* Once, when the server begins to drain: the last connections are accepted, and those that are
 * quiet get little time. */
static void begin_drain(struct http_thread *thread, struct http_loop *loop)
{
	struct http_timer *timer, *all = NULL;
	uint64_t quiet = loop->now + HTTP_QUIET_MS * UINT64_C(1000000);
	loop->drains = true;
	http_accept_last(thread, loop);
	open_inbox(loop);
	while ((timer = http_wheel_take_any(&loop->wheel))) {
		timer->next = all;
		all = timer;
	}
	while ((timer = all)) {
		struct http_conn *conn = (struct http_conn *)(void *)timer;
		all = timer->next;
		timer->next = NULL;
		bool busy = atomic_load_explicit(&conn->state, memory_order_acquire) != 0;
		bool is_quiet = !busy && !conn->input && !conn->output && !conn->closing;
		if (is_quiet && conn->deadline > quiet)
			conn->deadline = quiet;
		http_wheel_put(&loop->wheel, timer, busy ? quiet : conn->deadline, loop->now);
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
	if (loop->resumed || atomic_load_explicit(&loop->server->orphaned, memory_order_relaxed))
		return 0;
	int wait = http_wheel_wait(&loop->wheel, loop->now);
	return loop->accept_again && (wait < 0 || wait > HTTP_ACCEPT_PAUSE_MS)
		       ? HTTP_ACCEPT_PAUSE_MS
		       : wait;
}

static void next_batch(struct http_loop *loop)
{
	int count = epoll_wait(loop->epoll, loop->events, HTTP_BATCH, patience(loop));
	loop->event_next = 0;
	loop->event_count = count > 0 ? count : 0;
	loop->now = clock_monotonic();
	if (count > 0)
		http_team_watch(loop->server);
}

void http_loop_serve(struct http_thread *thread, struct http_loop *loop)
{
	thread->loop = loop;
	while (serve_batch(thread, loop) && keep_house(thread, loop)) {
		if (atomic_load_explicit(&loop->server->stopping, memory_order_relaxed))
			return;
		loop = thread->loop = http_team_rotate(thread, loop);
		if (loop->event_next == loop->event_count)
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
