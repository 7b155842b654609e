/* SPDX-License-Identifier: Apache-2.0 */
/* The Connect protocol's client, unary. Knows how a message becomes a request and an answer a
 * reply or a failure; nothing of connections, retries and policies. An answer that could be
 * understood in two ways is a failure. */
#include "rpc/client.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/token.h"
#include "message/message.h"
#include "rpc/code.h"
#include "rpc/failure.h"
#include "rpc/gzip.h"
#include "rpc/metadata.h"
#include "rpc/query.h"
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
	struct http_desk *desk; /* its body is the message as it is sent */
	bool get;
	bool zipped;    /* the message is in gzip */
	bool oversized; /* the answer is over the limit */
	uint16_t bare;  /* as that of struct rpc_beside */
};

static void asking_release(struct asking *asking)
{
	http_client_leave_desk(asking->remote->client, asking->desk);
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
	struct text *plain = &asking->desk->body;
	ASH_TRY((asking->remote->json ? message_to_json : message_encode)(type, question->message,
									  plain, asking->fault));
	asking->zipped = asking->remote->gzip && plain->length >= asking->remote->gzip_from;
	if (!asking->zipped)
		return ASH_OK;
	ASH_TRY(rpc_gzip(text_str(plain), &asking->desk->scratch, asking->fault));
	struct text zipped = asking->desk->scratch;
	asking->desk->scratch = *plain;
	asking->desk->body = zipped;
	text_clear(&asking->desk->scratch);
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
	const struct rpc_query query = {
		.encoding = asking->remote->json ? STR("json") : STR("proto"),
		.compression = asking->zipped ? STR("gzip") : STR(""),
		.message = text_str(&asking->desk->body),
	};
	rpc_query_write(&query, &asking->desk->target);
}

static void write_target(struct asking *asking)
{
	const struct rpc_question *question = asking->question;
	text_add_byte(&asking->desk->target, '/');
	text_add(&asking->desk->target, str_of(question->name));
	asking->get = asking->remote->get && question->method->idempotency == ASH_NO_SIDE_EFFECTS &&
		      asking->desk->body.length < HTTP_TARGET_LIMIT / 2;
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
	struct text *fields = &asking->desk->fields;
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
	if (question->trace && question->trace_state.length)
		add_field(fields, STR("tracestate"), question->trace_state);
	if (question->metadata &&
	    !rpc_metadata_write(question->metadata, (struct str){"", 0}, add_field, fields))
		return fault_memory(asking->fault);
	if (asking->desk->target.failed || fields->failed || asking->desk->body.failed)
		return fault_memory(asking->fault);
	return ASH_OK;
}

/* What the connection says of itself, after what was asked over it. */
static ash_status name_failure(struct asking *asking, ash_status status)
{
	const struct fault why = *asking->fault;
	fault_set(asking->fault, status, "%s: %.900s", asking->question->name, why.message);
	return why.untried ? fault_untried(asking->fault, status) : status;
}

