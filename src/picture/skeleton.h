/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_SKELETON_H
#define PICTURE_SKELETON_H

#include "picture/model.h"

/* Sets `main` of the links that make the skeleton of the map: the transitive reduction of those
 * that go down in the order of the nodes. Needs that order, and which nodes are shown. Takes
 * time n log n to the links. Errors: ERROR_MEMORY. */
int skeleton_mark(struct model *model, struct error *error) must_check;

#endif
