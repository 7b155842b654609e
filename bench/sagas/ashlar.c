/* SPDX-License-Identifier: Apache-2.0 */
/* One side of the measurement of sagas: starts them, each in a transaction of its own, and runs them;
 * four steps that do nothing.
 *     bench_sagas setup LOCATION
 *     bench_sagas run LOCATION SAGAS THREADS bare|sql
 * `bare` steps have no transaction, and are recorded in one of their own; `sql` ones open one, in
 * which they are recorded. As many threads start all of them first, and then run all of them: so no
 * more than THREADS are under way at once. Prints the times of the first start and the last end, in
 * seconds since 1970, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "saga/saga.h"
#include "sagas.pb-c.h"
#include "side/side.h"

static struct {
	long sagas;
	_Atomic long next, steps;
	bool sql;
} run;

/* ---- the saga ---- */

static ash_status nothing(ash_step *step, ash_call *call, const void *in)
{
	(void)step, (void)in;
	run.steps++;
	if (!run.sql)
		return ASH_OK;
	ASH_TX(tx, call);
	return ash_commit(tx);
}

static const ash_saga_step STEPS[] = {
	{"reserve", .run = nothing},
	{"charge", .run = nothing},
	{"ship", .run = nothing},
	{"notify", .run = nothing},
};
enum { STEP_COUNT = sizeof STEPS / sizeof *STEPS };
static const ash_saga CHECKOUT =
	ASH_SAGA("shop.checkout", &bench__checkout__descriptor, STEPS, .version = 1);

static const ash_named OWNS[] = {{"shop", {"shop/module.yaml", 1, 1}}};
static const ash_module SHOP = {.name = "shop", .owns = OWNS, .owns_count = 1, .code = ""};

/* ---- the application ---- */

static struct side side;
static struct saga_hub *hub;

static void open_app(const char *location)
{
	static const ash_module *const MODULES[] = {&SHOP};
	static const char *const SCHEMA[] = {"shop", NULL};
	static const struct saga_of SAGAS[] = {{"shop", &CHECKOUT}};
	const struct store_module tables[] = {{"shop", SCHEMA, NULL, 0}, saga_store_module()};
	const struct saga_options options = {0};
	struct fault fault;
	side_open(&side, location, MODULES, 1, tables, 2);
	side_must(
		saga_hub_new(&side.environment, 1, SAGAS, 1, &options, side.metrics, &hub, &fault),
		&fault);
}

static void close_app(void)
{
	saga_hub_free(hub);
	side_close(&side);
}

/* ---- at work ---- */

static ash_status start(void *context, ash_call *call)
{
	Bench__Checkout input = BENCH__CHECKOUT__INIT;
	char id[32];
	input.order = *(const long *)context;
	snprintf(id, sizeof id, "order-%lld", (long long)input.order);
	ASH_TX(tx, call);
	ASH_TRY(ash_saga_start(tx, &CHECKOUT, id, &input));
	return ash_commit(tx);
}

static void *start_all(void *context)
{
	(void)context;
	for (;;) {
		long order = run.next++;
		if (order >= run.sagas)
			return NULL;
		side_run(&side, "shop", "start", start, &order);
	}
}

static void *run_all(void *context)
{
	struct fault fault;
	size_t taken;
	(void)context;
	side_must(saga_hub_drain(hub, &taken, &fault), &fault);
	return NULL;
}

int main(int argc, char **argv)
{
	struct fault fault = {ASH_OK};
	unsigned threads = argc > 4 ? (unsigned)atoi(argv[4]) : 1;
	if (argc < 3 || threads > SIDE_THREADS_MOST)
		side_die("usage: see its source");
	run.sagas = argc > 3 ? atol(argv[3]) : 0;
	run.sql = argc > 5 && strcmp(argv[5], "sql") == 0;
	open_app(argv[2]);
	if (strcmp(argv[1], "setup") == 0) {
		side_must(store_migrate(side.store, NULL, &fault), &fault);
	} else {
		side_connect(&side, threads);
		int64_t from = clock_wall();
		side_in_threads(threads, start_all, NULL);
		side_in_threads(threads, run_all, NULL);
		printf("{\"start\": %.6f, \"end\": %.6f}\n", (double)from / 1e6,
		       (double)clock_wall() / 1e6);
		if (run.steps != run.sagas * STEP_COUNT)
			side_die("not every step ran once");
	}
	close_app();
	return 0;
}
