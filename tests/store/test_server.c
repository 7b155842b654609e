/* SPDX-License-Identifier: Apache-2.0 */
/* What PostgreSQL may do to those who are connected while it runs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "speak.h"
#include "store/postgres.h"

#define SECONDS (1000 * 1000 * 1000ULL)

static struct store_session *acquire(const struct fixture *fixture)
{
	struct store_session *session;
	must(store_acquire(fixture->store, STORE_NO_DEADLINE, &session, &fault));
	return session;
}

/* Over a connection that is kept. */
static void start(struct store_session *session)
{
	must(store_begin(session, LEDGER, STORE_WRITE, &fault));
}

static int64_t count_entries(const struct fixture *fixture)
{
	return fixture_number(fixture->store, LEDGER, "select count(*) from ledger.entry");
}

/* ── statements that were prepared too long ago ── */

static const char ALL[] = "select * from ledger.entry";

/* How many columns it has; -1: it failed. */
static int read_all(struct store_session *session)
{
	struct store_rows *rows = NULL;
	if (store_query(session, ALL, NULL, 0, &rows, &fault) != ASH_OK)
		return -1;
	while (store_next(rows))
		;
	int columns = store_columns(rows);
	must(store_end(rows, &fault));
	return columns;
}

static int read_in_one(struct store_session *session)
{
	start(session);
	int columns = read_all(session);
	store_rollback(session);
	return columns;
}

static void add_column(const struct fixture *fixture)
{
	fixture_admin(fixture, "alter table ledger.entry add column note text");
}

static void a_column_that_is_added_is_not_noticed(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *session = acquire(fixture);
	assert_int_equal(read_in_one(session), 2);
	add_column(fixture);
	assert_int_equal(read_in_one(session), 3);
	start(session);
	must(EXEC(session, "insert into ledger.entry (id, amount) values (1, 1) returning *"));
	commit(session);
}

/* Where something was done before, it cannot be told what would be repeated. */
static void in_the_middle_it_aborts_once_for_all_sessions(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *first = acquire(fixture), *second = acquire(fixture);
	assert_int_equal(read_in_one(first), 2);
	assert_int_equal(read_in_one(second), 2);
	add_column(fixture);
	start(first);
	must(EXEC(first, "insert into ledger.entry (id, amount) values (1, 1)"));
	assert_int_equal(read_all(first), -1);
	assert_int_equal(fault.status, ASH_ABORTED);
	assert_false(fault.outage);
	store_rollback(first);
	struct store_session *const sessions[] = {first, second};
	for (size_t i = 0; i < 2; i++) {
		start(sessions[i]);
		must(EXEC(sessions[i], "delete from ledger.entry"));
		assert_int_equal(read_all(sessions[i]), 3);
		commit(sessions[i]);
	}
}

/* As a pooler does it, or an administrator's tool. */
static void forget(struct store_session *session)
{
	must(postgres_own(postgres_session(session), "deallocate all", NULL, NULL, NULL, &fault));
}

static void statements_that_are_gone_are_prepared_again(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *session = acquire(fixture);
	assert_int_equal(read_in_one(session), 2);
	forget(session);
	assert_int_equal(read_in_one(session), 2);
	forget(session);
	start(session);
	must(EXEC(session, "delete from ledger.entry"));
	assert_int_equal(read_all(session), -1);
	assert_int_equal(fault.status, ASH_ABORTED);
	store_rollback(session);
	assert_int_equal(read_in_one(session), 2);
	store_release(session);
}

static const char ADD[] = "insert into ledger.entry (id, amount) "
			  "select coalesce(max(id), 0) + 1, 1 from ledger.entry";

static void what_carries_its_commit_is_done_once(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *session = acquire(fixture);
	for (int64_t i = 1; i <= 3; i++) {
		start(session);
		store_last(session);
		must(EXEC(session, ADD));
		must(store_commit(session, &fault));
		assert_int_equal(count_entries(fixture), i);
		forget(session);
	}
	store_release(session);
}

static void what_is_sent_is_aborted_later(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *session = acquire(fixture);
	start(session);
	must(EXEC(session, ADD));
	must(store_commit(session, &fault));
	forget(session);
	start(session);
	must(store_send(session, ADD, NULL, 0, &fault));
	assert_int_equal(store_commit(session, &fault), ASH_ABORTED);
	start(session);
	must(store_send(session, ADD, NULL, 0, &fault));
	commit(session);
}

