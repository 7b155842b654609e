/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs run and migrate, and what they say of other processes. */
#include "app/command.h"

#include <unistd.h>

#include "app/ending.h"
#include "base/process.h"

/* How long another migrator is waited for. */
#define RUN_MIGRATOR_PATIENCE (600 * 1000 * 1000 * 1000ULL)

static const struct log_origin NOBODY = {0};

/* ---- migrating ---- */

struct migrating {
	struct command *command;
	const struct logger *logger; /* NULL: tells people */
};

static void note(void *context, const char *module, const char *migration)
{
	struct command *command = ((struct migrating *)context)->command;
	fprintf(command->out, "%s %s %s\n", command->dry_run ? "would run" : "ran", module,
		migration);
}

static void note_wait(void *context, const char *who)
{
	const struct migrating *migrating = context;
	if (migrating->logger)
		log_write(migrating->logger, LOG_WARN_LEVEL, &NOBODY, "waits to migrate: %s does",
			  who);
	else
		fprintf(migrating->command->err, "%s: waits to migrate: %s does\n",
			migrating->command->app->name, who);
}

/* Returns what main() is to return. */
static int migrate(struct migrating *migrating, struct host *host)
{
	struct command *command = migrating->command;
	const struct store_migration_options options = {
		.dry_run = command->dry_run,
		.patience = RUN_MIGRATOR_PATIENCE,
		.tell = migrating->logger ? NULL : note,
		.wait = note_wait,
		.context = migrating,
	};
	struct fault fault;
	if (host_migrate(host, &options, &fault) == ASH_OK)
		return EXIT_FINE;
	command_fail(command, &fault);
	return fault.status == ASH_DEADLINE_EXCEEDED ? EXIT_BUSY : EXIT_FAILED;
}

int command_migrate(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	struct migrating migrating = {.command = command};
	int result = command_open(command, &host, false);
	return result == EXIT_FINE ? migrate(&migrating, &host) : result;
}

/* ---- running ---- */

/* Others may work on the same data, as workers do; who starts one by mistake wants to know. */
static void tell_others(const struct host *host)
{
	const char *path = host_file(host);
	char who[PROCESS_SIZE];
	if (path && process_with_file(path, who, sizeof who))
		log_write(&host->logger, LOG_INFO_LEVEL, &NOBODY, "%s works on %s, too", who, path);
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

static int start(struct command *command, struct ending *ending, struct host *host)
{
	struct migrating migrating = {command, &host->logger};
	struct fault fault;
	int result = command_open(command, host, false);
	if (result == EXIT_FINE)
		result = command_placement(command, host, NULL);
	if (result != EXIT_FINE)
		return result;
	ending_let_go(ending, true);
	tell_others(host);
	result = migrate(&migrating, host);
	ending_let_go(ending, false);
	if (result != EXIT_FINE)
		return result;
	ending_watch(ending, host);
	if (host_start(host, &fault) == ASH_OK)
		return EXIT_FINE;
	command_fail(command, &fault);
	return fault.status == ASH_ALREADY_EXISTS ? EXIT_BUSY : EXIT_FAILED;
}

int command_run(struct command *command)
{
	struct ending ending;
	_cleanup_(host_release) struct host host = {0};
	ending_init(&ending);
	int result = start(command, &ending, &host);
	if (result == EXIT_FINE) {
		tell_start(command, &host);
		ending_wait(&ending);
	}
	return result;
}
