/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* YAML files as a tree of nodes that know their places. Only what a file that people write
 * by hand needs: mappings, lists and scalars in one document, in UTF-8. Anchors, aliases, tags
 * and keys that are not scalars are errors, so what is in a file is all there is to it. */

/* Deeper nesting is refused. */
#define YAML_DEPTH_LIMIT 32

enum yaml_kind {
	YAML_NOTHING, /* "key:" with no value, ~ or null */
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAPPING,
	YAML_BROKEN, /* something refused, of which `errors` already tells */
};

struct yaml_node {
	enum yaml_kind kind;
	uint32_t line;          /* where it starts, from 1 */
	uint32_t column;        /* in characters, from 1 */
	size_t offset;          /* in bytes of the source, after its byte order mark */
	size_t end;             /* of its last byte, + 1; a block's includes no blanks after it */
	struct str text;        /* of a scalar; NUL-terminated, UTF-8 without a NUL in it */
	bool quoted;            /* the scalar has quotes or is a block */
	struct yaml_node *key;  /* of a value in a mapping: always a scalar */
	struct yaml_node *next; /* in the same list or mapping, in the order of the file */
	struct yaml_node *first;
	size_t count; /* items of a list, or values of a mapping */
};

struct yaml_document {
	struct yaml_node *root; /* NULL: there is nothing but blanks and comments */
	/* A syntax error cut it off: what stands before it is here, and lists and mappings that
	 * it left open, other than the root, are YAML_BROKEN. */
	bool broken;
};

/* What parsing one file after another uses again. A zeroed struct is ready; not for sharing
 * between threads. */
struct yaml_parser {
	struct fy_parser *parser;
	struct fy_diag *diag;
	bool used;
};

/* Frees what the parser holds; it may be used again. */
void yaml_parser_release(struct yaml_parser *parser);

/* Parses `source`, which may start with a byte order mark, into nodes that live in `arena`.
 * What is wrong goes to `errors` as ERROR_SYNTAX, ERROR_INVALID (a key given twice: the first
 * is kept) or ERROR_LIMIT, with `file` as its name. Errors: ERROR_MEMORY only. */
int yaml_parse(struct yaml_parser *parser, const char *file, struct str source, struct arena *arena,
	       struct yaml_document *out, struct error_list *errors,
	       struct error *error) must_check;

/* A text of a file as a message may show it: cut after about 100 bytes, with "?" for control
 * characters. */
struct excerpt {
	char text[112]; /* NUL-terminated */
};

/* The excerpt of a text, which may be of any length and hold any bytes. */
struct excerpt excerpt_of(struct str text);

/* "a text", "a list", "a mapping", "nothing", for messages. */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
