/* SPDX-License-Identifier: Apache-2.0 */
/* One side of the measurement of events: publishes them, or handles them and does nothing else.
 *     bench_events setup LOCATION
 *     bench_events publish|work|both LOCATION EVENTS one|single|batch|trickle THREADS
 * `one` publishes one event a transaction, `single` takes and completes one at a time, too; `batch`
 * publishes a thousand a transaction. What it prints is JSON with the
 * times of the first and the last event, in seconds since 1970; before that, a worker prints "ready".
 * `trickle` publishes one event each 5 ms and says how long it was, in microseconds, from before it was
 * published until it was handled. `both` does both in one process. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/event.h"
#include "events.pb-c.h"
#include "side/side.h"

enum { PER_TRANSACTION = 1000 };

static const ash_event PLACED = {"bench.Placed", "shop", &bench__placed__descriptor, NULL};
static const ash_event *const PUBLISHES[] = {&PLACED};

static struct {
	long events;
	_Atomic long next, handled;
	_Atomic int64_t first;
	long per_transaction;
	unsigned pause_us; /* after each transaction */
	int64_t *waits;    /* of the events, in microseconds, as they were handled */
} run;

static ash_status handle(const void *code, ash_call *call, const void *message)
{
	const Bench__Placed *event = message;
	int64_t now = clock_wall();
	(void)code, (void)call;
	long at = __atomic_fetch_add(&run.handled, 1, __ATOMIC_RELAXED);
	if (at == 0)
		run.first = now;
	if (at < run.events)
		run.waits[at] = now - event->cents;
	return ASH_OK;
}

static bool has(const void *code)
{
	(void)code;
	return true;
}

static const ash_named SHOP_OWNS[] = {{"shop", {"shop/module.yaml", 1, 1}}};
static const ash_named SINK_OWNS[] = {{"sink", {"sink/module.yaml", 1, 1}}};
static const ash_subscribes SUBSCRIBES[] = {{&PLACED, handle, has, {"sink/module.yaml", 1, 1}}};
static const ash_module SHOP = {.name = "shop",
				.owns = SHOP_OWNS,
				.owns_count = 1,
				.publishes = PUBLISHES,
				.publishes_count = 1,
				.code = ""};
static const ash_module SINK = {.name = "sink",
				.owns = SINK_OWNS,
				.owns_count = 1,
				.subscribes = SUBSCRIBES,
				.subscribes_count = 1,
				.code = ""};

/* ---- the application ---- */

static struct side side;
static struct event_hub *hub;

static void open_app(const char *location, struct event_options options)
{
	static const ash_module *const MODULES[] = {&SHOP, &SINK};
	static const char *const SHOP_SCHEMA[] = {"shop", NULL}, *const SINK_SCHEMA[] = {"sink",
											 NULL};
	const struct store_module tables[] = {{"shop", SHOP_SCHEMA, NULL, 0},
					      {"sink", SINK_SCHEMA, NULL, 0},
					      event_store_module()};
	struct fault fault;
	side_open(&side, location, MODULES, 2, tables, 3);
	side_must(event_hub_new(&side.environment, &options, side.metrics, &hub, &fault), &fault);
}

static void close_app(void)
{
	event_hub_free(hub);
	side_close(&side);
}

/* ---- publishing ---- */

static ash_status publish(void *context, ash_call *call)
{
	const long *count = context;
	Bench__Placed event = BENCH__PLACED__INIT;
	event.order_id = (char *)"order-000000";
	event.cents = clock_wall();
	ASH_TX(tx, call);
	for (long i = 0; i < *count; i++)
		ASH_TRY(ash_publish(tx, &PLACED, &event));
	return ash_commit(tx);
}

static void *publish_all(void *context)
{
	(void)context;
	for (;;) {
		long at = __atomic_fetch_add(&run.next, run.per_transaction, __ATOMIC_RELAXED);
		if (at >= run.events)
			return NULL;
		long left = run.events - at;
		long count = left < run.per_transaction ? left : run.per_transaction;
		side_run(&side, "shop", "publish", publish, &count);
		if (run.pause_us > 0)
			usleep(run.pause_us);
	}
}

static int compare(const void *a, const void *b)
{
	const int64_t *first = a, *second = b;
	return *first < *second ? -1 : *first > *second;
}

static void say(int64_t start, int64_t end)
{
	long middle = run.events / 2, far = run.events * 99 / 100;
	qsort(run.waits, (size_t)run.events, sizeof *run.waits, compare);
	printf("{\"start\": %.6f, \"end\": %.6f, \"p50_us\": %" PRId64 ", \"p99_us\": %" PRId64
	       "}\n",
	       (double)start / 1e6, (double)end / 1e6, run.waits[middle], run.waits[far]);
	fflush(stdout);
}

static int64_t publish_in(unsigned threads)
{
	side_connect(&side, threads);
	int64_t start = clock_wall();
	side_in_threads(threads, publish_all, NULL);
	return start;
}

/* ---- handling ---- */

/* Whether nothing waits any more: the last is not only handled, but completed. */
static bool is_quiet(void)
{
	struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	struct fault fault;
	side_must(store_acquire(side.store, STORE_NO_DEADLINE, &session, &fault), &fault);
	side_must(store_begin(session, 2, STORE_READ, &fault), &fault);
	side_must(store_query(session, "select count(*) from ashlar_event.delivery", NULL, 0, &rows,
			      &fault),
		  &fault);
	bool quiet = store_next(rows) && store_get_int(rows, 0) == 0;
	side_must(store_end(rows, &fault), &fault);
	store_release(session);
	return quiet;
}

static int64_t wait_for_all(void)
{
	while (__atomic_load_n(&run.handled, __ATOMIC_RELAXED) < run.events)
		usleep(500);
	while (!is_quiet())
		;
	return clock_wall();
}

static void start(void)
{
	struct fault fault;
	side_must(event_hub_start(hub, &fault), &fault);
	usleep(100000);
	printf("ready\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		side_die("usage: see its source");
	const char *verb = argv[1], *mode = argc > 4 ? argv[4] : "one";
	bool batch = strcmp(mode, "batch") == 0;
	unsigned threads = argc > 5 ? (unsigned)atoi(argv[5]) : 1;
	run.events = argc > 3 ? atol(argv[3]) : 1;
	run.per_transaction = batch ? PER_TRANSACTION : 1;
	run.pause_us = strcmp(mode, "trickle") == 0 ? 5000 : 0;
	run.waits = calloc((size_t)run.events + 1, sizeof *run.waits);
	struct fault fault = {ASH_OK};
	if (!run.waits || threads > SIDE_THREADS_MOST)
		side_die("no memory");
	open_app(argv[2],
		 (struct event_options){.workers = threads, .batch = strcmp(mode, "single") == 0});
	if (strcmp(verb, "setup") == 0) {
		side_must(store_migrate(side.store, NULL, &fault), &fault);
	} else if (strcmp(verb, "publish") == 0) {
		int64_t from = publish_in(threads);
		say(from, clock_wall());
	} else {
		start();
		int64_t from = strcmp(verb, "both") == 0 ? publish_in(threads) : 0;
		int64_t end = wait_for_all();
		say(from ? from : run.first, end);
	}
	close_app();
	free(run.waits);
	return 0;
}
