/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_SCANNER_H
#define SCAN_SCANNER_H

#include "base/arena.h"
#include "scan/facts.h"

/* What a lang_<x>.c works with: the bytes of one file, and a place for what it finds. */

/* So many zero bytes follow the last byte of a source: a scanner may look ahead as far
 * without asking, and a zero byte that is not at `end` is part of the file. */
enum { SCANNER_PADDING = 64 };

struct scanner {
	const char *begin;
	const char *end; /* *end is 0 */
	struct str path; /* for its extension */
	struct facts *facts;
	struct arena *arena; /* for copies of names */
	/* Where a place was last asked for: the next one is counted from there. */
	const char *at;
	uint32_t line;
	uint32_t column;
	uint16_t within; /* put into each reference and declaration */
};

/* One language's scanner: one pass over the bytes, in time linear to them, whatever they
 * are. Never fails: broken source yields what was found up to and around the break. */
typedef void scan_language(struct scanner *scanner);

/* See scan_is_idle(). */
typedef bool scan_idle(struct str path, struct str lines);

scan_idle scan_c_is_idle;

scan_language scan_c;
scan_language scan_python;
scan_language scan_javascript;
scan_language scan_go;
scan_language scan_java;

/* Records a reference to `target` whose first character stands at `at`. The target is
 * copied. Positions should come in ascending order; going back costs a recount. */
void scanner_reference(struct scanner *scanner, enum reference_kind kind, const char *at,
		       struct str target);

/* The same, with a target put together of two parts ("pkg." and "name"). */
void scanner_reference_joined(struct scanner *scanner, enum reference_kind kind, const char *at,
			      struct str first, struct str second);

/* Records that the file gives `name` to others. The name is copied. */
void scanner_declare(struct scanner *scanner, const char *at, struct str name);

/* Records a declaration of any kind. The name is copied. */
void scanner_declare_as(struct scanner *scanner, enum declaration_kind kind, const char *at,
			struct str name);

/* Sets the package. The name is copied. */
void scanner_package(struct scanner *scanner, struct str name);

/* Scans `source`, which has SCANNER_PADDING zero bytes behind it, into `facts`, with copies
 * in `arena`. `path` tells variants of a language apart (.tsx, .vue). */
void scan_source(enum language language, struct str path, struct str source, struct arena *arena,
		 struct facts *facts);

/* Whether the language's scanner notes `is_cut` in the facts, and scan_is_idle() is of use. */
bool scan_can_be_idle(enum language language);

/* Whether no reference, declaration or package can begin in `lines`, wherever in a source they
 * stand: whole lines, but the last may lack its newline, with SCANNER_PADDING zero bytes or
 * other lines behind them. False when that is not known. */
bool scan_is_idle(enum language language, struct str path, struct str lines);

#endif
