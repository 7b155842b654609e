/* SPDX-License-Identifier: Apache-2.0 */
/* Events as CloudEvents in JSON (github.com/cloudevents/spec, 1.0.2): how they leave. */
#include <inttypes.h>

#include "base/base64.h"
#include "event/event.h"
#include "message/message.h"

static void add(struct text *out, const char *name, const char *value)
{
	text_addf(out, ",\"%s\":", name);
	text_add_json(out, str_of(value));
}

static ash_status add_data(const struct dead_letter *letter, struct text *out, struct fault *fault)
{
	if (!letter->type) {
		add(out, "datacontenttype", "application/protobuf");
		text_add(out, STR(",\"data_base64\":\""));
		text_add_base64(out, letter->payload, true);
		text_add(out, STR("\""));
		return ASH_OK;
	}
	_cleanup_(arena_release) struct arena arena = {0};
	const ProtobufCMessageDescriptor *type = letter->type->message;
	void *message = arena_alloc(&arena, type->sizeof_message);
	if (!message)
		return fault_memory(fault);
	ASH_TRY(message_decode(type, letter->payload, &arena, message, fault));
	add(out, "datacontenttype", "application/json");
	text_add(out, STR(",\"data\":"));
	return message_to_json(type, message, out, fault);
}

ash_status event_write_cloud(const struct dead_letter *letter, const char *source, struct text *out,
			     struct fault *fault)
{
	char time[LOG_TIME_SIZE];
	log_time(letter->published_at, time);
	text_addf(out, "{\"specversion\":\"1.0\",\"id\":\"%" PRId64 "\"", letter->id);
	_cleanup_(text_release) struct text from = {0};
	text_addf(&from, "%s/%s", source, letter->publisher);
	add(out, "source", text_str(&from).at);
	add(out, "type", letter->event);
	add(out, "time", time);
	if (letter->key[0])
		add(out, "partitionkey", letter->key);
	add(out, "traceparent", letter->trace);
	ASH_TRY(add_data(letter, out, fault));
	text_add(out, STR("}"));
	return out->failed || from.failed ? fault_memory(fault) : ASH_OK;
}
