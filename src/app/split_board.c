/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of splits. Knows no call and no process.
 *
 * Invariant: the row of a split is locked by whoever changes its share, so changes have an order
 * and each `before` is the `after` of the one before it. */
#include "app/split_board.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

/* How long a look may wait for the store. */
#define BOARD_PATIENCE ((uint64_t)5000000000)

/* Methods of a port that a report has. */
#define BOARD_METHOD_LIMIT 1000

static const struct store_migration MIGRATIONS[] = {
	{"0001_dial.sql",
	 "create table ashlar_split.dial (\n"
	 "  port text primary key, share bigint not null, file bigint not null,\n"
	 "  version bigint not null);\n"
	 "create table ashlar_split.change (\n"
	 "  port text not null, version bigint not null, at timestamptz not null,\n"
	 "  who text not null, before bigint not null, after bigint not null,\n"
	 "  primary key (port, version));\n"
	 "create table ashlar_split.report (\n"
	 "  port text not null, method text not null, since timestamptz not null,\n"
	 "  until timestamptz not null, calls bigint not null, equal bigint not null,\n"
	 "  noisy bigint not null, different bigint not null, repeated bigint not null,\n"
	 "  others bigint not null, failures_from bigint not null, failures_to bigint not null,\n"
	 "  took_from bigint not null, took_to bigint not null, worst_from bigint not null,\n"
	 "  worst_to bigint not null, primary key (port, method));\n"
	 "create table ashlar_split.field (\n"
	 "  port text not null, method text not null, path text not null,\n"
	 "  differed bigint not null, noise bigint not null, example_from text not null,\n"
	 "  example_to text not null, primary key (port, method, path));\n"},
};

struct store_module board_store_module(void)
{
	static const char *const SCHEMAS[] = {"ashlar_split", NULL};
	return (struct store_module){.name = "ashlar_split",
				     .schemas = SCHEMAS,
				     .migrations = MIGRATIONS,
				     .migration_count = sizeof MIGRATIONS / sizeof *MIGRATIONS};
}

/* ---- transactions ---- */

static ash_status begin(const struct board *board, enum store_intent intent,
			struct store_session **out, struct fault *fault)
{
	return store_acquire_begun(board->store, clock_monotonic() + BOARD_PATIENCE, board->module,
				   intent, out, fault);
}

/* ---- the dial ---- */

struct dial_row {
	int64_t share;
	int64_t file;
	int64_t version;
};

/* Makes the row where there is none, locks it, and counts the version up. */
static ash_status lock(struct store_session *session, const char *split, uint32_t file,
		       struct dial_row *out, struct fault *fault)
{
	const ash_value values[] = {ash_text(split), ash_int(file)};
	struct store_rows *rows;
	ASH_TRY(store_exec(session,
			   "insert into ashlar_split.dial (port, share, file, version) values "
			   "($1, -1, $2, 0) on conflict (port) do nothing",
			   values, 2, NULL, fault));
	ASH_TRY(store_exec(session,
			   "update ashlar_split.dial set version = version + 1 where port = $1",
			   values, 1, NULL, fault));
	ASH_TRY(store_query(session,
			    "select share, file, version from ashlar_split.dial where port = $1",
			    values, 1, &rows, fault));
	if (store_next(rows))
		*out = (struct dial_row){store_get_int(rows, 0), store_get_int(rows, 1),
					 store_get_int(rows, 2)};
	return store_end(rows, fault);
}

static ash_status change(struct store_session *session, const char *split,
			 const struct dial_row *was, int64_t share, int64_t file, int64_t now,
			 const char *who, struct fault *fault)
{
	const ash_value dial[] = {ash_text(split), ash_int(share), ash_int(file)};
	const ash_value note[] = {ash_text(split), ash_int(was->version), ash_time(now),
				  ash_text(who),   ash_int(was->share),   ash_int(share)};
	const ash_value old[] = {ash_text(split), ash_int(was->version - BOARD_CHANGE_LIMIT)};
	ASH_TRY(store_exec(session,
			   "update ashlar_split.dial set share = $2, file = $3 where port = $1",
			   dial, 3, NULL, fault));
	ASH_TRY(store_exec(session,
			   "insert into ashlar_split.change (port, version, at, who, before, "
			   "after) values ($1, $2, $3, $4, $5, $6)",
			   note, 6, NULL, fault));
	return store_exec(session,
			  "delete from ashlar_split.change where port = $1 and version <= $2", old,
			  2, NULL, fault);
}

ash_status board_join(const struct board *board, const char *split, uint32_t file, int64_t now,
		      const char *who, uint32_t *share, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct dial_row row = {0};
	ASH_TRY(begin(board, STORE_WRITE, &session, fault));
	ASH_TRY(lock(session, split, file, &row, fault));
	if (row.share >= 0 && row.file == file) {
		*share = (uint32_t)row.share;
		return ASH_OK;
	}
	ASH_TRY(change(session, split, &row, file, file, now, who, fault));
	ASH_TRY(store_commit(session, fault));
	*share = file;
	return ASH_OK;
}

