/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar-new: the verb that brings the templates of an application along. */
#include "cli/verbs.h"

int main(int argc, char **argv)
{
	static verb_run *const RUNS[VERB_COUNT] = {[VERB_NEW] = verb_new};
	return cli_main(argc, argv, RUNS);
}
