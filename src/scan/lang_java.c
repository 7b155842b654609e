/* SPDX-License-Identifier: Apache-2.0 */
/* Java. The head of a file, with its package and imports, is read token by token; the rest
 * by lang_java_body.c. Imported names are never told as uses: the import is the reference. */
#include "scan/lang_java.h"

#include "base/path.h"

enum {
	/* Longest dotted name that is read where blanks, comments or escapes stand in it. */
	DOTTED_LIMIT = 1024,
	/* So many times its size is looked back through in a file, far more than any needs. */
	LOOKBACK_FACTOR = 8,
};

/* A dotted name as the compiler sees it, possibly with ".*" at its end. */
struct dotted {
	const char *at; /* its first character in the source */
	struct str text;
	struct java_span last; /* its last part in the source */
	char buffer[DOTTED_LIMIT];
};

/* ---- dotted names ---- */

static void add(struct dotted *dotted, const char *bytes, size_t length)
{
	if (dotted->text.length + length > DOTTED_LIMIT)
		return;
	memcpy(dotted->buffer + dotted->text.length, bytes, length);
	dotted->text.length += length;
}

/* A character of the Basic Multilingual Plane as UTF-8. */
static void add_character(struct dotted *dotted, unsigned code)
{
	char bytes[3];
	if (code < 0x80) {
		bytes[0] = (char)code;
		add(dotted, bytes, 1);
	} else if (code < 0x800) {
		bytes[0] = (char)(0xC0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3F));
		add(dotted, bytes, 2);
	} else {
		bytes[0] = (char)(0xE0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (code & 0x3F));
		add(dotted, bytes, 3);
	}
}

/* One identifier with its Unicode escapes. */
static const char *read_part(struct java *java, const char *at, struct dotted *dotted)
{
	for (;;) {
		const char *end = java_name_end(at);
		dotted->last = (struct java_span){at, end};
		add(dotted, at, (size_t)(end - at));
		int code = *end == '\\' ? java_unicode_escape(java, end, &at) : -1;
		if (code < 0)
			return end;
		add_character(dotted, (unsigned)code);
	}
}

static const char *read_scattered(struct java *java, const char *at, struct dotted *dotted)
{
	dotted->text = (struct str){dotted->buffer, 0};
	for (;;) {
		at = java_after_blank(java, read_part(java, at, dotted));
		if (*at != '.')
			return at;
		add(dotted, ".", 1);
		at = java_after_blank(java, at + 1);
		if (*at == '*') {
			add(dotted, "*", 1);
			return at + 1;
		}
	}
}

/* Reads the name at `at`; returns behind it. Its text is empty where none stands. */
static const char *read_dotted(struct java *java, const char *at, struct dotted *dotted)
{
	dotted->at = at = java_after_blank(java, at);
	const char *end = java_dotted_end(at);
	const char *dot = memrchr(at, '.', (size_t)(end - at));
	dotted->last = (struct java_span){dot ? dot + 1 : at, end};
	if (dot && end == dot + 1 && *end == '*')
		end++;
	dotted->text = (struct str){at, (size_t)(end - at)};
	return *end == ';' && java_is(*at, JAVA_BYTE_START) ? end
							    : read_scattered(java, at, dotted);
}

/* The name at `at` when it is `word`, and blank follows: behind it; else NULL. */
static inline const char *skip_word(struct java *java, const char *at, struct str word)
{
	const char *end = at + word.length;
	if (memcmp(at, word.at, word.length) != 0 || java_is(*end, JAVA_BYTE_NAME))
		return NULL;
	end = java_after_blank(java, end);
	return java_is(*end, JAVA_BYTE_START) || *end == '\\' ? end : NULL;
}

/* ---- package and imports ---- */

static const char *read_package(struct java *java, const char *at)
{
	struct dotted name;
	at = read_dotted(java, at, &name);
	scanner_package(java->scanner, name.text);
	return at;
}

/* The last part of an imported name means the imported in all of the file. */
static void hide_imported(struct java *java, const struct dotted *dotted)
{
	const struct java_span *last = &dotted->last;
	if (str_ends(dotted->text, STR("*")) || !java_is(*last->begin, JAVA_BYTE_CAPITAL))
		return;
	struct java_name *name = java_name(java, last->begin, last->end);
	if (name)
		name->hidden++;
}

static const char *read_import(struct java *java, const char *at)
{
	const char *name = skip_word(java, at, STR("static"));
	if (!name)
		name = skip_word(java, at, STR("module"));
	struct dotted dotted;
	const char *end = read_dotted(java, name ? name : at, &dotted);
	if (dotted.text.length == 0)
		return end;
	scanner_reference(java->scanner, REFERENCE_IMPORT, dotted.at, dotted.text);
	hide_imported(java, &dotted);
	return end;
}

