/* SPDX-License-Identifier: Apache-2.0 */
/* A statement of any bytes. What is spelled for PostgreSQL is a fixed point of the spelling; what
 * is spelled for SQLite is compiled by SQLite, whose authorizer must never meet a name of another
 * module: the first wall lets nothing to the second. */
#include <stdlib.h>
#include <sqlite3.h>

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "store/spell.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static int authorize(void *context, int action, const char *first, const char *second,
		     const char *database, const char *inner)
{
	(void)database;
	(void)inner;
	if (!*(bool *)context)
		return SQLITE_OK;
	check(action != SQLITE_ATTACH && action != SQLITE_PRAGMA && action != SQLITE_TRANSACTION);
	check(!first || action == SQLITE_FUNCTION || strncasecmp(first, "orders", 6) != 0);
	if (action == SQLITE_FUNCTION)
		check(second &&
		      (word_is(word_find(str_of(second)), WORD_CALL) ||
		       strcmp(second, "like") == 0 || strncmp(second, "ashlar_", 7) == 0));
	return SQLITE_OK;
}

static sqlite3 *open_database(bool *watching)
{
	sqlite3 *db;
	check(sqlite3_open(":memory:", &db) == SQLITE_OK);
	check(sqlite3_exec(db,
			   "create table \"billing.a\" (id integer primary key, b text);"
			   "create table \"orders.order\" (id text);",
			   NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_set_authorizer(db, authorize, watching);
	return db;
}

static struct wall *open_wall(void)
{
	static struct wall wall;
	check(wall_init(&wall, 2, NULL) == ASH_OK);
	check(wall_add_module(&wall, "billing", NULL) == ASH_OK);
	check(wall_add_schema(&wall, "billing", NULL) == ASH_OK);
	check(wall_add_module(&wall, "orders", NULL) == ASH_OK);
	check(wall_add_schema(&wall, "orders", NULL) == ASH_OK);
	return &wall;
}

static ash_status nothing(void *context, const struct spelled *spelled, struct fault *fault)
{
	(void)context;
	(void)spelled;
	(void)fault;
	return ASH_OK;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static bool watching;
	static sqlite3 *db;
	static struct wall *wall;
	_cleanup_(spelled_release) struct spelled first = {0};
	_cleanup_(spelled_release) struct spelled again = {0};
	_cleanup_(spelled_release) struct spelled sqlite = {0};
	struct str sql = {(const char *)data, strnlen((const char *)data, size)};
	struct fault fault;
	uint32_t line;
	if (!db) {
		db = open_database(&watching);
		wall = open_wall();
	}
	(void)!spell_migration(wall, 0, DIALECT_SQLITE, sql, nothing, NULL, &line, &fault);
	(void)!spell_migration(wall, 0, DIALECT_POSTGRESQL, sql, nothing, NULL, &line, &fault);
	ash_status status = spell_statement(wall, 0, DIALECT_POSTGRESQL, sql, &first, &fault);
	check(status == spell_statement(wall, 0, DIALECT_SQLITE, sql, &sqlite, &fault));
	if (status != ASH_OK)
		return 0;
	check(spell_statement(wall, 0, DIALECT_POSTGRESQL, text_str(&first.text), &again, &fault) ==
	      ASH_OK);
	check(str_equal(text_str(&first.text), text_str(&again.text)));
	sqlite3_stmt *statement = NULL;
	watching = true;
	sqlite3_prepare_v2(db, sqlite.text.at, (int)sqlite.text.length, &statement, NULL);
	watching = false;
	sqlite3_finalize(statement);
	return 0;
}
