/* SPDX-License-Identifier: Apache-2.0 */
/* C and C++: #include and its like, and C++20's import. Every branch of a conditional counts,
 * except "#if 0". Must not know where headers are.
 *
 * What may be a directive is looked for first, by its '#'; only where one is found the file is
 * gone over up to it, to tell whether it is in code. As includes stand on top, most of a file
 * is never looked at closely.
 *
 * Invariant: both positions, of the search and of the lexer, only move forward. */
#include "scan/scanner.h"

#include "base/path.h"
#include "scan/lang_c.h"

struct c_scan {
	struct scanner *scanner;
	struct c_lexer lexer;
	struct str module; /* C++20: without its partition */
};

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static const char *skip_spaces(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

/* Past blanks, comments and splices; notes when they reach the end of the source. */
static const char *skip_blanks(struct c_scan *scan, const char *at)
{
	at = c_skip_blanks(at, scan->lexer.end);
	if (at >= scan->lexer.end)
		scan->scanner->facts->is_cut = true;
	return at;
}

/* Whether `at` is in code, and the first thing on its line. */
static bool is_live(struct c_scan *scan, const char *at)
{
	c_lexer_move(&scan->lexer, at);
	return scan->lexer.at == at && c_lexer_starts_line(&scan->lexer);
}

static void record(struct c_scan *scan, enum reference_kind kind, enum include_form form,
		   struct str target)
{
	struct facts *facts = scan->scanner->facts;
	size_t count = facts->reference_count;
	scanner_reference(scan->scanner, kind, target.at, target);
	if (facts->reference_count > count)
		facts->references[count].form = (uint8_t)form;
}

/* The name between the delimiters of "x" or <x> at `at`, on one line and before a byte that
 * is `stop`; `at` of it is NULL when there is none. */
static struct str header_name(const char *at, const char *end, char stop)
{
	char closing = *at == '"' ? '"' : *at == '<' ? '>' : 0;
	const char *from = at + 1;
	if (!closing)
		return (struct str){0};
	for (at = from; at < end && *at != '\n' && *at != stop; at++)
		if (*at == closing)
			return (struct str){from, (size_t)(at - from)};
	return (struct str){0};
}

/* ---- directives ---- */

enum directive { DIRECTIVE_OTHER, DIRECTIVE_INCLUDE, DIRECTIVE_NEXT };

static enum directive directive_of(struct str keyword)
{
	if (str_equal(keyword, STR("include")) || str_equal(keyword, STR("import")))
		return DIRECTIVE_INCLUDE;
	if (str_equal(keyword, STR("include_next")))
		return DIRECTIVE_NEXT;
	return DIRECTIVE_OTHER;
}

/* Whether "define" and a blank stand at `at`. The bytes are there, if only as padding. */
static bool is_define(const char *at)
{
	static const char DEFINE[] = "define";
	return memcmp(at, DEFINE, sizeof DEFINE - 1) == 0 && is_space(at[sizeof DEFINE - 1]);
}

/* Whether a macro's value may be a header: such as "a/b.h", not such as "%d items". */
static bool is_header_value(struct str value, char opening)
{
	bool dotted = opening == '<';
	for (size_t i = 0; i < value.length; i++) {
		char byte = value.at[i];
		if (byte == ' ' || byte == '\t' || byte == '%' || byte == '\\')
			return false;
		dotted = dotted || byte == '.' || byte == '/';
	}
	return dotted && value.length > 0;
}

/* A macro that stands for a header, `NAME "x.h"`, from behind "define"; else an empty str. */
static struct str header_macro(struct c_scan *scan, const char *at)
{
	const char *end = scan->lexer.end;
	struct str name = c_identifier(skip_spaces(at));
	const char *value = skip_spaces(name.at + name.length);
	if (name.length == 0 || value == name.at + name.length)
		return (struct str){0};
	struct str header = header_name(value, end, ' ');
	if (!header.at || !is_header_value(header, *value))
		return (struct str){0};
	const char *behind = skip_blanks(scan, header.at + header.length + 1);
	if (behind < end && *behind != '\n' && !(behind[0] == '/' && behind[1] == '/'))
		return (struct str){0};
	return (struct str){name.at, (size_t)(header.at + header.length + 1 - name.at)};
}

static const char *take_define(struct c_scan *scan, const char *hash, const char *at)
{
	struct str macro = header_macro(scan, at);
	if (macro.length == 0 || !is_live(scan, hash))
		return at;
	scanner_declare(scan->scanner, macro.at, macro);
	scan->lexer.at = macro.at + macro.length;
	return scan->lexer.at;
}

/* Takes what follows an include that is in code. */
static const char *take_header(struct c_scan *scan, enum directive directive, const char *at)
{
	at = skip_blanks(scan, at);
	struct str name = header_name(at, scan->lexer.end, '\n');
	enum include_form form = *at == '<' ? INCLUDE_ANGLE : INCLUDE_QUOTE;
	size_t delimiters = 1;
	if (directive == DIRECTIVE_NEXT)
		form = *at == '<' ? INCLUDE_ANGLE_NEXT : INCLUDE_QUOTE_NEXT;
	if (!name.at) {
		name = c_identifier(at);
		form = INCLUDE_MACRO;
		delimiters = 0;
	}
	if (name.length == 0)
		return at;
	record(scan, REFERENCE_INCLUDE, form, name);
	scan->lexer.at = name.at + name.length + delimiters;
	return scan->lexer.at;
}

/* Stands on '#' or "%:"; returns where to look on. */
static const char *take_directive(struct c_scan *scan, const char *hash)
{
	const char *behind = hash + (*hash == '#' ? 1 : 2);
	const char *at = skip_spaces(behind);
	/* Comments are passed only where the lexer has been, as they may be long. */
	if (*at == '/' || *at == '\\') {
		if (!is_live(scan, hash))
			return scan->lexer.at > behind ? scan->lexer.at : behind;
		at = skip_blanks(scan, at);
	}
	if (is_define(at))
		return take_define(scan, hash, at + sizeof "define");
	if (*at != 'i')
		return behind;
	struct str keyword = c_identifier(at);
	enum directive directive = directive_of(keyword);
	at = keyword.at + keyword.length;
	if (directive == DIRECTIVE_OTHER)
		return behind;
	if (!is_live(scan, hash))
		return scan->lexer.at > at ? scan->lexer.at : at;
	return take_header(scan, directive, at);
}

/* ---- C++20 modules ---- */

/* The name of a module, "a.b" or "a.b:part" or ":part", that a semicolon ends. */
static struct str module_name(struct c_scan *scan, const char *at)
{
	const char *from = at;
	for (;;) {
		struct str part = c_identifier(*at == ':' || *at == '.' ? at + 1 : at);
		if (part.length == 0)
			return (struct str){0};
		at = part.at + part.length;
		if (*at != '.' && *at != ':')
			break;
	}
	if (*skip_blanks(scan, at) != ';')
		return (struct str){0};
	return (struct str){from, (size_t)(at - from)};
}

static struct str without_partition(struct str name)
{
	ptrdiff_t colon = str_find(name, ':');
	return colon < 0 ? name : str_first(name, (size_t)colon);
}

/* `module a;` implements what another file gives to others, and so refers to it. */
static void take_module(struct c_scan *scan, const char *at, bool exported)
{
	struct str name = module_name(scan, skip_spaces(at));
	if (name.length == 0 || name.at[0] == ':')
		return;
	scan->module = without_partition(name);
	scanner_package(scan->scanner, name);
	if (exported || scan->module.length < name.length)
		scanner_declare(scan->scanner, name.at, name);
	else
		record(scan, REFERENCE_IMPORT, INCLUDE_MODULE, name);
}

static void record_partition(struct c_scan *scan, struct str partition)
{
	struct facts *facts = scan->scanner->facts;
	size_t count = facts->reference_count;
	if (scan->module.length == 0)
		return;
	scanner_reference_joined(scan->scanner, REFERENCE_IMPORT, partition.at, scan->module,
				 partition);
	if (facts->reference_count > count)
		facts->references[count].form = INCLUDE_MODULE;
}

static void take_import(struct c_scan *scan, const char *at)
{
	at = skip_spaces(at);
	struct str header = header_name(at, scan->lexer.end, '\n');
	struct str name = module_name(scan, at);
	if (header.length > 0)
		record(scan, REFERENCE_IMPORT, *at == '<' ? INCLUDE_ANGLE : INCLUDE_QUOTE, header);
	else if (name.length > 0 && name.at[0] == ':')
		record_partition(scan, name);
	else if (name.length > 0)
		record(scan, REFERENCE_IMPORT, INCLUDE_MODULE, name);
}

/* Stands on the first byte of a line; returns where to look on. */
static const char *take_word(struct c_scan *scan, const char *at)
{
	const char *from = at;
	struct str word = c_identifier(at);
	bool exported = str_equal(word, STR("export"));
	if (exported)
		word = c_identifier(skip_spaces(at + word.length));
	bool module = str_equal(word, STR("module"));
	at = word.at + word.length;
	if ((!module && !str_equal(word, STR("import"))) || !is_live(scan, from))
		return from;
	if (module)
		take_module(scan, at, exported);
	else
		take_import(scan, at);
	return at;
}

/* Files of these names are C, or nobody knows which. */
static bool has_modules(struct str path)
{
	struct str extension = path_extension(path);
	return !str_equal(extension, STR("c")) && !str_equal(extension, STR("h"));
}

/* ---- the rest of a long file ---- */

/* Whether a definition of a string may be of a header, from behind "define". */
static bool may_define_header(const char *at)
{
	struct str name = c_identifier(skip_spaces(at));
	const char *value = skip_spaces(name.at + name.length);
	return *value == '"' || *value == '<';
}

/* Stands on a candidate. */
static bool is_idle(const char *at)
{
	if (*at == '%')
		return false;
	if (*at == '\n') {
		struct str word = c_identifier(at + 1);
		return !str_equal(word, STR("export")) && !str_equal(word, STR("import")) &&
		       !str_equal(word, STR("module"));
	}
	at = skip_spaces(at + 1);
	if (is_define(at))
		return !may_define_header(at + sizeof "define");
	return *at != '/' && *at != '\\' && directive_of(c_identifier(at)) == DIRECTIVE_OTHER;
}

bool scan_c_is_idle(struct str path, struct str lines)
{
	const char *at = lines.at, *end = at + lines.length;
	bool words = has_modules(path);
	if (words && (*at == 'e' || *at == 'i' || *at == 'm'))
		return false;
	for (;;) {
		at = c_find_candidate(at, end, words);
		if (at >= end)
			return true;
		if (!is_idle(at))
			return false;
		at++;
	}
}

void scan_c(struct scanner *scanner)
{
	const char *at = scanner->begin, *end = scanner->end;
	struct c_scan scan = {
		.scanner = scanner,
		.lexer = {.begin = at, .end = end, .at = at},
	};
	bool words = has_modules(scanner->path);
	if (words)
		at = take_word(&scan, at);
	for (;;) {
		at = c_find_candidate(at, end, words);
		if (at >= end)
			return;
		at = *at == '\n' ? take_word(&scan, at + 1) : take_directive(&scan, at);
	}
}
