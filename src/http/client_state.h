/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CLIENT_STATE_H
#define HTTP_CLIENT_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/error.h"
#include "http/client_call.h"
#include "http/tls_session.h"

/* What the files of the client share. A connection is a descriptor, and TLS over it where the
 * address says https: it belongs to the pool while it is idle, and to one call otherwise. */

/* Addresses of one name that are tried, and bytes of what names the remote. */
enum { CLIENT_ADDRESS_LIMIT = 8, CLIENT_NAME_LIMIT = 300 };

/* Microseconds that a read waits by itself at most (SO_RCVTIMEO). */
enum { CLIENT_SLICE_US = 20000 };

/* Desks that wait for a call at most. */
enum { CLIENT_DESK_LIMIT = 16 };

struct client_address {
	struct sockaddr_storage at;
	socklen_t length;
};

struct client_addresses {
	struct client_address items[CLIENT_ADDRESS_LIMIT];
	size_t count;
};

/* Bytes of a port in decimal, with the NUL. */
enum { CLIENT_PORT_SIZE = 8 };

struct client_lookup;

struct client_idle {
	int fd;
	struct tls_session *session; /* NULL: without TLS */
	uint64_t since;
};

struct http_client {
	char name[CLIENT_NAME_LIMIT];        /* as it was given; in each fault */
	char host[CLIENT_NAME_LIMIT];        /* the value of Host */
	char middle[CLIENT_NAME_LIMIT + 32]; /* what stands between a target and the fields */
	size_t middle_length;
	char name_part[CLIENT_NAME_LIMIT]; /* the name that is looked up; "" for an address */
	char port_part[CLIENT_PORT_SIZE];
	char server[CLIENT_NAME_LIMIT]; /* the host without its port */
	char shown[CLIENT_NAME_LIMIT];  /* what its certificate must be of */
	bool secure;                    /* https */
	struct http_client_options options;
	_Atomic(struct http_desk *) desks[CLIENT_DESK_LIMIT]; /* that wait; NULL: a free place */
	_Atomic uint64_t calls; /* as in http_client_counters; the others are counted below */
	_Atomic uint64_t failures;

	pthread_mutex_t lock;              /* holds all below */
	pthread_cond_t freed;              /* a connection may be taken, or made */
	struct client_addresses addresses; /* none while nothing is known of the name */
	struct client_lookup *lookup;      /* that is under way; NULL: none */
	int unknown;              /* what getaddrinfo() said last, where it found nothing */
	uint64_t looked_up;       /* when that was done last */
	struct client_idle *idle; /* the last one used is the last; `counters.idle` of them */
	struct http_client_counters counters;
	unsigned failed;       /* connects that failed in a row */
	uint64_t alone_until;  /* no connect before, once one failed */
	bool probing;          /* somebody tries whether the address is back */
	const char *failed_by; /* what the last failure was */
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
	int fd;                      /* -1: none */
	struct tls_session *session; /* over it; NULL: without TLS */
	bool kept;                   /* the connection had been used before */
	bool told;                   /* the loop knows that this thread blocks */
	bool broken;                 /* the connection ended, rather than the time or the bounds */
	bool ended;                  /* the remote sends no more */
	bool given_up;               /* the caller, while it waited */
};

/* client_address.c: reads "http://..." or "unix:..." into the client's name, host, addresses. */
ash_status client_address_read(struct http_client *client, const char *address,
			       struct fault *fault) ASH_MUST_CHECK;

/* client_address.c: connects `call->fd`, by the deadline and the time to connect. `*why` says, for
 * ever, what failed for the remote's sake; else it is NULL. */
ash_status client_connect(struct client_call *call, const char **why) ASH_MUST_CHECK;

/* client_lookup.c: looks a name up now; 0 or what getaddrinfo() answers. */
int client_look_up(http_look_up look_up, const char *name, const char *port,
		   struct client_addresses *out) must_check;

/* client_lookup.c: under the lock, when a connection is to be made: takes over what a look-up found
 * that has ended, and begins one where it is time. */
void client_lookup_refresh(struct http_client *client, uint64_t now);

/* client_lookup.c: while nothing is known of the name, waits for the look-up that is under way, at
 * most until `until`. */
void client_lookup_await(struct client_call *call, uint64_t until);

/* client_lookup.c: lets go of a look-up. Takes NULL. */
void client_lookup_leave(struct client_lookup *lookup);

/* client.c: makes a condition whose times are those of clock_monotonic(). */
void client_init_cond(pthread_cond_t *cond);

/* client_desk.c: frees the desks that wait. */
void client_free_desks(struct http_client *client);

/* client_secure.c: the handshake over `call->fd`, by `until`. 0; an errno, without a session then:
 * EPROTO, with the fault filled, where the remote and this side do not agree. */
int client_shake(struct client_call *call, uint64_t until) must_check;

/* client_secure.c: sends some bytes of the parts, as sendmsg() does. -1: EAGAIN, EPIPE (nothing
 * more is taken), EPROTO. */
ssize_t client_seal(struct client_call *call, const struct iovec *parts, size_t count) must_check;

/* client_secure.c: receives some bytes; 0 where the remote said that it sends no more. -1: EAGAIN,
 * with the events of poll() that are awaited; EPROTO, also for an end that was not announced. */
ssize_t client_unseal(struct client_call *call, char *out, size_t size, short *events) must_check;

/* client_secure.c: whether what came is a part of an answer, or an end: not TLS's own affairs. */
bool client_has_answer(struct tls_session *session) must_check;

/* client_secure.c: closes a connection; says so before, as far as that goes without waiting. */
void client_close(int fd, struct tls_session *session);

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
