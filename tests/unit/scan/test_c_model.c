/* SPDX-License-Identifier: Apache-2.0 */
/* The C scanner beside a plain model of it, on sources made at random of what is hard to tell
 * apart. The model goes over all bytes one by one, in order, and keeps what it knows in a few
 * flags; the scanner jumps from one candidate to the next, many bytes at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/wide.h"
#include "scan/reader.h"
#include "scan/scanner.h"

/* ---- the model ---- */

struct model {
	const char *at;
	const char *begin;
	const char *end;
	bool words;      /* C++20's import and module count */
	bool line_start; /* only blanks and comments so far on this logical line */
	unsigned skip_depth;
	struct text *out;
};

static bool in(char byte, const char *set)
{
	return byte && strchr(set, byte);
}

static bool is_word(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '_' || (unsigned char)byte >= 0x80;
}

/* Behind a spliced newline at `at`, or `at`. */
static const char *splice(const char *at)
{
	const char *behind = at + 1;
	if (*at != '\\')
		return at;
	while (in(*behind, " \t\v\f\r"))
		behind++;
	return *behind == '\n' ? behind + 1 : at;
}

static const char *behind_comment(const struct model *model, const char *at)
{
	for (; at < model->end; at++)
		if (at[0] == '*' && at[1] == '/')
			return at + 2;
	return model->end;
}

/* The byte behind `at`, past splices. */
static const char *next(const char *at)
{
	at++;
	while (splice(at) != at)
		at = splice(at);
	return at;
}

static const char *blanks(const struct model *model, const char *at)
{
	for (;;) {
		if (in(*at, " \t\v\f\r"))
			at++;
		else if (splice(at) != at)
			at = splice(at);
		else if (*at == '/' && *next(at) == '*')
			at = behind_comment(model, next(at) + 1);
		else
			return at;
	}
}

static struct str word_at(const char *at)
{
	size_t length = 0;
	while (!(*at >= '0' && *at <= '9') && is_word(at[length]))
		length++;
	return (struct str){at, length};
}

static bool is(struct str word, const char *text)
{
	return str_equal(word, str_of(text));
}

static void tell(struct model *model, const char *what, struct str name)
{
	text_addf(model->out, "%s %.*s;", what, STR_ARG(name));
}

/* "x" or <x> on one line, without its delimiters; nothing when it has no end. */
static struct str delimited(const struct model *model, const char *at)
{
	char closing = *at == '"' ? '"' : '>';
	if (*at != '"' && *at != '<')
		return (struct str){0};
	for (const char *to = at + 1; to < model->end && *to != '\n'; to++)
		if (*to == closing)
			return (struct str){at + 1, (size_t)(to - at - 1)};
	return (struct str){0};
}

static void model_include(struct model *model, const char *at)
{
	at = blanks(model, at);
	struct str name = delimited(model, at);
	bool whole = name.at != NULL;
	if (!whole)
		name = word_at(at);
	if (name.length == 0) {
		model->at++;
		return;
	}
	tell(model, "include", name);
	model->at = name.at + name.length + whole;
}

static void model_define(struct model *model, const char *at)
{
	while (in(*at, " \t"))
		at++;
	struct str name = word_at(at);
	const char *value = name.at + name.length;
	model->at++;
	if (name.length == 0 || !in(*value, " \t"))
		return;
	while (in(*value, " \t"))
		value++;
	struct str header = delimited(model, value);
	bool dotted = *value == '<';
	for (size_t i = 0; i < header.length; i++) {
		if (in(header.at[i], " \t%\\"))
			return;
		dotted = dotted || in(header.at[i], "./");
	}
	if (header.length == 0 || !dotted)
		return;
	const char *behind = blanks(model, header.at + header.length + 1);
	if (behind < model->end && *behind != '\n' && !(behind[0] == '/' && behind[1] == '/'))
		return;
	model->at = header.at + header.length + 1;
	tell(model, "macro", (struct str){name.at, (size_t)(model->at - name.at)});
}

static bool is_zero(const struct model *model, const char *at)
{
	at = blanks(model, at);
	if (*at != '0' || is_word(at[1]))
		return false;
	at = blanks(model, at + 1);
	return at >= model->end || *at == '\n' || (at[0] == '/' && at[1] == '/');
}

