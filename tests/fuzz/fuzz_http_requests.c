/* SPDX-License-Identifier: Apache-2.0 */
/* A byte that says how the rest is cut, and a run of requests. However it is cut, the same
 * requests come out, and what comes out can be understood in one way only. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "http/input.h"
#include "http/token.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { BODY_LIMIT = 4000 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

static unsigned count_fields(const char *bytes, const struct http_head *head, struct str name)
{
	unsigned count = 0;
	for (size_t i = 0; i < head->count; i++)
		count += http_equal(http_span_str(bytes, head->fields[i].name), name);
	return count;
}

/* What must hold for each head that was let through. */
static void check_head(const char *bytes, const struct http_head *head)
{
	struct str all = {bytes, head->length};
	check(head->length <= HTTP_HEAD_LIMIT && str_ends(all, STR("\r\n\r\n")));
	check(str_find(all, '\0') < 0);
	for (size_t i = 0; i < all.length; i++) {
		check(all.at[i] != '\n' || (i && all.at[i - 1] == '\r'));
		check(all.at[i] != '\r' || all.at[i + 1] == '\n');
	}
	unsigned hosts = count_fields(bytes, head, STR("host"));
	unsigned lengths = count_fields(bytes, head, STR("content-length"));
	unsigned codings = count_fields(bytes, head, STR("transfer-encoding"));
	check(hosts == 1 || (hosts == 0 && head->minor == 0));
	check(lengths + codings <= 1 && codings == head->chunked);
	check(lengths || !head->content_length);
	check(!codings || head->minor == 1);
	for (size_t i = 0; i < head->count; i++)
		check(head->fields[i].name.length &&
		      http_chars_all(http_span_str(bytes, head->fields[i].name), HTTP_CHAR_TOKEN) &&
		      http_chars_all(http_span_str(bytes, head->fields[i].value), HTTP_CHAR_VALUE));
	check(head->target.length == 1 || bytes[head->target.at] != '*');
}

/* Adds what a request is, by all that a handler sees. */
static void add_request(struct text *out, const struct http_input *input)
{
	const struct http_head *head = &input->head;
	const char *bytes = http_input_at(input);
	check_head(bytes, head);
	struct http_span spans[] = {head->method, head->target, head->path, head->query,
				    head->authority};
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		text_add(out, http_span_str(bytes, spans[i]));
		text_add_byte(out, '|');
	}
	for (size_t i = 0; i < head->count; i++) {
		text_add(out, http_span_str(bytes, head->fields[i].name));
		text_add_byte(out, ':');
		text_add(out, http_span_str(bytes, head->fields[i].value));
		text_add_byte(out, '|');
	}
	text_addf(out, "%d %d %zu|", head->close, head->minor, input->body);
	text_add(out, http_input_body(input));
	text_add_byte(out, '\n');
}

/* Reads all requests, in pieces of at most `step` bytes that change their length by `seed`. */
static void read_all(struct str bytes, size_t step, unsigned seed, struct text *out)
{
	struct http_input start = {0};
	http_input_clear(&start);
	struct http_input *input = http_input_keep(&start);
	uint16_t status = 0;
	const char *why = NULL;
	bool good = input != NULL;
	while (good && bytes.length) {
		seed = seed * 1103515245 + 12345;
		size_t length = 1 + (seed >> 16) % step;
		struct str piece = str_first(bytes, length);
		bytes = str_from(bytes, length);
		if (!http_input_append(input, piece.at, piece.length))
			break;
		enum http_parse result;
		while ((result = http_input_advance(input, BODY_LIMIT, &status, &why)) ==
		       HTTP_PARSE_DONE) {
			add_request(out, input);
			http_input_next(input);
			if (http_input_is_empty(input))
				break;
		}
		good = result != HTTP_PARSE_BAD;
	}
	if (!good) {
		check(status >= 400 && status < 600 && why);
		text_addf(out, "refused %u %s\n", status, why);
	}
	http_input_free(input);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(text_release) struct text whole = {0}, cut = {0};
	if (size < 1)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	read_all(bytes, 1, 0, &whole);
	read_all(bytes, 1 + data[0] % 64, data[0], &cut);
	check(str_equal(text_str(&whole), text_str(&cut)));
	return 0;
}
