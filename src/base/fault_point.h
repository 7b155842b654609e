/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FAULT_POINT_H
#define BASE_FAULT_POINT_H

#include <stdbool.h>

/* Places between two steps at which a test may let the process die, as if its machine had lost
 * power: FAULT_POINT("take.marked"). A program that was built with tests ends by SIGKILL when it
 * passes the point that the environment names for the Nth time: ASHLAR_FAULT_POINT=NAME:N. In one
 * that was built without them (-Dtests=false, which is what users get) nothing is left of it.
 *
 * Not armed, a point costs one load and one branch that is never taken. The names of all points of
 * a program are the texts in its section "fault_points", so that a test finds new ones by itself.
 */

#ifdef ASHLAR_FAULT_POINTS

#define FAULT_POINT(name)                                                                          \
	do {                                                                                       \
		static const char fault_point_[] __attribute__((section("fault_points"), used)) =  \
			name;                                                                      \
		if (__builtin_expect(fault_points_armed, 0))                                       \
			fault_point_pass(fault_point_);                                            \
	} while (0)

/* Whether the environment named one; set before main(). */
extern bool fault_points_armed;

/* Does not return where `name` is the point that is armed, and it is the Nth time. */
void fault_point_pass(const char *name);

#else
#define FAULT_POINT(name)                                                                          \
	do {                                                                                       \
	} while (0)
#endif

#endif
