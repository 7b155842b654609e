/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are made a second time to be compared. Knows no wire and no store.
 *
 * Invariant: a job owns all that it points to, so that the request it was copied from may end; the
 * queue is bounded in calls and in bytes, and who puts a job into it never waits for a thread. */
#include "resilience/shadow.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/random.h"
#include "message/message.h"

#define DEFAULT_PATIENCE ((uint64_t)2000000000)
enum { DEFAULT_THREADS = 2, THREAD_LIMIT = 16 };

static const struct metric RESULTS = {
	"ashlar_shadow_calls_total",
	"Calls that were made to both sides of a split, by how their answers compare.",
	METRIC_COUNTER,
	{"port", "method", "result"}};
static const struct metric DROPPED = {
	"ashlar_shadow_dropped_total",
	"Calls that were to be made to the other side of a split, and for which there was no room.",
	METRIC_COUNTER,
	{"port", "method"}};

/* A call as it was made, and what came of it. */
struct job {
	struct job *next;
	const struct shadow *shadow;
	uint16_t method;
	enum dial_side side; /* that has answered */
	const char *caller;
	const char *key;
	struct trace_context trace;
	struct call_metadata *metadata; /* or NULL */
	const void *in;
	struct compare_answer answer;
	size_t size; /* bytes that it holds */
	struct arena arena;
};

struct shadow_pool {
	const struct environment *environment;
	struct shadow_options options;
	pthread_mutex_t lock;
	pthread_cond_t work; /* there is some, or it is over */
	pthread_cond_t calm; /* none waits, none is under way */
	struct job *first, **end;
	unsigned waiting, active;
	size_t held; /* bytes of those that wait or are under way */
	bool stopping;
	pthread_t threads[THREAD_LIMIT];
	unsigned thread_count;
};

static void job_free(struct job *job)
{
	if (!job)
		return;
	arena_release(&job->arena);
	mem_free(job);
}

static void job_freep(struct job **job)
{
	job_free(*job);
}

/* ---- the second call ---- */

/* One call to a side, in a request of its own, which holds the reply. */
struct asked {
	struct request request;
	const struct job *job;
	const struct dial_part *part;
	void *reply;
	struct compare_answer answer;
};

static ash_status make_call(void *context, ash_call *call)
{
	const struct asked *asked = context;
	const struct job *job = asked->job;
	const struct binding *binding = &asked->part->inside;
	call->reads = binding->port->methods[job->method].idempotency == ASH_NO_SIDE_EFFECTS;
	call->metadata = job->metadata;
	return binding->invoke(binding, job->method, call, job->in, asked->reply);
}

static void begin(struct asked *asked, const struct shadow_pool *pool, const struct job *job)
{
	const struct clock *clock = pool->environment->clock;
	request_begin(&asked->request, pool->environment,
		      clock->monotonic(clock) + pool->options.patience, &job->trace);
	asked->request.shadow = true;
	snprintf(asked->request.idempotency_key, CALL_KEY_SIZE, "%s", job->key);
	asked->job = job;
}

/* Asks a side; the request is to be ended in any case. */
static void ask(struct asked *asked, const struct shadow_pool *pool, const struct job *job,
		enum dial_side side)
{
	const struct dial_part *part = &job->shadow->dial->parts[side];
	const ash_method *method = &part->inside.port->methods[job->method];
	const struct clock *clock = pool->environment->clock;
	begin(asked, pool, job);
	asked->part = part;
	asked->answer = (struct compare_answer){.status = ASH_RESOURCE_EXHAUSTED};
	asked->reply = arena_alloc(&asked->request.arena, method->reply->sizeof_message);
	if (!asked->reply)
		return;
	method->reply->message_init(asked->reply);
	uint64_t started = clock->monotonic(clock);
	ash_status status = request_run(&asked->request, part->inside.member, job->caller,
					SPAN_INTERNAL, "shadow", make_call, asked);
	asked->answer =
		(struct compare_answer){status, asked->reply, clock->monotonic(clock) - started};
}

/* Only what has no effects is asked again: the side that answers for good has done it once. */
static bool asks_twice(const struct job *job)
{
	const struct shadow *shadow = job->shadow;
	const ash_method *method =
		&shadow->dial->parts[DIAL_FROM].inside.port->methods[job->method];
	struct compare_counts counts;
	if (method->idempotency != ASH_NO_SIDE_EFFECTS)
		return false;
	compare_look(&shadow->compares[job->method], &counts, NULL, 0);
	return counts.repeated == 0 || random_below(SPLIT_ALL) < SHADOW_NOISE_SHARE;
}

