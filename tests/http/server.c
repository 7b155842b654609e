/* SPDX-License-Identifier: Apache-2.0 */
/* A server for tests and benchmarks in other languages: prints its port and runs until a SIGTERM
 * comes, then drains.
 *
 *     http_server [PORT [THREADS [LOOPS [pin]]]] */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "http/exchange.h"
#include "http/router.h"
#include "http/server.h"

/* 200 bytes. */
#define DOTS "........................................................"
static const char BODY[] = "{\"message\":\"hello\",\"padding\":\"" DOTS DOTS DOTS "\"}";

static void hello(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	(void)context;
	(void)match;
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, (struct str){BODY, sizeof BODY - 1});
}

static void sleep_5_ms(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void slow(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	http_blocking_begin();
	sleep_5_ms();
	http_blocking_end();
	hello(context, exchange, match);
}

static void hidden(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	sleep_5_ms();
	hello(context, exchange, match);
}

static void echo(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	(void)context;
	(void)match;
	http_add_body(exchange, http_body(exchange));
}

static const struct {
	const char *method;
	const char *pattern;
	http_route_handler handle;
} ROUTES[] = {
	{"GET", "/", hello},        {"POST", "/", hello},    {"GET", "/slow", slow},
	{"GET", "/hidden", hidden}, {"POST", "/echo", echo},
};

static int make_router(struct http_router *router, struct error *error)
{
	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
		if (http_router_add(router, ROUTES[i].method, ROUTES[i].pattern, ROUTES[i].handle,
				    NULL, error) < 0)
			return -1;
	return http_router_build(router, error);
}

/* SIGTERM and SIGINT are waited for; so they are blocked before there are threads. */
static void block_ends(sigset_t *ends)
{
	sigemptyset(ends);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGINT);
	sigprocmask(SIG_BLOCK, ends, NULL);
}

int main(int argc, char **argv)
{
	_cleanup_(http_router_freep) struct http_router *router = http_router_new();
	_cleanup_(http_server_freep) struct http_server *server = NULL;
	struct http_server_options options = {.handle = http_router_handle, .context = router};
	struct error error = {0};
	sigset_t ends;
	int which;
	options.port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
	options.threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	options.loops = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	options.pin = argc > 4 && strcmp(argv[4], "pin") == 0;
	block_ends(&ends);
	if (!router || make_router(router, &error) < 0 ||
	    http_server_start(&options, &server, &error) < 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	printf("%u\n", http_server_port(server));
	fflush(stdout);
	sigwait(&ends, &which);
	return http_server_drain(server, 3000) ? 1 : 0;
}
