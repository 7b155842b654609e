/* SPDX-License-Identifier: Apache-2.0 */
/* Spans as an ExportTraceServiceRequest in OTLP's JSON. Spans of one module share a scope, so that
 * a collector shows who did the work. */
#include <inttypes.h>

#include "telemetry/export.h"

static void add_attribute(struct text *out, const char *before, const char *key, const char *value)
{
	text_addf(out, "%s{\"key\":\"%s\",\"value\":{\"stringValue\":", before, key);
	text_add_json(out, str_of(value));
	text_add(out, STR("}}"));
}

static void write_resource(const struct export_options *options, struct text *out)
{
	text_add(out, STR("\"resource\":{\"attributes\":["));
	add_attribute(out, "", "service.name", options->service);
	if (options->version)
		add_attribute(out, ",", "service.version", options->version);
	if (options->instance)
		add_attribute(out, ",", "service.instance.id", options->instance);
	text_add(out, STR("]}"));
}

/* OTLP: 0 unset, 2 error. A status that is not ASH_OK says why in its message. */
static void write_status(const struct span *span, struct text *out)
{
	if (span->status == ASH_OK) {
		text_add(out, STR(",\"status\":{}"));
		return;
	}
	text_add(out, STR(",\"status\":{\"code\":2,\"message\":"));
	text_add_json(out, str_of(span->detail[0] ? span->detail : ash_status_name(span->status)));
	text_add(out, STR("}"));
}

static void write_span(const struct span *span, struct text *out)
{
	struct trace_context trace = {.trace = {span->trace[0], span->trace[1]}};
	char trace_id[TRACE_ID_HEX + 1], id[SPAN_ID_HEX + 1], parent[SPAN_ID_HEX + 1];
	trace_id_format(&trace, trace_id);
	span_id_format(span->id, id);
	span_id_format(span->parent, parent);
	text_addf(out, "{\"traceId\":\"%s\",\"spanId\":\"%s\"", trace_id, id);
	if (span->parent != 0)
		text_addf(out, ",\"parentSpanId\":\"%s\"", parent);
	text_add(out, STR(",\"name\":"));
	text_add_json(out, str_of(span->name));
	text_addf(out,
		  ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRId64
		  "\",\"endTimeUnixNano\":\"%" PRId64 "\",\"attributes\":[",
		  (int)span->kind, span->start, span->start + (int64_t)span->duration);
	add_attribute(out, "", "ashlar.module", span->module);
	add_attribute(out, ",", "ashlar.owner", span->owner);
	if (span->detail[0])
		add_attribute(out, ",", "ashlar.detail", span->detail);
	if (span->status != ASH_OK)
		add_attribute(out, ",", "ashlar.status", ash_status_name(span->status));
	text_add(out, STR("]"));
	write_status(span, out);
	text_add(out, STR("}"));
}

/* Whether an earlier span has the same scope. Modules are few: their names are compared by
 * address first. */
static bool is_first_of_scope(const struct span *spans, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (spans[i].module == spans[index].module ||
		    str_equal(str_of(spans[i].module), str_of(spans[index].module)))
			return false;
	return true;
}

static void write_scope(const struct span *spans, size_t first, size_t count, struct text *out)
{
	const char *module = spans[first].module, *comma = "";
	text_addf(out, "%s{\"scope\":{\"name\":", first ? "," : "");
	text_add_json(out, str_of(module));
	text_add(out, STR("},\"spans\":["));
	for (size_t i = first; i < count; i++) {
		if (!str_equal(str_of(spans[i].module), str_of(module)))
			continue;
		text_add(out, str_of(comma));
		write_span(&spans[i], out);
		comma = ",";
	}
	text_add(out, STR("]}"));
}

void export_write(const struct export_options *options, const struct span *spans, size_t count,
		  struct text *out)
{
	text_add(out, STR("{\"resourceSpans\":[{"));
	write_resource(options, out);
	text_add(out, STR(",\"scopeSpans\":["));
	for (size_t i = 0; i < count; i++)
		if (is_first_of_scope(spans, i))
			write_scope(spans, i, count, out);
	text_add(out, STR("]}]}"));
}
