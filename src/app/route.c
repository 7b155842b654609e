/* SPDX-License-Identifier: Apache-2.0 */
/* A request of HTTP as a call of a method. Knows messages, no module's meaning.
 *
 * Path and query become members of one JSON object, and the body's members follow; the codec then
 * reads it as a whole. So all of them are checked by one reader, and a field that is given twice is
 * refused as it is in any object. */
#include "app/route.h"

#include "app/problem.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "http/query.h"
#include "http/token.h"
#include "rpc/trace_state.h"

/* ---- path and query as members ---- */

/* Whether the texts are the same but for the way in which words are joined. */
static bool is_named(const char *field, struct str name)
{
	size_t i = 0;
	for (; *field; field++) {
		bool joined = *field == '_' && (i >= name.length || name.at[i] != '_');
		if (joined && field[1] >= 'a' && field[1] <= 'z') {
			if (i >= name.length || name.at[i++] != *++field - 'a' + 'A')
				return false;
		} else if (!joined && (i >= name.length || name.at[i++] != *field)) {
			return false;
		}
	}
	return i == name.length;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
						  struct str name)
{
	for (unsigned i = 0; i < type->n_fields; i++)
		if (is_named(type->fields[i].name, name))
			return &type->fields[i];
	return NULL;
}

/* Numbers and names of enums may stand in quotes in protobuf's JSON; booleans may not. */
static void add_value(const ProtobufCFieldDescriptor *field, struct str value, struct text *out)
{
	if (field->type == PROTOBUF_C_TYPE_BOOL &&
	    (str_equal(value, STR("true")) || str_equal(value, STR("false"))))
		text_add(out, value);
	else
		text_add_json(out, value);
}

static void add_name(struct str name, bool *first, struct text *out)
{
	if (!*first)
		text_add_byte(out, ',');
	*first = false;
	text_add_json(out, name);
	text_add_byte(out, ':');
}

static void add_path(const ProtobufCMessageDescriptor *type, const char *pattern,
		     const struct http_match *match, bool *first, struct text *out)
{
	struct str rest = str_of(pattern), before, name;
	while (str_split(&rest, '{', &before) && rest.at) {
		str_split(&rest, '}', &name);
		if (str_ends(name, STR("...")))
			name.length -= 3;
		const ProtobufCFieldDescriptor *field = find_field(type, name);
		add_name(name, first, out);
		if (field)
			add_value(field, http_param(match, name), out);
		else
			text_add(out, STR("null"));
	}
}

struct pair {
	struct str name;
	struct str value;
	bool used;
};

static ash_status read_pairs(struct str query, struct arena *arena, struct pair *pairs,
			     size_t *count, struct fault *fault)
{
	enum http_found found;
	struct str name, value;
	*count = 0;
	while ((found = http_query_next(arena, &query, &name, &value)) == HTTP_FOUND) {
		if (*count == ROUTE_QUERY_LIMIT)
			return fault_set(fault, ASH_INVALID_ARGUMENT,
					 "the query has more than %d parameters",
					 ROUTE_QUERY_LIMIT);
		pairs[(*count)++] = (struct pair){name, value, false};
	}
	if (found == HTTP_MALFORMED)
		return arena->failed ? fault_memory(fault)
				     : fault_set(fault, ASH_INVALID_ARGUMENT,
						 "the query holds a broken escape");
	return ASH_OK;
}

/* Adds the pair at `from`, with all later ones of its name where the field is a list. */
static void add_pair(const ProtobufCFieldDescriptor *field, struct pair *pairs, size_t from,
		     size_t count, struct text *out)
{
	if (field->label != PROTOBUF_C_LABEL_REPEATED) {
		add_value(field, pairs[from].value, out);
		return;
	}
	text_add_byte(out, '[');
	for (size_t i = from; i < count; i++) {
		if (!str_equal(pairs[i].name, pairs[from].name))
			continue;
		if (i > from)
			text_add_byte(out, ',');
		add_value(field, pairs[i].value, out);
		pairs[i].used = true;
	}
	text_add_byte(out, ']');
}

static ash_status add_query(const ProtobufCMessageDescriptor *type, struct str query,
			    struct arena *arena, bool *first, struct text *out, struct fault *fault)
{
	struct pair pairs[ROUTE_QUERY_LIMIT];
	size_t count;
	ASH_TRY(read_pairs(query, arena, pairs, &count, fault));
	for (size_t i = 0; i < count; i++) {
		const ProtobufCFieldDescriptor *field = find_field(type, pairs[i].name);
		if (!field)
			return fault_set(fault, ASH_INVALID_ARGUMENT,
					 "the query parameter '%s' is not known",
					 excerpt_of(pairs[i].name).text);
		if (pairs[i].used)
			continue;
		add_name(pairs[i].name, first, out);
		add_pair(field, pairs, i, count, out);
	}
	return ASH_OK;
}

/* The body's members go on where path and query ended. */
static ash_status add_body(struct str body, bool first, struct text *out, struct fault *fault)
{
	body = str_trim(body);
	if (body.length == 0) {
		text_add_byte(out, '}');
		return ASH_OK;
	}
	if (body.at[0] != '{')
		return fault_set(fault, ASH_INVALID_ARGUMENT, "the body is no JSON object");
	body = str_trim(str_from(body, 1));
	if (!first && !(body.length && body.at[0] == '}'))
		text_add_byte(out, ',');
	text_add(out, body);
	return ASH_OK;
}

