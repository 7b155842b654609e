/* SPDX-License-Identifier: Apache-2.0 */
/* A line of any bytes as a traceparent, and the rest as a tracestate. What is taken can be written
 * and read again; what is passed on is a list that is passed on unchanged by the next. */
#include <stdlib.h>
#include <string.h>

#include "telemetry/trace_context.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_parent(struct str text)
{
	const struct trace_context before = {{1, 2}, 3, 4};
	struct trace_context context = before, again;
	char written[TRACEPARENT_SIZE], id[TRACE_ID_HEX + 1];
	uint64_t trace[2];
	if (!trace_parse(text, &context)) {
		check(memcmp(&context, &before, sizeof before) == 0);
		return;
	}
	check((context.trace[0] || context.trace[1]) && context.span);
	trace_format(&context, written);
	check(strlen(written) == TRACEPARENT_SIZE - 1 && trace_parse(str_of(written), &again));
	check(memcmp(context.trace, again.trace, sizeof again.trace) == 0);
	check(context.span == again.span && (context.flags & 3) == (again.flags & 3));
	/* What is written is what came, but for the version and flags that are not known here. */
	check(memcmp(written + 2, text.at + 2, TRACEPARENT_SIZE - 5) == 0);
	trace_id_format(&context, id);
	check(trace_id_parse(str_of(id), trace) && memcmp(trace, context.trace, sizeof trace) == 0);
}

static void check_state(struct str text)
{
	char copy[TRACE_STATE_LIMIT + 1], again[TRACE_STATE_LIMIT + 1];
	size_t length = trace_state_copy(text, copy);
	unsigned members = length > 0;
	check(length <= TRACE_STATE_LIMIT && copy[length] == '\0');
	for (size_t i = 0; i < length; i++) {
		check(copy[i] >= 0x20 || copy[i] == '\t');
		members += copy[i] == ',';
	}
	check(members <= 32);
	check(trace_state_copy((struct str){copy, length}, again) == length);
	check(memcmp(copy, again, length) == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct str text = {(const char *)data, size};
	ptrdiff_t end = str_find(text, '\n');
	check_parent(end < 0 ? text : str_first(text, (size_t)end));
	check_state(end < 0 ? text : str_from(text, (size_t)end + 1));
	return 0;
}
