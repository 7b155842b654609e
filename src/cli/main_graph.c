/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar-graph: the verb that needs Graphviz. */
#include "cli/verbs.h"

int main(int argc, char **argv)
{
	static verb_run *const RUNS[VERB_COUNT] = {[VERB_GRAPH] = verb_graph};
	return cli_main(argc, argv, RUNS);
}
