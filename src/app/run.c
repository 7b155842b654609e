/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs run and migrate, and what they say of other processes. */
#include "app/command.h"

#include <unistd.h>

#include "app/ending.h"
#include "base/descriptors.h"
#include "base/mem.h"
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
	struct fault fault;
	int result = command_host(command, &host);
	if (result != EXIT_FINE)
		return result;
	/* What a new store would need is seen by one that nobody keeps. */
	if (command->dry_run && host_find(&host, &fault) == ASH_NOT_FOUND)
		command->settings.store = "sqlite::memory:";
	return host_open(&host, &fault) == ASH_OK ? migrate(&migrating, &host)
						  : command_fail(command, &fault);
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
	fprintf(command->out, "%s: http%s://%s%s%s:%u\n", host->name,
		settings->tls_certificate ? "s" : "", six ? "[" : "", settings->address,
		six ? "]" : "", http_server_port(host->server));
	fflush(command->out);
	log_write(&host->logger, LOG_INFO_LEVEL, &origin, "listens on %s:%u", settings->address,
		  http_server_port(host->server));
}

static int refuse(struct command *command, const struct fault *fault)
{
	command_fail(command, fault);
	return fault->status == ASH_ALREADY_EXISTS ? EXIT_BUSY : EXIT_FAILED;
}

static int start(struct command *command, struct ending *ending, struct host *host)
{
	struct migrating migrating = {command, &host->logger};
	struct fault fault;
	int result = command_host(command, host);
	if (result != EXIT_FINE)
		return result;
	if (host_look(host, &fault) != ASH_OK)
		return refuse(command, &fault);
	if (host_open(host, &fault) != ASH_OK)
		return command_fail(command, &fault);
	ending_let_go(ending, true);
	tell_others(host);
	result = migrate(&migrating, host);
	ending_let_go(ending, false);
	if (result != EXIT_FINE)
		return result;
	ending_watch(ending, host);
	return host_start(host, &fault) == ASH_OK ? EXIT_FINE : refuse(command, &fault);
}

int command_run(struct command *command)
{
	struct ending ending;
	_cleanup_(host_release) struct host host = {0};
	mem_keep_little();
	descriptors_raise();
	ending_init(&ending, command->settings.tls_certificate || command->settings.tls_ca);
	int result = start(command, &ending, &host);
	if (result == EXIT_FINE) {
		tell_start(command, &host);
		ending_wait(&ending);
	}
	return result;
}
