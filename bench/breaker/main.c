/* SPDX-License-Identifier: Apache-2.0 */
/* What a permitted call that succeeds costs a thread: breaker THREADS CALLS. A line of JSON, in
 * nanoseconds a call: with times that the caller has, with the clock read before and after, and
 * through a policy with a breaker alone. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "resilience/policy.h"

enum { THREADS_MOST = 64 };

struct work {
	struct breaker *breaker;
	struct policy *policy;
	pthread_barrier_t *start;
	long calls;
	double given, clock, through;
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

static uint64_t system_now(const struct clock *clock)
{
	(void)clock;
	return clock_monotonic();
}

static double since(uint64_t start, long calls)
{
	return (double)(clock_monotonic() - start) / (double)calls;
}

static void *measure(void *context)
{
	struct work *work = context;
	const struct clock clock = {.monotonic = system_now};
	const struct policy_call through = {
		&clock, &policy_waiter_system, POLICY_NO_DEADLINE, false, succeed, NULL, NULL};
	pthread_barrier_wait(work->start);
	uint64_t start = clock_monotonic();
	for (long i = 0; i < work->calls; i++)
		call(work->breaker, start, start);
	work->given = since(start, work->calls);
	pthread_barrier_wait(work->start);
	start = clock_monotonic();
	for (long i = 0; i < work->calls; i++) {
		uint64_t began = clock_monotonic();
		call(work->breaker, began, clock_monotonic());
	}
	work->clock = since(start, work->calls);
	pthread_barrier_wait(work->start);
	start = clock_monotonic();
	for (long i = 0; i < work->calls; i++)
		if (policy_call(work->policy, &through, NULL) != ASH_OK)
			abort();
	work->through = since(start, work->calls);
	return NULL;
}

int main(int count, char **arguments)
{
	int threads = count > 1 ? atoi(arguments[1]) : 1;
	long calls = count > 2 ? atol(arguments[2]) : 5000000;
	struct policy_settings settings = policy_defaults;
	struct work works[THREADS_MOST];
	pthread_t ids[THREADS_MOST];
	pthread_barrier_t start;
	if (threads < 1 || threads > THREADS_MOST || calls < 1)
		return 2;
	settings.breaks = true;
	struct breaker *breaker = breaker_new(&breaker_defaults);
	struct policy *policy = policy_new(&settings);
	if (!breaker || !policy)
		return 1;
	pthread_barrier_init(&start, NULL, (unsigned)threads);
	double given = 0, clock = 0, through = 0;
	for (int i = 0; i < threads; i++) {
		works[i] = (struct work){breaker, policy, &start, calls, 0, 0, 0};
		if (pthread_create(&ids[i], NULL, measure, &works[i]) != 0)
			return 1;
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		given += works[i].given / threads;
		clock += works[i].clock / threads;
		through += works[i].through / threads;
	}
	printf("{\"ashlar\": %.2f, \"ashlar, reading the clock\": %.2f, \"ashlar, a policy\": "
	       "%.2f}\n",
	       given, clock, through);
	policy_free(policy);
	breaker_free(breaker);
	return 0;
}
