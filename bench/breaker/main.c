/* SPDX-License-Identifier: Apache-2.0 */
/* What a permitted call that succeeds costs a thread: breaker THREADS CALLS. A line of JSON, in
 * nanoseconds a call: what is beneath it (additions, readings of a clock); a breaker, given the
 * times or reading them; and policies, each with more strategies than the one before. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "resilience/policy.h"

/* Calls that are timed at once: some hundred microseconds, so that most are over before the system
 * gives the processor to others. */
enum { THREADS_MOST = 64, PIECE = 10000, PIECES_MOST = 10000 };

enum way {
	SHARED,
	LOCKED,
	OWN,
	TICKS,
	CLOCK,
	GIVEN,
	BY_TICKS,
	BY_CLOCK,
	BREAKS,
	RETRIES,
	WHOLE,
	LIMITED,
	WAYS
};

static const char *const NAMES[WAYS] = {
	[SHARED] = "a locked addition, all on one word",
	[LOCKED] = "a locked addition, each on its own word",
	[OWN] = "an addition, each on its own word",
	[TICKS] = "reading ticks twice",
	[CLOCK] = "reading the clock twice",
	[GIVEN] = "ashlar, a breaker that is given the times",
	[BY_TICKS] = "ashlar, a breaker, reading ticks twice",
	[BY_CLOCK] = "ashlar, a breaker, reading the clock twice",
	[BREAKS] = "ashlar, a policy: breaker",
	[RETRIES] = "ashlar, a policy: retry, breaker, time-out",
	[WHOLE] = "ashlar, a policy: retry, breaker, time-out, bulkhead",
	[LIMITED] = "ashlar, the same and a rate limit, which reads the clock",
};

/* Words of which no two are in one line. */
struct word {
	_Alignas(64) _Atomic uint64_t count;
};

struct work {
	struct breaker *breaker;
	struct policy *policies[WAYS];
	struct word *shared, *own;
	_Atomic long *arrived; /* threads at the beginning of a piece, ever */
	long thread, threads;
	long pieces;
	double costs[WAYS];
};

static ash_status succeed(void *context, const struct policy_attempt *attempt, struct fault *fault)
{
	(void)context, (void)attempt, (void)fault;
	return ASH_OK;
}

static void call(struct breaker *breaker, uint64_t began, uint64_t ended)
{
	struct breaker_permit permit;
	if (!breaker_permit(breaker, began, &permit))
		abort();
	breaker_record(breaker, permit, BREAKER_SUCCESS, ended);
}

static void add_shared(const struct work *work)
{
	for (long i = 0; i < PIECE; i++)
		atomic_fetch_add_explicit(&work->shared->count, 1, memory_order_relaxed);
}

static void add_locked(const struct work *work)
{
	for (long i = 0; i < PIECE; i++)
		atomic_fetch_add_explicit(&work->own->count, 1, memory_order_relaxed);
}

static void add_own(const struct work *work)
{
	_Atomic uint64_t *count = &work->own->count;
	for (long i = 0; i < PIECE; i++)
		atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
				      memory_order_relaxed);
}

static void read_ticks(const struct work *work)
{
	(void)work;
	for (long i = 0; i < PIECE; i++)
		if (clock_coarse() + clock_coarse() == 0)
			abort();
}

static void read_clock(const struct work *work)
{
	(void)work;
	for (long i = 0; i < PIECE; i++)
		if (clock_monotonic() + clock_monotonic() == 0)
			abort();
}

static void call_given(const struct work *work)
{
	uint64_t now = clock_monotonic();
	for (long i = 0; i < PIECE; i++)
		call(work->breaker, now, now);
}

static void call_by_clock(const struct work *work)
{
	for (long i = 0; i < PIECE; i++) {
		uint64_t began = clock_monotonic();
		call(work->breaker, began, clock_monotonic());
	}
}

static void call_by_ticks(const struct work *work)
{
	for (long i = 0; i < PIECE; i++) {
		uint64_t began = clock_coarse();
		call(work->breaker, began, clock_coarse());
	}
}

static void call_through(struct policy *policy)
{
	const struct policy_call through = {.clock = &clock_system,
					    .waiter = &policy_waiter_system,
					    .deadline = POLICY_NO_DEADLINE,
					    .function = succeed};
	for (long i = 0; i < PIECE; i++)
		if (policy_call(policy, &through, NULL) != ASH_OK)
			abort();
}

