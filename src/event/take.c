/* SPDX-License-Identifier: Apache-2.0 */
/* Takes deliveries that are due: marks them with a lease, raises their fence and counts the
 * attempt, all before a handler runs. Of each key only the oldest that is not handled is taken, so
 * there are never two of one key in a batch.
 *
 * What was never tried and what was are taken apart, each by an index of its own: neither has to
 * look through the other. */
#include <stdlib.h>
#include <string.h>

#include "base/fault_point.h"
#include "base/mem.h"
#include "event/hub.h"

size_t hub_retry_batch(const struct event_options *options, int64_t attempts)
{
	if (attempts + 1 >= (int64_t)options->attempts || attempts >= 16)
		return 1;
	size_t most = options->batch >> (2 * attempts);
	return most > 0 ? most : 1;
}

/* ---- the statements ---- */

#define FRESH "q.attempts = 0"
#define AGAIN "q.attempts > 0 and q.attempts <= $6"

/* Dead letters hold their key back where that is asked for. %s keeps to the subscribers of this
 * process where others run elsewhere. */
#define DUE(tried)                                                                                 \
	"from ashlar_event.delivery q where q.state = 0 and " tried " and q.due_at <= $1%s and "   \
	"(q.key is null or not exists (select 1 from ashlar_event.delivery e where "               \
	"e.subscriber = q.subscriber and e.key = q.key and e.event_id < q.event_id and "           \
	"e.state < $2)) order by q.due_at, q.event_id "

#define PEEK(tried) "select q.attempts, q.due_at " DUE(tried) "limit 1"

/* PostgreSQL does all of it in one statement, and goes to the rows that it has locked by where they
 * lie, whatever its statistics say. */
#define TAKE(tried)                                                                                \
	"update ashlar_event.delivery as d set state = 1, attempts = d.attempts + 1, "             \
	"fence = d.fence + 1, lease = $4, lease_until = $5 from ashlar_event.outbox o "            \
	"where d.ctid = any (array(select q.ctid " DUE(                                            \
		tried) "limit $3 for update skip locked)) "                                        \
		       "and o.id = d.event_id returning d.event_id, d.fence, d.attempts, "         \
		       "d.subscriber, "                                                            \
		       "o.event, o.trace, o.payload"

/* Says in each row, and in one without a delivery where there is none, whether something is left
 * that waits for its key: what is before it is in some worker's hand. The next of a key has nobody
 * who would ring for it, so one has to look when the one before is done. */
#define TAKE_AND_SEE                                                                               \
	"with t as (" TAKE(                                                                        \
		FRESH) ") select t.*, b.behind from (select (select count(*) from t) < $3 and "    \
		       "exists (select 1 from ashlar_event.delivery q where q.state = 0 "          \
		       "and " FRESH                                                                \
		       " and q.due_at <= $1%s and exists (select 1 from ashlar_event.delivery e "  \
		       "where e.subscriber = q.subscriber and e.key = q.key and e.event_id < "     \
		       "q.event_id and (e.state = 1 or e.state = 0 and e.attempts = 0))) as "      \
		       "behind) b left join t on true"

#define MARK(tried)                                                                                \
	"update ashlar_event.delivery set state = 1, attempts = attempts + 1, "                    \
	"fence = fence + 1, lease = $4, lease_until = $5 where (event_id, subscriber) in "         \
	"(select q.event_id, q.subscriber " DUE(tried) "limit $3)"

/* ---- what waits for other processes ----
 *
 * It may be much, where one of them is gone, and it is older than what comes: all that is due would
 * be looked through, each time. So nobody looks below a floor, which now and then is put to the
 * oldest that waits for a subscriber of this process. What was committed later than it was due by
 * more than the slack is found when the floor is put down the next time. */

#define LEAST(tried)                                                                               \
	"select min(q.due_at) from ashlar_event.delivery q where q.state = 0 and " tried "%s"

/* Microseconds. */
#define FLOOR_SLACK 10000000

/* Between two looks for the floor, in nanoseconds, and how many times as long as one took. */
#define FLOOR_PAUSE  5000000000u
#define FLOOR_FACTOR 20

/* The number of the floor among a statement's values, behind those that it has anyway. */
enum { IN_PEEK, IN_FRESH, IN_AGAIN, FLOOR_PLACES };
static const int FLOOR_PLACE[] = {[IN_PEEK] = 3, [IN_FRESH] = 6, [IN_AGAIN] = 7};

