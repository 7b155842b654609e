/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_RESOLVER_H
#define RESOLVE_RESOLVER_H

#include "resolve/resolve.h"

/* One language's resolver; the table of all is in resolve.c. */
struct resolver {
	/* Reads manifests and indexes the tree, once, on one thread. The state lives in
	 * tree->arena, or is freed by `release`. Manifests that cannot be understood go to
	 * tree->problems. Errors: ERROR_MEMORY. */
	int (*prepare)(struct tree *tree, const struct resolve_settings *settings, void **state,
		       struct error *error);
	/* Resolves all references of one file. Called by several threads at once, each for
	 * files of its own: `state` and the tree must not be written, the file's facts may.
	 * Errors: ERROR_MEMORY. */
	int (*resolve)(const void *state, const struct tree *tree, uint32_t file,
		       struct error *error);
	void (*release)(void *state); /* takes NULL */
};

extern const struct resolver resolver_c;
extern const struct resolver resolver_python;
extern const struct resolver resolver_javascript;
extern const struct resolver resolver_go;
extern const struct resolver resolver_java;

#endif
