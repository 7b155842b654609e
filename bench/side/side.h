/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDE_SIDE_H
#define SIDE_SIDE_H

#include "port/call.h"

/* Our side of a measurement beside a peer: modules over a store, worked on by threads. Whatever goes
 * wrong ends the program with what it is. */
struct side {
	struct metrics *metrics;
	struct registry registry;
	struct store *store;
	struct environment environment;
};

enum { SIDE_THREADS_MOST = 64 };

_Noreturn void side_die(const char *why);
void side_must(ash_status status, const struct fault *fault);

/* The first tables are those of the modules, in their order. */
void side_open(struct side *side, const char *location, const ash_module *const *modules,
	       size_t module_count, const struct store_module *tables, size_t table_count);
void side_close(struct side *side);

/* Runs the function in so many threads at once, and waits for all of them. */
void side_in_threads(unsigned count, void *(*function)(void *), void *context);

/* Connects so often, so that connections are there before the time runs, as a pool's are. */
void side_connect(struct side *side, unsigned count);

/* Runs a handler of the module in a request of its own. */
void side_run(struct side *side, const char *module, const char *name,
	      ash_status (*handler)(void *context, ash_call *call), void *context);

#endif
