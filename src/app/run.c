/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs run and migrate. Owns the process: its signals and how it ends. */
#include "app/command.h"

#include <signal.h>
#include <unistd.h>

/* Past what draining may take, the process ends anyhow. What was not committed is not there, and
 * what was is delivered by the next that runs. */
#define RUN_GRACE_SECONDS 5

static void note(void *context, const char *module, const char *migration)
{
	struct command *command = context;
	fprintf(command->out, "%s %s %s\n", command->dry_run ? "would run" : "ran", module,
		migration);
}

int command_migrate(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	const struct store_migration_options options = {
		.dry_run = command->dry_run, .tell = note, .context = command};
	struct fault fault;
	int result = command_open(command, &host, false);
	if (result == EXIT_FINE && host_migrate(&host, &options, &fault) != ASH_OK)
		result = command_fail(command, &fault);
	return result;
}

static void tell_start(struct command *command, const struct host *host)
{
	const struct settings *settings = host->settings;
	const struct log_origin origin = {0};
	bool six = strchr(settings->address, ':');
	if (!host->server) {
		log_write(&host->logger, LOG_INFO_LEVEL, &origin, "delivers events");
		return;
	}
	fprintf(command->out, "%s: http://%s%s%s:%u\n", host->app->name, six ? "[" : "",
		settings->address, six ? "]" : "", http_server_port(host->server));
	fflush(command->out);
	log_write(&host->logger, LOG_INFO_LEVEL, &origin, "listens on %s:%u", settings->address,
		  http_server_port(host->server));
}

/* Waits to be asked to end. A second request, or too long a wait after it, ends the process. */
static void wait_for_end(struct host *host, const sigset_t *ends)
{
	const struct log_origin origin = {0};
	int signal_number;
	sigwait(ends, &signal_number);
	log_write(&host->logger, LOG_INFO_LEVEL, &origin, "ends on %s; drains for at most %u s",
		  signal_number == SIGTERM ? "SIGTERM" : "SIGINT", host->settings->drain);
	alarm(host->settings->drain + RUN_GRACE_SECONDS);
	pthread_sigmask(SIG_UNBLOCK, ends, NULL);
}

int command_run(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	struct fault fault;
	sigset_t ends;
	/* Before any thread is made, so that all of them leave the signals to this one. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	int result = command_open(command, &host, true);
	if (result == EXIT_FINE && host_start(&host, &fault) != ASH_OK) {
		result = command_fail(command, &fault);
		if (fault.status == ASH_ALREADY_EXISTS)
			result = EXIT_BUSY;
	}
	if (result == EXIT_FINE) {
		tell_start(command, &host);
		wait_for_end(&host, &ends);
		host_stop(&host);
	}
	return result;
}
