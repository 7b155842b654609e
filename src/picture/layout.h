/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_LAYOUT_H
#define PICTURE_LAYOUT_H

#include "picture/model.h"

/* Where everything stands on the map, in pixels from the upper left corner. */

/* Links that Graphviz is given, heaviest first. Its time grows faster than their number; the
 * rest is drawn as plain curves between the places that it found. */
#define LAYOUT_LINK_LIMIT 600

struct point {
	double x;
	double y;
};

struct spot {
	struct point centre;
	double width;
	double height;
};

/* Bézier curves from the first point to the last: one point, then three for each curve. */
struct curve {
	uint32_t first; /* in layout.points */
	uint32_t count; /* 0: the link is not on the map */
};

/* Where a layer is. */
struct band {
	uint32_t layer; /* index in contracts.layers, or their number: modules without a layer */
	double top;
	double bottom;
};

struct layout {
	struct spot *spots;   /* by node; zeroed for those that are not shown */
	struct curve *curves; /* by link */
	struct point *points;
	size_t point_count;
	size_t point_capacity;
	struct band *bands; /* from top to bottom; none where no module has a layer */
	uint32_t band_count;
	double width;
	double height;
	struct arena arena;
};

/* Characters of a module's name that the map shows; of a longer one the end. */
#define LAYOUT_NAME_LIMIT 34

/* Errors: ERROR_MEMORY. */
int layout_build(const struct model *model, struct layout *out, struct error *error) must_check;

/* Frees what layout_build() made. */
void layout_release(struct layout *layout);

/* ---- the two steps, each in a file of its own ---- */

/* Fills spots, curves of the links it is given, and the size, with Graphviz. Errors:
 * ERROR_MEMORY. */
int layout_by_graphviz(const struct model *model, struct layout *layout,
		       struct error *error) must_check;

/* Adds a point. Returns false without memory. */
bool layout_add_point(struct layout *layout, struct point point) must_check;

#endif
