/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of nine modules, each of which calls the next: for measuring what a hop costs, where they
 * are one process and where each is its own. POST /pass0 {"left": 8} goes all the way. */
#include <ashlar/app.h>

#include "hop0.port.h"
#include "hop1.port.h"
#include "hop2.port.h"
#include "hop3.port.h"
#include "hop4.port.h"
#include "hop5.port.h"
#include "hop6.port.h"
#include "hop7.port.h"
#include "hop8.port.h"

int main(int argc, char **argv)
{
	static const ash_module *const MODULES[] = {
		&hop0_module, &hop1_module, &hop2_module, &hop3_module, &hop4_module,
		&hop5_module, &hop6_module, &hop7_module, &hop8_module, NULL,
	};
	static const ash_app CHAIN = {.name = "chain", .version = "1.0.0", .modules = MODULES};
	return ash_main(argc, argv, &CHAIN);
}
