/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that nobody but the test gives work to. They look by themselves once an hour, so
 * whatever they do sooner they were woken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "worker/workers.h"

/* An hour, and far less than it. */
#define POLL_MS  3600000
#define PATIENCE (60 * 1000000000ULL)

/* What the numbers are about, and something else. */
#define TOPIC UINT64_C(4)
#define ELSE  UINT64_C(8)

/* What the workers take: numbers that the test puts there. */
struct bench {
	struct store *store;
	struct workers workers;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned waiting; /* to be taken */
	unsigned taken, ended;
	unsigned looks;      /* how often a worker looked for work */
	unsigned beats;      /* of the last lease that was held */
	unsigned hearts;     /* how often the heart beat */
	unsigned failing;    /* looks that fail, as many as that */
	bool shut;           /* a worker that took something does not end it yet */
	bool slow;           /* one that found nothing does not go to wait yet */
	bool single;         /* one that took something knows that it was all */
	bool behind;         /* one that found nothing sees that something waits for the others */
	struct lease beaten; /* the last */
	char name[LEASE_TEXT_LIMIT + 1], id[LEASE_TEXT_LIMIT + 1];
	char log[1024];
};

static struct bench bench;

/* ---- threads that cannot be made ---- */

static _Atomic unsigned created, refused_at; /* 0: none is refused */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*function)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*function)(void *), void *context);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*function)(void *), void *context)
{
	if (atomic_fetch_add(&created, 1) + 1 == atomic_load(&refused_at))
		return 11; /* EAGAIN */
	return __real_pthread_create(thread, attributes, function, context);
}

/* ---- the work ---- */

/* Under the lock: until `*number` is at least `least`. */
static bool await(const unsigned *number, unsigned least)
{
	struct timespec until = clock_after(PATIENCE);
	int result = 0;
	while (*number < least && result == 0)
		result = pthread_cond_timedwait(&bench.changed, &bench.lock, &until);
	return *number >= least;
}

static bool comes_to(const unsigned *number, unsigned least)
{
	pthread_mutex_lock(&bench.lock);
	bool came = await(number, least);
	pthread_mutex_unlock(&bench.lock);
	return came;
}

static unsigned read_now(const unsigned *number)
{
	pthread_mutex_lock(&bench.lock);
	unsigned now = *number;
	pthread_mutex_unlock(&bench.lock);
	return now;
}

static void put(unsigned count)
{
	pthread_mutex_lock(&bench.lock);
	bench.waiting += count;
	pthread_mutex_unlock(&bench.lock);
}

static void set(bool *gate, bool to)
{
	pthread_mutex_lock(&bench.lock);
	*gate = to;
	pthread_cond_broadcast(&bench.changed);
	pthread_mutex_unlock(&bench.lock);
}

static ash_status take_one(void *context, struct workers_look *look, struct fault *fault)
{
	ash_status status = ASH_OK;
	assert_ptr_equal(context, &bench);
	pthread_mutex_lock(&bench.lock);
	bench.looks++;
	if (bench.failing > 0) {
		bench.failing--;
		status = fault_set(fault, ASH_UNAVAILABLE, "nothing can be seen");
	} else if (bench.waiting > 0) {
		look->found = true;
		look->more = !bench.single;
		bench.waiting--;
		bench.taken++;
		pthread_cond_broadcast(&bench.changed);
		while (bench.shut)
			pthread_cond_wait(&bench.changed, &bench.lock);
		bench.ended++;
	}
	look->behind = !look->found && bench.behind;
	pthread_cond_broadcast(&bench.changed);
	while (!look->found && bench.slow)
		pthread_cond_wait(&bench.changed, &bench.lock);
	pthread_mutex_unlock(&bench.lock);
	return status;
}

static ash_status lengthen(void *context, const struct lease *lease, struct fault *fault)
{
	assert_ptr_equal(context, &bench);
	pthread_mutex_lock(&bench.lock);
	bench.beats++;
	snprintf(bench.name, sizeof bench.name, "%s", lease->name);
	snprintf(bench.id, sizeof bench.id, "%s", lease->id);
	bench.beaten = (struct lease){lease->token, bench.name, bench.id, NULL};
	pthread_mutex_unlock(&bench.lock);
	return lease->token < 0 ? fault_set(fault, ASH_ABORTED, "it is another's") : ASH_OK;
}

