/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_CELLS_H
#define RESILIENCE_CELLS_H

#include <stdatomic.h>
#include <stdint.h>

/* Counters in cells, one a thread, so that counting takes no locked instruction and no cache line
 * that another thread writes. A cell's counters only grow; the sum of all cells is meant. Private
 * to this folder. */

/* Threads that have a cell of their own at once; all further ones share cell 0, and count there at
 * the price of a locked instruction. A cell whose thread ended goes to another, with its counts. */
#define CELLS_OWN 64
#define CELLS     (CELLS_OWN + 1)

/* The bytes that processors share. */
#define CELLS_LINE 64

/* 1 above the number of the calling thread's cell; 0 before cells_ask(). */
extern _Thread_local unsigned cells_mine_plus_1;

/* Gives the calling thread a cell; its number. */
unsigned cells_ask(void);

/* No thread has had a cell above this one. */
unsigned cells_last(void);

/* The number of the calling thread's cell: from 1 to CELLS_OWN its own until it ends, 0 shared. */
static inline unsigned cells_mine(void)
{
	unsigned mine = cells_mine_plus_1;
	return __builtin_expect(mine != 0, 1) ? mine - 1 : cells_ask();
}

/* Counts one in a counter of the cell with that number, which is the calling thread's. */
static inline void cells_count(_Atomic uint64_t *counter, unsigned mine)
{
	if (__builtin_expect(mine == 0, 0))
		atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
	else
		atomic_store_explicit(counter,
				      atomic_load_explicit(counter, memory_order_relaxed) + 1,
				      memory_order_relaxed);
}

#endif
