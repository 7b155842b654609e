/* SPDX-License-Identifier: Apache-2.0 */
/* Plain threads, started and joined; the work itself decides who takes what. */
#include "base/crew.h"

#include <pthread.h>
#include <sched.h>

struct hand {
	pthread_t thread;
	void (*work)(void *context, unsigned worker);
	void *context;
	unsigned worker;
};

unsigned crew_size(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	int count = CPU_COUNT(&set);
	return count < 1 ? 1 : count > CREW_LIMIT ? CREW_LIMIT : (unsigned)count;
}

static void *run_hand(void *pointer)
{
	struct hand *hand = pointer;
	hand->work(hand->context, hand->worker);
	return NULL;
}

void crew_run(unsigned count, void (*work)(void *context, unsigned worker), void *context)
{
	struct hand hands[CREW_LIMIT];
	unsigned started = 1;
	for (; started < count && started < CREW_LIMIT; started++) {
		struct hand *hand = &hands[started];
		*hand = (struct hand){.work = work, .context = context, .worker = started};
		if (pthread_create(&hand->thread, NULL, run_hand, hand) != 0)
			break;
	}
	work(context, 0);
	for (unsigned i = 1; i < started; i++)
		pthread_join(hands[i].thread, NULL);
}
