/* SPDX-License-Identifier: Apache-2.0 */
/* The Connect protocol's client, unary. Knows how a message becomes a request and an answer a
 * reply or a failure; nothing of connections, retries and policies. An answer that could be
 * understood in two ways is a failure. */
#include "rpc/client.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/token.h"
#include "message/message.h"
#include "rpc/code.h"
#include "rpc/failure.h"
#include "rpc/gzip.h"
#include "rpc/metadata.h"
#include "rpc/timeout.h"

/* Bytes of an answer's body where the remote says no other. */
enum { MESSAGE_LIMIT = 4 << 20 };

#define PROTO STR("application/proto")
#define JSON  STR("application/json")

/* One call: what is sent and what came. */
struct asking {
	const struct rpc_remote *remote;
	const struct rpc_question *question;
	struct arena *arena;
	struct fault *fault;
	struct text target;
	struct text fields;
	struct text message; /* as it is sent */
	struct text plain;   /* the answer's body, where it came in gzip */
	struct http_reply reply;
	bool get;
	bool zipped; /* the message is in gzip */
};

static void asking_release(struct asking *asking)
{
	text_release(&asking->target);
	text_release(&asking->fields);
	text_release(&asking->message);
	text_release(&asking->plain);
	http_reply_release(&asking->reply);
}

static size_t message_limit(const struct rpc_remote *remote)
{
	return remote->message_limit ? remote->message_limit : MESSAGE_LIMIT;
}

/* ---- the request ---- */

static ash_status encode(struct asking *asking)
{
	const struct rpc_question *question = asking->question;
	const ProtobufCMessageDescriptor *type = question->method->request;
	_cleanup_(text_release) struct text plain = {0};
	ash_status status =
		asking->remote->json
			? message_to_json(type, question->message, &plain, asking->fault)
			: message_encode(type, question->message, &plain, asking->fault);
	if (status != ASH_OK)
		return status;
	asking->zipped = asking->remote->gzip && plain.length >= asking->remote->gzip_from;
	if (asking->zipped)
		return rpc_gzip(text_str(&plain), &asking->message, asking->fault);
	asking->message = plain;
	plain = (struct text){0};
	return ASH_OK;
}

static void add_field(void *context, struct str name, struct str value)
{
	struct text *fields = context;
	text_add(fields, name);
	text_add(fields, STR(": "));
	text_add(fields, value);
	text_add(fields, STR("\r\n"));
}

static void add_query(struct asking *asking)
{
	struct text *target = &asking->target;
	/* The order that the protocol recommends, so that caches on the way meet one URL. */
	text_addf(target, "?connect=v1&base64=1%s&encoding=%s&message=",
		  asking->zipped ? "&compression=gzip" : "",
		  asking->remote->json ? "json" : "proto");
	size_t at = target->length;
	text_add_base64(target, text_str(&asking->message), false);
	for (; at < target->length; at++) {
		if (target->at[at] == '+')
			target->at[at] = '-';
		else if (target->at[at] == '/')
			target->at[at] = '_';
	}
}

static void write_target(struct asking *asking)
{
	const struct rpc_question *question = asking->question;
	text_addf(&asking->target, "/%s", question->name);
	asking->get = asking->remote->get && question->method->idempotency == ASH_NO_SIDE_EFFECTS &&
		      asking->message.length < HTTP_TARGET_LIMIT / 2;
	if (asking->get)
		add_query(asking);
}

static void write_trace(struct text *fields, const struct trace_context *trace)
{
	char text[TRACEPARENT_SIZE];
	if (!trace || !(trace->trace[0] | trace->trace[1]))
		return;
	trace_format(trace, text);
	add_field(fields, STR("traceparent"), str_of(text));
}

static ash_status write_fields(struct asking *asking)
{
	const struct rpc_question *question = asking->question;
	struct text *fields = &asking->fields;
	char timeout[RPC_TIMEOUT_SIZE];
	if (!asking->get) {
		add_field(fields, STR("Content-Type"), asking->remote->json ? JSON : PROTO);
		add_field(fields, STR("Connect-Protocol-Version"), STR("1"));
		if (asking->zipped)
			add_field(fields, STR("Content-Encoding"), STR("gzip"));
	}
	add_field(fields, STR("Accept-Encoding"), STR("gzip"));
	if (question->time_left != UINT64_MAX) {
		rpc_timeout_format(question->time_left, timeout);
		add_field(fields, STR("Connect-Timeout-Ms"), str_of(timeout));
	}
	if (question->caller.length)
		add_field(fields, STR("Ashlar-Caller"), question->caller);
	if (question->key.length)
		add_field(fields, STR("Idempotency-Key"), question->key);
	write_trace(fields, question->trace);
	if (question->metadata &&
	    !rpc_metadata_write(question->metadata, (struct str){"", 0}, add_field, fields))
		return fault_memory(asking->fault);
	if (asking->target.failed || fields->failed || asking->message.failed)
		return fault_memory(asking->fault);
	return ASH_OK;
}

