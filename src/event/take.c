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

/* Dead letters hold their key back where that is asked for. */
#define DUE(tried)                                                                                 \
	"from ashlar_event.delivery q where q.state = 0 and " tried " and q.due_at <= $1 and "     \
	"(q.key is null or not exists (select 1 from ashlar_event.delivery e where "               \
	"e.subscriber = q.subscriber and e.key = q.key and e.event_id < q.event_id and "           \
	"e.state < $2)) order by q.due_at, q.event_id "

#define PEEK(tried) "select q.attempts " DUE(tried) "limit 1"

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

#define MARK(tried)                                                                                \
	"update ashlar_event.delivery set state = 1, attempts = attempts + 1, "                    \
	"fence = fence + 1, lease = $4, lease_until = $5 where (event_id, subscriber) in "         \
	"(select q.event_id, q.subscriber " DUE(tried) "limit $3)"

static const char MARKED[] =
	"select d.event_id, d.fence, d.attempts, d.subscriber, o.event, o.trace, o.payload "
	"from ashlar_event.delivery d join ashlar_event.outbox o on o.id = d.event_id "
	"where d.lease = $1 and d.state = 1";

/* ---- reading ---- */

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
			   struct delivery **out, size_t *count, struct fault *fault)
{
	struct delivery *deliveries = arena_array(arena, most, sizeof *deliveries);
	size_t read = 0;
	while (deliveries && read < most && store_next(rows))
		read_delivery(rows, token, arena, &deliveries[read++]);
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

enum { TAKE_VALUES = 6 };

struct taking {
	struct event_hub *hub;
	int64_t token;
	size_t most;
	ash_value values[TAKE_VALUES]; /* $6 for what was tried only */
	size_t value_count;
};

/* Whether something is due, and how often it was tried. Takes no lock. */
static ash_status peek(const struct taking *taking, bool again, bool *there, int64_t *attempts,
		       struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ASH_TRY(hub_begin(taking->hub, STORE_READ, &session, fault));
	store_last(session);
	ASH_TRY(store_query(session, again ? PEEK("q.attempts > 0") : PEEK(FRESH), taking->values,
			    2, &rows, fault));
	*there = store_next(rows);
	*attempts = *there ? store_get_int(rows, 0) : 0;
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

static ash_status take_at_once(const struct taking *taking, bool again, struct arena *arena,
			       struct delivery **out, size_t *count, struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ASH_TRY(hub_begin(taking->hub, STORE_WRITE, &session, fault));
	store_last(session);
	ASH_TRY(store_query(session, again ? TAKE(AGAIN) : TAKE(FRESH), taking->values,
			    taking->value_count, &rows, fault));
	FAULT_POINT("take.marked");
	ASH_TRY(read_all(rows, taking->token, taking->most, arena, out, count, fault));
	FAULT_POINT("take.read");
	ASH_TRY(store_commit(session, fault));
	FAULT_POINT("take.committed");
	return ASH_OK;
}

static ash_status take_in_steps(const struct taking *taking, bool again, struct arena *arena,
				struct delivery **out, size_t *count, struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	struct delivery *deliveries = NULL;
	struct store_rows *rows = NULL;
	size_t read = 0;
	ASH_TRY(hub_begin(taking->hub, STORE_WRITE, &session, fault));
	ASH_TRY(store_exec(session, again ? MARK(AGAIN) : MARK(FRESH), taking->values,
			   taking->value_count, NULL, fault));
	FAULT_POINT("take.marked");
	ASH_TRY(HUB_QUERY(session, &rows, fault, MARKED, ash_int(taking->token)));
	ASH_TRY(read_all(rows, taking->token, taking->most, arena, &deliveries, &read, fault));
	FAULT_POINT("take.read");
	ASH_TRY(store_commit(session, fault));
	FAULT_POINT("take.committed");
	*out = deliveries;
	*count = read;
	return ASH_OK;
}

ash_status delivery_take(struct event_hub *hub, int64_t token, bool again, size_t most,
			 struct arena *arena, struct delivery **out, size_t *count,
			 struct fault *fault)
{
	struct taking taking = {hub, token, most, .value_count = again ? 6 : 5};
	bool there = true, native = hub_on_postgresql(hub);
	int64_t attempts = 0;
	*count = 0;
	*out = NULL;
	taking.values[0] = ash_time(hub_now(hub));
	taking.values[1] = ash_int(hub->options.block_keys ? 3 : 2);
	/* SQLite is looked at first, so that who finds nothing keeps no writer waiting. */
	if (again || !native)
		ASH_TRY(peek(&taking, again, &there, &attempts, fault));
	if (!there)
		return ASH_OK;
	if (again && hub_retry_batch(&hub->options, attempts) < most)
		taking.most = hub_retry_batch(&hub->options, attempts);
	taking.values[2] = ash_int((int64_t)taking.most);
	taking.values[3] = ash_int(token);
	taking.values[4] = hub_later(hub, (int64_t)hub->options.lease_ms * 1000);
	taking.values[5] = ash_int(attempts);
	return native ? take_at_once(&taking, again, arena, out, count, fault)
		      : take_in_steps(&taking, again, arena, out, count, fault);
}
