/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the ConformanceService with this project's client, for the official suite
 * (docs/conformance.md): reads ClientCompatRequests from stdin, makes each call, and tells on
 * stdout what came of it, until stdin ends. All messages come after their length in four bytes,
 * the highest first. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "connectrpc/conformance/v1/client_compat.pb-c.h"
#include "connectrpc/conformance/v1/service.pb-c.h"
#include "message/message.h"
#include "rpc/client.h"

typedef Connectrpc__Conformance__V1__ClientCompatRequest compat_request;
typedef Connectrpc__Conformance__V1__ClientCompatResponse compat_response;
typedef Connectrpc__Conformance__V1__ClientResponseResult compat_result;
typedef Connectrpc__Conformance__V1__ConformancePayload payload;
typedef Connectrpc__Conformance__V1__Error failure;
typedef Connectrpc__Conformance__V1__Header header;
typedef Connectrpc__Conformance__V1__IdempotentUnaryResponse idempotent_response;
typedef Connectrpc__Conformance__V1__UnaryResponse unary_response;

/* A message of the runner, in bytes. */
enum { RUNNER_LIMIT = 16 << 20 };

#define SERVICE "connectrpc.conformance.v1.ConformanceService"

static const ash_method METHODS[] = {
	{.name = "Unary",
	 .request = &connectrpc__conformance__v1__unary_request__descriptor,
	 .reply = &connectrpc__conformance__v1__unary_response__descriptor},
	{.name = "IdempotentUnary",
	 .request = &connectrpc__conformance__v1__idempotent_unary_request__descriptor,
	 .reply = &connectrpc__conformance__v1__idempotent_unary_response__descriptor,
	 .idempotency = ASH_NO_SIDE_EFFECTS},
	{.name = "Unimplemented",
	 .request = &connectrpc__conformance__v1__unimplemented_request__descriptor,
	 .reply = &connectrpc__conformance__v1__unimplemented_response__descriptor},
};

/* In the order of their names. */
static const ProtobufCMessageDescriptor *const SORTED[] = {
	&connectrpc__conformance__v1__conformance_payload__request_info__descriptor,
	&connectrpc__conformance__v1__idempotent_unary_request__descriptor,
	&connectrpc__conformance__v1__unary_request__descriptor,
	&connectrpc__conformance__v1__unimplemented_request__descriptor,
};
static const struct message_types KNOWN = {SORTED, sizeof SORTED / sizeof *SORTED};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "client: %s\n", what);
	exit(1);
}

static void *made_in(struct arena *arena, size_t size)
{
	void *made = arena_alloc(arena, size ? size : 1);
	must(made, "no memory");
	return made;
}

static char *str_in(struct arena *arena, struct str text)
{
	struct str made = arena_str(arena, text);
	must(made.at, "no memory");
	return (char *)(uintptr_t)made.at;
}

/* ---- the call ---- */

static const ash_method *method_of(const compat_request *asked)
{
	for (size_t i = 0; asked->method && i < sizeof METHODS / sizeof *METHODS; i++)
		if (strcmp(METHODS[i].name, asked->method) == 0)
			return &METHODS[i];
	must(false, "the runner asks for a method that is none");
	return NULL;
}

