/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/router.h"
#include "http/server.h"

static struct http_router *router;
static struct http_server *server;

static void show(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	static const char *const NAMES[] = {"id", "item", "path"};
	http_add_body(exchange, str_of(context));
	for (int i = 0; i < 3; i++) {
		struct str value = http_param(match, str_of(NAMES[i]));
		if (!value.at)
			continue;
		http_add_body(exchange, STR(" <"));
		http_add_body(exchange, value);
		http_add_body(exchange, STR(">"));
	}
}

/* Blocks until that was noticed, and then for longer than a handler may that does not block. */
static void sleeps(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	while (!http_has_blocked(exchange))
		usleep(1000);
	usleep(4000);
	http_add_body(exchange, http_match_pattern(match));
	(void)context;
}

static int add(struct http_router *to, const char *method, const char *pattern, struct error *error)
{
	return http_router_add(to, method, pattern, show, (void *)(uintptr_t)pattern, error);
}

static int start(void **state)
{
	static const char *const ROUTES[][2] = {
		{"GET", "/"},
		{"GET", "/orders"},
		{"POST", "/orders"},
		{"GET", "/orders/{id}"},
		{"PUT", "/orders/{id}"},
		{"GET", "/orders/new"},
		{"POST", "/orders/new/{item}"},
		{"GET", "/orders/{id}/items/{item}"},
		{"GET", "/files/{path...}"},
		{"GET", "/files/special"},
		{"GET", "/files/{id}/info"},
		{"GET", "/slash/"},
		{"HEAD", "/orders/new"},
	};
	struct error error;
	(void)state;
	router = http_router_new();
	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
		assert_int_equal(add(router, ROUTES[i][0], ROUTES[i][1], &error), 0);
	assert_int_equal(http_router_add(router, "GET", "/sleep", sleeps, NULL, &error), 0);
	assert_int_equal(http_router_build(router, &error), 0);
	struct http_server_options options = {.handle = http_router_handle, .context = router};
	return http_server_start(&options, &server, &error);
}

static int stop(void **state)
{
	(void)state;
	http_server_free(server);
	http_router_free(router);
	return 0;
}

