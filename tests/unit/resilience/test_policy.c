/* SPDX-License-Identifier: Apache-2.0 */
/* The chain: each rule by itself, random calls against a model that says in one place what is to
 * happen, and many threads at once. The clock is the test's, but for the threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "resilience/policy.h"

#define SECOND UINT64_C(1000000000)
#define MS     UINT64_C(1000000)

/* ---- a clock that the test turns, and a callee that does as it is told ---- */

static uint64_t now = 1000 * SECOND;
static uint64_t paused;

static uint64_t test_monotonic(const struct clock *clock)
{
	(void)clock;
	return now;
}

static const struct clock test_clock = {.monotonic = test_monotonic};

static void test_pause(const struct policy_waiter *waiter, uint64_t nanoseconds)
{
	(void)waiter;
	paused += nanoseconds;
	now += nanoseconds;
}

/* Nobody leaves. */
static bool test_enter(const struct policy_waiter *waiter, struct bulkhead *bulkhead,
		       uint64_t patience)
{
	(void)waiter;
	now += patience;
	return bulkhead_enter(bulkhead, 0);
}

static const struct policy_waiter test_waiter = {test_pause, test_enter};

enum { ANSWERS_MOST = 8 };

struct callee {
	ash_status answers[ANSWERS_MOST];
	uint64_t takes; /* each attempt */
	ash_status falls_back;
	uint32_t attempts;
	uint32_t fallbacks;
	uint64_t deadline; /* as last told */
};

static ash_status callee_answers(void *context, const struct policy_attempt *attempt,
				 struct fault *fault)
{
	struct callee *callee = context;
	ash_status status = callee->answers[callee->attempts++];
	assert_int_equal(attempt->number, callee->attempts);
	callee->deadline = attempt->deadline;
	now += callee->takes;
	return status == ASH_OK ? ASH_OK : fault_set(fault, status, "as told");
}

static ash_status callee_falls_back(void *context, const struct policy_attempt *attempt,
				    struct fault *fault)
{
	(void)fault;
	struct callee *callee = context;
	assert_int_equal(attempt->number, 0);
	callee->fallbacks++;
	return callee->falls_back;
}

static ash_status make(struct policy *policy, struct callee *callee, bool repeatable,
		       uint64_t deadline)
{
	struct fault fault = {0};
	const struct policy_call call = {
		.clock = &test_clock,
		.waiter = &test_waiter,
		.deadline = deadline,
		.repeatable = repeatable,
		.function = callee_answers,
		.fallback = callee->falls_back == ASH_UNKNOWN ? NULL : callee_falls_back,
		.context = callee};
	return policy_call(policy, &call, &fault);
}

static struct callee answering(ash_status first, ash_status then)
{
	struct callee callee = {.answers = {first}, .falls_back = ASH_UNKNOWN};
	for (int i = 1; i < ANSWERS_MOST; i++)
		callee.answers[i] = then;
	return callee;
}

static struct policy *policy_of(const struct policy_settings *settings)
{
	assert_null(policy_mistake(settings));
	struct policy *policy = policy_new(settings);
	assert_non_null(policy);
	return policy;
}

static struct policy_view look(struct policy *policy)
{
	struct policy_view view;
	policy_look(policy, now, &view);
	return view;
}

/* ---- by themselves ---- */

static void an_attempt_has_the_earlier_deadline(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	struct callee callee = answering(ASH_OK, ASH_OK);
	settings.timeout = 100 * MS;
	struct policy *policy = policy_of(&settings);
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
	assert_int_equal(callee.deadline, now + 100 * MS);
	callee.attempts = 0;
	assert_int_equal(make(policy, &callee, false, now + 10 * MS), ASH_OK);
	assert_int_equal(callee.deadline, now + 10 * MS);
	callee.attempts = 0;
	assert_int_equal(make(policy, &callee, false, now), ASH_DEADLINE_EXCEEDED);
	assert_int_equal(callee.attempts, 0);
	assert_int_equal(look(policy).refused[POLICY_BY_DEADLINE], 1);
	policy_free(policy);
}

static void a_write_without_a_key_is_made_once(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	settings.retry.attempts = 3;
	struct policy *policy = policy_of(&settings);
	struct callee callee = answering(ASH_DEADLINE_EXCEEDED, ASH_OK);
	callee.falls_back = ASH_OK;
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_DEADLINE_EXCEEDED);
	assert_int_equal(callee.attempts, 1);
	assert_int_equal(callee.fallbacks, 0);
	callee.attempts = 0;
	assert_int_equal(make(policy, &callee, true, POLICY_NO_DEADLINE), ASH_OK);
	assert_int_equal(callee.attempts, 2);
	assert_int_equal(look(policy).retries, 1);
	policy_free(policy);
}

