/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_PICTURE_H
#define PICTURE_PICTURE_H

#include "base/text.h"
#include "finding/finding.h"
#include "graph/graph.h"

/* Draws the modules of a tree and what they use of each other: as DOT, Mermaid, SVG, or as one
 * HTML page with a map, a matrix and the findings. Prints nothing. */

/* A map shows at most so many modules, those with the most references. The matrix and the
 * lists of the page show all. */
#define PICTURE_MODULE_LIMIT 400

/* Lines that the page holds for one edge, and for all; of more it tells the number. */
#define PICTURE_EDGE_LINE_LIMIT 40
#define PICTURE_LINE_LIMIT      60000

/* Findings that the page holds; of more it tells the number. */
#define PICTURE_FINDING_LIMIT 20000

struct picture {
	const struct graph *graph;
	const struct finding_list *findings; /* in any order */
	const struct check_summary *summary;
	struct str title; /* of the tree, such as its folder's name */
	bool proposed;    /* there are no contracts: the modules are a proposal */
};

struct picture_format;

/* The format called "dot", "mermaid", "svg" or "html"; or NULL. */
const struct picture_format *picture_format_named(struct str name);

/* The names of all formats; NULL past the last. */
const char *picture_format_name(size_t index);

/* Adds the picture to `out`. Lines of findings are read below summary->root; one that cannot
 * be read is left out. SVG and HTML take Graphviz one or two seconds for the largest
 * map. Errors: ERROR_MEMORY, and ERROR_IO when Graphviz has no layout; `out` then holds a
 * part. */
int picture_write(const struct picture_format *format, const struct picture *picture,
		  struct text *out, struct error *error) must_check;

#endif
