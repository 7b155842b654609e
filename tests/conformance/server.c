/* SPDX-License-Identifier: Apache-2.0 */
/* The ConformanceService on this project's server, for the official suite (docs/conformance.md):
 * reads a ServerCompatRequest from stdin, serves on a port that is free, tells it on stdout, and
 * serves until SIGTERM. Both messages come after their length in four bytes, the highest first. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "connectrpc/conformance/v1/server_compat.pb-c.h"
#include "connectrpc/conformance/v1/service.pb-c.h"
#include "http/server.h"
#include "message/message.h"
#include "rpc/server.h"

typedef Connectrpc__Conformance__V1__ConformancePayload payload;
typedef Connectrpc__Conformance__V1__ConformancePayload__RequestInfo request_info;
typedef Connectrpc__Conformance__V1__Error failure;
typedef Connectrpc__Conformance__V1__Header header;
typedef Connectrpc__Conformance__V1__IdempotentUnaryRequest idempotent_request;
typedef Connectrpc__Conformance__V1__IdempotentUnaryResponse idempotent_response;
typedef Connectrpc__Conformance__V1__ServerCompatRequest compat_request;
typedef Connectrpc__Conformance__V1__ServerCompatResponse compat_response;
typedef Connectrpc__Conformance__V1__UnaryRequest unary_request;
typedef Connectrpc__Conformance__V1__UnaryResponse unary_response;
typedef Connectrpc__Conformance__V1__UnaryResponseDefinition definition;

/* A message of the runner, in bytes. */
enum { MESSAGE_LIMIT = 1 << 20 };

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "server: %s\n", what);
	exit(1);
}

/* ---- what a handler was asked ---- */

static header *header_named(ash_call *call, request_info *info, const char *key)
{
	for (size_t i = 0; i < info->n_request_headers; i++)
		if (strcmp(info->request_headers[i]->name, key) == 0)
			return info->request_headers[i];
	header *made = ash_alloc(call, sizeof *made);
	must(made, "no memory");
	connectrpc__conformance__v1__header__init(made);
	made->name = ash_format(call, "%s", key);
	made->value = ash_alloc(call, METADATA_LIMIT * sizeof *made->value);
	must(made->value, "no memory");
	info->request_headers[info->n_request_headers++] = made;
	return made;
}

/* Values of "-bin" keys are told as they were sent, in base64. */
static void tell_headers(ash_call *call, request_info *info)
{
	const char *key;
	const void *value;
	size_t length;
	info->request_headers = ash_alloc(call, METADATA_LIMIT * sizeof *info->request_headers);
	must(info->request_headers, "no memory");
	for (size_t i = 0; ash_metadata_at(call, ASH_METADATA_CAME, i, &key, &value, &length);
	     i++) {
		_cleanup_(text_release) struct text base64 = {0};
		header *to = header_named(call, info, key);
		if (metadata_is_binary(str_of(key)))
			text_add_base64(&base64, (struct str){value, length}, false);
		else
			text_add(&base64, (struct str){value, length});
		to->value[to->n_value++] = ash_format(call, "%s", base64.at ? base64.at : "");
	}
}

static request_info *tell_request(ash_call *call, const ProtobufCMessageDescriptor *type,
				  const void *in, bool timed)
{
	_cleanup_(text_release) struct text bytes = {0};
	request_info *info = ash_alloc(call, sizeof *info);
	Google__Protobuf__Any *any = ash_alloc(call, sizeof *any);
	Google__Protobuf__Any **list = ash_alloc(call, sizeof *list);
	must(info && any && list && message_encode(type, in, &bytes, NULL) == ASH_OK, "no memory");
	connectrpc__conformance__v1__conformance_payload__request_info__init(info);
	google__protobuf__any__init(any);
	any->type_url = ash_format(call, "type.googleapis.com/%s", type->name);
	any->value = (ProtobufCBinaryData){bytes.length, ash_alloc(call, bytes.length + 1)};
	must(any->value.data, "no memory");
	if (bytes.length)
		memcpy(any->value.data, bytes.at, bytes.length);
	*list = any;
	info->requests = list;
	info->n_requests = 1;
	if (timed) {
		info->maybe_timeout_ms_case = 2; /* the field's number */
		info->timeout_ms = ash_time_left(call) / 1000000;
	}
	tell_headers(call, info);
	return info;
}

