/* SPDX-License-Identifier: Apache-2.0 */
/* The bell's thread and how it is asked to ring. What crosses processes is the engine's. Invariant:
 * a ring that was asked for is done, or comes too late because the database cannot be reached:
 * whoever is rung must look by itself now and then, too. */
#include "bell.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

static void *watch(void *context)
{
	struct store_bell *bell = context;
	bell->store->engine->watch(bell);
	return NULL;
}

bool bell_wait(struct store_bell *bell, int socket, uint64_t nanoseconds)
{
	struct pollfd sources[] = {{bell->event, POLLIN, 0}, {socket, POLLIN, 0}};
	struct timespec patience = {(time_t)(nanoseconds / 1000000000),
				    (long)(nanoseconds % 1000000000)};
	uint64_t count;
	bool for_ever = nanoseconds == BELL_FOR_EVER;
	if (atomic_load(&bell->stopping))
		return false;
	ppoll(sources, socket < 0 ? 1 : 2, for_ever ? NULL : &patience, NULL);
	if (sources[0].revents && read(bell->event, &count, sizeof count) < 0 && errno != EAGAIN)
		return false;
	return !atomic_load(&bell->stopping);
}

static void prod(struct store_bell *bell)
{
	/* A full counter wakes as well. */
	if (write(bell->event, &(uint64_t){1}, sizeof(uint64_t)) < 0)
		return;
}

void store_bell_ring(struct store_bell *bell)
{
	if (!bell->running || atomic_exchange(&bell->asked, true))
		return;
	prod(bell);
}

static void free_bell(struct store_bell *bell)
{
	if (bell->event >= 0)
		close(bell->event);
	mem_free(bell);
}

ash_status store_bell_open(struct store *store, void (*rung)(void *context), void *context,
			   struct store_bell **out, struct fault *fault)
{
	struct store_bell *bell = mem_alloc(sizeof *bell);
	if (!bell)
		return fault_memory(fault);
	bell->store = store;
	bell->rung = rung;
	bell->context = context;
	bell->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bell->running = bell->event >= 0 && store->engine->can_watch(bell) &&
			pthread_create(&bell->thread, NULL, watch, bell) == 0;
	if (bell->event < 0 || (store->engine->can_watch(bell) && !bell->running)) {
		free_bell(bell);
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the system gives no thread to listen to other processes");
	}
	*out = bell;
	return ASH_OK;
}

void store_bell_close(struct store_bell *bell)
{
	if (!bell)
		return;
	atomic_store(&bell->stopping, true);
	if (bell->running) {
		prod(bell);
		pthread_join(bell->thread, NULL);
	}
	free_bell(bell);
}
