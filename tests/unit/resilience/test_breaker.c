/* SPDX-License-Identifier: Apache-2.0 */
/* The breaker against a slow, obvious model over random histories, each rule by itself, and many
 * threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "resilience/breaker.h"

#define SECOND UINT64_C(1000000000)

/* ---- the model: keeps every call and counts anew each time ---- */

enum { CALLS_MOST = 5000 };

struct ended {
	uint64_t at;
	bool failed;
	bool slow;
};

struct model {
	struct breaker_settings settings;
	enum breaker_state state;
	uint64_t generation;
	struct ended ended[CALLS_MOST]; /* since the state changed */
	uint32_t count;
	uint32_t permitted;
	uint64_t since;
	uint64_t until;
	uint32_t openings;
};

static void model_go(struct model *model, enum breaker_state state)
{
	model->state = state;
	model->generation++;
	model->count = model->permitted = 0;
}

static void model_open(struct model *model, uint64_t now)
{
	double wait = (double)model->settings.open;
	model->openings++;
	for (uint32_t i = 1; i < model->openings; i++)
		wait *= model->settings.growth;
	if (wait > (double)model->settings.open_most)
		wait = (double)model->settings.open_most;
	model->until = now + (uint64_t)wait;
	model_go(model, BREAKER_OPEN);
}

static bool model_is_over(const struct model *model, uint64_t now)
{
	const struct breaker_settings *settings = &model->settings;
	uint32_t calls = 0, failures = 0, slow = 0, in_a_row = 0;
	bool broken = false;
	for (uint32_t i = model->count; i-- > 0;) {
		const struct ended *one = &model->ended[i];
		broken = broken || !one->failed;
		in_a_row += !broken;
		if (settings->window == BREAKER_TIME &&
		    now / SECOND - one->at / SECOND >= settings->size)
			continue;
		if (settings->window == BREAKER_COUNT && calls == settings->size)
			continue;
		calls++;
		failures += one->failed;
		slow += one->slow;
	}
	if (settings->window == BREAKER_CONSECUTIVE && model->state != BREAKER_HALF_OPEN)
		return in_a_row > settings->size;
	uint32_t least = settings->least_calls;
	if (settings->window == BREAKER_COUNT && least > settings->size)
		least = settings->size;
	return calls >= least && ((double)failures / calls * 10000 >= settings->failure_rate ||
				  (double)slow / calls * 10000 >= settings->slow_rate);
}

static bool model_permit(struct model *model, uint64_t now)
{
	const struct breaker_settings *settings = &model->settings;
	if (model->state == BREAKER_OPEN && now >= model->until) {
		model_go(model, BREAKER_HALF_OPEN);
		model->since = now;
	} else if (model->state == BREAKER_HALF_OPEN && settings->half_open_most &&
		   now - model->since >= settings->half_open_most) {
		model_open(model, now);
	}
	if (model->state == BREAKER_HALF_OPEN)
		return model->permitted < settings->probes && ++model->permitted;
	return model->state != BREAKER_OPEN && model->state != BREAKER_FORCED_OPEN;
}

static void model_decide(struct model *model, uint64_t now)
{
	uint32_t failures = 0, slow = 0, probes = model->settings.probes;
	for (uint32_t i = 0; i < model->count; i++) {
		failures += model->ended[i].failed;
		slow += model->ended[i].slow;
	}
	if (model->count < probes)
		return;
	if ((double)failures / probes * 10000 >= model->settings.failure_rate ||
	    (double)slow / probes * 10000 >= model->settings.slow_rate) {
		model_open(model, now);
	} else {
		model->openings = 0;
		model_go(model, BREAKER_CLOSED);
	}
}

static void model_record(struct model *model, uint64_t generation, uint64_t started,
			 enum breaker_outcome outcome, uint64_t now)
{
	if (generation != model->generation || model->state == BREAKER_DISABLED)
		return;
	if (outcome == BREAKER_IGNORED) {
		model->permitted -= model->state == BREAKER_HALF_OPEN;
		return;
	}
	if (model->count == CALLS_MOST) { /* more than any window here */
		for (uint32_t i = 1; i < CALLS_MOST; i++)
			model->ended[i - 1] = model->ended[i];
		model->count--;
	}
	model->ended[model->count++] = (struct ended){now, outcome == BREAKER_FAILURE,
						      now - started > model->settings.slow};
	if (model->state == BREAKER_HALF_OPEN)
		model_decide(model, now);
	else if (model->state == BREAKER_CLOSED && model_is_over(model, now))
		model_open(model, now);
}

