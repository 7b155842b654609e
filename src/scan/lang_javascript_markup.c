/* SPDX-License-Identifier: Apache-2.0 */
/* Code in Vue, Svelte and Astro files: finds the blocks, leaves what is in them to
 * javascript_scan_code(). Knows of HTML only tags, comments and which element is raw text.
 *
 * Vue: scripts at the top, whose `src` counts; templates are not looked into.
 * Svelte, Astro: scripts, and the expressions in braces between them. */
#include "scan/lang_javascript.h"

#include <strings.h>

struct tag {
	struct str name;
	struct str attributes;
	const char *after; /* the `>` */
	bool closed;       /* `<x />` */
};

static bool is_name(char byte)
{
	return javascript_is_word(byte) || byte == '-' || byte == ':' || byte == '.';
}

static bool opens_tag(const char *at)
{
	return *at == '<' && javascript_classes[(unsigned char)at[1]] == JAVASCRIPT_WORD;
}

/* Reads the tag whose `<` is at `at`; false when it does not end: then no later one does. */
static bool read_tag(const char *at, const char *end, struct tag *out)
{
	const char *name = ++at;
	while (at < end && is_name(*at))
		at++;
	out->name = (struct str){name, (size_t)(at - name)};
	const char *from = at;
	while (at < end && *at != '>') {
		const char *close = NULL;
		if (*at == '"' || *at == '\'')
			close = memchr(at + 1, *at, (size_t)(end - at - 1));
		at = close ? close + 1 : at + 1;
	}
	out->closed = at < end && at[-1] == '/';
	out->attributes = (struct str){from, (size_t)(at - from)};
	out->after = at + 1;
	return at < end;
}

/* The value of an attribute; its `at` is NULL when it is not there, its length 0 when it
 * has none. */
static struct str attribute(const struct tag *tag, struct str name)
{
	const char *at = tag->attributes.at;
	const char *end = at + tag->attributes.length;
	while (at < end) {
		while (at < end && !is_name(*at))
			at++;
		const char *from = at;
		while (at < end && is_name(*at))
			at++;
		bool same = str_equal((struct str){from, (size_t)(at - from)}, name);
		const char *close = NULL;
		if (end - at > 1 && at[0] == '=' && (at[1] == '"' || at[1] == '\''))
			close = memchr(at + 2, at[1], (size_t)(end - at - 2));
		if (same && close)
			return (struct str){at + 2, (size_t)(close - at - 2)};
		if (same)
			return (struct str){at, 0};
		at = close ? close + 1 : at;
	}
	return (struct str){0};
}

/* The next `<`, or `end`. */
static const char *next_less(const char *at, const char *end)
{
	const char *found = at < end ? memchr(at, '<', (size_t)(end - at)) : NULL;
	return found ? found : end;
}

/* The `<` of the next `</name`, or `end`. */
static const char *closing_tag(const char *at, const char *end, struct str name)
{
	for (at = next_less(at, end); at < end; at = next_less(at + 1, end))
		if (at[1] == '/' && strncasecmp(at + 2, name.at, name.length) == 0 &&
		    !is_name(at[2 + name.length]))
			return at;
	return end;
}

static const char *after_comment(const char *at, const char *end)
{
	const char *close = memmem(at, (size_t)(end - at), "-->", 3);
	return close ? close + 3 : end;
}

static struct javascript_dialect script_dialect(const struct tag *tag)
{
	struct str lang = attribute(tag, STR("lang"));
	if (!lang.at)
		lang = (struct str){"", 0};
	bool typescript = str_equal(lang, STR("ts")) || str_equal(lang, STR("tsx")) ||
			  str_equal(lang, STR("typescript"));
	return (struct javascript_dialect){
		.typescript = typescript,
		.jsx = !typescript || str_equal(lang, STR("tsx")),
	};
}

/* `src` of a script; an address or a path from the server's root is none of ours. */
static void scan_source_attribute(struct scanner *scanner, const struct tag *tag)
{
	struct str source = attribute(tag, STR("src"));
	if (!source.at || source.length == 0 || *source.at == '/' ||
	    memmem(source.at, source.length, "://", 3) || memchr(source.at, '{', source.length))
		return;
	scanner_reference(scanner, REFERENCE_IMPORT, source.at, source);
}

/* Scans a script's `src` and its code. Returns where it ends. */
static const char *scan_script(struct scanner *scanner, const struct tag *tag,
			       struct javascript_dialect dialect)
{
	scan_source_attribute(scanner, tag);
	if (tag->closed)
		return tag->after;
	const char *close = closing_tag(tag->after, scanner->end, tag->name);
	javascript_scan_code(scanner, tag->after, close, dialect);
	return close;
}

/* ---- Vue ---- */

/* Where the template at `at` ends: templates nest. */
static const char *template_end(const char *at, const char *end)
{
	struct tag tag;
	size_t depth = 1;
	while ((at = next_less(at, end)) < end) {
		if (strncmp(at, "<!--", 4) == 0) {
			at = after_comment(at, end);
			continue;
		}
		if (javascript_word_is(at, STR("</template")) && --depth == 0)
			return at;
		if (javascript_word_is(at, STR("<template"))) {
			if (!read_tag(at, end, &tag))
				return end;
			depth += !tag.closed;
		}
		at++;
	}
	return end;
}

