/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SPLIT_BOARD_H
#define APP_SPLIT_BOARD_H

#include "base/arena.h"
#include "resilience/compare.h"
#include "store/store.h"

/* What all processes over one store agree on of splits: the share of each, who changed it when, and
 * what comparisons found. The store is the truth; processes look at it twice a second. A split is
 * known by its name, "PORT" or "PORT/METHOD", which is what the column `port` has. */

/* Changes of a split that are kept. */
#define BOARD_CHANGE_LIMIT 100

/* Bytes of who changed something, with its NUL. */
#define BOARD_WHO_SIZE 120

struct board {
	struct store *store;
	unsigned module; /* the index of board_store_module() among the store's modules */
};

/* What the store must know of the tables. */
struct store_module board_store_module(void);

struct board_change {
	const char *split;
	int64_t at; /* microseconds since 1970 */
	const char *who;
	int64_t before; /* -1: there was no share */
	int64_t after;
};

/* A process with `file` as the share in its deployment file starts: where another value stood in
 * the file of the process that started before it, the dial is set to the new one. `*share` is what
 * counts then. Errors: as store_exec(). */
ash_status board_join(const struct board *board, const char *split, uint32_t file, int64_t now,
		      const char *who, uint32_t *share, struct fault *fault) ASH_MUST_CHECK;

/* Sets the share by hand; `file` is noted where no process has started yet. `*before` is what it
 * was. Errors: as store_exec(). */
ash_status board_set(const struct board *board, const char *split, uint32_t share, uint32_t file,
		     int64_t now, const char *who, uint32_t *before,
		     struct fault *fault) ASH_MUST_CHECK;

/* Calls `tell` for each split that has a share. Errors: as store_query(). */
ash_status board_read(const struct board *board,
		      void (*tell)(void *context, const char *split, uint32_t share, uint32_t file),
		      void *context, struct fault *fault) ASH_MUST_CHECK;

/* Calls `tell` for the changes of the split, the oldest first. Errors: as store_query(). */
ash_status board_changes(const struct board *board, const char *split,
			 void (*tell)(void *context, const struct board_change *change),
			 void *context, struct fault *fault) ASH_MUST_CHECK;

/* Adds what a process has counted since it added last: `counts` and, with `differed` and `noise`
 * likewise, `fields`; `worst` counts as it is. Errors: as store_exec(). */
ash_status board_add(const struct board *board, const char *split, const char *method, int64_t now,
		     const struct compare_counts *counts, const struct compare_field *fields,
		     size_t field_count, struct fault *fault) ASH_MUST_CHECK;

/* A method's report of all processes. */
struct board_report {
	const char *method;
	int64_t since; /* microseconds since 1970, as the next */
	int64_t until;
	struct compare_counts counts;
	struct compare_field *fields; /* the most frequent first */
	size_t field_count;
};

/* Reads the reports of the split's methods into the arena. Errors: as store_query(),
 * ASH_RESOURCE_EXHAUSTED. */
ash_status board_reports(const struct board *board, const char *split, struct arena *arena,
			 struct board_report **out, size_t *count,
			 struct fault *fault) ASH_MUST_CHECK;

/* Forgets what comparisons of the split found. Errors: as store_exec(). */
ash_status board_forget(const struct board *board, const char *split,
			struct fault *fault) ASH_MUST_CHECK;

#endif