static void model_skipped(struct model *model, struct str word)
{
	if (is(word, "if") || is(word, "ifdef") || is(word, "ifndef"))
		model->skip_depth++;
	else if (is(word, "endif") ||
		 (model->skip_depth == 1 && (is(word, "else") || is(word, "elif") ||
					     is(word, "elifdef") || is(word, "elifndef"))))
		model->skip_depth--;
	model->at++;
}

static void model_directive(struct model *model)
{
	model->at += *model->at == '%';
	struct str word = word_at(blanks(model, model->at + 1));
	const char *behind = word.at + word.length;
	model->line_start = false;
	if (model->skip_depth > 0) {
		model_skipped(model, word);
	} else if (is(word, "include") || is(word, "import") || is(word, "include_next")) {
		model_include(model, behind);
	} else if (is(word, "define")) {
		model_define(model, behind);
	} else {
		model->skip_depth = is(word, "if") && is_zero(model, behind);
		model->at++;
	}
}

static void model_slash(struct model *model)
{
	const char *second = next(model->at);
	if (*second == '*') {
		model->at = behind_comment(model, second + 1);
	} else if (*second == '/') {
		for (model->at = second + 1; model->at < model->end && *model->at != '\n';)
			model->at =
				splice(model->at) != model->at ? splice(model->at) : model->at + 1;
	} else {
		model->line_start = false;
		model->at++;
	}
}

static void model_literal(struct model *model, char quote)
{
	for (model->at++; model->at < model->end && *model->at != '\n';) {
		if (*model->at == quote) {
			model->at++;
			return;
		}
		if (splice(model->at) != model->at)
			model->at = splice(model->at);
		else
			model->at = *model->at == '\\' ? next(model->at) + 1 : model->at + 1;
	}
}

/* Whether the model stood on a raw string, and is behind it. */
static bool model_raw(struct model *model)
{
	static const char *const PREFIXES[] = {"R", "LR", "uR", "UR", "u8R"};
	const char *from = model->at, *open = model->at + 1;
	while (from > model->begin && is_word(from[-1]))
		from--;
	bool raw = false;
	for (size_t i = 0; i < sizeof PREFIXES / sizeof *PREFIXES; i++)
		raw = raw || is((struct str){from, (size_t)(model->at - from)}, PREFIXES[i]);
	while (raw && open < model->end && *open != '(') {
		raw = open - model->at <= 16 && !in(*open, " \t\v\f\r\n)\\\"");
		open++;
	}
	if (!raw)
		return false;
	size_t length = (size_t)(open - model->at - 1);
	for (const char *at = open; at < model->end; at++)
		if (at[0] == ')' && strncmp(at + 1, model->at + 1, length) == 0 &&
		    at[1 + length] == '"') {
			model->at = at + length + 2;
			return true;
		}
	model->at = model->end;
	return true;
}

static void model_apostrophe(struct model *model)
{
	const char *from = model->at;
	while (from > model->begin && is_word(from[-1]))
		from--;
	if (from == model->at || *from < '0' || *from > '9' || !is_word(model->at[1])) {
		model_literal(model, '\'');
		return;
	}
	while (is_word(*model->at) || *model->at == '.' ||
	       (*model->at == '\'' && is_word(model->at[1])))
		model->at++;
}

/* Only `import <x>;` and its like: named modules are for the scanner's other tests. */
static void model_import(struct model *model)
{
	struct str word = word_at(model->at);
	if (is(word, "export")) {
		const char *at = word.at + word.length;
		while (in(*at, " \t"))
			at++;
		word = word_at(at);
	}
	if (!is(word, "import"))
		return;
	const char *at = word.at + word.length;
	while (in(*at, " \t"))
		at++;
	struct str header = delimited(model, at);
	if (header.length > 0)
		tell(model, "import", header);
}

