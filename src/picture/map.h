/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_MAP_H
#define PICTURE_MAP_H

#include "picture/layout.h"

/* Adds the <svg> element of the map. For the page (`interactive`) every link is in it, those
 * that are not to be seen at first in class "minor"; data-node and data-link carry the place of
 * a node and the number of a link, and nodes can be reached by keyboard. By itself it has its
 * own style. */
void map_write(const struct model *model, const struct layout *layout, bool interactive,
	       struct text *out);

#endif