static ash_status send(struct asking *asking)
{
	const struct rpc_question *question = asking->question;
	uint64_t now = clock_monotonic();
	struct http_request request = {
		.method = asking->get ? STR("GET") : STR("POST"),
		.target = text_str(&asking->desk->target),
		.fields = text_str(&asking->desk->fields),
		.body = text_str(&asking->desk->body),
		.repeatable = question->method->idempotency != ASH_IDEMPOTENCY_UNKNOWN ||
			      question->key.length > 0,
		.deadline = question->time_left < UINT64_MAX - now ? now + question->time_left
								   : UINT64_MAX,
		.cancel = question->cancel,
	};
	const struct rpc_remote *remote = asking->remote;
	struct http_reply *reply = &asking->desk->reply;
	reply->answer.status = 0;
	reply->from = NULL;
	ash_status status =
		remote->replicas
			? http_replicas_call(remote->replicas, &request,
					     question->worker ? HTTP_DOWN_NEVER : HTTP_DOWN_LAST,
					     reply, asking->fault)
			: http_client_call(remote->client, &request, reply, asking->fault);
	asking->oversized = status == ASH_RESOURCE_EXHAUSTED && reply->answer.status;
	return status == ASH_OK ? ASH_OK : name_failure(asking, status);
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
	const struct http_reply *reply = &asking->desk->reply;
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

/* What is wrong with an answer, after who gave it. */
static ash_status name_answer(struct asking *asking, ash_status status)
{
	const struct fault why = *asking->fault;
	return fault_set(asking->fault, status, "%s: %s: %.800s", asking->question->name,
			 asking->desk->reply.from, why.message);
}

/* The body as it was before it was compressed. An empty one never was. */
static ash_status unpack(struct asking *asking, struct str *body)
{
	const struct http_reply *reply = &asking->desk->reply;
	struct str coding = http_reply_field(reply, STR("content-encoding"));
	size_t limit = message_limit(asking->remote);
	*body = reply->body;
	if (!body->length)
		return ASH_OK;
	if (http_equal(coding, STR("gzip"))) {
		ash_status status = rpc_gunzip(*body, limit, &asking->desk->scratch, asking->fault);
		*body = text_str(&asking->desk->scratch);
		asking->oversized = status == ASH_RESOURCE_EXHAUSTED;
		if (status == ASH_INVALID_ARGUMENT)
			return fault_set(asking->fault, ASH_INTERNAL,
					 "%s: %s answered with a broken gzip",
					 asking->question->name, reply->from);
		return status == ASH_OK ? ASH_OK : name_answer(asking, status);
	}
	if (coding.length && !http_equal(coding, STR("identity")))
		return fault_set(asking->fault, ASH_INTERNAL,
				 "%s answered in the encoding \"%.*s\", which nobody asked for",
				 asking->question->name,
				 coding.length < 64 ? (int)coding.length : 64, coding.at);
	asking->oversized = body->length > limit;
	if (asking->oversized)
		return fault_set(asking->fault, ASH_RESOURCE_EXHAUSTED,
				 "%s: %s answered with %zu bytes; the limit is %zu",
				 asking->question->name, reply->from, body->length, limit);
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
	const struct http_reply *reply = &asking->desk->reply;
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
	asking->bare = reply->answer.status;
	return fault_set(asking->fault, otherwise,
			 "%s: %s answered HTTP status %u with neither a reply nor a failure of the "
			 "Connect protocol, as a proxy or another program does",
			 asking->question->name, reply->from, reply->answer.status);
}

static ash_status check_type(struct asking *asking)
{
	struct str type = media_type(&asking->desk->reply);
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

static ash_status read_answer(struct asking *asking, void *reply, struct rpc_beside *beside)
{
	ASH_TRY(read_beside(asking, beside));
	return asking->desk->reply.answer.status == 200 ? read_reply(asking, reply)
							: read_failure(asking);
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
		.desk = http_client_take_desk(remote->client),
	};
	if (!asking.desk)
		return fault_memory(asking.fault);
	ASH_TRY(encode(&asking));
	write_target(&asking);
	ASH_TRY(write_fields(&asking));
	ash_status status = send(&asking);
	if (status == ASH_OK)
		status = read_answer(&asking, reply, beside);
	if (beside) {
		beside->from = asking.desk->reply.from;
		beside->bare = asking.bare;
		beside->oversized = asking.oversized;
	}
	return status;
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

/* A failure as it is between processes of one application: an older callee, which does not know the
 * method, has not failed; one that answers too much has, and it is not the asker who wants too
 * much. */
static ash_status judge(const struct rpc_question *question, const struct rpc_beside *beside,
			struct fault *fault)
{
	const struct fault_detail *details = fault->details;
	if (beside->oversized)
		fault->status = ASH_INTERNAL;
	else if (beside->bare == 404 || beside->bare == 405 || beside->bare == 501)
		fault_set(fault, ASH_UNIMPLEMENTED,
			  "%s: %s does not serve it: it answered HTTP status %u", question->name,
			  beside->from, beside->bare);
	else if (!fault->message[0])
		fault_set(fault, fault->status, "%s: %s answered %s and said no more",
			  question->name, beside->from ? beside->from : "the remote",
			  ash_status_name(fault->status));
	fault->details = details;
	return fault->status;
}

/* Others wait for the thread of a worker, so that it does not wait for one process for long. */
static uint64_t time_left(const struct rpc_remote *remote, const ash_call *call)
{
	int64_t left = ash_time_left(call);
	uint64_t all = left == INT64_MAX ? UINT64_MAX : (uint64_t)left;
	bool bounded = call->request->worker && remote->patience;
	return bounded && remote->patience < all ? remote->patience : all;
}

ash_status rpc_invoke(const struct binding *binding, uint16_t method, ash_call *call,
		      const void *request, void *reply)
{
	const struct rpc_remote *remote = binding->handlers;
	struct call_span span = call_span_begin(call);
	struct trace_context trace = call->request->trace;
	/* One that is not sampled is told, too, so that the callee does not decide again. */
	trace.span = span.id ? span.id : trace_span_id();
	const struct rpc_question question = {
		.name = binding->names[method],
		.method = &binding->port->methods[method],
		.message = request,
		.time_left = time_left(remote, call),
		.worker = call->request->worker,
		.caller = str_of(ash_caller(call)),
		.key = str_of(ash_idempotency_key(call)),
		.trace = &trace,
		.trace_state = call->request->trace_state,
		.metadata = call->metadata ? &call->metadata->lists[ASH_METADATA_CAME] : NULL,
	};
	struct rpc_beside beside = {0};
	struct fault *fault = &call->request->fault;
	ash_status status =
		rpc_ask(remote, &question, &call->request->arena, reply, &beside, fault);
	if (status != ASH_OK)
		status = judge(&question, &beside, fault);
	status = tell_beside(call, &beside, status);
	call_span_end(call, &span, SPAN_CLIENT, binding->names[method], status,
		      status == ASH_OK ? NULL : fault->message);
	return status;
}
