/* SPDX-License-Identifier: Apache-2.0 */
/* Policies over HTTP, for whoever operates the application. A browser on the same machine must not
 * be able to send what changes anything, whatever page it shows: such a request needs a field that
 * pages of other sites cannot set, and a host that is no name, which could be made to mean us. */
#include "app/admin.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "app/address.h"
#include "app/policies.h"
#include "base/mem.h"
#include "http/exchange.h"
#include "http/problem.h"

/* Nobody sends much here. */
#define ADMIN_THREADS     4
#define ADMIN_CONNECTIONS 64
#define ADMIN_BODY_LIMIT  ((size_t)4096)

struct admin {
	struct http_router *router;
	struct http_server *server;
};

static const struct log_origin NOBODY = {0};

/* ---- what stands in an answer ---- */

static void write_json(const struct policies_item *item, const struct policy_view *view,
		       struct text *out)
{
	const struct breaker_view *breaker = &view->breaker;
	text_add(out, STR("{\"name\":"));
	text_add_json(out, str_of(policies_name(item)));
	text_add(out, STR(",\"policy\":"));
	text_add_json(out, str_of(item->said->name.text));
	text_addf(out, ",\"state\":\"%s\",\"wait_ms\":%llu,\"opened\":%llu",
		  breaker_state_name(breaker->state), (unsigned long long)breaker->wait / 1000000,
		  (unsigned long long)breaker->opened);
	text_addf(out, ",\"window\":{\"calls\":%u,\"failed\":%u,\"slow\":%u}", breaker->calls,
		  breaker->failures, breaker->slow);
	text_addf(out, ",\"bulkhead\":{\"inside\":%u,\"waiting\":%u}", view->inside, view->waiting);
	text_addf(out,
		  ",\"calls\":%llu,\"failed\":%llu,\"retries\":%llu,\"timeouts\":%llu,"
		  "\"fallbacks\":%llu,\"refused\":{",
		  (unsigned long long)view->calls, (unsigned long long)view->failed,
		  (unsigned long long)view->retries, (unsigned long long)view->timed_out,
		  (unsigned long long)view->fallbacks);
	for (int i = 0; i < POLICY_REFUSALS; i++)
		text_addf(out, "%s\"%s\":%llu", i ? "," : "",
			  policy_refusal_name((enum policy_refusal)i),
			  (unsigned long long)view->refused[i]);
	text_add(out, STR("}}"));
}

#define ROW "%-*s  %-12s  %-12s  %7s  %7s  %7s  %9s  %6s\n"

static void write_row(const struct policies_item *item, const struct policy_view *view, int width,
		      struct text *out)
{
	char numbers[5][24];
	uint64_t refused = 0;
	for (int i = 0; i < POLICY_BY_BUDGET; i++)
		refused += view->refused[i];
	const uint64_t values[5] = {view->breaker.calls, view->breaker.failures, view->breaker.slow,
				    refused, view->inside};
	for (int i = 0; i < 5; i++)
		snprintf(numbers[i], sizeof numbers[i], "%llu", (unsigned long long)values[i]);
	text_addf(out, ROW, width, policies_name(item), item->said->name.text,
		  breaker_state_name(view->breaker.state), numbers[0], numbers[1], numbers[2],
		  numbers[3], numbers[4]);
}

static bool wants_text(const struct http_exchange *exchange)
{
	return str_starts(http_field(exchange, STR("Accept")), STR("text/plain"));
}

static int widest(const struct policies *policies)
{
	size_t width = strlen("METHOD");
	for (const struct policies_item *item = policies_first(policies); item; item = item->next)
		if (strlen(policies_name(item)) > width)
			width = strlen(policies_name(item));
	return (int)width;
}

/* Answers with those that the name means; with all where it is empty. */
static void answer_items(const struct host *host, struct http_exchange *exchange, struct str name)
{
	_cleanup_(text_release) struct text out = {0};
	bool plain = wants_text(exchange), first = true;
	int width = widest(host->policies);
	if (plain)
		text_addf(&out, ROW, width, "METHOD", "POLICY", "STATE", "CALLS", "FAILED", "SLOW",
			  "REFUSED", "INSIDE");
	else
		text_add(&out, STR("{\"breakers\":["));
	for (const struct policies_item *item = policies_first(host->policies); item;
	     item = item->next) {
		struct policy_view view;
		if (name.length && !policies_means(item, name))
			continue;
		policies_look(host->policies, item, &view);
		if (!plain)
			text_add(&out, first ? STR("\n") : STR(",\n"));
		if (plain)
			write_row(item, &view, width, &out);
		else
			write_json(item, &view, &out);
		first = false;
	}
	if (!plain)
		text_add(&out, STR("]}\n"));
	if (out.failed) {
		http_problem(exchange, 503, STR("there is no memory left"));
		return;
	}
	http_add_field(exchange, STR("Content-Type"),
		       plain ? STR("text/plain; charset=utf-8") : STR("application/json"));
	http_add_body(exchange, text_str(&out));
}

