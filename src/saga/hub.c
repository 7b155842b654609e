/* SPDX-License-Identifier: Apache-2.0 */
/* Which sagas there are and whose, found once; and ash_saga_start(). Runs no step. */
#include "saga/hub.h"

#include <string.h>

#include "base/fault_point.h"
#include "base/mem.h"
#include "message/message.h"
#include "port/transaction.h"

/* ---- what there is ---- */

/* FNV-1a over the names, each with its NUL; what a database holds in a bigint. */
static int64_t hash_steps(const ash_saga *saga)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < saga->step_count; i++) {
		const char *at = saga->steps[i].name;
		do
			hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
		while (*at++);
	}
	return (int64_t)(hash >> 1);
}

static ash_status judge(const struct saga_of *of, const struct member *member, struct fault *fault)
{
	const ash_saga *saga = of->saga;
	if (!member)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "the saga %s is of the module %s, which the application has not",
				 saga->name, of->module);
	if (strlen(saga->name) > ASH_SAGA_NAME_LIMIT)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "the name of the saga %s is longer than %d bytes", saga->name,
				 ASH_SAGA_NAME_LIMIT);
	if (saga->step_count == 0 || saga->step_count > ASH_SAGA_STEP_LIMIT)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "the saga %s has %zu steps; 1 to %d can be", saga->name,
				 saga->step_count, ASH_SAGA_STEP_LIMIT);
	for (size_t i = 0; i < saga->step_count; i++) {
		if (!saga->steps[i].run)
			return fault_set(fault, ASH_INVALID_ARGUMENT,
					 "the step %s of the saga %s has nothing to run",
					 saga->steps[i].name, saga->name);
		for (size_t j = 0; j < i; j++)
			if (strcmp(saga->steps[i].name, saga->steps[j].name) == 0)
				return fault_set(fault, ASH_INVALID_ARGUMENT,
						 "the saga %s has two steps named %s", saga->name,
						 saga->steps[i].name);
	}
	return ASH_OK;
}

static ash_status add_entry(struct saga_hub *hub, const struct saga_of *of, struct fault *fault)
{
	const struct member *member = registry_find(hub->environment->registry, of->module);
	struct str name = str_of(of->saga->name);
	ASH_TRY(judge(of, member, fault));
	if (map_get(&hub->by_name, name) != MAP_NONE)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "there are two sagas named %s",
				 of->saga->name);
	const char **names = arena_array(&hub->arena, of->saga->step_count, sizeof *names);
	if (!names || !map_put(&hub->by_name, name, (uint32_t)hub->entry_count))
		return fault_memory(fault);
	for (size_t i = 0; i < of->saga->step_count; i++)
		names[i] =
			arena_format(&hub->arena, "%s/%s", of->saga->name, of->saga->steps[i].name);
	hub->entries[hub->entry_count++] =
		(struct entry){member, of->saga, names, hash_steps(of->saga)};
	return hub->arena.failed ? fault_memory(fault) : ASH_OK;
}

const struct entry *saga_find(const struct saga_hub *hub, const char *name)
{
	uint32_t index = map_get(&hub->by_name, str_of(name));
	return index == MAP_NONE ? NULL : &hub->entries[index];
}

/* ---- the hub ---- */

static void use_defaults(struct saga_options *options)
{
	if (options->workers == 0)
		options->workers = 2;
	if (options->lease_ms == 0)
		options->lease_ms = 15000;
	if (options->step_ms == 0)
		options->step_ms = 60000;
	if (options->poll_ms == 0)
		options->poll_ms = 200;
	if (options->keep_days == 0)
		options->keep_days = 30;
	if (options->sweep_batch == 0)
		options->sweep_batch = 500;
}

static void hub_freep(struct saga_hub **hub)
{
	saga_hub_free(*hub);
}

ash_status saga_hub_new(struct environment *environment, unsigned module,
			const struct saga_of *sagas, size_t count,
			const struct saga_options *options, struct metrics *metrics,
			struct saga_hub **out, struct fault *fault)
{
	_cleanup_(hub_freep) struct saga_hub *hub = mem_alloc(sizeof *hub);
	if (!hub)
		return fault_memory(fault);
	hub->environment = environment;
	hub->options = *options;
	hub->module = module;
	use_defaults(&hub->options);
	saga_init_workers(hub);
	if (count > SAGA_LIMIT)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "%zu sagas; %d are the most", count,
				 SAGA_LIMIT);
	hub->entries = arena_array(&hub->arena, count + 1, sizeof *hub->entries);
	if (!hub->entries)
		return fault_memory(fault);
	for (size_t i = 0; i < count; i++)
		ASH_TRY(add_entry(hub, &sagas[i], fault));
	ASH_TRY(saga_spell(hub, fault));
	ASH_TRY(saga_init_series(hub, metrics, fault));
	environment->sagas = hub;
	environment->saga_started = saga_more;
	*out = take(hub);
	return ASH_OK;
}

