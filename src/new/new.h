/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NEW_NEW_H
#define NEW_NEW_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

/* What a new application, and a new module of one, are made of: files from templates that are part
 * of the program. Writes nothing by itself. */

/* Bytes of a name. */
#define NEW_NAME_LIMIT 40

#define NEW_FILE_LIMIT 16

struct new_file {
	const char *path; /* from the folder that was asked for */
	struct text content;
};

struct new_files {
	struct new_file items[NEW_FILE_LIMIT];
	size_t count;
	struct arena arena;
};

/* Frees all; takes a zeroed struct. */
void new_files_release(struct new_files *files);

/* Adds the files of an application with one module. Errors: ERROR_INVALID (what is wrong with one
 * of the names), ERROR_MEMORY. */
int new_app(struct new_files *files, const char *name, const char *module,
	    struct error *error) must_check;

/* Adds the files of a module, to lie in `folder` ("modules/billing"). Errors: as new_app(). */
int new_module(struct new_files *files, const char *folder, const char *name,
	       struct error *error) must_check;

/* Whether a module may have the name: in C, in SQL and in a .proto. Errors: ERROR_INVALID. */
int new_check_module(const char *name, struct error *error) must_check;

enum new_entry {
	NEW_ENTRY_ADDED,
	NEW_ENTRY_THERE, /* the list has it already */
	NEW_ENTRY_NONE,  /* there is no list of modules that ends with NULL */
};

/* Adds a module to the list of modules in the C of an application (see templates/app.h.in): a line
 * with its header after those that are there, and an item before the NULL. All else stays as it
 * is, to the byte. `out` is empty unless it was added. Errors: ERROR_MEMORY. */
int new_enter(struct str source, const char *name, struct text *out, enum new_entry *entry,
	      struct error *error) must_check;

#endif
