/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_LANG_JAVA_H
#define SCAN_LANG_JAVA_H

#include "scan/lang_java_bytes.h"
#include "scan/scanner.h"

/* What the parts of the Java scanner share: lexing (lang_java_lex.c), the names of a file
 * (lang_java_names.c), what a name means where it stands (lang_java_context.c), the body of
 * a file (lang_java_body.c), and its head with package and imports (lang_java.c). */

/* Bounds. Beyond them the scanner goes on and sees less well, as said here. */
enum {
	JAVA_NAME_LIMIT = 2048, /* then a name may be told more than once */
	JAVA_USE_LIMIT = 2048,  /* then those so far are told, though a later type may hide them */
	JAVA_HIDER_LIMIT = 256, /* then a nested type hides nothing */
	JAVA_DEPTH_LIMIT = 128, /* deeper braces count as one block */
	JAVA_COMMENT_LIMIT = 8, /* comments looked through backwards */
	JAVA_LIST_LIMIT = 2048, /* bytes looked back for what opened a list */
	JAVA_SLOT_BITS = 9,
	JAVA_SLOT_COUNT = 1 << JAVA_SLOT_BITS,
	JAVA_PROBE_LIMIT = 32,
};

#define JAVA_NONE UINT16_MAX

enum java_role {
	JAVA_ROLE_NONE,      /* a value, a member, a variable's or a method's name */
	JAVA_ROLE_USE,       /* names a type, or may do so */
	JAVA_ROLE_TYPE,      /* declares a type */
	JAVA_ROLE_PARAMETER, /* declares a type parameter */
	JAVA_ROLE_MEMBER,    /* follows a dot */
};

/* A name of this file. */
struct java_name {
	const char *at;
	uint64_t first; /* its first eight bytes; zeroes behind its end */
	uint64_t last;  /* its last eight bytes, if it has as many */
	uint32_t length;
	uint16_t next;   /* in the same slot */
	uint16_t hidden; /* what imports, nested types and type parameters stand before it */
	uint16_t use;    /* its first use that counts; JAVA_NONE */
};

enum java_use_kind {
	JAVA_USE_HIDDEN, /* was no use after all */
	JAVA_USE_NAME,
	JAVA_USE_DYNAMIC,
	JAVA_USE_DECLARATION,
};

/* What will be told at the end, in the order of the file. */
struct java_use {
	const char *at;
	uint32_t length;
	uint16_t name;    /* or JAVA_NONE */
	uint16_t within;  /* the type around it, as in a reference */
	uint8_t kind;     /* enum java_use_kind */
	uint8_t declares; /* enum declaration_kind */
};

/* A brace that is open. */
struct java_brace {
	const char *at;
	uint16_t type;     /* the number of the type around what is in it; 0: none */
	bool is_body;      /* of that type */
	bool is_interface; /* the body of one */
};

/* A type whose name was read, and its body not yet. */
struct java_declared {
	uint16_t number; /* of its declaration, from 1; 0: there is none, or too many */
	unsigned depth;
	bool is_interface;
};

/* A nested type or a type parameter: hides a name until the block of `depth` closes. */
struct java_hider {
	const char *from;
	uint16_t name;
	uint16_t depth;
};

struct java_span {
	const char *begin;
	const char *end;
};

struct java {
	struct scanner *scanner;
	const char *begin; /* of the file */
	const char *end;
	unsigned depth;        /* of braces */
	bool top_declared;     /* since the last brace of depth 0 closed */
	const char *top_begin; /* where it closed */
	const char *list_at;   /* the last place java_list() judged, and how */
	int list_opener;
	const char *pattern_at; /* the same for patterns */
	bool pattern_verdict;
	size_t budget;          /* bytes that may still be looked back through, in all */
	unsigned comment_count; /* all so far; the last are in comments */
	unsigned name_count;
	unsigned use_count;
	unsigned hider_count;
	uint16_t slots[JAVA_SLOT_COUNT];
	struct java_span comments[JAVA_COMMENT_LIMIT];
	unsigned declaration_count;
	struct java_declared declared;
	struct java_brace braces[JAVA_DEPTH_LIMIT + 1]; /* by depth; the first is the file */
	struct java_name names[JAVA_NAME_LIMIT];
	struct java_use uses[JAVA_USE_LIMIT];
	struct java_hider hiders[JAVA_HIDER_LIMIT];
};

