/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SPLITS_H
#define APP_SPLITS_H

#include "app/remotes.h"
#include "app/split_board.h"
#include "placement/placement.h"
#include "port/call.h"

/* The splits that a deployment file gives: bound to ports when the application starts, turned by
 * what the store says while it runs. */

struct splits;

/* Makes it, judged but with no port bound yet; NULL in `*out` where the file has no splits. `self`
 * is this process of the placement, or NULL: it is none of them. All must live longer. Errors:
 * ERROR_MEMORY, ERROR_INVALID (what the file says cannot be, with its place). */
int splits_new(const struct placement *placement, const struct placement_process *self,
	       const struct environment *environment, struct metrics *metrics, struct splits **out,
	       struct error *error) must_check;

/* Stops and frees. No call may be under way. Takes NULL. */
void splits_free(struct splits *splits);

/* Splits the port's binding where the file says so of it, or of some of its methods, and the
 * split is made in this process: where its sides are in two processes, by each that calls it;
 * else by the one that has both. Methods without a split then go to `from`, too, but for those
 * that join their caller's transaction. Before the first call. `splits` may be NULL. Errors:
 * ERROR_LIMIT (metrics), ERROR_MEMORY. */
int splits_bind(struct splits *splits, struct remotes *remotes, struct binding *binding,
		struct error *error) must_check;

/* Takes the shares of the store, telling it those of the file, and has a thread look at them every
 * 500 ms and write what comparisons found. `module` is the store's index of
 * board_store_module(). Errors: those of board_join(), ASH_RESOURCE_EXHAUSTED. */
ash_status splits_start(struct splits *splits, unsigned module, struct fault *fault) ASH_MUST_CHECK;

/* A split of the file, as this process has it. */
struct splits_view {
	const char *name; /* "PORT" or "PORT/METHOD" */
	const char *port;
	const char *method; /* NULL: all of the port */
	const char *from;
	const char *to;
	uint32_t share; /* the file's, where this process does not make the split */
	uint32_t file;
};

/* The split at this index; false past the last. Any thread. */
bool splits_at(const struct splits *splits, size_t index, struct splits_view *out);

/* Sets the share for all processes, and for this one at once; `who` is noted. The name is one of
 * splits_at(); after splits_start(). Any thread. Errors: those of board_set(). */
ash_status splits_set(struct splits *splits, const char *name, uint32_t share, const char *who,
		      struct fault *fault) ASH_MUST_CHECK;

/* Looks no more, and makes no more calls to be compared; writes what they found. Takes NULL. */
void splits_stop(struct splits *splits);

#endif