ash_status board_set(const struct board *board, const char *split, uint32_t share, uint32_t file,
		     int64_t now, const char *who, uint32_t *before, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct dial_row row = {0};
	ASH_TRY(begin(board, STORE_WRITE, &session, fault));
	ASH_TRY(lock(session, split, file, &row, fault));
	if (row.share < 0)
		row.share = file;
	ASH_TRY(change(session, split, &row, share, row.file, now, who, fault));
	ASH_TRY(store_commit(session, fault));
	*before = (uint32_t)row.share;
	return ASH_OK;
}

ash_status board_read(const struct board *board,
		      void (*tell)(void *context, const char *split, uint32_t share, uint32_t file),
		      void *context, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows;
	ASH_TRY(begin(board, STORE_READ, &session, fault));
	ASH_TRY(store_query(session,
			    "select port, share, file from ashlar_split.dial where share >= 0 "
			    "order by port",
			    NULL, 0, &rows, fault));
	while (store_next(rows))
		tell(context, store_get_text(rows, 0, NULL), (uint32_t)store_get_int(rows, 1),
		     (uint32_t)store_get_int(rows, 2));
	return store_end(rows, fault);
}

ash_status board_changes(const struct board *board, const char *split,
			 void (*tell)(void *context, const struct board_change *change),
			 void *context, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	const ash_value values[] = {ash_text(split)};
	struct store_rows *rows;
	ASH_TRY(begin(board, STORE_READ, &session, fault));
	ASH_TRY(store_query(session,
			    "select at, who, before, after from ashlar_split.change where port = "
			    "$1 order by version",
			    values, 1, &rows, fault));
	while (store_next(rows)) {
		const struct board_change one = {split, store_get_time(rows, 0),
						 store_get_text(rows, 1, NULL),
						 store_get_int(rows, 2), store_get_int(rows, 3)};
		tell(context, &one);
	}
	return store_end(rows, fault);
}

/* ---- reports ---- */

/* The numbers that are added up. */
#define ADDED 10

static ash_status add_counts(struct store_session *session, const char *split, const char *method,
			     int64_t now, const struct compare_counts *counts, struct fault *fault)
{
	const uint64_t numbers[ADDED + DIAL_SIDES] = {counts->calls,
						      counts->equal,
						      counts->noisy,
						      counts->different,
						      counts->repeated,
						      counts->others,
						      counts->failures[DIAL_FROM],
						      counts->failures[DIAL_TO],
						      counts->took[DIAL_FROM],
						      counts->took[DIAL_TO],
						      counts->worst[DIAL_FROM],
						      counts->worst[DIAL_TO]};
	enum { FIXED = 3, NUMBERS = sizeof numbers / sizeof *numbers };
	ash_value values[FIXED + NUMBERS] = {ash_text(split), ash_text(method), ash_time(now)};
	for (int i = 0; i < NUMBERS; i++)
		values[FIXED + i] = ash_int((int64_t)numbers[i]);
	ASH_TRY(store_exec(
		session,
		"insert into ashlar_split.report (port, method, since, until, calls, "
		"equal, noisy, different, repeated, others, failures_from, failures_to, "
		"took_from, took_to, worst_from, worst_to) values ($1, $2, $3, $3, 0, 0, "
		"0, 0, 0, 0, 0, 0, 0, 0, 0, 0) on conflict (port, method) do nothing",
		values, FIXED, NULL, fault));
	return store_exec(
		session,
		"update ashlar_split.report set until = $3, calls = calls + $4, equal = equal + "
		"$5, noisy = noisy + $6, different = different + $7, repeated = repeated + $8, "
		"others = others + $9, failures_from = failures_from + $10, failures_to = "
		"failures_to + $11, took_from = took_from + $12, took_to = took_to + $13, "
		"worst_from = case when worst_from < $14 then $14 else worst_from end, worst_to = "
		"case when worst_to < $15 then $15 else worst_to end where port = $1 and method = "
		"$2",
		values, FIXED + NUMBERS, NULL, fault);
}

static ash_status add_field(struct store_session *session, const char *split, const char *method,
			    const struct compare_field *field, struct fault *fault)
{
	const ash_value values[] = {ash_text(split),
				    ash_text(method),
				    ash_text(field->path),
				    ash_int((int64_t)field->differed),
				    ash_int((int64_t)field->noise),
				    ash_text(field->example[DIAL_FROM]),
				    ash_text(field->example[DIAL_TO])};
	ASH_TRY(store_exec(
		session,
		"insert into ashlar_split.field (port, method, path, differed, noise, "
		"example_from, example_to) values ($1, $2, $3, 0, 0, '', '') on conflict "
		"(port, method, path) do nothing",
		values, 3, NULL, fault));
	return store_exec(
		session,
		"update ashlar_split.field set example_from = case when differed = 0 then $6 else "
		"example_from end, example_to = case when differed = 0 then $7 else example_to "
		"end, differed = differed + $4, noise = noise + $5 where port = $1 and method = $2 "
		"and path = $3",
		values, 7, NULL, fault);
}