static void beaten(void *context)
{
	assert_ptr_equal(context, &bench);
	pthread_mutex_lock(&bench.lock);
	bench.hearts++;
	pthread_cond_broadcast(&bench.changed);
	pthread_mutex_unlock(&bench.lock);
}

/* The log is written by workers and the heart. */
static void keep_line(void *context, const char *line, size_t length)
{
	(void)context;
	pthread_mutex_lock(&bench.lock);
	size_t used = strlen(bench.log);
	snprintf(bench.log + used, sizeof bench.log - used, "%.*s", (int)length, line);
	pthread_mutex_unlock(&bench.lock);
}

static bool was_logged(const char *words)
{
	pthread_mutex_lock(&bench.lock);
	bool was = strstr(bench.log, words);
	pthread_mutex_unlock(&bench.lock);
	return was;
}

/* ---- set-up ---- */

static void prepare(unsigned count, unsigned beat_ms)
{
	static const struct logger logger = {
		.sink = keep_line, .clock = &clock_system, .service = "test"};
	workers_init(&bench.workers, &(struct workers_options){.store = bench.store,
							       .logger = &logger,
							       .module = "test",
							       .taking = "taking numbers",
							       .count = count,
							       .poll_ms = POLL_MS,
							       .listens = TOPIC,
							       .beat_ms = beat_ms,
							       .work = take_one,
							       .beat = lengthen,
							       .beaten = beaten,
							       .context = &bench});
}

