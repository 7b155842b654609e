/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CLIENT_STATE_H
#define HTTP_CLIENT_STATE_H

#include <pthread.h>
#include <sys/socket.h>

#include "base/error.h"
#include "http/client_call.h"

/* What the files of the client share. A connection is a descriptor and nothing else: it belongs to
 * the pool while it is idle, and to one call otherwise. */

/* Addresses of one name that are tried, and bytes of what names the remote. */
enum { CLIENT_ADDRESS_LIMIT = 8, CLIENT_NAME_LIMIT = 300 };

struct client_address {
	struct sockaddr_storage at;
	socklen_t length;
};

struct client_idle {
	int fd;
	uint64_t since;
};

struct http_client {
	char name[CLIENT_NAME_LIMIT]; /* as it was given; in each fault */
	char host[CLIENT_NAME_LIMIT]; /* the value of Host */
	struct client_address addresses[CLIENT_ADDRESS_LIMIT];
	size_t address_count;
	struct http_client_options options;

	pthread_mutex_t lock;     /* holds all below */
	pthread_cond_t freed;     /* a connection may be taken, or made */
	struct client_idle *idle; /* the last one used is the last; `counters.idle` of them */
	struct http_client_counters counters;
	unsigned failed;      /* connects that failed in a row */
	uint64_t alone_until; /* no connect before, once one failed */
	bool probing;         /* somebody tries whether the address is back */
	int failed_with;      /* errno of the last failure */
};

/* One call on its way. */
struct client_call {
	struct http_client *client;
	const struct http_request *request;
	struct http_reply *reply;
	struct fault *fault;
	struct http_chunks chunks;
	size_t sent;     /* bytes of the request that the system took */
	size_t received; /* bytes of the answer that came */
	unsigned interim;
	int fd;        /* -1: none */
	bool kept;     /* the connection had been used before */
	bool told;     /* the loop knows that this thread blocks */
	bool broken;   /* the connection ended, rather than the time or the bounds */
	bool ended;    /* the remote sends no more */
	bool given_up; /* the caller, while it waited */
};

/* client_address.c: reads "http://..." or "unix:..." into the client's name, host, addresses. */
ash_status client_address_read(struct http_client *client, const char *address,
			       struct fault *fault) ASH_MUST_CHECK;

/* client_address.c: connects `call->fd`, by the deadline and the time to connect. `*code` is the
 * errno where that failed for the remote's sake, else 0. */
ash_status client_connect(struct client_call *call, int *code) ASH_MUST_CHECK;

/* client_pool.c: takes a connection for the call, an idle one or a new one; with one's own place in
 * the pool, which client_leave() gives back. Nothing is taken on an error. */
ash_status client_take(struct client_call *call) ASH_MUST_CHECK;

/* client_pool.c: closes the call's connection and makes a new one in its place; without the place
 * on an error. */
ash_status client_take_new(struct client_call *call) ASH_MUST_CHECK;

/* client_pool.c: gives the connection back, to be used again or, if not `good`, closed. */
void client_leave(struct client_call *call, bool good);

/* client_wire.c: sends the request and reads the answer. `*good`: the connection may be kept. */
ash_status client_send(struct client_call *call) ASH_MUST_CHECK;
ash_status client_receive(struct client_call *call, bool *good) ASH_MUST_CHECK;

/* client_wire.c: waits for the descriptor, at most until `until`; 0 when the time is over or the
 * caller gave up, -1 with errno, else what poll() says. Tells the loop before. */
int client_poll(struct client_call *call, short events, uint64_t until) must_check;

/* client_wire.c: says once that this thread blocks from here on; client.c ends it. */
void client_tell(struct client_call *call);

#endif
