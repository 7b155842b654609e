/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKER_WORKERS_H
#define WORKER_WORKERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "telemetry/log.h"

/* Threads that take work out of tables which all processes share: who wakes them, how they end,
 * and the heartbeat that lengthens the leases of what they have taken. What the work is, three
 * functions know. */

/* Threads of one struct workers, and leases that one beat lengthens. */
#define WORKERS_LIMIT 64

/* Bytes of a lease's texts. */
#define LEASE_TEXT_LIMIT 255

/* How many times longer than `poll_ms` nobody looks at last, where nothing comes and the bell is
 * known to work. */
#define WORKERS_IDLE_FACTOR 5

/* What came of a look for work. */
struct workers_look {
	bool found; /* something, which is done */
	bool more;  /* there may be more: it is to look again at once */
	/* Something waits for what another worker has in hand: who is busy looks once more. */
	bool behind;
	/* By clock_monotonic(), when something is due that is not yet; UINT64_MAX: not known. */
	uint64_t next;
};

/* Under which something is done. */
struct lease {
	int64_t token;
	const char *name, *id; /* whose token it is; "" where the token stands alone */
	struct lease *next;    /* of those that are held */
};

struct workers_options {
	struct store *store;
	const struct logger *logger; /* NULL: nothing is told */
	const char *module;          /* in the log */
	const char *taking;          /* "taking events": in the log and in faults */
	unsigned count;              /* at most WORKERS_LIMIT are started */
	/* How often one of them looks when nobody wakes them; at first: see WORKERS_IDLE_FACTOR. */
	unsigned poll_ms;
	unsigned beat_ms; /* between two beats of the heart */
	/* Topics of what there is to take here, and of what others alone take, for which the bell
	 * rings in any case. */
	uint64_t listens, rings;
	/* Takes what there is and does it, on a worker's thread; `look` is that of one that found
	 * nothing at first. ASH_ABORTED is not worth a word. */
	ash_status (*work)(void *context, struct workers_look *look, struct fault *fault);
	/* Lengthens a lease, on the heart's thread. It is a copy: what it was of may be over. */
	ash_status (*beat)(void *context, const struct lease *lease, struct fault *fault);
	/* After each beat, on the heart's thread, which is late by as long as it takes; may be
	 * NULL. */
	void (*beaten)(void *context);
	void *context;
};

/* Failures to take work that have one status. */
struct workers_untold {
	uint64_t count; /* that the log was not told of */
	uint64_t next;  /* when it is, by clock_monotonic(); 0: at once */
};

struct workers {
	struct workers_options options;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t rest; /* of the heart */
	uint64_t wakes;   /* under the lock: counts what nobody was called for, as all were busy */
	uint64_t period;  /* under the lock: between two looks by themselves, in nanoseconds */
	uint64_t look_at; /* under the lock: when one that nobody wakes looks, by the clock */
	uint64_t due;     /* the same, for what is known to be due then */
	unsigned idle;    /* under the lock: workers that wait */
	unsigned called;  /* under the lock: how many of these are to look */
	struct store_bell *bell; /* under the lock; NULL: none yet */
	struct lease *leases;    /* under the lock: those that are held */
	struct workers_untold untold[ASH_UNAUTHENTICATED + 1]; /* under the lock; by status */
	bool running;          /* under the lock: the bell is heard */
	bool beating;          /* under the lock: the heart goes on */
	_Atomic bool stopping; /* set under the lock */
	bool has_heart;
	unsigned started;
	pthread_t threads[WORKERS_LIMIT], heart;
};

/* Between two lines of the log on failures to take work that have one status. */
#define WORKERS_TELL_MS 10000

/* What a ring is about, by the name of whoever takes it: the same bit in each process. Two names
 * may have one, which wakes some for nothing. By FNV-1a, as it is not to change. */
uint64_t workers_topic(const char *name);

/* Starts nothing yet. What `options` points to lives as long as the workers. */
void workers_init(struct workers *workers, const struct workers_options *options);

/* Stops, and frees what it has. */
void workers_release(struct workers *workers);

/* Listens to other processes and starts the threads. Errors: ASH_RESOURCE_EXHAUSTED (the system
 * gives not all of the threads: then none is left), and those of store_bell_open(). */
ash_status workers_start(struct workers *workers, struct fault *fault) ASH_MUST_CHECK;

/* Lets nothing new be taken, waits until all workers have done what they have, with their leases
 * kept alive, and ends their threads. Nothing to do where none run. */
void workers_stop(struct workers *workers);

/* Whether workers_stop() waits: what can be given back should be. Any thread. */
bool workers_stopping(const struct workers *workers);

/* There is something to take, of these topics: wakes one worker that idles, and where none does or
 * it is nothing for them, rings for the other processes, as it does always where `rings` says so.
 * One that is busy looks once more before it waits. Any thread; never waits long, but the first
 * call of a process that runs no workers opens its bell. */
void workers_more(struct workers *workers, uint64_t about);

/* There will be something to take at that time of clock_monotonic(): one looks then. Any thread. */
void workers_look_at(struct workers *workers, uint64_t at);

/* As workers_more() for all workers, of this process and the others. */
void workers_wake(struct workers *workers);

/* Begins and ends the heart's care for a lease, which the caller owns meanwhile. */
void workers_hold(struct workers *workers, struct lease *lease);
void workers_let_go(struct workers *workers, const struct lease *lease);

/* Logs a failure of what is done for the workers: "freeing lost leases". */
void workers_log(const struct workers *workers, const char *doing, const struct fault *fault);

#endif