static void run(const struct shadow_pool *pool, const struct job *job)
{
	const struct shadow *shadow = job->shadow;
	enum dial_side other = job->side == DIAL_FROM ? DIAL_TO : DIAL_FROM;
	bool twice = asks_twice(job);
	struct asked asked, again;
	struct compare_call call = {.again = twice ? &again.answer : NULL};
	if (twice)
		ask(&again, pool, job, DIAL_FROM);
	ask(&asked, pool, job, other);
	call.answers[job->side] = job->answer;
	call.answers[other] = asked.answer;
	enum compare_verdict verdict = compare_count(&shadow->compares[job->method], &call);
	series_add(shadow->series[job->method].results[verdict], 1);
	request_end(&asked.request);
	if (twice)
		request_end(&again.request);
}

/* ---- the queue ---- */

static bool has_room(const struct shadow_pool *pool, size_t size)
{
	return !pool->stopping && pool->waiting < pool->options.queue &&
	       size <= SHADOW_MEMORY_LIMIT && pool->held <= SHADOW_MEMORY_LIMIT - size;
}

static bool seems_to_have_room(struct shadow_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	bool room = has_room(pool, 0);
	pthread_mutex_unlock(&pool->lock);
	return room;
}

/* False: it does not fit; it is the caller's still. */
static bool put(struct shadow_pool *pool, struct job *job)
{
	pthread_mutex_lock(&pool->lock);
	bool room = has_room(pool, job->size);
	if (room) {
		*pool->end = job;
		pool->end = &job->next;
		pool->waiting++;
		pool->held += job->size;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	return room;
}

/* The next job, which is under way from now on; NULL: it is over. Waits. Under the lock. */
static struct job *get(struct shadow_pool *pool)
{
	while (!pool->first && !pool->stopping)
		pthread_cond_wait(&pool->work, &pool->lock);
	struct job *job = pool->stopping ? NULL : pool->first;
	if (!job)
		return NULL;
	pool->first = job->next;
	if (!pool->first)
		pool->end = &pool->first;
	pool->waiting--;
	pool->active++;
	return job;
}

static void *work(void *context)
{
	struct shadow_pool *pool = context;
	pthread_mutex_lock(&pool->lock);
	for (struct job *job; (job = get(pool));) {
		size_t size = job->size;
		pthread_mutex_unlock(&pool->lock);
		run(pool, job);
		job_free(job);
		pthread_mutex_lock(&pool->lock);
		pool->held -= size;
		pool->active--;
		if (!pool->waiting && !pool->active)
			pthread_cond_broadcast(&pool->calm);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* ---- the first call ---- */

void shadow_begin(const struct shadow *shadow, uint16_t method, const ash_call *call,
		  struct shadow_sample *out)
{
	const struct clock *clock = call->request->environment->clock;
	*out = (struct shadow_sample){.shadow = NULL};
	if (!shadow->compares[method].type || call->request->shadow || shadow->share == 0 ||
	    (shadow->share < SPLIT_ALL && random_below(SPLIT_ALL) >= shadow->share))
		return;
	*out = (struct shadow_sample){shadow, clock->monotonic(clock)};
}

static bool copy_metadata(struct job *job, const ash_call *call)
{
	if (!call->metadata || !call->metadata->lists[ASH_METADATA_CAME].first)
		return true;
	job->metadata = arena_alloc(&job->arena, sizeof *job->metadata);
	const struct metadata_item *item = call->metadata->lists[ASH_METADATA_CAME].first;
	for (; job->metadata && item; item = item->next)
		if (!metadata_add(&job->metadata->lists[ASH_METADATA_CAME], &job->arena,
				  str_of(item->key), item->value))
			return false;
	return job->metadata != NULL;
}

static const void *copy_message(struct job *job, const ProtobufCMessageDescriptor *type,
				const void *message)
{
	void *copy = arena_alloc(&job->arena, type->sizeof_message);
	return copy && message_copy(type, message, &job->arena, copy, NULL) == ASH_OK ? copy : NULL;
}

/* False without memory. */
static bool copy_call(struct job *job, const ash_call *call, const void *in, const void *out)
{
	const ash_method *method =
		&job->shadow->dial->parts[job->side].inside.port->methods[job->method];
	job->trace = call->request->trace;
	job->trace.span = call->span;
	job->caller = arena_str(&job->arena, str_of(ash_caller(call))).at;
	job->key = arena_str(&job->arena, str_of(call->request->idempotency_key)).at;
	job->in = copy_message(job, method->request, in);
	if (job->answer.status == ASH_OK)
		job->answer.reply = copy_message(job, method->reply, out);
	return job->caller && job->key && job->in && copy_metadata(job, call) &&
	       (job->answer.reply || job->answer.status != ASH_OK);
}

void shadow_end(const struct shadow_sample *sample, enum dial_side side, uint16_t method,
		const ash_call *call, const void *in, const void *out, ash_status status)
{
	const struct shadow *shadow = sample->shadow;
	const struct clock *clock = call->request->environment->clock;
	_cleanup_(job_freep) struct job *job = NULL;
	uint64_t took = clock->monotonic(clock) - sample->started;
	if (seems_to_have_room(shadow->pool))
		job = mem_alloc(sizeof *job);
	if (job) {
		job->shadow = shadow;
		job->method = method;
		job->side = side;
		job->answer = (struct compare_answer){.status = status, .took = took};
		if (copy_call(job, call, in, out)) {
			job->size = sizeof *job + job->arena.used;
			if (put(shadow->pool, job)) {
				job = NULL;
				return;
			}
		}
	}
	series_add(shadow->series[method].dropped, 1);
}

/* ---- making them ---- */

struct shadow_pool *shadow_pool_new(const struct environment *environment,
				    const struct shadow_options *options)
{
	struct shadow_pool *pool = mem_alloc(sizeof *pool);
	if (!pool)
		return NULL;
	pool->environment = environment;
	pool->options = *options;
	if (!pool->options.threads)
		pool->options.threads = DEFAULT_THREADS;
	if (pool->options.threads > THREAD_LIMIT)
		pool->options.threads = THREAD_LIMIT;
	if (!pool->options.queue || pool->options.queue > SHADOW_QUEUE_LIMIT)
		pool->options.queue = SHADOW_QUEUE_LIMIT;
	if (!pool->options.patience)
		pool->options.patience = DEFAULT_PATIENCE;
	pool->end = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->calm, NULL);
	return pool;
}

ash_status shadow_pool_start(struct shadow_pool *pool, struct fault *fault)
{
	for (; pool->thread_count < pool->options.threads; pool->thread_count++)
		if (pthread_create(&pool->threads[pool->thread_count], NULL, work, pool) != 0)
			return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
					 "the system gives no thread for shadow calls");
	return ASH_OK;
}

static void drop(struct shadow_pool *pool)
{
	while (pool->first) {
		struct job *job = pool->first;
		pool->first = job->next;
		series_add(job->shadow->series[job->method].dropped, 1);
		job_free(job);
	}
	pool->end = &pool->first;
	pool->waiting = 0;
}

void shadow_pool_stop(struct shadow_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	while (pool->thread_count > 0)
		pthread_join(pool->threads[--pool->thread_count], NULL);
	pthread_mutex_lock(&pool->lock);
	drop(pool);
	pthread_mutex_unlock(&pool->lock);
}

void shadow_pool_settle(struct shadow_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->waiting || pool->active)
		pthread_cond_wait(&pool->calm, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

void shadow_pool_free(struct shadow_pool *pool)
{
	if (!pool)
		return;
	shadow_pool_stop(pool);
	pthread_cond_destroy(&pool->calm);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	mem_free(pool);
}

static int make_series(struct shadow_series *out, const char *port, const char *method,
		       struct metrics *metrics, struct error *error)
{
	static const char *const NAMES[] = {[COMPARE_EQUAL] = "equal",
					    [COMPARE_NOISY] = "noise",
					    [COMPARE_DIFFERENT] = "different"};
	struct fault fault;
	const char *const dropped[] = {port, method};
	ash_status status = metrics_series(metrics, &DROPPED, dropped, &out->dropped, &fault);
	for (int i = 0; status == ASH_OK && i < COMPARE_VERDICTS; i++) {
		const char *const labels[] = {port, method, NAMES[i]};
		status = metrics_series(metrics, &RESULTS, labels, &out->results[i], &fault);
	}
	return status == ASH_OK ? 0 : error_set(error, ERROR_LIMIT, "%s", fault.message);
}

static int init_method(struct shadow *shadow, uint16_t method,
		       const struct shadow_settings *settings, struct metrics *metrics,
		       struct error *error)
{
	const ash_port *port = shadow->dial->port;
	const ash_method *of = &port->methods[method];
	if (!dial_has(shadow->dial, method) ||
	    !(settings->writes || of->idempotency == ASH_NO_SIDE_EFFECTS))
		return 0;
	if (!compare_init(&shadow->compares[method], of->reply, settings->ignored))
		return error_memory(error);
	return make_series(&shadow->series[method], port->name, of->name, metrics, error);
}

int shadow_init(struct shadow *shadow, struct shadow_pool *pool, struct dial *dial,
		const struct shadow_settings *settings, struct metrics *metrics,
		struct error *error)
{
	uint16_t count = dial->port->method_count;
	*shadow = (struct shadow){.pool = pool, .dial = dial, .share = settings->share};
	shadow->compares = mem_alloc(count * sizeof *shadow->compares);
	shadow->series = mem_alloc(count * sizeof *shadow->series);
	if (!shadow->compares || !shadow->series)
		return error_memory(error);
	while (shadow->count < count)
		if (init_method(shadow, shadow->count++, settings, metrics, error) < 0)
			return -1;
	dial->shadow = shadow;
	return 0;
}

void shadow_release(struct shadow *shadow)
{
	for (uint16_t i = 0; i < shadow->count; i++)
		compare_release(&shadow->compares[i]);
	mem_free(shadow->compares);
	mem_free(shadow->series);
	*shadow = (struct shadow){0};
}
