/* SPDX-License-Identifier: Apache-2.0 */
/* A request of the Connect protocol as a call of a method. Knows no module's meaning.
 *
 * Invariant: a body is counted uncompressed before it is read as a message; what is refused is
 * refused before the handler runs. */
#include "rpc/server.h"

#include <ctype.h>

#include "http/exchange.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/token.h"
#include "message/message.h"
#include "rpc/failure.h"
#include "rpc/gzip.h"
#include "rpc/metadata.h"
#include "rpc/query.h"
#include "rpc/timeout.h"
#include "rpc/trace_state.h"

enum codec { CODEC_NONE, CODEC_PROTO, CODEC_JSON };

/* One method that is served. */
struct endpoint {
	const struct rpc_server *server;
	const struct binding *binding;
	uint16_t method;
};

/* One request on its way. */
struct serving {
	const struct endpoint *endpoint;
	struct http_exchange *exchange;
	struct request request;
	struct text body; /* uncompressed; lives as long as the message that points into it */
	enum codec codec;
	bool gets;
	char caller[RPC_CALLER_SIZE];
};

static ash_status refuse(struct serving *serving, ash_status status, const char *why)
{
	return fault_set(&serving->request.fault, status, "%s", why);
}

static struct str field(const struct serving *serving, struct str name)
{
	return http_field(serving->exchange, name);
}

/* ---- what the head says ---- */

static enum codec codec_of(struct str name)
{
	if (http_equal(name, STR("proto")))
		return CODEC_PROTO;
	return http_equal(name, STR("json")) ? CODEC_JSON : CODEC_NONE;
}

static enum codec codec_of_type(struct str type)
{
	if (http_is_media(type, STR("application/proto")))
		return CODEC_PROTO;
	return http_is_media(type, STR("application/json")) ? CODEC_JSON : CODEC_NONE;
}

static ash_status copy_field(struct serving *serving, struct str name, char *out, size_t size)
{
	struct str value;
	if (!http_field_once(serving->exchange, name, &value))
		return fault_set(&serving->request.fault, ASH_INVALID_ARGUMENT,
				 "the header %.*s is there more than once", STR_ARG(name));
	if (value.length >= size)
		return fault_set(&serving->request.fault, ASH_INVALID_ARGUMENT,
				 "the header %.*s is longer than %zu bytes", STR_ARG(name),
				 size - 1);
	if (value.length)
		memcpy(out, value.at, value.length);
	return ASH_OK;
}

static ash_status take_timeout(struct serving *serving)
{
	struct str text = field(serving, STR("Connect-Timeout-Ms"));
	uint64_t left;
	if (!text.at)
		return ASH_OK;
	if (!rpc_timeout_parse(text, &left))
		return refuse(serving, ASH_INVALID_ARGUMENT,
			      "Connect-Timeout-Ms is no number of at most ten digits");
	uint64_t deadline = http_arrived(serving->exchange) + left;
	if (deadline < serving->request.deadline)
		serving->request.deadline = deadline;
	return left ? ASH_OK : refuse(serving, ASH_DEADLINE_EXCEEDED, "no time is left");
}

static ash_status take_metadata(struct serving *serving)
{
	struct request *request = &serving->request;
	struct str name, value;
	request->metadata = arena_alloc(&request->arena, sizeof *request->metadata);
	if (!request->metadata)
		return fault_memory(&request->fault);
	for (size_t i = 0; http_field_at(serving->exchange, i, &name, &value); i++)
		ASH_TRY(rpc_metadata_read(name, value, &request->metadata->lists[ASH_METADATA_CAME],
					  &request->arena, &request->fault));
	return ASH_OK;
}

