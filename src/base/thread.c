/* SPDX-License-Identifier: Apache-2.0 */
/* Makes threads that take no signals. A thread has its maker's mask from its first instruction on,
 * so it is the maker that blocks them meanwhile; it would have its maker's processors, too. Knows
 * nothing of what a thread does. */
#include "base/thread.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

/* Whether the calling thread is pinned: it may not run wherever the program's first thread may. */
static bool is_pinned(cpu_set_t *all)
{
	cpu_set_t mine;
	return sched_getaffinity(0, sizeof mine, &mine) == 0 &&
	       sched_getaffinity(getpid(), sizeof *all, all) == 0 && !CPU_EQUAL(&mine, all);
}

/* Where the system refuses processors, these are the maker's. */
static bool create(pthread_t *out, void *(*run)(void *), void *context)
{
	pthread_attr_t attributes;
	cpu_set_t all;
	bool made = false;
	if (is_pinned(&all) && pthread_attr_init(&attributes) == 0) {
		made = pthread_attr_setaffinity_np(&attributes, sizeof all, &all) == 0 &&
		       pthread_create(out, &attributes, run, context) == 0;
		pthread_attr_destroy(&attributes);
	}
	return made || pthread_create(out, NULL, run, context) == 0;
}

bool thread_start(pthread_t *out, void *(*run)(void *), void *context)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = create(out, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

bool thread_start_apart(void *(*run)(void *), void *context)
{
	pthread_t thread;
	return thread_start(&thread, run, context) && pthread_detach(thread) == 0;
}
