/* SPDX-License-Identifier: Apache-2.0 */
/* Python's import statements. The module of `from a.b import c` is read back from the
 * `import`, where only names, dots, blanks and continued lines can stand. */
#include "scan/lang_python.h"

#include <assert.h>

/* A dotted name, put together without the blanks that may be in it. */
struct dotted {
	char bytes[PYTHON_NAME_LIMIT];
	size_t length;
};

static void add(struct dotted *name, const char *from, const char *end)
{
	size_t more = (size_t)(end - from);
	size_t room = sizeof name->bytes - name->length;
	more = more < room ? more : room;
	memcpy(name->bytes + name->length, from, more);
	name->length += more;
}

static struct str dotted_str(const struct dotted *name)
{
	return (struct str){name->bytes, name->length};
}

static const char *skip_name(const char *at)
{
	while (python_is(*at, PYTHON_NAME))
		at++;
	return at;
}

static const char *skip(const struct python *python, const char *at, bool brackets)
{
	return brackets ? python_skip_space(python, at) : python_skip_blanks(python, at);
}

/* Whether the word `as` stands at `at`. */
static bool is_as(const char *at)
{
	return at[0] == 'a' && at[1] == 's' && !python_is(at[2], PYTHON_NAME);
}

/* Over "as NAME", if there, and the space behind it. */
static const char *skip_as(const struct python *python, const char *at, bool brackets)
{
	if (!is_as(at))
		return at;
	at = skip_name(skip(python, at + 2, brackets));
	return skip(python, at, brackets);
}

/* ---- import a.b, c as d ---- */

/* Reads names and dots, with blanks between, as far as they go before `end`. */
static const char *read_dotted(const struct python *python, const char *at, const char *end,
			       struct dotted *out)
{
	out->length = 0;
	for (;;) {
		const char *from = at;
		while (at < end && (python_is(*at, PYTHON_NAME) || *at == '.'))
			at++;
		add(out, from, at);
		const char *next = python_skip_blanks(python, at);
		bool dot_before = at > from && at[-1] == '.';
		if (next == at || next >= end ||
		    !(*next == '.' || (dot_before && python_is(*next, PYTHON_NAME))))
			return at;
		at = next;
	}
}

static const char *read_import(struct python *python, const char *at)
{
	for (;;) {
		struct dotted name;
		const char *from = python_skip_blanks(python, at);
		at = read_dotted(python, from, python->end, &name);
		if (at == from)
			return at;
		python_reference(python, python->kind, from, dotted_str(&name), (struct str){0});
		at = skip_as(python, python_skip_blanks(python, at), false);
		if (*at != ',')
			return at;
		at++;
	}
}

/* ---- from a.b import c, d as e ---- */

/* Back over names, dots, blanks and continued lines: all that can be of a from clause. */
static const char *back_clause(const struct python *python, const char *at)
{
	for (;;) {
		const char *end = at;
		while (at > python->floor && (python_is(at[-1], PYTHON_NAME) || at[-1] == '.'))
			at--;
		const char *before = python_back_blanks(python, at);
		if (before == end)
			break;
		at = before;
	}
	return python_skip_blanks(python, at);
}

/* Reads the module of the clause that ends at `end`. Returns where it starts, or NULL when
 * it is no from clause. */
static const char *read_module(const struct python *python, const char *end, struct dotted *module)
{
	const char *at = back_clause(python, end);
	if (end - at < 5 || memcmp(at, "from", 4) != 0 || python_is(at[4], PYTHON_NAME) ||
	    !python_is_statement(python, python_back_blanks(python, at)))
		return NULL;
	const char *from = python_skip_blanks(python, at + 4);
	if (from >= end || python_skip_blanks(python, read_dotted(python, from, end, module)) < end)
		return NULL;
	return from;
}

static const char *read_names(struct python *python, const char *at, const char *place,
			      struct str module)
{
	at = python_skip_blanks(python, at);
	if (*at == '*') {
		python_reference(python, python->kind, place, module, STR("*"));
		return at + 1;
	}
	bool brackets = *at == '(';
	at += brackets;
	for (;;) {
		const char *name = skip(python, at, brackets);
		at = skip_name(name);
		if (at == name)
			return at;
		python_reference(python, python->kind, place, module,
				 (struct str){name, (size_t)(at - name)});
		at = skip_as(python, skip(python, at, brackets), brackets);
		if (*at != ',')
			return at;
		at++;
	}
}

static const char *read_from(struct python *python, const char *clause_end, const char *at)
{
	struct dotted module;
	const char *place = read_module(python, clause_end, &module);
	if (!place)
		return at;
	static const char DOT[] = ".";
	assert(module.length > 0);
	if (module.bytes[module.length - 1] != '.')
		add(&module, DOT, DOT + 1);
	return read_names(python, at, place, dotted_str(&module));
}

const char *python_import(struct python *python, const char *word)
{
	if (!python_is_import(python, word))
		return word + 2;
	const char *after = word + 6;
	if (*after == '_')
		return python_dynamic(python, word);
	if (python_is(python_before(python, word), PYTHON_NAME) || python_is(*after, PYTHON_NAME))
		return after;
	const char *before = python_back_blanks(python, word);
	python->floor = python_is_statement(python, before) ? read_import(python, after)
							    : read_from(python, before, after);
	return python->floor;
}