static ash_status take_head(struct serving *serving)
{
	struct str version = field(serving, STR("Connect-Protocol-Version"));
	const struct endpoint *endpoint = serving->endpoint;
	struct request *request = &serving->request;
	if (version.at && !str_equal(version, STR("1")))
		return refuse(serving, ASH_INVALID_ARGUMENT, "Connect-Protocol-Version must be 1");
	ASH_TRY(take_timeout(serving));
	ASH_TRY(request_check_wait(request, http_arrived(serving->exchange)));
	ASH_TRY(copy_field(serving, STR("Idempotency-Key"), request->idempotency_key,
			   sizeof request->idempotency_key));
	ASH_TRY(copy_field(serving, STR("Ashlar-Caller"), serving->caller, sizeof serving->caller));
	if (endpoint->server->gate)
		ASH_TRY(endpoint->server->gate(endpoint->server->gate_context, endpoint->binding,
					       endpoint->method, serving->caller, serving->exchange,
					       &request->fault));
	return take_metadata(serving);
}

/* ---- the message ---- */

static ash_status uncompress(struct serving *serving, struct str encoding, struct str *body)
{
	struct fault *fault = &serving->request.fault;
	size_t limit = serving->endpoint->server->limit;
	bool gzip = http_equal(encoding, STR("gzip"));
	if (!gzip && encoding.length && !http_equal(encoding, STR("identity")))
		return fault_set(fault, ASH_UNIMPLEMENTED,
				 "the compression '%.*s' is not known; known are gzip, identity",
				 STR_ARG(str_first(encoding, 100)));
	if (gzip && body->length) {
		ASH_TRY(rpc_gunzip(*body, limit, &serving->body, fault));
		*body = text_str(&serving->body);
	}
	if (body->length > limit)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the message is larger than %zu bytes", limit);
	return ASH_OK;
}

static ash_status read_message(struct serving *serving, const ProtobufCMessageDescriptor *type,
			       void *out)
{
	struct request *request = &serving->request;
	struct str body = http_body(serving->exchange);
	struct str encoding = field(serving, STR("Content-Encoding"));
	if (serving->gets) {
		struct rpc_query query;
		ASH_TRY(rpc_query_read(http_query(serving->exchange), &request->arena, &query,
				       &request->fault));
		body = query.message;
		encoding = query.compression;
	}
	ASH_TRY(uncompress(serving, encoding, &body));
	return (serving->codec == CODEC_JSON ? message_from_json : message_decode)(
		type, body, &request->arena, out, &request->fault);
}

/* ---- the answer ---- */

static void add_field(void *exchange, struct str name, struct str value)
{
	http_add_field(exchange, name, value);
}

static bool add_metadata(struct serving *serving)
{
	const struct call_metadata *metadata = serving->request.metadata;
	return !metadata ||
	       (rpc_metadata_write(&metadata->lists[ASH_METADATA_ANSWER], STR(""), add_field,
				   serving->exchange) &&
		rpc_metadata_write(&metadata->lists[ASH_METADATA_TRAILER], STR(RPC_TRAILER_PREFIX),
				   add_field, serving->exchange));
}

static void answer_failure(struct serving *serving)
{
	struct http_exchange *exchange = serving->exchange;
	_cleanup_(text_release) struct text json = {0};
	rpc_failure_write(&serving->request.fault, &json);
	http_reset(exchange);
	if (json.failed || !add_metadata(serving)) {
		http_problem_of(exchange, ASH_RESOURCE_EXHAUSTED, STR("there is no memory left"));
		return;
	}
	http_set_status(exchange, http_status_of(serving->request.fault.status));
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, text_str(&json));
}

/* Tells of a failure that is not the caller's, under its trace. */
static void log_failure(const struct serving *serving)
{
	const struct request *request = &serving->request;
	const struct logger *logger = request->environment->logger;
	const struct binding *binding = serving->endpoint->binding;
	const ash_module *module = binding->member->module;
	const struct log_origin origin = {module->name, module->owner, &request->trace};
	if (logger && http_status(serving->exchange) >= 500 && !request->fault.told)
		log_write(logger, LOG_ERROR_LEVEL, &origin, "%s: %s: %s",
			  binding->names[serving->endpoint->method],
			  ash_status_name(request->fault.status), request->fault.message);
}

