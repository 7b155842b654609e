/* SPDX-License-Identifier: Apache-2.0 */
/* The breaker's states. Knows no port and no clock.
 *
 * One word holds the state, its generation, and whether the window is clean: without a failure and
 * without a slow call. While it is closed and clean, a success changes no rate and no state, so it
 * is only counted, in the thread's cell; whatever else happens takes the lock, adds what is new in
 * the cells to the window, and looks at the rates. So a sequence of calls has the outcome that it
 * would have with one lock around each; of calls at the same time, a success that is being counted
 * while another thread holds the lock comes after whatever that does.
 *
 * Invariant: all but `cells` and `refused` changes under the lock. */
#include "resilience/breaker.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/random.h"
#include "resilience/cells.h"
#include "resilience/window.h"

enum { STATE_MASK = 7, CLEAN = 8, GENERATION_SHIFT = 4 };

#define SECOND UINT64_C(1000000000)

/* Successes that were only counted. By time, they ended in the window's second. */
struct cell {
	_Alignas(CELLS_LINE) _Atomic uint64_t good;
};

struct breaker {
	struct cell cells[CELLS];
	_Alignas(CELLS_LINE) _Atomic uint64_t word;
	_Atomic uint64_t second; /* the window's */
	struct breaker_settings settings;
	void *memory; /* that it lies in */
	_Alignas(CELLS_LINE) pthread_mutex_t lock;
	struct window window;
	uint64_t gathered[CELLS];    /* of each cell, what is in the window or forgotten */
	uint32_t in_a_row;           /* failures */
	uint32_t permitted;          /* probes, while half-open */
	struct window_bucket probes; /* that ended */
	uint64_t since;              /* when it became half-open */
	_Atomic uint64_t until;      /* when an open one may become half-open */
	uint32_t openings;
	uint64_t opened;
	_Atomic uint64_t refused;
};

const struct breaker_settings breaker_defaults = {
	.window = BREAKER_COUNT,
	.size = 100,
	.least_calls = 100,
	.failure_rate = 5000,
	.slow_rate = 10000,
	.slow = 60 * SECOND,
	.probes = 10,
	.half_open_most = 60 * SECOND,
	.open = 60 * SECOND,
	.growth = 1.0,
	.open_most = 3600 * SECOND,
	.jitter = 0.0,
};

const char *breaker_mistake(const struct breaker_settings *settings)
{
	if (settings->size < 1 || settings->size > WINDOW_LIMIT)
		return "a window is of 1 to 100000 calls or seconds";
	if (settings->least_calls < 1)
		return "there is no rate of less than 1 call";
	if (settings->failure_rate < 1 || settings->failure_rate > 10000 ||
	    settings->slow_rate < 1 || settings->slow_rate > 10000)
		return "a rate is above 0 % and at most 100 %";
	if (settings->probes < 1 || settings->probes > BREAKER_PROBE_LIMIT)
		return "half-open, 1 to 1000 calls are permitted";
	if (!(settings->growth >= 1.0 && settings->growth <= 100.0))
		return "the wait grows by a factor of 1 to 100";
	if (!(settings->jitter >= 0.0 && settings->jitter <= 1.0))
		return "jitter is a share of 0 to 1";
	if (settings->open < 1 || settings->open > settings->open_most)
		return "the wait is above 0 and at most its bound";
	return NULL;
}

struct breaker *breaker_new(const struct breaker_settings *settings)
{
	void *memory = mem_alloc(sizeof(struct breaker) + CELLS_LINE);
	if (!memory)
		return NULL;
	uintptr_t line = CELLS_LINE;
	struct breaker *breaker = (void *)(((uintptr_t)memory + line - 1) & -line);
	breaker->memory = memory;
	breaker->settings = *settings;
	if (!window_init(&breaker->window, settings->window == BREAKER_TIME, settings->size)) {
		mem_free(memory);
		return NULL;
	}
	if (breaker->settings.window == BREAKER_COUNT &&
	    breaker->settings.least_calls > settings->size)
		breaker->settings.least_calls = settings->size;
	pthread_mutex_init(&breaker->lock, NULL);
	atomic_store(&breaker->word, (uint64_t)1 << GENERATION_SHIFT | CLEAN | BREAKER_CLOSED);
	return breaker;
}

void breaker_free(struct breaker *breaker)
{
	if (!breaker)
		return;
	pthread_mutex_destroy(&breaker->lock);
	window_release(&breaker->window);
	mem_free(breaker->memory);
}

/* ---- the word ---- */

static enum breaker_state state_of(uint64_t word)
{
	return (enum breaker_state)(word & STATE_MASK);
}

static uint64_t word_now(const struct breaker *breaker)
{
	return atomic_load_explicit(&breaker->word, memory_order_acquire);
}

static void set_clean(struct breaker *breaker, bool clean)
{
	uint64_t word = word_now(breaker) & ~(uint64_t)CLEAN;
	atomic_store_explicit(&breaker->word, word | (clean ? CLEAN : 0), memory_order_release);
}

/* ---- the cells ---- */