static void what_is_not_supported_is_a_mistake(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *session = acquire(fixture);
	start(session);
	assert_int_equal(
		EXEC(session, "select sum(amount) from ledger.entry group by id for update"),
		ASH_INVALID_ARGUMENT);
	assert_non_null(strstr(fault.message, "0A000"));
	store_release(session);
}

/* ── a server that takes no writes ── */

#define NOT_YOUNG_US (1200 * 1000) /* see POSTGRES_YOUTH */

static void own(struct store_session *session, const char *sql)
{
	must(postgres_own(postgres_session(session), sql, NULL, NULL, NULL, &fault));
}

static unsigned count_open(const struct fixture *fixture)
{
	unsigned open, busy;
	store_connections(fixture->store, &open, &busy);
	return open;
}

static void cut_all(const struct fixture *fixture)
{
	fixture_admin(fixture, "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
			       " where usename = 'app'");
}

static void a_server_that_only_reads_is_an_outage_until_it_writes(void **state)
{
	const struct fixture *fixture = *state;
	must(fixture_run(fixture->store, LEDGER, ADD, &fault));
	fixture_admin(fixture, "alter role app set default_transaction_read_only = on");
	cut_all(fixture);
	for (int i = 0; i < 3; i++) {
		fault = (struct fault){ASH_OK};
		assert_int_equal(fixture_run(fixture->store, LEDGER, ADD, &fault), ASH_UNAVAILABLE);
		assert_true(fault.outage);
		assert_int_equal(count_entries(fixture), 1);
	}
	assert_int_equal(store_health(fixture->store, 60 * SECONDS, &fault), ASH_UNAVAILABLE);
	assert_true(fault.outage);
	assert_non_null(strstr(fault.message, "takes no writes"));
	fixture_admin(fixture, "alter role app reset default_transaction_read_only");
	usleep(NOT_YOUNG_US);
	must(fixture_run(fixture->store, LEDGER, ADD, &fault));
	must(store_health(fixture->store, 60 * SECONDS, &fault));
	assert_int_equal(count_entries(fixture), 2);
}

static void a_connection_that_only_reads_is_made_anew_unseen(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *session = acquire(fixture);
	own(session, "set default_transaction_read_only = on");
	usleep(NOT_YOUNG_US);
	start(session);
	assert_int_equal(read_all(session), 2);
	must(EXEC(session, ADD));
	commit(session);
	assert_int_equal(count_entries(fixture), 1);
}

/* As a server that does not say what it is. */
static struct store_session *turn_read_only(const struct fixture *fixture)
{
	struct store_session *session = acquire(fixture);
	usleep(NOT_YOUNG_US);
	start(session);
	assert_int_equal(read_all(session), 2);
	own(session, "set transaction read only");
	fault = (struct fault){ASH_OK};
	return session;
}

static void a_connection_that_turns_out_to_read_only_is_dropped(void **state)
{
	const struct fixture *fixture = *state;
	unsigned before = count_open(fixture);
	struct store_session *session = turn_read_only(fixture);
	assert_int_equal(EXEC(session, ADD), ASH_UNAVAILABLE);
	assert_true(fault.outage);
	store_release(session);
	assert_int_equal(count_open(fixture), before - 1);
	session = turn_read_only(fixture);
	must(store_send(session, ADD, NULL, 0, &fault));
	assert_int_equal(store_commit(session, &fault), ASH_UNAVAILABLE);
	assert_true(fault.outage);
	store_release(session);
	assert_int_equal(count_open(fixture), before - 1);
	must(fixture_run(fixture->store, LEDGER, ADD, &fault));
	assert_int_equal(count_entries(fixture), 1);
}

static void who_only_reads_and_writes_is_mistaken(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *session = acquire(fixture);
	must(store_begin(session, LEDGER, STORE_READ, &fault));
	assert_int_equal(read_all(session), 2);
	fault = (struct fault){ASH_OK};
	assert_int_equal(postgres_own(postgres_session(session), "create table x (id bigint)", NULL,
				      NULL, NULL, &fault),
			 ASH_FAILED_PRECONDITION);
	assert_non_null(strstr(fault.message, "25006"));
	assert_false(fault.outage);
	store_release(session);
}

/* ── a server that hangs ── */

static pid_t stopped[256];
static size_t stopped_count;

/* One that has ended by itself meanwhile is as good. */
static void stop_process(pid_t process)
{
	assert_true(stopped_count < sizeof stopped / sizeof *stopped);
	if (kill(process, SIGSTOP) == 0)
		stopped[stopped_count++] = process;
	else
		assert_int_equal(errno, ESRCH);
}

