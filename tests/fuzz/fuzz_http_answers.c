/* SPDX-License-Identifier: Apache-2.0 */
/* A byte that says how the rest is cut, and the head of an answer. However it is cut, the same
 * comes out, and what comes out can be understood in one way only. */
#include <stdlib.h>

#include "base/str.h"
#include "http/answer.h"
#include "http/token.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static enum http_parse read_in_steps(struct http_answer *answer, struct str bytes, size_t step,
				     bool to_head)
{
	enum http_parse result = HTTP_PARSE_MORE;
	http_answer_init(answer, to_head);
	for (size_t there = step; result == HTTP_PARSE_MORE; there += step) {
		size_t length = there < bytes.length ? there : bytes.length;
		result = http_answer_parse(answer, bytes.at, length);
		if (length == bytes.length)
			break;
	}
	return result;
}

static void check_head(const struct http_answer *answer, const char *bytes)
{
	struct str all = {bytes, answer->length};
	unsigned lengths = 0, codings = 0;
	check(all.length <= HTTP_HEAD_LIMIT && str_ends(all, STR("\r\n\r\n")));
	check(str_find(all, '\0') < 0 && answer->status >= 100 && answer->status <= 999);
	for (size_t i = 0; i < all.length; i++) {
		check(all.at[i] != '\n' || (i && all.at[i - 1] == '\r'));
		check(all.at[i] != '\r' || all.at[i + 1] == '\n');
	}
	for (size_t i = 0; i < answer->count; i++) {
		struct str name = http_span_str(bytes, answer->fields[i].name);
		lengths += http_equal(name, STR("content-length"));
		codings += http_equal(name, STR("transfer-encoding"));
		check(name.length && http_chars_all(name, HTTP_CHAR_TOKEN));
		check(http_chars_all(http_span_str(bytes, answer->fields[i].value),
				     HTTP_CHAR_VALUE));
	}
	check(lengths + codings <= 1 && codings == answer->chunked);
	check(answer->framing != HTTP_FRAMING_CLOSE || answer->close);
	check(answer->framing != HTTP_FRAMING_LENGTH || answer->content_length);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct http_answer whole, cut;
	if (size < 1)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	bool to_head = data[0] & 1;
	enum http_parse result = read_in_steps(&whole, bytes, bytes.length + 1, to_head);
	check(read_in_steps(&cut, bytes, 1 + data[0] / 2, to_head) == result);
	check(cut.why == whole.why && cut.length == whole.length && cut.count == whole.count);
	check((result == HTTP_PARSE_BAD) == (whole.why != NULL));
	if (result == HTTP_PARSE_DONE)
		check_head(&whole, bytes.at);
	return 0;
}