static void add_pair(struct metadata *metadata, struct arena *arena, const char *name,
		     struct str value)
{
	char *key = str_in(arena, str_of(name));
	for (char *at = key; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (metadata_is_binary(str_of(key))) {
		char *bytes = made_in(arena, base64_most(value.length));
		must(base64_decode(value, (uint8_t *)bytes, &value.length),
		     "the suite's base64 is none");
		value.at = bytes;
	}
	must(metadata_add(metadata, arena, str_of(key), value), "too much metadata");
}

static void read_headers(const compat_request *asked, struct arena *arena, struct metadata *out)
{
	for (size_t i = 0; i < asked->n_request_headers; i++)
		for (size_t j = 0; j < asked->request_headers[i]->n_value; j++)
			add_pair(out, arena, asked->request_headers[i]->name,
				 str_of(asked->request_headers[i]->value[j]));
}

static void *read_message(const compat_request *asked, const ash_method *method,
			  struct arena *arena)
{
	must(asked->n_request_messages == 1, "a unary call has one message");
	const ProtobufCBinaryData *value = &asked->request_messages[0]->value;
	void *message = made_in(arena, method->request->sizeof_message);
	must(message_decode(method->request, (struct str){(const char *)value->data, value->len},
			    arena, message, NULL) == ASH_OK,
	     "the message is none of the method's");
	return message;
}

/* A descriptor that can be read once the runner's time to cancel has passed. */
static int cancel_after(uint32_t milliseconds)
{
	const struct itimerspec at = {
		.it_value = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 + 1}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	must(fd >= 0 && timerfd_settime(fd, 0, &at, NULL) == 0, "no timer");
	return fd;
}

static struct http_client *connect_to(const compat_request *asked)
{
	const struct http_client_options options = {.body_limit = RUNNER_LIMIT};
	char address[300];
	struct http_client *client;
	struct fault fault = {0};
	(void)snprintf(address, sizeof address, "http://%s:%u", asked->host, asked->port);
	must(http_client_new(address, &options, &client, &fault) == ASH_OK, fault.message);
	return client;
}

/* ---- what came of it ---- */

static header *header_named(header **headers, size_t *count, struct arena *arena, const char *key)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(headers[i]->name, key) == 0)
			return headers[i];
	header *made = made_in(arena, sizeof *made);
	connectrpc__conformance__v1__header__init(made);
	made->name = str_in(arena, str_of(key));
	made->value = made_in(arena, METADATA_LIMIT * sizeof *made->value);
	headers[(*count)++] = made;
	return made;
}

/* Values of "-bin" keys are told as they were sent, in base64. */
static header **tell_pairs(const struct metadata *metadata, struct arena *arena, size_t *count)
{
	header **headers = made_in(arena, METADATA_LIMIT * sizeof *headers);
	for (const struct metadata_item *item = metadata->first; item; item = item->next) {
		_cleanup_(text_release) struct text base64 = {0};
		header *to = header_named(headers, count, arena, item->key);
		if (metadata_is_binary(str_of(item->key)))
			text_add_base64(&base64, item->value, false);
		else
			text_add(&base64, item->value);
		must(!base64.failed, "no memory");
		to->value[to->n_value++] = str_in(arena, text_str(&base64));
	}
	return headers;
}

static failure *tell_failure(const struct fault *fault, struct arena *arena)
{
	failure *told = made_in(arena, sizeof *told);
	connectrpc__conformance__v1__error__init(told);
	told->code = (Connectrpc__Conformance__V1__Code)fault->status;
	told->maybe_message_case = CONNECTRPC__CONFORMANCE__V1__ERROR__MAYBE_MESSAGE_MESSAGE;
	told->message = str_in(arena, str_of(fault->message));
	for (const struct fault_detail *at = fault->details; at; at = at->next)
		told->n_details++;
	told->details = made_in(arena, told->n_details * sizeof *told->details);
	size_t i = 0;
	for (const struct fault_detail *at = fault->details; at; at = at->next) {
		Google__Protobuf__Any *any = made_in(arena, sizeof *any);
		_cleanup_(text_release) struct text url = {0};
		google__protobuf__any__init(any);
		text_addf(&url, "type.googleapis.com/%s", at->type);
		any->type_url = str_in(arena, text_str(&url));
		any->value =
			(ProtobufCBinaryData){at->value.length, (uint8_t *)(uintptr_t)at->value.at};
		told->details[i++] = any;
	}
	return told;
}

static void tell_payload(const ash_method *method, const void *reply, compat_result *result,
			 struct arena *arena)
{
	payload *got = NULL;
	if (method == &METHODS[0])
		got = ((const unary_response *)reply)->payload;
	else if (method == &METHODS[1])
		got = ((const idempotent_response *)reply)->payload;
	if (!got) {
		got = made_in(arena, sizeof *got);
		connectrpc__conformance__v1__conformance_payload__init(got);
	}
	result->payloads = made_in(arena, sizeof *result->payloads);
	result->payloads[result->n_payloads++] = got;
}

