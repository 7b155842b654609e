/* SPDX-License-Identifier: Apache-2.0 */
/* go.mod and go.work: one directive a line, or a block of lines in parentheses after a verb.
 * Must not know the tree, or what a module path leads to.
 *
 * Invariant: each line is read by itself; only the verb of an open block is carried on. */
#include "manifest/gomod.h"

#include "base/mem.h"

/* A line has at most so many words that matter: replace a v1 => b v2. */
enum { WORD_LIMIT = 6 };

struct word {
	struct str text; /* without quotes */
	uint32_t column;
};

struct line {
	struct word words[WORD_LIMIT];
	size_t count; /* of all words, also beyond the limit */
	uint32_t number;
};

struct parser {
	struct gomod *mod;
	const char *file;
	struct error_list *problems;
	struct str verb; /* of the open block; empty outside */
	uint32_t verb_line;
	uint32_t verb_column;
};

static void complain(struct parser *parser, uint32_t line, uint32_t column, const char *what)
{
	error_list_at(parser->problems, ERROR_SYNTAX, parser->file, line, column, "%s", what);
}

/* ---- words ---- */

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static bool is_parenthesis(char byte)
{
	return byte == '(' || byte == ')';
}

static size_t quoted_length(struct str rest)
{
	ptrdiff_t end = str_find(str_from(rest, 1), rest.at[0]);
	return end < 0 ? rest.length : (size_t)end + 2;
}

static size_t word_length(struct str rest)
{
	size_t length = 0;
	if (is_parenthesis(rest.at[0]))
		return 1;
	if (rest.at[0] == '"' || rest.at[0] == '`')
		return quoted_length(rest);
	while (length < rest.length && !is_space(rest.at[length]) &&
	       !is_parenthesis(rest.at[length]) && !str_starts(str_from(rest, length), STR("//")))
		length++;
	return length;
}

static struct str unquote(struct str word)
{
	if (word.length >= 2 && (word.at[0] == '"' || word.at[0] == '`') &&
	    word.at[word.length - 1] == word.at[0])
		return (struct str){word.at + 1, word.length - 2};
	return word;
}

static void split_line(struct str text, struct line *out)
{
	size_t at = 0;
	while (at < text.length) {
		struct str rest = str_from(text, at);
		if (is_space(text.at[at])) {
			at++;
			continue;
		}
		if (str_starts(rest, STR("//")))
			return;
		size_t length = word_length(rest);
		if (out->count < WORD_LIMIT)
			out->words[out->count] =
				(struct word){unquote(str_first(rest, length)), (uint32_t)at + 1};
		out->count++;
		at += length;
	}
}

/* ---- directives; `line` holds what follows the verb ---- */

static bool add_module(struct parser *parser, const struct line *line)
{
	struct gomod *mod = parser->mod;
	if (line->count != 1) {
		complain(parser, line->number, 1, "module takes one path");
	} else if (mod->module.length > 0) {
		complain(parser, line->number, line->words[0].column,
			 "a second module path; the first one counts");
	} else {
		mod->module = line->words[0].text;
		mod->module_line = line->number;
	}
	return true;
}

static bool add_require(struct parser *parser, const struct line *line)
{
	struct gomod *mod = parser->mod;
	if (line->count != 2) {
		complain(parser, line->number, line->words[0].column,
			 "require takes a module path and a version");
		return true;
	}
	if (!mem_reserve(&mod->requires, &mod->require_capacity, mod->require_count + 1,
			 sizeof *mod->requires))
		return false;
	mod->requires[mod->require_count++] =
		(struct gomod_require){line->words[0].text, line->number};
	return true;
}

static bool is_folder(struct str with)
{
	return str_equal(with, STR(".")) || str_equal(with, STR("..")) ||
	       str_starts(with, STR("./")) || str_starts(with, STR("../")) ||
	       str_starts(with, STR("/"));
}

