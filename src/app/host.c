/* SPDX-License-Identifier: Apache-2.0 */
/* An application in this process: what it is made of, in the order in which the parts need each
 * other. Prints nothing but log lines. */
#include "app/host.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process.h"

/* What is left of the spans is sent for so long. */
#define HOST_EXPORT_PATIENCE_MS 2000

/* ---- modules and routes ---- */

static size_t count_modules(const ash_app *app)
{
	size_t count = 0;
	while (app->modules[count])
		count++;
	return count;
}

static int build_router(struct host *host, struct error_list *errors, struct error *error)
{
	host->router = http_router_new();
	if (!host->router)
		return error_memory(error);
	if (host_bind(host, errors, error) < 0 || host_add_inspection(host, error) < 0 ||
	    host_serve_ports(host, error) < 0 || host_add_assets(host, error) < 0)
		return -1;
	if (errors->count)
		return 0;
	struct error clash = {0};
	if (http_router_build(host->router, &clash) < 0) {
		if (clash.code == ERROR_MEMORY)
			return error_memory(error);
		error_list_add(errors, &clash);
	}
	return 0;
}

int host_init(struct host *host, const ash_app *app, const struct settings *settings,
	      struct error_list *errors, struct error *error)
{
	struct fault fault;
	*host = (struct host){.app = app, .settings = settings, .log_file = STDERR_FILENO};
	host->logger = (struct logger){log_to_descriptor, &host->log_file, settings->clock,
				       settings->log, app->name};
	host->metrics = metrics_new();
	host->recorder = recorder_new(HOST_SPANS, settings->sample, settings->clock);
	if (!host->metrics || !host->recorder || host_count(host, &fault) != ASH_OK)
		return error_memory(error);
	if (registry_build(app->modules, count_modules(app), host->metrics, &host->registry, errors,
			   error) < 0)
		return -1;
	host->environment = (struct environment){
		.registry = &host->registry,
		.recorder = host->recorder,
		.logger = &host->logger,
		.clock = settings->clock,
	};
	if (schedules_new(&host->environment, &host->schedules, errors, error) < 0)
		return -1;
	return build_router(host, errors, error);
}

/* ---- the store ---- */

/* One module of the registry as the store knows it. Both texts and steps live in the arena. */
static bool describe(struct arena *arena, const ash_module *module, struct store_module *out)
{
	const char **schemas = arena_array(arena, module->owns_count + 1, sizeof *schemas);
	struct store_migration *steps =
		arena_array(arena, module->migration_count + 1, sizeof *steps);
	if (!schemas || !steps)
		return false;
	for (size_t i = 0; i < module->owns_count; i++)
		schemas[i] = module->owns[i].name;
	for (size_t i = 0; i < module->migration_count; i++)
		steps[i] = (struct store_migration){module->migrations[i].name,
						    module->migrations[i].sql};
	*out = (struct store_module){module->name, schemas, steps, module->migration_count};
	return true;
}

static ash_status locate(struct host *host, const char **out, struct fault *fault)
{
	const struct settings *settings = host->settings;
	*out = settings->store;
	if (*out)
		return ASH_OK;
	if (mkdir(settings->data, 0700) < 0 && errno != EEXIST)
		return fault_set(fault, ASH_UNAVAILABLE, "the data folder %s cannot be made: %s",
				 settings->data, strerror(errno));
	*out = arena_format(&host->arena, "sqlite:%s/%s.db", settings->data, host->app->name);
	return *out ? ASH_OK : fault_memory(fault);
}

static void tell_blocking(bool begin)
{
	if (begin)
		http_blocking_begin();
	else
		http_blocking_end();
}

static size_t count_sagas(const struct host *host)
{
	size_t count = 0;
	for (size_t i = 0; i < host->registry.member_count; i++)
		count += host->registry.members[i].module->saga_count;
	return count;
}

/* `module` is the index of their tables' module. Without sagas there are no such tables. */
static ash_status open_sagas(struct host *host, unsigned module, size_t count, struct fault *fault)
{
	const struct saga_options options = {.workers = host->settings->workers,
					     .lease_ms = host->settings->lease * 1000};
	struct saga_of *sagas = arena_array(&host->arena, count, sizeof *sagas);
	size_t filled = 0;
	if (count == 0)
		return ASH_OK;
	if (!sagas)
		return fault_memory(fault);
	for (size_t i = 0; i < host->registry.member_count; i++) {
		const ash_module *of = host->registry.members[i].module;
		for (size_t j = 0; j < of->saga_count; j++)
			sagas[filled++] = (struct saga_of){of->name, of->sagas[j].saga(of->code)};
	}
	return saga_hub_new(&host->environment, module, sagas, count, &options, host->metrics,
			    &host->sagas, fault);
}

