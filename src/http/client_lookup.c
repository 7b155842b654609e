/* SPDX-License-Identifier: Apache-2.0 */
/* What a name means, looked up beside the calls: the system's own look-up blocks for as long as it
 * likes. A call waits for it only while nothing is known of the name, and no longer than it may for
 * a connection. Knows no connection.
 *
 * Invariant: a look-up belongs to its thread, to the client and to the calls that wait for it;
 * whoever lets go last frees it, so a client can be freed while its thread still waits for a name
 * server. */
#include <netdb.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "http/client_state.h"

struct client_lookup {
	char name[CLIENT_NAME_LIMIT];
	char port[CLIENT_PORT_SIZE];
	http_look_up look_up;
	struct client_addresses found;
	int code; /* what getaddrinfo() answers */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done; /* under the lock: `found` and `code` are there to be read */
	_Atomic int holders;
};

static void free_lookup(struct client_lookup *lookup)
{
	(void)pthread_cond_destroy(&lookup->ended);
	(void)pthread_mutex_destroy(&lookup->lock);
	mem_free(lookup);
}

void client_lookup_leave(struct client_lookup *lookup)
{
	if (lookup && atomic_fetch_sub(&lookup->holders, 1) == 1)
		free_lookup(lookup);
}

static bool has_ended(struct client_lookup *lookup)
{
	(void)pthread_mutex_lock(&lookup->lock);
	bool done = lookup->done;
	(void)pthread_mutex_unlock(&lookup->lock);
	return done;
}

int client_look_up(http_look_up look_up, const char *name, const char *port,
		   struct client_addresses *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	int code = look_up(name, port, &hints, &list);
	if (code)
		return code;
	out->count = 0;
	for (const struct addrinfo *each = list; each; each = each->ai_next) {
		if (out->count == CLIENT_ADDRESS_LIMIT)
			break;
		struct client_address *to = &out->items[out->count++];
		memcpy(&to->at, each->ai_addr, each->ai_addrlen);
		to->length = each->ai_addrlen;
	}
	freeaddrinfo(list);
	return 0;
}

static void *look(void *context)
{
	struct client_lookup *lookup = context;
	lookup->code = client_look_up(lookup->look_up, lookup->name, lookup->port, &lookup->found);
	(void)pthread_mutex_lock(&lookup->lock);
	lookup->done = true;
	(void)pthread_cond_broadcast(&lookup->ended);
	(void)pthread_mutex_unlock(&lookup->lock);
	client_lookup_leave(lookup);
	return NULL;
}

/* Without memory or a thread the addresses stay what they are, until the next try. */
static struct client_lookup *begin(const struct http_client *client)
{
	struct client_lookup *lookup = mem_alloc(sizeof *lookup);
	if (!lookup)
		return NULL;
	memcpy(lookup->name, client->name_part, sizeof lookup->name);
	memcpy(lookup->port, client->port_part, sizeof lookup->port);
	lookup->look_up = client->options.look_up;
	atomic_init(&lookup->holders, 2);
	(void)pthread_mutex_init(&lookup->lock, NULL);
	client_init_cond(&lookup->ended);
	if (thread_start_apart(look, lookup))
		return lookup;
	free_lookup(lookup);
	return NULL;
}

void client_lookup_refresh(struct http_client *client, uint64_t now)
{
	if (client->lookup && has_ended(client->lookup)) {
		client->unknown = client->lookup->code;
		if (!client->unknown)
			client->addresses = client->lookup->found;
		client_lookup_leave(client->lookup);
		client->lookup = NULL;
		client->looked_up = now;
	}
	bool wanted = client->failed || !client->addresses.count ||
		      now - client->looked_up > client->options.lookup_ns;
	if (client->name_part[0] && !client->lookup && wanted)
		client->lookup = begin(client);
}

void client_lookup_await(struct client_call *call, uint64_t until)
{
	struct http_client *client = call->client;
	(void)pthread_mutex_lock(&client->lock);
	struct client_lookup *lookup = client->addresses.count ? NULL : client->lookup;
	if (lookup)
		atomic_fetch_add(&lookup->holders, 1);
	(void)pthread_mutex_unlock(&client->lock);
	if (!lookup)
		return;
	client_tell(call);
	struct timespec end = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
	int code = 0;
	(void)pthread_mutex_lock(&lookup->lock);
	while (!lookup->done && code == 0)
		code = pthread_cond_timedwait(&lookup->ended, &lookup->lock, &end);
	(void)pthread_mutex_unlock(&lookup->lock);
	client_lookup_leave(lookup);
	(void)pthread_mutex_lock(&client->lock);
	client_lookup_refresh(client, clock_monotonic());
	(void)pthread_mutex_unlock(&client->lock);
}