static pid_t find_server(void)
{
	char path[256], line[32] = "";
	snprintf(path, sizeof path, "%s/data/postmaster.pid", getenv("ASHLAR_POSTGRES_FOLDER"));
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof line, file));
	fclose(file);
	return (pid_t)strtol(line, NULL, 10);
}

/* The server and all its processes, as when its disk or its machine hangs. */
static void stop_server(void)
{
	pid_t processes[128];
	PGconn *connection = PQconnectdb(getenv("ASHLAR_STORE_ADMIN"));
	PGresult *result = PQexec(connection, "select pid from pg_stat_activity"
					      " where pid <> pg_backend_pid()");
	int count = PQntuples(result);
	assert_in_range(count, 1, 128);
	for (int i = 0; i < count; i++)
		processes[i] = (pid_t)strtol(PQgetvalue(result, i, 0), NULL, 10);
	PQclear(result);
	PQfinish(connection);
	stop_process(find_server());
	for (int i = 0; i < count; i++)
		stop_process(processes[i]);
}

static void resume_server(void)
{
	while (stopped_count)
		kill(stopped[--stopped_count], SIGCONT);
}

static int resume_and_tear_down(void **state)
{
	resume_server();
	fixture_admin(*state, "alter role app reset default_transaction_read_only");
	return fixture_tear_down(state);
}

static void a_statement_ends_though_nobody_hears_that_it_is_cancelled(void **state)
{
	const struct fixture *fixture = *state;
	struct store_session *first = acquire(fixture), *second = acquire(fixture);
	start(second);
	must(EXEC(second, ADD));
	store_release(first);
	stop_server();
	uint64_t begun = clock_monotonic();
	first = acquire(fixture);
	start(first);
	store_set_deadline(first, clock_monotonic() + SECONDS);
	assert_int_equal(EXEC(first, ADD), ASH_DEADLINE_EXCEEDED);
	store_release(first);
	store_set_deadline(second, clock_monotonic() + SECONDS);
	assert_int_equal(store_commit(second, &fault), ASH_UNKNOWN);
	store_release(second);
	assert_in_range(clock_monotonic() - begun, 2 * SECONDS, 100 * SECONDS);
	resume_server();
	must(store_health(fixture->store, 60 * SECONDS, &fault));
}

static void connecting_ends_at_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	struct store_session *kept, *other;
	size_t length = strlen(fixture->location);
	snprintf(fixture->location + length, sizeof fixture->location - length,
		 "&connect_timeout=60");
	struct store *patient = fixture_open(fixture, FIXTURE_BARE, 3, NULL);
	must(store_acquire(patient, STORE_NO_DEADLINE, &kept, &fault));
	stop_server();
	uint64_t begun = clock_monotonic();
	assert_int_equal(store_acquire(patient, begun + SECONDS, &other, &fault), ASH_UNAVAILABLE);
	assert_true(fault.outage);
	assert_in_range(clock_monotonic() - begun, 0, 50 * SECONDS);
	resume_server();
	store_release(kept);
	store_free(patient);
}

static void ignore_ring(void *context)
{
	(void)context;
}

static void who_rings_ends(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = fixture_open(fixture, FIXTURE_BARE, 3, NULL);
	struct store_bell *bell;
	must(store_bell_open(store, 1, ignore_ring, NULL, &bell, &fault));
	while (!store_bell_works(bell))
		usleep(1000);
	stop_server();
	store_bell_ring(bell, 1);
	usleep(100 * 1000);
	store_bell_close(bell);
	store_free(store);
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_set_up, resume_and_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_column_that_is_added_is_not_noticed),
		TEST(in_the_middle_it_aborts_once_for_all_sessions),
		TEST(statements_that_are_gone_are_prepared_again),
		TEST(what_carries_its_commit_is_done_once),
		TEST(what_is_sent_is_aborted_later),
		TEST(what_is_not_supported_is_a_mistake),
		TEST(a_server_that_only_reads_is_an_outage_until_it_writes),
		TEST(a_connection_that_only_reads_is_made_anew_unseen),
		TEST(a_connection_that_turns_out_to_read_only_is_dropped),
		TEST(who_only_reads_and_writes_is_mistaken),
		TEST(a_statement_ends_though_nobody_hears_that_it_is_cancelled),
		TEST(connecting_ends_at_the_deadline),
		TEST(who_rings_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