ash_status route_write_json(const ProtobufCMessageDescriptor *type, const char *pattern,
			    const struct http_match *match, struct str query, struct str body,
			    struct arena *arena, struct text *out, struct fault *fault)
{
	bool first = true;
	text_add_byte(out, '{');
	add_path(type, pattern, match, &first, out);
	ASH_TRY(add_query(type, query, arena, &first, out, fault));
	ASH_TRY(add_body(body, first, out, fault));
	return out->failed ? fault_memory(fault) : ASH_OK;
}

/* ---- a request ---- */

/* A body must say that it is JSON: a form of another site cannot, without asking first. Why
 * it is not read, or NULL. */
static const char *why_unread(const struct http_exchange *exchange)
{
	struct str coding = http_field(exchange, STR("Content-Encoding"));
	if (!http_body(exchange).length)
		return NULL;
	if (!http_is_media(http_field(exchange, STR("Content-Type")), STR("application/json")))
		return "the body is not of the type application/json in UTF-8";
	return coding.length && !http_equal(coding, STR("identity"))
		       ? "the body is compressed, and a route takes it only as it is"
		       : NULL;
}

static void refuse_body(struct http_exchange *exchange, struct request *request, const char *why)
{
	fault_set(&request->fault, ASH_INVALID_ARGUMENT, "%s", why);
	problem_answer(exchange, request, 415);
	http_add_field(exchange, STR("Accept-Encoding"), STR("identity"));
}

static ash_status take_key(const struct http_exchange *exchange, struct request *request)
{
	struct str key;
	if (!http_field_once(exchange, STR("Idempotency-Key"), &key))
		return fault_set(&request->fault, ASH_INVALID_ARGUMENT,
				 "the header Idempotency-Key is there more than once");
	if (key.length >= CALL_KEY_SIZE)
		return fault_set(&request->fault, ASH_INVALID_ARGUMENT,
				 "the Idempotency-Key is longer than %d bytes", CALL_KEY_SIZE - 1);
	if (str_starts(key, STR(CALL_OWN_KEY)))
		return fault_set(&request->fault, ASH_INVALID_ARGUMENT,
				 "an Idempotency-Key that begins with " CALL_OWN_KEY
				 " is the application's own");
	if (key.length)
		memcpy(request->idempotency_key, key.at, key.length);
	return ASH_OK;
}

static ash_status read_request(const struct route *route, struct http_exchange *exchange,
			       const struct http_match *match, struct request *request, void **out)
{
	const ProtobufCMessageDescriptor *type =
		route->binding->port->methods[route->method].request;
	_cleanup_(text_release) struct text json = {0};
	ASH_TRY(take_key(exchange, request));
	ASH_TRY(route_write_json(type, route->pattern, match, http_query(exchange),
				 http_body(exchange), &request->arena, &json, &request->fault));
	/* What is read may point into its text. */
	struct str kept = arena_str(&request->arena, text_str(&json));
	*out = arena_alloc(&request->arena, type->sizeof_message);
	if (!kept.at || !*out)
		return fault_memory(&request->fault);
	return message_from_json(type, kept, &request->arena, *out, &request->fault);
}

static void answer_reply(struct http_exchange *exchange, struct request *request,
			 const ProtobufCMessageDescriptor *type, const void *reply)
{
	_cleanup_(text_release) struct text json = {0};
	char trace[TRACE_ID_HEX + 1];
	if (message_to_json(type, reply, &json, &request->fault) != ASH_OK) {
		problem_answer(exchange, request, 0);
		return;
	}
	text_add_byte(&json, '\n');
	trace_id_format(&request->trace, trace);
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_field(exchange, STR("Trace-Id"), str_of(trace));
	http_add_body(exchange, text_str(&json));
}

static void serve(const struct route *route, struct http_exchange *exchange,
		  const struct http_match *match, struct request *request)
{
	const ProtobufCMessageDescriptor *type = route->binding->port->methods[route->method].reply;
	void *in = NULL, *out = arena_alloc(&request->arena, type->sizeof_message);
	const char *unread = why_unread(exchange);
	if (unread) {
		refuse_body(exchange, request, unread);
		return;
	}
	ash_status status = out ? read_request(route, exchange, match, request, &in)
				: fault_memory(&request->fault);
	if (status == ASH_OK) {
		type->message_init(out);
		status =
			request_call(request, ROUTE_CALLER, route->binding, route->method, in, out);
	}
	if (status == ASH_OK)
		answer_reply(exchange, request, type, out);
	else
		problem_answer(exchange, request, 0);
}

/* What failed on this side of the wire is told in the log, too. */
static void log_failure(const struct route *route, const struct http_exchange *exchange,
			const struct request *request)
{
	const ash_module *module = route->binding->member->module;
	const struct log_origin origin = {module->name, module->owner, &request->trace};
	if (http_status(exchange) >= 500 && !request->fault.told)
		log_write(route->environment->logger, LOG_ERROR_LEVEL, &origin, "%s: %s: %s",
			  route->binding->names[route->method],
			  ash_status_name(request->fault.status), request->fault.message);
}

void route_answer(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	const struct route *route = context;
	const struct clock *clock = route->environment->clock;
	uint64_t arrived = http_arrived(exchange);
	struct request request;
	struct trace_context trace;
	bool joins = trace_parse(http_field(exchange, STR("traceparent")), &trace);
	request_begin(&request, route->environment, arrived + route->patience,
		      joins ? &trace : NULL);
	if (joins)
		rpc_trace_state_take(exchange, &request);
	if (request_check_wait(&request, arrived) == ASH_OK)
		serve(route, exchange, match, &request);
	else
		problem_answer(exchange, &request, 0);
	log_failure(route, exchange, &request);
	request_end(&request);
	series_observe(route->seconds, clock->monotonic(clock) - arrived);
}
