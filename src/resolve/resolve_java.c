/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/resolver.h"

static int prepare(struct tree *tree, const struct resolve_settings *settings, void **state,
		   struct error *error)
{
	(void)tree;
	(void)settings;
	(void)error;
	*state = NULL;
	return 0;
}

static int resolve(const void *state, const struct tree *tree, uint32_t file, struct error *error)
{
	(void)state;
	(void)tree;
	(void)file;
	(void)error;
	return 0;
}

static void release(void *state)
{
	(void)state;
}

const struct resolver resolver_java = {prepare, resolve, release};
