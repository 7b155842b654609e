/* SPDX-License-Identifier: Apache-2.0 */
/* Runs migrations. Knows no database. Invariant: what ran is, in order and content, the beginning
 * of what the program has; otherwise nothing more runs for that module. */
#include "engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/fault_point.h"
#include "base/mem.h"

#define LOCK_TIMEOUT (5 * 1000 * 1000 * 1000ULL)

/* How long another migrator is waited for before it is told. */
#define SHORT_PATIENCE (200 * 1000 * 1000ULL)

#define CHECKSUM_SIZE 33

/* Migrations that ran, by "module/name". */
struct applied {
	const struct store *store;
	struct arena arena;
	struct map map; /* -> index into checksums */
	const char **checksums;
	size_t count;
	size_t capacity;
	struct map counts; /* module -> how many of it ran */
	struct map last;   /* module -> index of its last in `names` */
	const char **names;
	size_t names_capacity;
};

static void applied_release(struct applied *applied)
{
	map_release(&applied->map);
	map_release(&applied->counts);
	map_release(&applied->last);
	arena_release(&applied->arena);
	mem_free(applied->checksums);
	mem_free(applied->names);
}

/* They come in the order of module and name. */
static ash_status note_applied(void *context, const char *const *row, struct fault *fault)
{
	struct applied *applied = context;
	const char *key = arena_format(&applied->arena, "%s/%s", row[0], row[1]);
	const char *checksum = arena_str(&applied->arena, str_of(row[2])).at;
	const char *module = arena_str(&applied->arena, str_of(row[0])).at;
	const char *name = arena_str(&applied->arena, str_of(row[1])).at;
	size_t index = applied->count;
	if (index == STORE_APPLIED_LIMIT)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "more than %d migrations ran on this database",
				 STORE_APPLIED_LIMIT);
	if (applied->arena.failed ||
	    !mem_reserve(&applied->checksums, &applied->capacity, index + 1, sizeof(char *)) ||
	    !mem_reserve(&applied->names, &applied->names_capacity, index + 1, sizeof(char *)))
		return fault_memory(fault);
	uint32_t before = map_get(&applied->counts, str_of(module));
	uint32_t count = before == MAP_NONE ? 1 : before + 1;
	if (!map_put(&applied->map, str_of(key), (uint32_t)index) ||
	    !map_put(&applied->counts, str_of(module), count) ||
	    !map_put(&applied->last, str_of(module), (uint32_t)index))
		return fault_memory(fault);
	applied->checksums[index] = checksum;
	applied->names[index] = name;
	applied->count++;
	return ASH_OK;
}

static void checksum(const char *sql, char out[CHECKSUM_SIZE])
{
	XXH128_hash_t hash = XXH3_128bits(sql, strlen(sql));
	snprintf(out, CHECKSUM_SIZE, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
		 (uint64_t)hash.low64);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct store_migration *const *)a)->name,
		      (*(const struct store_migration *const *)b)->name);
}

/* The module's migrations in the order of their names, for the caller to free. */
static ash_status sort_migrations(const struct store_module *module,
				  const struct store_migration ***out, struct fault *fault)
{
	_cleanup_(mem_freep) const struct store_migration **list =
		mem_alloc((module->migration_count + 1) * sizeof *list);
	if (!list)
		return fault_memory(fault);
	for (size_t i = 0; i < module->migration_count; i++)
		list[i] = &module->migrations[i];
	if (module->migration_count)
		qsort(list, module->migration_count, sizeof *list, by_name);
	for (size_t i = 1; i < module->migration_count; i++)
		if (strcmp(list[i - 1]->name, list[i]->name) == 0)
			return fault_set(fault, ASH_FAILED_PRECONDITION,
					 "%s has two migrations %s: give one another name",
					 module->name, list[i]->name);
	*out = take(list);
	return ASH_OK;
}

/* How many of the sorted migrations ran. */
static ash_status compare(const struct applied *applied, const struct store_module *module,
			  const struct store_migration *const *list, size_t *out,
			  struct fault *fault)
{
	uint32_t counted = map_get(&applied->counts, str_of(module->name));
	size_t ran = counted == MAP_NONE ? 0 : counted, known = 0;
	const char *last = ran ? applied->names[map_get(&applied->last, str_of(module->name))] : "";
	for (size_t i = 0; i < module->migration_count; i++) {
		_cleanup_(text_release) struct text key = {0};
		char sum[CHECKSUM_SIZE];
		text_addf(&key, "%s/%s", module->name, list[i]->name);
		if (key.failed)
			return fault_memory(fault);
		uint32_t index = map_get(&applied->map, text_str(&key));
		if (index == MAP_NONE && strcmp(list[i]->name, last) < 0)
			return fault_set(
				fault, ASH_FAILED_PRECONDITION,
				"%s %s is new but comes before %s, which has run: give it a later "
				"name",
				module->name, list[i]->name, last);
		if (index == MAP_NONE)
			continue;
		checksum(list[i]->sql, sum);
		if (strcmp(sum, applied->checksums[index]) != 0)
			return fault_set(
				fault, ASH_FAILED_PRECONDITION,
				"%s %s was changed after it ran: undo that, and write a new one",
				module->name, list[i]->name);
		known++;
	}
	if (known < ran)
		return fault_set(
			fault, ASH_FAILED_PRECONDITION,
			"%s: %zu migrations that ran, %s among the last, are not in the program: "
			"is it older than the data?",
			module->name, ran - known, last);
	*out = known;
	return ASH_OK;
}

