/* SPDX-License-Identifier: Apache-2.0 */
/* Takes one saga and runs its steps, or undoes them in reverse, until it ends, has to wait, or the
 * process is to stop. Knows no thread.
 *
 * Invariant: the next step begins only after the one before it is recorded; a step that opened a
 * transaction is recorded in it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fault_point.h"
#include "base/mem.h"
#include "base/random.h"
#include "message/message.h"
#include "saga/hub.h"

/* A step of a taken saga, or what undoes it. */
struct ash_step {
	struct saga_hub *hub;
	struct taken *taken;
	const struct entry *entry;
	size_t index;
	bool undoing;
	struct request *request;
	struct str keeps; /* of this one */
	struct move next; /* where it leads when it is done */
	bool canceled;    /* meanwhile */
	bool closed;      /* recorded in the handler's transaction */
};

/* ---- what a step asks ---- */

ash_status ash_step_keep(ash_step *step, const void *bytes, size_t length)
{
	struct request *request = step->request;
	if (length > ASH_SAGA_KEEP_LIMIT)
		return fault_set(&request->fault, ASH_RESOURCE_EXHAUSTED,
				 "the step %s keeps %zu bytes; %d are the most",
				 step->entry->names[step->index], length, ASH_SAGA_KEEP_LIMIT);
	char *copy = arena_bytes(&request->arena, length + 1);
	if (!copy)
		return fault_memory(&request->fault);
	if (length > 0)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	step->keeps = (struct str){copy, length};
	return ASH_OK;
}

const void *ash_step_kept(const ash_step *step, const char *name, size_t *length)
{
	const ash_saga *saga = step->entry->saga;
	for (size_t i = 0; i < saga->step_count; i++) {
		const struct str *kept = &step->taken->kept[i];
		if (strcmp(saga->steps[i].name, name) != 0 || !kept->at)
			continue;
		if (length)
			*length = kept->length;
		return kept->at;
	}
	if (length)
		*length = 0;
	return NULL;
}

const char *ash_step_why(const ash_step *step)
{
	return step->taken->cause;
}

const char *ash_step_saga(const ash_step *step)
{
	return step->taken->id;
}

/* ---- how often ---- */

#define BIT(status) (1u << (status))

/* Answers that say: nothing was done, and a repeat would say the same. */
#define DEFINITE                                                                                   \
	(BIT(ASH_INVALID_ARGUMENT) | BIT(ASH_NOT_FOUND) | BIT(ASH_ALREADY_EXISTS) |                \
	 BIT(ASH_PERMISSION_DENIED) | BIT(ASH_FAILED_PRECONDITION) | BIT(ASH_OUT_OF_RANGE) |       \
	 BIT(ASH_UNIMPLEMENTED) | BIT(ASH_UNAUTHENTICATED))

int64_t saga_attempts_of(const ash_saga_retry *retry)
{
	return retry->attempts ? retry->attempts : 8;
}

/* Attempts that may be begun. A process that ended in one is rarely the step's doing: it was
 * replaced, killed, or ended by something else that ran in it. */
static int64_t begins_of(const ash_saga_retry *retry)
{
	return 2 * saga_attempts_of(retry);
}

static bool is_final(const ash_saga_retry *retry, ash_status status)
{
	return (DEFINITE | retry->final) & BIT(status);
}

/* Microseconds before the next attempt, at least one: full jitter (Brooker, "Exponential Backoff
 * and Jitter", 2015). */
static int64_t backoff(const ash_saga_retry *retry, int64_t attempts)
{
	int64_t wait = (retry->base_ms ? retry->base_ms : 200) * INT64_C(1000);
	int64_t most = (retry->cap_ms ? retry->cap_ms : 60000) * INT64_C(1000);
	for (int64_t i = 1; i < attempts && wait < most; i++)
		wait *= 2;
	return 1 + (int64_t)random_below((uint64_t)(wait < most ? wait : most));
}

/* ---- moves that are no step ---- */

static void say(struct saga_hub *hub, const struct taken *taken, enum log_level level,
		const char *what, const char *why)
{
	const struct entry *entry = saga_find(hub, taken->name);
	const ash_module *module = entry ? entry->member->module : NULL;
	struct trace_context trace;
	bool traced = trace_parse(str_of(taken->trace), &trace);
	const struct log_origin origin = {module ? module->name : "ashlar_saga",
					  module ? module->owner : NULL, traced ? &trace : NULL};
	if (hub->environment->logger)
		log_write(hub->environment->logger, level, &origin, "saga %s '%s' %s: %s",
			  taken->name, taken->id, what, why);
}

