/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of calls, kept in a few places of the client. A desk belongs to a place or to a call; it
 * changes hands by one atomic exchange. Knows no connection. */
#include "base/mem.h"
#include "http/client_state.h"

/* Bytes of one text or answer that are worth keeping. */
enum { DESK_CAPACITY = 64 * 1024 };

static void free_desk(struct http_desk *desk)
{
	if (!desk)
		return;
	text_release(&desk->target);
	text_release(&desk->fields);
	text_release(&desk->body);
	text_release(&desk->scratch);
	http_reply_release(&desk->reply);
	mem_free(desk);
}

static bool is_worth_keeping(const struct http_desk *desk)
{
	return desk->target.capacity <= DESK_CAPACITY && desk->fields.capacity <= DESK_CAPACITY &&
	       desk->body.capacity <= DESK_CAPACITY && desk->scratch.capacity <= DESK_CAPACITY &&
	       desk->reply.capacity <= DESK_CAPACITY;
}

void client_free_desks(struct http_client *client)
{
	for (size_t i = 0; i < CLIENT_DESK_LIMIT; i++)
		free_desk(atomic_exchange(&client->desks[i], NULL));
}

struct http_desk *http_client_take_desk(struct http_client *client)
{
	for (size_t i = 0; i < CLIENT_DESK_LIMIT; i++) {
		if (!atomic_load_explicit(&client->desks[i], memory_order_relaxed))
			continue;
		struct http_desk *desk = atomic_exchange(&client->desks[i], NULL);
		if (desk)
			return desk;
	}
	return mem_alloc(sizeof(struct http_desk));
}

void http_client_leave_desk(struct http_client *client, struct http_desk *desk)
{
	if (!desk || !is_worth_keeping(desk)) {
		free_desk(desk);
		return;
	}
	text_clear(&desk->target);
	text_clear(&desk->fields);
	text_clear(&desk->body);
	text_clear(&desk->scratch);
	for (size_t i = 0; i < CLIENT_DESK_LIMIT; i++) {
		struct http_desk *none = NULL;
		if (!atomic_load_explicit(&client->desks[i], memory_order_relaxed) &&
		    atomic_compare_exchange_strong(&client->desks[i], &none, desk))
			return;
	}
	free_desk(desk);
}
