/* SPDX-License-Identifier: Apache-2.0 */
/* An application in this process: what it is made of, in the order in which the parts need each
 * other. Prints nothing but log lines. */
#include "app/host.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/address.h"
#include "app/admin.h"
#include "app/crowd.h"
#include "app/policies.h"
#include "app/splits.h"
#include "base/descriptors.h"
#include "base/mem.h"

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

static bool runs_here(const void *context, const ash_module *module)
{
	return placement_has(context, module->name);
}

static int build_router(struct host *host, struct error_list *errors, struct error *error)
{
	host->router = http_router_new();
	if (!host->router)
		return error_memory(error);
	if (host_bind(host, errors, error) < 0 ||
	    host_add_inspection(host, host->router, error) < 0 ||
	    admin_add(host, errors, error) < 0 || host_serve_ports(host, errors, error) < 0 ||
	    host_add_assets(host, error) < 0)
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
	host->name = settings->process ? arena_format(&host->arena, "%s-%s", app->name,
						      settings->process->name.text)
				       : app->name;
	host->logger = (struct logger){log_to_descriptor, &host->log_file, settings->clock,
				       settings->log, host->name};
	host->metrics = metrics_new();
	host->recorder = recorder_new(HOST_SPANS, settings->sample, settings->clock);
	if (!host->name || !host->metrics || !host->recorder || host_count(host, &fault) != ASH_OK)
		return error_memory(error);
	if (registry_build_part(app->modules, count_modules(app),
				settings->process ? runs_here : NULL, settings->process,
				host->metrics, &host->registry, errors, error) < 0)
		return -1;
	host->environment = (struct environment){
		.registry = &host->registry,
		.recorder = host->recorder,
		.logger = &host->logger,
		.clock = settings->clock,
	};
	if (host_finish_bindings(host, error) < 0 ||
	    schedules_new(&host->environment, (uint64_t)settings->schedule_deadline * 1000000000,
			  &host->schedules, errors, error) < 0)
		return -1;
	return build_router(host, errors, error);
}

/* ---- the store ---- */

/* One module of the registry as the store knows it. Both texts and steps live in the arena. */
static bool describe(struct arena *arena, const struct member *member, struct store_module *out)
{
	const ash_module *module = member->module;
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
	*out = (struct store_module){module->name, schemas, steps, module->migration_count,
				     .elsewhere = member->elsewhere};
	return true;
}

static ash_status locate(struct host *host, struct fault *fault)
{
	const struct settings *settings = host->settings;
	host->location = settings->store ? settings->store
					 : arena_format(&host->arena, "sqlite:%s/%s.db",
							settings->data, host->app->name);
	return host->location ? ASH_OK : fault_memory(fault);
}

static ash_status make_folder(const struct settings *settings, struct fault *fault)
{
	if (settings->store || mkdir(settings->data, 0700) == 0 || errno == EEXIST)
		return ASH_OK;
	return fault_set(fault, ASH_UNAVAILABLE, "the data folder %s cannot be made: %s",
			 settings->data, strerror(errno));
}

ash_status host_find(struct host *host, struct fault *fault)
{
	ASH_TRY(locate(host, fault));
	const char *file = host_file(host);
	if (!file || access(file, F_OK) == 0)
		return ASH_OK;
	if (errno != ENOENT && errno != ENOTDIR)
		return fault_set(fault, ASH_UNAVAILABLE, "the store %s cannot be looked at: %s",
				 file, strerror(errno));
	return fault_set(fault, ASH_NOT_FOUND,
			 "there is no store %s: --data says in which folder it is, --store where; "
			 "'%s migrate' makes a new one",
			 file, host->app->name);
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
					     .lease_ms = host->settings->lease * 1000,
					     .step_ms = host->settings->step_deadline * 1000,
					     .keep_days = host->settings->saga_days};
	struct saga_of *sagas = arena_array(&host->arena, count, sizeof *sagas);
	size_t filled = 0;
	if (count == 0)
		return ASH_OK;
	if (!sagas)
		return fault_memory(fault);
	for (size_t i = 0; i < host->registry.member_count; i++) {
		const ash_module *of = host->registry.members[i].module;
		for (size_t j = 0; !host->registry.members[i].elsewhere && j < of->saga_count; j++)
			sagas[filled++] = (struct saga_of){of->name, of->sagas[j].saga(of->code)};
	}
	return saga_hub_new(&host->environment, module, sagas, filled, &options, host->metrics,
			    &host->sagas, fault);
}

