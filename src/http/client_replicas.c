/* SPDX-License-Identifier: Apache-2.0 */
/* Calls over several addresses, in turn. Knows nothing of connections, nor how it is found out
 * whether an address is up.
 *
 * Invariant: a request goes to a second address only where the first has not seen a byte of it. */
#include "http/client_replicas.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "http/client_state.h"

struct http_replicas {
	struct http_client **clients;
	size_t count;
	_Atomic size_t turn;
	_Atomic uint64_t down; /* a bit for each address that is marked so */
};

_Static_assert(HTTP_REPLICAS_LIMIT == 64, "an address has a bit");

static void replicas_freep(struct http_replicas **replicas)
{
	http_replicas_free(*replicas);
}

ash_status http_replicas_new(const char *const *addresses, size_t count,
			     const struct http_client_options *options, struct http_replicas **out,
			     struct fault *fault)
{
	_cleanup_(replicas_freep) struct http_replicas *replicas = mem_alloc(sizeof *replicas);
	if (replicas)
		replicas->clients = mem_alloc(count * sizeof(struct http_client *));
	if (!replicas || !replicas->clients)
		return fault_memory(fault);
	for (; replicas->count < count; replicas->count++)
		ASH_TRY(http_client_new(addresses[replicas->count], options,
					&replicas->clients[replicas->count], fault));
	*out = take(replicas);
	return ASH_OK;
}

void http_replicas_free(struct http_replicas *replicas)
{
	if (!replicas)
		return;
	for (size_t i = 0; i < replicas->count; i++)
		http_client_free(replicas->clients[i]);
	mem_free(replicas->clients);
	mem_free(replicas);
}

struct http_client *http_replicas_first(struct http_replicas *replicas)
{
	return replicas->clients[0];
}

struct http_client *http_replicas_at(struct http_replicas *replicas, size_t index)
{
	return replicas->clients[index];
}

void http_replicas_mark(struct http_replicas *replicas, size_t index, bool up)
{
	uint64_t bit = (uint64_t)1 << index;
	if (up)
		atomic_fetch_and(&replicas->down, ~bit);
	else
		atomic_fetch_or(&replicas->down, bit);
}

/* One call on its way from address to address. */
struct asking {
	const struct http_replicas *replicas;
	const struct http_request *request;
	struct http_reply *reply;
	struct fault *fault;
	size_t turn;
	ash_status status; /* of the last that was asked */
};

/* The address of the n-th bit that is set, counted from 0. */
static size_t find(uint64_t among, size_t n)
{
	while (n--)
		among &= among - 1;
	return (size_t)__builtin_ctzll(among);
}

/* Asks each of them in turn, while nobody has seen the request. */
static void ask_all(struct asking *asking, uint64_t among)
{
	size_t count = (size_t)__builtin_popcountll(among);
	for (size_t i = 0; i < count; i++) {
		if (asking->status != ASH_UNAVAILABLE || asking->reply->sent)
			return;
		size_t index = find(among, (asking->turn + i) % count);
		asking->status = http_client_call(asking->replicas->clients[index], asking->request,
						  asking->reply, asking->fault);
	}
}

ash_status http_replicas_call(struct http_replicas *replicas, const struct http_request *request,
			      enum http_down down, struct http_reply *reply, struct fault *fault)
{
	uint64_t all = UINT64_MAX >> (HTTP_REPLICAS_LIMIT - replicas->count);
	uint64_t gone = atomic_load_explicit(&replicas->down, memory_order_relaxed);
	struct asking asking = {replicas, request, reply, fault, .status = ASH_UNAVAILABLE};
	asking.turn = atomic_fetch_add_explicit(&replicas->turn, 1, memory_order_relaxed);
	reply->sent = 0;
	if (gone == all && down == HTTP_DOWN_NEVER)
		return fault_untried(fault,
				     fault_set(fault, ASH_UNAVAILABLE,
					       "%s: it did not answer when it was asked last "
					       "whether it is there",
					       replicas->clients[0]->name));
	ask_all(&asking, all & ~gone);
	if (down == HTTP_DOWN_LAST)
		ask_all(&asking, gone);
	return asking.status;
}
