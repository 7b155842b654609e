/* SPDX-License-Identifier: Apache-2.0 */
/* Places in all their forms: every node is printed as "kind line:column offset-end text". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/yaml.h"

static void show(const struct yaml_node *node, unsigned depth, struct text *out)
{
	static const char KINDS[] = {[YAML_NOTHING] = '0',
				     [YAML_SCALAR] = 's',
				     [YAML_LIST] = 'l',
				     [YAML_MAPPING] = 'm',
				     [YAML_BROKEN] = '!'};
	text_addf(out, "%*s", (int)depth * 2, "");
	if (node->key)
		text_addf(out, "%s@%u:%u ", node->key->text.at, node->key->line, node->key->column);
	text_addf(out, "%c %u:%u %zu-%zu", KINDS[node->kind], node->line, node->column,
		  node->offset, node->end);
	if (node->kind == YAML_SCALAR)
		text_addf(out, " %s%s", node->quoted ? "q " : "", node->text.at);
	text_add_byte(out, '\n');
	for (const struct yaml_node *child = node->first; child; child = child->next)
		show(child, depth + 1, out);
}

static void check(const char *source, const char *wanted)
{
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	_cleanup_(text_release) struct text out = {0};
	struct yaml_document document;
	struct error error;
	/* Twice, for the parser is used again. */
	for (int run = 0; run < 2; run++) {
		char line[2000];
		text_clear(&out);
		error_list_clear(&errors);
		assert_int_equal(yaml_parse(&parser, "f", str_of(source), &arena, &document,
					    &errors, &error),
				 0);
		if (document.root)
			show(document.root, 0, &out);
		if (document.broken)
			text_addf(&out, "broken\n");
		for (size_t i = 0; i < errors.count; i++) {
			error_format(&errors.items[i], line, sizeof line);
			text_addf(&out, "%s\n", line);
		}
		assert_string_equal(text_str(&out).at, wanted);
	}
}

static void places_of_all_kinds(void **state)
{
	(void)state;
	check("", "");
	check("# no more\n\n", "");
	check("a: 1\nb: [x, 'y z', \"w\"]  # c\n", "m 1:1 0-23\n"
						   "  a@1:1 s 1:4 3-4 1\n"
						   "  b@2:1 l 2:4 8-23\n"
						   "    s 2:5 9-10 x\n"
						   "    s 2:8 12-17 q y z\n"
						   "    s 2:15 19-22 q w\n");
	check("- a: 1\n  b: 2 # c\n- {c: 3 }\n-\n  d: 4\n", "l 1:1 0-36\n"
							    "  m 1:3 2-13\n"
							    "    a@1:3 s 1:6 5-6 1\n"
							    "    b@2:3 s 2:6 12-13 2\n"
							    "  m 3:3 20-27\n"
							    "    c@3:4 s 3:7 24-25 3\n"
							    "  m 5:3 32-36\n"
							    "    d@5:3 s 5:6 35-36 4\n");
}

static void what_is_nothing(void **state)
{
	(void)state;
	check("a:\nb: ~\nc: null\nd: ''\ne: \"null\"\n", "m 1:1 0-31\n"
							 "  a@1:1 0 1:1 0-1\n"
							 "  b@2:1 0 2:4 6-7\n"
							 "  c@3:1 0 3:4 11-15\n"
							 "  d@4:1 s 4:4 19-21 q \n"
							 "  e@5:1 s 5:4 25-31 q null\n");
}

static void columns_are_in_characters(void **state)
{
	(void)state;
	check("\xEF\xBB\xBF\xC3\xA9: \xE6\x97\xA5\r\nb:\t[\xF0\x9F\x99\x82, c]\r\n",
	      "m 1:1 0-21\n"
	      "  \xC3\xA9@1:1 s 1:4 4-7 \xE6\x97\xA5\n"
	      "  b@2:1 l 2:4 12-21\n"
	      "    s 2:5 13-17 \xF0\x9F\x99\x82\n"
	      "    s 2:8 19-20 c\n");
	check("a: 1\rb: 2\r", "m 1:1 0-9\n"
			      "  a@1:1 s 1:4 3-4 1\n"
			      "  b@2:1 s 2:4 8-9 2\n");
}