/* ---- random histories ---- */

enum { UNDER_WAY = 24 };

struct call {
	struct breaker_permit permit;
	uint64_t generation; /* the model's */
	bool open;
};

static struct breaker_settings random_settings(void)
{
	static const uint32_t RATES[] = {1, 500, 3333, 5000, 9999, 10000};
	return (struct breaker_settings){
		.window = (enum breaker_window)random_below(3),
		.size = 1 + (uint32_t)random_below(20),
		.least_calls = 1 + (uint32_t)random_below(30),
		.failure_rate = RATES[random_below(6)],
		.slow_rate = RATES[random_below(6)],
		.slow = random_below(4) * SECOND,
		.probes = 1 + (uint32_t)random_below(5),
		.half_open_most = random_below(3) * 5 * SECOND,
		.open = 1 + random_below(5) * SECOND,
		.growth = 1.0 + (double)random_below(3) / 2,
		.open_most = 20 * SECOND,
	};
}

static enum breaker_outcome random_outcome(uint64_t bad)
{
	uint64_t chance = random_below(100);
	return chance < bad ? BREAKER_FAILURE : chance > 97 ? BREAKER_IGNORED : BREAKER_SUCCESS;
}

static void step(struct breaker *breaker, struct model *model, struct call *call, uint64_t now,
		 uint64_t bad)
{
	if (call->open) {
		enum breaker_outcome outcome = random_outcome(bad);
		breaker_record(breaker, call->permit, outcome, now);
		model_record(model, call->generation, call->permit.started, outcome, now);
		call->open = false;
	} else {
		call->open = breaker_permit(breaker, now, &call->permit);
		assert_int_equal(call->open, model_permit(model, now));
		call->generation = model->generation;
	}
}

static void force(struct breaker *breaker, struct model *model, uint64_t now)
{
	static const enum breaker_state STATES[] = {BREAKER_CLOSED, BREAKER_OPEN, BREAKER_DISABLED,
						    BREAKER_FORCED_OPEN, BREAKER_METRICS_ONLY};
	enum breaker_state state = STATES[random_below(5)];
	breaker_force(breaker, state, now);
	if (state == BREAKER_OPEN) {
		model_open(model, now);
	} else {
		model->openings = 0;
		model_go(model, state);
	}
}

static void run_history(uint64_t seed, int steps)
{
	static struct model model;
	random_seed(seed);
	struct breaker_settings settings = random_settings();
	struct breaker *breaker = breaker_new(&settings);
	struct call calls[UNDER_WAY] = {{{0}}};
	uint64_t now = 1000 * SECOND, bad = random_below(60);
	assert_null(breaker_mistake(&settings));
	model = (struct model){.settings = settings, .generation = 1};
	for (int i = 0; i < steps; i++) {
		if (random_below(400) == 0)
			bad = random_below(3) ? random_below(60) : 0;
		if (random_below(4) == 0)
			now += random_below(random_below(50) ? SECOND / 3 : 30 * SECOND);
		if (random_below(500) == 0)
			force(breaker, &model, now);
		step(breaker, &model, &calls[random_below(UNDER_WAY)], now, bad);
		if (random_below(20) == 0 && breaker_look(breaker, now).state != model.state)
			fail_msg("seed %llu, step %d: %s, and should be %s",
				 (unsigned long long)seed, i,
				 breaker_state_name(breaker_look(breaker, now).state),
				 breaker_state_name(model.state));
	}
	breaker_free(breaker);
}

static void histories_are_those_of_the_model(void **state)
{
	(void)state;
	const char *wanted = getenv("ASHLAR_HISTORIES");
	uint64_t count = wanted ? strtoull(wanted, NULL, 10) : 300;
	for (uint64_t seed = 1; seed <= count; seed++)
		run_history(seed, 1000);
}

/* ---- by themselves ---- */

static void record(struct breaker *breaker, enum breaker_outcome outcome, int count, uint64_t now)
{
	struct breaker_permit permit;
	for (int i = 0; i < count; i++) {
		assert_true(breaker_permit(breaker, now, &permit));
		breaker_record(breaker, permit, outcome, now);
	}
}

