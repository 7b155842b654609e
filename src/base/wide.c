/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the processor once what it can do. Knows nothing of what is done with it. */
#include "base/wide.h"

bool wide_is_here;

void wide_allow(bool allowed)
{
#ifdef HAVE_WIDE
	wide_is_here = allowed && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		       __builtin_cpu_supports("popcnt");
#else
	wide_is_here = false;
	(void)allowed;
#endif
}

__attribute__((constructor)) static void look(void)
{
#ifdef HAVE_WIDE
	__builtin_cpu_init();
#endif
	wide_allow(true);
}
