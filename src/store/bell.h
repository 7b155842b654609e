/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_BELL_H
#define STORE_BELL_H

#include <stdatomic.h>

#include "engine.h"

/* What bell.c and the engines share: private to this folder. */

#define BELL_FOR_EVER UINT64_MAX

struct store_bell {
	struct bell_line *line;
	struct store_bell *next;     /* under the line's lock, as `due` */
	void (*rung)(void *context); /* NULL: it only rings */
	void *context;
	uint64_t listens;
	bool due; /* `rung` is to be called */
};

/* What all bells of a store share: a thread, and what it listens over. Made with the first bell,
 * and there until the store is closed. */
struct bell_line {
	struct store *store;
	pthread_t thread;
	bool running; /* under the store's lock */
	int event;    /* an eventfd: something is asked of the thread */
	_Atomic bool stopping;
	_Atomic bool works;     /* what other processes ring is heard */
	_Atomic uint64_t asked; /* to ring about */
	pthread_mutex_t lock;
	pthread_cond_t called;
	struct store_bell *bells;   /* under the lock */
	struct store_bell *calling; /* under the lock: whose `rung` runs now */
};

/* For the thread: waits until something is asked of it, the socket (-1: none) has something to
 * read, or the time is over. False: it is to end. */
bool bell_wait(struct bell_line *line, int socket, uint64_t nanoseconds);

/* For the thread: calls `rung` of the bells that listen for some of it, and of new ones. */
void bell_call(struct bell_line *line, uint64_t about);

/* For the thread: whether one of the bells listens. */
bool bell_is_heard(struct bell_line *line);

/* Ends the thread when what was asked for is rung, and frees it. No bell is left. Takes NULL. */
void bell_line_free(struct bell_line *line);

#endif