static void call(const compat_request *asked, struct arena *arena, compat_result *result)
{
	const ash_method *method = method_of(asked);
	struct metadata metadata = {0};
	struct rpc_beside beside = {0};
	struct fault fault = {0};
	void *reply = made_in(arena, method->reply->sizeof_message);
	char name[sizeof SERVICE + 64];
	int cancel = asked->cancel ? cancel_after(asked->cancel->after_close_send_ms) : -1;
	_cleanup_(http_client_freep) struct http_client *client = connect_to(asked);
	read_headers(asked, arena, &metadata);
	(void)snprintf(name, sizeof name, SERVICE "/%s", method->name);
	const struct rpc_remote remote = {
		.client = client,
		.json = asked->codec == CONNECTRPC__CONFORMANCE__V1__CODEC__CODEC_JSON,
		.get = asked->use_get_http_method,
		.gzip = asked->compression ==
			CONNECTRPC__CONFORMANCE__V1__COMPRESSION__COMPRESSION_GZIP,
		.message_limit = asked->message_receive_limit,
	};
	const struct rpc_question question = {
		.name = name,
		.method = method,
		.message = read_message(asked, method, arena),
		.time_left = asked->maybe_timeout_ms_case ? asked->timeout_ms * UINT64_C(1000000)
							  : UINT64_MAX,
		.metadata = &metadata,
		.cancel = asked->cancel ? &cancel : NULL,
	};
	ash_status status = rpc_ask(&remote, &question, arena, reply, &beside, &fault);
	if (status == ASH_OK)
		tell_payload(method, reply, result, arena);
	else
		result->error = tell_failure(&fault, arena);
	result->response_headers = tell_pairs(&beside.headers, arena, &result->n_response_headers);
	result->response_trailers =
		tell_pairs(&beside.trailers, arena, &result->n_response_trailers);
	if (cancel >= 0)
		(void)close(cancel);
}

/* ---- the runner ---- */

/* False at the end of stdin. */
static bool read_request(struct arena *arena, compat_request *out)
{
	uint32_t length;
	if (fread(&length, 1, sizeof length, stdin) != sizeof length)
		return false;
	length = ntohl(length);
	must(length <= RUNNER_LIMIT, "the runner said too much");
	char *bytes = made_in(arena, length + 1);
	must(fread(bytes, 1, length, stdin) == length, "the runner said too little");
	must(message_decode(&connectrpc__conformance__v1__client_compat_request__descriptor,
			    (struct str){bytes, length}, arena, out, NULL) == ASH_OK,
	     "the runner said no ClientCompatRequest");
	return true;
}

static void tell(const compat_response *response)
{
	_cleanup_(text_release) struct text bytes = {0};
	must(message_encode(&connectrpc__conformance__v1__client_compat_response__descriptor,
			    response, &bytes, NULL) == ASH_OK,
	     "what came cannot be told");
	uint32_t length = htonl((uint32_t)bytes.length);
	fwrite(&length, 1, sizeof length, stdout);
	fwrite(bytes.at, 1, bytes.length, stdout);
	must(fflush(stdout) == 0, "the runner does not listen");
}

int main(void)
{
	message_know_types(&KNOWN);
	for (;;) {
		_cleanup_(arena_release) struct arena arena = {0};
		compat_request asked;
		compat_response response;
		compat_result result;
		if (!read_request(&arena, &asked))
			return 0;
		connectrpc__conformance__v1__client_compat_response__init(&response);
		connectrpc__conformance__v1__client_response_result__init(&result);
		call(&asked, &arena, &result);
		response.test_name = asked.test_name;
		response.result_case =
			CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_RESPONSE__RESULT_RESPONSE;
		response.response = &result;
		tell(&response);
	}
}
