/* SPDX-License-Identifier: Apache-2.0 */
/* Each open connection stands in the wheel, until it is closed. The lock is for that; it is held
 * for a few instructions, and not at all by a request, whose deadline moves away. Who waits in
 * epoll has read `due` before: who makes that sooner either waits next, or wakes somebody. */
#include "http/reactor.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "http/claim.h"
#include "http/conn.h"
#include "http/listen.h"

void http_reactor_wake(struct http_reactor *reactor)
{
	uint64_t one = 1;
	while (write(reactor->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

bool http_reactor_wait(struct http_reactor *reactor, int patience_ms, struct epoll_event *out)
{
	return epoll_wait(reactor->epoll, out, 1, patience_ms) == 1;
}

uint64_t http_reactor_next(struct http_reactor *reactor)
{
	uint64_t due = atomic_load(&reactor->due), again = atomic_load(&reactor->accept_again);
	return again && again < due ? again : due;
}

/* Puts a connection into the wheel, or elsewhere in it; with the lock. */
static void put(struct http_reactor *reactor, struct http_conn *conn, uint64_t when, uint64_t now)
{
	http_wheel_put(&reactor->wheel, &conn->timer, when, now);
	atomic_store(&reactor->due, http_wheel_next(&reactor->wheel));
}

/* A quiet connection has little time while the server drains, but all of that: a round
 * may have begun long ago. With the lock. */
static void hurry(const struct http_reactor *reactor, struct http_conn *conn)
{
	uint64_t quiet = clock_monotonic() + HTTP_QUIET_MS * UINT64_C(1000000);
	if (atomic_load(&reactor->drains) && !conn->input && !conn->output && !conn->closing &&
	    conn->deadline > quiet)
		conn->deadline = quiet;
}

void http_reactor_watch(struct http_reactor *reactor, struct http_conn *conn, bool waits)
{
	pthread_mutex_lock(&reactor->lock);
	uint64_t before = atomic_load(&reactor->due);
	hurry(reactor, conn);
	conn->check = conn->deadline;
	put(reactor, conn, conn->deadline, clock_monotonic());
	bool sooner = atomic_load(&reactor->due) < before;
	pthread_mutex_unlock(&reactor->lock);
	if (sooner && !waits)
		http_reactor_wake(reactor);
}

void http_reactor_forget(struct http_reactor *reactor, struct http_conn *conn)
{
	pthread_mutex_lock(&reactor->lock);
	http_wheel_remove(&conn->timer);
	pthread_mutex_unlock(&reactor->lock);
}

/* Looks at one whose time may have come; true when it is the caller's. With the lock. */
static bool look_at(struct http_reactor *reactor, struct http_conn *conn, uint64_t now,
		    bool *expired)
{
	uint64_t later = now + HTTP_RECHECK_MS * UINT64_C(1000000);
	*expired = false;
	if (!http_claim_quiet(conn)) {
		put(reactor, conn, later, now);
		return false;
	}
	hurry(reactor, conn);
	*expired = conn->deadline <= now;
	conn->check = *expired ? later : conn->deadline;
	put(reactor, conn, conn->check, now);
	return *expired || !http_claim_leave(conn);
}

struct http_conn *http_reactor_take(struct http_reactor *reactor, uint64_t now, bool *expired)
{
	struct http_conn *found = NULL;
	struct http_timer *timer;
	pthread_mutex_lock(&reactor->lock);
	while (!found && (timer = http_wheel_take(&reactor->wheel, now))) {
		struct http_conn *conn = (struct http_conn *)(void *)timer;
		if (look_at(reactor, conn, now, expired))
			found = conn;
	}
	atomic_store(&reactor->due, http_wheel_next(&reactor->wheel));
	pthread_mutex_unlock(&reactor->lock);
	return found;
}

void http_reactor_drain(struct http_reactor *reactor, uint64_t now)
{
	struct http_timer *timer, *all = NULL;
	pthread_mutex_lock(&reactor->lock);
	bool first = !atomic_exchange(&reactor->drains, true);
	while (first && (timer = http_wheel_take_any(&reactor->wheel))) {
		timer->next = all;
		all = timer;
	}
	while ((timer = all)) {
		all = timer->next;
		timer->next = NULL;
		put(reactor, (struct http_conn *)(void *)timer, now, now);
	}
	pthread_mutex_unlock(&reactor->lock);
}

static int set_up(struct http_reactor *reactor, struct error *error)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = HTTP_NUMBER_WAKE};
	reactor->epoll = epoll_create1(EPOLL_CLOEXEC);
	reactor->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reactor->epoll < 0 || reactor->wake < 0 ||
	    epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, reactor->wake, &event) < 0)
		return error_set(error, ERROR_IO, "cannot make a loop of events: %s",
				 strerror(errno));
	return http_watch_listener(reactor, error);
}

struct http_reactor *http_reactor_new(struct http_server *server, struct error *error)
{
	struct http_reactor *reactor = mem_alloc(sizeof *reactor);
	if (!reactor) {
		error_memory(error);
		return NULL;
	}
	reactor->server = server;
	reactor->epoll = reactor->wake = -1;
	pthread_mutex_init(&reactor->lock, NULL);
	http_wheel_init(&reactor->wheel, clock_monotonic());
	atomic_store(&reactor->due, UINT64_MAX);
	if (set_up(reactor, error) < 0) {
		http_reactor_free(reactor);
		return NULL;
	}
	return reactor;
}

void http_reactor_free(struct http_reactor *reactor)
{
	struct http_timer *timer;
	if (!reactor)
		return;
	while ((timer = http_wheel_take_any(&reactor->wheel)))
		http_conn_free((struct http_conn *)(void *)timer);
	if (reactor->epoll >= 0)
		close(reactor->epoll);
	if (reactor->wake >= 0)
		close(reactor->wake);
	pthread_mutex_destroy(&reactor->lock);
	mem_free(reactor);
}