ash_status host_open(struct host *host, struct fault *fault)
{
	const struct settings *settings = host->settings;
	size_t count = host->registry.member_count, sagas = count_sagas(host);
	struct store_module *modules = arena_array(&host->arena, count + 4, sizeof *modules);
	struct store_options options = {.connections = settings->connections,
					.blocking = tell_blocking};
	if (!modules)
		return fault_memory(fault);
	for (size_t i = 0; i < count; i++)
		if (!describe(&host->arena, &host->registry.members[i], &modules[i]))
			return fault_memory(fault);
	modules[count] = event_store_module();
	modules[count + 1] = schedules_store_module();
	modules[count + 2] = saga_store_module();
	options.modules = modules;
	options.module_count = count + 2 + (sagas > 0);
	host->split_module = (unsigned)options.module_count;
	if (host->splits)
		modules[options.module_count++] = board_store_module();
	ASH_TRY(locate(host, fault));
	ASH_TRY(make_folder(settings, fault));
	options.location = host->location;
	ASH_TRY(store_open(&host->store, &options, fault));
	host->environment.store = host->store;
	const struct event_options events = {.workers = settings->workers,
					     .attempts = settings->attempts,
					     .lease_ms = settings->lease * 1000,
					     .retry_ms = settings->retry,
					     .handler_ms = settings->handler_deadline * 1000,
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
		.service = host->name,
		.version = host->app->version,
		.metrics = host->metrics,
		.logger = &host->logger,
	};
	return options.endpoint ? exporter_start(&options, host->recorder, &host->exporter, fault)
				: ASH_OK;
}

/* Files of connections to each of the other processes, and to the listener of `admin`. */
enum { HOST_REMOTE_FILES = 64, HOST_ADMIN_FILES = 64 };

static uint32_t bound_crowd(const struct host *host)
{
	const struct settings *settings = host->settings;
	size_t processes = settings->placement ? settings->placement->process_count : 0;
	unsigned others = processes > 1 ? (unsigned)(processes - 1) * HOST_REMOTE_FILES : 0;
	if (settings->admin_address)
		others += HOST_ADMIN_FILES;
	uint32_t files = descriptors_limit();
	uint32_t bound = crowd_bound(files, settings->connections, others);
	crowd_tell_bound(&host->logger, bound, files);
	return bound;
}

static ash_status start_server(struct host *host, struct fault *fault)
{
	const struct settings *settings = host->settings;
	const struct http_server_options options = {
		.address = settings->address,
		.port = settings->port,
		.connections = bound_crowd(host),
		.handle = http_router_handle,
		.context = host->router,
		.tls = settings->tls_certificate ? secure_tls(host->secure) : NULL,
		.pin = settings->pin,
		.tell = crowd_tell,
		.tell_context = &host->logger,
	};
	struct http_server *server;
	struct error error;
	if (http_server_start(&options, &server, &error) == 0) {
		atomic_store(&host->server, server);
		return ASH_OK;
	}
	return address_refused(settings->address, settings->port, &error, fault);
}

/* Whoever runs a worker may want to ask it how it does. */
static bool answers(const struct host *host)
{
	return host->settings->role != ROLE_WORKER || host->settings->listens;
}

ash_status host_start(struct host *host, struct fault *fault)
{
	enum role role = host->settings->role;
	ASH_TRY(start_export(host, fault));
	ASH_TRY(secure_start(host->settings, &host->logger, host->metrics, &host->secure, fault));
	if (host->remotes)
		ASH_TRY(remotes_start(host->remotes, secure_tls(host->secure),
				      (uint64_t)host->settings->call_timeout * 1000000000, fault));
	if (host->splits)
		ASH_TRY(splits_start(host->splits, host->split_module, fault));
	if (role != ROLE_HTTP)
		ASH_TRY(event_hub_start(host->hub, fault));
	if (role != ROLE_HTTP && host->sagas)
		ASH_TRY(saga_hub_start(host->sagas, fault));
	if (role != ROLE_HTTP && host->schedules)
		ASH_TRY(schedules_start(host->schedules, fault));
	if (answers(host))
		ASH_TRY(start_server(host, fault));
	return admin_start(host, &host->admin, fault);
}

ash_status host_look(const struct host *host, struct fault *fault)
{
	const struct settings *settings = host->settings;
	if (answers(host))
		ASH_TRY(address_look(settings->address, settings->port, fault));
	return settings->admin_address
		       ? address_look(settings->admin_address, settings->admin_port, fault)
		       : ASH_OK;
}

void host_reload(struct host *host)
{
	secure_reload(host->secure);
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
	splits_stop(host->splits);
	remotes_stop(host->remotes);
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
	admin_free(take(host->admin));
	http_server_free(atomic_exchange(&host->server, NULL));
	schedules_free(take(host->schedules));
	saga_hub_free(take(host->sagas));
	event_hub_free(take(host->hub));
	splits_free(take(host->splits));
	store_free(take(host->store));
	remotes_free(take(host->remotes));
	secure_free(take(host->secure));
	http_router_free(take(host->router));
	policies_free(take(host->policies));
	registry_release(&host->registry);
	metrics_free(take(host->metrics));
	recorder_free(take(host->recorder));
	arena_release(&host->arena);
	*host = (struct host){0};
}