static void the_wait_grows_each_time_that_probes_fail(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	struct breaker_permit permit;
	settings.probes = 1;
	settings.open = SECOND;
	settings.growth = 2.0;
	settings.open_most = 5 * SECOND;
	struct breaker *breaker = breaker_new(&settings);
	static const uint64_t WAITS[] = {1, 2, 4, 5, 5};
	uint64_t now = SECOND;
	record(breaker, BREAKER_FAILURE, 100, now);
	for (size_t i = 0; i < sizeof WAITS / sizeof *WAITS; i++) {
		assert_int_equal(breaker_look(breaker, now).wait, WAITS[i] * SECOND);
		assert_int_equal(breaker_look(breaker, now).openings, i + 1);
		assert_false(breaker_permit(breaker, now + WAITS[i] * SECOND - 1, &permit));
		now += WAITS[i] * SECOND;
		record(breaker, BREAKER_FAILURE, 1, now);
	}
	now += 5 * SECOND;
	record(breaker, BREAKER_SUCCESS, 1, now);
	assert_int_equal(breaker_look(breaker, now).state, BREAKER_CLOSED);
	assert_int_equal(breaker_look(breaker, now).openings, 0);
	assert_int_equal(breaker_look(breaker, now).refused, 5);
	breaker_free(breaker);
}

