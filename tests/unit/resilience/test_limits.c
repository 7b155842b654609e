/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits against a list of what was let through; bulkheads and budgets by many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "resilience/bulkhead.h"
#include "resilience/limiter.h"
#include "resilience/retry.h"

#define SECOND UINT64_C(1000000000)

/* ---- limiter ---- */

enum { PERMITS_MOST = 20000 };

/* Whether in any stretch of time there are more calls than the burst and what is due in it. */
static bool is_within(const uint64_t *at, size_t count, uint64_t interval, uint64_t burst)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = i; j < count && j < i + 200; j++)
			if (j - i + 1 > burst + (at[j] - at[i]) / interval)
				return false;
	return true;
}

static void no_stretch_of_time_has_more_than_its_share(void **state)
{
	(void)state;
	static uint64_t at[PERMITS_MOST];
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct limiter limiter;
		random_seed(seed);
		uint64_t calls = 1 + random_below(50), burst = 1 + random_below(20);
		uint64_t now = 100 * SECOND, refused = 0;
		size_t count = 0;
		limiter_init(&limiter, calls, SECOND, burst);
		for (int i = 0; i < 2000; i++) {
			uint64_t wait, patience = random_below(2) * random_below(SECOND / 5);
			now += random_below(3 * SECOND / calls / 2);
			bool permitted = limiter_permit(&limiter, now, patience, &wait);
			assert_int_equal(permitted, wait <= patience);
			refused += !permitted;
			if (permitted)
				at[count++] = now + wait;
		}
		assert_true(is_within(at, count, SECOND / calls, burst));
		assert_true(count > 900 && refused > 0);
	}
}

static void what_is_refused_takes_nothing(void **state)
{
	(void)state;
	struct limiter limiter;
	uint64_t wait;
	limiter_init(&limiter, 10, SECOND, 2);
	assert_true(limiter_permit(&limiter, SECOND, 0, NULL));
	assert_true(limiter_permit(&limiter, SECOND, 0, NULL));
	for (int i = 0; i < 100; i++) {
		assert_false(limiter_permit(&limiter, SECOND, 0, &wait));
		assert_int_equal(wait, SECOND / 10);
	}
	assert_true(limiter_permit(&limiter, SECOND + wait, 0, NULL));
}

/* ---- models: steps at random, and what is slow and obvious says of each ---- */

static uint64_t steps(void)
{
	const char *wanted = getenv("ASHLAR_HISTORIES");
	return wanted ? strtoull(wanted, NULL, 10) * 1000 : 2000000;
}

/* A bucket with a hole: each call fills in its interval, time takes out what passes. */
struct bucket {
	uint64_t level, at;
};

static bool bucket_permits(struct bucket *bucket, const struct limiter *limiter, uint64_t now,
			   uint64_t patience, uint64_t *wait)
{
	uint64_t passed = now - bucket->at;
	bucket->level -= passed < bucket->level ? passed : bucket->level;
	bucket->at = now;
	*wait = bucket->level > limiter->credit ? bucket->level - limiter->credit : 0;
	if (*wait > patience)
		return false;
	bucket->level += limiter->interval;
	return true;
}

static void a_limiter_is_a_bucket_with_a_hole(void **state)
{
	(void)state;
	uint64_t all = steps(), permits = 0;
	random_seed(7);
	for (uint64_t done = 0; done < all; done += 5000) {
		struct limiter limiter;
		struct bucket bucket = {0};
		uint64_t now = 1 + random_below(SECOND), calls = 1 + random_below(1000);
		uint64_t period = calls + random_below(60 * SECOND), wait, expected;
		limiter_init(&limiter, calls, period, 1 + random_below(50));
		bucket.at = now;
		for (int i = 0; i < 5000; i++) {
			/* It stands, goes on, or leaps. */
			now += random_below(3) * random_below(2 * limiter.interval + 1) *
			       (random_below(100) ? 1 : 100);
			uint64_t patience = random_below(2) * random_below(5 * limiter.interval);
			bool permits_now =
				bucket_permits(&bucket, &limiter, now, patience, &expected);
			assert_true(limiter_permit(&limiter, now, patience, &wait) == permits_now);
			assert_true(wait == expected);
			permits += permits_now;
		}
	}
	assert_true(permits > all / 10 && permits < all);
}

