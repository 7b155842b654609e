/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_STATE_H
#define HTTP_STATE_H

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crew.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/input.h"
#include "http/output.h"
#include "http/server.h"
#include "http/tls_session.h"
#include "http/wheel.h"

/* What a server is made of, for the files of this folder. Who may touch what:
 * - a loop: the thread that owns it; the wheel of a reactor: who has its lock;
 * - a connection: the thread that claimed it, but for its timer, which is the wheel's;
 * - a thread's buffers and exchange: that thread;
 * - what is atomic, or behind server->lock: everybody. */

enum {
	HTTP_BUFFER_SIZE = 64 * 1024, /* of a thread, for what it receives */
	HTTP_SHARE = 4,               /* loops of one reactor at most */
	HTTP_FLUSH_SIZE = 32 * 1024,  /* responses of a pipeline that are put together */
	HTTP_LINGER_LIMIT = 1 << 20,  /* bytes taken from a client that was refused */
	HTTP_LINGER_MS = 2000,        /* and for how long */
	HTTP_QUIET_MS = 500,          /* of a connection before it is closed while draining */
	HTTP_RECHECK_MS = 100,        /* of a busy connection whose time may be over */
	HTTP_ACCEPT_PAUSE_MS = 50,    /* after accept() failed for want of descriptors */
};

/* What a connection waits for; says which time-out is its own. */
enum http_waiting {
	HTTP_WAIT_IDLE,
	HTTP_WAIT_HEAD,
	HTTP_WAIT_BODY,
	HTTP_WAIT_WRITE,
	HTTP_WAIT_LINGER
};
enum { HTTP_WAITS = HTTP_WAIT_LINGER + 1 };

/* Bits of http_slot.state. */
enum {
	HTTP_BUSY = 1,   /* a thread works on it, with a loop or without */
	HTTP_MORE = 2,   /* there was an event meanwhile: that thread must look again */
	HTTP_GONE = 4,   /* the client hung up meanwhile */
	HTTP_CLOSED = 8, /* there is no connection any more */
};

/* Where a connection stands; see claim.h. */
struct http_slot {
	_Atomic uint64_t state;
	union {
		struct http_conn *conn;
		struct http_slot *next; /* in server->free_slots */
	};
};

/* Numbers of events that are of no connection. */
enum { HTTP_NUMBER_WAKE, HTTP_NUMBER_LISTENER };

/* What an idle keep-alive connection costs is this struct, its slot and nothing else. */
struct http_conn {
	struct http_timer timer; /* in the wheel of the reactor; first, for the cast */
	struct http_reactor *reactor;
	struct http_slot *slot;
	struct http_conn *next;     /* in the queue of deferred requests */
	struct http_input *input;   /* of a request that is not complete, or deferred; or NULL */
	struct http_output *output; /* that the client did not take yet, or NULL */
	uint64_t deadline;          /* when what it waits for must have come */
	uint64_t check;             /* when the wheel looks at it, or sooner */
	int fd;
	uint32_t discarded; /* bytes, while lingering */
	uint8_t waiting;    /* enum http_waiting */
	bool closing;       /* no request is read any more */
	bool lingers;       /* the client may still be sending when we close */
	bool fresh;         /* nothing came yet */
	bool late;          /* and it was accepted late: see http_loop.late */
	bool ended;         /* the client sends no more */
	bool overdue;       /* its deadline came, and it was looked at once more */
	bool secure;        /* it is that of a struct http_secure */
};

/* A connection over TLS; one without pays nothing for it. */
struct http_secure {
	struct http_conn conn; /* first, for the cast */
	struct tls_session session;
};

struct http_reactor {
	struct http_server *server;
	int epoll;
	int wake; /* eventfd; each write is an event */
	atomic_uint connections;
	_Atomic uint64_t due;          /* when the wheel is to be looked at; UINT64_MAX: never */
	_Atomic uint64_t accept_again; /* when the listener is watched again; 0: it is */
	atomic_bool drains;            /* its quiet connections have little time */
	atomic_bool drained;           /* it accepts no more */
	pthread_mutex_t lock;          /* of the wheel */
	struct http_wheel wheel;
};

struct http_loop {
	struct http_reactor *reactor;
	_Atomic uintptr_t owner; /* the thread; + HTTP_HANDLING while it is in a handler; or 0 */
	atomic_uint handled;     /* counts handlers, so that a watcher knows one from the next */
	unsigned kept;           /* the last of them that kept it; with server->lock */
	atomic_uint late;        /* not 0: events may be older than `now` */
	struct http_loop *next;  /* in server->orphans */
	int processor;           /* with options.pin: that of its thread */
	uint64_t now;            /* when the last event was told */
};