static ash_status send(struct asking *asking)
{
	const struct rpc_question *question = asking->question;
	uint64_t now = clock_monotonic();
	struct http_request request = {
		.method = asking->get ? STR("GET") : STR("POST"),
		.target = text_str(&asking->target),
		.fields = text_str(&asking->fields),
		.body = text_str(&asking->message),
		.repeatable = question->method->idempotency != ASH_IDEMPOTENCY_UNKNOWN ||
			      question->key.length > 0,
		.deadline = question->time_left < UINT64_MAX - now ? now + question->time_left
								   : UINT64_MAX,
		.cancel = question->cancel,
	};
	return http_client_call(asking->remote->client, &request, &asking->reply, asking->fault);
}

/* ---- the answer ---- */

static ash_status read_field(struct asking *asking, struct str name, struct str value,
			     struct rpc_beside *beside)
{
	static const struct str PREFIX = {RPC_TRAILER_PREFIX, sizeof RPC_TRAILER_PREFIX - 1};
	struct metadata *to = &beside->headers;
	if (name.length > PREFIX.length && http_equal(str_first(name, PREFIX.length), PREFIX)) {
		to = &beside->trailers;
		name = str_from(name, PREFIX.length);
	}
	return rpc_metadata_read(name, value, to, asking->arena, asking->fault);
}

static ash_status read_beside(struct asking *asking, struct rpc_beside *beside)
{
	const struct http_reply *reply = &asking->reply;
	for (size_t i = 0; beside && i < reply->answer.count; i++) {
		const struct http_field *field = &reply->answer.fields[i];
		ash_status status = read_field(asking, http_span_str(reply->bytes, field->name),
					       http_span_str(reply->bytes, field->value), beside);
		if (status == ASH_INVALID_ARGUMENT)
			return fault_set(asking->fault, ASH_INTERNAL,
					 "%s answered with metadata that is no base64",
					 asking->question->name);
		if (status != ASH_OK)
			return status;
	}
	return ASH_OK;
}

/* The body as it was before it was compressed. An empty one never was. */
static ash_status unpack(struct asking *asking, struct str *body)
{
	const struct http_reply *reply = &asking->reply;
	struct str coding = http_reply_field(reply, STR("content-encoding"));
	size_t limit = message_limit(asking->remote);
	*body = reply->body;
	if (!body->length)
		return ASH_OK;
	if (http_equal(coding, STR("gzip"))) {
		ash_status status = rpc_gunzip(*body, limit, &asking->plain, asking->fault);
		*body = text_str(&asking->plain);
		return status == ASH_INVALID_ARGUMENT
			       ? fault_set(asking->fault, ASH_INTERNAL,
					   "%s answered with a broken gzip", asking->question->name)
			       : status;
	}
	if (coding.length && !http_equal(coding, STR("identity")))
		return fault_set(asking->fault, ASH_INTERNAL,
				 "%s answered in the encoding \"%.*s\", which nobody asked for",
				 asking->question->name,
				 coding.length < 64 ? (int)coding.length : 64, coding.at);
	if (body->length > limit)
		return fault_set(asking->fault, ASH_RESOURCE_EXHAUSTED,
				 "%s answered with %zu bytes; the limit is %zu",
				 asking->question->name, body->length, limit);
	return ASH_OK;
}

/* The media type, without its parameters. */
static struct str media_type(const struct http_reply *reply)
{
	struct str type = http_reply_field(reply, STR("content-type"));
	ptrdiff_t end = str_find(type, ';');
	return http_trim(end < 0 ? type : str_first(type, (size_t)end));
}

