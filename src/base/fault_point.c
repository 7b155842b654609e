/* SPDX-License-Identifier: Apache-2.0 */
/* The one fault point that the environment arms. Must not do anything on the way out: what a
 * process had not given to the system when it died is lost, and that is the test. */
#include "fault_point.h"

#ifdef ASHLAR_FAULT_POINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool fault_points_armed;
static char armed[64];
static atomic_long passes_left;

__attribute__((constructor)) static void arm(void)
{
	const char *wanted = getenv("ASHLAR_FAULT_POINT");
	const char *colon = wanted ? strchr(wanted, ':') : NULL;
	if (!colon || (size_t)(colon - wanted) >= sizeof armed)
		return;
	memcpy(armed, wanted, (size_t)(colon - wanted));
	atomic_store(&passes_left, strtol(colon + 1, NULL, 10));
	fault_points_armed = true;
}

void fault_point_pass(const char *name)
{
	if (strcmp(name, armed) == 0 && atomic_fetch_sub(&passes_left, 1) == 1)
		kill(getpid(), SIGKILL);
}

#endif
