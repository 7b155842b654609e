/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar: the verbs that need no heavy library. */
#include "cli/verbs.h"

int main(int argc, char **argv)
{
	static verb_run *const RUNS[VERB_COUNT] = {
		[VERB_CHECK] = verb_check,
		[VERB_INIT] = verb_init,
		[VERB_BASELINE] = verb_baseline,
		[VERB_REFS] = verb_refs,
		[VERB_WHY] = verb_why,
		[VERB_EXPLAIN] = verb_explain,
		[VERB_COMPLETION] = verb_completion,
		[VERB_HELP] = verb_help,
		[VERB_VERSION] = verb_version,
	};
	return cli_main(argc, argv, RUNS);
}
