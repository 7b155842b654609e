/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPOSE_NAMES_H
#define PROPOSE_NAMES_H

#include "contract/contract.h"

/* Gives the first `count` modules of `contracts`, whose paths are set, names that differ, and
 * the paths of their files: the shortest end of the path that no shorter path has taken, and
 * that says more than "src"; for the root the name of its folder in `root`. Private to this
 * folder. Returns -1 without memory. */
int names_give(const char *root, struct contracts *contracts, size_t count);

#endif
