/* SPDX-License-Identifier: Apache-2.0 */
/* Choreographies that stand still: begun, not ended, and their deadline has passed. They are found
 * in the tables that are there anyway, by the key that all events of one have, so that following
 * them costs a publisher nothing. Changes nothing.
 *
 * What is read is in proportion to the events of the flow since `since`, never to their square:
 * keys are grouped by the database, and only what stands still is looked at one by one. */
#include <string.h>

#include "base/mem.h"
#include "event/hub.h"
#include "port/flows.h"

/* One that stands still. */
struct found {
	const char *key;
	int64_t begun; /* ids of events */
	int64_t last;
};

struct looking {
	struct event_hub *hub;
	struct store_session *session;
	const struct watched *watched;
	struct arena arena;
	struct map by_key; /* to the index in `found` */
	struct found *found;
	size_t count;
	int64_t since;
	bool (*each)(void *context, const struct stuck_flow *stuck);
	void *context;
	bool stopped;
};

static void looking_release(struct looking *looking)
{
	map_release(&looking->by_key);
	arena_release(&looking->arena);
}

/* ---- which events ---- */

/* Names of events as values of a statement: a contract's choreography has 30 steps at most, of two
 * events each, and four values stand before them. */
struct names {
	ash_value values[STORE_VALUE_LIMIT];
	size_t count;
	size_t first; /* of the names; before it stand the statement's other values */
};

static void add_name(struct names *names, const char *event)
{
	for (size_t i = names->first; i < names->count; i++)
		if (strcmp(names->values[i].bytes.at, event) == 0)
			return;
	if (names->count < sizeof names->values / sizeof *names->values)
		names->values[names->count++] = ash_text(event);
}

static void add_names(struct names *names, const ash_choreography *flow, bool ends)
{
	names->first = names->count;
	for (size_t i = 0; i < flow->flow_count; i++) {
		if (flow->flow[i].undoes)
			continue;
		if (!ends)
			add_name(names, flow->flow[i].event);
		if (!ends || flow_is_end(flow, flow->flow[i].next))
			add_name(names, flow->flow[i].next);
	}
}

/* "$4, $5, $6". */
static void spell_names(const struct names *names, struct text *sql)
{
	for (size_t i = names->first; i < names->count; i++)
		text_addf(sql, "%s$%zu", i > names->first ? ", " : "", i + 1);
}

/* ---- which flows ---- */

static ash_status keep_found(struct looking *looking, struct store_rows *rows, struct fault *fault)
{
	while (store_next(rows) && looking->count < EVENT_LIST_LIMIT) {
		struct str key = arena_str(&looking->arena, str_of(store_get_text(rows, 0, NULL)));
		if (!key.at || !map_put(&looking->by_key, key, (uint32_t)looking->count))
			break;
		looking->found[looking->count++] =
			(struct found){key.at, store_get_int(rows, 1), store_get_int(rows, 1)};
	}
	return store_end(rows, fault);
}

/* Those whose last start is behind their last end. */
static ash_status find_stuck(struct looking *looking, struct fault *fault)
{
	const ash_choreography *flow = looking->watched->choreography;
	_cleanup_(text_release) struct text sql = {0};
	struct store_rows *rows = NULL;
	int64_t late = hub_now(looking->hub) - (int64_t)flow->deadline_s * 1000000;
	struct names names = {.values = {ash_text(flow_start(flow)), ash_time(looking->since),
					 ash_time(late), ash_int(EVENT_LIST_LIMIT)},
			      .count = 4};
	add_names(&names, flow, true);
	text_add(&sql,
		 STR("select key, max(begun) from (select key, id as begun, 0 as ended from "
		     "ashlar_event.outbox where event = $1 and published_at >= $2 and "
		     "published_at <= $3 union all select key, 0, id from ashlar_event.outbox "
		     "where published_at >= $2 and event in ("));
	spell_names(&names, &sql);
	text_add(&sql, STR(")) flows where key is not null group by key having max(begun) > "
			   "max(ended) order by max(begun) limit $4"));
	looking->found = arena_array(&looking->arena, EVENT_LIST_LIMIT, sizeof *looking->found);
	if (sql.failed || !looking->found)
		return fault_memory(fault);
	ASH_TRY(store_query(looking->session, sql.at, names.values, names.count, &rows, fault));
	ASH_TRY(keep_found(looking, rows, fault));
	return looking->arena.failed ? fault_memory(fault) : ASH_OK;
}