void saga_hub_free(struct saga_hub *hub)
{
	if (!hub)
		return;
	workers_release(&hub->workers);
	map_release(&hub->by_name);
	arena_release(&hub->arena);
	mem_free(hub);
}

/* ---- starting one ---- */

static ash_status refuse_other_input(struct request *request, const char *name, const char *id,
				     struct str input)
{
	struct store_rows *rows = NULL;
	bool same = false;
	ASH_TRY(STORE_QUERY(request->session, &rows, &request->fault,
			    "select input from ashlar_saga.saga where name = $1 and id = $2",
			    ash_text(name), ash_text(id)));
	if (store_next(rows)) {
		size_t length = 0;
		const char *bytes = store_get_bytes(rows, 0, &length);
		same = str_equal((struct str){bytes, length}, input);
	}
	ASH_TRY(store_end(rows, &request->fault));
	if (same)
		return ASH_OK;
	return fault_set(&request->fault, ASH_ALREADY_EXISTS,
			 "the saga %s '%s' was started with another input", name, id);
}

/* Puts it there, unless it is. */
static ash_status put(struct saga_hub *hub, struct ash_tx *tx, const struct entry *entry,
		      const char *id, struct str input)
{
	const ash_saga *saga = entry->saga;
	struct request *request = tx->request;
	struct trace_context context = request->trace;
	char trace[TRACEPARENT_SIZE];
	int64_t affected = 0, now = saga_now(hub);
	context.span = tx->call->span ? tx->call->span : trace_span_id();
	trace_format(&context, trace);
	ASH_TRY(STORE_EXEC(
		request->session, &affected, &request->fault,
		"insert into ashlar_saga.saga (name, id, version, hash, input, trace, due_at, "
		"deadline_at, started_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $7) "
		"on conflict (name, id) do nothing",
		ash_text(saga->name), ash_text(id), ash_int(saga->version), ash_int(entry->hash),
		ash_bytes(input.at, input.length), ash_text(trace), ash_time(now),
		saga->deadline_s ? ash_time(now + (int64_t)saga->deadline_s * 1000000)
				 : ash_null()));
	FAULT_POINT("saga.put");
	request->saga_started |= affected > 0;
	return affected > 0 ? ASH_OK : refuse_other_input(request, saga->name, id, input);
}

ash_status ash_saga_start(ash_tx *tx, const ash_saga *saga, const char *id, const void *input)
{
	ash_call *call = tx->call;
	struct request *request = tx->request;
	struct saga_hub *hub = request->environment->sagas;
	_cleanup_(text_release) struct text bytes = {0};
	ASH_TRY(transaction_check(tx));
	if (!hub)
		return ash_fail(call, ASH_FAILED_PRECONDITION, "the application runs no sagas");
	const struct entry *entry = saga_find(hub, saga->name);
	if (!entry || entry->saga != saga || entry->member != call->member)
		return ash_fail(call, ASH_PERMISSION_DENIED, "%s has no saga %s",
				call->member->module->name, saga->name);
	size_t length = strlen(id);
	if (length == 0 || length > ASH_SAGA_ID_LIMIT)
		return ash_fail(call, ASH_INVALID_ARGUMENT,
				"the id of a saga %s has %zu bytes; 1 to %d can be", saga->name,
				length, ASH_SAGA_ID_LIMIT);
	ASH_TRY(message_encode(saga->input, input, &bytes, &request->fault));
	if (bytes.length > ASH_SAGA_INPUT_LIMIT)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED,
				"the input of the saga %s has %zu bytes; %d are the most",
				saga->name, bytes.length, ASH_SAGA_INPUT_LIMIT);
	tx->wrote = true;
	unsigned before = store_speak(request->session, hub->module);
	ash_status status = put(hub, tx, entry, id, text_str(&bytes));
	store_speak(request->session, before);
	return status;
}
