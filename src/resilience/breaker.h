/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_BREAKER_H
#define RESILIENCE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* A circuit breaker (M. Nygard, "Release It!", 2007; settings and rules as resilience4j 2 has
 * them). Closed, it lets calls through and looks at how the last ones ended. Where too many failed
 * or were slow, it opens: calls are refused at once, so that who is called may recover and who
 * calls does not wait. After a while it is half-open: a few calls are let through as probes, and
 * they decide.
 *
 * Any thread. All times are of one monotonic clock, in nanoseconds; the caller brings them, for it
 * has read the clock anyway. */

/* Probes while half-open. */
#define BREAKER_PROBE_LIMIT 1000

enum breaker_state {
	BREAKER_CLOSED,
	BREAKER_OPEN,
	BREAKER_HALF_OPEN,
	BREAKER_DISABLED,     /* lets all through and records nothing; until breaker_force() */
	BREAKER_FORCED_OPEN,  /* lets nothing through; until breaker_force() */
	BREAKER_METRICS_ONLY, /* records, but never opens; until breaker_force() */
};

enum breaker_window {
	BREAKER_COUNT,       /* the last `size` calls */
	BREAKER_TIME,        /* those of the last `size` seconds */
	BREAKER_CONSECUTIVE, /* failures in a row: it opens at more than `size` */
};

struct breaker_settings {
	enum breaker_window window;
	uint32_t size;           /* see there; 1 to 100,000 */
	uint32_t least_calls;    /* in the window, before there is a rate */
	uint32_t failure_rate;   /* basis points of the calls; opens at or above; 1 to 10,000 */
	uint32_t slow_rate;      /* the same of slow calls, failed or not */
	uint64_t slow;           /* a call is slow that takes longer */
	uint32_t probes;         /* permitted while half-open; 1 to BREAKER_PROBE_LIMIT */
	uint64_t half_open_most; /* to wait for the probes, then it opens again; 0: for ever */
	uint64_t open;           /* until it is half-open, after it opened for the first time */
	double growth;      /* of that, each time that it opens before it was closed; from 1.0 */
	uint64_t open_most; /* and its bound */
	double jitter;      /* share by which a wait differs, either way; 0.0 to 1.0 */
};

/* Rate 50 % or slow 100 % (over 60 s) of 100 calls; 10 probes, for at most 60 s; open for 60 s. */
extern const struct breaker_settings breaker_defaults;

/* What a call is let through with. */
struct breaker_permit {
	uint64_t generation; /* of the breaker's state */
	uint64_t started;
};

enum breaker_outcome {
	BREAKER_SUCCESS,
	BREAKER_FAILURE,
	BREAKER_IGNORED, /* neither: the caller's own mistake, say */
};

/* How it stands. */
struct breaker_view {
	enum breaker_state state;
	uint32_t calls; /* in the window, as the next two; while half-open, the probes that ended */
	uint32_t failures;
	uint32_t slow;
	uint64_t wait;     /* until it is half-open; 0 in other states */
	uint32_t openings; /* since it was closed */
	uint64_t opened;   /* times, ever */
	uint64_t refused;  /* calls, ever */
};

struct breaker;

/* Why the settings cannot be: a text that lasts, or NULL. */
const char *breaker_mistake(const struct breaker_settings *settings);

/* Makes a closed one; the settings are good and are copied. NULL without memory. */
struct breaker *breaker_new(const struct breaker_settings *settings);

/* Takes NULL. */
void breaker_free(struct breaker *breaker);

/* Whether a call may be made at `now`. When it may, breaker_record() must follow, once. */
bool breaker_permit(struct breaker *breaker, uint64_t now, struct breaker_permit *out);

/* Tells how the call ended, at `now`. Of a call from before the state changed nothing is taken. */
void breaker_record(struct breaker *breaker, struct breaker_permit permit,
		    enum breaker_outcome outcome, uint64_t now);

/* Goes into a state by hand. BREAKER_CLOSED forgets all that was; BREAKER_OPEN opens as a rate
 * would; BREAKER_HALF_OPEN is not to be forced. */
void breaker_force(struct breaker *breaker, enum breaker_state state, uint64_t now);

/* The state that it was in when it was last called, without a lock. */
enum breaker_state breaker_state_of(const struct breaker *breaker);

/* How it stands at `now`. */
struct breaker_view breaker_look(struct breaker *breaker, uint64_t now);

/* "closed", "half_open" ... */
const char *breaker_state_name(enum breaker_state state);

#endif