/* While the store is out this worker has nothing else to do than to wait for it. */
static bool wait_for_store(const struct saga_hub *hub, uint64_t until)
{
	const struct timespec nap = {0, 20 * 1000 * 1000};
	if (workers_stopping(&hub->workers) || clock_monotonic() >= until)
		return false;
	nanosleep(&nap, NULL);
	return true;
}

/* Whether this worker goes on with it. Where the move fails the lease runs out, and another worker
 * finds the saga as the tables have it. */
static bool go(struct saga_hub *hub, struct taken *taken, const struct move *move)
{
	uint64_t until = clock_monotonic() + (uint64_t)hub->options.lease_ms * 1000000;
	struct fault fault = {ASH_OK};
	ash_status status;
	do
		status = saga_move(hub, taken, move, &fault);
	while (status != ASH_OK && fault.outage && wait_for_store(hub, until));
	if (status != ASH_OK && status != ASH_ABORTED)
		say(hub, taken, LOG_ERROR_LEVEL, "cannot be moved", fault.message);
	if (status == ASH_OK)
		saga_count_end(hub, move->state);
	return status == ASH_OK && move->keeps;
}

static bool park(struct saga_hub *hub, struct taken *taken, ash_status status, const char *why)
{
	const struct move move = {.state = taken->state,
				  .step = taken->step,
				  .attempts = taken->attempts,
				  .parked = true,
				  .due_at = saga_now(hub),
				  .status = status,
				  .message = why};
	say(hub, taken, LOG_ERROR_LEVEL, "is parked and waits for a person", why);
	return go(hub, taken, &move);
}

/* From here on it is undone. `unsure`: the step that is next may have done something. */
static bool turn(struct saga_hub *hub, struct taken *taken, bool unsure, ash_status status,
		 const char *why)
{
	int64_t steps = taken->step + unsure;
	/* Without memory for it, whoever takes the saga next reads it. */
	const char *cause = arena_str(taken->arena, str_of(why)).at;
	const struct move move = {.state = steps > 0 ? SAGA_COMPENSATING : SAGA_COMPENSATED,
				  .step = steps,
				  .attempts = steps > 0,
				  .keeps = steps > 0 && cause,
				  .due_at = saga_now(hub),
				  .status = status,
				  .message = why,
				  .turns = true};
	say(hub, taken, LOG_WARN_LEVEL, "is undone", why);
	taken->cause = cause ? cause : "";
	return go(hub, taken, &move);
}

static bool wait_and_retry(struct saga_hub *hub, struct taken *taken, int64_t attempts,
			   int64_t wait, const struct fault *why)
{
	int64_t due = saga_now(hub) + wait;
	bool late = taken->state == SAGA_RUNNING && due > taken->deadline_at;
	const struct move move = {.state = taken->state,
				  .step = taken->step,
				  .attempts = attempts,
				  .due_at = late ? taken->deadline_at : due,
				  .status = why->status,
				  .message = why->message};
	return go(hub, taken, &move);
}

/* What was not there uses up half of the attempts at most, however often it is asked: whether it
 * comes back is no question of how often. The others are left for what fails, or ends its
 * process. */
static bool wait_for_port(struct saga_hub *hub, struct taken *taken, const ash_saga_retry *retry,
			  const struct fault *why)
{
	int64_t half = saga_attempts_of(retry) / 2;
	bool often = taken->attempts > half;
	return wait_and_retry(hub, taken, often ? half : taken->attempts,
			      backoff(retry, often ? saga_attempts_of(retry) : taken->attempts),
			      why);
}

/* What is not the step's fault is no attempt of it; but one stays counted, for what it called
 * before may have been done. */
static bool wait_for_outage(struct saga_hub *hub, struct taken *taken, const ash_saga_retry *retry,
			    const struct fault *why)
{
	int64_t attempts = taken->attempts > 1 ? taken->attempts - 1 : 1;
	return wait_and_retry(hub, taken, attempts, backoff(retry, 1), why);
}