/* Behind the parentheses at `at`. */
static const char *skip_parentheses(struct java *java, const char *at)
{
	unsigned depth = 0;
	do {
		if (*at == '(')
			depth++;
		else if (*at == ')')
			depth--;
		if (*at == '"')
			at = java_skip_string(java, at);
		else if (*at == '\'')
			at = java_skip_character(java, at);
		else
			at++;
		at = java_after_blank(java, at);
	} while (depth > 0 && at < java->end);
	return at;
}

/* Behind the annotation at `at`; NULL when it is the declaration of one. */
static const char *skip_annotation(struct java *java, const char *at)
{
	struct dotted name;
	at = read_dotted(java, at + 1, &name);
	if (str_equal(name.text, STR("interface")))
		return NULL;
	return *at == '(' ? skip_parentheses(java, at) : at;
}

/* Reads the package and the imports. Returns where the rest starts: at the annotations, if
 * any, of what is declared first; those of a package are put into `*annotations`. */
static const char *read_head(struct java *java, struct java_span *annotations)
{
	const char *first = NULL;
	for (const char *at = java->begin;;) {
		const char *after = NULL;
		at = java_after_blank(java, at);
		if (*at == '@') {
			after = skip_annotation(java, at);
			first = first ? first : at;
		} else if (*at == ';') {
			after = at + 1;
		} else if ((after = skip_word(java, at, STR("import")))) {
			after = read_import(java, after);
		} else if ((after = skip_word(java, at, STR("package")))) {
			*annotations = (struct java_span){first ? first : at, at};
			first = NULL;
			after = read_package(java, after);
		}
		if (!after || at >= java->end)
			return first ? first : at;
		at = after;
	}
}

/* ---- module-info.java ---- */

static const char *read_requires(struct java *java, const char *at)
{
	const char *name = at;
	while ((name = skip_word(java, at, STR("transitive"))) ||
	       (name = skip_word(java, at, STR("static"))))
		at = name;
	struct dotted dotted;
	at = read_dotted(java, at, &dotted);
	if (dotted.text.length > 0)
		scanner_reference(java->scanner, REFERENCE_IMPORT, dotted.at, dotted.text);
	return at;
}

/* One name of a service, unless an import stands for it. */
static const char *read_service(struct java *java, const char *at)
{
	struct dotted dotted;
	at = read_dotted(java, at, &dotted);
	if (dotted.text.length > 0 && str_find(dotted.text, '.') >= 0)
		scanner_reference(java->scanner, REFERENCE_NAME, dotted.at, dotted.text);
	return at;
}

static const char *read_provides(struct java *java, const char *at)
{
	at = read_service(java, at);
	const char *name = skip_word(java, at, STR("with"));
	while (name) {
		at = java_after_blank(java, read_service(java, name));
		name = *at == ',' ? at + 1 : NULL;
	}
	return at;
}

static const char *read_directive(struct java *java, const char *at)
{
	const char *name;
	if ((name = skip_word(java, at, STR("requires"))))
		return read_requires(java, name);
	if ((name = skip_word(java, at, STR("uses"))))
		return read_service(java, name);
	if ((name = skip_word(java, at, STR("provides"))))
		return read_provides(java, name);
	return at;
}

/* Reads "open module NAME { DIRECTIVES }"; the module's name is what the file declares. */
static void read_module(struct java *java, const char *at)
{
	const char *after = at;
	while (*at == '@' && (after = skip_annotation(java, at)))
		at = java_after_blank(java, after);
	const char *name = skip_word(java, at, STR("open"));
	name = skip_word(java, name ? name : at, STR("module"));
	if (!name)
		return;
	struct dotted dotted;
	at = read_dotted(java, name, &dotted);
	if (dotted.text.length > 0)
		scanner_declare(java->scanner, dotted.at, dotted.text);
	at = java_find(at, java->end, '{', '{', '{');
	while (at < java->end && *at != '}') {
		at = read_directive(java, java_after_blank(java, at + 1));
		at = java_find(at, java->end, ';', '}', '}');
	}
}

/* ---- the file ---- */

static void start(struct java *java, struct scanner *scanner)
{
	java->scanner = scanner;
	java->begin = scanner->begin;
	java->end = scanner->end;
	java->depth = 0;
	java->top_declared = false;
	java->comment_count = 0;
	java->list_at = NULL;
	java->pattern_at = NULL;
	java->declaration_count = 0;
	java->declared = (struct java_declared){0};
	java->braces[0] = (struct java_brace){.at = scanner->begin};
	java->budget = LOOKBACK_FACTOR * (size_t)(scanner->end - scanner->begin);
	java_names_start(java);
}

void scan_java(struct scanner *scanner)
{
	struct java java;
	struct java_span annotations = {0};
	start(&java, scanner);
	const char *at = read_head(&java, &annotations);
	java.top_begin = at;
	if (annotations.begin < annotations.end)
		java_body(&java, annotations.begin, annotations.end);
	java.list_at = NULL;
	java.pattern_at = NULL;
	if (str_equal(path_name(scanner->path), STR("module-info.java")))
		read_module(&java, at);
	else
		java_body(&java, at, java.end);
	java_names_close(&java, 0);
	java_names_flush(&java);
}
