/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_HOST_H
#define APP_HOST_H

#include <stdatomic.h>

#include <ashlar/app.h>

#include "app/remotes.h"
#include "app/secure.h"
#include "app/schedule.h"
#include "saga/saga.h"
#include "app/settings.h"
#include "event/event.h"
#include "http/files.h"
#include "http/router.h"
#include "http/server.h"
#include "port/call.h"
#include "store/store.h"
#include "telemetry/export.h"

/* Spans that are kept to be looked at. */
#define HOST_SPANS 16384

/* What of the server was counted when the metrics were written last. */
struct host_counts {
	struct http_counters seen;
	struct series *connections, *requests, *open, *handshakes, *statuses[6];
	struct series *turned_away;
	struct series *store_open, *store_busy;
};

/* An application in this process. Set up from above to below, taken down the other way round. */
struct host {
	const ash_app *app;
	const struct settings *settings;
	const char *name; /* "shop", or "shop-till" for a process of a placement */
	struct logger logger;
	int log_file;
	struct metrics *metrics;
	struct registry registry;
	struct arena arena; /* of routes and assets */
	struct http_router *router;
	struct http_asset *assets;
	struct recorder *recorder;
	struct environment environment;
	const char *location; /* of the store */
	struct store *store;
	struct event_hub *hub;
	struct schedules *schedules;
	struct saga_hub *sagas;    /* NULL: no module has any */
	struct secure *secure;     /* NULL: without TLS */
	struct remotes *remotes;   /* NULL: all modules run in this process */
	struct policies *policies; /* around the ports */
	struct splits *splits;     /* NULL: the deployment file has none */
	unsigned split_module;     /* the store's index of their tables */
	struct exporter *exporter;
	struct http_server *_Atomic server;
	struct admin *admin; /* NULL: no listener of its own */
	struct host_counts counts;
	_Atomic bool draining; /* asked to end */
};

/* Puts the modules together and binds their routes. What does not fit goes to `errors`, with its
 * place. `app` and `settings` must outlive the host. Errors: ERROR_MEMORY, ERROR_LIMIT. */
int host_init(struct host *host, const ash_app *app, const struct settings *settings,
	      struct error_list *errors, struct error *error) must_check;

/* Whether there is a store to open, where that can be seen before: ASH_NOT_FOUND, with its path,
 * where its file is not there; ASH_UNAVAILABLE where that cannot be known. Makes nothing. */
ash_status host_find(struct host *host, struct fault *fault) ASH_MUST_CHECK;

/* Opens the store, made if it is not there, which is not yet migrated, and finds who subscribes to
 * what; nothing is delivered yet. Errors: those of store_open(), ASH_UNAVAILABLE (the data
 * folder). */
ash_status host_open(struct host *host, struct fault *fault) ASH_MUST_CHECK;

/* The file of the open store's data; NULL where it is not in one. */
const char *host_file(const struct host *host);

/* Brings the schema up to date, or says what would be done; see store_migrate(). */
ash_status host_migrate(struct host *host, const struct store_migration_options *options,
			struct fault *fault) ASH_MUST_CHECK;

/* Looks whether host_start() will get its addresses. Errors: as host_start() has for them. */
ash_status host_look(const struct host *host, struct fault *fault) ASH_MUST_CHECK;

/* Starts what its role says: workers, schedules, the server. Errors: ASH_ALREADY_EXISTS (the
 * address is taken: by whom, as far as that can be seen), ASH_UNAVAILABLE (it cannot be had),
 * ASH_RESOURCE_EXHAUSTED, and those of secure_start(). */
ash_status host_start(struct host *host, struct fault *fault) ASH_MUST_CHECK;

/* Has files that may have been replaced read again, soon. Any thread. */
void host_reload(struct host *host);

/* Ends all of it: answers what came, hands over what is being delivered, sends the spans that are
 * left. Each for at most `drain` seconds, after which what is left is cut off. */
void host_stop(struct host *host);

/* Sends the spans that are left, for at most `patience_ms`, and exports no more. Any thread. */
void host_flush(struct host *host, uint32_t patience_ms);

/* Stops and frees. Takes a zeroed struct. */
void host_release(struct host *host);

/* ---- between the files of app/ ---- */

/* binding.c: finishes the binding of each port, once, when the host is made: what stands between a
 * caller and the module that answers. Errors: as host_init(). */
int host_finish_bindings(struct host *host, struct error *error) must_check;

/* bind.c: adds the routes of all methods to host->router; of those of other processes where this
 * one is a front. Errors: as host_init(). */
int host_bind(struct host *host, struct error_list *errors, struct error *error) must_check;

/* inspect.c: adds /metrics, /healthz, /readyz and, where settings allow, /ashlar/... */
int host_add_inspection(struct host *host, struct http_router *router,
			struct error *error) must_check;
/* inspect.c: whether it adds that one itself. */
bool host_is_built_in(const struct host *host, const char *verb, const char *pattern);
/* inspect.c: makes the series of the server and the store. */
ash_status host_count(struct host *host, struct fault *fault) ASH_MUST_CHECK;

/* serve.c: adds /PORT/METHOD of the ports that other processes need, that the deployment file opens
 * or that settings name, for those who may call them. Names of no port go to `errors`. Errors: as
 * host_init(). */
int host_serve_ports(struct host *host, struct error_list *errors, struct error *error) must_check;

/* assets.c: adds the application's own files below "/". */
int host_add_assets(struct host *host, struct error *error) must_check;

#endif
