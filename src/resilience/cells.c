/* SPDX-License-Identifier: Apache-2.0 */
/* Which thread has which cell. Knows nothing of what is counted.
 * Invariant: no two threads that live have the same number above 0; who gets a number after another
 * sees all that the other counted, for both held the lock. */
#include "resilience/cells.h"

#include <pthread.h>
#include <stdbool.h>

_Thread_local unsigned cells_mine_plus_1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_the_end;
static bool ends_are_told; /* a thread that ends gives its cell back */
static bool taken[CELLS];
static _Atomic unsigned last;

static void give_back(unsigned number)
{
	pthread_mutex_lock(&lock);
	taken[number] = false;
	pthread_mutex_unlock(&lock);
}

/* Whoever counts in this thread after now asks again. */
static void end_thread(void *value)
{
	cells_mine_plus_1 = 0;
	give_back((unsigned)((bool *)value - taken));
}

static void prepare(void)
{
	ends_are_told = pthread_key_create(&at_the_end, end_thread) == 0;
}

/* The lowest that is free; 0: none is. */
static unsigned take(void)
{
	unsigned number = 1;
	pthread_mutex_lock(&lock);
	while (number < CELLS && taken[number])
		number++;
	if (number == CELLS)
		number = 0;
	taken[number] = true;
	if (number > atomic_load_explicit(&last, memory_order_relaxed))
		atomic_store_explicit(&last, number, memory_order_relaxed);
	pthread_mutex_unlock(&lock);
	return number;
}

unsigned cells_ask(void)
{
	pthread_once(&once, prepare);
	unsigned mine = ends_are_told ? take() : 0;
	if (mine > 0 && pthread_setspecific(at_the_end, &taken[mine]) != 0) {
		give_back(mine);
		mine = 0;
	}
	cells_mine_plus_1 = mine + 1;
	return mine;
}

unsigned cells_last(void)
{
	return atomic_load_explicit(&last, memory_order_relaxed);
}