static const char *scan_vue_block(struct scanner *scanner, const struct tag *tag)
{
	if (str_equal(tag->name, STR("script")))
		return scan_script(scanner, tag, script_dialect(tag));
	if (tag->closed)
		return tag->after;
	struct str lang = attribute(tag, STR("lang"));
	if (str_equal(tag->name, STR("template")) && (!lang.at || str_equal(lang, STR("html"))))
		return template_end(tag->after, scanner->end);
	return closing_tag(tag->after, scanner->end, tag->name);
}

void javascript_scan_vue(struct scanner *scanner)
{
	const char *at = scanner->begin;
	struct tag tag;
	while ((at = next_less(at, scanner->end)) < scanner->end) {
		if (strncmp(at, "<!--", 4) == 0)
			at = after_comment(at, scanner->end);
		else if (!opens_tag(at))
			at++;
		else if (read_tag(at, scanner->end, &tag))
			at = scan_vue_block(scanner, &tag);
		else
			return;
	}
}

/* ---- Svelte and Astro ---- */

static bool is_svelte_script(const struct tag *tag)
{
	(void)tag;
	return true;
}

/* Astro leaves scripts alone that have attributes of their own. */
static bool is_astro_script(const struct tag *tag)
{
	struct str type = attribute(tag, STR("type"));
	return !attribute(tag, STR("is:inline")).at && !attribute(tag, STR("define:vars")).at &&
	       (!type.at || str_equal(type, STR("module")));
}

struct markup {
	struct scanner *scanner;
	struct javascript_dialect dialect;     /* of expressions in braces */
	bool (*is_script)(const struct tag *); /* whether a script's code counts */
	const char *text;                      /* where the markup that is not yet scanned begins */
};

static void scan_expressions(struct markup *markup, const char *end)
{
	if (end > markup->text)
		javascript_scan_code(markup->scanner, markup->text, end, markup->dialect);
}

/* Elements whose content is not markup. Returns where they end, or NULL for another. */
static const char *scan_element(struct markup *markup, const char *at, const struct tag *tag)
{
	struct scanner *scanner = markup->scanner;
	struct javascript_dialect dialect = script_dialect(tag);
	bool script = str_equal(tag->name, STR("script"));
	bool raw = script || str_equal(tag->name, STR("style"));
	bool head = str_equal(tag->name, STR("svelte:head"));
	if ((!raw && !head) || (tag->closed && !script))
		return NULL;
	scan_expressions(markup, at);
	if (markup->dialect.typescript)
		dialect = (struct javascript_dialect){.typescript = true};
	const char *after = script && markup->is_script(tag)
				    ? scan_script(scanner, tag, dialect)
				    : closing_tag(tag->after, scanner->end, tag->name);
	markup->text = after;
	return after;
}

static void scan_markup(struct markup *markup)
{
	const char *end = markup->scanner->end;
	const char *at = markup->text;
	while ((at = next_less(at, end)) < end) {
		struct tag tag;
		const char *after = NULL;
		if (strncmp(at, "<!--", 4) == 0) {
			scan_expressions(markup, at);
			after = markup->text = after_comment(at, end);
		} else if ((javascript_word_is(at + 1, STR("script")) ||
			    javascript_word_is(at + 1, STR("style")) ||
			    javascript_word_is(at + 1, STR("svelte")))) {
			if (!read_tag(at, end, &tag))
				break;
			after = scan_element(markup, at, &tag);
		}
		at = after ? after : at + 1;
	}
	scan_expressions(markup, end);
}

void javascript_scan_svelte(struct scanner *scanner)
{
	struct markup markup = {
		.scanner = scanner,
		.dialect = {.markup = true},
		.is_script = is_svelte_script,
		.text = scanner->begin,
	};
	scan_markup(&markup);
}

/* The `---` that ends the code at `at`, alone at the start of a line; or `end`. */
static const char *fence(const char *at, const char *end)
{
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return end;
		at = newline + 1;
		const char *mark = at;
		while (mark < end && (*mark == ' ' || *mark == '\t'))
			mark++;
		if (strncmp(mark, "---", 3) == 0)
			return mark;
	}
	return end;
}

void javascript_scan_astro(struct scanner *scanner)
{
	const struct javascript_dialect code = {.typescript = true, .jsx = true};
	struct markup markup = {
		.scanner = scanner,
		.dialect = {.typescript = true, .jsx = true, .markup = true},
		.is_script = is_astro_script,
		.text = scanner->begin,
	};
	const char *at = javascript_skip_blank(scanner->begin, scanner->end);
	if (strncmp(at, "---", 3) == 0) {
		const char *close = fence(at + 3, scanner->end);
		javascript_scan_code(scanner, at + 3, close, code);
		markup.text = close < scanner->end ? close + 3 : close;
	}
	scan_markup(&markup);
}