ash_status host_open(struct host *host, struct fault *fault)
{
	const struct settings *settings = host->settings;
	size_t count = host->registry.member_count, sagas = count_sagas(host);
	struct store_module *modules = arena_array(&host->arena, count + 3, sizeof *modules);
	struct store_options options = {.connections = settings->connections,
					.blocking = tell_blocking};
	if (!modules)
		return fault_memory(fault);
	for (size_t i = 0; i < count; i++)
		if (!describe(&host->arena, host->registry.members[i].module, &modules[i]))
			return fault_memory(fault);
	modules[count] = event_store_module();
	modules[count + 1] = schedules_store_module();
	modules[count + 2] = saga_store_module();
	options.modules = modules;
	options.module_count = count + 2 + (sagas > 0);
	ASH_TRY(locate(host, &options.location, fault));
	host->location = options.location;
	ASH_TRY(store_open(&host->store, &options, fault));
	host->environment.store = host->store;
	const struct event_options events = {.workers = settings->workers,
					     .attempts = settings->attempts,
					     .lease_ms = settings->lease * 1000,
					     .retry_ms = settings->retry,
					     .keep_days = settings->keep_days,
					     .dead_days = settings->dead_days,
					     .block_keys = settings->block_keys};
	ASH_TRY(event_hub_new(&host->environment, &events, host->metrics, &host->hub, fault));
	return open_sagas(host, (unsigned)count + 2, sagas, fault);
}

const char *host_file(const struct host *host)
{
	static const char SQLITE[] = "sqlite:";
	const char *location = host->location;
	if (!location || strncmp(location, SQLITE, strlen(SQLITE)) != 0)
		return NULL;
	location += strlen(SQLITE);
	return strcmp(location, ":memory:") == 0 ? NULL : location;
}

ash_status host_migrate(struct host *host, const struct store_migration_options *options,
			struct fault *fault)
{
	return store_migrate(host->store, options, fault);
}

/* ---- at work ---- */

static ash_status start_export(struct host *host, struct fault *fault)
{
	const struct export_options options = {
		.endpoint = host->settings->otlp,
		.service = host->app->name,
		.version = host->app->version,
		.metrics = host->metrics,
	};
	return options.endpoint ? exporter_start(&options, host->recorder, &host->exporter, fault)
				: ASH_OK;
}

static ash_status start_server(struct host *host, struct fault *fault)
{
	const struct settings *settings = host->settings;
	const struct http_server_options options = {
		.address = settings->address,
		.port = settings->port,
		.handle = http_router_handle,
		.context = host->router,
	};
	struct http_server *server;
	struct error error;
	char holder[PROCESS_SIZE];
	if (http_server_start(&options, &server, &error) == 0) {
		atomic_store(&host->server, server);
		return ASH_OK;
	}
	if (error.code == ERROR_BUSY && process_at_port(settings->port, holder, sizeof holder))
		return fault_set(fault, ASH_ALREADY_EXISTS, "%s: %s has it", error.message, holder);
	if (error.code == ERROR_BUSY)
		return fault_set(fault, ASH_ALREADY_EXISTS, "%s", error.message);
	return fault_set(fault,
			 error.code == ERROR_MEMORY ? ASH_RESOURCE_EXHAUSTED : ASH_UNAVAILABLE,
			 "%s", error.message);
}

ash_status host_start(struct host *host, struct fault *fault)
{
	enum role role = host->settings->role;
	ASH_TRY(start_export(host, fault));
	if (role != ROLE_HTTP)
		ASH_TRY(event_hub_start(host->hub, fault));
	if (role != ROLE_HTTP && host->sagas)
		ASH_TRY(saga_hub_start(host->sagas, fault));
	if (role != ROLE_HTTP && host->schedules)
		ASH_TRY(schedules_start(host->schedules, fault));
	/* Whoever runs a worker may want to ask it how it does. */
	if (role != ROLE_WORKER || host->settings->listens)
		ASH_TRY(start_server(host, fault));
	return ASH_OK;
}

void host_stop(struct host *host)
{
	uint32_t patience = host->settings->drain * 1000;
	atomic_store(&host->draining, true);
	if (host->server)
		http_server_drain(host->server, patience);
	schedules_stop(host->schedules);
	if (host->sagas)
		saga_hub_stop(host->sagas);
	if (host->hub)
		event_hub_stop(host->hub);
	host_flush(host, HOST_EXPORT_PATIENCE_MS);
}

void host_flush(struct host *host, uint32_t patience_ms)
{
	exporter_stop(__atomic_exchange_n(&host->exporter, NULL, __ATOMIC_ACQ_REL), patience_ms);
}

void host_release(struct host *host)
{
	if (!host->app)
		return;
	host_stop(host);
	http_server_free(atomic_exchange(&host->server, NULL));
	schedules_free(take(host->schedules));
	saga_hub_free(take(host->sagas));
	event_hub_free(take(host->hub));
	store_free(take(host->store));
	http_router_free(take(host->router));
	registry_release(&host->registry);
	metrics_free(take(host->metrics));
	recorder_free(take(host->recorder));
	arena_release(&host->arena);
	*host = (struct host){0};
}
