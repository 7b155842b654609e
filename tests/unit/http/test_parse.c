/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "http/parse.h"
#include "http/token.h"

#define HEAD                                                                                       \
	"POST /a/b?c=d&e HTTP/1.1\r\nHost: example.org:8080\r\nX-Empty:\r\nX-Long: \t a b \t\r\n"

static struct http_head head;

static enum http_parse parse(const char *text)
{
	http_head_init(&head);
	return http_head_parse(&head, text, strlen(text));
}

static void check(const char *bytes, struct http_span span, const char *expected)
{
	struct str text = http_span_str(bytes, span);
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.at, expected, text.length);
}

static void head_is_taken_apart(void **state)
{
	const char *text = HEAD "Content-Length: 12\r\n\r\nbody";
	(void)state;
	assert_int_equal(parse(text), HTTP_PARSE_DONE);
	assert_int_equal(head.length, strlen(text) - 4);
	check(text, head.method, "POST");
	check(text, head.target, "/a/b?c=d&e");
	check(text, head.path, "/a/b");
	check(text, head.query, "c=d&e");
	check(text, head.authority, "example.org:8080");
	assert_int_equal(head.count, 4);
	check(text, head.fields[1].name, "X-Empty");
	check(text, head.fields[1].value, "");
	check(text, head.fields[2].value, "a b");
	assert_int_equal(head.content_length, 12);
	assert_false(head.close || head.chunked || head.expect_continue);
}