static bool fail(const struct ash_step *step, bool gave_up)
{
	struct saga_hub *hub = step->hub;
	struct taken *taken = step->taken;
	const struct fault *why = &step->request->fault;
	const ash_saga_step *of = &step->entry->saga->steps[step->index];
	series_add(hub->failures, 1);
	if (why->outage && !gave_up)
		return wait_for_outage(hub, taken, &of->retry, why);
	bool again = !gave_up && !is_final(&of->retry, why->status);
	if (again && why->status == ASH_UNAVAILABLE)
		return wait_for_port(hub, taken, &of->retry, why);
	if (again && taken->attempts < saga_attempts_of(&of->retry))
		return wait_and_retry(hub, taken, taken->attempts,
				      backoff(&of->retry, taken->attempts), why);
	if (step->undoing)
		return park(hub, taken, why->status, why->message);
	bool unsure = taken->attempts > 1 || !(DEFINITE & BIT(why->status));
	return turn(hub, taken, unsure, why->status, why->message);
}

/* ---- a step ---- */

static ash_status record_in(struct ash_step *step, struct store_session *session,
			    struct fault *fault)
{
	/* Moved first: who has lost the saga is told so, instead of finding the record there. */
	ASH_TRY(saga_move_in(step->hub, session, step->taken, &step->next, &step->canceled, fault));
	if (step->undoing)
		return saga_record_undo_in(step->hub, session, step->taken, fault);
	return saga_record_in(step->hub, session, step->taken,
			      step->entry->saga->steps[step->index].name, step->keeps, fault);
}

/* The last thing in a transaction that the handler opened. */
static ash_status closing(struct request *request, void *context)
{
	struct ash_step *step = context;
	ash_status status = record_in(step, request->session, &request->fault);
	step->closed = true;
	request->lost = status == ASH_ABORTED;
	return status;
}

static ash_status record_alone(struct ash_step *step)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct fault *fault = &step->request->fault;
	ASH_TRY(saga_begin(step->hub, STORE_WRITE, &session, fault));
	ash_status status = record_in(step, session, fault);
	step->request->lost = status == ASH_ABORTED;
	return status == ASH_OK ? store_commit(session, fault) : status;
}

static ash_status handle(void *context, ash_call *call)
{
	struct ash_step *step = context;
	struct request *request = call->request;
	const ash_saga *saga = step->entry->saga;
	const ash_saga_step *of = &saga->steps[step->index];
	ASH_TRY(saga_read_kept(step->hub, step->taken, &request->fault));
	void *input = ash_alloc(call, saga->input->sizeof_message);
	if (!input)
		return fault_memory(&request->fault);
	ASH_TRY(message_decode(saga->input, step->taken->input, &request->arena, input,
			       &request->fault));
	return (step->undoing ? of->undo : of->run)(step, call, input);
}

static ash_status run(struct ash_step *step, struct request *request)
{
	const struct member *member = step->entry->member;
	ash_status status = request_run(request, member, "", SPAN_INTERNAL,
					step->entry->names[step->index], handle, step);
	FAULT_POINT("saga.ran");
	if (status == ASH_OK && request->session)
		status = request_commit(request, member);
	else if (status == ASH_OK)
		status = record_alone(step);
	FAULT_POINT("saga.committed");
	return status;
}

/* Where it leads: one on, or one back. */
static struct move next_of(const struct ash_step *step)
{
	const struct taken *taken = step->taken;
	size_t count = step->entry->saga->step_count;
	bool last = step->undoing ? step->index == 0 : step->index + 1 == count;
	struct move move = {.state = taken->state,
			    .step = step->undoing ? taken->step - 1 : taken->step + 1,
			    .attempts = !last,
			    .keeps = !last,
			    .due_at = saga_now(step->hub)};
	if (last)
		move.state = step->undoing ? SAGA_COMPENSATED : SAGA_DONE;
	return move;
}

/* The longest key: what it begins with, the name, the id, two strokes, a minus and two digits. */
_Static_assert(sizeof CALL_OWN_KEY "saga/" + ASH_SAGA_NAME_LIMIT + ASH_SAGA_ID_LIMIT + 5 <
		       CALL_KEY_SIZE,
	       "a key would be cut");
_Static_assert(ASH_SAGA_STEP_LIMIT < 100, "a step has two digits");

/* The same in each attempt, and another one for what undoes the step. */
static void name_key(const struct ash_step *step, struct request *request)
{
	snprintf(request->idempotency_key, sizeof request->idempotency_key,
		 CALL_OWN_KEY "saga/%s/%s/%s%zu", step->entry->saga->name, step->taken->id,
		 step->undoing ? "-" : "", step->index);
}

