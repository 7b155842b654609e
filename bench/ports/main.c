/* SPDX-License-Identifier: Apache-2.0 */
/* What a call of a port costs within the process. A line of JSON a round, times in nanoseconds a
 * call: ports [ROUNDS [CALLS]] */
#include <stdio.h>
#include <stdlib.h>

#include "adder.port.h"
#include "caller.port.h"
#include "port/call.h"

static int measure(const struct environment *environment, int64_t calls, double *plain,
		   double *port)
{
	struct request request;
	CallerPlan plan = CALLER__V1__PLAN__INIT;
	CallerTimes times = CALLER__V1__TIMES__INIT;
	plan.calls = calls;
	request_begin(&request, environment, CALL_NO_DEADLINE, NULL);
	ash_status status =
		request_call(&request, "", registry_binding(environment->registry, &caller_port), 0,
			     &plan, &times);
	if (status != ASH_OK || times.sum != calls * (calls - 1))
		fprintf(stderr, "ports: %s\n", request.fault.message);
	request_end(&request);
	*plain = (double)times.plain_ns / (double)calls;
	*port = (double)times.port_ns / (double)calls;
	return status;
}

int main(int count, char **arguments)
{
	const ash_module *const modules[] = {&adder_module, &caller_module};
	int rounds = count > 1 ? atoi(arguments[1]) : 11;
	int64_t calls = count > 2 ? atoll(arguments[2]) : 2000000;
	struct registry registry;
	struct error_list errors = {0};
	struct error error;
	if (registry_build(modules, 2, metrics_new(), &registry, &errors, &error) < 0 ||
	    errors.count > 0)
		return 2;
	struct environment never = {.registry = &registry,
				    .clock = &clock_system,
				    .recorder = recorder_new(4096, 0.0, &clock_system)};
	struct environment always = never;
	always.recorder = recorder_new(4096, 1.0, &clock_system);
	for (int round = 0; round < rounds; round++) {
		double plain, port, again, sampled;
		if (measure(&never, calls, &plain, &port) ||
		    measure(&always, calls, &again, &sampled))
			return 1;
		printf("{\"plain\": %.2f, \"unsampled\": %.2f, \"sampled\": %.2f}\n", plain, port,
		       sampled);
	}
	return 0;
}
