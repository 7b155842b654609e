/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_TSCONFIG_H
#define MANIFEST_TSCONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "manifest/json.h"

/* What a tsconfig.json or jsconfig.json says of where modules are, as plain data that lives
 * in an arena. What it extends is not followed here. */

/* One key of `paths`, with at most one star. */
struct tsconfig_path {
	struct str prefix; /* before the star, or all of it */
	struct str suffix; /* after the star */
	bool star;
	struct str_list targets;
};

struct tsconfig {
	struct str_list extends;
	struct str base_url; /* `at` is NULL when not given */
	struct str out_dir;  /* the same */
	struct str root_dir; /* the same */
	struct tsconfig_path *paths;
	size_t path_count;
	bool has_paths;
	struct str_list root_dirs;
	bool has_root_dirs;
	struct str_list files;
	bool has_files;
	struct str_list include;
	bool has_include;
	struct str_list exclude;
	bool has_exclude;
	struct str_list references; /* paths of folders or files */
};

/* Reads a configuration. What has the wrong type is passed over. `path` is for the error.
 * Errors: those of json_parse(). */
int tsconfig_read(const char *path, struct str text, struct arena *arena, struct tsconfig *out,
		  struct error *error) must_check;

#endif