static void answer_wrong(struct http_exchange *exchange, int status, const char *why)
{
	if (!wants_text(exchange)) {
		http_problem(exchange, status, str_of(why));
		return;
	}
	http_set_status(exchange, status);
	http_add_field(exchange, STR("Content-Type"), STR("text/plain; charset=utf-8"));
	http_add_body(exchange, str_of(why));
	http_add_body(exchange, STR("\n"));
}

/* Tells that there is no such thing, and which may be meant. */
static void answer_missing(struct http_exchange *exchange, const char *what, struct str wrong,
			   struct str near)
{
	char why[512];
	snprintf(why, sizeof why, "there is no %s '%.*s'%s%.*s%s", what,
		 STR_ARG(str_first(wrong, 150)), near.length ? "; did you mean '" : "",
		 STR_ARG(str_first(near, 150)), near.length ? "'?" : "");
	answer_wrong(exchange, 404, why);
}

/* ---- who may ask ---- */

/* Whether the host that is asked is an address, or this machine by name. */
static bool is_no_name(struct str host)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[sizeof(struct in6_addr)];
	bool six = host.length && host.at[0] == '[';
	ptrdiff_t end = six ? str_find(host, ']') : str_find(host, ':');
	host = end < 0 ? host : str_first(host, (size_t)end);
	host = six ? str_from(host, 1) : host;
	snprintf(text, sizeof text, "%.*s", STR_ARG(str_first(host, sizeof text - 1)));
	return str_equal(host, STR("localhost")) ||
	       inet_pton(six ? AF_INET6 : AF_INET, text, address) == 1;
}

bool admin_may_change(struct http_exchange *exchange)
{
	if (http_field(exchange, STR("Ashlar-Admin")).at && is_no_name(http_authority(exchange)))
		return true;
	answer_wrong(exchange, 403,
		     "changes need the header Ashlar-Admin, and an address as their host: pages "
		     "that a browser shows cannot make them");
	return false;
}

/* ---- routes ---- */

static void answer_list(void *context, struct http_exchange *exchange,
			const struct http_match *match)
{
	(void)match;
	answer_items(context, exchange, (struct str){0});
}

static bool is_any(const struct policies *policies, struct str name)
{
	const struct policies_item *item = policies_first(policies);
	while (item && !policies_means(item, name))
		item = item->next;
	return item != NULL;
}

static void answer_no_item(const struct host *host, struct http_exchange *exchange, struct str name)
{
	struct str near = policies_nearest(host->policies, http_arena(exchange), name);
	answer_missing(exchange, "port or method with a policy", name, near);
}

/* The action of that name, or POLICIES_ACTIONS. */
static size_t find_action(struct str name, struct str *near)
{
	struct str names[POLICIES_ACTIONS];
	for (size_t i = 0; i < POLICIES_ACTIONS; i++) {
		names[i] = str_of(policies_action_name(i));
		if (str_equal(names[i], name))
			return i;
	}
	*near = str_nearest(name, names, POLICIES_ACTIONS);
	return POLICIES_ACTIONS;
}

/* "PORT" or "PORT/METHOD" of the path. */
static void answer_name(void *context, struct http_exchange *exchange,
			const struct http_match *match)
{
	const struct host *host = context;
	_cleanup_(text_release) struct text name = {0};
	struct str method = http_param(match, STR("method"));
	text_add(&name, http_param(match, STR("port")));
	if (method.length)
		text_addf(&name, "/%.*s", STR_ARG(method));
	if (name.failed)
		http_problem(exchange, 503, STR("there is no memory left"));
	else if (!is_any(host->policies, text_str(&name)))
		answer_no_item(host, exchange, text_str(&name));
	else
		answer_items(host, exchange, text_str(&name));
}

static void answer_action(void *context, struct http_exchange *exchange,
			  const struct http_match *match)
{
	const struct host *host = context;
	struct str named = http_param(match, STR("action")), near = {0};
	struct str name = str_trim(http_body(exchange));
	size_t action = find_action(named, &near);
	if (!admin_may_change(exchange))
		return;
	if (action == POLICIES_ACTIONS) {
		answer_missing(exchange, "action", named, near);
		return;
	}
	if (policies_act(host->policies, (enum policies_action)action, name) == 0) {
		answer_no_item(host, exchange, name);
		return;
	}
	log_write(&host->logger, LOG_WARN_LEVEL, &NOBODY, "breakers %s %.*s, by hand",
		  policies_action_name(action), STR_ARG(name));
	answer_items(host, exchange, name);
}

