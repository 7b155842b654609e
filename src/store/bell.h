/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_BELL_H
#define STORE_BELL_H

#include <stdatomic.h>

#include "engine.h"

/* What bell.c and the engines share: private to this folder. */

#define BELL_FOR_EVER UINT64_MAX

struct store_bell {
	struct store *store;
	void (*rung)(void *context); /* NULL: it only rings */
	void *context;
	pthread_t thread;
	bool running;
	int event; /* an eventfd: something is asked of the thread */
	_Atomic bool stopping;
	_Atomic bool asked; /* to ring */
};

/* For the thread: waits until something is asked of it, the socket (-1: none) has something to
 * read, or the time is over. False: it is to end. */
bool bell_wait(struct store_bell *bell, int socket, uint64_t nanoseconds);

#endif