static void model_byte(struct model *model)
{
	if (splice(model->at) != model->at) {
		model->at = splice(model->at);
		return;
	}
	bool blank = in(*model->at, " \t\v\f\r\n");
	if (*model->at == '\n')
		model->line_start = true;
	else if (!blank && *model->at != '#' && !(model->at[0] == '%' && model->at[1] == ':') &&
		 *model->at != '/')
		model->line_start = false;
	if (*model->at == '"' && model_raw(model))
		return;
	if (*model->at == '"')
		model_literal(model, '"');
	else if (*model->at == '\'')
		model_apostrophe(model);
	else if (*model->at == '/')
		model_slash(model);
	else if (model->line_start &&
		 (*model->at == '#' || (model->at[0] == '%' && model->at[1] == ':')))
		model_directive(model);
	else
		model->at++;
}

static void model_scan(struct str source, bool words, struct text *out)
{
	struct model model = {source.at, source.at, source.at + source.length, words, true, 0, out};
	while (model.at < model.end) {
		if (words && model.line_start && model.skip_depth == 0 &&
		    (model.at == model.begin || model.at[-1] == '\n'))
			model_import(&model);
		model_byte(&model);
	}
}

/* ---- the scanner ---- */

static void tell_facts(const struct facts *facts, struct text *out)
{
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		text_addf(out, "%s %s;", reference_kind_name(reference->kind), reference->target);
	}
	for (size_t i = 0; i < facts->declaration_count; i++)
		text_addf(out, "macro %.*s;", STR_ARG(facts->declarations[i].name));
}

static void scanner_scan(struct str source, bool words, struct text *out)
{
	struct arena arena = {0};
	struct facts facts = {0};
	scan_source(LANGUAGE_C, words ? STR("a.cpp") : STR("a.c"), source, &arena, &facts);
	tell_facts(&facts, out);
	mem_free(facts.references);
	mem_free(facts.declarations);
	arena_release(&arena);
}

/* ---- sources at random ---- */

static const char *const PIECES[] = {
	"#include <a.h>\n",
	"#include \"b.h\"\n",
	"#include C_H\n",
	"#define C_H \"c.h\"\n",
	"#define D_H <d/e.h> // x\n",
	"#define F(x) (x < 3) ? \"y\" : #x\n",
	"#define G 0x1\n",
	"#define LONG_NAME_OF_A_REGISTER__WITH_A_FIELD__SHIFT                              0x0\n",
	"# include <f.h>\n",
	"%:include <g.h>\n",
	"#import \"h.h\"\n",
	"#include_next <i.h>\n",
	"#if 0\n",
	"#if 1\n",
	"#ifdef X\n",
	"#else\n",
	"#elif Y\n",
	"#endif\n",
	"#if 0 // z\n",
	"/*",
	"*/",
	"//",
	"\"",
	"'",
	"\\\n",
	"\\ \n",
	"\n",
	"\n",
	" ",
	"\t",
	"R\"(",
	")\"",
	"R\"x(",
	")x\"",
	"u8R\"",
	"1'000",
	"a",
	"/",
	"*",
	"\\",
	"#",
	"%",
	":",
	"%:",
	"<",
	">",
	"0",
	"include",
	"define",
	"#define",
	"#define ",
	" \"j.h\"",
	" <k.h>",
	"\r\n",
	"i",
	"e",
	"m",
	"import <l.h>;\n",
	"import \"m.h\";\n",
	"export import <n.h>;\n",
	"importer\n",
	"\xC3\xA9",
	"int main(void) { return strlen(\"it's /* no comment */\"); }\n",
};

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)random_state * limit) >> 32);
}

static void make_source(struct text *source)
{
	uint32_t count = 1 + random_below(random_below(4) ? 12 : 80);
	uint32_t first = random_below(3) ? 0 : 19;
	uint32_t most = sizeof PIECES / sizeof *PIECES - first;
	text_clear(source);
	while (count-- > 0)
		text_add(source, str_of(PIECES[first + random_below(most)]));
}

/* What was told, sorted out by kind: the scanner keeps macros apart. */
static void sort_out(const struct text *told, struct text *out)
{
	for (int macros = 0; macros < 2; macros++) {
		struct str rest = text_str(told), item;
		while (str_split(&rest, ';', &item))
			if (str_starts(item, STR("macro ")) == macros && item.length > 0) {
				text_add(out, item);
				text_add_byte(out, ';');
			}
	}
}

