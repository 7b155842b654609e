/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PICTURE_FIXTURE_H
#define TESTS_UNIT_PICTURE_FIXTURE_H

#include "picture/picture.h"

/* A graph of modules without a tree on disk: module i has one file, and a reference in it for
 * each use of another module. */

enum { FIXTURE_MODULES = 500, FIXTURE_EDGES = 4000, FIXTURE_USES = 9000 };

struct fixture_edge {
	uint32_t from;
	uint32_t to;
	uint32_t uses; /* 0 ends a list */
	bool type_only;
};

struct fixture {
	struct entry entries[FIXTURE_MODULES + 1];
	struct facts facts[FIXTURE_MODULES + 1];
	uint32_t module_of[FIXTURE_MODULES + 1];
	struct module modules[FIXTURE_MODULES];
	struct reference references[FIXTURE_USES];
	struct edge edges[FIXTURE_EDGES];
	struct use uses[FIXTURE_USES];
	struct layer layers[4];
	char texts[FIXTURE_MODULES][2][24];
	struct finding findings[8];
	struct tree tree;
	struct contracts contracts;
	struct graph graph;
	struct finding_list list;
	struct check_summary summary;
	struct picture picture;
};

/* Modules "m0", "m1", ... of owner "team", with `edges` in the order of from and to. */
void fixture_init(struct fixture *fixture, uint32_t modules, const struct fixture_edge *edges);
void fixture_release(struct fixture *fixture);

/* Gives the tree layers, upper first, and puts module i into the layer modules_in[i]. */
void fixture_layers(struct fixture *fixture, uint32_t layers, const uint32_t *layer_of);

/* Adds a finding of module `from` about `to`. */
struct finding *fixture_find(struct fixture *fixture, const char *rule, uint32_t from, uint32_t to);

/* Draws the picture; fails the test where that fails. */
void fixture_draw(const struct fixture *fixture, const char *format, struct text *out);

#endif
