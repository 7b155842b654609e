/* SPDX-License-Identifier: Apache-2.0 */
/* The rounds of a thread that has a loop: what has waited too long, then an event. It takes one
 * event at a time, and has nothing in hand that another could do: so neither a handler that blocks
 * nor a system that runs something else keeps a request from a thread that is free. */
#include "http/loop.h"

#include "http/claim.h"
#include "http/conn.h"
#include "http/listen.h"
#include "http/reactor.h"

/* The other loops of its reactor have the same events. Who waits there may count on this one to
 * wait until a deadline that is nearer than those he knows: he is to look again, once a handler. */
void http_loop_be_late(struct http_loop *loop)
{
	struct http_server *server = loop->reactor->server;
	unsigned handled = atomic_load(&loop->handled);
	if (loop->kept != handled)
		http_reactor_wake(loop->reactor);
	loop->kept = handled;
	for (unsigned i = 0; i < server->loop_count; i++)
		if (server->loops[i]->reactor == loop->reactor)
			atomic_fetch_add(&server->loops[i]->late, 1);
}

static int patience(const struct http_loop *loop)
{
	uint64_t next = http_reactor_next(loop->reactor);
	if (next == UINT64_MAX)
		return -1;
	return next <= loop->now ? 0 : (int)((next - loop->now) / 1000000) + 1;
}

/* Waits for an event. A loop is late until it finds that nothing waits any more. */
static bool next_event(struct http_loop *loop, struct epoll_event *out)
{
	unsigned late = atomic_load_explicit(&loop->late, memory_order_relaxed);
	bool found = false;
	if (__builtin_expect(late != 0, 0)) {
		found = http_reactor_wait(loop->reactor, 0, out);
		if (!found)
			atomic_compare_exchange_strong(&loop->late, &late, 0);
		loop->now = clock_monotonic();
	}
	found = found || http_reactor_wait(loop->reactor, patience(loop), out);
	loop->now = clock_monotonic();
	return found;
}

static void on_event(struct http_thread *thread, struct http_loop *loop,
		     const struct epoll_event *event)
{
	struct http_server *server = thread->server;
	bool hangup = event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	if (event->data.u64 == HTTP_NUMBER_WAKE)
		return;
	if (event->data.u64 == HTTP_NUMBER_LISTENER) {
		http_accept_one(thread, loop);
		return;
	}
	struct http_conn *conn = http_claim(server, event->data.u64, hangup);
	if (!conn)
		return;
	bool knows = event->events & EPOLLIN && !atomic_load(&loop->late);
	thread->told = knows ? loop->now : 0;
	http_conn_work(thread, conn, hangup);
	thread->told = 0;
}

/* Looks at connections whose time may have come. False when the loop was lost. */
static bool serve_timers(struct http_thread *thread, struct http_loop *loop)
{
	struct http_conn *conn;
	bool expired;
	while (loop->now >= atomic_load_explicit(&loop->reactor->due, memory_order_relaxed) &&
	       (conn = http_reactor_take(loop->reactor, loop->now, &expired))) {
		if (expired)
			http_conn_expire(thread, conn);
		else
			http_conn_work(thread, conn, true);
		if (!thread->loop)
			return false;
	}
	return true;
}

/* While the server drains: those that are quiet get little time, and what waits in the listen queue
 * is accepted. Who loses the loop to one of these leaves the others to the next. False then. */
static bool drain(struct http_thread *thread, struct http_loop *loop)
{
	struct http_reactor *reactor = loop->reactor;
	if (atomic_load_explicit(&reactor->drained, memory_order_relaxed))
		return true;
	http_reactor_drain(reactor, loop->now);
	while (http_accept_one(thread, loop))
		if (!thread->loop)
			return false;
	http_accept_end(reactor);
	return true;
}

/* The event comes last: who loses the loop to it, and who was woken, leaves nothing undone. */
void http_loop_serve(struct http_thread *thread, struct http_loop *loop)
{
	struct http_server *server = thread->server;
	struct epoll_event event;
	thread->loop = loop;
	while (!atomic_load_explicit(&server->stopping, memory_order_relaxed)) {
		if (atomic_load_explicit(&server->draining, memory_order_relaxed) &&
		    !drain(thread, loop))
			return;
		http_accept_again(loop);
		if (!serve_timers(thread, loop))
			return;
		if (next_event(loop, &event))
			on_event(thread, loop, &event);
		if (!thread->loop)
			return;
	}
	http_reactor_wake(loop->reactor); /* and the next: each wakes one */
}

struct http_loop *http_loop_new(struct http_reactor *reactor)
{
	struct http_loop *loop = mem_alloc(sizeof *loop);
	if (loop) {
		loop->reactor = reactor;
		loop->now = clock_monotonic();
	}
	return loop;
}
