/* SPDX-License-Identifier: Apache-2.0 */
/* Problem documents. Knows statuses, and no call. */
#include "http/problem.h"

#include "base/mem.h"
#include "http/exchange.h"
#include "http/respond.h"

int http_status_of(ash_status status)
{
	static const int STATUSES[] = {
		[ASH_OK] = 200,
		[ASH_CANCELED] = 499,
		[ASH_UNKNOWN] = 500,
		[ASH_INVALID_ARGUMENT] = 400,
		[ASH_DEADLINE_EXCEEDED] = 504,
		[ASH_NOT_FOUND] = 404,
		[ASH_ALREADY_EXISTS] = 409,
		[ASH_PERMISSION_DENIED] = 403,
		[ASH_RESOURCE_EXHAUSTED] = 429,
		[ASH_FAILED_PRECONDITION] = 400,
		[ASH_ABORTED] = 409,
		[ASH_OUT_OF_RANGE] = 400,
		[ASH_UNIMPLEMENTED] = 501,
		[ASH_INTERNAL] = 500,
		[ASH_UNAVAILABLE] = 503,
		[ASH_DATA_LOSS] = 500,
		[ASH_UNAUTHENTICATED] = 401,
	};
	return (unsigned)status < sizeof STATUSES / sizeof *STATUSES ? STATUSES[status] : 500;
}

void http_problem_write(struct text *out, int status, struct str code, struct str detail)
{
	text_add(out, STR("{\"type\":\"about:blank\",\"title\":"));
	text_add_json(out, str_of(http_reason(status)));
	text_addf(out, ",\"status\":%d", status);
	if (detail.length) {
		text_add(out, STR(",\"detail\":"));
		text_add_json(out, detail);
	}
	if (code.length) {
		text_add(out, STR(",\"code\":"));
		text_add_json(out, code);
	}
	text_add(out, STR("}\n"));
}

static void answer(struct http_exchange *exchange, int status, struct str code, struct str detail)
{
	_cleanup_(text_release) struct text body = {0};
	http_reset(exchange);
	http_problem_write(&body, status, code, detail);
	http_set_status(exchange, body.failed ? 500 : status);
	http_add_field(exchange, STR("Content-Type"), STR("application/problem+json"));
	http_add_body(exchange, text_str(&body));
}

void http_problem(struct http_exchange *exchange, int status, struct str detail)
{
	answer(exchange, status, (struct str){0}, detail);
}

void http_problem_of(struct http_exchange *exchange, ash_status status, struct str message)
{
	answer(exchange, http_status_of(status), str_of(ash_status_name(status)), message);
}
