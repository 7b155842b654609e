/* SPDX-License-Identifier: Apache-2.0 */
/* A failed request as a problem document (RFC 9457) that names its trace. */
#include "app/problem.h"

#include "base/mem.h"

void problem_answer(struct http_exchange *exchange, const struct request *request, int http_status)
{
	static const struct str END = {"}\n", 2};
	const struct fault *fault = &request->fault;
	_cleanup_(text_release) struct text body = {0};
	char trace[TRACE_ID_HEX + 1];
	int status = http_status ? http_status : http_status_of(fault->status);
	trace_id_format(&request->trace, trace);
	http_problem_write(&body, status, str_of(ash_status_name(fault->status)),
			   str_of(fault->message));
	if (body.failed) {
		http_problem_of(exchange, ASH_RESOURCE_EXHAUSTED,
				STR("there is no memory left to tell what failed"));
		return;
	}
	http_reset(exchange);
	http_set_status(exchange, status);
	http_add_field(exchange, STR("Content-Type"), STR("application/problem+json"));
	http_add_field(exchange, STR("Trace-Id"), str_of(trace));
	http_add_body(exchange, str_first(text_str(&body), body.length - END.length));
	http_add_body(exchange, STR(",\"trace_id\":\""));
	http_add_body(exchange, str_of(trace));
	http_add_body(exchange, STR("\"}\n"));
}
