/* SPDX-License-Identifier: Apache-2.0 */
/* Makes threads that take no signals. A thread has its maker's mask from its first instruction on,
 * so it is the maker that blocks them meanwhile. Knows nothing of what a thread does. */
#include "base/thread.h"

#include <signal.h>

bool thread_start(pthread_t *out, void *(*run)(void *), void *context)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(out, NULL, run, context) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

bool thread_start_apart(void *(*run)(void *), void *context)
{
	pthread_t thread;
	return thread_start(&thread, run, context) && pthread_detach(thread) == 0;
}
