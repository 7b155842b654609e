/* SPDX-License-Identifier: Apache-2.0 */
/* A number is a slot, and which of the connections that had this slot. The state of a slot has the
 * latter in its upper half, and what is known of the connection in its lower one, so that one
 * compare-and-swap asks for both. Slots live as long as their server. */
#include "http/claim.h"

#define LOWER UINT64_C(0xffffffff)
#define NEXT  (LOWER + 1)

static struct http_slot *take_slot(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	struct http_slot *slot = server->free_slots;
	if (slot)
		server->free_slots = slot->next;
	else
		slot = &server->slots[server->slots_used++];
	pthread_mutex_unlock(&server->lock);
	return slot;
}

uint64_t http_claim_open(struct http_server *server, struct http_conn *conn)
{
	struct http_slot *slot = take_slot(server);
	uint64_t which = (atomic_load(&slot->state) & ~LOWER) + NEXT;
	if (!which) /* that is of what is no connection: see HTTP_NUMBER_WAKE */
		which = NEXT;
	slot->conn = conn;
	conn->slot = slot;
	atomic_store(&slot->state, which | HTTP_BUSY);
	return which | (uint64_t)(slot - server->slots);
}

struct http_conn *http_claim(struct http_server *server, uint64_t number, bool hangup)
{
	struct http_slot *slot = &server->slots[number & LOWER];
	uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed), next;
	do {
		if ((state ^ number) & ~LOWER || state & HTTP_CLOSED)
			return NULL;
		next = state & HTTP_BUSY ? state | HTTP_MORE | (hangup ? HTTP_GONE : 0)
					 : state | HTTP_BUSY;
	} while (!atomic_compare_exchange_weak(&slot->state, &state, next));
	return state & HTTP_BUSY ? NULL : slot->conn;
}

bool http_claim_quiet(struct http_conn *conn)
{
	uint64_t state = atomic_load(&conn->slot->state);
	return !(state & LOWER) &&
	       atomic_compare_exchange_strong(&conn->slot->state, &state, state | HTTP_BUSY);
}

bool http_claim_leave(struct http_conn *conn)
{
	struct http_slot *slot = conn->slot;
	uint64_t which = atomic_load_explicit(&slot->state, memory_order_relaxed) & ~LOWER;
	uint64_t busy = which | HTTP_BUSY;
	if (atomic_compare_exchange_strong(&slot->state, &busy, which))
		return true;
	atomic_store(&slot->state, which | HTTP_BUSY);
	return false;
}

bool http_claim_is_gone(const struct http_conn *conn)
{
	return atomic_load(&conn->slot->state) & HTTP_GONE;
}

void http_claim_close(struct http_server *server, struct http_conn *conn)
{
	struct http_slot *slot = conn->slot;
	atomic_fetch_or(&slot->state, HTTP_CLOSED);
	pthread_mutex_lock(&server->lock);
	slot->next = server->free_slots;
	server->free_slots = slot;
	pthread_mutex_unlock(&server->lock);
}