/* ---- lexing ---- */

/* Behind the comment at `at` ("//" or the like), and remembers it. */
const char *java_skip_comment(struct java *java, const char *at);

/* Behind the string or text block at `at`; a string ends at its line's end at the latest. */
const char *java_skip_string(const struct java *java, const char *at);

/* Behind the character literal at `at`. */
const char *java_skip_character(const struct java *java, const char *at);

/* The UTF-16 unit that the Unicode escape at `at`, a backslash, stands for, and `*after` is
 * behind it; -1 when it is none. */
int java_unicode_escape(const struct java *java, const char *at, const char **after);

/* The same as java_after_blank(), where a blank or a slash may stand at `at`. */
const char *java_skip_blank(const struct java *java, const char *at);

/* The first byte from `at` on that is neither blank nor in a comment. */
static inline const char *java_after_blank(const struct java *java, const char *at)
{
	if (*at == ' ')
		at++;
	if ((java_is(*at, JAVA_BYTE_SPACE) || *at == '/' || at > java->end))
		return java_skip_blank(java, at);
	return at;
}

/* Behind the last byte before `at` that is neither blank nor in a comment: the end of the
 * token before. */
const char *java_before_blank(const struct java *java, const char *at);

/* The identifier that ends at `end`; empty when none does. */
struct str java_word_before(const struct java *java, const char *end);

/* ---- names ---- */

/* Empties the table of names, for the next file. */
void java_names_start(struct java *java);

/* The name from `at` to `end`, new or not; NULL when there is no room for another. */
struct java_name *java_name(struct java *java, const char *at, const char *end);

/* The name is used at `at`, where nothing hides it. */
void java_names_use(struct java *java, struct java_name *name, const char *at);

/* The dotted name from `at` to `end` is used; told once a file. */
void java_names_qualified(struct java *java, const char *at, const char *end);

/* Text from `at` to `end` is told as it stands. */
void java_names_add(struct java *java, enum java_use_kind kind, const char *at, const char *end);

/* The name from `at` to `end` is declared by the type with the number `within`. Returns the
 * number of the declaration, or 0 when there are too many. */
uint16_t java_names_declare(struct java *java, enum declaration_kind kind, const char *at,
			    const char *end, uint16_t within);

/* From now on, until the block of `depth` closes, the name means something else; so did its
 * uses since `from`. */
void java_names_hide(struct java *java, struct java_name *name, const char *from, unsigned depth);

/* The block of `depth` closes. */
void java_names_close(struct java *java, unsigned depth);

/* Tells the scanner of all uses so far. */
void java_names_flush(struct java *java);

/* ---- context ---- */

/* What the capitalised identifier from `at` to `end` does there. */
enum java_role java_role_of(struct java *java, const char *at, const char *end);

/* Whether "class", "interface", "enum" or "record" stands before `at`. */
bool java_is_declared(const struct java *java, const char *at);

/* ---- declarations ---- */

/* Open braces that are told apart. */
static inline unsigned java_depth(const struct java *java)
{
	return java->depth < JAVA_DEPTH_LIMIT ? java->depth : JAVA_DEPTH_LIMIT;
}

/* A type with the name from `at` to `end` is declared: tells of it, and of its supertypes. */
void java_declare(struct java *java, const char *at, const char *end);

/* The brace at `at` opens; it may be the body of the type that was declared last. */
void java_open(struct java *java, const char *at);

/* ---- body ---- */

/* Scans from `at` to `end`, where no package and import declarations are. */
void java_body(struct java *java, const char *at, const char *end);

#endif