ash_status delivery_spell(struct event_hub *hub, struct fault *fault)
{
	_cleanup_(text_release) struct text others = {0};
	const struct registry *registry = hub->environment->registry;
	const char *mine[FLOOR_PLACES] = {"", "", ""};
	for (size_t i = 0; i < registry->member_count; i++)
		if (registry->members[i].elsewhere && registry->members[i].module->subscribes_count)
			text_addf(&others, "%s'%s'",
				  others.length ? ", " : " and q.subscriber not in (",
				  registry->members[i].module->name);
	if (hub->others)
		text_add_byte(&others, ')');
	if (others.failed)
		return fault_memory(fault);
	for (int i = 0; hub->others && i < FLOOR_PLACES; i++)
		mine[i] = arena_format(&hub->arena, " and q.due_at >= $%d%s", FLOOR_PLACE[i],
				       others.at);
	if (hub->arena.failed)
		return fault_memory(fault);
	hub->peek[0] = arena_format(&hub->arena, PEEK(FRESH), mine[IN_PEEK]);
	hub->peek[1] = arena_format(&hub->arena, PEEK("q.attempts > 0"), mine[IN_PEEK]);
	hub->take[0] = arena_format(&hub->arena, TAKE_AND_SEE, mine[IN_FRESH], mine[IN_FRESH]);
	hub->take[1] = arena_format(&hub->arena, TAKE(AGAIN), mine[IN_AGAIN]);
	hub->mark[0] = arena_format(&hub->arena, MARK(FRESH), mine[IN_FRESH]);
	hub->mark[1] = arena_format(&hub->arena, MARK(AGAIN), mine[IN_AGAIN]);
	hub->least[0] = arena_format(&hub->arena, LEAST(FRESH), hub->others ? others.at : "");
	hub->least[1] =
		arena_format(&hub->arena, LEAST("q.attempts > 0"), hub->others ? others.at : "");
	return hub->arena.failed ? fault_memory(fault) : ASH_OK;
}

static const char MARKED[] =
	"select d.event_id, d.fence, d.attempts, d.subscriber, o.event, o.trace, o.payload "
	"from ashlar_event.delivery d join ashlar_event.outbox o on o.id = d.event_id "
	"where d.lease = $1 and d.state = 1";

/* ---- reading ---- */

/* The column of what TAKE_AND_SEE says besides. */
enum { BEHIND = 7 };

static const char *keep_text(struct arena *arena, struct store_rows *rows, int column)
{
	return arena_str(arena, str_of(store_get_text(rows, column, NULL))).at;
}

static void read_delivery(struct store_rows *rows, int64_t token, struct arena *arena,
			  struct delivery *out)
{
	size_t length = 0;
	const char *payload = store_get_bytes(rows, 6, &length);
	*out = (struct delivery){
		.id = store_get_int(rows, 0),
		.token = token,
		.fence = store_get_int(rows, 1),
		.attempts = store_get_int(rows, 2),
		.subscriber = keep_text(arena, rows, 3),
		.event = keep_text(arena, rows, 4),
		.trace = keep_text(arena, rows, 5),
		.payload = arena_str(arena, (struct str){payload, length}),
	};
}

static int by_id(const void *first, const void *second)
{
	const struct delivery *a = first, *b = second;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return strcmp(a->subscriber, b->subscriber);
}

/* Reads them all, at most `most`. */
static ash_status read_all(struct store_rows *rows, int64_t token, size_t most, struct arena *arena,
			   struct delivery **out, size_t *count, bool *behind, struct fault *fault)
{
	struct delivery *deliveries = arena_array(arena, most, sizeof *deliveries);
	size_t read = 0;
	while (deliveries && read < most && store_next(rows)) {
		*behind = store_columns(rows) > BEHIND && store_get_bool(rows, BEHIND);
		if (!store_is_null(rows, 0))
			read_delivery(rows, token, arena, &deliveries[read++]);
	}
	ASH_TRY(store_end(rows, fault));
	if (arena->failed)
		return fault_memory(fault);
	if (read > 1)
		qsort(deliveries, read, sizeof *deliveries, by_id);
	*out = deliveries;
	*count = read;
	return ASH_OK;
}

/* ---- taking ---- */

enum { TAKE_VALUES = 7 };

struct taking {
	struct event_hub *hub;
	int64_t token;
	size_t most;
	ash_value values[TAKE_VALUES]; /* $6 for what was tried only; the floor behind them */
	size_t value_count;
	int64_t floor; /* microseconds since 1970; where there are others */
	bool behind;   /* what is left waits for its key */
};

static ash_status find_floor(const struct taking *taking, bool again, int64_t *out,
			     struct fault *fault)
{
	struct event_hub *hub = taking->hub;
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	int64_t least = hub_now(hub);
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(store_query(session, hub->least[again], NULL, 0, &rows, fault));
	if (store_next(rows) && !store_is_null(rows, 0) && store_get_time(rows, 0) < least)
		least = store_get_time(rows, 0);
	ASH_TRY(store_end(rows, fault));
	*out = least - FLOOR_SLACK;
	return store_commit(session, fault);
}