static int add_routes(struct host *host, struct http_router *router, struct error *error)
{
	if (http_router_add(router, "GET", "/admin/breakers", answer_list, host, error) < 0 ||
	    http_router_add(router, "GET", "/admin/breakers/{port}", answer_name, host, error) <
		    0 ||
	    http_router_add(router, "GET", "/admin/breakers/{port}/{method}", answer_name, host,
			    error) < 0)
		return -1;
	if (http_router_add(router, "POST", "/admin/breakers/{action}", answer_action, host,
			    error) < 0)
		return -1;
	return admin_add_splits(host, router, error);
}

/* ---- where it is answered ---- */

static bool is_loopback(const char *address)
{
	struct in_addr four;
	return strcmp(address, "::1") == 0 || address[0] == '/' ||
	       (inet_pton(AF_INET, address, &four) == 1 && ntohl(four.s_addr) >> 24 == 127);
}

static bool is_any_address(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

/* Whether two listeners would be at one address; port 0 is any that is free. */
static bool is_taken(const struct settings *settings)
{
	const char *own = settings->admin_address, *other = settings->address;
	return own && own[0] != '/' && settings->admin_port &&
	       settings->admin_port == settings->port &&
	       (settings->role != ROLE_WORKER || settings->listens) &&
	       (strcmp(own, other) == 0 || is_any_address(own) || is_any_address(other));
}

int admin_add(struct host *host, struct error_list *errors, struct error *error)
{
	const struct settings *settings = host->settings;
	if (is_taken(settings))
		settings_mistake(settings, "admin", errors,
				 "%s:%u is where all else is answered (%s:%u); say 'true' to have "
				 "both there, or another port",
				 settings->admin_address, settings->admin_port, settings->address,
				 settings->port);
	if (!settings->admin_shared)
		return 0;
	if (!is_loopback(settings->address)) {
		settings_mistake(settings, "admin", errors,
				 "'true' would let whoever reaches %s open circuits; give it an "
				 "address of its own, such as 127.0.0.1:9090",
				 settings->address);
		return 0;
	}
	return add_routes(host, host->router, error);
}

static int start(struct host *host, struct admin *admin, struct error *error)
{
	const struct http_server_options options = {
		.address = host->settings->admin_address,
		.port = host->settings->admin_port,
		.loops = 1,
		.threads = ADMIN_THREADS,
		.connections = ADMIN_CONNECTIONS,
		.body_limit = ADMIN_BODY_LIMIT,
		.private = true,
		.handle = http_router_handle,
		.context = admin->router,
	};
	if (add_routes(host, admin->router, error) < 0 ||
	    host_add_inspection(host, admin->router, error) < 0 ||
	    http_router_build(admin->router, error) < 0)
		return -1;
	return http_server_start(&options, &admin->server, error);
}

ash_status admin_start(struct host *host, struct admin **out, struct fault *fault)
{
	const struct settings *settings = host->settings;
	struct error error;
	struct fault why;
	if (!settings->admin_address)
		return ASH_OK;
	struct admin *admin = mem_alloc(sizeof *admin);
	if (!admin || !(admin->router = http_router_new())) {
		admin_free(admin);
		return fault_memory(fault);
	}
	if (start(host, admin, &error) == 0) {
		*out = admin;
		return ASH_OK;
	}
	admin_free(admin);
	address_refused(settings->admin_address, settings->admin_port, &error, &why);
	return fault_set(fault, why.status, "admin: %.1000s", why.message);
}

void admin_free(struct admin *admin)
{
	if (!admin)
		return;
	http_server_free(admin->server);
	http_router_free(admin->router);
	mem_free(admin);
}

const char *admin_address(const struct settings *settings, struct arena *arena)
{
	const char *address = settings->admin_shared ? settings->address : settings->admin_address;
	uint16_t port = settings->admin_shared ? settings->port : settings->admin_port;
	if (!address)
		return NULL;
	if (address[0] == '/')
		return arena_format(arena, "unix:%s", address);
	if (strcmp(address, "0.0.0.0") == 0)
		address = "127.0.0.1";
	if (strcmp(address, "::") == 0)
		address = "::1";
	bool six = strchr(address, ':');
	bool secure = settings->admin_shared && settings->tls_certificate;
	return arena_format(arena, "http%s://%s%s%s:%u", secure ? "s" : "", six ? "[" : "", address,
			    six ? "]" : "", port);
}