static void an_open_circuit_falls_back_and_is_not_tried_again(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	settings.retry.attempts = 3;
	struct policy *policy = policy_of(&settings);
	struct callee callee = answering(ASH_OK, ASH_OK);
	policy_force(policy, BREAKER_FORCED_OPEN, now);
	assert_int_equal(make(policy, &callee, true, POLICY_NO_DEADLINE), ASH_UNAVAILABLE);
	callee.falls_back = ASH_OK;
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
	assert_int_equal(callee.attempts, 0);
	assert_int_equal(callee.fallbacks, 1);
	struct policy_view view = look(policy);
	assert_int_equal(view.refused[POLICY_BY_BREAKER], 2);
	assert_int_equal(view.retries, 0);
	assert_int_equal(view.failed, 1);
	policy_reset(policy, now);
	assert_int_equal(look(policy).breaker.state, BREAKER_DISABLED);
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
	assert_int_equal(callee.attempts, 1);
	policy_free(policy);
}

static void what_was_not_attempted_gives_its_probe_back(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	settings.breaks = true;
	settings.breaker.probes = 1;
	settings.limit = 1;
	struct policy *policy = policy_of(&settings);
	struct callee callee = answering(ASH_OK, ASH_OK);
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
	policy_force(policy, BREAKER_OPEN, now - 60 * SECOND);
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_RESOURCE_EXHAUSTED);
	assert_int_equal(look(policy).breaker.state, BREAKER_HALF_OPEN);
	assert_int_equal(look(policy).refused[POLICY_BY_LIMITER], 1);
	now += SECOND;
	callee.attempts = 0;
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
	assert_int_equal(look(policy).breaker.state, BREAKER_CLOSED);
	policy_free(policy);
}

static void failures_open_and_answers_do_not(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	settings.breaks = true;
	settings.breaker.least_calls = settings.breaker.size = 10;
	struct policy *policy = policy_of(&settings);
	for (int i = 0; i < 40; i++) {
		struct callee callee = answering(i % 2 ? ASH_NOT_FOUND : ASH_CANCELED, ASH_OK);
		assert_int_not_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
	}
	assert_int_equal(look(policy).breaker.calls, 10);
	for (int i = 0; i < 5; i++) {
		struct callee callee = answering(ASH_INTERNAL, ASH_OK);
		assert_int_equal(look(policy).breaker.state, BREAKER_CLOSED);
		assert_int_equal(look(policy).failure_rate, i * 1000);
		assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_INTERNAL);
	}
	assert_int_equal(look(policy).breaker.state, BREAKER_OPEN);
	assert_int_equal(look(policy).open_until, now + 60 * SECOND);
	policy_free(policy);
}

static void the_limiter_waits_its_turn(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	settings.limit = 10;
	settings.limit_wait = SECOND;
	struct policy *policy = policy_of(&settings);
	paused = 0;
	for (int i = 0; i < 4; i++) {
		struct callee callee = answering(ASH_OK, ASH_OK);
		assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
	}
	assert_int_equal(paused, 300 * MS);
	struct callee callee = answering(ASH_OK, ASH_OK);
	assert_int_equal(make(policy, &callee, false, now + 50 * MS), ASH_RESOURCE_EXHAUSTED);
	assert_int_equal(callee.attempts, 0);
	policy_free(policy);
}

/* Fills the only place from within a call, and makes another. */
static ash_status call_inside(void *context, const struct policy_attempt *attempt,
			      struct fault *fault)
{
	(void)attempt, (void)fault;
	struct policy *policy = context;
	struct callee callee = answering(ASH_OK, ASH_OK);
	assert_int_equal(look(policy).inside, 1);
	assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_RESOURCE_EXHAUSTED);
	assert_int_equal(make(policy, &callee, false, now + 5 * MS), ASH_RESOURCE_EXHAUSTED);
	assert_int_equal(callee.attempts, 0);
	assert_int_equal(look(policy).refused[POLICY_BY_BULKHEAD], 2);
	return ASH_OK;
}