static void escapes_become_characters(void **state)
{
	(void)state;
	check("\"\\u00e9\\t\\\"\"\n", "s 1:1 0-12 q \xC3\xA9\t\"\n");
	check("a: \"\\x00\"\nb: 1\n", "m 1:1 0-14\n"
				      "  a@1:1 ! 1:4 3-9\n"
				      "  b@2:1 s 2:4 13-14 1\n"
				      "f:1:4: an escape makes a character that no text may have\n");
}

static void a_break_keeps_what_stands_before(void **state)
{
	(void)state;
	check("a: 1\nb: [c, {d: e\nf: 2\n", "m 1:1 0-19\n"
					    "  a@1:1 s 1:4 3-4 1\n"
					    "  b@2:1 ! 2:4 8-19\n"
					    "    s 2:5 9-10 c\n"
					    "    ! 2:8 12-19\n"
					    "      d@2:9 s 2:12 16-19 e f\n"
					    "broken\n"
					    "f:3:2: a comma is missing before this\n");
}

static void keys_given_twice_keep_the_first(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text source = {0};
	_cleanup_(text_release) struct text wanted = {0};
	check("a: 1\na: 2\n", "m 1:1 0-9\n"
			      "  a@1:1 s 1:4 3-4 1\n"
			      "f:2:1: the key 'a' is given twice; the first is in line 1\n");
	text_addf(&wanted, "m 1:1 0-169\n");
	for (int i = 0; i < 20; i++) {
		text_addf(&source, "k%02d: %02d\n", i, i);
		text_addf(&wanted, "  k%02d@%d:1 s %d:6 %d-%d %02d\n", i, i + 1, i + 1, i * 8 + 5,
			  i * 8 + 7, i);
	}
	text_addf(&source, "k11: xxxx\n");
	text_addf(&wanted, "f:21:1: the key 'k11' is given twice; the first is in line 12\n");
	check(text_str(&source).at, text_str(&wanted).at);
}

static void the_parser_can_be_used_again_after_a_refusal(void **state)
{
	(void)state;
	static const char DEEP[] = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	struct yaml_document document;
	struct error error;
	for (int run = 0; run < 3; run++) {
		assert_int_equal(
			yaml_parse(&parser, "f", STR(DEEP), &arena, &document, &errors, &error), 0);
		assert_true(document.broken);
		assert_int_equal(errors.count, run + 1);
		assert_int_equal(errors.items[run].code, ERROR_LIMIT);
		assert_int_equal(errors.items[run].column, YAML_DEPTH_LIMIT + 1);
		assert_int_equal(
			yaml_parse(&parser, "f", STR("a: 1"), &arena, &document, &errors, &error),
			0);
		assert_false(document.broken);
	}
	check("a: |\n  b\n\n\nc: d\n--- e\n",
	      "m 1:1 0-15\n"
	      "  a@1:1 s 2:1 5-8 q b\n\n"
	      "  c@5:1 s 5:4 14-15 d\n"
	      "broken\n"
	      "f:6:1: a second document starts here; a file holds one\n");
}

static void excerpts_are_cut_between_characters(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text word = {0};
	assert_string_equal(excerpt_of(STR("a\nb\x7F")).text, "a?b?");
	assert_string_equal(excerpt_of(STR("")).text, "");
	for (int i = 0; i < 37; i++)
		text_addf(&word, "\xE6\x97\xA5");
	assert_string_equal(excerpt_of(text_str(&word)).text, word.at);
	text_addf(&word, "\xE6\x97\xA5");
	struct excerpt cut = excerpt_of(text_str(&word));
	assert_int_equal(strlen(cut.text), 111);
	assert_true(str_ends(str_of(cut.text), STR("\xE6\x97\xA5\xE2\x80\xA6")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_of_all_kinds),
		cmocka_unit_test(what_is_nothing),
		cmocka_unit_test(columns_are_in_characters),
		cmocka_unit_test(escapes_become_characters),
		cmocka_unit_test(a_break_keeps_what_stands_before),
		cmocka_unit_test(keys_given_twice_keep_the_first),
		cmocka_unit_test(the_parser_can_be_used_again_after_a_refusal),
		cmocka_unit_test(excerpts_are_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
