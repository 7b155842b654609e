/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_FACTS_H
#define SCAN_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* What one pass over a source file finds in it. */

enum language {
	LANGUAGE_NONE, /* not a source file that is scanned */
	LANGUAGE_C,    /* and C++ */
	LANGUAGE_PYTHON,
	LANGUAGE_JAVASCRIPT, /* and TypeScript, JSX, TSX, Vue, Svelte, Astro */
	LANGUAGE_GO,
	LANGUAGE_JAVA,
	LANGUAGE_COUNT,
};

enum reference_kind {
	REFERENCE_IMPORT,  /* import, from-import, require, export-from */
	REFERENCE_TYPE,    /* an import for types only: gone at run time */
	REFERENCE_DYNAMIC, /* import() and the like, with a literal */
	REFERENCE_INCLUDE, /* #include and the like */
	REFERENCE_NAME,    /* a name used without an import; a guess until it resolves */
	REFERENCE_KIND_COUNT,
};

enum reference_state {
	REFERENCE_UNRESOLVED, /* belongs to this tree, or to nobody knows whom */
	REFERENCE_INTERNAL,   /* `resolved` says where */
	REFERENCE_EXTERNAL,   /* a third party's package */
	REFERENCE_STANDARD,   /* the language's own library */
	REFERENCE_DROPPED,    /* a REFERENCE_NAME that was no reference; not reported */
};

/* How a header is named in C and C++, which says where it is looked for. */
enum include_form {
	INCLUDE_QUOTE,      /* "x.h" */
	INCLUDE_ANGLE,      /* <x.h> */
	INCLUDE_QUOTE_NEXT, /* #include_next */
	INCLUDE_ANGLE_NEXT,
	INCLUDE_MACRO,  /* the target is the name of a macro */
	INCLUDE_MODULE, /* the target is the name of a C++20 module */
};

/* No entry of the tree. */
#define ENTRY_NONE UINT32_MAX

struct reference {
	const char *target; /* as written, or as the language's page says; NUL-terminated */
	uint32_t target_length;
	uint32_t line;           /* from 1 */
	uint32_t column;         /* from 1, in characters; of the target's first character */
	uint32_t resolved;       /* entry of the tree, a file or a folder, or ENTRY_NONE */
	uint16_t package_length; /* external: the package is this long a prefix of the target */
	uint8_t kind;            /* enum reference_kind */
	uint8_t state;           /* enum reference_state */
	uint8_t form;            /* C: enum include_form */
	/* Java: the number from 1 of the declaration of the type around it; 0: none, or unknown. */
	uint16_t within;
};

enum declaration_kind {
	DECLARES_FOR_ALL, /* what a file gives to others */
	/* Java alone: */
	DECLARES_MEMBER,      /* a type in a type, which subclasses inherit */
	DECLARES_NEAR_MEMBER, /* the same, by subclasses in the same package only */
	DECLARES_INNER,       /* another type in a type */
	DECLARES_SUPERTYPE,   /* no declaration but a supertype's name, as written, of `within` */
};

/* A name that a file gives to others: a top-level type in Java, a module in C++; in C also a
 * macro that stands for a header, as `NAME "x.h"` or `NAME <x.h>`. */
struct declaration {
	struct str name;
	uint32_t line;
	uint16_t within; /* as in a reference */
	uint8_t kind;    /* enum declaration_kind */
};

struct facts {
	struct reference *references; /* in the order of the file */
	size_t reference_count;
	size_t reference_capacity;
	struct declaration *declarations;
	size_t declaration_count;
	size_t declaration_capacity;
	/* Java: the package; Go: the package clause; C++: the module; else empty. */
	struct str package;
	uint32_t lines; /* newlines, and one for a last line without */
	bool not_utf8;  /* scanned as bytes */
	bool is_cut;    /* something may go on behind the end of what was scanned */
	bool failed;    /* memory ran out: the facts are not whole */
};

/* Most references taken from one file; the rest is left out and the file reported. */
#define FACTS_REFERENCE_LIMIT 100000

/* The target as a str; it lives as long as the facts. */
static inline struct str reference_target(const struct reference *reference)
{
	return (struct str){reference->target, reference->target_length};
}

/* "import", "type", "dynamic", "include", "name". */
const char *reference_kind_name(enum reference_kind kind);

/* "c", "python", "javascript", "go", "java"; "" for LANGUAGE_NONE. */
const char *language_name(enum language language);

/* The language with that name, or LANGUAGE_NONE. */
enum language language_named(struct str name);

/* The language of a file by its name's extension. */
enum language language_of(struct str path);

#endif
