/* SPDX-License-Identifier: Apache-2.0 */
#include "port/application.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- the clock ---- */

static int64_t turned_wall(const struct clock *clock)
{
	const struct application *application = (const void *)clock; /* its first member */
	return __atomic_load_n(&application->wall, __ATOMIC_RELAXED);
}

static uint64_t turned_monotonic(const struct clock *clock)
{
	const struct application *application = (const void *)clock;
	uint64_t turned = __atomic_load_n(&application->monotonic, __ATOMIC_RELAXED);
	return turned ? turned : clock_monotonic();
}

/* ---- the folder ---- */

void application_folder_make(struct application_folder *folder)
{
	strcpy(folder->path, "/tmp/ashlar-test-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->location, sizeof folder->location, "sqlite:%s/store.db", folder->path);
}

void application_folder_remove(const struct application_folder *folder)
{
	static const char *const FILES[] = {"store.db", "store.db-wal", "store.db-shm"};
	char path[128];
	for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
		snprintf(path, sizeof path, "%s/%s", folder->path, FILES[i]);
		unlink(path);
	}
	rmdir(folder->path);
}

/* ---- the store ---- */

bool application_is_on_postgresql(void)
{
	const char *wanted = getenv("ASHLAR_STORE");
	return wanted && strncmp(wanted, "postgres", 8) == 0;
}

const char *application_store(const char *location)
{
	return application_is_on_postgresql() ? getenv("ASHLAR_STORE") : location;
}

void application_admin(const char *sql)
{
	PGconn *connection = PQconnectdb(getenv("ASHLAR_STORE_ADMIN"));
	PGresult *result = PQexec(connection, sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
}

void application_clear(const char *schemas)
{
	char sql[256];
	if (!application_is_on_postgresql())
		return;
	snprintf(sql, sizeof sql,
		 "set client_min_messages = error; drop schema if exists ashlar, %s cascade",
		 schemas);
	application_admin(sql);
}

static struct store *open_store(const char *location, const struct store_module *tables,
				size_t count)
{
	const struct store_options options = {
		.location = application_store(location), .modules = tables, .module_count = count};
	struct store *store = NULL;
	struct fault fault;
	if (store_open(&store, &options, &fault) != ASH_OK ||
	    store_migrate(store, &(struct store_migration_options){0}, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	return store;
}

/* ---- the application ---- */

void application_open(struct application *application, const char *location,
		      const ash_module *const *modules, size_t module_count,
		      const struct store_module *tables, size_t table_count)
{
	struct error_list errors = {0};
	struct error error;
	*application = (struct application){.clock = {turned_monotonic, turned_wall},
					    .wall = 1795241041000000};
	application->metrics = metrics_new();
	assert_int_equal(registry_build(modules, module_count, application->metrics,
					&application->registry, &errors, &error),
			 0);
	assert_int_equal(errors.count, 0);
	application->store = open_store(location, tables, table_count);
	application->environment = (struct environment){.registry = &application->registry,
							.store = application->store,
							.clock = &application->clock};
}

void application_close(struct application *application)
{
	metrics_free(application->metrics);
	store_free(application->store);
	registry_release(&application->registry);
}

ash_status application_run(struct application *application, const char *module, const char *name,
			   ash_status (*handler)(void *context, ash_call *call), void *context)
{
	struct request request;
	request_begin(&request, &application->environment, CALL_NO_DEADLINE, NULL);
	ash_status status = request_run(&request, registry_find(&application->registry, module),
					"test", SPAN_SERVER, name, handler, context);
	if (status != ASH_OK)
		print_message("%s: %s\n", name, request.fault.message);
	request_end(&request);
	return status;
}
