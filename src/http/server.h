/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* An HTTP/1.1 server: a loop a processor, which runs handlers itself. A handler is plain C and
 * may block: then its loop goes on in another thread (docs/internals/http.md). */

struct http_server;
struct http_exchange;
struct http_tls;

/* Between two words on connections that are turned away for one reason. */
enum { HTTP_TELL_MS = 10000 };

/* Most threads that one server may have, and what it has when nothing is said. */
enum { HTTP_THREAD_LIMIT = 1024, HTTP_THREADS = 64 };

/* Why a connection or a request was turned away. */
enum http_rejection {
	HTTP_REJECTED_SYNTAX,      /* 400, 417, 501, 505: not HTTP/1.1 as we read it */
	HTTP_REJECTED_HEAD,        /* 414, 431: target or header over the bound */
	HTTP_REJECTED_BODY,        /* 413 */
	HTTP_REJECTED_SLOW_HEAD,   /* 408, or closed, when the head did not come in time */
	HTTP_REJECTED_SLOW_BODY,   /* 408: the body did not come in time */
	HTTP_REJECTED_SLOW_READER, /* closed: the client did not take its answer */
	HTTP_REJECTED_CONNECTIONS, /* 503: too many connections */
	HTTP_REJECTED_SYSTEM,      /* accept() failed: no descriptors, no memory */
	HTTP_REJECTED_HANDSHAKE,   /* closed: no TLS, or a certificate that is not believed */
	HTTP_REJECTIONS
};

/* Connections that were not let in. */
struct http_turned_away {
	enum http_rejection why; /* HTTP_REJECTED_CONNECTIONS or HTTP_REJECTED_SYSTEM */
	int error;               /* of HTTP_REJECTED_SYSTEM: the errno */
	uint32_t bound;          /* of connections at once */
	uint64_t count;          /* of these since it was told last, this one with them */
};

/* A zero means the default that stands behind each field. */
struct http_server_options {
	const char *address;       /* "127.0.0.1", "::", "/path/of/a.socket"; NULL: "127.0.0.1" */
	uint16_t port;             /* 0: one that is free; see http_server_port() */
	bool private;              /* of a Unix socket: for its owner alone */
	unsigned loops;            /* one a processor */
	unsigned threads;          /* HTTP_THREADS: most requests that block at once, and loops */
	uint32_t connections;      /* 16,384 at once; more are answered 503 */
	size_t body_limit;         /* 1 MiB; a larger body is 413 */
	uint32_t head_timeout_ms;  /* 10,000: from accept, or the first byte, to the whole head */
	uint32_t body_timeout_ms;  /* 60,000: from the head to the whole body */
	uint32_t idle_timeout_ms;  /* 75,000 between requests */
	uint32_t write_timeout_ms; /* 30,000 without the client taking a byte */
	uint32_t watch_ms;         /* 1: a handler that takes longer loses its loop; see below */
	bool pin;                  /* a loop's thread stays on one processor; see below */
	struct http_tls *tls;      /* NULL: without. Shows a certificate; outlives the server */

	/* Answers one request; called on many threads at once. `exchange` is gone when it
	 * returns. A handler that makes no response is answered 500. */
	void (*handle)(void *context, struct http_exchange *exchange);
	void *context;

	/* Is told of connections that are turned away, of each reason once in HTTP_TELL_MS at most,
	 * on a thread that accepts, which waits meanwhile. NULL: nobody is. */
	void (*tell)(void *context, const struct http_turned_away *turned);
	void *tell_context;
};

/* With `pin` no two loops wait for the same processor while another has nothing to do, so the
 * slowest requests are faster: where the machine, or these processors, are the server's. Where
 * other programs are busy there, too, a loop must wait for its own. What blocks is not pinned. */

/* Binds, listens and starts the threads; requests may be answered before it returns. `*out`
 * belongs to the caller: http_server_free(). Errors: ERROR_INVALID (an address that is none, no
 * handler, TLS without a certificate), ERROR_BUSY (the address is in use), ERROR_IO (no
 * permission, no thread, with `pin` no word of the system on processors), ERROR_MEMORY. */
int http_server_start(const struct http_server_options *options, struct http_server **out,
		      struct error *error) must_check;

/* The port that is listened on; 0 for a Unix socket. */
uint16_t http_server_port(const struct http_server *server);

/* Ends gracefully: what waits in the listen queue is still accepted, then no more; each request
 * that came is answered, with `Connection: close`; a connection that stays quiet for a short
 * time is closed. Returns when all connections are closed or `patience_ms` have passed, with the
 * number of connections that are still open then. The server still has to be freed. */
unsigned http_server_drain(struct http_server *server, uint32_t patience_ms);

/* Closes all connections, waits for handlers that still run, and frees. Takes NULL. Not to be
 * called from a handler. */
void http_server_free(struct http_server *server);
/* http_server_free() for _cleanup_. */
void http_server_freep(struct http_server **server);

/* What a server did since it started. */
struct http_counters {
	uint64_t accepted;    /* connections */
	uint64_t requests;    /* that reached a handler */
	uint64_t received;    /* bytes */
	uint64_t sent;        /* bytes */
	uint64_t blocked;     /* handlers that gave their loop away themselves */
	uint64_t taken;       /* loops that the watchdog took from a handler */
	uint64_t deferred;    /* requests that were given to a thread of their own at once */
	uint64_t statuses[6]; /* responses by hundred: [2] are 2xx */
	uint64_t rejected[HTTP_REJECTIONS];
	uint32_t open;    /* connections now */
	uint32_t threads; /* now */
};

/* Sums up; cheap enough for each scrape, not for each request. */
void http_server_count(const struct http_server *server, struct http_counters *out);

/* Around anything that may block (a database, a remote call, a lock, a sleep): the thread gives
 * its loop to another and goes on alone. Elsewhere than in a handler they do nothing, and cost
 * next to nothing. They nest. What blocks without saying so is seen by a watchdog. */
void http_blocking_begin(void);
void http_blocking_end(void);

#endif