static void a_full_bulkhead_waits_and_refuses(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	settings.places = settings.queue = 1;
	settings.queue_wait = 20 * MS;
	struct policy *policy = policy_of(&settings);
	const struct policy_call call = {.clock = &test_clock,
					 .waiter = &test_waiter,
					 .deadline = POLICY_NO_DEADLINE,
					 .function = call_inside,
					 .context = policy};
	uint64_t before = now;
	assert_int_equal(policy_call(policy, &call, NULL), ASH_OK);
	assert_int_equal(now - before, 25 * MS);
	assert_int_equal(look(policy).inside, 0);
	policy_free(policy);
}

static void settings_that_cannot_be_are_told(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	assert_null(policy_mistake(&settings));
	assert_memory_equal(&settings.breaker, &breaker_defaults, sizeof breaker_defaults);
	settings.ignored |= POLICY_STATUS(ASH_UNAVAILABLE);
	assert_non_null(policy_mistake(&settings));
	settings = policy_defaults;
	settings.places = BULKHEAD_LIMIT + 1;
	assert_non_null(policy_mistake(&settings));
	settings = policy_defaults;
	settings.limit = 2 * SECOND;
	assert_non_null(policy_mistake(&settings));
	settings = policy_defaults;
	settings.retry.attempts = 0;
	assert_non_null(policy_mistake(&settings));
	settings = policy_defaults;
	settings.retry_share = 10001;
	assert_non_null(policy_mistake(&settings));
}

/* ---- ticks ---- */

static int fine_readings, coarse_readings;

static uint64_t read_fine(const struct clock *clock)
{
	(void)clock;
	fine_readings++;
	return now;
}

/* Late by a tick. */
static uint64_t read_coarse(const struct clock *clock)
{
	(void)clock;
	coarse_readings++;
	return now - clock_coarse_tick();
}

static ash_status make_by_both_clocks(struct policy *policy, struct callee *callee,
				      uint64_t deadline)
{
	static const struct clock both = {.monotonic = read_fine, .coarse = read_coarse};
	const struct policy_call call = {.clock = &both,
					 .waiter = &test_waiter,
					 .deadline = deadline,
					 .repeatable = true,
					 .function = callee_answers,
					 .context = callee};
	fine_readings = coarse_readings = 0;
	return policy_call(policy, &call, NULL);
}

static void call_by_both_clocks(struct policy *policy, struct callee *callee, uint64_t deadline)
{
	assert_int_equal(make_by_both_clocks(policy, callee, deadline), ASH_OK);
}

static void ticks_are_enough_where_times_are_long(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	struct callee callee = answering(ASH_OK, ASH_OK);
	settings.breaks = true;
	settings.places = settings.queue = 1;
	settings.queue_wait = SECOND;
	settings.timeout = 100 * MS;
	settings.retry.attempts = 3;
	struct policy *policy = policy_of(&settings);
	if (!policy_is_coarse(policy))
		skip(); /* the system ticks too slowly */
	call_by_both_clocks(policy, &callee, POLICY_NO_DEADLINE);
	assert_int_equal(fine_readings, 0);
	assert_int_equal(coarse_readings, 2);
	/* Never less than the time-out. */
	assert_in_range(callee.deadline, now + 100 * MS, now + 100 * MS + clock_coarse_tick());
	/* Whether there is time for another attempt is no matter of ticks. */
	callee = answering(ASH_UNAVAILABLE, ASH_OK);
	call_by_both_clocks(policy, &callee, now + 1000 * SECOND);
	assert_int_equal(fine_readings, 1);
	/* Nor is the request's deadline. */
	callee = answering(ASH_OK, ASH_OK);
	assert_int_equal(make_by_both_clocks(policy, &callee, now), ASH_DEADLINE_EXCEEDED);
	assert_int_equal(callee.attempts, 0);
	call_by_both_clocks(policy, &callee, now + 1);
	assert_int_equal(callee.deadline, now + 1);
	policy_free(policy);
}

