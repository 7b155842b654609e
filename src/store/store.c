/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a store and keeps its connections. Knows no SQL. Invariant: a session is either in the
 * list of idle ones, outside any transaction, or out with one thread. */
#include "bell.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

#define DEFAULT_SESSIONS 16

/* After a connection that could not be made, this long nobody tries again; doubled each time. */
#define FIRST_PAUSE   (50 * 1000 * 1000ULL)
#define LONGEST_PAUSE (5 * 1000 * 1000 * 1000ULL)

struct timespec store_timespec(uint64_t deadline)
{
	const uint64_t far = 1ULL << 62;
	uint64_t at = deadline < far ? deadline : far;
	return (struct timespec){(time_t)(at / 1000000000), (long)(at % 1000000000)};
}

static const struct engine *find_engine(const char *location, const char **rest)
{
	*rest = location;
	if (location && str_starts(str_of(location), STR("sqlite:"))) {
		*rest = location + strlen("sqlite:");
		return &engine_sqlite;
	}
	if (location && (str_starts(str_of(location), STR("postgresql://")) ||
			 str_starts(str_of(location), STR("postgres://"))))
		return &engine_postgres;
	return NULL;
}

static ash_status copy_module(struct store *store, size_t index, const struct store_module *module,
			      struct fault *fault)
{
	ASH_TRY(wall_add_module(&store->wall, module->name, fault));
	size_t count = 0;
	for (; module->schemas && module->schemas[count]; count++)
		ASH_TRY(wall_add_schema(&store->wall, module->schemas[count], fault));
	const char **schemas = arena_array(&store->arena, count + 1, sizeof *schemas);
	for (size_t i = 0; schemas && i < count; i++)
		schemas[i] = arena_str(&store->arena, str_of(module->schemas[i])).at;
	store->modules[index] = *module;
	store->modules[index].name = store->wall.modules[index];
	store->modules[index].schemas = schemas;
	return store->arena.failed ? fault_memory(fault) : ASH_OK;
}

static ash_status copy_options(struct store *store, const struct store_options *options,
			       struct fault *fault)
{
	const char *prefix = options->role_prefix ? options->role_prefix : "ashlar_";
	if (options->module_count > STORE_MODULE_LIMIT ||
	    options->connections > STORE_SESSION_LIMIT)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "a store has at most %d modules and %d connections",
				 STORE_MODULE_LIMIT, STORE_SESSION_LIMIT);
	store->location = arena_str(&store->arena, str_of(store->location)).at;
	store->role_prefix = arena_str(&store->arena, str_of(prefix)).at;
	if (options->vfs)
		store->vfs = arena_str(&store->arena, str_of(options->vfs)).at;
	store->relaxed = options->relaxed;
	store->blocking = options->blocking;
	store->limit = options->connections ? options->connections : DEFAULT_SESSIONS;
	store->modules =
		arena_array(&store->arena, options->module_count + 1, sizeof *store->modules);
	if (store->arena.failed)
		return fault_memory(fault);
	ASH_TRY(wall_init(&store->wall, options->module_count, fault));
	for (size_t i = 0; i < options->module_count; i++)
		ASH_TRY(copy_module(store, i, &options->modules[i], fault));
	return ASH_OK;
}

static void store_freep(struct store **store)
{
	store_free(*store);
}

ash_status store_open(struct store **out, const struct store_options *options, struct fault *fault)
{
	const char *location;
	const struct engine *engine = find_engine(options->location, &location);
	if (!engine)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "\"%s\" is no store: it is sqlite:PATH or postgresql://...",
				 options->location ? options->location : "");
	_cleanup_(store_freep) struct store *store = mem_alloc(sizeof *store);
	if (!store)
		return fault_memory(fault);
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->freed, NULL);
	store->location = location;
	ASH_TRY(copy_options(store, options, fault));
	store->engine = engine;
	ASH_TRY(engine->open(store, fault));
	struct store_session *first;
	ASH_TRY(store_acquire(store, STORE_NO_DEADLINE, &first, fault));
	store_release(first);
	*out = take(store);
	return ASH_OK;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	bell_line_free(store->line);
	while (store->idle) {
		struct store_session *session = store->idle;
		store->idle = session->next;
		store->engine->disconnect(session);
	}
	if (store->engine)
		store->engine->close(store);
	pthread_cond_destroy(&store->freed);
	pthread_mutex_destroy(&store->lock);
	wall_release(&store->wall);
	arena_release(&store->arena);
	mem_free(store);
}

const char *store_engine(const struct store *store)
{
	return store->engine->name;
}