struct one {
	struct store_session *session;
	const struct migrator *migrator;
};

static ash_status run_statement(void *context, const struct spelled *spelled, struct fault *fault)
{
	struct one *one = context;
	return one->migrator->statement(one->session, spelled, fault);
}

/* In the open transaction. ASH_ALREADY_EXISTS: another migrator was faster. */
static ash_status run_in(struct store_session *session, unsigned index,
			 const struct store_migration *migration, uint32_t *line,
			 struct fault *fault)
{
	const struct store *store = session->store;
	struct one one = {session, store->engine->migrate};
	char sum[CHECKSUM_SIZE];
	checksum(migration->sql, sum);
	const char *values[] = {store->modules[index].name, migration->name, sum, NULL};
	ASH_TRY(one.migrator->record(session, values, fault));
	FAULT_POINT("migrate.recorded");
	ASH_TRY(spell_migration(&store->wall, index, store->engine->dialect, str_of(migration->sql),
				run_statement, &one, line, fault));
	return one.migrator->inspect(session, fault);
}

static ash_status run_one(struct store_session *session, unsigned index,
			  const struct store_migration *migration, bool *ran, struct fault *fault)
{
	const struct store *store = session->store;
	struct fault why = {ASH_OK};
	uint32_t line = 0;
	ash_status status = store->engine->migrate->begin(session, index, &why);
	if (status == ASH_OK) {
		status = run_in(session, index, migration, &line, &why);
		FAULT_POINT("migrate.ran");
		*ran = status == ASH_OK;
		if (status == ASH_OK)
			status = store->engine->commit(session, &why);
		else
			store->engine->rollback(session);
		FAULT_POINT("migrate.committed");
	}
	session->open = session->begun = false;
	if (status == ASH_OK || (status == ASH_ALREADY_EXISTS && line == 0))
		return ASH_OK;
	return fault_set(fault, status, "%s %s:%u: %s", store->modules[index].name, migration->name,
			 line, why.message);
}

static ash_status run_module(struct store_session *session, unsigned index,
			     const struct applied *applied,
			     const struct store_migration_options *options, struct fault *fault)
{
	const struct store_module *module = &session->store->modules[index];
	_cleanup_(mem_freep) const struct store_migration **list = NULL;
	size_t done = 0;
	if (module->elsewhere)
		return ASH_OK;
	ash_status status = sort_migrations(module, &list, fault);
	if (status != ASH_OK || !list)
		return status;
	ASH_TRY(compare(applied, module, list, &done, fault));
	for (size_t i = done; i < module->migration_count; i++) {
		bool ran = true;
		if (!options->dry_run)
			ASH_TRY(run_one(session, index, list[i], &ran, fault));
		if (options->tell && ran)
			options->tell(options->context, module->name, list[i]->name);
	}
	return ASH_OK;
}

/* Tries shortly first, so that a wait can be told. */
static ash_status open_migrator(struct store_session *session,
				const struct store_migration_options *options, struct fault *fault)
{
	const struct migrator *migrator = session->store->engine->migrate;
	uint64_t timeout = options->lock_timeout ? options->lock_timeout : LOCK_TIMEOUT;
	uint64_t patience = options->patience ? options->patience : timeout;
	char who[256];
	if (!options->wait || options->dry_run)
		return migrator->open(session, patience, timeout, options->dry_run, fault);
	ash_status status = migrator->open(session, SHORT_PATIENCE, timeout, false, fault);
	if (status != ASH_DEADLINE_EXCEEDED)
		return status;
	if (!migrator->holder(session, who, sizeof who))
		snprintf(who, sizeof who, "another process");
	options->wait(options->context, who);
	return migrator->open(session, patience, timeout, false, fault);
}

static ash_status run_all(struct store_session *session,
			  const struct store_migration_options *options, struct fault *fault)
{
	const struct store *store = session->store;
	const struct migrator *migrator = store->engine->migrate;
	_cleanup_(applied_release) struct applied applied = {store};
	ASH_TRY(open_migrator(session, options, fault));
	ash_status status = migrator->applied(session, note_applied, &applied, fault);
	for (unsigned i = 0; status == ASH_OK && i < store->wall.module_count; i++)
		status = run_module(session, i, &applied, options, fault);
	migrator->close(session);
	return status;
}

ash_status store_migrate(struct store *store, const struct store_migration_options *options,
			 struct fault *fault)
{
	static const struct store_migration_options usual = {0};
	struct store_session *session;
	ASH_TRY(store_acquire(store, STORE_NO_DEADLINE, &session, fault));
	ash_status status = run_all(session, options ? options : &usual, fault);
	session_forget(session);
	store_release(session);
	return status;
}
