/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a process that serves. While the main thread drains, a guard waits for it to be done,
 * for time to be over, or for a second signal; then it ends the process by _exit(). That is safe at
 * any point: a transaction that is open is not committed, a request that is not answered was not
 * promised anything, and an event is handed over again when its lease is over. */
#include "app/ending.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/command.h"

/* The last spans are sent for so long. */
#define ENDING_EXPORT_MS 1000

#define SECOND UINT64_C(1000000000)

/* Handlers that are named. */
#define ENDING_NAMED 50

static const struct log_origin NOBODY = {0};

/* ---- cutting off ---- */

struct cut {
	struct ending *ending;
	size_t named;
	uint64_t now;
};

static void tell_cut(void *context, const struct underway_item *item)
{
	struct cut *cut = context;
	const struct trace_context trace = {.trace = {item->trace[0], item->trace[1]}};
	const struct log_origin origin = {item->module->name, item->module->owner, &trace};
	uint64_t took = cut->now > item->started ? cut->now - item->started : 0;
	if (cut->named++ < ENDING_NAMED)
		log_write(&cut->ending->logger, LOG_ERROR_LEVEL, &origin,
			  "%s is cut off after %.1f s; what it did not commit is taken back",
			  item->name, (double)took / 1e9);
}

static void cut_off(struct ending *ending, bool again)
{
	struct cut cut = {.ending = ending, .now = clock_monotonic()};
	enum ending_stage stage = ENDING_DRAINS;
	size_t count = underway_list(&ending->underway, tell_cut, &cut);
	int status = count ? EXIT_CUT : EXIT_FINE;
	/* Once it has stopped all is sent, and the host may be gone. */
	if (atomic_compare_exchange_strong(&ending->stage, &stage, ENDING_CUTS))
		host_flush(ending->host, ENDING_EXPORT_MS);
	log_write(&ending->logger, count ? LOG_ERROR_LEVEL : LOG_INFO_LEVEL, &NOBODY,
		  "%s; %zu handlers are cut off; ends with status %d",
		  again ? "is asked to end again" : "draining took too long", count, status);
	_exit(status);
}

/* The signal that came; -1: the time is over. The system also wakes who waits when the process was
 * stopped and goes on, as a debugger or a pause of its container does. */
static int await_signal(const struct ending *ending)
{
	uint64_t end = clock_monotonic() + ending->patience * SECOND;
	for (;;) {
		uint64_t now = clock_monotonic(), left = end > now ? end - now : 0;
		const struct timespec wait = {(time_t)(left / SECOND), (long)(left % SECOND)};
		int number = sigtimedwait(&ending->signals, NULL, &wait);
		if (number >= 0 || errno != EINTR)
			return number;
	}
}

static void *guard(void *context)
{
	struct ending *ending = context;
	int number = await_signal(ending);
	if (number != SIGALRM)
		cut_off(ending, number > 0);
	return NULL;
}

/* ---- from the start to the end ---- */

void ending_init(struct ending *ending, bool reloads)
{
	sigset_t hangup;
	*ending = (struct ending){.log_file = STDERR_FILENO, .reloads = reloads};
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	if (reloads)
		pthread_sigmask(SIG_BLOCK, &hangup, NULL);
	sigemptyset(&ending->signals);
	sigaddset(&ending->signals, SIGTERM);
	sigaddset(&ending->signals, SIGINT);
	sigaddset(&ending->signals, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &ending->signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void ending_let_go(const struct ending *ending, bool lets)
{
	pthread_sigmask(lets ? SIG_UNBLOCK : SIG_BLOCK, &ending->signals, NULL);
}

void ending_watch(struct ending *ending, struct host *host)
{
	ending->host = host;
	ending->logger = host->logger;
	ending->logger.context = &ending->log_file;
	host->environment.underway = &ending->underway;
}

/* Has files read again meanwhile, as often as it is asked to. */
static int await_end(struct ending *ending)
{
	sigset_t signals = ending->signals;
	int number;
	if (ending->reloads)
		sigaddset(&signals, SIGHUP);
	for (;;) {
		sigwait(&signals, &number);
		if (number == SIGHUP)
			host_reload(ending->host);
		else if (number != SIGALRM)
			return number;
	}
}

/* From then on the host is the main thread's alone, or the guard is about to end the process. */
static void stop(struct ending *ending)
{
	enum ending_stage stage = ENDING_DRAINS;
	host_stop(ending->host);
	if (!atomic_compare_exchange_strong(&ending->stage, &stage, ENDING_STOPPED))
		for (;;)
			pause();
}

void ending_wait(struct ending *ending)
{
	struct host *host = ending->host;
	int number = await_end(ending);
	log_write(&ending->logger, LOG_INFO_LEVEL, &NOBODY, "ends on %s; drains for at most %u s",
		  number == SIGTERM ? "SIGTERM" : "SIGINT", host->settings->drain);
	ending->patience = host->settings->drain + ENDING_GRACE_SECONDS;
	ending->guarded = pthread_create(&ending->guard, NULL, guard, ending) == 0;
	stop(ending);
	host_release(host);
	if (ending->guarded) {
		pthread_kill(ending->guard, SIGALRM);
		pthread_join(ending->guard, NULL);
	}
}
