/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CLIENT_CALL_H
#define HTTP_CLIENT_CALL_H

#include "base/fault.h"
#include "base/text.h"
#include "http/answer.h"

/* Requests to one remote address, over a bounded number of connections that are kept alive. A call
 * blocks the thread that makes it, at most up to its deadline, and tells the server's loop so
 * (http_blocking_begin()). All functions but new and free are safe from any thread. */

struct http_client;
struct http_tls;

/* As getaddrinfo() does it; its list is freed by freeaddrinfo(). */
struct addrinfo;
typedef int (*http_look_up)(const char *name, const char *port, const struct addrinfo *hints,
			    struct addrinfo **list);

/* A zero means the default that stands behind each field. */
struct http_client_options {
	unsigned connections;    /* 64: at once; more callers wait for one, up to their deadline */
	size_t body_limit;       /* 4 MiB: of an answer, else ASH_RESOURCE_EXHAUSTED */
	uint64_t idle_ns;        /* 30 s: a connection that was not used for so long is closed */
	uint64_t connect_ns;     /* 5 s: to find and connect at most, or up to the deadline */
	uint64_t backoff_ns;     /* 100 ms: left alone after a connect that failed; doubles */
	uint64_t backoff_cap_ns; /* 5 s: and grows to this at most */
	uint64_t lookup_ns;   /* 30 s: a name is looked up again for a connection after so long */
	http_look_up look_up; /* getaddrinfo() */
	struct http_tls *tls; /* for https: what is shown and believed; outlives the client */
	const char *tls_name; /* the DNS name, IP address or URI that the remote's certificate
				  * must be of; copied; NULL: the host of the address */
};

/* One request. All is borrowed for the time of the call. */
struct http_request {
	struct str method; /* "POST"; a token */
	struct str target; /* "/billing.v1.Billing/Charge?x=y" */
	struct str fields; /* whole header lines, each with its CRLF; without Host, Content-Length,
			    * Transfer-Encoding and Connection, which the client writes */
	struct str body;   /* sent with its length; none, and no length, for GET and HEAD */
	bool repeatable;   /* may be sent twice, when a kept connection broke before any answer */
	uint64_t deadline; /* as clock_monotonic() counts; UINT64_MAX: none but the remote's */
	const int *cancel; /* a descriptor that can be read once the caller gives up, or NULL; not
			    * looked at while the call waits for a free connection or a name */
};

/* An answer; a zeroed struct holds none. Used again, it keeps its memory. */
struct http_reply {
	struct http_answer answer; /* its spans are of `bytes` */
	struct str body;           /* all of it; its chunks are put together */
	char *bytes;
	size_t capacity;
	size_t length;    /* of the answer in `bytes` */
	const char *from; /* the address that was asked; the client's */
	size_t sent;      /* bytes of the request that left, also where the call failed */
};

/* Frees what the reply holds; it is empty then. */
void http_reply_release(struct http_reply *reply);

/* The value of a field of the answer; `at` is NULL where there is none. */
static inline struct str http_reply_field(const struct http_reply *reply, struct str name)
{
	return http_answer_field(&reply->answer, reply->bytes, name);
}

/* Makes a client for "http://HOST[:PORT]", "http://[IPv6]:PORT", the same with https, or
 * "unix:/path/of/a.socket"; the port is 80, or 443, where none is said. A name is looked up beside
 * the calls: from now on, once a connect has failed, and for a new connection after `lookup_ns`;
 * connections that follow use what was found, and only while nothing is known of the name a call
 * waits for it. Opens no connection yet, waits for nothing. `*out` belongs to the caller:
 * http_client_free(). Errors: ASH_INVALID_ARGUMENT (an address that is none, https without `tls`),
 * ASH_RESOURCE_EXHAUSTED (no memory). */
ash_status http_client_new(const char *address, const struct http_client_options *options,
			   struct http_client **out, struct fault *fault) ASH_MUST_CHECK;

/* Closes all connections and frees. No call may be under way. Takes NULL. */
void http_client_free(struct http_client *client);
/* http_client_free() for _cleanup_. */
void http_client_freep(struct http_client **client);

/* Sends a request and reads the answer to it, whatever its status: ASH_OK says only that a whole
 * answer is in `reply`. Each fault names the address, and is `untried` where no byte was sent;
 * after one the connection is closed. Errors:
 * ASH_INVALID_ARGUMENT (a head over HTTP_HEAD_LIMIT, or that would end early),
 * ASH_DEADLINE_EXCEEDED (also while waiting for a connection, or for what the name means),
 * ASH_CANCELED, ASH_UNAVAILABLE (an unknown name, no connection, a certificate that is not
 * believed, one that broke, an address that is left alone after it failed), ASH_INTERNAL (an answer
 * that is no good HTTP/1.1), ASH_RESOURCE_EXHAUSTED (a body over the limit, no memory, no thread to
 * look a name up, no descriptor). */
ash_status http_client_call(struct http_client *client, const struct http_request *request,
			    struct http_reply *reply, struct fault *fault) ASH_MUST_CHECK;

/* Memory of one call that is kept with its client, so that calls allocate nothing once it has
 * grown. What for is the caller's affair. */
struct http_desk {
	struct text target;
	struct text fields;
	struct text body;
	struct text scratch;
	struct http_reply reply;
};

/* A desk whose texts are empty, to be given back; NULL without memory. */
struct http_desk *http_client_take_desk(struct http_client *client);

/* Gives it back, or frees it where it grew past 64 KiB or many wait already. Takes NULL. */
void http_client_leave_desk(struct http_client *client, struct http_desk *desk);

/* What a client does, and did since it was made. */
struct http_client_counters {
	unsigned open;             /* connections, in use or idle */
	unsigned idle;             /* of them, those that wait for a call */
	unsigned waiting;          /* callers without a connection */
	uint64_t connects;         /* connections that were made */
	uint64_t connect_failures; /* and that could not be */
	uint64_t calls;            /* that ended with an answer */
	uint64_t failures;         /* that ended without */
	uint64_t repeats;          /* requests that were sent once more over a new connection */
	uint64_t left_alone;       /* calls refused at once, because connecting had failed before */
};

/* Copies them. */
void http_client_count(struct http_client *client, struct http_client_counters *out);

#endif