static void a_bulkhead_is_a_count(void **state)
{
	(void)state;
	uint64_t all = steps();
	random_seed(8);
	for (uint64_t done = 0; done < all; done += 5000) {
		struct bulkhead bulkhead;
		uint32_t most = 1 + (uint32_t)random_below(20), inside = 0, seen, waiting;
		bulkhead_init(&bulkhead, most, (uint32_t)random_below(3));
		for (int i = 0; i < 5000; i++) {
			/* Who waits a nanosecond waits in vain, as nobody leaves meanwhile. */
			uint64_t patience = random_below(500) ? 0 : 1;
			if (inside > 0 && random_below(2)) {
				bulkhead_leave(&bulkhead);
				inside--;
			} else {
				bool free = inside < most;
				assert_true(bulkhead_enter(&bulkhead, patience) == free);
				inside += free;
			}
			bulkhead_look(&bulkhead, &seen, &waiting);
			assert_true(seen == inside && waiting == 0);
		}
		while (inside-- > 0)
			bulkhead_leave(&bulkhead);
		bulkhead_release(&bulkhead);
	}
}

enum { CALLS_MOST = 200 };

/* Calls under way by themselves: whether each is in a retry. */
struct under_way {
	bool retries[CALLS_MOST];
	uint32_t count;
};

static uint32_t count_retries(const struct under_way *calls)
{
	uint32_t retries = 0;
	for (uint32_t i = 0; i < calls->count; i++)
		retries += calls->retries[i];
	return retries;
}

static bool budget_lets(const struct retry_budget *budget, const struct under_way *calls)
{
	uint32_t share = (uint32_t)((double)calls->count * budget->share / 10000);
	return count_retries(calls) < (share > budget->least ? share : budget->least);
}

/* A call begins or ends, or the one that was picked tries again, or has. */
static void step_of_budget(struct retry_budget *budget, struct under_way *calls)
{
	uint32_t which = calls->count ? (uint32_t)random_below(calls->count) : 0;
	if (calls->count == 0 || (calls->count < CALLS_MOST && random_below(3) == 0)) {
		calls->retries[calls->count++] = false;
	} else if (calls->retries[which]) {
		retry_budget_retried(budget);
		calls->retries[which] = false;
	} else if (random_below(2)) {
		calls->retries[which] = calls->retries[--calls->count];
	} else {
		bool lets = budget_lets(budget, calls);
		assert_true(retry_budget_permit(budget, calls->count) == lets);
		calls->retries[which] = lets;
	}
}

static void a_budget_is_a_share_whatever_came_before(void **state)
{
	(void)state;
	uint64_t all = steps();
	random_seed(9);
	for (uint64_t done = 0; done < all; done += 5000) {
		struct retry_budget budget;
		struct under_way calls = {.count = 0};
		retry_budget_init(&budget, (uint32_t)random_below(21) * 500,
				  (uint32_t)random_below(5));
		for (int i = 0; i < 5000; i++)
			step_of_budget(&budget, &calls);
		assert_int_equal(budget.retrying, count_retries(&calls));
	}
}

/* ---- many threads ---- */

enum { THREADS = 6, EACH = 2000, PLACES = 3 };

struct crowd {
	struct bulkhead bulkhead;
	struct retry_budget budget;
	_Atomic int inside, most, entered;
};

static void note_most(struct crowd *crowd, int now)
{
	int most = atomic_load(&crowd->most);
	while (now > most && !atomic_compare_exchange_weak(&crowd->most, &most, now))
		;
}

static void *enter_and_leave(void *context)
{
	struct crowd *crowd = context;
	for (int i = 0; i < EACH; i++) {
		if (!bulkhead_enter(&crowd->bulkhead, 3600 * SECOND))
			continue;
		note_most(crowd, atomic_fetch_add(&crowd->inside, 1) + 1);
		atomic_fetch_add(&crowd->entered, 1);
		if (i % 100 == 0)
			nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
		atomic_fetch_sub(&crowd->inside, 1);
		bulkhead_leave(&crowd->bulkhead);
	}
	return NULL;
}

static void *retry_always(void *context)
{
	struct crowd *crowd = context;
	for (int i = 0; i < EACH; i++) {
		if (retry_budget_permit(&crowd->budget, THREADS)) {
			note_most(crowd, atomic_fetch_add(&crowd->inside, 1) + 1);
			atomic_fetch_sub(&crowd->inside, 1);
			retry_budget_retried(&crowd->budget);
		}
	}
	return NULL;
}

