/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CLIENT_REPLICAS_H
#define HTTP_CLIENT_REPLICAS_H

#include "http/client_call.h"

/* Several addresses that answer alike. Safe from any thread, but for new and free. */
struct http_replicas;

/* Addresses, at most. */
#define HTTP_REPLICAS_LIMIT 64

/* Makes a client for each of the `count` addresses, one to HTTP_REPLICAS_LIMIT. `*out` belongs to
 * the caller. Errors: as http_client_new(). */
ash_status http_replicas_new(const char *const *addresses, size_t count,
			     const struct http_client_options *options, struct http_replicas **out,
			     struct fault *fault) ASH_MUST_CHECK;

/* Closes all connections and frees. No call may be under way. Takes NULL. */
void http_replicas_free(struct http_replicas *replicas);

/* The client of the first address, for its desks; it is the replicas'. */
struct http_client *http_replicas_first(struct http_replicas *replicas);
/* The client of the address at `index`, less than their count; it is the replicas'. */
struct http_client *http_replicas_at(struct http_replicas *replicas, size_t index);

/* Says whether the address at `index` is up; it is until it is marked. Any thread. */
void http_replicas_mark(struct http_replicas *replicas, size_t index, bool up);

/* Who may be asked that is marked as down. */
enum http_down {
	HTTP_DOWN_LAST,  /* once no other is left */
	HTTP_DOWN_NEVER, /* nobody: where all are down the call fails at once */
};

/* http_client_call() of one address after the other, call by call, those that are up first. Where
 * an address is out of reach and nothing of the request was sent, the next one is asked, once
 * round. Errors: as http_client_call(), of the last that was asked; ASH_UNAVAILABLE, `untried`,
 * where all are down and none of them may be asked. */
ash_status http_replicas_call(struct http_replicas *replicas, const struct http_request *request,
			      enum http_down down, struct http_reply *reply,
			      struct fault *fault) ASH_MUST_CHECK;

#endif
