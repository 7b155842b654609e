/* SPDX-License-Identifier: Apache-2.0 */
/* A port of another process, called over loopback: bench_rpc serve PORT, or
 * bench_rpc call PORT, which reads plans from stdin, a line each: proto|json CALLERS WARM-MS MS.
 * It warms up, says "ready", waits for a line, calls, says "done", and then what it took. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "caller.port.h"
#include "http/server.h"
#include "orders.port.h"
#include "rpc/client.h"
#include "rpc/server.h"

/* Callers at once, and the time that a call may take, in nanoseconds. */
enum { CALLER_LIMIT = 256 };
#define PATIENCE UINT64_C(5000000000)

/* One caller: what each of its calls took, in nanoseconds. */
struct caller {
	const struct environment *environment;
	pthread_t thread;
	uint64_t until;
	uint32_t *times;
	size_t count;
	size_t capacity;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_rpc: %s\n", what);
	exit(1);
}

static void build(struct registry *registry, struct environment *environment)
{
	const ash_module *const modules[] = {&orders_module, &caller_module};
	struct error_list errors = {0};
	struct error error;
	must(registry_build(modules, 2, metrics_new(), registry, &errors, &error) == 0 &&
		     errors.count == 0,
	     "the modules do not fit together");
	*environment = (struct environment){.registry = registry,
					    .clock = &clock_system,
					    .recorder = recorder_new(4096, 0.0, &clock_system)};
}

/* ---- server ---- */

static void serve(uint16_t port)
{
	struct registry registry;
	struct environment environment;
	struct arena arena = {0};
	struct http_router *router = http_router_new();
	struct http_server *server;
	struct error error;
	sigset_t ends;
	int signal;
	build(&registry, &environment);
	const struct rpc_server common = {.environment = &environment,
					  .patience = PATIENCE,
					  .limit = (size_t)1 << 20,
					  .gzip_least = 4096};
	const struct binding *orders = registry_binding(&registry, &orders_port);
	must(router && rpc_server_add(&common, orders, &arena, router, &error) == 0 &&
		     http_router_build(router, &error) == 0,
	     "the port cannot be served");
	const struct http_server_options options = {
		.port = port, .handle = http_router_handle, .context = router};
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	must(http_server_start(&options, &server, &error) == 0, error.message);
	sigwait(&ends, &signal);
	http_server_free(server);
	http_router_free(router);
	arena_release(&arena);
	registry_release(&registry);
}

/* ---- client ---- */

static void note(struct caller *caller, int64_t ns)
{
	must(mem_reserve(&caller->times, &caller->capacity, caller->count + 1,
			 sizeof *caller->times),
	     "no memory");
	caller->times[caller->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

/* One request after the other, each with one call, as a server's handlers would. */
static void *call_on(void *context)
{
	struct caller *caller = context;
	const struct binding *binding =
		registry_binding(caller->environment->registry, &caller_port);
	for (uint64_t now = clock_monotonic(); now < caller->until; now = clock_monotonic()) {
		CallerPlan plan = CALLER__V1__PLAN__INIT;
		CallerTime time = CALLER__V1__TIME__INIT;
		struct request request;
		plan.number = (uint32_t)caller->count;
		request_begin(&request, caller->environment, now + PATIENCE, NULL);
		must(request_call(&request, "", binding, 0, &plan, &time) == ASH_OK,
		     request.fault.message);
		request_end(&request);
		note(caller, time.ns);
	}
	return NULL;
}

static void run(struct caller *callers, size_t count, unsigned long milliseconds)
{
	uint64_t until = clock_monotonic() + milliseconds * 1000000;
	for (size_t i = 0; i < count; i++) {
		callers[i].until = until;
		callers[i].count = 0;
		must(pthread_create(&callers[i].thread, NULL, call_on, &callers[i]) == 0,
		     "no thread");
	}
	for (size_t i = 0; i < count; i++)
		(void)pthread_join(callers[i].thread, NULL);
}

static int by_time(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

static void tell(const struct caller *callers, size_t count)
{
	size_t all = 0, at = 0;
	for (size_t i = 0; i < count; i++)
		all += callers[i].count;
	must(all > 0, "no call was made");
	uint32_t *times = mem_alloc(all * sizeof *times);
	must(times, "no memory");
	for (size_t i = 0; i < count; at += callers[i++].count)
		memcpy(times + at, callers[i].times, callers[i].count * sizeof *times);
	qsort(times, all, sizeof *times, by_time);
	printf("{\"calls\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", all,
	       times[all / 2] / 1000.0, times[all * 99 / 100] / 1000.0);
	mem_free(times);
}

static void call(unsigned port)
{
	static struct caller callers[CALLER_LIMIT];
	struct registry registry;
	struct environment environment;
	struct rpc_remote remote = {.gzip_from = 4096};
	struct fault fault;
	char address[64], line[128], codec[8];
	size_t count;
	unsigned long warm, measured;
	build(&registry, &environment);
	(void)snprintf(address, sizeof address, "http://127.0.0.1:%u", port);
	must(http_client_new(address, NULL, &remote.client, &fault) == ASH_OK, fault.message);
	struct binding *orders = registry.bindings[*orders_port.id];
	orders->invoke = rpc_invoke;
	orders->handlers = &remote;
	for (size_t i = 0; i < CALLER_LIMIT; i++)
		callers[i].environment = &environment;
	while (fgets(line, sizeof line, stdin)) {
		must(sscanf(line, "%7s %zu %lu %lu", codec, &count, &warm, &measured) == 4 &&
			     count > 0 && count <= CALLER_LIMIT,
		     "a plan is: proto|json CALLERS WARM-MS MS");
		remote.json = strcmp(codec, "json") == 0;
		run(callers, count, warm);
		puts("ready");
		must(fflush(stdout) == 0 && fgets(line, sizeof line, stdin), "nobody listens");
		run(callers, count, measured);
		puts("done");
		must(fflush(stdout) == 0, "nobody listens");
		tell(callers, count);
		must(fflush(stdout) == 0, "nobody listens");
	}
	http_client_free(remote.client);
	registry_release(&registry);
}

int main(int count, char **arguments)
{
	must(count == 3, "usage: bench_rpc serve|call PORT");
	unsigned long port = strtoul(arguments[2], NULL, 10);
	must(port > 0 && port < 65536, "the port is none");
	if (strcmp(arguments[1], "serve") == 0)
		serve((uint16_t)port);
	else
		call((unsigned)port);
	return 0;
}