/* How far each of them came. */
static ash_status find_last(struct looking *looking, struct fault *fault)
{
	_cleanup_(text_release) struct text sql = {0};
	struct store_rows *rows = NULL;
	struct names names = {.values = {ash_time(looking->since)}, .count = 1};
	add_names(&names, looking->watched->choreography, false);
	text_add(&sql, STR("select key, max(id) from ashlar_event.outbox where published_at >= $1 "
			   "and key is not null and event in ("));
	spell_names(&names, &sql);
	text_add(&sql, STR(") group by key"));
	if (sql.failed)
		return fault_memory(fault);
	ASH_TRY(store_query(looking->session, sql.at, names.values, names.count, &rows, fault));
	while (store_next(rows)) {
		uint32_t at = map_get(&looking->by_key, str_of(store_get_text(rows, 0, NULL)));
		if (at != MAP_NONE)
			looking->found[at].last = store_get_int(rows, 1);
	}
	return store_end(rows, fault);
}

/* ---- where one stands ---- */

static ash_status read_event(struct looking *looking, int64_t id, struct stuck_flow *out,
			     struct fault *fault)
{
	struct store_rows *rows = NULL;
	ASH_TRY(STORE_QUERY(looking->session, &rows, fault,
			    "select event, trace, published_at from ashlar_event.outbox where id = "
			    "$1",
			    ash_int(id)));
	if (store_next(rows)) {
		out->event = arena_str(&looking->arena, str_of(store_get_text(rows, 0, NULL))).at;
		out->trace = arena_str(&looking->arena, str_of(store_get_text(rows, 1, NULL))).at;
		out->at = store_get_time(rows, 2);
	}
	ASH_TRY(store_end(rows, fault));
	return looking->arena.failed ? fault_memory(fault) : ASH_OK;
}

/* What its delivery to `out->actor` has come to. */
static ash_status read_delivery(struct looking *looking, struct stuck_flow *out,
				struct fault *fault)
{
	static const enum stuck_why STATES[] = {STUCK_WAITING, STUCK_HANDLING, STUCK_DEAD};
	struct store_rows *rows = NULL;
	ASH_TRY(STORE_QUERY(looking->session, &rows, fault,
			    "select state, attempts, status, message from ashlar_event.delivery "
			    "where event_id = $1 and subscriber = $2",
			    ash_int(out->event_id), ash_text(out->actor)));
	out->why = STUCK_LOST;
	out->attempts = 0;
	out->status = out->message = "";
	if (store_next(rows)) {
		int64_t state = store_get_int(rows, 0);
		out->why = STATES[state >= 0 && state <= 2 ? state : 0];
		out->attempts = store_get_int(rows, 1);
		if (out->why == STUCK_WAITING && out->attempts > 0)
			out->why = STUCK_FAILING;
		out->status = arena_str(&looking->arena, str_of(store_get_text(rows, 2, NULL))).at;
		out->message = arena_str(&looking->arena, str_of(store_get_text(rows, 3, NULL))).at;
	}
	ASH_TRY(store_end(rows, fault));
	if (looking->arena.failed)
		return fault_memory(fault);
	if (out->why != STUCK_LOST)
		return ASH_OK;
	ASH_TRY(STORE_QUERY(looking->session, &rows, fault,
			    "select 1 from ashlar_event.inbox where event_id = $1 and subscriber = "
			    "$2",
			    ash_int(out->event_id), ash_text(out->actor)));
	if (store_next(rows))
		out->why = STUCK_SILENT;
	return store_end(rows, fault);
}

/* Who should have published what comes next. One that has not handled the event goes before one
 * that has. */
static ash_status find_actor(struct looking *looking, struct stuck_flow *out, struct fault *fault)
{
	const ash_choreography *flow = looking->watched->choreography;
	struct stuck_flow best = *out;
	best.why = STUCK_SILENT;
	best.actor = "";
	for (size_t i = 0; i < flow->flow_count; i++) {
		const ash_flow *step = &flow->flow[i];
		if (step->undoes || strcmp(step->event, out->event) != 0)
			continue;
		const struct member *member =
			flow_publisher(looking->hub->environment->registry, step->next, NULL);
		if (!member || strcmp(best.actor, member->module->name) == 0)
			continue;
		out->actor = member->module->name;
		out->next = step->next;
		ASH_TRY(read_delivery(looking, out, fault));
		if (!*best.actor || best.why == STUCK_SILENT)
			best = *out;
	}
	*out = best;
	return ASH_OK;
}