static bool accepts_gzip(const struct serving *serving)
{
	struct str rest = field(serving, STR("Accept-Encoding")), part, name;
	while (str_split(&rest, ',', &part)) {
		str_split(&part, ';', &name);
		part = str_trim(part);
		if (http_equal(str_trim(name), STR("gzip")))
			return !str_equal(part, STR("q=0")) && !str_starts(part, STR("q=0.0"));
	}
	return false;
}

static ash_status answer_reply(struct serving *serving, const ProtobufCMessageDescriptor *type,
			       const void *reply)
{
	_cleanup_(text_release) struct text plain = {0}, gzip = {0};
	struct http_exchange *exchange = serving->exchange;
	struct fault *fault = &serving->request.fault;
	bool json = serving->codec == CODEC_JSON;
	ASH_TRY((json ? message_to_json : message_encode)(type, reply, &plain, fault));
	bool small = plain.length == 0 || plain.length < serving->endpoint->server->gzip_least ||
		     !accepts_gzip(serving);
	if (!small)
		ASH_TRY(rpc_gzip(text_str(&plain), &gzip, fault));
	http_add_field(exchange, STR("Content-Type"),
		       json ? STR("application/json") : STR("application/proto"));
	if (!small)
		http_add_field(exchange, STR("Content-Encoding"), STR("gzip"));
	http_add_field(exchange, STR("Accept-Encoding"), STR("gzip"));
	if (serving->gets)
		http_add_field(exchange, STR("Vary"), STR("Accept-Encoding"));
	if (!add_metadata(serving))
		return fault_memory(fault);
	http_add_body(exchange, text_str(small ? &plain : &gzip));
	return ASH_OK;
}

static ash_status serve(struct serving *serving)
{
	const struct endpoint *endpoint = serving->endpoint;
	const ash_method *method = &endpoint->binding->port->methods[endpoint->method];
	struct request *request = &serving->request;
	ASH_TRY(take_head(serving));
	void *in = arena_alloc(&request->arena, method->request->sizeof_message);
	void *out = arena_alloc(&request->arena, method->reply->sizeof_message);
	if (!in || !out)
		return fault_memory(&request->fault);
	ASH_TRY(read_message(serving, method->request, in));
	method->reply->message_init(out);
	ASH_TRY(request_call(request, serving->caller, endpoint->binding, endpoint->method, in,
			     out));
	return answer_reply(serving, method->reply, out);
}

/* Finds the codec; false when it is none, and the request was answered 415. */
static bool take_codec(struct serving *serving)
{
	struct http_exchange *exchange = serving->exchange;
	struct str encoding;
	if (!serving->gets)
		serving->codec = codec_of_type(field(serving, STR("Content-Type")));
	else if (http_body(exchange).length == 0 &&
		 http_query_get(&serving->request.arena, http_query(exchange), STR("encoding"),
				&encoding) == HTTP_FOUND)
		serving->codec = codec_of(encoding);
	if (serving->codec != CODEC_NONE)
		return true;
	http_problem(exchange, 415,
		     serving->gets
			     ? STR("the query says encoding=json or encoding=proto, and there "
				   "is no body")
			     : STR("the Content-Type of a call is application/json or "
				   "application/proto, and its texts are in UTF-8"));
	http_add_field(exchange, STR("Accept-Post"), STR("application/proto, application/json"));
	return false;
}

static void answer(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	const struct endpoint *endpoint = context;
	struct trace_context trace;
	struct serving serving = {.endpoint = endpoint, .exchange = exchange};
	bool joins = trace_parse(http_field(exchange, STR("traceparent")), &trace);
	(void)match;
	serving.gets = !str_equal(http_method(exchange), STR("POST"));
	request_begin(&serving.request, endpoint->server->environment,
		      http_arrived(exchange) + endpoint->server->patience, joins ? &trace : NULL);
	if (joins)
		rpc_trace_state_take(exchange, &serving.request);
	if (take_codec(&serving) && serve(&serving) != ASH_OK) {
		answer_failure(&serving);
		log_failure(&serving);
	}
	request_end(&serving.request);
	text_release(&serving.body);
}