static bool add_replace(struct parser *parser, const struct line *line)
{
	struct gomod *mod = parser->mod;
	size_t arrow = line->count > 1 && str_equal(line->words[1].text, STR("=>")) ? 1 : 2;
	size_t after = line->count > arrow ? line->count - arrow - 1 : 0;
	if (after < 1 || after > 2 || !str_equal(line->words[arrow].text, STR("=>"))) {
		complain(parser, line->number, line->words[0].column,
			 "replace takes a module path, =>, and a folder or another module");
		return true;
	}
	if (!mem_reserve(&mod->replaces, &mod->replace_capacity, mod->replace_count + 1,
			 sizeof *mod->replaces))
		return false;
	struct str with = line->words[arrow + 1].text;
	mod->replaces[mod->replace_count++] = (struct gomod_replace){
		.path = line->words[0].text,
		.with = with,
		.with_is_folder = after == 1 && is_folder(with),
		.line = line->number,
	};
	return true;
}

static bool add_use(struct parser *parser, const struct line *line)
{
	struct gomod *mod = parser->mod;
	if (line->count != 1) {
		complain(parser, line->number, line->words[0].column, "use takes one folder");
		return true;
	}
	if (!mem_reserve(&mod->uses, &mod->use_capacity, mod->use_count + 1, sizeof *mod->uses))
		return false;
	mod->uses[mod->use_count++] =
		(struct gomod_use){line->words[0].text, line->number, line->words[0].column};
	return true;
}

static const struct directive {
	const char *verb;
	bool (*add)(struct parser *parser, const struct line *line);
} DIRECTIVES[] = {
	{"module", add_module},
	{"require", add_require},
	{"replace", add_replace},
	{"use", add_use},
};

static bool run_directive(struct parser *parser, struct str verb, const struct line *line)
{
	for (size_t i = 0; i < sizeof DIRECTIVES / sizeof *DIRECTIVES; i++)
		if (str_equal(verb, str_of(DIRECTIVES[i].verb)))
			return DIRECTIVES[i].add(parser, line);
	return true;
}

static void drop_first(struct line *line)
{
	memmove(&line->words[0], &line->words[1], (WORD_LIMIT - 1) * sizeof line->words[0]);
	line->count--;
}

static bool is_word(const struct line *line, size_t index, const char *text)
{
	return line->count > index && str_equal(line->words[index].text, str_of(text));
}

static bool run_line(struct parser *parser, struct line *line)
{
	if (line->count == 0)
		return true;
	if (parser->verb.length > 0) {
		if (!is_word(line, 0, ")"))
			return run_directive(parser, parser->verb, line);
		parser->verb = (struct str){0};
		return true;
	}
	struct word verb = line->words[0];
	drop_first(line);
	if (!is_word(line, 0, "("))
		return run_directive(parser, verb.text, line);
	if (is_word(line, 1, ")"))
		return true;
	parser->verb = verb.text;
	parser->verb_line = line->number;
	parser->verb_column = verb.column;
	return true;
}

void gomod_release(struct gomod *mod)
{
	mem_free(mod->requires);
	mem_free(mod->replaces);
	mem_free(mod->uses);
	*mod = (struct gomod){0};
}

int gomod_parse(struct str content, const char *file, struct error_list *problems,
		struct gomod *out, struct error *error)
{
	_cleanup_(gomod_release) struct gomod mod = {0};
	struct parser parser = {.mod = &mod, .file = file, .problems = problems};
	struct str text;
	for (uint32_t number = 1; str_split(&content, '\n', &text); number++) {
		struct line line = {.number = number};
		split_line(text, &line);
		if (!run_line(&parser, &line))
			return error_memory(error);
	}
	if (parser.verb.length > 0)
		complain(&parser, parser.verb_line, parser.verb_column,
			 "the block that starts here is not closed");
	*out = mod;
	mod = (struct gomod){0};
	return 0;
}
