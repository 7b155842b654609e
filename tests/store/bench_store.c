/* SPDX-License-Identifier: Apache-2.0 */
/* What the store costs over the database's own library, side by side in one run: the same two
 * loops, a select by key and a transaction of two inserts, in alternating rounds; prints the
 * medians.
 *     bench_store LOCATION [ROUNDS]
 * where LOCATION is "sqlite:PATH" or a URL of PostgreSQL. */
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/store.h"

#define SELECTS 20000
#define COMMITS 500
#define ROUNDS  21

static struct store *store;
static struct store_session *session;
static sqlite3 *db;
static sqlite3_stmt *raw[4];
static PGconn *connection;
static struct fault fault;
static int64_t next_id = 1000000;

static void must(ash_status status)
{
	if (status == ASH_OK)
		return;
	fprintf(stderr, "%s\n", fault.message);
	exit(1);
}

static void expect(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s fails\n", what);
	exit(1);
}

static void select_by_store(int count)
{
	for (int i = 0; i < count; i++) {
		struct store_rows *rows;
		ash_value id = ash_int(i % 1000);
		must(store_begin(session, 0, STORE_READ, &fault));
		must(store_query(session, "select amount, note from bench.entry where id = $1", &id,
				 1, &rows, &fault));
		expect(store_next(rows) && store_get_int(rows, 0) == i % 1000, "select");
		expect(*store_get_text(rows, 1, NULL) == 'n', "text");
		must(store_end(rows, &fault));
		must(store_commit(session, &fault));
	}
}

static void commit_by_store(int count)
{
	for (int i = 0; i < count; i++) {
		must(store_begin(session, 0, STORE_WRITE, &fault));
		for (int j = 0; j < 2; j++) {
			ash_value values[] = {ash_int(next_id++), ash_int(i), ash_text("note")};
			must(store_exec(
				session,
				"insert into bench.entry (id, amount, note) values ($1, $2, $3)",
				values, 3, NULL, &fault));
		}
		must(store_commit(session, &fault));
	}
}

static void step(sqlite3_stmt *statement)
{
	expect(sqlite3_step(statement) == SQLITE_DONE, "step");
	sqlite3_reset(statement);
}

static void select_by_sqlite(int count)
{
	for (int i = 0; i < count; i++) {
		step(raw[0]);
		sqlite3_bind_int64(raw[2], 1, i % 1000);
		expect(sqlite3_step(raw[2]) == SQLITE_ROW, "select");
		expect(sqlite3_column_int64(raw[2], 0) == i % 1000, "select");
		expect(*sqlite3_column_text(raw[2], 1) == 'n', "text");
		sqlite3_reset(raw[2]);
		step(raw[1]);
	}
}

static void commit_by_sqlite(int count)
{
	for (int i = 0; i < count; i++) {
		step(raw[0]);
		for (int j = 0; j < 2; j++) {
			sqlite3_bind_int64(raw[3], 1, next_id++);
			sqlite3_bind_int64(raw[3], 2, i);
			sqlite3_bind_text(raw[3], 3, "note", 4, SQLITE_STATIC);
			step(raw[3]);
		}
		step(raw[1]);
	}
}

static PGresult *answer(PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	expect(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, PQerrorMessage(connection));
	return result;
}

static PGresult *run_prepared(const char *name, int count, const int64_t *numbers)
{
	uint64_t wire[2];
	const char *at[] = {(char *)&wire[0], (char *)&wire[1], "note"};
	int lengths[] = {8, 8, 4}, formats[] = {1, 1, 1};
	wire[0] = __builtin_bswap64((uint64_t)numbers[0]);
	wire[1] = __builtin_bswap64((uint64_t)numbers[1]);
	return answer(PQexecPrepared(connection, name, count, at, lengths, formats, 1));
}

static void select_by_libpq(int count)
{
	for (int i = 0; i < count; i++) {
		const int64_t numbers[] = {i % 1000, 0};
		PQclear(answer(PQexec(connection, "begin read only")));
		PGresult *result = run_prepared("s", 1, numbers);
		expect(PQntuples(result) == 1 && *PQgetvalue(result, 0, 1) == 'n', "select");
		PQclear(result);
		PQclear(answer(PQexec(connection, "commit")));
	}
}