/* False: by time, and the window is at another second. */
static bool count_good(struct breaker *breaker, uint64_t now)
{
	if (breaker->settings.window == BREAKER_TIME &&
	    atomic_load_explicit(&breaker->second, memory_order_relaxed) != now / SECOND)
		return false;
	unsigned mine = cells_mine();
	cells_count(&breaker->cells[mine].good, mine);
	return true;
}

/* What is new in the cells since it was asked last. */
static uint64_t take_good(struct breaker *breaker)
{
	uint64_t taken = 0;
	for (unsigned i = 0, last = cells_last(); i <= last; i++) {
		uint64_t good = atomic_load_explicit(&breaker->cells[i].good, memory_order_relaxed);
		taken += good - breaker->gathered[i];
		breaker->gathered[i] = good;
	}
	return taken;
}

/* Brings the window up to date, but for the call at hand. */
static void gather(struct breaker *breaker, uint64_t now)
{
	window_add_good(&breaker->window, breaker->window.second, take_good(breaker));
	window_advance(&breaker->window, now / SECOND);
	atomic_store_explicit(&breaker->second, breaker->window.second, memory_order_relaxed);
}

/* ---- going from state to state, under the lock ---- */

static void go(struct breaker *breaker, enum breaker_state state)
{
	uint64_t generation = (word_now(breaker) >> GENERATION_SHIFT) + 1;
	window_clear(&breaker->window);
	take_good(breaker);
	breaker->in_a_row = 0;
	breaker->permitted = 0;
	breaker->probes = (struct window_bucket){0};
	atomic_store_explicit(&breaker->word, generation << GENERATION_SHIFT | CLEAN | state,
			      memory_order_release);
}

static uint64_t open_wait(const struct breaker *breaker)
{
	const struct breaker_settings *settings = &breaker->settings;
	double wait = (double)settings->open, most = (double)settings->open_most;
	for (uint32_t i = 1; i < breaker->openings && wait < most; i++)
		wait *= settings->growth;
	if (wait > most)
		wait = most;
	if (settings->jitter > 0)
		wait *= 1 + settings->jitter * ((double)random_u64() * 0x1p-63 - 1);
	return wait < most ? (uint64_t)wait : settings->open_most;
}

static void open(struct breaker *breaker, uint64_t now)
{
	breaker->openings += breaker->openings < UINT32_MAX;
	breaker->opened++;
	atomic_store_explicit(&breaker->until, now + open_wait(breaker), memory_order_relaxed);
	go(breaker, BREAKER_OPEN);
}

static bool is_over(const struct breaker_settings *settings, const struct window_bucket *ended)
{
	return (uint64_t)ended->failures * 10000 >=
		       (uint64_t)settings->failure_rate * ended->calls ||
	       (uint64_t)ended->slow * 10000 >= (uint64_t)settings->slow_rate * ended->calls;
}

static bool is_to_open(const struct breaker *breaker)
{
	const struct breaker_settings *settings = &breaker->settings;
	const struct window *window = &breaker->window;
	if (settings->window == BREAKER_CONSECUTIVE)
		return breaker->in_a_row > settings->size;
	const struct window_bucket ended = {window->calls, window->failures, window->slow};
	return ended.calls >= settings->least_calls && is_over(settings, &ended);
}

/* ---- permits ---- */

static bool refuse(struct breaker *breaker)
{
	atomic_fetch_add_explicit(&breaker->refused, 1, memory_order_relaxed);
	return false;
}

/* Under the lock: whether there is a probe left. */
static bool permit_probe(struct breaker *breaker, uint64_t now)
{
	const struct breaker_settings *settings = &breaker->settings;
	enum breaker_state state = state_of(word_now(breaker));
	if (state == BREAKER_OPEN && now >= atomic_load(&breaker->until)) {
		go(breaker, BREAKER_HALF_OPEN);
		breaker->since = now;
	} else if (state == BREAKER_HALF_OPEN && settings->half_open_most > 0 &&
		   now > breaker->since && now - breaker->since >= settings->half_open_most) {
		open(breaker, now);
	}
	if (state_of(word_now(breaker)) != BREAKER_HALF_OPEN)
		return state_of(word_now(breaker)) == BREAKER_CLOSED;
	if (breaker->permitted == settings->probes)
		return false;
	breaker->permitted++;
	return true;
}

/* Apart from the calls that go well, as record_slowly() is. */
__attribute__((noinline, cold)) static bool permit_slowly(struct breaker *breaker, uint64_t now,
							  struct breaker_permit *out)
{
	enum breaker_state state = state_of(word_now(breaker));
	if (state == BREAKER_FORCED_OPEN ||
	    (state == BREAKER_OPEN &&
	     now < atomic_load_explicit(&breaker->until, memory_order_relaxed)))
		return refuse(breaker);
	pthread_mutex_lock(&breaker->lock);
	bool permitted = permit_probe(breaker, now);
	*out = (struct breaker_permit){word_now(breaker) >> GENERATION_SHIFT, now};
	pthread_mutex_unlock(&breaker->lock);
	return permitted || refuse(breaker);
}

