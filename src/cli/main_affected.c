/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar-affected: the verb that needs libgit2. */
#include "cli/verbs.h"

int main(int argc, char **argv)
{
	static verb_run *const RUNS[VERB_COUNT] = {[VERB_AFFECTED] = verb_affected};
	return cli_main(argc, argv, RUNS);
}