/* ---- what it is to answer ---- */

static ash_status add_headers(ash_call *call, ash_metadata where, header **headers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < headers[i]->n_value; j++) {
			struct str value = str_of(headers[i]->value[j]);
			char name[256] = "";
			for (size_t k = 0; k + 1 < sizeof name && headers[i]->name[k]; k++)
				name[k] = headers[i]->name[k] >= 'A' && headers[i]->name[k] <= 'Z'
						  ? (char)(headers[i]->name[k] | 32)
						  : headers[i]->name[k];
			if (metadata_is_binary(str_of(name))) {
				char *bytes = ash_alloc(call, base64_most(value.length));
				must(bytes && base64_decode(value, (uint8_t *)bytes, &value.length),
				     "the suite's base64 is none");
				value.at = bytes;
			}
			ASH_TRY(ash_metadata_add(call, where, name, value.at, value.length));
		}
	return ASH_OK;
}

static const char *type_of(const Google__Protobuf__Any *any)
{
	const char *slash = strrchr(any->type_url, '/');
	return slash ? slash + 1 : any->type_url;
}

static ash_status fail(ash_call *call, const failure *wanted, const request_info *info)
{
	ash_status status = ash_fail(call, (ash_status)wanted->code, "%s", wanted->message);
	for (size_t i = 0; i < wanted->n_details; i++)
		ash_fail_detail_bytes(call, type_of(wanted->details[i]),
				      wanted->details[i]->value.data,
				      wanted->details[i]->value.len);
	return ash_fail_detail(
		       call,
		       &connectrpc__conformance__v1__conformance_payload__request_info__descriptor,
		       info) == status
		       ? status
		       : ASH_INTERNAL;
}

/* Whether the request came with a time of its own; the suite's are far below the server's own. */
static bool is_timed(const ash_call *call)
{
	return ash_time_left(call) < INT64_C(60) * 1000000000;
}

static atomic_bool ending;

/* The runner does not wait long for the end. */
static void delay(uint32_t milliseconds)
{
	for (uint32_t i = 0; i < milliseconds && !atomic_load(&ending); i++)
		usleep(1000);
}

static ash_status answer(ash_call *call, const ProtobufCMessageDescriptor *type, const void *in,
			 const definition *wanted, payload **out)
{
	bool timed = is_timed(call);
	request_info *info = tell_request(call, type, in, timed);
	*out = ash_alloc(call, sizeof **out);
	must(*out, "no memory");
	connectrpc__conformance__v1__conformance_payload__init(*out);
	(*out)->request_info = info;
	if (!wanted)
		return ASH_OK;
	ASH_TRY(add_headers(call, ASH_METADATA_ANSWER, wanted->response_headers,
			    wanted->n_response_headers));
	ASH_TRY(add_headers(call, ASH_METADATA_TRAILER, wanted->response_trailers,
			    wanted->n_response_trailers));
	if (wanted->response_delay_ms) {
		http_blocking_begin();
		delay(wanted->response_delay_ms);
		http_blocking_end();
	}
	if (wanted->response_case ==
	    CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_ERROR)
		return fail(call, wanted->error, info);
	if (wanted->response_case ==
	    CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_RESPONSE_DATA)
		(*out)->data = wanted->response_data;
	return ASH_OK;
}

static ash_status unary(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const unary_request *in = request;
	(void)handlers;
	return answer(call, &connectrpc__conformance__v1__unary_request__descriptor, in,
		      in->response_definition, &((unary_response *)reply)->payload);
}

static ash_status idempotent(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const idempotent_request *in = request;
	(void)handlers;
	return answer(call, &connectrpc__conformance__v1__idempotent_unary_request__descriptor, in,
		      in->response_definition, &((idempotent_response *)reply)->payload);
}

static ash_status unimplemented(const void *handlers, ash_call *call, const void *request,
				void *reply)
{
	(void)handlers;
	(void)request;
	(void)reply;
	return ash_fail(call, ASH_UNIMPLEMENTED, "it is not implemented");
}