ash_status board_add(const struct board *board, const char *split, const char *method, int64_t now,
		     const struct compare_counts *counts, const struct compare_field *fields,
		     size_t field_count, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	ASH_TRY(begin(board, STORE_WRITE, &session, fault));
	ASH_TRY(add_counts(session, split, method, now, counts, fault));
	for (size_t i = 0; i < field_count; i++)
		ASH_TRY(add_field(session, split, method, &fields[i], fault));
	return store_commit(session, fault);
}

static uint64_t number(struct store_rows *rows, int column)
{
	return (uint64_t)store_get_int(rows, column);
}

static ash_status read_reports(struct store_session *session, const char *split,
			       struct arena *arena, struct board_report *out, size_t *count,
			       struct fault *fault)
{
	const ash_value values[] = {ash_text(split), ash_int(BOARD_METHOD_LIMIT)};
	struct store_rows *rows;
	ASH_TRY(store_query(session,
			    "select method, since, until, calls, equal, noisy, different, "
			    "repeated, others, failures_from, failures_to, took_from, took_to, "
			    "worst_from, worst_to from ashlar_split.report where port = $1 order "
			    "by method limit $2",
			    values, 2, &rows, fault));
	for (*count = 0; store_next(rows); ++*count)
		out[*count] = (struct board_report){
			.method = arena_str(arena, str_of(store_get_text(rows, 0, NULL))).at,
			.since = store_get_time(rows, 1),
			.until = store_get_time(rows, 2),
			.counts = {number(rows, 3),
				   number(rows, 4),
				   number(rows, 5),
				   number(rows, 6),
				   number(rows, 7),
				   number(rows, 8),
				   {number(rows, 9), number(rows, 10)},
				   {number(rows, 11), number(rows, 12)},
				   {number(rows, 13), number(rows, 14)}},
		};
	return store_end(rows, fault);
}

static void read_field(struct store_rows *rows, struct arena *arena, struct compare_field *out)
{
	*out = (struct compare_field){
		.path = arena_str(arena, str_of(store_get_text(rows, 0, NULL))).at,
		.differed = number(rows, 1),
		.noise = number(rows, 2),
	};
	for (int side = 0; side < DIAL_SIDES; side++)
		snprintf(out->example[side], COMPARE_VALUE_SIZE, "%s",
			 store_get_text(rows, 3 + side, NULL));
}

static ash_status read_fields(struct store_session *session, const char *split, struct arena *arena,
			      struct board_report *report, struct fault *fault)
{
	const ash_value values[] = {ash_text(split), ash_text(report->method),
				    ash_int(COMPARE_FIELD_LIMIT)};
	struct store_rows *rows;
	report->fields = arena_array(arena, COMPARE_FIELD_LIMIT, sizeof *report->fields);
	if (!report->fields)
		return fault_memory(fault);
	ASH_TRY(store_query(session,
			    "select path, differed, noise, example_from, example_to from "
			    "ashlar_split.field where port = $1 and method = $2 order by differed "
			    "desc, path limit $3",
			    values, 3, &rows, fault));
	while (store_next(rows))
		read_field(rows, arena, &report->fields[report->field_count++]);
	return store_end(rows, fault);
}

ash_status board_reports(const struct board *board, const char *split, struct arena *arena,
			 struct board_report **out, size_t *count, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct board_report *reports = arena_array(arena, BOARD_METHOD_LIMIT, sizeof *reports);
	size_t found = 0;
	if (!reports)
		return fault_memory(fault);
	ASH_TRY(begin(board, STORE_READ, &session, fault));
	ASH_TRY(read_reports(session, split, arena, reports, &found, fault));
	for (size_t i = 0; i < found && !arena->failed; i++)
		ASH_TRY(read_fields(session, split, arena, &reports[i], fault));
	if (arena->failed)
		return fault_memory(fault);
	*out = reports;
	*count = found;
	return ASH_OK;
}

ash_status board_forget(const struct board *board, const char *split, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	const ash_value values[] = {ash_text(split)};
	ASH_TRY(begin(board, STORE_WRITE, &session, fault));
	ASH_TRY(store_exec(session, "delete from ashlar_split.field where port = $1", values, 1,
			   NULL, fault));
	ASH_TRY(store_exec(session, "delete from ashlar_split.report where port = $1", values, 1,
			   NULL, fault));
	return store_commit(session, fault);
}