bool breaker_permit(struct breaker *breaker, uint64_t now, struct breaker_permit *out)
{
	static const bool LETS_ALL[STATE_MASK + 1] = {
		[BREAKER_CLOSED] = true, [BREAKER_DISABLED] = true, [BREAKER_METRICS_ONLY] = true};
	uint64_t word = word_now(breaker);
	if (__builtin_expect(!LETS_ALL[word & STATE_MASK], 0))
		return permit_slowly(breaker, now, out);
	*out = (struct breaker_permit){word >> GENERATION_SHIFT, now};
	return true;
}

/* ---- outcomes ---- */

static void record_in_window(struct breaker *breaker, bool failed, bool slow, uint64_t now)
{
	gather(breaker, now);
	window_add(&breaker->window, failed, slow);
	breaker->in_a_row = failed ? breaker->in_a_row + (breaker->in_a_row < UINT32_MAX) : 0;
	if (state_of(word_now(breaker)) == BREAKER_CLOSED && is_to_open(breaker))
		open(breaker, now);
	else
		set_clean(breaker, breaker->window.failures == 0 && breaker->window.slow == 0);
}

static void record_probe(struct breaker *breaker, bool failed, bool slow, uint64_t now)
{
	struct window_bucket *probes = &breaker->probes;
	probes->calls++;
	probes->failures += failed;
	probes->slow += slow;
	if (probes->calls < breaker->settings.probes)
		return;
	if (is_over(&breaker->settings, probes)) {
		open(breaker, now);
	} else {
		breaker->openings = 0;
		go(breaker, BREAKER_CLOSED);
	}
}

__attribute__((noinline, cold)) static void record_slowly(struct breaker *breaker,
							  struct breaker_permit permit,
							  enum breaker_outcome outcome,
							  uint64_t now)
{
	bool failed = outcome == BREAKER_FAILURE;
	bool slow = now > permit.started && now - permit.started > breaker->settings.slow;
	pthread_mutex_lock(&breaker->lock);
	uint64_t word = word_now(breaker);
	enum breaker_state state = state_of(word);
	if (word >> GENERATION_SHIFT != permit.generation)
		state = BREAKER_DISABLED;
	if (state == BREAKER_HALF_OPEN && outcome == BREAKER_IGNORED)
		breaker->permitted--;
	else if (state == BREAKER_HALF_OPEN)
		record_probe(breaker, failed, slow, now);
	else if (state != BREAKER_DISABLED && outcome != BREAKER_IGNORED)
		record_in_window(breaker, failed, slow, now);
	pthread_mutex_unlock(&breaker->lock);
}

void breaker_record(struct breaker *breaker, struct breaker_permit permit,
		    enum breaker_outcome outcome, uint64_t now)
{
	uint64_t word = word_now(breaker);
	if (state_of(word) == BREAKER_DISABLED)
		return;
	bool quiet = (word & (STATE_MASK | CLEAN)) == (CLEAN | BREAKER_CLOSED) &&
		     word >> GENERATION_SHIFT == permit.generation;
	if (__builtin_expect(quiet && outcome == BREAKER_SUCCESS &&
				     now - permit.started <= breaker->settings.slow &&
				     count_good(breaker, now),
			     1))
		return;
	record_slowly(breaker, permit, outcome, now);
}

/* ---- by hand ---- */

void breaker_force(struct breaker *breaker, enum breaker_state state, uint64_t now)
{
	pthread_mutex_lock(&breaker->lock);
	if (state == BREAKER_OPEN) {
		open(breaker, now);
	} else {
		breaker->openings = 0;
		go(breaker, state);
	}
	pthread_mutex_unlock(&breaker->lock);
}

enum breaker_state breaker_state_of(const struct breaker *breaker)
{
	return state_of(word_now(breaker));
}

struct breaker_view breaker_look(struct breaker *breaker, uint64_t now)
{
	pthread_mutex_lock(&breaker->lock);
	gather(breaker, now);
	enum breaker_state state = state_of(word_now(breaker));
	bool probing = state == BREAKER_HALF_OPEN;
	uint64_t until = atomic_load(&breaker->until);
	struct breaker_view view = {
		.state = state,
		.calls = probing ? breaker->probes.calls : breaker->window.calls,
		.failures = probing ? breaker->probes.failures : breaker->window.failures,
		.slow = probing ? breaker->probes.slow : breaker->window.slow,
		.wait = state == BREAKER_OPEN && until > now ? until - now : 0,
		.openings = breaker->openings,
		.opened = breaker->opened,
		.refused = atomic_load_explicit(&breaker->refused, memory_order_relaxed),
	};
	pthread_mutex_unlock(&breaker->lock);
	return view;
}

const char *breaker_state_name(enum breaker_state state)
{
	static const char *const NAMES[] = {
		[BREAKER_CLOSED] = "closed",           [BREAKER_OPEN] = "open",
		[BREAKER_HALF_OPEN] = "half_open",     [BREAKER_DISABLED] = "disabled",
		[BREAKER_FORCED_OPEN] = "forced_open", [BREAKER_METRICS_ONLY] = "metrics_only"};
	return NAMES[state];
}