static ash_status read_failure(struct asking *asking)
{
	const struct http_reply *reply = &asking->reply;
	ash_status otherwise = rpc_code_of_http(reply->answer.status);
	struct str body, type = media_type(reply);
	if (http_equal(type, JSON)) {
		struct fault fault = {.status = ASH_OK};
		ash_status status = unpack(asking, &body);
		if (status != ASH_OK)
			return status;
		if (rpc_failure_read(body, otherwise, asking->arena, &fault)) {
			*asking->fault = fault;
			return fault.status;
		}
	}
	return fault_set(asking->fault, otherwise, "%s answered HTTP status %u without a failure",
			 asking->question->name, reply->answer.status);
}

static ash_status check_type(struct asking *asking)
{
	struct str type = media_type(&asking->reply);
	struct str wanted = asking->remote->json ? JSON : PROTO;
	if (http_equal(type, wanted))
		return ASH_OK;
	bool is_application =
		type.length >= 12 && http_equal(str_first(type, 12), STR("application/"));
	return fault_set(asking->fault, is_application ? ASH_INTERNAL : ASH_UNKNOWN,
			 "%s answered with the content type \"%.*s\" instead of %s",
			 asking->question->name, type.length < 64 ? (int)type.length : 64,
			 type.at ? type.at : "", wanted.at);
}

static ash_status read_reply(struct asking *asking, void *reply)
{
	const ProtobufCMessageDescriptor *type = asking->question->method->reply;
	struct str body;
	ASH_TRY(check_type(asking));
	ASH_TRY(unpack(asking, &body));
	struct fault why = {.status = ASH_OK};
	ash_status status = asking->remote->json
				    ? message_from_json(type, body, asking->arena, reply, &why)
				    : message_decode(type, body, asking->arena, reply, &why);
	if (status == ASH_OK)
		return ASH_OK;
	return fault_set(asking->fault, status == ASH_INVALID_ARGUMENT ? ASH_INTERNAL : status,
			 "%s answered with no %s: %.700s", asking->question->name, type->name,
			 why.message);
}

ash_status rpc_ask(const struct rpc_remote *remote, const struct rpc_question *question,
		   struct arena *arena, void *reply, struct rpc_beside *beside, struct fault *fault)
{
	struct fault scratch;
	_cleanup_(asking_release) struct asking asking = {
		.remote = remote,
		.question = question,
		.arena = arena,
		.fault = fault ? fault : &scratch,
	};
	ASH_TRY(encode(&asking));
	write_target(&asking);
	ASH_TRY(write_fields(&asking));
	ASH_TRY(send(&asking));
	ASH_TRY(read_beside(&asking, beside));
	return asking.reply.answer.status == 200 ? read_reply(&asking, reply)
						 : read_failure(&asking);
}

/* Leaves what came beside the reply where the caller finds it. */
static ash_status tell_beside(ash_call *call, const struct rpc_beside *beside, ash_status status)
{
	if (!beside->headers.count && !beside->trailers.count)
		return status;
	if (!call->metadata)
		call->metadata = arena_alloc(&call->request->arena, sizeof *call->metadata);
	if (!call->metadata)
		return fault_memory(&call->request->fault);
	call->metadata->lists[ASH_METADATA_ANSWER] = beside->headers;
	call->metadata->lists[ASH_METADATA_TRAILER] = beside->trailers;
	return status;
}

ash_status rpc_invoke(const struct binding *binding, uint16_t method, ash_call *call,
		      const void *request, void *reply)
{
	int64_t left = ash_time_left(call);
	struct call_span span = call_span_begin(call);
	struct trace_context trace = call->request->trace;
	/* One that is not sampled is told, too, so that the callee does not decide again. */
	trace.span = span.id ? span.id : trace_span_id();
	const struct rpc_question question = {
		.name = binding->names[method],
		.method = &binding->port->methods[method],
		.message = request,
		.time_left = left == INT64_MAX ? UINT64_MAX : (uint64_t)left,
		.caller = str_of(ash_caller(call)),
		.key = str_of(ash_idempotency_key(call)),
		.trace = &trace,
		.metadata = call->metadata ? &call->metadata->lists[ASH_METADATA_CAME] : NULL,
	};
	struct rpc_beside beside = {0};
	struct fault *fault = &call->request->fault;
	ash_status status =
		rpc_ask(binding->handlers, &question, &call->request->arena, reply, &beside, fault);
	status = tell_beside(call, &beside, status);
	call_span_end(call, &span, SPAN_CLIENT, binding->names[method], status,
		      status == ASH_OK ? NULL : fault->message);
	return status;
}