static void run_all(struct crowd *crowd, void *(*work)(void *context))
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, crowd);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void a_bulkhead_holds_no_more_and_lets_all_in(void **state)
{
	(void)state;
	struct crowd crowd = {.inside = 0};
	uint32_t inside, waiting;
	bulkhead_init(&crowd.bulkhead, PLACES, THREADS);
	run_all(&crowd, enter_and_leave);
	assert_int_equal(crowd.entered, THREADS * EACH);
	assert_in_range(crowd.most, 1, PLACES);
	bulkhead_look(&crowd.bulkhead, &inside, &waiting);
	assert_int_equal(inside + waiting, 0);
	bulkhead_release(&crowd.bulkhead);
}

static void a_full_bulkhead_refuses_at_once_or_after_a_while(void **state)
{
	(void)state;
	struct bulkhead bulkhead;
	uint32_t inside, waiting;
	bulkhead_init(&bulkhead, 1, 1);
	assert_true(bulkhead_enter(&bulkhead, 0));
	assert_false(bulkhead_enter(&bulkhead, 0));
	assert_false(bulkhead_enter(&bulkhead, 1000000));
	bulkhead_look(&bulkhead, &inside, &waiting);
	assert_int_equal(inside, 1);
	assert_int_equal(waiting, 0);
	bulkhead_leave(&bulkhead);
	assert_true(bulkhead_enter(&bulkhead, 0));
	bulkhead_leave(&bulkhead);
	bulkhead_release(&bulkhead);
	bulkhead_init(&bulkhead, 1, 0);
	assert_true(bulkhead_enter(&bulkhead, 0));
	assert_false(bulkhead_enter(&bulkhead, 3600 * SECOND)); /* nobody may wait */
	bulkhead_leave(&bulkhead);
	bulkhead_release(&bulkhead);
}

/* ---- retries ---- */

static void waits_are_anything_up_to_what_has_grown(void **state)
{
	(void)state;
	static const uint64_t MOST[] = {100, 200, 400, 800, 1000, 1000};
	const struct retry_settings settings = {6, 100, 2.0, 1000};
	assert_null(retry_mistake(&settings));
	for (uint32_t failed = 1; failed <= 6; failed++) {
		uint64_t least = UINT64_MAX, most = 0;
		for (int i = 0; i < 20000; i++) {
			uint64_t wait = retry_wait(&settings, failed);
			least = wait < least ? wait : least;
			most = wait > most ? wait : most;
		}
		assert_in_range(least, 0, MOST[failed - 1] / 20);
		assert_in_range(most, MOST[failed - 1] * 19 / 20, MOST[failed - 1]);
	}
}

static void a_budget_is_a_share_of_what_is_under_way(void **state)
{
	(void)state;
	struct retry_budget budget;
	retry_budget_init(&budget, 2000, 3);
	for (int calls = 1; calls <= 100; calls++) {
		int expected = calls / 5 > 3 ? calls / 5 : 3, permitted = 0;
		while (retry_budget_permit(&budget, (uint64_t)calls))
			permitted++;
		assert_int_equal(permitted, expected);
		while (permitted-- > 0)
			retry_budget_retried(&budget);
	}
}

static void a_budget_holds_for_many_threads(void **state)
{
	(void)state;
	struct crowd crowd = {.inside = 0};
	retry_budget_init(&crowd.budget, 2000, 2);
	run_all(&crowd, retry_always);
	assert_in_range(crowd.most, 1, 2);
	assert_int_equal(crowd.budget.retrying, 0);
}

static void settings_that_cannot_be_are_told(void **state)
{
	(void)state;
	struct retry_settings settings = retry_defaults;
	assert_null(retry_mistake(&settings));
	settings.attempts = 0;
	assert_non_null(retry_mistake(&settings));
	settings = retry_defaults;
	settings.growth = 0.9;
	assert_non_null(retry_mistake(&settings));
	settings = retry_defaults;
	settings.base = settings.most + 1;
	assert_non_null(retry_mistake(&settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_stretch_of_time_has_more_than_its_share),
		cmocka_unit_test(what_is_refused_takes_nothing),
		cmocka_unit_test(a_limiter_is_a_bucket_with_a_hole),
		cmocka_unit_test(a_bulkhead_is_a_count),
		cmocka_unit_test(a_budget_is_a_share_whatever_came_before),
		cmocka_unit_test(a_bulkhead_holds_no_more_and_lets_all_in),
		cmocka_unit_test(a_full_bulkhead_refuses_at_once_or_after_a_while),
		cmocka_unit_test(waits_are_anything_up_to_what_has_grown),
		cmocka_unit_test(a_budget_is_a_share_of_what_is_under_way),
		cmocka_unit_test(a_budget_holds_for_many_threads),
		cmocka_unit_test(settings_that_cannot_be_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