static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] != '_' && !isalnum((unsigned char)text.at[i]))
			return false;
	return text.length > 0;
}

/* Whether it is the path of a method: a port, which has a package, and a name. */
static bool is_method_path(struct str path)
{
	struct str rest = str_from(path, 1), port, part;
	bool good = str_split(&rest, '/', &port) && str_find(port, '.') >= 0;
	while (good && str_split(&port, '.', &part))
		good = is_name(part);
	return good && is_name(rest);
}

/* Whether it says that it is of the protocol: every client of it does, but by hand. */
static bool says_connect(const struct http_exchange *exchange, struct arena *arena)
{
	struct str version;
	return http_field(exchange, STR("Connect-Protocol-Version")).at ||
	       (http_query_get(arena, http_query(exchange), STR("connect"), &version) ==
			HTTP_FOUND &&
		str_equal(version, STR("v1")));
}

static bool is_port(const struct registry *registry, struct str path)
{
	struct str rest = str_from(path, 1), name = {0};
	(void)str_split(&rest, '/', &name);
	for (size_t i = 0; i < registry->binding_count; i++)
		if (registry->bindings[i] &&
		    str_equal(str_of(registry->bindings[i]->port->name), name))
			return true;
	return false;
}

static bool is_served(const struct rpc_refusing *refusing, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	return str_equal(
		http_router_find(refusing->router, http_arena(exchange), STR("POST"), path), path);
}

static void answer_unimplemented(struct http_exchange *exchange)
{
	struct fault fault;
	_cleanup_(text_release) struct text json = {0};
	fault_set(&fault, ASH_UNIMPLEMENTED,
		  "%.*s is not served here: no such method, or its port is served elsewhere",
		  STR_ARG(str_first(str_from(http_path(exchange), 1), 300)));
	fault.details = NULL;
	rpc_failure_write(&fault, &json);
	if (json.failed) {
		http_problem_of(exchange, ASH_RESOURCE_EXHAUSTED, STR("there is no memory left"));
		return;
	}
	http_set_status(exchange, 404);
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, text_str(&json));
}

bool rpc_server_refuse(void *context, struct http_exchange *exchange, bool caught)
{
	const struct rpc_refusing *refusing = context;
	struct str verb = http_method(exchange), path = http_path(exchange);
	bool gets = str_equal(verb, STR("GET")) || str_equal(verb, STR("HEAD"));
	if ((!gets && !str_equal(verb, STR("POST"))) || !is_method_path(path))
		return false;
	if ((gets || caught) && !is_port(refusing->registry, path) &&
	    !says_connect(exchange, http_arena(exchange)))
		return false;
	if (!gets || !is_served(refusing, exchange)) {
		answer_unimplemented(exchange);
		return true;
	}
	if (!caught)
		return false; /* the router knows what is allowed */
	http_problem(exchange, 405, STR("the method may have side effects: it is called by POST"));
	http_add_field(exchange, STR("Allow"), STR("POST"));
	return true;
}

int rpc_server_add(const struct rpc_server *server, const struct binding *binding,
		   struct arena *arena, struct http_router *router, struct error *error)
{
	for (uint16_t i = 0; i < binding->port->method_count; i++) {
		struct endpoint *endpoint = arena_alloc(arena, sizeof *endpoint);
		const char *path = arena_format(arena, "/%s", binding->names[i]);
		if (!endpoint || !path)
			return error_memory(error);
		*endpoint = (struct endpoint){server, binding, i};
		if (http_router_add(router, "POST", path, answer, endpoint, error) < 0)
			return -1;
		if (binding->port->methods[i].idempotency == ASH_NO_SIDE_EFFECTS &&
		    http_router_add(router, "GET", path, answer, endpoint, error) < 0)
			return -1;
	}
	return 0;
}