static void run(const struct work *work, enum way way)
{
	static void (*const DIRECT[WAYS])(const struct work *work) = {
		[SHARED] = add_shared,      [LOCKED] = add_locked,     [OWN] = add_own,
		[TICKS] = read_ticks,       [CLOCK] = read_clock,      [GIVEN] = call_given,
		[BY_TICKS] = call_by_ticks, [BY_CLOCK] = call_by_clock};
	if (DIRECT[way])
		DIRECT[way](work);
	else
		call_through(work->policies[way]);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

/* Threads begin each piece together, so that they do get in each other's way, also where the
 * machine has other work. */
static void meet(const struct work *work, long until)
{
	atomic_fetch_add(work->arrived, 1);
	for (int i = 0; atomic_load(work->arrived) < until; i++)
		if (i % 100000 == 99999)
			sched_yield();
}

/* The thread's own of the processors that the program may use: two that are to get in each other's
 * way do not if they take turns on one. */
static void settle(long thread)
{
	cpu_set_t all, mine;
	CPU_ZERO(&mine);
	if (sched_getaffinity(0, sizeof all, &all) != 0)
		return;
	long which = thread % CPU_COUNT(&all);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && which-- == 0)
			CPU_SET(i, &mine);
	sched_setaffinity(0, sizeof mine, &mine);
}

/* The median piece. */
static void *measure(void *context)
{
	struct work *work = context;
	settle(work->thread);
	uint64_t *took = calloc((size_t)work->pieces, sizeof *took);
	if (!took)
		abort();
	for (int way = 0; way < WAYS; way++) {
		for (long i = 0; i < work->pieces; i++) {
			meet(work, (way * work->pieces + i + 1) * work->threads);
			uint64_t start = clock_monotonic();
			run(work, (enum way)way);
			took[i] = clock_monotonic() - start;
		}
		qsort(took, (size_t)work->pieces, sizeof *took, compare);
		uint64_t middle = took[work->pieces / 2];
		work->costs[way] = (double)middle / PIECE;
	}
	free(took);
	return NULL;
}

/* Settings as people have them (examples/shop/deploy/careful.yaml). */
static int make(struct work *work)
{
	struct policy_settings settings = policy_defaults;
	settings.breaks = true;
	work->breaker = breaker_new(&breaker_defaults);
	work->policies[BREAKS] = policy_new(&settings);
	settings.timeout = UINT64_C(800000000);
	settings.retry.attempts = 3;
	work->policies[RETRIES] = policy_new(&settings);
	settings.places = 16;
	settings.queue = 32;
	settings.queue_wait = UINT64_C(100000000);
	work->policies[WHOLE] = policy_new(&settings);
	/* A call a nanosecond, and those of a second at once: none is refused. */
	settings.limit = settings.limit_burst = settings.limit_period;
	work->policies[LIMITED] = policy_new(&settings);
	for (int way = BREAKS; way < WAYS; way++)
		if (!work->policies[way])
			return -1;
	return work->breaker ? 0 : -1;
}

int main(int count, char **arguments)
{
	long threads = count > 1 ? strtol(arguments[1], NULL, 10) : 1;
	static struct word words[THREADS_MOST + 1];
	struct work works[THREADS_MOST] = {
		{.pieces = (count > 2 ? strtol(arguments[2], NULL, 10) : 5000000) / PIECE}};
	pthread_t ids[THREADS_MOST];
	_Atomic long arrived = 0;
	if (threads < 1 || threads > THREADS_MOST || works[0].pieces < 1 ||
	    works[0].pieces > PIECES_MOST)
		return 2;
	if (make(&works[0]) < 0)
		return 1;
	works[0].arrived = &arrived;
	works[0].threads = threads;
	for (long i = 0; i < threads; i++) {
		works[i] = works[0];
		works[i].shared = &words[THREADS_MOST];
		works[i].own = &words[i];
		works[i].thread = i;
		if (pthread_create(&ids[i], NULL, measure, &works[i]) != 0)
			return 1;
	}
	for (long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	for (int way = 0; way < WAYS; way++) {
		double sum = 0;
		for (long i = 0; i < threads; i++)
			sum += works[i].costs[way];
		printf("%s\"%s\": %.2f", way ? ", " : "{", NAMES[way], sum / (double)threads);
	}
	printf("}\n");
	for (int way = 0; way < WAYS; way++)
		policy_free(works[0].policies[way]);
	breaker_free(works[0].breaker);
	return 0;
}
