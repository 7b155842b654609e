/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of answers: each is read the same however it is cut, and what is wrong is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "http/answer.h"

static struct http_answer answer;

/* As it comes in pieces of `step` bytes. */
static enum http_parse parse(struct str text, size_t step, bool to_head)
{
	enum http_parse result = HTTP_PARSE_MORE;
	http_answer_init(&answer, to_head);
	for (size_t there = step; result == HTTP_PARSE_MORE; there += step) {
		result = http_answer_parse(&answer, text.at,
					   there < text.length ? there : text.length);
		if (there >= text.length)
			break;
	}
	return result;
}

static void answers_are_framed(void **state)
{
	static const struct {
		const char *text;
		bool to_head;
		unsigned status;
		enum http_framing framing;
		bool close;
	} CASES[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, 200, HTTP_FRAMING_LENGTH,
		 false},
		{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, 200, HTTP_FRAMING_NONE, false},
		{"HTTP/1.1 500 \r\ntransfer-encoding: Chunked\r\n\r\n", false, 500,
		 HTTP_FRAMING_CHUNKS, false},
		{"HTTP/1.1 200 OK\r\n\r\n", false, 200, HTTP_FRAMING_CLOSE, true},
		{"HTTP/1.1 204 None\r\n\r\n", false, 204, HTTP_FRAMING_NONE, false},
		{"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", false, 304, HTTP_FRAMING_NONE,
		 false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, 200, HTTP_FRAMING_NONE,
		 false},
		{"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n", false, 103, HTTP_FRAMING_NONE, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: a, close\r\n\r\n", false, 200,
		 HTTP_FRAMING_LENGTH, true},
		{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false, 200, HTTP_FRAMING_LENGTH,
		 true},
		{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n", false,
		 200, HTTP_FRAMING_LENGTH, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
		for (size_t step = 1; step <= strlen(CASES[i].text); step++) {
			struct str text = str_of(CASES[i].text);
			assert_int_equal(parse(text, step, CASES[i].to_head), HTTP_PARSE_DONE);
			assert_int_equal(answer.length, text.length);
			assert_int_equal(answer.status, CASES[i].status);
			assert_int_equal(answer.framing, CASES[i].framing);
			assert_int_equal(answer.close, CASES[i].close);
		}
}

#define GOOD "HTTP/1.1 200 OK\r\n"
#define LIE(text)                                                                                  \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

static void lies_are_refused(void **state)
{
	static const struct str CASES[] = {
		LIE("HTTP/2.0 200 OK\r\n\r\n"),
		LIE("HTTP/1.1  200 OK\r\n\r\n"),
		LIE("HTTP/1.1 2000 OK\r\n\r\n"),
		LIE("HTTP/1.1 099 OK\r\n\r\n"),
		LIE("HTTP/1.1 20 OK\r\n\r\n"),
		LIE("HTTP/1.1 200 OK\n\n"),
		LIE("HTTP/1.1 101 Switching\r\n\r\n"),
		LIE("\r\nHTTP/1.1 200 OK\r\n\r\n"),
		LIE("http/1.1 200 OK\r\n\r\n"),
		LIE("SSH-2.0-OpenSSH_9.2\r\n"),
		LIE("HTTP/1.1 200 O\0K\r\n\r\n"),
		LIE(GOOD "X: a\0b\r\n\r\n"),
		LIE(GOOD "X: a\rb\r\n\r\n"),
		LIE(GOOD "X: a\nY: b\r\n\r\n"),
		LIE(GOOD " X: a\r\n\r\n"),
		LIE(GOOD "X : a\r\n\r\n"),
		LIE(GOOD "X\r\n\r\n"),
		LIE(GOOD ": a\r\n\r\n"),
		LIE(GOOD "X: a\r\n b\r\n\r\n"),
		LIE(GOOD "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"),
		LIE(GOOD "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"),
		LIE(GOOD "Content-Length: +3\r\n\r\n"),
		LIE(GOOD "Content-Length: 3, 3\r\n\r\n"),
		LIE(GOOD "Content-Length: 0x3\r\n\r\n"),
		LIE(GOOD "Content-Length:\r\n\r\n"),
		LIE(GOOD "Content-Length: 1234567890123456789\r\n\r\n"),
		LIE(GOOD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
		LIE(GOOD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"),
		LIE(GOOD "Transfer-Encoding: gzip, chunked\r\n\r\n"),
		LIE(GOOD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
		LIE("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
		for (size_t step = 1; step <= CASES[i].length; step++) {
			assert_int_equal(parse(CASES[i], step, false), HTTP_PARSE_BAD);
			assert_non_null(answer.why);
		}
}

static void heads_are_bounded(void **state)
{
	_cleanup_(text_release) struct text text = {0};
	(void)state;
	text_add(&text, STR(GOOD));
	for (size_t i = 0; i <= HTTP_FIELD_LIMIT; i++)
		text_add(&text, STR("X: a\r\n"));
	assert_int_equal(parse(text_str(&text), 100, false), HTTP_PARSE_BAD);
	text_clear(&text);
	text_add(&text, STR(GOOD "X: "));
	while (text.length < HTTP_HEAD_LIMIT + 10)
		text_add_byte(&text, 'a');
	assert_int_equal(parse(text_str(&text), 1000, false), HTTP_PARSE_BAD);
}

static void fields_are_found_in_any_case(void **state)
{
	struct str text = STR(GOOD "Content-Type:  application/proto \r\nX: 1\r\nx: 2\r\n\r\n");
	(void)state;
	assert_int_equal(parse(text, text.length, false), HTTP_PARSE_DONE);
	assert_true(str_equal(http_answer_field(&answer, text.at, STR("content-type")),
			      STR("application/proto")));
	assert_true(str_equal(http_answer_field(&answer, text.at, STR("X")), STR("1")));
	assert_null(http_answer_field(&answer, text.at, STR("Y")).at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_framed),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(fields_are_found_in_any_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
