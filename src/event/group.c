/* SPDX-License-Identifier: Apache-2.0 */
/* Several deliveries in one transaction, so that they wait for the disk once. Knows no handler.
 *
 * Invariant: while the transaction is open this thread runs nothing that waits: handlers are run in
 * it that are known to open theirs at once, and whatever else writes comes after group_end(). */
#include "base/clock.h"
#include "base/fault_point.h"
#include "base/mem.h"
#include "event/hub.h"

/* A handler that opens its transaction sooner, in so many runs in a row, works in nobody's time. */
#define PROMPT_TIME (500 * 1000ULL)
enum { PROMPT_RUNS = 8 };

static void part(struct shared_transaction *shared)
{
	group_end((struct group *)shared); /* its first member */
}

void group_init(struct group *group, struct event_hub *hub)
{
	*group = (struct group){.shared = {.part = part}, .hub = hub};
}

bool group_takes(const struct subscription *subscription)
{
	return atomic_load_explicit(&subscription->prompt, memory_order_relaxed) >= PROMPT_RUNS;
}

void group_learn(struct subscription *subscription, uint64_t before)
{
	unsigned prompt = atomic_load_explicit(&subscription->prompt, memory_order_relaxed);
	if (before >= PROMPT_TIME)
		atomic_store_explicit(&subscription->prompt, 0, memory_order_relaxed);
	else if (prompt < PROMPT_RUNS)
		atomic_store_explicit(&subscription->prompt, prompt + 1, memory_order_relaxed);
}

void group_add(struct group *group, struct delivery *delivery, const struct request *request)
{
	delivery->next = group->members;
	group->members = delivery;
	group->published |= request->published;
	group->saga_started |= request->saga_started;
}

/* What is lasting now is told to whoever waits for it. */
static void tell(struct group *group)
{
	const struct environment *environment = group->hub->environment;
	size_t count = 0;
	for (const struct delivery *at = group->members; at; at = at->next)
		count++;
	series_add(group->hub->delivered, count);
	if (group->published)
		environment->published(environment->events, group->published);
	if (group->saga_started)
		environment->saga_started(environment->sagas);
	group->members = NULL;
}

/* In the order in which they were done. */
static void fail_all(struct group *group)
{
	while (group->members) {
		struct delivery *delivery = group->members;
		group->members = delivery->next;
		delivery->next = group->failed;
		group->failed = delivery;
	}
}

void group_end(struct group *group)
{
	struct fault ignored;
	if (!group->shared.session)
		return;
	/* The deadline was the last handler's. */
	store_set_deadline(group->shared.session,
			   clock_monotonic() + (uint64_t)group->hub->options.lease_ms * 1000000);
	FAULT_POINT("group.ending");
	ash_status status = store_commit(group->shared.session, &ignored);
	FAULT_POINT("group.committed");
	store_release(take(group->shared.session));
	if (status == ASH_OK)
		tell(group);
	else
		fail_all(group);
	group->published = 0;
	group->saga_started = false;
}
