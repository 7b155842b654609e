/* SPDX-License-Identifier: Apache-2.0 */
/* Splits over HTTP, for whoever operates the application. */
#include <stdio.h>

#include "app/admin.h"
#include "app/split_names.h"
#include "app/splits.h"
#include "base/mem.h"
#include "http/exchange.h"
#include "http/problem.h"

static const struct log_origin NOBODY = {0};

static void write_json(const struct splits_view *view, struct text *out)
{
	text_add(out, STR("{\"port\":"));
	text_add_json(out, str_of(view->port));
	if (view->method) {
		text_add(out, STR(",\"method\":"));
		text_add_json(out, str_of(view->method));
	}
	text_add(out, STR(",\"from\":"));
	text_add_json(out, str_of(view->from));
	text_add(out, STR(",\"to\":"));
	text_add_json(out, str_of(view->to));
	text_addf(out, ",\"share\":%u,\"file\":%u}", view->share, view->file);
}

static void answer_list(void *context, struct http_exchange *exchange,
			const struct http_match *match)
{
	const struct host *host = context;
	_cleanup_(text_release) struct text out = {0};
	struct splits_view view;
	(void)match;
	text_add(&out, STR("{\"splits\":["));
	for (size_t i = 0; splits_at(host->splits, i, &view); i++) {
		text_add(&out, i ? STR(",\n") : STR("\n"));
		write_json(&view, &out);
	}
	text_add(&out, STR("]}\n"));
	if (out.failed) {
		http_problem(exchange, 503, STR("there is no memory left"));
		return;
	}
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, text_str(&out));
}

static bool set(const struct host *host, struct str name, uint32_t share, struct fault *fault)
{
	const struct placement *placement = host->settings->placement;
	char who[BOARD_WHO_SIZE];
	snprintf(who, sizeof who, "/admin/ of %.80s", host->name);
	for (size_t i = 0; i < placement->split_count; i++) {
		const struct placement_split *split = &placement->splits[i];
		if (!placement_means(split, name))
			continue;
		if (splits_set(host->splits, split->name.text, share, who, fault) != ASH_OK)
			return false;
		log_write(&host->logger, LOG_WARN_LEVEL, &NOBODY,
			  "the split of %s is set to %u, by hand", split->name.text, share);
	}
	return true;
}

/* `name` is "PORT" or "PORT/METHOD". */
static void answer_name(struct host *host, struct http_exchange *exchange, struct str name,
			const struct http_match *match)
{
	_cleanup_(text_release) struct text told = {0};
	const struct placement *placement = host->settings->placement;
	struct fault fault;
	uint32_t share;
	if (!split_names_any(placement, name)) {
		split_names_none(placement, name, &told);
		http_problem(exchange, 404, text_str(&told));
	} else if (!placement_share(str_trim(http_body(exchange)), &share)) {
		http_problem(exchange, 400,
			     STR("the body is a share from 0% to 100%, such as 5% or 0.25%"));
	} else if (!set(host, name, share, &fault)) {
		http_problem(exchange, 503, str_of(fault.message));
	} else {
		answer_list(host, exchange, match);
	}
}

static void answer_set(void *context, struct http_exchange *exchange,
		       const struct http_match *match)
{
	_cleanup_(text_release) struct text name = {0};
	struct str method = http_param(match, STR("method"));
	if (!admin_may_change(exchange))
		return;
	text_add(&name, http_param(match, STR("port")));
	if (method.length)
		text_addf(&name, "/%.*s", STR_ARG(method));
	if (name.failed)
		http_problem(exchange, 503, STR("there is no memory left"));
	else
		answer_name(context, exchange, text_str(&name), match);
}

int admin_add_splits(struct host *host, struct http_router *router, struct error *error)
{
	if (!host->splits)
		return 0;
	if (http_router_add(router, "GET", "/admin/splits", answer_list, host, error) < 0)
		return -1;
	if (http_router_add(router, "POST", "/admin/splits/{port}", answer_set, host, error) < 0)
		return -1;
	return http_router_add(router, "POST", "/admin/splits/{port}/{method}", answer_set, host,
			       error);
}
