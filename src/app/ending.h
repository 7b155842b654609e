/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_ENDING_H
#define APP_ENDING_H

#include <pthread.h>
#include <signal.h>

#include "app/host.h"
#include "port/underway.h"

/* How `run` ends: drains, and when that takes too long, or it is asked twice, cuts off what still
 * runs, says what that was, and ends the process all the same. */

/* Past what draining may take. */
#define ENDING_GRACE_SECONDS 5

/* Who has the host in its last moments: the main thread, which drains and then releases it, or the
 * guard, from the moment in which it cuts off. */
enum ending_stage {
	ENDING_DRAINS,
	ENDING_CUTS,    /* the guard sends the last spans, and ends the process */
	ENDING_STOPPED, /* host_stop() is done: nothing is left to be sent */
};

struct ending {
	struct host *host;    /* for the guard: until ENDING_STOPPED */
	struct logger logger; /* the host's, which may be gone */
	int log_file;
	struct underway underway; /* what the host's handlers do */
	sigset_t signals;         /* SIGTERM, SIGINT, and SIGALRM: draining is done */
	bool reloads;             /* SIGHUP has files read again */
	pthread_t guard;
	bool guarded;
	unsigned patience; /* seconds until handlers are cut off */
	_Atomic enum ending_stage stage;
};

/* Blocks the signals: before any thread is made, so that all leave them to this one. SIGHUP is one
 * of them where it `reloads`, and else ends the process, as does the terminal that sends it. */
void ending_init(struct ending *ending, bool reloads);

/* Lets SIGTERM and SIGINT end the process at once, or no more: while nothing is to be drained. */
void ending_let_go(const struct ending *ending, bool lets);

/* Has the host's handlers noted. Before host_start(). */
void ending_watch(struct ending *ending, struct host *host);

/* Waits to be asked to end, then ends the host and releases it. Does not return, but ends the
 * process with EXIT_CUT, where handlers had to be cut off. */
void ending_wait(struct ending *ending);

#endif
