/* SPDX-License-Identifier: Apache-2.0 */
/* A server for tests and benchmarks in other languages: prints its port and runs until its
 * standard input ends or a SIGTERM comes, then drains.
 *
 *     http_server [PORT [THREADS [LOOPS]]] */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/exchange.h"
#include "http/server.h"

static const char BODY[] =
	"{\"message\":\"hello\",\"padding\":\"....................................................."
	"..."
	"...................................................................................."
	"......................\"}\n";

static void sleep_5_ms(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	(void)context;
	if (str_equal(path, STR("/slow")) || str_equal(path, STR("/deferred"))) {
		if (path.at[1] == 'd' && http_defer(exchange))
			return;
		http_blocking_begin();
		sleep_5_ms();
		http_blocking_end();
	} else if (str_equal(path, STR("/hidden"))) {
		sleep_5_ms();
	} else if (str_equal(path, STR("/echo"))) {
		http_add_body(exchange, http_body(exchange));
		return;
	}
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, (struct str){BODY, sizeof BODY - 1});
}

int main(int argc, char **argv)
{
	struct http_server_options options = {.handle = handle};
	_cleanup_(http_server_freep) struct http_server *server = NULL;
	struct error error;
	sigset_t ends;
	int which;
	options.port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
	options.threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	options.loops = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (http_server_start(&options, &server, &error) < 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	printf("%u\n", http_server_port(server));
	fflush(stdout);
	sigwait(&ends, &which);
	return http_server_drain(server, 3000) ? 1 : 0;
}