static void absolute_target_names_the_host(void **state)
{
	const char *text = "GET http://b.example?q HTTP/1.1\r\nHost: a\r\n\r\n";
	(void)state;
	assert_int_equal(parse(text), HTTP_PARSE_DONE);
	check(text, head.authority, "b.example");
	check(text, head.path, "");
	check(text, head.query, "q");
	assert_int_equal(parse("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_PARSE_BAD);
	assert_int_equal(parse("GET http://a@b/x HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_PARSE_BAD);
}

static void star_is_for_options_only(void **state)
{
	(void)state;
	assert_int_equal(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_PARSE_DONE);
	assert_int_equal(parse("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_PARSE_BAD);
}

/* What a head says of its connection. */
static void connection_ends_as_asked(void **state)
{
	static const struct {
		const char *text;
		bool close;
	} CASES[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", false},
		{"GET / HTTP/1.7\r\nHost: a\r\n\r\n", false},
		{"GET / HTTP/1.0\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_int_equal(parse(CASES[i].text), HTTP_PARSE_DONE);
		assert_int_equal(head.close, CASES[i].close);
	}
}

static void refusals_have_their_status(void **state)
{
	static const struct {
		const char *text;
		int status;
	} CASES[] = {
		{"GET / HTTP/2.0\r\n", 505},
		{"CONNECT a:1 HTTP/1.1\r\n", 501},
		{"GETGETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1\r\n", 501},
		{"GET / HTTP/1.1\r\nExpect: tea\r\n", 417},
		{"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n", 501},
		{"GET / HTTP/1.1\r\nHost a\r\n", 400},
		{"GET / HTTP/1.1\n", 400},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_int_equal(parse(CASES[i].text), HTTP_PARSE_BAD);
		assert_int_equal(head.status, CASES[i].status);
		assert_non_null(head.why);
	}
}

static void text_of(struct text *out, const char *start, char fill, size_t count, const char *end)
{
	text_clear(out);
	text_add(out, str_of(start));
	for (size_t i = 0; i < count; i++)
		text_add_byte(out, fill);
	text_add(out, str_of(end));
}

static void bounds_are_exact(void **state)
{
	_cleanup_(text_release) struct text text = {0};
	const char *rest = " HTTP/1.1\r\nHost: a\r\n\r\n",
		   *line = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
	(void)state;
	text_of(&text, "GET /", 'a', HTTP_TARGET_LIMIT - 1, rest);
	assert_int_equal(parse(text.at), HTTP_PARSE_DONE);
	text_of(&text, "GET /", 'a', HTTP_TARGET_LIMIT, rest);
	assert_int_equal(parse(text.at), HTTP_PARSE_BAD);
	assert_int_equal(head.status, 414);
	size_t fits = HTTP_HEAD_LIMIT - strlen(line) - 4;
	text_of(&text, line, 'a', fits, "\r\n\r\n");
	assert_int_equal(parse(text.at), HTTP_PARSE_DONE);
	assert_int_equal(head.length, HTTP_HEAD_LIMIT);
	text_of(&text, line, 'a', fits + 1, "\r\n\r\n");
	assert_int_equal(parse(text.at), HTTP_PARSE_BAD);
	assert_int_equal(head.status, 431);
}

static void fields_are_bounded(void **state)
{
	_cleanup_(text_release) struct text text = {0};
	(void)state;
	text_add(&text, STR("GET / HTTP/1.1\r\nHost: a\r\n"));
	for (int i = 1; i < HTTP_FIELD_LIMIT; i++)
		text_add(&text, STR("a:\r\n"));
	assert_int_equal(parse(text.at), HTTP_PARSE_MORE);
	assert_int_equal(head.count, HTTP_FIELD_LIMIT);
	text_add(&text, STR("a:\r\n"));
	assert_int_equal(parse(text.at), HTTP_PARSE_BAD);
	assert_int_equal(head.status, 431);
}

/* A slow and obvious model: whether a byte may stand in a field value. */
static bool may_stand_in_value(unsigned byte)
{
	return byte == '\t' || (byte >= ' ' && byte != 0x7F);
}

static void every_byte_in_a_value_at_every_place(void **state)
{
	(void)state;
	for (size_t pad = 0; pad < 40; pad++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			char text[128] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
			size_t length = strlen(text);
			memset(text + length, 'x', pad);
			text[length + pad] = (char)byte;
			memcpy(text + length + pad + 1, "x\r\n\r\n", 5);
			http_head_init(&head);
			enum http_parse result = http_head_parse(&head, text, length + pad + 6);
			assert_int_equal(result == HTTP_PARSE_DONE, may_stand_in_value(byte));
		}
	}
}

/* Any cut of the bytes gives what the whole gives. */
static void cuts_change_nothing(void **state)
{
	static const char *const TEXTS[] = {
		HEAD "Content-Length: 12\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nrest",
		HEAD "\r\r\n",
		HEAD "a b: c\r\n\r\n",
		HEAD "Content-Length: 1\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
		size_t length = strlen(TEXTS[i]);
		enum http_parse whole = parse(TEXTS[i]), result = HTTP_PARSE_MORE;
		struct http_head expected = head;
		for (size_t step = 1; step < length; step++) {
			http_head_init(&head);
			result = HTTP_PARSE_MORE;
			for (size_t at = step; result == HTTP_PARSE_MORE; at += step)
				result =
					http_head_parse(&head, TEXTS[i], at < length ? at : length);
			assert_int_equal(result, whole);
			assert_int_equal(head.status, expected.status);
			assert_int_equal(head.length, expected.length);
			assert_int_equal(head.count, expected.count);
			assert_memory_equal(head.fields, expected.fields,
					    head.count * sizeof *head.fields);
		}
	}
}

struct decoded {
	enum http_parse result;
	int status;
	size_t consumed;
	struct text data;
};

/* Decodes in pieces of `step` bytes, in place. */
static struct decoded decode(const char *text, size_t step, uint64_t limit)
{
	struct decoded out = {HTTP_PARSE_MORE};
	struct http_chunks chunks = {0};
	size_t length = strlen(text);
	while (out.result == HTTP_PARSE_MORE && out.consumed < length) {
		char piece[512];
		size_t more = length - out.consumed < step ? length - out.consumed : step;
		size_t consumed, produced;
		memcpy(piece, text + out.consumed, more);
		out.result = http_chunks_decode(&chunks, piece, more, piece, limit, &consumed,
						&produced);
		assert_true(produced <= consumed && consumed <= more);
		out.consumed += consumed;
		text_add(&out.data, (struct str){piece, produced});
	}
	out.status = chunks.status;
	return out;
}

static void chunks_are_joined_however_they_come(void **state)
{
	const char *text =
		"5\r\nhello\r\n06;a=\"b\"\r\n world\r\n1 \t;x\r\n!\r\n0\r\nA: b\r\nC:\r\n\r\nGET";
	(void)state;
	for (size_t step = 1; step <= strlen(text); step++) {
		struct decoded all = decode(text, step, 12);
		assert_int_equal(all.result, HTTP_PARSE_DONE);
		assert_int_equal(all.consumed, strlen(text) - 3);
		assert_string_equal(all.data.at, "hello world!");
		text_release(&all.data);
	}
}

static void bad_chunks_are_refused_however_they_come(void **state)
{
	static const struct {
		const char *text;
		int status;
	} CASES[] = {
		{"5\r\nhelloX\r\n", 400},
		{"\r\n", 400},
		{"g\r\n", 400},
		{"5\r\r", 400},
		{"5;a\x01\r\n", 400},
		{"00000000000000005\r\n", 400},
		{"ffffffffffffffff\r\n", 413},
		{"d\r\n", 413},
		{"7\r\n1234567\r\n6\r\n", 413},
		{"0\r\n: a\r\n\r\n", 400},
		{"0\r\n a\r\n\r\n", 400},
		{"0\r\na\r\n\r\n", 400},
		{"0\r\na: \x7f\r\n\r\n", 400},
		{"0\r\n\rX", 400},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		for (size_t step = 1; step <= strlen(CASES[i].text); step++) {
			struct decoded all = decode(CASES[i].text, step, 12);
			assert_int_equal(all.result, HTTP_PARSE_BAD);
			assert_int_equal(all.status, CASES[i].status);
			text_release(&all.data);
		}
	}
}

static int status_of(const struct text *text)
{
	struct decoded all = decode(text->at, 100, 1000);
	text_release(&all.data);
	return all.status;
}

static void chunk_framing_is_bounded(void **state)
{
	_cleanup_(text_release) struct text text = {0};
	(void)state;
	text_of(&text, "1;", 'a', HTTP_CHUNK_LINE_LIMIT, "\r\n");
	assert_int_equal(status_of(&text), 400);
	text_of(&text, "0\r\na:", 'a', HTTP_TRAILER_LIMIT, "\r\n\r\n");
	assert_int_equal(status_of(&text), 431);
	text_clear(&text);
	for (int i = 0; i < HTTP_EXTENSION_LIMIT / 100 + 1; i++)
		text_addf(&text, "1;%0100d\r\nx\r\n", 0);
	assert_int_equal(status_of(&text), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_is_taken_apart),
		cmocka_unit_test(absolute_target_names_the_host),
		cmocka_unit_test(star_is_for_options_only),
		cmocka_unit_test(connection_ends_as_asked),
		cmocka_unit_test(refusals_have_their_status),
		cmocka_unit_test(bounds_are_exact),
		cmocka_unit_test(fields_are_bounded),
		cmocka_unit_test(every_byte_in_a_value_at_every_place),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(chunks_are_joined_however_they_come),
		cmocka_unit_test(bad_chunks_are_refused_however_they_come),
		cmocka_unit_test(chunk_framing_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