/* One worker looks for it; the others take the one of before meanwhile. */
static ash_status take_floor(struct taking *taking, bool again, struct fault *fault)
{
	struct event_hub *hub = taking->hub;
	uint64_t now = clock_monotonic(), due = atomic_load(&hub->floor_due[again]);
	taking->floor = atomic_load(&hub->floor[again]);
	if (now < due || !atomic_compare_exchange_strong(&hub->floor_due[again], &due, UINT64_MAX))
		return ASH_OK;
	ash_status status = find_floor(taking, again, &taking->floor, fault);
	uint64_t after = clock_monotonic(), pause = FLOOR_FACTOR * (after - now);
	if (status == ASH_OK)
		atomic_store(&hub->floor[again], taking->floor);
	atomic_store(&hub->floor_due[again], after + (pause > FLOOR_PAUSE ? pause : FLOOR_PAUSE));
	return status;
}

/* How far ahead what was tried is looked for, in microseconds: while nobody looks by itself. */
static int64_t horizon(const struct event_hub *hub)
{
	return (int64_t)hub->options.poll_ms * 1000 * WORKERS_IDLE_FACTOR;
}

/* Whether something is due, and how often it was tried, or when the next will be, of
 * clock_monotonic(). Takes no lock. */
static ash_status peek(const struct taking *taking, bool again, bool *there, int64_t *attempts,
		       uint64_t *next, struct fault *fault)
{
	int64_t now = taking->values[0].integer, ahead = again ? horizon(taking->hub) : 0;
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ASH_TRY(hub_begin(taking->hub, STORE_READ, &session, fault));
	store_last(session);
	const ash_value values[] = {ash_time(now + ahead), taking->values[1],
				    ash_time(taking->floor)};
	ASH_TRY(store_query(session, taking->hub->peek[again], values, taking->hub->others ? 3 : 2,
			    &rows, fault));
	*there = store_next(rows);
	*attempts = *there ? store_get_int(rows, 0) : 0;
	int64_t due = *there ? store_get_time(rows, 1) : now + ahead;
	*there = *there && due <= now;
	if (!*there)
		*next = clock_monotonic() + (uint64_t)(due - now) * 1000;
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

static ash_status take_at_once(struct taking *taking, bool again, struct arena *arena,
			       struct delivery **out, size_t *count, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ASH_TRY(hub_begin(taking->hub, STORE_WRITE, &session, fault));
	store_last(session);
	ASH_TRY(store_query(session, taking->hub->take[again], taking->values, taking->value_count,
			    &rows, fault));
	FAULT_POINT("take.marked");
	ASH_TRY(read_all(rows, taking->token, taking->most, arena, out, count, &taking->behind,
			 fault));
	FAULT_POINT("take.read");
	ASH_TRY(store_commit(session, fault));
	FAULT_POINT("take.committed");
	return ASH_OK;
}

static ash_status take_in_steps(struct taking *taking, bool again, struct arena *arena,
				struct delivery **out, size_t *count, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct delivery *deliveries = NULL;
	struct store_rows *rows = NULL;
	size_t read = 0;
	ASH_TRY(hub_begin(taking->hub, STORE_WRITE, &session, fault));
	ASH_TRY(store_exec(session, taking->hub->mark[again], taking->values, taking->value_count,
			   NULL, fault));
	FAULT_POINT("take.marked");
	ASH_TRY(STORE_QUERY(session, &rows, fault, MARKED, ash_int(taking->token)));
	ASH_TRY(read_all(rows, taking->token, taking->most, arena, &deliveries, &read,
			 &taking->behind, fault));
	FAULT_POINT("take.read");
	ASH_TRY(store_commit(session, fault));
	FAULT_POINT("take.committed");
	*out = deliveries;
	*count = read;
	return ASH_OK;
}

ash_status delivery_take(struct event_hub *hub, int64_t token, bool again, size_t most,
			 struct arena *arena, struct delivery **out, size_t *count,
			 struct workers_look *look, struct fault *fault)
{
	struct taking taking = {hub, token, most, .value_count = again ? 6 : 5};
	bool there = true, native = hub_on_postgresql(hub);
	uint64_t next = UINT64_MAX;
	int64_t attempts = 0;
	*count = 0;
	*out = NULL;
	taking.values[0] = ash_time(hub_now(hub));
	taking.values[1] = ash_int(hub->options.block_keys ? 3 : 2);
	if (hub->others)
		ASH_TRY(take_floor(&taking, again, fault));
	/* SQLite is looked at first, so that who finds nothing keeps no writer waiting. */
	if (again || !native)
		ASH_TRY(peek(&taking, again, &there, &attempts, &next, fault));
	if (again)
		look->next = next;
	if (!there)
		return ASH_OK;
	if (again && hub_retry_batch(&hub->options, attempts) < most)
		taking.most = hub_retry_batch(&hub->options, attempts);
	taking.values[2] = ash_int((int64_t)taking.most);
	taking.values[3] = ash_int(token);
	taking.values[4] = hub_later(hub, (int64_t)hub->options.lease_ms * 1000);
	taking.values[5] = ash_int(attempts);
	if (hub->others)
		taking.values[taking.value_count++] = ash_time(taking.floor);
	ASH_TRY(native ? take_at_once(&taking, again, arena, out, count, fault)
		       : take_in_steps(&taking, again, arena, out, count, fault));
	look->behind = taking.behind;
	return ASH_OK;
}
