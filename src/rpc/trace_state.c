/* SPDX-License-Identifier: Apache-2.0 */
/* The fields tracestate of a request. Knows no port. */
#include "rpc/trace_state.h"

#include "base/mem.h"
#include "http/token.h"

/* All fields as one list; with one field, which is usual, nothing is copied. */
static struct str join(const struct http_exchange *exchange, struct text *all)
{
	struct str name, value, first = {0};
	for (size_t i = 0; http_field_at(exchange, i, &name, &value); i++) {
		if (!http_equal(name, STR("tracestate")))
			continue;
		if (first.at && !all->length)
			text_add(all, first);
		if (first.at) {
			text_add_byte(all, ',');
			text_add(all, value);
		} else {
			first = value;
		}
	}
	return all->length ? text_str(all) : first;
}

void rpc_trace_state_take(const struct http_exchange *exchange, struct request *request)
{
	_cleanup_(text_release) struct text all = {0};
	char copy[TRACE_STATE_LIMIT + 1];
	struct str state = join(exchange, &all);
	size_t length = state.length && !all.failed ? trace_state_copy(state, copy) : 0;
	if (!length)
		return;
	struct str kept = arena_str(&request->arena, (struct str){copy, length});
	if (kept.at)
		request->trace_state = kept;
}
