/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that import a module by name: importlib.import_module("a.b"), __import__("a.b"). */
#include "scan/lang_python.h"

struct literal {
	const char *first; /* of its characters */
	char bytes[PYTHON_NAME_LIMIT];
	size_t length;
};

/* The name of the function that "import" at `word` is in; false when it is none of ours. */
static bool read_function(const struct python *python, const char *word, bool *relative,
			  const char **end)
{
	const char *begin = word;
	struct str owner = STR("importlib.");
	*relative = memcmp(word + 6, "_module", 7) == 0;
	*end = word + 13;
	if (!*relative) {
		if (word - python->begin < 2 || memcmp(word - 2, "__import__", 10) != 0)
			return false;
		begin = word - 2;
		*end = word + 8;
		owner = STR("builtins.");
	}
	if (python_before(python, begin) == '.') {
		if ((size_t)(begin - python->begin) < owner.length ||
		    memcmp(begin - owner.length, owner.at, owner.length) != 0)
			return false;
		begin -= owner.length;
	}
	char before = python_before(python, begin);
	return !python_is(before, PYTHON_NAME) && before != '.' && !python_is(**end, PYTHON_NAME);
}

/* Over the word `name` and a '=', where they are an argument's name. */
static const char *skip_keyword(const struct python *python, const char *at, struct str name)
{
	if (memcmp(at, name.at, name.length) != 0)
		return at;
	const char *equals = python_skip_space(python, at + name.length);
	return *equals == '=' ? python_skip_space(python, equals + 1) : at;
}

/* Adds one plain string without escapes on one line; NULL when it is none. */
static const char *read_string(const struct python *python, const char *at, struct literal *out)
{
	if (memchr("rRuU", *at, 4))
		at++;
	char quote = *at;
	if (quote != '"' && quote != '\'')
		return NULL;
	const char *from = at + 1;
	if (from[0] == quote && from[1] == quote)
		from += 2;
	const char *end = from;
	while (python_is(*end, PYTHON_NAME) || *end == '.' || *end == '-')
		end++;
	if (end >= python->end || *end != quote)
		return NULL;
	if (from - at == 3 && (end[1] != quote || end[2] != quote))
		return NULL;
	if (!out->first)
		out->first = from;
	size_t length = (size_t)(end - from);
	if (length > sizeof out->bytes - out->length)
		return NULL;
	memcpy(out->bytes + out->length, from, length);
	out->length += length;
	return end + (from - at);
}

/* Reads strings that stand side by side, up to the ',' or ')' behind them; NULL when it is
 * not that, or the text is empty. */
static const char *read_literal(const struct python *python, const char *at, struct literal *out)
{
	out->first = NULL;
	out->length = 0;
	do {
		at = read_string(python, at, out);
		if (!at)
			return NULL;
		at = python_skip_space(python, at);
	} while (*at != ',' && *at != ')');
	return out->length > 0 ? at : NULL;
}

/* Whether the argument at `at` is `name` and no more. */
static bool is_argument(const struct python *python, const char *at, struct str name)
{
	if (memcmp(at, name.at, name.length) != 0)
		return false;
	at = python_skip_space(python, at + name.length);
	return *at == ',' || *at == ')';
}

static bool is_package_file(const struct python *python)
{
	struct str path = python->scanner->path;
	return str_ends(path, STR("__init__.py")) || str_ends(path, STR("__init__.pyi"));
}

/* Takes as many parts off the package as the name has dots, less one; `rest` is the name
 * without its dots. False when there are not so many parts. */
static bool join_relative(struct literal *package, struct str name, struct str *rest)
{
	*rest = str_from(name, 1);
	while (str_starts(*rest, STR("."))) {
		struct str whole = {package->bytes, package->length};
		ptrdiff_t dot = str_find_last(whole, '.');
		if (dot <= 0)
			return false;
		package->length = (size_t)dot;
		*rest = str_from(*rest, 1);
	}
	if (package->length == sizeof package->bytes)
		return false;
	package->bytes[package->length++] = '.';
	return true;
}

/* import_module(".x", package): the name as it is where the package is the file's own, put
 * together where it is a literal, "*.x" where nobody can know. `at` is behind the name. */
static void refer_relative(struct python *python, const char *at, const struct literal *literal)
{
	struct str name = {literal->bytes, literal->length};
	struct str rest;
	struct literal package;
	if (*at == ',')
		at = python_skip_space(python, at + 1);
	at = skip_keyword(python, at, STR("package"));
	bool own = is_argument(python, at, STR("__package__")) ||
		   (is_argument(python, at, STR("__name__")) && is_package_file(python));
	if (own) {
		python_reference(python, REFERENCE_DYNAMIC, literal->first, name, (struct str){0});
	} else if (read_literal(python, at, &package) && join_relative(&package, name, &rest)) {
		struct str first = {package.bytes, package.length};
		python_reference(python, REFERENCE_DYNAMIC, literal->first, first, rest);
	} else {
		python_reference(python, REFERENCE_DYNAMIC, literal->first, STR("*"), name);
	}
}

const char *python_dynamic(struct python *python, const char *word)
{
	bool relative;
	const char *end;
	struct literal literal;
	if (!read_function(python, word, &relative, &end))
		return word + 6;
	const char *at = python_skip_blanks(python, end);
	if (*at != '(')
		return end;
	at = skip_keyword(python, python_skip_space(python, at + 1), STR("name"));
	at = read_literal(python, at, &literal);
	if (!at)
		return end;
	if (relative && literal.bytes[0] == '.')
		refer_relative(python, at, &literal);
	else
		python_reference(python, REFERENCE_DYNAMIC, literal.first,
				 (struct str){literal.bytes, literal.length}, (struct str){0});
	return at;
}