static void begin(struct ash_step *step, struct request *request)
{
	struct trace_context trace;
	const struct environment *environment = step->hub->environment;
	const struct clock *clock = environment->clock;
	bool traced = trace_parse(str_of(step->taken->trace), &trace);
	request_begin(request, environment,
		      clock->monotonic(clock) + (uint64_t)step->hub->options.step_ms * 1000000,
		      traced ? &trace : NULL);
	name_key(step, request);
	request->worker = true;
	request->closing = closing;
	request->context = step;
	step->request = request;
	step->next = next_of(step);
}

/* For the steps that follow, so that they need not read it. */
static void remember(struct ash_step *step)
{
	struct taken *taken = step->taken;
	if (step->undoing || !step->keeps.at)
		return;
	taken->kept[step->index] = arena_str(taken->arena, step->keeps);
	taken->knows_kept = !taken->arena->failed;
}

static bool run_step(struct ash_step *step)
{
	struct request request;
	struct taken *taken = step->taken;
	bool on = false;
	begin(step, &request);
	FAULT_POINT("saga.begun");
	ash_status status = run(step, &request);
	request_rollback(&request);
	if (status == ASH_OK) {
		series_add(step->hub->steps, 1);
		saga_count_end(step->hub, step->next.state);
		remember(step);
		taken->state = step->next.state;
		taken->step = step->next.step;
		taken->attempts = step->next.attempts;
		taken->canceled = step->canceled;
		on = step->next.keeps;
	} else if (!request.lost) {
		on = fail(step, request.gave_up);
	}
	request_end(&request);
	return on;
}

/* ---- a saga ---- */

/* Why the code cannot run it; NULL: it can. */
static const char *find_mismatch(const struct taken *taken, const struct entry *entry)
{
	if (!entry)
		return "no module of the application has this saga";
	if (taken->version != (int64_t)entry->saga->version)
		return "it was started by another version of the saga's code";
	if (taken->hash != entry->hash)
		return "it was started by code with other steps";
	return NULL;
}

/* One step on or back. Whether this worker goes on with it. */
static bool advance(struct saga_hub *hub, struct taken *taken)
{
	const struct entry *entry = saga_find(hub, taken->name);
	const char *mismatch = find_mismatch(taken, entry);
	bool undoing = taken->state == SAGA_COMPENSATING, begun = taken->attempts > 1;
	if (mismatch)
		return park(hub, taken, ASH_FAILED_PRECONDITION, mismatch);
	if (!undoing && taken->canceled)
		return turn(hub, taken, begun, ASH_CANCELED, "it was canceled");
	if (!undoing && saga_now(hub) >= taken->deadline_at)
		return turn(hub, taken, begun, ASH_DEADLINE_EXCEEDED, "its deadline has passed");
	struct ash_step step = {.hub = hub,
				.taken = taken,
				.entry = entry,
				.index = (size_t)(undoing ? taken->step - 1 : taken->step),
				.undoing = undoing};
	const ash_saga_step *of = &entry->saga->steps[step.index];
	if (undoing && !of->undo) {
		const struct move move = next_of(&step);
		return go(hub, taken, &move);
	}
	if (taken->attempts <= begins_of(&of->retry))
		return run_step(&step);
	static const char DIED[] = "the process that ran its step ended each time";
	return undoing ? park(hub, taken, ASH_ABORTED, DIED)
		       : turn(hub, taken, true, ASH_ABORTED, DIED);
}

/* Leaves it for whoever comes next; the attempt that was counted did not begin. */
static void give_back(struct saga_hub *hub, struct taken *taken)
{
	const struct move move = {.state = taken->state,
				  .step = taken->step,
				  .attempts = taken->attempts - 1,
				  .due_at = saga_now(hub)};
	go(hub, taken, &move);
}

ash_status saga_advance(struct saga_hub *hub, struct workers_look *look, struct fault *fault)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct taken taken;
	bool on = true;
	ASH_TRY(saga_take(hub, &arena, &taken, look, fault));
	if (!look->found)
		return ASH_OK;
	FAULT_POINT("saga.taken");
	struct lease lease = {taken.fence, taken.name, taken.id, NULL};
	workers_hold(&hub->workers, &lease);
	while (on && !workers_stopping(&hub->workers))
		on = advance(hub, &taken);
	workers_let_go(&hub->workers, &lease);
	if (on) {
		give_back(hub, &taken);
		workers_wake(&hub->workers); /* others have time for it */
	}
	return ASH_OK;
}
