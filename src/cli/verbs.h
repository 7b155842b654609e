/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/flags.h"

/* What a verb does: takes the understood command line, shows what it has to show, and returns
 * the exit code. */
typedef int verb_run(const struct arguments *arguments);

verb_run verb_check;
verb_run verb_init;
verb_run verb_baseline;
verb_run verb_refs;
verb_run verb_why;
verb_run verb_explain;
verb_run verb_completion;
verb_run verb_help;
verb_run verb_version;
verb_run verb_graph;    /* in ashlar-graph only */
verb_run verb_affected; /* in ashlar-affected only */
verb_run verb_new;      /* in ashlar-new only */

/* The main() of every executable: understands the command line, answers --help, and runs the
 * verb. `runs` has the verbs that this executable knows; the others are handed to theirs. */
int cli_main(int argc, char **argv, verb_run *const runs[VERB_COUNT]);

#endif
