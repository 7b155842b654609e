/* SPDX-License-Identifier: Apache-2.0 */
/* A program that uses a store in most of its ways, for libpq_memory.py, which lets libpq run out of
 * memory once somewhere in it. It writes a line for each thing that it did: "committed N" and "lost
 * N" are sure, "unknown N" may be either; at its end the store works again, whatever happened.
 *
 *     use_store migrate    makes the tables
 *     use_store FIRST      writes the rows FIRST to FIRST + 2, and reads all
 *     use_store count      prints the ids of all rows */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store.h"

/* Much longer than what libpq has room for at first. */
enum { LONG = 40000, TRIES = 200 };

static const struct store_migration STEPS[] = {
	{"0001_row.sql", "create table faults.row (id bigint primary key, long text not null)"}};
static const char *const SCHEMAS[] = {"faults", NULL};
static const struct store_module MODULE = {"faults", SCHEMAS, STEPS, 1};

static void tell(const char *what, ash_status status, const struct fault *fault)
{
	if (status == ASH_OK)
		return;
	printf("%s: %s: %s\n", what, ash_status_name(status), fault->message);
	if (!fault->message[0])
		abort();
}

static ash_status insert(struct store_session *session, long id, struct fault *fault)
{
	static char text[LONG];
	const ash_value values[] = {ash_int(id), ash_text_n(text, LONG)};
	memset(text, 'x', LONG);
	return store_exec(session, "insert into faults.row (id, long) values ($1, $2)", values, 2,
			  NULL, fault);
}

static void write_row(struct store *store, long id)
{
	struct store_session *session = NULL;
	struct fault fault = {ASH_OK};
	ash_status status = store_acquire(store, STORE_NO_DEADLINE, &session, &fault);
	tell("acquire", status, &fault);
	if (status == ASH_OK)
		status = store_begin(session, 0, STORE_WRITE, &fault);
	if (status == ASH_OK)
		status = insert(session, id, &fault);
	tell("insert", status, &fault);
	bool sure = status != ASH_OK;
	if (status == ASH_OK)
		status = store_commit(session, &fault);
	tell("commit", status, &fault);
	printf("%s %ld\n",
	       status == ASH_OK                 ? "committed"
	       : status == ASH_UNKNOWN && !sure ? "unknown"
						: "lost",
	       id);
	store_release(session);
}

/* Reads all rows; with `print` their ids. */
static ash_status read_rows(struct store *store, bool print, struct fault *fault)
{
	struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	size_t length = 0;
	ash_status status = store_acquire(store, STORE_NO_DEADLINE, &session, fault);
	if (status == ASH_OK)
		status = store_begin(session, 0, STORE_READ, fault);
	if (status == ASH_OK)
		status = store_query(session, "select id, long from faults.row order by id", NULL,
				     0, &rows, fault);
	while (status == ASH_OK && store_next(rows)) {
		const char *text = store_get_text(rows, 1, &length);
		if (length != LONG || text[LONG - 1] != 'x')
			abort();
		if (print)
			printf("row %lld\n", (long long)store_get_int(rows, 0));
	}
	if (status == ASH_OK)
		status = store_end(rows, fault);
	store_release(session);
	return status;
}

/* Whatever was lost is made anew: within some tries the store answers. */
static ash_status come_back(struct store *store, bool print, struct fault *fault)
{
	ash_status status = ASH_UNAVAILABLE;
	for (int i = 0; i < TRIES && status != ASH_OK; i++) {
		status = read_rows(store, print, fault);
		tell("read", status, fault);
		if (status != ASH_OK)
			usleep(20000);
	}
	return status;
}

static ash_status use(struct store *store, const char *what, struct fault *fault)
{
	if (strcmp(what, "migrate") == 0)
		return store_migrate(store, NULL, fault);
	if (strcmp(what, "count") == 0)
		return come_back(store, true, fault);
	for (long id = strtol(what, NULL, 10), end = id + 3; id < end; id++)
		write_row(store, id);
	return come_back(store, false, fault);
}

int main(int argc, char **argv)
{
	const struct store_options options = {
		.location = getenv("ASHLAR_STORE"), .modules = &MODULE, .module_count = 1};
	struct store *store = NULL;
	struct fault fault = {ASH_OK};
	if (argc != 2)
		return 2;
	ash_status status = store_open(&store, &options, &fault);
	/* Only that may fail for good: it is what a start does. */
	tell("open", status, &fault);
	bool opened = status == ASH_OK;
	if (opened)
		status = use(store, argv[1], &fault);
	tell("use", status, &fault);
	store_free(store);
	return status == ASH_OK ? EXIT_SUCCESS : opened ? EXIT_FAILURE : 3;
}
