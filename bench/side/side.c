/* SPDX-License-Identifier: Apache-2.0 */
#include "side/side.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

void side_die(const char *why)
{
	fprintf(stderr, "bench: %s\n", why);
	exit(1);
}

void side_must(ash_status status, const struct fault *fault)
{
	if (status != ASH_OK)
		side_die(fault->message);
}

void side_open(struct side *side, const char *location, const ash_module *const *modules,
	       size_t module_count, const struct store_module *tables, size_t table_count)
{
	const struct store_options store = {.location = location,
					    .modules = tables,
					    .module_count = table_count,
					    .connections = SIDE_THREADS_MOST + 16};
	struct error_list errors = {0};
	struct error error;
	struct fault fault;
	side->metrics = metrics_new();
	if (registry_build(modules, module_count, side->metrics, &side->registry, &errors, &error) <
		    0 ||
	    errors.count > 0)
		side_die("the modules do not fit together");
	side_must(store_open(&side->store, &store, &fault), &fault);
	side->environment = (struct environment){
		.registry = &side->registry, .store = side->store, .clock = &clock_system};
}

void side_close(struct side *side)
{
	metrics_free(side->metrics);
	store_free(side->store);
	registry_release(&side->registry);
}

void side_in_threads(unsigned count, void *(*function)(void *), void *context)
{
	pthread_t threads[SIDE_THREADS_MOST];
	if (count > SIDE_THREADS_MOST)
		side_die("too many threads");
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, function, context) != 0)
			side_die("no threads");
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void *connect_once(void *context)
{
	const struct side *side = context;
	struct store_session *session = NULL;
	struct fault fault;
	side_must(store_acquire(side->store, STORE_NO_DEADLINE, &session, &fault), &fault);
	usleep(50000);
	store_release(session);
	return NULL;
}

void side_connect(struct side *side, unsigned count)
{
	side_in_threads(count, connect_once, side);
}

void side_run(struct side *side, const char *module, const char *name,
	      ash_status (*handler)(void *context, ash_call *call), void *context)
{
	struct request request;
	request_begin(&request, &side->environment, CALL_NO_DEADLINE, NULL);
	side_must(request_run(&request, registry_find(&side->registry, module), "bench",
			      SPAN_SERVER, name, handler, context),
		  &request.fault);
	request_end(&request);
}