static void start(unsigned count, unsigned beat_ms)
{
	struct fault fault;
	prepare(count, beat_ms);
	if (workers_start(&bench.workers, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
}

static int set_up(void **state)
{
	static const struct store_module MODULE = {.name = "nothing"};
	const struct store_options options = {
		.location = "sqlite::memory:", .modules = &MODULE, .module_count = 1};
	struct fault fault;
	pthread_condattr_t attributes;
	(void)state;
	memset(&bench, 0, sizeof bench);
	pthread_mutex_init(&bench.lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&bench.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	atomic_store(&refused_at, 0);
	assert_int_equal(store_open(&bench.store, &options, &fault), ASH_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	set(&bench.shut, false);
	set(&bench.slow, false);
	workers_release(&bench.workers);
	store_free(bench.store);
	pthread_cond_destroy(&bench.changed);
	pthread_mutex_destroy(&bench.lock);
	return 0;
}

/* Until all that many workers have looked, and wait. */
static void let_them_idle(unsigned count)
{
	uint64_t until = clock_monotonic() + PATIENCE;
	unsigned idle = 0;
	assert_true(comes_to(&bench.looks, count));
	do {
		usleep(100);
		pthread_mutex_lock(&bench.workers.lock);
		idle = bench.workers.idle;
		pthread_mutex_unlock(&bench.workers.lock);
	} while (idle < count && clock_monotonic() < until);
	assert_int_equal(idle, count);
}

/* ---- starting and waking ---- */

static void what_was_there_before_the_start_is_taken(void **state)
{
	(void)state;
	put(5);
	start(2, POLL_MS);
	assert_true(comes_to(&bench.ended, 5));
}

static void who_makes_work_wakes_a_worker(void **state)
{
	(void)state;
	start(1, POLL_MS);
	for (unsigned i = 1; i <= 20; i++) {
		let_them_idle(1);
		put(1);
		workers_more(&bench.workers, TOPIC);
		assert_true(comes_to(&bench.ended, i));
	}
}

static void one_is_woken_of_those_that_idle(void **state)
{
	(void)state;
	start(3, POLL_MS);
	let_them_idle(3);
	unsigned before = read_now(&bench.looks);
	workers_more(&bench.workers, TOPIC);
	assert_true(comes_to(&bench.looks, before + 1));
	let_them_idle(3);
	assert_int_equal(read_now(&bench.looks), before + 1);
	workers_wake(&bench.workers);
	assert_true(comes_to(&bench.looks, before + 4));
}

static void what_others_alone_take_wakes_nobody_here(void **state)
{
	(void)state;
	start(3, POLL_MS);
	let_them_idle(3);
	unsigned before = read_now(&bench.looks);
	workers_more(&bench.workers, ELSE);
	workers_more(&bench.workers, ELSE | TOPIC);
	assert_true(comes_to(&bench.looks, before + 1));
	let_them_idle(3);
	assert_int_equal(read_now(&bench.looks), before + 1);
}

static void a_topic_is_one_bit_and_the_same_each_time(void **state)
{
	static const char *const NAMES[] = {"", "a", "billing", "ashlar_saga"};
	(void)state;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		assert_int_equal(__builtin_popcountll(workers_topic(NAMES[i])), 1);
	/* As processes of other versions of the program have it. */
	assert_int_equal(workers_topic("billing"), UINT64_C(1) << 16);
}

/* However many idle. */
static void one_looks_by_itself_of_those_that_idle(void **state)
{
	enum { WORKERS = 8, OFTEN_MS = 5, LOOKS = 20 };
	struct fault fault;
	(void)state;
	prepare(WORKERS, POLL_MS);
	bench.workers.options.poll_ms = OFTEN_MS;
	uint64_t begun = clock_monotonic();
	assert_int_equal(workers_start(&bench.workers, &fault), ASH_OK);
	assert_true(comes_to(&bench.looks, WORKERS + LOOKS));
	workers_stop(&bench.workers);
	uint64_t passed = clock_monotonic() - begun;
	assert_true(bench.looks <= WORKERS + passed / (OFTEN_MS * UINT64_C(1000000)) + 1);
}

static uint64_t period_now(void)
{
	pthread_mutex_lock(&bench.workers.lock);
	uint64_t period = bench.workers.period;
	pthread_mutex_unlock(&bench.workers.lock);
	return period;
}

/* The same over a file, where the bell tells of what other processes do; at first of nothing, maybe
 * late. */
static void look_ever_more_rarely(void)
{
	enum { OFTEN_MS = 60, LOOKS = 5 };
	const uint64_t rarely = (uint64_t)OFTEN_MS * WORKERS_IDLE_FACTOR * 1000000;
	uint64_t until = clock_monotonic() + PATIENCE, begun;
	struct fault fault;
	prepare(1, POLL_MS);
	bench.workers.options.poll_ms = OFTEN_MS;
	assert_int_equal(workers_start(&bench.workers, &fault), ASH_OK);
	do {
		while (period_now() < rarely && clock_monotonic() < until)
			usleep(1000);
		begun = clock_monotonic();
		assert_true(comes_to(&bench.looks, read_now(&bench.looks) + LOOKS));
	} while (clock_monotonic() - begun <= (LOOKS - 2) * rarely && clock_monotonic() < until);
	assert_true(clock_monotonic() - begun > (LOOKS - 2) * rarely);
	set(&bench.slow, true); /* or it might be rare again by then */
	workers_more(&bench.workers, TOPIC);
	assert_true(period_now() < rarely);
	set(&bench.slow, false);
	workers_release(&bench.workers);
}

static void the_longer_nothing_comes_the_rarer_one_looks(void **state)
{
	static const struct store_module MODULE = {.name = "nothing"};
	char folder[] = "/tmp/ashlar-workers-XXXXXX", location[64];
	struct store *memory = bench.store;
	struct fault fault;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(location, sizeof location, "sqlite:%s/a.db", folder);
	const struct store_options options = {
		.location = location, .modules = &MODULE, .module_count = 1};
	assert_int_equal(store_open(&bench.store, &options, &fault), ASH_OK);
	look_ever_more_rarely();
	store_free(bench.store);
	bench.store = memory;
	prepare(1, POLL_MS);
	unlink(location + strlen("sqlite:"));
	assert_int_equal(rmdir(folder), 0);
}

static void one_looks_when_something_is_due(void **state)
{
	enum { WAIT = 30 * 1000000 };
	(void)state;
	start(3, POLL_MS);
	let_them_idle(3);
	unsigned before = read_now(&bench.looks);
	uint64_t begun = clock_monotonic();
	workers_look_at(&bench.workers, begun + WAIT);
	workers_look_at(&bench.workers, begun + UINT64_C(100000) * WAIT);
	assert_true(comes_to(&bench.looks, before + 1));
	assert_true(clock_monotonic() - begun >= WAIT);
	let_them_idle(3);
	assert_int_equal(read_now(&bench.looks), before + 1);
}

static void who_took_all_there_was_does_not_look_again(void **state)
{
	(void)state;
	bench.single = true;
	start(1, POLL_MS);
	for (unsigned i = 1; i <= 20; i++) {
		let_them_idle(1);
		unsigned before = read_now(&bench.looks);
		put(1);
		workers_more(&bench.workers, TOPIC);
		assert_true(comes_to(&bench.ended, i));
		let_them_idle(1);
		assert_int_equal(read_now(&bench.looks), before + 1);
	}
}

/* One has something in hand; the other one is called for what waits for that. */
static void who_is_busy_looks_again_for_what_waits_for_it(void **state)
{
	(void)state;
	bench.single = true;
	start(2, POLL_MS);
	let_them_idle(2);
	set(&bench.shut, true);
	put(1);
	workers_more(&bench.workers, TOPIC);
	assert_true(comes_to(&bench.taken, 1));
	set(&bench.behind, true);
	unsigned before = read_now(&bench.looks);
	workers_more(&bench.workers, TOPIC);
	assert_true(comes_to(&bench.looks, before + 1));
	let_them_idle(1);
	set(&bench.behind, false);
	put(1);
	set(&bench.shut, false);
	assert_true(comes_to(&bench.ended, 2));
}

/* It has looked and found nothing, and then there is something before it waits. */
static void a_wake_is_not_lost_on_a_worker_that_is_busy(void **state)
{
	(void)state;
	start(1, POLL_MS);
	for (unsigned i = 1; i <= 20; i++) {
		let_them_idle(1);
		set(&bench.slow, true);
		unsigned looks = read_now(&bench.looks);
		workers_more(&bench.workers, TOPIC);
		assert_true(comes_to(&bench.looks, looks + 1));
		put(1);
		workers_more(&bench.workers, TOPIC);
		set(&bench.slow, false);
		assert_true(comes_to(&bench.ended, i));
	}
}

static void all_that_is_there_is_taken_before_a_worker_waits(void **state)
{
	(void)state;
	start(2, POLL_MS);
	let_them_idle(2);
	put(100);
	workers_more(&bench.workers, TOPIC);
	assert_true(comes_to(&bench.ended, 100));
}

static void a_worker_that_saw_nothing_tells_it_and_looks_later(void **state)
{
	(void)state;
	bench.failing = 1;
	start(1, POLL_MS);
	let_them_idle(1);
	assert_int_equal(read_now(&bench.looks), 1);
	assert_true(was_logged("taking numbers: nothing can be seen"));
	put(1);
	workers_wake(&bench.workers);
	assert_true(comes_to(&bench.ended, 1));
}

static unsigned count_logged(const char *words)
{
	unsigned count = 0;
	pthread_mutex_lock(&bench.lock);
	for (const char *at = bench.log; (at = strstr(at, words)); at++)
		count++;
	pthread_mutex_unlock(&bench.lock);
	return count;
}

static void look_in_vain(unsigned times)
{
	while (times--) {
		unsigned before = read_now(&bench.looks);
		workers_more(&bench.workers, TOPIC);
		assert_true(comes_to(&bench.looks, before + 1));
		let_them_idle(1);
	}
}

/* On a machine on which this takes as long as that, some more lines are right. */
static void what_goes_on_failing_is_told_now_and_then(void **state)
{
	(void)state;
	bench.failing = 100;
	uint64_t begun = clock_monotonic();
	start(1, POLL_MS);
	let_them_idle(1);
	look_in_vain(19);
	uint64_t took = clock_monotonic() - begun;
	assert_in_range(count_logged("nothing can be seen"), 1,
			1 + took / (WORKERS_TELL_MS * UINT64_C(1000000)));
	pthread_mutex_lock(&bench.workers.lock);
	bench.workers.untold[ASH_UNAVAILABLE].next = 0;
	pthread_mutex_unlock(&bench.workers.lock);
	look_in_vain(1);
	assert_true(was_logged(" times more since this was told last)"));
	assert_true(took > WORKERS_TELL_MS * UINT64_C(1000000) ||
		    was_logged("nothing can be seen (and 19 times more"));
}

static void who_runs_no_workers_can_wake_those_of_others(void **state)
{
	(void)state;
	prepare(1, POLL_MS);
	workers_more(&bench.workers, TOPIC);
	workers_wake(&bench.workers);
	assert_int_equal(bench.looks, 0);
}

/* ---- stopping ---- */

static void workers_that_idle_are_stopped_at_once(void **state)
{
	(void)state;
	start(3, POLL_MS);
	let_them_idle(3);
	uint64_t before = clock_monotonic();
	workers_stop(&bench.workers);
	assert_true(clock_monotonic() - before < PATIENCE);
	unsigned looks = bench.looks;
	put(1);
	workers_wake(&bench.workers);
	workers_stop(&bench.workers);
	assert_int_equal(bench.looks, looks);
	assert_false(workers_stopping(&bench.workers));
}

static void *stop(void *context)
{
	workers_stop(&bench.workers);
	pthread_mutex_lock(&bench.lock);
	*(unsigned *)context = 1;
	pthread_cond_broadcast(&bench.changed);
	pthread_mutex_unlock(&bench.lock);
	return NULL;
}

/* However long it takes, and with its lease kept alive. Whoever ends the process has a deadline:
 * the app's. */
static void a_stop_waits_for_the_worker_that_works(void **state)
{
	struct lease lease = {7, "", "", NULL};
	unsigned stopped = 0;
	pthread_t stopper;
	(void)state;
	set(&bench.shut, true);
	put(2);
	start(1, 1);
	assert_true(comes_to(&bench.taken, 1));
	workers_hold(&bench.workers, &lease);
	assert_false(workers_stopping(&bench.workers));
	assert_int_equal(pthread_create(&stopper, NULL, stop, &stopped), 0);
	uint64_t until = clock_monotonic() + PATIENCE;
	while (!workers_stopping(&bench.workers) && clock_monotonic() < until)
		usleep(100);
	assert_true(workers_stopping(&bench.workers));
	unsigned hearts = read_now(&bench.hearts);
	assert_true(comes_to(&bench.hearts, hearts + 3));
	assert_int_equal(read_now(&stopped), 0);
	workers_let_go(&bench.workers, &lease);
	set(&bench.shut, false);
	assert_true(comes_to(&stopped, 1));
	pthread_join(stopper, NULL);
	assert_int_equal(bench.ended, 1);
	assert_int_equal(bench.waiting, 1); /* nothing new is taken */
	assert_true(bench.beats >= 2);
}

static void workers_start_again_after_a_stop(void **state)
{
	struct fault fault;
	(void)state;
	start(2, POLL_MS);
	for (unsigned i = 1; i <= 5; i++) {
		put(1);
		workers_wake(&bench.workers);
		assert_true(comes_to(&bench.ended, i));
		workers_stop(&bench.workers);
		assert_int_equal(workers_start(&bench.workers, &fault), ASH_OK);
	}
}

/* The heart and three workers are four; none is left where one of them cannot be made. */
static void a_thread_that_cannot_be_made_leaves_none(void **state)
{
	struct fault fault;
	unsigned at;
	(void)state;
	prepare(3, POLL_MS);
	for (at = 1; at < 10; at++) {
		atomic_store(&created, 0);
		atomic_store(&refused_at, at);
		ash_status status = workers_start(&bench.workers, &fault);
		atomic_store(&refused_at, 0);
		if (status == ASH_OK)
			break;
		assert_int_equal(status, ASH_RESOURCE_EXHAUSTED);
		assert_string_equal(fault.message,
				    "the system gives no threads for taking numbers");
		unsigned looks = bench.looks;
		put(1);
		workers_wake(&bench.workers);
		assert_int_equal(bench.looks, looks);
		assert_false(workers_stopping(&bench.workers));
		bench.waiting = 0;
	}
	assert_int_equal(at, 5);
	put(1);
	workers_more(&bench.workers, TOPIC);
	assert_true(comes_to(&bench.ended, 1));
}

/* ---- leases ---- */

static void a_lease_is_lengthened_for_as_long_as_it_is_held(void **state)
{
	char name[] = "shop.checkout", id[] = "order 17";
	struct lease lease = {42, name, id, NULL}, other = {43, "", "", NULL};
	(void)state;
	start(1, 1);
	workers_hold(&bench.workers, &other);
	workers_hold(&bench.workers, &lease);
	workers_let_go(&bench.workers, &other);
	unsigned hearts = read_now(&bench.hearts);
	assert_true(comes_to(&bench.hearts, hearts + 3));
	pthread_mutex_lock(&bench.lock);
	assert_int_equal(bench.beaten.token, 42);
	assert_string_equal(bench.name, "shop.checkout");
	assert_string_equal(bench.id, "order 17");
	pthread_mutex_unlock(&bench.lock);
	workers_let_go(&bench.workers, &lease);
	/* What it was of is over: a beat that copied it before may still come. */
	memset(name, 'x', sizeof name - 1);
	memset(id, 'x', sizeof id - 1);
	hearts = read_now(&bench.hearts);
	assert_true(comes_to(&bench.hearts, hearts + 1));
	unsigned beats = read_now(&bench.beats);
	assert_true(comes_to(&bench.hearts, hearts + 4));
	assert_int_equal(read_now(&bench.beats), beats);
}

static void a_lease_that_cannot_be_lengthened_is_told(void **state)
{
	struct lease lost = {-1, "", "", NULL};
	(void)state;
	start(1, 1);
	workers_hold(&bench.workers, &lost);
	unsigned hearts = read_now(&bench.hearts);
	assert_true(comes_to(&bench.hearts, hearts + 2));
	workers_let_go(&bench.workers, &lost);
	assert_true(was_logged("lengthening a lease: it is another's"));
}

static void more_leases_than_a_beat_lengthens_are_held(void **state)
{
	static struct lease leases[WORKERS_LIMIT + 6];
	(void)state;
	prepare(1, 1);
	for (size_t i = 0; i < sizeof leases / sizeof *leases; i++) {
		leases[i] = (struct lease){(int64_t)i, "", "", NULL};
		workers_hold(&bench.workers, &leases[i]);
	}
	struct fault fault;
	assert_int_equal(workers_start(&bench.workers, &fault), ASH_OK);
	assert_true(comes_to(&bench.hearts, 1));
	assert_true(read_now(&bench.beats) >= WORKERS_LIMIT);
	for (size_t i = sizeof leases / sizeof *leases; i-- > 0;)
		workers_let_go(&bench.workers, &leases[i]);
	assert_null(bench.workers.leases);
}

static void no_more_threads_than_the_limit_are_started(void **state)
{
	(void)state;
	atomic_store(&created, 0);
	start(WORKERS_LIMIT + 10, POLL_MS);
	assert_int_equal(bench.workers.started, WORKERS_LIMIT);
	assert_int_equal(atomic_load(&created), WORKERS_LIMIT + 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(what_was_there_before_the_start_is_taken),
		WITH(who_makes_work_wakes_a_worker),
		WITH(one_is_woken_of_those_that_idle),
		WITH(one_looks_by_itself_of_those_that_idle),
		WITH(the_longer_nothing_comes_the_rarer_one_looks),
		WITH(one_looks_when_something_is_due),
		WITH(who_took_all_there_was_does_not_look_again),
		WITH(who_is_busy_looks_again_for_what_waits_for_it),
		WITH(what_others_alone_take_wakes_nobody_here),
		WITH(a_topic_is_one_bit_and_the_same_each_time),
		WITH(a_wake_is_not_lost_on_a_worker_that_is_busy),
		WITH(all_that_is_there_is_taken_before_a_worker_waits),
		WITH(a_worker_that_saw_nothing_tells_it_and_looks_later),
		WITH(what_goes_on_failing_is_told_now_and_then),
		WITH(who_runs_no_workers_can_wake_those_of_others),
		WITH(workers_that_idle_are_stopped_at_once),
		WITH(a_stop_waits_for_the_worker_that_works),
		WITH(workers_start_again_after_a_stop),
		WITH(a_thread_that_cannot_be_made_leaves_none),
		WITH(a_lease_is_lengthened_for_as_long_as_it_is_held),
		WITH(a_lease_that_cannot_be_lengthened_is_told),
		WITH(more_leases_than_a_beat_lengthens_are_held),
		WITH(no_more_threads_than_the_limit_are_started),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