static void ticks_are_not_enough_elsewhere(void **state)
{
	(void)state;
	struct policy_settings all[8];
	for (int i = 0; i < 8; i++) {
		all[i] = policy_defaults;
		all[i].breaks = true;
	}
	all[0].timeout = 99 * MS;
	all[1].limit = 1;
	all[2].timeout = 1000 * SECOND;
	all[2].limit = 1;
	all[3].breaker.window = BREAKER_TIME;
	all[4].breaker.slow = 99 * MS;
	all[5].breaker.open = 99 * MS;
	all[6].breaker.half_open_most = 99 * MS;
	for (int i = 0; i < 8; i++) {
		struct callee callee = answering(ASH_OK, ASH_OK);
		struct policy *policy = policy_of(&all[i]);
		if (i < 7) {
			assert_false(policy_is_coarse(policy));
			call_by_both_clocks(policy, &callee, POLICY_NO_DEADLINE);
			assert_int_equal(coarse_readings, 0);
			assert_true(fine_readings >= 2);
		}
		/* A clock that has no ticks is read as it is. */
		callee.attempts = 0;
		now += SECOND;
		assert_int_equal(make(policy, &callee, false, POLICY_NO_DEADLINE), ASH_OK);
		policy_free(policy);
	}
}

static void it_needs_memory(void **state)
{
	(void)state;
	int failures = 0;
	for (long n = 1;; n++) {
		mem_fail_from(n);
		struct policy *policy = policy_new(&policy_defaults);
		bool failed = mem_fail_never();
		assert_int_equal(policy == NULL, failed);
		policy_free(policy);
		if (!failed)
			break;
		failures++;
	}
	assert_true(failures >= 2);
}

/* ---- random calls against the model ---- */

struct expected {
	ash_status status;
	uint32_t attempts;
	uint32_t fallbacks;
};

/* Of a policy whose breaker stays closed and whose pauses are all shorter than the deadline. */
static struct expected expect(const struct policy_settings *settings, const struct callee *callee,
			      bool repeatable)
{
	struct expected out = {0};
	uint32_t most = repeatable ? settings->retry.attempts : 1;
	if (settings->retry.attempts > 1 && most > settings->retry_least + 1 &&
	    settings->retry_least == 0)
		most = 1; /* 20 % of one call is none */
	do
		out.status = callee->answers[out.attempts++];
	while (out.attempts < most && POLICY_STATUS(out.status) & settings->retried);
	if (callee->falls_back != ASH_UNKNOWN && repeatable && out.status != ASH_OK &&
	    POLICY_STATUS(out.status) & settings->failures) {
		out.status = callee->falls_back;
		out.fallbacks = 1;
	}
	return out;
}

static void run_calls(uint64_t seed, int count)
{
	random_seed(seed);
	struct policy_settings settings = policy_defaults;
	settings.failures = (uint32_t)random_below(1 << 17);
	settings.ignored = (uint32_t)random_below(1 << 17) & ~settings.failures;
	settings.retried = (uint32_t)random_below(1 << 17) & ~POLICY_STATUS(ASH_OK);
	settings.retry.attempts = 1 + (uint32_t)random_below(ANSWERS_MOST);
	settings.retry_least = (uint32_t)random_below(3);
	settings.places = (uint32_t)random_below(2);
	settings.timeout = random_below(2) * SECOND;
	struct policy *policy = policy_of(&settings);
	uint64_t attempts = 0, failed = 0;
	for (int i = 0; i < count; i++) {
		struct callee callee = {.takes = random_below(MS),
					.falls_back = (ash_status)random_below(3)};
		for (int j = 0; j < ANSWERS_MOST; j++)
			callee.answers[j] = (ash_status)(random_below(2) * random_below(17));
		bool repeatable = random_below(2);
		struct expected expected = expect(&settings, &callee, repeatable);
		assert_int_equal(make(policy, &callee, repeatable, POLICY_NO_DEADLINE),
				 expected.status);
		assert_int_equal(callee.attempts, expected.attempts);
		assert_int_equal(callee.fallbacks, expected.fallbacks);
		attempts += callee.attempts;
		failed += expected.status != ASH_OK;
	}
	struct policy_view view = look(policy);
	assert_int_equal(view.calls, count);
	assert_int_equal(view.calls + view.retries, attempts);
	assert_int_equal(view.failed, failed);
	assert_int_equal(view.active + view.retrying + view.inside + view.waiting, 0);
	policy_free(policy);
}

static void calls_are_those_of_the_model(void **state)
{
	(void)state;
	const char *wanted = getenv("ASHLAR_HISTORIES");
	uint64_t count = wanted ? strtoull(wanted, NULL, 10) : 300;
	for (uint64_t seed = 1; seed <= count; seed++)
		run_calls(seed, 300);
}

/* ---- many threads, and somebody who forces states ---- */

enum { THREADS = 6, EACH = 3000 };

struct crowd {
	struct policy *policy;
	_Atomic int inside, most;
};