/* ---- the port ---- */

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
static uint32_t port_id;
static const ash_port PORT = {"connectrpc.conformance.v1.ConformanceService", "conformance",
			      METHODS, sizeof METHODS / sizeof *METHODS, &port_id};
static const ash_invoke INVOKES[] = {unary, idempotent, unimplemented};

static bool has(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method < sizeof METHODS / sizeof *METHODS;
}

static const ash_provides PROVIDES = {&PORT, INVOKES, has, 0, {"server.c", 1, 1}};
static const int CODE;
static const ash_module MODULE = {.name = "conformance",
				  .owner = "tests",
				  .place = {"server.c", 1, 1},
				  .contract = "",
				  .provides = &PROVIDES,
				  .provides_count = 1,
				  .code = &CODE};

static const ProtobufCMessageDescriptor *const SORTED[] = {
	&connectrpc__conformance__v1__conformance_payload__request_info__descriptor,
	&connectrpc__conformance__v1__idempotent_unary_request__descriptor,
	&connectrpc__conformance__v1__unary_request__descriptor,
};
static const struct message_types KNOWN = {SORTED, sizeof SORTED / sizeof *SORTED};

/* ---- the runner ---- */

static void read_all(void *out, size_t length)
{
	must(fread(out, 1, length, stdin) == length, "the runner said too little");
}

static void read_request(struct arena *arena, compat_request *out)
{
	uint32_t length;
	struct fault fault;
	read_all(&length, sizeof length);
	length = ntohl(length);
	must(length <= MESSAGE_LIMIT, "the runner said too much");
	char *bytes = arena_bytes(arena, length + 1);
	must(bytes, "no memory");
	read_all(bytes, length);
	must(message_decode(&connectrpc__conformance__v1__server_compat_request__descriptor,
			    (struct str){bytes, length}, arena, out, &fault) == ASH_OK,
	     "the runner said no ServerCompatRequest");
}

static void tell_port(uint16_t port)
{
	_cleanup_(text_release) struct text bytes = {0};
	compat_response response;
	struct fault fault;
	connectrpc__conformance__v1__server_compat_response__init(&response);
	response.host = (char[]){"127.0.0.1"};
	response.port = port;
	must(message_encode(&connectrpc__conformance__v1__server_compat_response__descriptor,
			    &response, &bytes, &fault) == ASH_OK,
	     "no memory");
	uint32_t length = htonl((uint32_t)bytes.length);
	fwrite(&length, 1, sizeof length, stdout);
	fwrite(bytes.at, 1, bytes.length, stdout);
	must(fflush(stdout) == 0, "the runner does not listen");
}

int main(void)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	static const ash_module *const MODULES[] = {&MODULE};
	struct metrics *metrics = metrics_new();
	struct registry registry;
	struct error error;
	compat_request asked;
	sigset_t ends;
	int got;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	must(sigprocmask(SIG_BLOCK, &ends, NULL) == 0, "no signals");
	read_request(&arena, &asked);
	must(metrics && registry_build(MODULES, 1, metrics, &registry, &errors, &error) == 0 &&
		     errors.count == 0,
	     "the port does not fit");
	message_know_types(&KNOWN);
	const struct environment environment = {.registry = &registry, .clock = &clock_system};
	const struct rpc_server server = {
		.environment = &environment,
		.patience = UINT64_C(600) * 1000000000,
		.limit = asked.message_receive_limit ? asked.message_receive_limit : MESSAGE_LIMIT,
	};
	struct http_router *router = http_router_new();
	must(router &&
		     rpc_server_add(&server, registry_binding(&registry, &PORT), &arena, router,
				    &error) == 0 &&
		     http_router_build(router, &error) == 0,
	     "no routes");
	const struct http_server_options options = {
		.body_limit = 2 * MESSAGE_LIMIT, .handle = http_router_handle, .context = router};
	struct http_server *http;
	must(http_server_start(&options, &http, &error) == 0, "no server");
	tell_port(http_server_port(http));
	sigwait(&ends, &got);
	atomic_store(&ending, true);
	http_server_free(http);
	http_router_free(router);
	registry_release(&registry);
	metrics_free(metrics);
	return 0;
}
