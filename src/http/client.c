/* SPDX-License-Identifier: Apache-2.0 */
/* A client for one remote address: a call takes a connection, sends, reads, and leaves it. Knows
 * nothing of ports and of what bodies mean. A request is sent at most twice, and the second time
 * only where the first did nothing or may be done again. */
#include "http/client_call.h"

#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/client_state.h"
#include "http/server.h"
#include "http/token.h"

static void set_default(uint64_t *value, uint64_t normal)
{
	if (!*value)
		*value = normal;
}

static void set_defaults(struct http_client_options *options)
{
	if (!options->connections)
		options->connections = 64;
	if (!options->body_limit)
		options->body_limit = (size_t)4 << 20;
	set_default(&options->idle_ns, 30000000000u);
	set_default(&options->connect_ns, 5000000000u);
	set_default(&options->backoff_ns, 100000000u);
	set_default(&options->backoff_cap_ns, 5000000000u);
	set_default(&options->lookup_ns, 30000000000u);
	if (!options->look_up)
		options->look_up = getaddrinfo;
}

void client_init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

/* Whether the bytes are whole header lines, so that no value can end the header. */
static bool are_fields(struct str fields)
{
	size_t line = 0;
	for (size_t i = 0; i < fields.length; i++) {
		if (http_chars[(unsigned char)fields.at[i]] & HTTP_CHAR_VALUE)
			continue;
		if (fields.at[i] != '\r' || i == line || i + 1 == fields.length ||
		    fields.at[i + 1] != '\n')
			return false;
		line = ++i + 1;
	}
	return line == fields.length;
}

static ash_status check_request(const struct http_client *client,
				const struct http_request *request, struct fault *fault)
{
	if (!request->method.length || !http_chars_all(request->method, HTTP_CHAR_TOKEN) ||
	    !request->target.length || request->target.at[0] != '/' ||
	    !http_chars_all(request->target, HTTP_CHAR_TARGET) || !are_fields(request->fields))
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "%s: the head of the request holds a byte that it may not",
				 client->name);
	if (request->target.length > HTTP_TARGET_LIMIT ||
	    request->method.length > HTTP_METHOD_LIMIT ||
	    request->target.length + request->fields.length + 2 * CLIENT_NAME_LIMIT >
		    HTTP_HEAD_LIMIT)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "%s: the head of the request is too long", client->name);
	return ASH_OK;
}

static ash_status exchange(struct client_call *call, bool *good)
{
	call->sent = call->received = 0;
	call->interim = 0;
	call->broken = call->ended = false;
	ASH_TRY(client_send(call));
	return client_receive(call, good);
}

/* A kept connection may have been closed by the remote just when the request set out. */
static bool may_repeat(const struct client_call *call)
{
	return call->broken && call->kept && !call->received &&
	       (call->request->repeatable || !call->sent);
}

static ash_status run(struct client_call *call)
{
	bool good = false;
	ASH_TRY(client_take(call));
	ash_status status = exchange(call, &good);
	if (status != ASH_OK && may_repeat(call)) {
		size_t first = call->sent;
		ASH_TRY(client_take_new(call));
		status = exchange(call, &good);
		call->sent += first;
	}
	client_leave(call, status == ASH_OK && good);
	return status;
}

void http_reply_release(struct http_reply *reply)
{
	mem_free(reply->bytes);
	reply->bytes = NULL;
	reply->capacity = reply->length = reply->sent = 0;
	reply->body = (struct str){NULL, 0};
	http_answer_init(&reply->answer, false);
}

ash_status http_client_new(const char *address, const struct http_client_options *options,
			   struct http_client **out, struct fault *fault)
{
	_cleanup_(http_client_freep) struct http_client *client = mem_alloc(sizeof *client);
	if (!client)
		return fault_memory(fault);
	(void)pthread_mutex_init(&client->lock, NULL);
	client_init_cond(&client->freed);
	if (options)
		client->options = *options;
	set_defaults(&client->options);
	client->idle = mem_alloc(client->options.connections * sizeof *client->idle);
	if (!client->idle)
		return fault_memory(fault);
	ASH_TRY(client_address_read(client, address, fault));
	client->middle_length = (size_t)snprintf(client->middle, sizeof client->middle,
						 " HTTP/1.1\r\nHost: %s\r\n", client->host);
	client_lookup_refresh(client, clock_monotonic());
	*out = take(client);
	return ASH_OK;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	for (unsigned i = 0; i < client->counters.idle; i++)
		client_close(client->idle[i].fd, client->idle[i].session);
	client_free_desks(client);
	client_lookup_leave(client->lookup);
	(void)pthread_cond_destroy(&client->freed);
	(void)pthread_mutex_destroy(&client->lock);
	mem_free(client->idle);
	mem_free(client);
}

void http_client_freep(struct http_client **client)
{
	http_client_free(*client);
}

ash_status http_client_call(struct http_client *client, const struct http_request *request,
			    struct http_reply *reply, struct fault *fault)
{
	struct client_call call = {client, request, reply, fault, .fd = -1};
	reply->sent = 0;
	reply->from = client->name;
	ASH_TRY(check_request(client, request, fault));
	ash_status status = run(&call);
	reply->sent = call.sent;
	if (status != ASH_OK && call.sent == 0)
		fault_untried(fault, status);
	if (call.told)
		http_blocking_end();
	atomic_fetch_add_explicit(status == ASH_OK ? &client->calls : &client->failures, 1,
				  memory_order_relaxed);
	return status;
}

void http_client_count(struct http_client *client, struct http_client_counters *out)
{
	(void)pthread_mutex_lock(&client->lock);
	*out = client->counters;
	(void)pthread_mutex_unlock(&client->lock);
	out->calls = atomic_load_explicit(&client->calls, memory_order_relaxed);
	out->failures = atomic_load_explicit(&client->failures, memory_order_relaxed);
}