static uint64_t tick(const struct clock *clock)
{
	(void)clock;
	return clock_monotonic();
}

static const struct clock ticking = {.monotonic = tick};

static ash_status answer_at_random(void *context, const struct policy_attempt *attempt,
				   struct fault *fault)
{
	(void)attempt, (void)fault;
	struct crowd *crowd = context;
	int inside = atomic_fetch_add(&crowd->inside, 1) + 1;
	int most = atomic_load(&crowd->most);
	while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside))
		;
	atomic_fetch_sub(&crowd->inside, 1);
	return random_below(3) ? ASH_OK : ASH_UNAVAILABLE;
}

static void *call_often(void *context)
{
	struct crowd *crowd = context;
	const struct policy_call call = {.clock = &ticking,
					 .waiter = &policy_waiter_system,
					 .deadline = POLICY_NO_DEADLINE,
					 .repeatable = true,
					 .function = answer_at_random,
					 .context = crowd};
	for (int i = 0; i < EACH; i++) {
		ash_status status = policy_call(crowd->policy, &call, NULL);
		if (status != ASH_OK && status != ASH_UNAVAILABLE)
			return crowd;
		if (i % 500 == 7)
			policy_force(crowd->policy, i % 1000 == 7 ? BREAKER_OPEN : BREAKER_CLOSED,
				     clock_monotonic());
		if (i % 700 == 3)
			policy_reset(crowd->policy, clock_monotonic());
	}
	return NULL;
}

static void many_threads_leave_nothing_behind(void **state)
{
	(void)state;
	struct policy_settings settings = policy_defaults;
	pthread_t threads[THREADS];
	void *wrong = NULL;
	settings.breaks = true;
	settings.breaker.size = settings.breaker.least_calls = 10;
	settings.breaker.probes = 2;
	settings.breaker.open = settings.breaker.half_open_most = 10000;
	settings.retry.attempts = 3;
	settings.retry.base = 1000;
	settings.places = 2;
	settings.queue = THREADS;
	settings.queue_wait = 3600 * SECOND;
	struct crowd crowd = {.policy = policy_of(&settings)};
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, &crowd), 0);
	for (int i = 0; i < THREADS; i++) {
		void *answer;
		pthread_join(threads[i], &answer);
		wrong = wrong ? wrong : answer;
	}
	assert_null(wrong);
	struct policy_view view;
	policy_look(crowd.policy, clock_monotonic(), &view);
	assert_in_range(atomic_load(&crowd.most), 1, 2);
	assert_int_equal(view.calls, THREADS * EACH);
	assert_int_equal(view.active + view.retrying + view.inside + view.waiting, 0);
	assert_true(view.refused[POLICY_BY_BREAKER] > 0);
	policy_free(crowd.policy);
}

/* ---- how many are under way ---- */

struct stop {
	struct policy *policy;
	pthread_barrier_t inside, out;
};

static ash_status stop_inside(void *context, const struct policy_attempt *attempt,
			      struct fault *fault)
{
	(void)attempt, (void)fault;
	struct stop *stop = context;
	pthread_barrier_wait(&stop->inside);
	pthread_barrier_wait(&stop->out);
	return ASH_OK;
}

static void *call_and_stop(void *context)
{
	struct stop *stop = context;
	const struct policy_call call = {.clock = &ticking,
					 .waiter = &policy_waiter_system,
					 .deadline = POLICY_NO_DEADLINE,
					 .function = stop_inside,
					 .context = stop};
	return policy_call(stop->policy, &call, NULL) == ASH_OK ? NULL : context;
}

static void calls_under_way_are_known(void **state)
{
	(void)state;
	struct stop stop = {.policy = policy_of(&policy_defaults)};
	pthread_barrier_init(&stop.inside, NULL, THREADS + 1);
	pthread_barrier_init(&stop.out, NULL, THREADS + 1);
	for (int round = 1; round <= 20; round++) {
		pthread_t threads[THREADS];
		for (int i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, call_and_stop, &stop);
		pthread_barrier_wait(&stop.inside);
		assert_int_equal(look(stop.policy).active, THREADS);
		pthread_barrier_wait(&stop.out);
		for (int i = 0; i < THREADS; i++) {
			void *wrong;
			pthread_join(threads[i], &wrong);
			assert_null(wrong);
		}
		assert_int_equal(look(stop.policy).active, 0);
		assert_int_equal(look(stop.policy).calls, THREADS * round);
	}
	pthread_barrier_destroy(&stop.inside);
	pthread_barrier_destroy(&stop.out);
	policy_free(stop.policy);
}