static void expect_same(const struct text *content, bool words)
{
	static const char PADDING[SCANNER_PADDING];
	_cleanup_(text_release) struct text padded = {0}, plain = {0}, told = {0}, expected = {0};
	text_add(&padded, text_str(content));
	text_add(&padded, (struct str){PADDING, sizeof PADDING});
	struct str source = {padded.at, content->length};
	model_scan(source, words, &plain);
	sort_out(&plain, &expected);
	text_add_byte(&expected, '\n');
	scanner_scan(source, words, &told);
	text_add_byte(&told, '\n');
	if (!str_equal(text_str(&told), text_str(&expected)))
		fail_msg("of\n%s\nthe scanner says %sand the model %s", content->at, told.at,
			 expected.at);
}

static void agrees_with_the_model(void **state)
{
	enum { ROUNDS = 100000 };
	_cleanup_(text_release) struct text source = {0};
	(void)state;
	random_state = 1;
	for (int i = 0; i < ROUNDS; i++) {
		make_source(&source);
		wide_allow(i % 2 == 0);
		expect_same(&source, i % 4 < 2);
	}
	wide_allow(true);
}

/* Each directive at each distance from a block's end. */
static void agrees_at_any_offset(void **state)
{
	static const char *const TAILS[] = {
		"#define A_B 0x12345\n#include <a.h>\n", "#define A \"a.h\"\n%:include <b.h>\n",
		"/* #define X */ #include C\n",          "#define X /*\n*/ #include <d.h>\n",
		"#define X(a) #a\n  #  include <e.h>",   "x\nimport <f.h>;",
	};
	_cleanup_(text_release) struct text source = {0};
	(void)state;
	for (size_t i = 0; i < sizeof TAILS / sizeof *TAILS; i++)
		for (size_t before = 0; before < 200; before++) {
			text_clear(&source);
			for (size_t j = 0; j < before; j++)
				text_add_byte(&source, j % 70 == 69 ? '\n' : ' ');
			text_add(&source, str_of(TAILS[i]));
			for (int wide = 0; wide < 2; wide++) {
				wide_allow(wide);
				expect_same(&source, true);
				expect_same(&source, false);
			}
		}
	wide_allow(true);
}

/* ---- long files ---- */

/* Lines in which nothing begins, and now and then one in which something does. */
static void add_rest(struct text *source)
{
	static const char *const LINES[] = {
		"#define R_X__A_FIELD__SHIFT      0x1\n",
		"#define S(x) ((x) < 2)\n",
		"int x;\n",
		"#endif\n",
		"/* a\n   b */\n",
		"\n",
		"\\\n",
		"include <not.h>\n",
		"*/\n",
		"\"\n",
		"# define T \"plain\"\n",
		"\xC3\xA9\n",
		"puts(\"#\");\n",
		"\xC3\n",
	};
	uint32_t pieces = sizeof PIECES / sizeof *PIECES;
	for (uint32_t count = random_below(40); count > 0; count--)
		text_add(source, str_of(LINES[random_below(sizeof LINES / sizeof *LINES)]));
	if (random_below(3) == 0)
		text_add(source, str_of(PIECES[random_below(pieces)]));
	else if (random_below(3) == 0)
		text_add(source, STR("no newline at the end"));
}

static void tell_all(const struct facts *facts, struct text *out)
{
	tell_facts(facts, out);
	text_addf(out, " %u lines%s", facts->lines, facts->not_utf8 ? ", not UTF-8" : "");
}

/* Whether the reader left the rest of the file out. */
static bool expect_same_in_pieces(struct reader *reader, const struct text *content, bool words)
{
	static const char PADDING[SCANNER_PADDING];
	struct str path = words ? STR("a.cpp") : STR("a.c");
	struct arena arena = {0};
	struct facts whole = {0}, pieces = {0};
	_cleanup_(text_release) struct text padded = {0}, expected = {0}, told = {0};
	_cleanup_(file_closep) int fd = memfd_create("source", MFD_CLOEXEC);
	assert_int_equal(write(fd, content->at, content->length), content->length);
	text_add(&padded, text_str(content));
	text_add(&padded, (struct str){PADDING, sizeof PADDING});
	scan_source(LANGUAGE_C, path, (struct str){padded.at, content->length}, &arena, &whole);
	assert_int_equal(reader_scan(reader, fd, LANGUAGE_C, path, &arena, &pieces), 0);
	tell_all(&whole, &expected);
	tell_all(&pieces, &told);
	if (!str_equal(text_str(&told), text_str(&expected)))
		fail_msg("of\n%s\nthe reader says %s and the scanner %s", content->at, told.at,
			 expected.at);
	mem_free(whole.references);
	mem_free(whole.declarations);
	mem_free(pieces.references);
	mem_free(pieces.declarations);
	arena_release(&arena);
	return reader->size < content->length;
}

