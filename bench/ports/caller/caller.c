/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the same function through a plain pointer and through its port. */
#include "caller.module.h"

#include "adder.port.h"

#include <time.h>

static ash_status add(ash_call *call, const AdderPair *in, AdderSum *out)
{
	(void)call;
	out->sum = in->a + in->b;
	return ASH_OK;
}

static ash_status (*volatile plain)(ash_call *, const AdderPair *, AdderSum *) = add;

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static ash_status measure(ash_call *call, const CallerPlan *in, CallerTimes *out)
{
	AdderPair pair = ADDER__V1__PAIR__INIT;
	AdderSum sum = ADDER__V1__SUM__INIT;
	int64_t start = now();
	for (pair.a = 0; pair.a < in->calls; pair.a++) {
		ASH_TRY(plain(call, &pair, &sum));
		out->sum += sum.sum;
	}
	int64_t middle = now();
	for (pair.a = 0; pair.a < in->calls; pair.a++) {
		ASH_TRY(adder_add(call, &pair, &sum));
		out->sum += sum.sum;
	}
	out->plain_ns = middle - start;
	out->port_ns = now() - middle;
	return ASH_OK;
}

ASH_MODULE(caller, .caller = {.measure = measure});
