/* SPDX-License-Identifier: Apache-2.0 */
/* Cancels what runs over a connection, beside its thread: libpq waits for the server without a
 * bound, and one that hangs never answers. Knows no session.
 *
 * Invariant: a request belongs to its thread and to who asked for it; whoever lets go last frees
 * it, so a connection can be given up while its request is still under way. */
#include "postgres.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/thread.h"

/* Requests of all stores at once. Where so many hang, one more would change nothing. */
#define MOST_UNDER_WAY 64

struct postgres_cancel {
	PGcancel *request;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done; /* under the lock */
	atomic_int holders;
};

static atomic_int under_way;

static void leave(struct postgres_cancel *cancel)
{
	if (atomic_fetch_sub(&cancel->holders, 1) != 1)
		return;
	(void)pthread_cond_destroy(&cancel->ended);
	(void)pthread_mutex_destroy(&cancel->lock);
	PQfreeCancel(cancel->request);
	mem_free(cancel);
}

/* The server closes the connection when it has told the process that runs the statement. */
static void *ask(void *context)
{
	struct postgres_cancel *cancel = context;
	char words[256];
	(void)PQcancel(cancel->request, words, sizeof words);
	(void)pthread_mutex_lock(&cancel->lock);
	cancel->done = true;
	(void)pthread_cond_broadcast(&cancel->ended);
	(void)pthread_mutex_unlock(&cancel->lock);
	leave(cancel);
	atomic_fetch_sub(&under_way, 1);
	return NULL;
}

static struct postgres_cancel *start(PGconn *connection)
{
	struct postgres_cancel *cancel = mem_alloc(sizeof *cancel);
	if (!cancel)
		return NULL;
	(void)pthread_mutex_init(&cancel->lock, NULL);
	(void)pthread_cond_init(&cancel->ended, NULL);
	cancel->request = PQgetCancel(connection);
	atomic_init(&cancel->holders, 2);
	if (cancel->request && thread_start_apart(ask, cancel))
		return cancel;
	atomic_init(&cancel->holders, 1);
	leave(cancel);
	return NULL;
}

struct postgres_cancel *postgres_cancel_start(PGconn *connection)
{
	struct postgres_cancel *cancel = NULL;
	if (atomic_fetch_add(&under_way, 1) < MOST_UNDER_WAY)
		cancel = start(connection);
	if (!cancel)
		atomic_fetch_sub(&under_way, 1);
	return cancel;
}

bool postgres_cancel_end(struct postgres_cancel *cancel, uint64_t deadline)
{
	if (!cancel)
		return true;
	struct timespec until = store_timespec(deadline);
	int error = 0;
	(void)pthread_mutex_lock(&cancel->lock);
	while (!cancel->done && error == 0)
		error = pthread_cond_clockwait(&cancel->ended, &cancel->lock, CLOCK_MONOTONIC,
					       &until);
	bool done = cancel->done;
	(void)pthread_mutex_unlock(&cancel->lock);
	leave(cancel);
	return done;
}