void store_connections(struct store *store, unsigned *open, unsigned *busy)
{
	pthread_mutex_lock(&store->lock);
	*open = store->open;
	*busy = store->busy;
	pthread_mutex_unlock(&store->lock);
}

/* Waits, with the lock held, until a session may be idle; false at the deadline. */
static bool wait_for_idle(struct store *store, uint64_t deadline)
{
	struct timespec until = store_timespec(deadline);
	pthread_mutex_unlock(&store->lock);
	store_wait(store, true);
	pthread_mutex_lock(&store->lock);
	int error = 0;
	while (!store->idle && store->open == store->limit && error != ETIMEDOUT)
		error = pthread_cond_clockwait(&store->freed, &store->lock, CLOCK_MONOTONIC,
					       &until);
	bool there = store->idle || store->open < store->limit;
	pthread_mutex_unlock(&store->lock);
	store_wait(store, false);
	pthread_mutex_lock(&store->lock);
	return there;
}

/* Counts a connection as open before it is made, so that the limit holds. */
static ash_status reserve(struct store *store, uint64_t deadline, struct store_session **out,
			  struct fault *fault)
{
	ash_status status = ASH_OK;
	pthread_mutex_lock(&store->lock);
	while (!store->idle && store->open == store->limit && status == ASH_OK)
		if (!wait_for_idle(store, deadline))
			status = fault_set(fault, ASH_DEADLINE_EXCEEDED,
					   "all %u connections of the store are in use",
					   store->limit);
	if (status == ASH_OK && !store->idle && clock_monotonic() < store->try_after) {
		status = store->why.status;
		if (fault)
			*fault = store->why;
	}
	*out = status == ASH_OK ? store->idle : NULL;
	if (status == ASH_OK) {
		if (*out)
			store->idle = (*out)->next;
		else
			store->open++;
		store->busy++;
	}
	pthread_mutex_unlock(&store->lock);
	return status;
}

/* A connection that was counted as open is not. */
static void unreserve(struct store *store, const struct fault *why)
{
	pthread_mutex_lock(&store->lock);
	store->open--;
	store->busy--;
	if (why) {
		uint64_t pause = FIRST_PAUSE << (store->refused < 8 ? store->refused : 8);
		store->refused++;
		store->try_after =
			clock_monotonic() + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
		store->why = *why;
	}
	pthread_cond_signal(&store->freed);
	pthread_mutex_unlock(&store->lock);
}

static ash_status connect_session(struct store *store, uint64_t deadline,
				  struct store_session **out, struct fault *fault)
{
	struct fault why = {ASH_OK};
	store_wait(store, true);
	ash_status status = store->engine->connect(store, deadline, out, &why);
	store_wait(store, false);
	if (status == ASH_OK) {
		pthread_mutex_lock(&store->lock);
		store->refused = 0;
		store->try_after = 0;
		pthread_mutex_unlock(&store->lock);
		return ASH_OK;
	}
	unreserve(store, status == ASH_UNAVAILABLE ? &why : NULL);
	if (fault)
		*fault = why;
	return status;
}

ash_status store_acquire(struct store *store, uint64_t deadline, struct store_session **out,
			 struct fault *fault)
{
	struct store_session *session = NULL;
	ASH_TRY(reserve(store, deadline, &session, fault));
	if (!session)
		ASH_TRY(connect_session(store, deadline, &session, fault));
	session->next = NULL;
	session->deadline = deadline;
	*out = session;
	return ASH_OK;
}

void store_release(struct store_session *session)
{
	if (!session)
		return;
	struct store *store = session->store;
	store_rollback(session);
	while (session->rows)
		store_end(session->rows, NULL);
	if (session->broken) {
		store->engine->disconnect(session);
		unreserve(store, NULL);
		return;
	}
	pthread_mutex_lock(&store->lock);
	session->next = store->idle;
	store->idle = session;
	store->busy--;
	pthread_cond_signal(&store->freed);
	pthread_mutex_unlock(&store->lock);
}

void store_releasep(struct store_session **session)
{
	store_release(*session);
}

ash_status store_acquire_begun(struct store *store, uint64_t deadline, unsigned module,
			       enum store_intent intent, struct store_session **out,
			       struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	ASH_TRY(store_acquire(store, deadline, &session, fault));
	ASH_TRY(store_begin(session, module, intent, fault));
	*out = take(session);
	return ASH_OK;
}

ash_status store_health(struct store *store, uint64_t timeout, struct fault *fault)
{
	struct store_session *session;
	ASH_TRY(store_acquire(store, clock_monotonic() + timeout, &session, fault));
	ash_status status = store->engine->ping(session, fault);
	if (status != ASH_OK)
		session->broken = true;
	store_release(session);
	return status;
}
