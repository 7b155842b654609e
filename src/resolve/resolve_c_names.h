/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_C_NAMES_H
#define RESOLVE_C_NAMES_H

#include "scan/tree.h"

/* What the C and C++ files of a tree give names to: macros that stand for headers, and
 * modules. Private to the C resolver. */
struct c_names {
	struct map modules; /* name to the file that gives it to others */
	struct map macros;  /* name to an index in `headers` */
	struct c_header *headers;
	size_t header_count;
	size_t header_capacity;
};

/* A header as a macro's value says it. */
struct c_header {
	struct str name;
	enum include_form form; /* INCLUDE_QUOTE or INCLUDE_ANGLE */
	bool ambiguous;         /* the tree has different values for the macro */
};

/* Errors: ERROR_MEMORY; `out` must be released in any case. */
int c_names_init(struct c_names *out, const struct tree *tree, struct error *error) must_check;

/* Frees everything; takes one that is half built. */
void c_names_release(struct c_names *names);

/* Splits a declaration into macro and header; false when it is a module's. */
bool c_names_split(struct str declaration, struct str *macro, struct c_header *out);

/* The header that all definitions of the macro in the tree agree on; false when there is none,
 * or more than one. */
bool c_names_header(const struct c_names *names, struct str macro, struct c_header *out);

/* The file that gives the module to others, or ENTRY_NONE. */
uint32_t c_names_module(const struct c_names *names, struct str module);

#endif
