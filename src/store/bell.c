/* SPDX-License-Identifier: Apache-2.0 */
/* The bells of a store, the one thread that listens for all of them, and how it is asked to ring.
 * What crosses processes is the engine's. Invariant: a ring that was asked for is done, or comes
 * too late because the database cannot be reached: whoever is rung must look by itself now and
 * then, too. */
#include "bell.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

/* ---- the thread ---- */

static void *watch(void *context)
{
	struct bell_line *line = context;
	line->store->engine->watch(line);
	atomic_store(&line->works, false);
	return NULL;
}

bool bell_wait(struct bell_line *line, int socket, uint64_t nanoseconds)
{
	struct pollfd sources[] = {{line->event, POLLIN, 0}, {socket, POLLIN, 0}};
	struct timespec patience = {(time_t)(nanoseconds / 1000000000),
				    (long)(nanoseconds % 1000000000)};
	uint64_t count;
	bool for_ever = nanoseconds == BELL_FOR_EVER;
	if (atomic_load(&line->stopping))
		return false;
	ppoll(sources, socket < 0 ? 1 : 2, for_ever ? NULL : &patience, NULL);
	if (sources[0].revents && read(line->event, &count, sizeof count) < 0 && errno != EAGAIN)
		return false;
	return !atomic_load(&line->stopping);
}

static struct store_bell *find_due(const struct bell_line *line)
{
	struct store_bell *bell = line->bells;
	while (bell && !bell->due)
		bell = bell->next;
	return bell;
}

void bell_call(struct bell_line *line, uint64_t about)
{
	struct store_bell *bell;
	pthread_mutex_lock(&line->lock);
	for (bell = line->bells; bell; bell = bell->next)
		bell->due |= bell->rung && (bell->listens & about);
	while ((bell = find_due(line))) {
		bell->due = false;
		line->calling = bell;
		pthread_mutex_unlock(&line->lock);
		bell->rung(bell->context);
		pthread_mutex_lock(&line->lock);
		line->calling = NULL;
		pthread_cond_broadcast(&line->called);
	}
	pthread_mutex_unlock(&line->lock);
}

bool bell_is_heard(struct bell_line *line)
{
	pthread_mutex_lock(&line->lock);
	const struct store_bell *bell = line->bells;
	while (bell && !bell->rung)
		bell = bell->next;
	pthread_mutex_unlock(&line->lock);
	return bell;
}

static void prod(struct bell_line *line)
{
	/* A full counter wakes as well. */
	if (write(line->event, &(uint64_t){1}, sizeof(uint64_t)) < 0)
		return;
}

/* ---- the line ---- */

void bell_line_free(struct bell_line *line)
{
	if (!line)
		return;
	atomic_store(&line->stopping, true);
	if (line->running) {
		prod(line);
		pthread_join(line->thread, NULL);
	}
	if (line->event >= 0)
		close(line->event);
	pthread_cond_destroy(&line->called);
	pthread_mutex_destroy(&line->lock);
	mem_free(line);
}

/* The store's, made where it is not there yet; under the store's lock. NULL: no memory. */
static struct bell_line *find_line(struct store *store)
{
	struct bell_line *line = store->line ? store->line : mem_alloc(sizeof *line);
	if (store->line || !line)
		return line;
	line->store = store;
	line->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&line->lock, NULL);
	pthread_cond_init(&line->called, NULL);
	store->line = line;
	return line;
}

/* Has the thread run where the bell needs it. */
static ash_status use_line(struct store *store, struct store_bell *bell, struct fault *fault)
{
	pthread_mutex_lock(&store->lock);
	struct bell_line *line = bell->line = find_line(store);
	bool needed = line && !line->running && store->engine->can_watch(store, bell->rung);
	if (needed && line->event >= 0)
		line->running = pthread_create(&line->thread, NULL, watch, line) == 0;
	bool good = line && line->event >= 0 && (!needed || line->running);
	pthread_mutex_unlock(&store->lock);
	if (!line)
		return fault_memory(fault);
	return good ? ASH_OK
		    : fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				"the system gives no thread to listen to other processes");
}

/* ---- a bell ---- */

void store_bell_ring(struct store_bell *bell, uint64_t about)
{
	struct bell_line *line = bell->line;
	/* Where it was asked before and has not rung yet it will, about both. */
	if (about && atomic_fetch_or(&line->asked, about) == 0)
		prod(line);
}

bool store_bell_works(const struct store_bell *bell)
{
	return atomic_load(&bell->line->works);
}

ash_status store_bell_open(struct store *store, uint64_t listens, void (*rung)(void *context),
			   void *context, struct store_bell **out, struct fault *fault)
{
	struct store_bell *bell = mem_alloc(sizeof *bell);
	if (!bell)
		return fault_memory(fault);
	*bell = (struct store_bell){
		.rung = rung, .context = context, .listens = listens, .due = rung};
	ash_status status = use_line(store, bell, fault);
	if (status != ASH_OK) {
		mem_free(bell);
		return status;
	}
	struct bell_line *line = bell->line;
	pthread_mutex_lock(&line->lock);
	bell->next = line->bells;
	line->bells = bell;
	pthread_mutex_unlock(&line->lock);
	prod(line);
	*out = bell;
	return ASH_OK;
}

void store_bell_close(struct store_bell *bell)
{
	if (!bell)
		return;
	struct bell_line *line = bell->line;
	pthread_mutex_lock(&line->lock);
	struct store_bell **at = &line->bells;
	while (*at != bell)
		at = &(*at)->next;
	*at = bell->next;
	while (line->calling == bell)
		pthread_cond_wait(&line->called, &line->lock);
	pthread_mutex_unlock(&line->lock);
	mem_free(bell);
}
