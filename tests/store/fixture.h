/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include "store/store.h"

/* A fresh store for one test, on the database that ASHLAR_STORE names: "sqlite" (in a folder of its
 * own), "sqlite::memory:" or a URL of PostgreSQL, whose schemas and roles of the last test are
 * removed first. */
enum { BILLING, ORDERS, LEDGER };

struct fixture {
	struct store *store;
	char folder[64];
	char location[512];
};

/* As a set-up and tear-down of cmocka, with and without the tables of TABLES. */
int fixture_set_up(void **state);
int fixture_set_up_empty(void **state);
int fixture_tear_down(void **state);

/* Opens another store on the same data. */
struct store *fixture_open(const struct fixture *fixture, const struct store_module *modules,
			   size_t count, const struct store_options *more);

/* The three modules; each with its tables or without migrations. */
extern const struct store_module FIXTURE_MODULES[3];
extern const struct store_module FIXTURE_BARE[3];

/* Whether the database is PostgreSQL. */
bool fixture_is_postgresql(void);

/* Runs one statement of `module` in a transaction of its own. */
ash_status fixture_run(struct store *store, unsigned module, const char *sql, struct fault *fault);

/* Runs SQL as the owner of the database, past the store: nothing checks it. */
void fixture_admin(const struct fixture *fixture, const char *sql);

/* The first column of the first row, as an integer; fails the test on any error. */
int64_t fixture_number(struct store *store, unsigned module, const char *sql);

#endif
