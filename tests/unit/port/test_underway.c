/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "port/underway.h"

static const ash_module MODULE = {.name = "things"};

struct seen {
	size_t count;
	uint64_t started; /* their sum */
};

static void see(void *context, const struct underway_item *item)
{
	struct seen *seen = context;
	assert_ptr_equal(item->module, &MODULE);
	assert_string_equal(item->name, "things.v1.Things/Find");
	assert_int_equal(item->trace[0], 1);
	assert_int_equal(item->trace[1], 2);
	seen->count++;
	seen->started += item->started;
}

static void tell(struct underway_slot *slot, uint64_t started)
{
	underway_tell(slot,
		      &(struct underway_item){&MODULE, "things.v1.Things/Find", {1, 2}, started});
}

static struct seen look(struct underway *underway)
{
	struct seen seen = {0};
	size_t count = underway_list(underway, see, &seen);
	assert_int_equal(count, seen.count);
	return seen;
}

static void what_runs_is_listed_until_it_ends(void **state)
{
	static struct underway underway;
	int first = 1, second = 2;
	(void)state;
	struct underway_slot *one = underway_enter(&underway, &first);
	struct underway_slot *two = underway_enter(&underway, &second);
	assert_ptr_not_equal(one, two);
	assert_int_equal(look(&underway).count, 0); /* nothing is called yet */
	tell(one, 10);
	tell(two, 20);
	assert_int_equal(look(&underway).started, 30);
	underway_leave(one);
	assert_int_equal(look(&underway).started, 20);
	underway_leave(two);
	assert_int_equal(look(&underway).count, 0);
}

static void more_than_there_is_room_for_run_unseen(void **state)
{
	static struct underway underway;
	static char requests[UNDERWAY_LIMIT + 1];
	struct underway_slot *slots[UNDERWAY_LIMIT];
	(void)state;
	for (size_t i = 0; i < UNDERWAY_LIMIT; i++) {
		slots[i] = underway_enter(&underway, &requests[i]);
		assert_non_null(slots[i]);
		tell(slots[i], 1);
	}
	assert_null(underway_enter(&underway, &requests[UNDERWAY_LIMIT]));
	assert_int_equal(look(&underway).count, UNDERWAY_LIMIT);
	underway_leave(slots[7]);
	assert_ptr_equal(underway_enter(&underway, &requests[UNDERWAY_LIMIT]), slots[7]);
	assert_null(underway_enter(NULL, requests));
	underway_tell(NULL, NULL);
	underway_leave(NULL);
}

/* ---- threads that come and go while another looks ---- */

enum { THREADS = 4, ROUNDS = 2000 };

static void *come_and_go(void *context)
{
	struct underway *underway = context;
	int request = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct underway_slot *slot = underway_enter(underway, &request);
		tell(slot, 1);
		underway_leave(slot);
	}
	return NULL;
}

static void it_may_be_looked_at_meanwhile(void **state)
{
	static struct underway underway;
	pthread_t threads[THREADS];
	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &underway), 0);
	for (int i = 0; i < ROUNDS; i++)
		assert_true(look(&underway).count <= THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(look(&underway).count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_runs_is_listed_until_it_ends),
		cmocka_unit_test(more_than_there_is_room_for_run_unseen),
		cmocka_unit_test(it_may_be_looked_at_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