static void check(const char *line, const char *begin, const char *end)
{
	_cleanup_(text_release) struct text request = {0}, answer = {0};
	text_addf(&request, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", line);
	client_exchange(http_server_port(server), text_str(&request), &answer);
	if (!str_starts(text_str(&answer), str_of(begin)) || !strstr(answer.at, end))
		fail_msg("%s gives %s", line, answer.at);
}

static void best_pattern_answers(void **state)
{
	static const char *const CASES[][2] = {
		{"GET /", "\r\n\r\n/"},
		{"GET /?a=b", "\r\n\r\n/"},
		{"GET /orders", "\r\n\r\n/orders"},
		{"GET /orders/7", "\r\n\r\n/orders/{id} <7>"},
		{"GET /orders/new", "\r\n\r\n/orders/new"},
		{"GET /orders/new/items/x", "\r\n\r\n/orders/{id}/items/{item} <new> <x>"},
		{"GET /orders/a%2Fb%20c", "\r\n\r\n/orders/{id} <a/b c>"},
		{"GET /orders/%6Eew", "\r\n\r\n/orders/new"},
		{"PUT /orders/new", "\r\n\r\n/orders/{id} <new>"},
		{"GET /files/", "\r\n\r\n/files/{path...} <>"},
		{"GET /files/a/b//c", "\r\n\r\n/files/{path...} <a/b//c>"},
		{"GET /files/a/info", "\r\n\r\n/files/{id}/info <a>"},
		{"GET /files/special", "\r\n\r\n/files/special"},
		{"GET /files/special/info", "\r\n\r\n/files/{id}/info <special>"},
		{"GET /files/a/info/b", "\r\n\r\n/files/{path...} <a/info/b>"},
		{"GET /files//info", "\r\n\r\n/files/{path...} </info>"},
		{"GET /slash/", "\r\n\r\n/slash/"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
		check(CASES[i][0], "HTTP/1.1 200 OK\r\n", CASES[i][1]);
}

static void what_has_no_route_is_a_problem(void **state)
{
	static const char *const MISSING[] = {"GET /none",  "GET /orders/", "GET /orders/1/items/",
					      "GET /slash", "GET /files",   "GET /orders/1/items"};
	(void)state;
	for (size_t i = 0; i < sizeof MISSING / sizeof *MISSING; i++)
		check(MISSING[i], "HTTP/1.1 404 ", "Content-Type: application/problem+json\r\n");
	check("DELETE /orders/1", "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD, PUT\r\n");
	check("DELETE /orders/new", "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD, PUT\r\n");
	check("OPTIONS /orders", "HTTP/1.1 204 ", "\r\nAllow: GET, HEAD, POST\r\n");
	check("HEAD /orders", "HTTP/1.1 200 ", "Content-Length: 7\r\n");
}

/* Answers all that it is asked for below /taken. */
static bool take_some(void *context, struct http_exchange *exchange, bool caught)
{
	(void)context;
	if (!str_starts(http_path(exchange), STR("/taken")))
		return false;
	http_add_body(exchange, caught ? STR("taken from a route") : STR("taken"));
	return true;
}

static void another_may_answer_before_a_route_of_any_path(void **state)
{
	static const char *const ROUTES[][2] = {{"GET", "/taken/by/name"},
						{"GET", "/taken/{path...}"},
						{"PUT", "/{a}/{b}"},
						{"GET", "/{path...}"}};
	struct http_server *outer = server;
	struct error error;
	(void)state;
	struct http_router *own = http_router_new();
	const struct http_server_options options = {.handle = http_router_handle, .context = own};
	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
		assert_int_equal(add(own, ROUTES[i][0], ROUTES[i][1], &error), 0);
	http_router_otherwise(own, take_some, NULL);
	assert_int_equal(http_router_build(own, &error), 0);
	assert_int_equal(http_server_start(&options, &server, &error), 0);
	check("GET /taken/by/name", "HTTP/1.1 200 ", "\r\n\r\n/taken/by/name");
	check("GET /taken/a", "HTTP/1.1 200 ", "\r\n\r\n/taken/{path...} <a>");
	check("GET /taken", "HTTP/1.1 200 ", "\r\n\r\ntaken from a route");
	check("PUT /taken/a", "HTTP/1.1 200 ", "\r\n\r\ntaken from a route");
	check("POST /taken/a", "HTTP/1.1 200 ", "\r\n\r\ntaken");
	check("GET /other", "HTTP/1.1 200 ", "\r\n\r\n/{path...} <other>");
	check("POST /other", "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n");
	http_server_free(server);
	http_router_free(own);
	server = outer;
}

static void bad_paths_are_refused(void **state)
{
	static const char *const BAD[] = {
		"GET /orders/..", "GET /files/../x", "GET /files/%2e%2E/x", "GET /files/./x",
		"GET /orders/%",  "GET /orders/%4",  "GET /orders/%zz",     "GET /orders/%00"};
	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		check(BAD[i], "HTTP/1.1 400 ", "a part that is not allowed");
}

static void long_paths_are_not_found(void **state)
{
	_cleanup_(text_release) struct text line = {0};
	(void)state;
	text_add(&line, STR("GET /files"));
	for (int i = 0; i < HTTP_SEGMENT_LIMIT + 5; i++)
		text_add(&line, STR("/a"));
	check(line.at, "HTTP/1.1 404 ", "problem");
}

static void route_that_blocks_gets_a_thread_of_its_own(void **state)
{
	struct http_counters counters;
	(void)state;
	for (int i = 0; i < 2; i++)
		check("GET /sleep", "HTTP/1.1 200 ", "\r\n\r\n/sleep");
	http_server_count(server, &counters);
	assert_int_equal(counters.deferred, 0); /* it has no habit yet */
	/* A slow machine has the loop taken away before that is asked for, now and then. */
	client_wait_for((check("GET /sleep", "HTTP/1.1 200 ", "\r\n\r\n/sleep"),
			 http_server_count(server, &counters), counters.deferred >= 6));
}

static void bad_routes_are_errors(void **state)
{
	static const struct {
		const char *method, *pattern;
		enum error_code code;
	} CASES[] = {
		{"GET", "orders", ERROR_SYNTAX},    {"GET", "", ERROR_SYNTAX},
		{"GET", "/a?b", ERROR_SYNTAX},      {"GET", "/a b", ERROR_SYNTAX},
		{"GET", "/{}", ERROR_SYNTAX},       {"GET", "/a{b}", ERROR_SYNTAX},
		{"GET", "/{b}c", ERROR_SYNTAX},     {"GET", "/{...}", ERROR_SYNTAX},
		{"GET", "/{a...}/b", ERROR_SYNTAX}, {"GET", "/{a}/{a}", ERROR_SYNTAX},
		{"", "/a", ERROR_SYNTAX},           {"G T", "/a", ERROR_SYNTAX},
	};
	_cleanup_(http_router_freep) struct http_router *other = http_router_new();
	struct error error;
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_int_equal(add(other, CASES[i].method, CASES[i].pattern, &error), -1);
		assert_int_equal(error.code, CASES[i].code);
	}
	assert_int_equal(add(other, "GET", "/a/{b}/c", &error), 0);
	assert_int_equal(add(other, "POST", "/a/{b}/c", &error), 0);
	assert_int_equal(add(other, "GET", "/a/{x}/c", &error), 0);
	assert_int_equal(http_router_build(other, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
	assert_non_null(strstr(error.message, "/a/{b}/c"));
	assert_non_null(strstr(error.message, "/a/{x}/c"));
}

static void overlaps_are_bounded(void **state)
{
	_cleanup_(http_router_freep) struct http_router *other = http_router_new();
	struct error error;
	(void)state;
	for (int depth = 0; depth < 20; depth++) {
		_cleanup_(text_release) struct text pattern = {0};
		for (int i = 0; i < 20; i++)
			text_addf(&pattern, i == depth ? "/x" : "/{p%d}", i);
		assert_int_equal(add(other, "GET", pattern.at, &error), 0);
	}
	assert_int_equal(http_router_build(other, &error), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
}

static void many_routes_are_no_trouble(void **state)
{
	_cleanup_(http_router_freep) struct http_router *other = http_router_new();
	_cleanup_(arena_release) struct arena arena = {0};
	struct error error;
	(void)state;
	for (int i = 0; i < HTTP_ROUTE_LIMIT; i++) {
		char pattern[40];
		snprintf(pattern, sizeof pattern, "/part%d/{id}", i);
		assert_int_equal(add(other, "GET", pattern, &error), 0);
	}
	assert_int_equal(add(other, "GET", "/one/more", &error), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	assert_int_equal(http_router_build(other, &error), 0);
	assert_string_equal(http_router_find(other, &arena, STR("GET"), STR("/part77/x")).at,
			    "/part77/{id}");
}

/* The slow and obvious model: does a pattern fit, and which of two is better, part by part. */
static const char *PARTS[] = {"a", "b", "{x}", "{y...}"};

static bool model_fits(const int *pattern, size_t count, const int *path, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (pattern[i] == 3)
			return length > i;
		if (i >= length || (pattern[i] < 2 && pattern[i] != path[i]))
			return false;
	}
	return count == length;
}

static int model_rank(int part)
{
	return part < 2 ? 0 : part - 1;
}

static bool model_better(const int *a, size_t a_count, const int *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && i < b_count; i++)
		if (model_rank(a[i]) != model_rank(b[i]))
			return model_rank(a[i]) < model_rank(b[i]);
	return false;
}

enum { ROUTES = 12, DEPTH = 4 };

struct model {
	int parts[ROUTES][DEPTH]; /* indices of PARTS */
	size_t counts[ROUTES];
	char patterns[ROUTES][64];
	size_t used;
};

static unsigned random_below(unsigned *seed, unsigned bound)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % bound;
}

/* Adds a pattern, unless one for the same paths is there. */
static void add_pattern(struct model *model, unsigned *seed)
{
	int *parts = model->parts[model->used];
	char *pattern = model->patterns[model->used];
	size_t count = 0, length = 0;
	do {
		parts[count] = (int)random_below(seed, 4);
		const char *text = PARTS[parts[count]];
		if (parts[count++] == 2)
			length += (size_t)snprintf(pattern + length, 20, "/{x%zu}", count);
		else
			length += (size_t)snprintf(pattern + length, 20, "/%s", text);
	} while (count < DEPTH && parts[count - 1] != 3 && random_below(seed, 3));
	for (size_t i = 0; i < model->used; i++)
		if (model->counts[i] == count &&
		    memcmp(model->parts[i], parts, count * sizeof *parts) == 0)
			return;
	model->counts[model->used++] = count;
}

/* The pattern that the model finds for a path of part 0, part 1, and 9 for any other. */
static const char *model_find(const struct model *model, const int *path, size_t length)
{
	const char *best = NULL;
	size_t at = 0;
	for (size_t i = 0; i < model->used; i++) {
		if (!model_fits(model->parts[i], model->counts[i], path, length))
			continue;
		if (!best || model_better(model->parts[i], model->counts[i], model->parts[at],
					  model->counts[at])) {
			best = model->patterns[i];
			at = i;
		}
	}
	return best;
}

static void compare_with_model(const struct http_router *other, const struct model *model, int code)
{
	_cleanup_(arena_release) struct arena arena = {0};
	int path[DEPTH];
	char text[64];
	size_t length = 1 + (size_t)code % DEPTH, written = 0;
	code /= DEPTH;
	for (size_t i = 0; i < length; i++, code /= 3) {
		path[i] = code % 3 == 2 ? 9 : code % 3;
		written += (size_t)snprintf(text + written, 9, "/%s",
					    path[i] == 9 ? "z" : PARTS[path[i]]);
	}
	const char *best = model_find(model, path, length);
	struct str found = http_router_find(other, &arena, STR("GET"), str_of(text));
	if (best)
		assert_string_equal(found.at ? found.at : "nothing", best);
	else
		assert_null(found.at);
}

static void routers_made_at_random_agree_with_the_model(void **state)
{
	unsigned seed = 5;
	(void)state;
	for (int round = 0; round < 300; round++) {
		_cleanup_(http_router_freep) struct http_router *other = http_router_new();
		struct model model = {.used = 0};
		struct error error;
		for (int i = 0; i < ROUTES; i++)
			add_pattern(&model, &seed);
		for (size_t i = 0; i < model.used; i++)
			assert_int_equal(add(other, "GET", model.patterns[i], &error), 0);
		assert_int_equal(http_router_build(other, &error), 0);
		for (int code = 0; code < DEPTH * 81; code++)
			compare_with_model(other, &model, code);
	}
}

static void want_of_memory_is_an_error(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct error error = {0};
		mem_fail_from(n);
		struct http_router *other = http_router_new();
		bool good = other && add(other, "GET", "/a/{b}", &error) == 0 &&
			    add(other, "GET", "/a/c", &error) == 0 &&
			    add(other, "POST", "/{d...}", &error) == 0 &&
			    http_router_build(other, &error) == 0;
		bool failed = mem_fail_never();
		http_router_free(other);
		assert_int_equal(good, !failed);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(best_pattern_answers),
		cmocka_unit_test(what_has_no_route_is_a_problem),
		cmocka_unit_test(another_may_answer_before_a_route_of_any_path),
		cmocka_unit_test(bad_paths_are_refused),
		cmocka_unit_test(long_paths_are_not_found),
		cmocka_unit_test(route_that_blocks_gets_a_thread_of_its_own),
		cmocka_unit_test(bad_routes_are_errors),
		cmocka_unit_test(overlaps_are_bounded),
		cmocka_unit_test(many_routes_are_no_trouble),
		cmocka_unit_test(routers_made_at_random_agree_with_the_model),
		cmocka_unit_test(want_of_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
