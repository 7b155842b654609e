/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_PORT_APPLICATION_H
#define TEST_PORT_APPLICATION_H

#include "port/call.h"

/* An application as one process has it: modules over the store of the tests, by a clock that the
 * test turns. For the tests of what stands above port/. */
struct application {
	struct clock clock;
	int64_t wall; /* what the clock says, in microseconds; read by any thread */
	/* The same of the clock that nobody sets, in nanoseconds; 0: it goes on by itself. */
	uint64_t monotonic;
	struct metrics *metrics;
	struct registry registry;
	struct store *store;
	struct environment environment;
};

/* A folder of the test's own, and where a SQLite store is in it: "sqlite:/tmp/.../store.db". */
struct application_folder {
	char path[64];
	char location[128];
};

/* Makes one in /tmp. */
void application_folder_make(struct application_folder *folder);
/* Removes it with the store that is in it. */
void application_folder_remove(const struct application_folder *folder);

/* The store of the tests: the PostgreSQL that ASHLAR_STORE names, or `location`. */
const char *application_store(const char *location);
bool application_is_on_postgresql(void);

/* Runs SQL on the PostgreSQL as its superuser. */
void application_admin(const char *sql);

/* Takes away what is left of the last test on the PostgreSQL: `schemas`, with commas between. */
void application_clear(const char *schemas);

/* Opens the store and migrates it. The first tables are those of the modules, in their order. */
void application_open(struct application *application, const char *location,
		      const ash_module *const *modules, size_t module_count,
		      const struct store_module *tables, size_t table_count);
void application_close(struct application *application);

/* Runs a handler of a module in a request of its own, and tells why it failed. */
ash_status application_run(struct application *application, const char *module, const char *name,
			   ash_status (*handler)(void *context, ash_call *call), void *context);

#endif