static ash_status tell(struct looking *looking, const struct found *found, struct fault *fault)
{
	const struct watched *watched = looking->watched;
	struct stuck_flow begun = {.event = ""}, out = {.choreography = watched->choreography->name,
							.module = watched->module->name,
							.key = found->key,
							.event = "",
							.next = "",
							.trace = "",
							.status = "",
							.message = "",
							.event_id = found->last};
	ASH_TRY(read_event(looking, found->begun, &begun, fault));
	ASH_TRY(read_event(looking, found->last, &out, fault));
	out.started_at = begun.at;
	ASH_TRY(find_actor(looking, &out, fault));
	looking->stopped = !looking->each(looking->context, &out);
	return ASH_OK;
}

static ash_status look(struct looking *looking, struct fault *fault)
{
	ASH_TRY(find_stuck(looking, fault));
	if (looking->count > 0)
		ASH_TRY(find_last(looking, fault));
	for (size_t i = 0; i < looking->count && !looking->stopped; i++)
		ASH_TRY(tell(looking, &looking->found[i], fault));
	return ASH_OK;
}

/* ---- all of them ---- */

static bool is_meant(const struct watched *watched, const struct stuck_filter *filter)
{
	return (!filter->module || strcmp(filter->module, watched->module->name) == 0) &&
	       (!filter->choreography ||
		strcmp(filter->choreography, watched->choreography->name) == 0);
}

ash_status event_stuck_list(struct event_hub *hub, const struct stuck_filter *filter,
			    bool (*each)(void *context, const struct stuck_flow *stuck),
			    void *context, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	bool stopped = false;
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	for (size_t i = 0; i < hub->watched_count && !stopped; i++) {
		if (!is_meant(&hub->watched[i], filter))
			continue;
		_cleanup_(looking_release) struct looking looking = {.hub = hub,
								     .session = session,
								     .watched = &hub->watched[i],
								     .since = filter->since,
								     .each = each,
								     .context = context};
		ASH_TRY(look(&looking, fault));
		stopped = looking.stopped;
	}
	return store_commit(session, fault);
}

bool event_has_choreographies(const struct event_hub *hub)
{
	return hub->watched_count > 0;
}

/* ---- the gauges ---- */

static const struct metric STUCK = {
	"ashlar_choreographies_stuck",
	"Flows of events that were begun in the last day, and have not ended by their deadline.",
	METRIC_GAUGE,
	{"choreography"}};

ash_status hub_init_watched(struct event_hub *hub, struct metrics *metrics, struct fault *fault)
{
	const struct registry *registry = hub->environment->registry;
	size_t count = 0;
	for (size_t i = 0; i < registry->member_count; i++)
		if (!registry->members[i].elsewhere)
			count += registry->members[i].module->choreography_count;
	hub->watched = arena_array(&hub->arena, count + 1, sizeof *hub->watched);
	if (!hub->watched)
		return fault_memory(fault);
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		for (size_t j = 0;
		     !registry->members[i].elsewhere && j < module->choreography_count; j++) {
			struct watched *watched = &hub->watched[hub->watched_count++];
			*watched = (struct watched){.module = module,
						    .choreography = &module->choreographies[j]};
			ASH_TRY(metrics_series(metrics, &STUCK, &watched->choreography->name,
					       &watched->stuck, fault));
		}
	}
	return ASH_OK;
}

static bool count_one(void *context, const struct stuck_flow *stuck)
{
	(void)stuck;
	++*(int64_t *)context;
	return true;
}

static void say(const struct event_hub *hub, const struct watched *watched, int64_t count)
{
	const struct log_origin origin = {watched->module->name, watched->module->owner, NULL};
	if (hub->environment->logger)
		log_write(hub->environment->logger, LOG_ERROR_LEVEL, &origin,
			  "%lld of the choreography %s stand still: sagas list --stuck names them",
			  (long long)count, watched->choreography->name);
}

ash_status hub_watch(struct event_hub *hub, struct fault *fault)
{
	for (size_t i = 0; i < hub->watched_count; i++) {
		struct watched *watched = &hub->watched[i];
		int64_t count = 0, before = series_value(watched->stuck);
		int64_t back = (int64_t)watched->choreography->deadline_s + STUCK_LOOK_BACK_S;
		const struct stuck_filter filter = {.choreography = watched->choreography->name,
						    .since = hub_now(hub) - back * 1000000};
		ASH_TRY(event_stuck_list(hub, &filter, count_one, &count, fault));
		series_set(watched->stuck, count);
		if (count > before)
			say(hub, watched, count);
	}
	return ASH_OK;
}
