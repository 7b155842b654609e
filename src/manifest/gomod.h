/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_GOMOD_H
#define MANIFEST_GOMOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* What a go.mod or a go.work says about where packages are. All texts are views on the
 * content that was parsed, which must live as long. A zeroed struct is an empty file. */

/* A larger go.mod or go.work is not worth reading, in bytes. */
#define GOMOD_FILE_LIMIT ((size_t)4 << 20)

struct gomod_require {
	struct str path;
	uint32_t line;
};

struct gomod_replace {
	struct str path;
	struct str with;     /* a folder ("./x", "../x", "/x") or another module's path */
	bool with_is_folder; /* seen from the file's own folder unless it starts with '/' */
	uint32_t line;
};

/* A folder of go.work's `use`, seen from the file's own folder. */
struct gomod_use {
	struct str folder;
	uint32_t line;
	uint32_t column;
};

struct gomod {
	struct str module; /* empty in a go.work, or where the file does not say it */
	uint32_t module_line;
	struct gomod_require *requires;
	size_t require_count;
	size_t require_capacity;
	struct gomod_replace *replaces;
	size_t replace_count;
	size_t replace_capacity;
	struct gomod_use *uses;
	size_t use_count;
	size_t use_capacity;
};

/* Frees everything; takes one that is half built. */
void gomod_release(struct gomod *mod);

/* Reads the text of a go.mod or go.work (the two share their syntax). `file` is the name for
 * errors. A line that cannot be understood is told in `problems` with its place and passed
 * over; directives that say nothing about places (go, toolchain, exclude ...) are passed over
 * too, and so are unknown ones, which a later Go may have added. Errors: ERROR_MEMORY; `out`
 * is then empty. */
int gomod_parse(struct str content, const char *file, struct error_list *problems,
		struct gomod *out, struct error *error) must_check;

#endif