static void commit_by_libpq(int count)
{
	for (int i = 0; i < count; i++) {
		PQclear(answer(PQexec(connection, "begin")));
		for (int j = 0; j < 2; j++) {
			const int64_t numbers[] = {next_id++, i};
			PQclear(run_prepared("i", 3, numbers));
		}
		PQclear(answer(PQexec(connection, "commit")));
	}
}

static void open_sqlite(const char *path)
{
	static const char *const SQL[] = {
		"begin", "commit", "select amount, note from \"bench.entry\" where id = ?1",
		"insert into \"bench.entry\" (id, amount, note) values (?1, ?2, ?3)"};
	expect(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
		       SQLITE_OK,
	       "open");
	sqlite3_exec(
		db,
		"pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on",
		NULL, NULL, NULL);
	for (int i = 0; i < 4; i++)
		expect(sqlite3_prepare_v3(db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT, &raw[i],
					  NULL) == SQLITE_OK,
		       SQL[i]);
}

static void open_libpq(const char *url)
{
	connection = PQconnectdb(url);
	PQclear(answer(PQexec(connection, "set role ashlar_bench")));
	PQclear(answer(PQprepare(connection, "s",
				 "select amount, note from bench.entry where id = $1", 0, NULL)));
	PQclear(answer(PQprepare(connection, "i",
				 "insert into bench.entry (id, amount, note) values ($1, $2, $3)",
				 0, NULL)));
}

static void open_all(const char *location)
{
	static const char *const SCHEMAS[] = {"bench", NULL};
	static const struct store_migration STEPS[] = {
		{"0001.sql",
		 "create table bench.entry (id bigint primary key, amount bigint not null,"
		 " note text not null);"
		 "insert into bench.entry with recursive n (i) as (select 0 union all"
		 " select i + 1 from n where i < 999) select i, i, 'note' from n"}};
	static const struct store_module MODULE = {"bench", SCHEMAS, STEPS, 1};
	struct store_options options = {
		.location = location, .modules = &MODULE, .module_count = 1};
	must(store_open(&store, &options, &fault));
	must(store_migrate(store, NULL, &fault));
	must(store_acquire(store, STORE_NO_DEADLINE, &session, &fault));
	if (strncmp(location, "sqlite:", 7) == 0)
		open_sqlite(location + 7);
	else
		open_libpq(location);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void compare(const char *what, int count, void (*ours)(int), void (*theirs)(int), int rounds)
{
	double times[2][ROUNDS];
	for (int round = 0; round < rounds; round++)
		for (int side = 0; side < 2; side++) {
			uint64_t from = clock_monotonic();
			(side ? theirs : ours)(count);
			times[side][round] = (double)(clock_monotonic() - from) / count;
		}
	for (int side = 0; side < 2; side++)
		qsort(times[side], (size_t)rounds, sizeof(double), by_value);
	double a = times[0][rounds / 2], b = times[1][rounds / 2];
	printf("%-8s store %9.0f ns  raw %9.0f ns  ratio %.3f  (%.0f/s against %.0f/s)\n", what, a,
	       b, a / b, 1e9 / a, 1e9 / b);
}

int main(int count, char **arguments)
{
	expect(count >= 2, "bench_store LOCATION [ROUNDS]");
	bool sqlite = strncmp(arguments[1], "sqlite:", 7) == 0;
	int rounds = count > 2 ? atoi(arguments[2]) : ROUNDS;
	expect(rounds >= 1 && rounds <= ROUNDS, "ROUNDS");
	open_all(arguments[1]);
	compare("select", sqlite ? SELECTS : SELECTS / 10, select_by_store,
		sqlite ? select_by_sqlite : select_by_libpq, rounds);
	compare("commit", COMMITS, commit_by_store, sqlite ? commit_by_sqlite : commit_by_libpq,
		rounds);
	store_release(session);
	store_free(store);
	return 0;
}