static void jitter_is_within_its_share(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	settings.open = 100 * SECOND;
	settings.jitter = 0.5;
	struct breaker *breaker = breaker_new(&settings);
	uint64_t least = UINT64_MAX, most = 0;
	for (int i = 0; i < 1000; i++) {
		breaker_force(breaker, BREAKER_CLOSED, SECOND);
		breaker_force(breaker, BREAKER_OPEN, SECOND);
		uint64_t wait = breaker_look(breaker, SECOND).wait;
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_in_range(least, 50 * SECOND, 55 * SECOND);
	assert_in_range(most, 145 * SECOND, 150 * SECOND);
	breaker_free(breaker);
}

static void a_lost_probe_does_not_hold_it_for_ever(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	struct breaker_permit permit, second;
	settings.probes = 1;
	struct breaker *breaker = breaker_new(&settings);
	breaker_force(breaker, BREAKER_OPEN, 0);
	assert_true(breaker_permit(breaker, 60 * SECOND, &permit));
	assert_false(breaker_permit(breaker, 61 * SECOND, &second));
	assert_false(breaker_permit(breaker, 120 * SECOND, &second)); /* waited enough: open */
	assert_int_equal(breaker_look(breaker, 120 * SECOND).state, BREAKER_OPEN);
	assert_true(breaker_permit(breaker, 180 * SECOND, &second));
	breaker_record(breaker, permit, BREAKER_SUCCESS, 180 * SECOND); /* the lost one, late */
	assert_int_equal(breaker_look(breaker, 180 * SECOND).state, BREAKER_HALF_OPEN);
	breaker_record(breaker, second, BREAKER_SUCCESS, 180 * SECOND);
	assert_int_equal(breaker_look(breaker, 180 * SECOND).state, BREAKER_CLOSED);
	breaker_free(breaker);
}

/* Of two threads, the one that read the clock first may come last. */
static void a_probe_with_an_older_time_does_not_open_it(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	struct breaker_permit permit, older;
	settings.probes = 2;
	struct breaker *breaker = breaker_new(&settings);
	breaker_force(breaker, BREAKER_OPEN, 0);
	assert_true(breaker_permit(breaker, 60 * SECOND + 5, &permit));
	assert_true(breaker_permit(breaker, 60 * SECOND, &older));
	assert_int_equal(breaker_look(breaker, 60 * SECOND).state, BREAKER_HALF_OPEN);
	breaker_record(breaker, permit, BREAKER_SUCCESS, 60 * SECOND);
	breaker_record(breaker, older, BREAKER_SUCCESS, 60 * SECOND + 5);
	assert_int_equal(breaker_look(breaker, 60 * SECOND).state, BREAKER_CLOSED);
	breaker_free(breaker);
}

static void a_window_of_time_loses_no_call_where_times_go_back(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	settings.window = BREAKER_TIME;
	struct breaker *breaker = breaker_new(&settings);
	uint32_t calls = 0;
	for (int i = 0; i < 1000; i++) {
		uint64_t now = (1000 + random_below(50)) * SECOND;
		record(breaker, BREAKER_SUCCESS, 3, now);
		calls += 3;
		uint64_t reader = (1000 + random_below(50)) * SECOND;
		assert_int_equal(breaker_look(breaker, reader).calls, calls);
	}
	breaker_free(breaker);
}

static void settings_that_cannot_be_are_told(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	assert_null(breaker_mistake(&settings));
	settings.size = 0;
	assert_non_null(breaker_mistake(&settings));
	settings = breaker_defaults;
	settings.failure_rate = 10001;
	assert_non_null(breaker_mistake(&settings));
	settings = breaker_defaults;
	settings.probes = 0;
	assert_non_null(breaker_mistake(&settings));
	settings = breaker_defaults;
	settings.growth = 0.5;
	assert_non_null(breaker_mistake(&settings));
	settings = breaker_defaults;
	settings.open = 0;
	assert_non_null(breaker_mistake(&settings));
}

static void it_needs_memory(void **state)
{
	(void)state;
	int failures = 0;
	for (long n = 1;; n++) {
		mem_fail_from(n);
		struct breaker *breaker = breaker_new(&breaker_defaults);
		bool failed = mem_fail_never();
		assert_int_equal(breaker == NULL, failed);
		breaker_free(breaker);
		if (!failed)
			break;
		failures++;
	}
	assert_int_equal(failures, 2);
}

/* ---- many threads ---- */

enum { THREADS = 4, ROUNDS = 300, PROBES = 7 };

struct crowd {
	struct breaker *breaker;
	pthread_barrier_t barrier;
	_Atomic uint32_t granted;
};

static void *ask_for_probes(void *context)
{
	struct crowd *crowd = context;
	struct breaker_permit permit;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		pthread_barrier_wait(&crowd->barrier);
		for (int i = 0; i < 20; i++)
			if (breaker_permit(crowd->breaker, round * 1000 * SECOND, &permit))
				atomic_fetch_add(&crowd->granted, 1);
		pthread_barrier_wait(&crowd->barrier);
		if (pthread_barrier_wait(&crowd->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			breaker_force(crowd->breaker, BREAKER_OPEN, round * 1000 * SECOND);
	}
	return NULL;
}

static void half_open_lets_no_more_through_than_its_probes(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	settings.probes = PROBES;
	struct crowd crowd = {.breaker = breaker_new(&settings)};
	pthread_t threads[THREADS];
	pthread_barrier_init(&crowd.barrier, NULL, THREADS + 1);
	breaker_force(crowd.breaker, BREAKER_OPEN, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, ask_for_probes, &crowd);
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&crowd.barrier);
		pthread_barrier_wait(&crowd.barrier);
		assert_int_equal(atomic_exchange(&crowd.granted, 0), PROBES);
		if (pthread_barrier_wait(&crowd.barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			breaker_force(crowd.breaker, BREAKER_OPEN,
				      (uint64_t)(round + 1) * 1000 * SECOND);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.barrier);
	breaker_free(crowd.breaker);
}

enum { EACH = 20000 };

/* Each thread's times run on their own, so that they go back and forth between threads. */
static void *succeed(void *context)
{
	struct breaker_permit permit;
	for (uint64_t i = 0; i < EACH; i++) {
		uint64_t now = (1 + i / (EACH / 50)) * SECOND;
		if (breaker_permit(context, now, &permit))
			breaker_record(context, permit,
				       i % 100 == 99 ? BREAKER_FAILURE : BREAKER_SUCCESS, now);
	}
	return NULL;
}

static void no_call_of_many_threads_is_lost(void **state)
{
	(void)state;
	struct breaker_settings settings = breaker_defaults;
	settings.window = BREAKER_TIME;
	struct breaker *breaker = breaker_new(&settings);
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, succeed, breaker);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	struct breaker_view view = breaker_look(breaker, SECOND);
	assert_int_equal(view.state, BREAKER_CLOSED);
	assert_int_equal(view.calls, THREADS * EACH);
	assert_int_equal(view.failures, THREADS * EACH / 100);
	breaker_free(breaker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories_are_those_of_the_model),
		cmocka_unit_test(the_wait_grows_each_time_that_probes_fail),
		cmocka_unit_test(jitter_is_within_its_share),
		cmocka_unit_test(a_lost_probe_does_not_hold_it_for_ever),
		cmocka_unit_test(a_probe_with_an_older_time_does_not_open_it),
		cmocka_unit_test(a_window_of_time_loses_no_call_where_times_go_back),
		cmocka_unit_test(settings_that_cannot_be_are_told),
		cmocka_unit_test(it_needs_memory),
		cmocka_unit_test(half_open_lets_no_more_through_than_its_probes),
		cmocka_unit_test(no_call_of_many_threads_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
