/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verbs.h"
int verb_graph(const struct arguments *a)
{
	(void)a;
	return 0;
}