static void agrees_on_long_files_in_pieces(void **state)
{
	enum { ROUNDS = 20000 };
	_cleanup_(text_release) struct text source = {0};
	unsigned skimmed = 0;
	(void)state;
	random_state = 5;
	for (size_t piece = READER_PIECE_LEAST; piece <= 512; piece += 128) {
		_cleanup_(reader_release) struct reader reader = {.piece = piece};
		for (int i = 0; i < ROUNDS; i++) {
			make_source(&source);
			add_rest(&source);
			skimmed += expect_same_in_pieces(&reader, &source, i % 2);
		}
	}
	assert_true(skimmed > ROUNDS / 4);
	assert_true(skimmed < 3 * ROUNDS);
}

/* Directives that go on behind the end of the piece they begin in, wherever that is. */
static void sees_what_goes_on_behind_a_piece(void **state)
{
	static const char *const OPENINGS[] = {"# \\\n",
					       "#/*\n",
					       "#include \\\n",
					       "#include /*\n\n",
					       "#define A \"a.h\" \\\n",
					       "import a \\\n"};
	static const char *const RESTS[] = {
		"include <b.h>\n", "*/ include <b.h>\n", "<b.h>\n", "*/ <b.h>\n", "x\n", ";\n"};
	_cleanup_(text_release) struct text source = {0};
	_cleanup_(reader_release) struct reader reader = {.piece = READER_PIECE_LEAST};
	(void)state;
	for (size_t i = 0; i < sizeof OPENINGS / sizeof *OPENINGS; i++)
		for (size_t before = 1; before < 2 * READER_PIECE_LEAST; before++) {
			text_clear(&source);
			for (size_t j = 1; j < before; j++)
				text_add_byte(&source, j % 20 ? ' ' : '\n');
			text_add_byte(&source, '\n');
			text_add(&source, str_of(OPENINGS[i]));
			text_add(&source, str_of(RESTS[i]));
			for (int j = 0; j < 20; j++)
				text_add(&source, STR("int it_goes_on;\n"));
			expect_same_in_pieces(&reader, &source, true);
			expect_same_in_pieces(&reader, &source, false);
		}
}

static void refuses_what_is_too_large_or_binary(void **state)
{
	struct arena arena = {0};
	struct facts facts = {0};
	_cleanup_(reader_release) struct reader reader = {0};
	_cleanup_(file_closep) int fd = memfd_create("source", MFD_CLOEXEC);
	(void)state;
	assert_int_equal(ftruncate(fd, (off_t)READER_FILE_LIMIT + 1), 0);
	for (int i = 0; i < 2; i++) {
		enum language language = i ? LANGUAGE_C : LANGUAGE_PYTHON;
		assert_int_equal(reader_scan(&reader, fd, language, STR("a.x"), &arena, &facts),
				 -1);
		assert_int_equal(errno, EFBIG);
	}
	assert_int_equal(ftruncate(fd, READER_FILE_LIMIT), 0);
	assert_int_equal(reader_scan(&reader, fd, LANGUAGE_C, STR("a.c"), &arena, &facts), -1);
	assert_int_equal(errno, EILSEQ);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(reader_scan(&reader, fd, LANGUAGE_C, STR("a.c"), &arena, &facts), 0);
	assert_int_equal(facts.lines, 0);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_model),
		cmocka_unit_test(agrees_at_any_offset),
		cmocka_unit_test(agrees_on_long_files_in_pieces),
		cmocka_unit_test(sees_what_goes_on_behind_a_piece),
		cmocka_unit_test(refuses_what_is_too_large_or_binary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