/* ---- a wave of threads on a half-open circuit ---- */

enum { WAVE = 8, PROBES = 3, ROUNDS = 150 };

struct wave {
	struct policy *policy;
	pthread_barrier_t turn;
	_Atomic int inside, refused;
	_Atomic ash_status outcome;
};

/* Stays until all of the wave are through or refused. */
static ash_status probe(void *context, const struct policy_attempt *attempt, struct fault *fault)
{
	(void)attempt, (void)fault;
	struct wave *wave = context;
	atomic_fetch_add(&wave->inside, 1);
	while (atomic_load(&wave->inside) + atomic_load(&wave->refused) < WAVE)
		sched_yield();
	return atomic_load(&wave->outcome);
}

static void count_refusal(void *context, enum policy_refusal by)
{
	struct wave *wave = context;
	atomic_fetch_add(&wave->refused, by == POLICY_BY_BREAKER);
}

static void *come_with_the_wave(void *context)
{
	struct wave *wave = context;
	const struct policy_call call = {.clock = &ticking,
					 .waiter = &policy_waiter_system,
					 .deadline = POLICY_NO_DEADLINE,
					 .function = probe,
					 .refused = count_refusal,
					 .context = wave};
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&wave->turn);
		(void)!policy_call(wave->policy, &call, NULL);
		pthread_barrier_wait(&wave->turn);
	}
	return NULL;
}

/* One wave at a circuit whose wait is over; more than the probes would never get all through. */
static void send_wave(struct wave *wave, ash_status outcome, enum breaker_state then)
{
	struct policy_view view;
	atomic_store(&wave->inside, 0);
	atomic_store(&wave->refused, 0);
	atomic_store(&wave->outcome, outcome);
	policy_force(wave->policy, BREAKER_OPEN, clock_monotonic() - 61 * SECOND);
	pthread_barrier_wait(&wave->turn);
	pthread_barrier_wait(&wave->turn);
	policy_look(wave->policy, clock_monotonic(), &view);
	assert_int_equal(atomic_load(&wave->inside), PROBES);
	assert_int_equal(atomic_load(&wave->refused), WAVE - PROBES);
	assert_int_equal(view.breaker.state, then);
}

static void half_open_lets_its_probes_through_and_no_thread_more(void **state)
{
	(void)state;
	static const struct {
		ash_status outcome;
		enum breaker_state then;
	} ENDS[] = {{ASH_OK, BREAKER_CLOSED},
		    {ASH_UNAVAILABLE, BREAKER_OPEN},
		    {ASH_CANCELED, BREAKER_HALF_OPEN}};
	struct policy_settings settings = policy_defaults;
	pthread_t threads[WAVE];
	settings.breaks = true;
	settings.breaker.probes = PROBES;
	struct wave wave = {.policy = policy_of(&settings)};
	pthread_barrier_init(&wave.turn, NULL, WAVE + 1);
	for (int i = 0; i < WAVE; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_with_the_wave, &wave), 0);
	for (int i = 0; i < ROUNDS; i++)
		send_wave(&wave, ENDS[i % 3].outcome, ENDS[i % 3].then);
	for (int i = 0; i < WAVE; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&wave.turn);
	policy_free(wave.policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_attempt_has_the_earlier_deadline),
		cmocka_unit_test(a_write_without_a_key_is_made_once),
		cmocka_unit_test(an_open_circuit_falls_back_and_is_not_tried_again),
		cmocka_unit_test(what_was_not_attempted_gives_its_probe_back),
		cmocka_unit_test(failures_open_and_answers_do_not),
		cmocka_unit_test(the_limiter_waits_its_turn),
		cmocka_unit_test(a_full_bulkhead_waits_and_refuses),
		cmocka_unit_test(settings_that_cannot_be_are_told),
		cmocka_unit_test(ticks_are_enough_where_times_are_long),
		cmocka_unit_test(ticks_are_not_enough_elsewhere),
		cmocka_unit_test(it_needs_memory),
		cmocka_unit_test(calls_are_those_of_the_model),
		cmocka_unit_test(many_threads_leave_nothing_behind),
		cmocka_unit_test(calls_under_way_are_known),
		cmocka_unit_test(half_open_lets_its_probes_through_and_no_thread_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