enum { HTTP_HANDLING = 1 };

/* How the response of an exchange ends. */
struct http_exchange {
	struct http_thread *thread;
	struct http_conn *conn;
	struct http_input *input; /* that the request lies in */
	struct arena arena;
	struct text fields;
	struct http_body body;
	uint64_t body_length; /* of body.left and the file */
	int status;
	bool failed; /* could not be made as asked for: becomes a 500 */
	bool streaming;
	bool broken;   /* the client is gone, in a stream */
	bool deferred; /* is to be called again */
	bool closes;   /* the connection ends with this response */
};

/* Indices of http_thread.counts behind the rejections. */
enum http_count {
	HTTP_COUNT_ACCEPTED = HTTP_REJECTIONS,
	HTTP_COUNT_REQUESTS,
	HTTP_COUNT_RECEIVED,
	HTTP_COUNT_SENT,
	HTTP_COUNT_BLOCKED,
	HTTP_COUNT_TAKEN,
	HTTP_COUNT_DEFERRED,
	HTTP_COUNT_STATUS, /* of 0xx; those of 5xx are the last */
	HTTP_COUNTS = HTTP_COUNT_STATUS + 6,
};

struct http_thread {
	struct http_server *server;
	struct http_loop *loop;   /* that it owns, or owned until a watcher took it; NULL without */
	struct http_thread *next; /* in server->idle */
	sem_t wake;
	pthread_t id;
	bool in_handler;
	bool alone;        /* there is no thread to defer to */
	unsigned blocking; /* depth of http_blocking_begin() */
	uint64_t told;     /* when the event at hand was; 0: nobody knows */
	int64_t date_second;
	char date[40]; /* "Date: ...\r\n" */
	struct http_exchange exchange;
	struct http_output output; /* responses that were not sent yet */
	_Atomic uint64_t counts[HTTP_COUNTS];
	struct http_input input;
	char buffer[HTTP_BUFFER_SIZE];
};

/* Of options.tell, for one reason. */
struct http_telling {
	_Atomic uint64_t count; /* not told yet */
	_Atomic uint64_t next;  /* when more of it is told; 0: at once */
};

struct http_server {
	struct http_server_options options;
	uint64_t timeouts[HTTP_WAITS]; /* ns */
	cpu_set_t processors;          /* with options.pin: those that it may use */
	struct http_reactor **reactors;
	struct http_loop **loops; /* those of the reactors in turn */
	unsigned reactor_count;
	unsigned loop_count;
	struct http_slot *slots;
	atomic_int listener;
	uint16_t port;
	char *path; /* of a Unix socket, or NULL */

	atomic_uint open; /* connections */
	struct http_telling telling[HTTP_REJECTIONS];
	atomic_bool draining;
	atomic_bool stopping;
	atomic_uint drained;   /* reactors that accept no more */
	atomic_uint accepting; /* threads that may have the listener in hand */

	pthread_mutex_t lock; /* of all below */
	struct http_slot *free_slots;
	size_t slots_used; /* ever */
	struct http_thread **threads;
	unsigned thread_count;
	struct http_thread *idle; /* last in, first out */
	struct http_loop *orphans, **orphans_end;
	struct http_conn *deferred, **deferred_end;
	unsigned deferring; /* threads that were given deferred requests */
	unsigned deferring_limit;

	pthread_t watcher;
	bool has_watcher;
	atomic_bool watcher_sleeps;
	sem_t watcher_wake;
	_Atomic uint64_t taken; /* by the watcher */
};

/* That of a connection which is `secure`. */
static inline struct tls_session *http_session(struct http_conn *conn)
{
	return &((struct http_secure *)(void *)conn)->session;
}

/* Sends what the client takes of `output`. */
static inline enum http_send http_conn_send(struct http_conn *conn, struct http_output *output,
					    uint64_t *bytes)
{
	return __builtin_expect(conn->secure, 0)
		       ? http_output_seal(output, http_session(conn), bytes)
		       : http_output_send(output, conn->fd, bytes);
}

/* Adds to a counter of the calling thread, which is its only writer. */
static inline void http_count(struct http_thread *thread, unsigned which, uint64_t more)
{
	uint64_t now = atomic_load_explicit(&thread->counts[which], memory_order_relaxed);
	atomic_store_explicit(&thread->counts[which], now + more, memory_order_relaxed);
}

#endif
