/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers of received bytes. Chunks are decoded where they lie, so a body is always one piece;
 * the bytes of `[start, length)` are: head, body as far as decoded, what was not looked at yet. */
#include "http/input.h"

#include <string.h>

/* A request that comes in little pieces starts with this much. */
enum { FIRST_CAPACITY = 512 };

void http_input_clear(struct http_input *input)
{
	input->length = input->start = input->body = 0;
	input->stage = HTTP_INPUT_HEAD;
	input->continued = false;
	http_head_init(&input->head);
}

void http_input_free(struct http_input *input)
{
	if (input)
		mem_free(input->bytes);
	mem_free(input);
}

static enum http_parse refuse(uint16_t code, const char *reason, uint16_t *status, const char **why)
{
	*status = code;
	*why = reason;
	return HTTP_PARSE_BAD;
}

static enum http_parse begin_body(struct http_input *input, size_t body_limit, uint16_t *status,
				  const char **why)
{
	struct http_head *head = &input->head;
	if (head->content_length > body_limit)
		return refuse(413, "the body is too large", status, why);
	input->body = 0;
	input->chunks = (struct http_chunks){0};
	input->continued = head->expect_continue;
	input->stage = head->chunked          ? HTTP_INPUT_CHUNKS
		       : head->content_length ? HTTP_INPUT_BODY
					      : HTTP_INPUT_READY;
	return HTTP_PARSE_DONE;
}

static enum http_parse read_head(struct http_input *input, size_t body_limit, uint16_t *status,
				 const char **why)
{
	enum http_parse result =
		http_head_parse(&input->head, http_input_at(input), input->length - input->start);
	if (result == HTTP_PARSE_BAD)
		return refuse(input->head.status, input->head.why, status, why);
	return result == HTTP_PARSE_DONE ? begin_body(input, body_limit, status, why) : result;
}

static enum http_parse read_body(struct http_input *input)
{
	size_t there = input->length - input->start - input->head.length;
	size_t wanted = (size_t)input->head.content_length;
	input->body = there < wanted ? there : wanted;
	if (input->body < wanted)
		return HTTP_PARSE_MORE;
	input->stage = HTTP_INPUT_READY;
	return HTTP_PARSE_DONE;
}

/* What follows the last chunk is moved to the end of the decoded body. */
static enum http_parse read_chunks(struct http_input *input, size_t body_limit, uint16_t *status,
				   const char **why)
{
	size_t end = input->start + input->head.length + input->body, consumed, produced;
	char *at = input->bytes + end;
	enum http_parse result = http_chunks_decode(&input->chunks, at, input->length - end, at,
						    body_limit, &consumed, &produced);
	if (result == HTTP_PARSE_BAD)
		return refuse(input->chunks.status, input->chunks.why, status, why);
	memmove(at + produced, at + consumed, input->length - end - consumed);
	input->length -= consumed - produced;
	input->body += produced;
	if (result == HTTP_PARSE_DONE)
		input->stage = HTTP_INPUT_READY;
	return result;
}

enum http_parse http_input_advance(struct http_input *input, size_t body_limit, uint16_t *status,
				   const char **why)
{
	enum http_parse result = HTTP_PARSE_DONE;
	if (input->stage == HTTP_INPUT_HEAD)
		result = read_head(input, body_limit, status, why);
	if (result == HTTP_PARSE_DONE && input->stage == HTTP_INPUT_BODY)
		result = read_body(input);
	if (result == HTTP_PARSE_DONE && input->stage == HTTP_INPUT_CHUNKS)
		result = read_chunks(input, body_limit, status, why);
	return result;
}

void http_input_next(struct http_input *input)
{
	input->arrived = input->latest;
	input->start += input->head.length + input->body;
	input->body = 0;
	input->stage = HTTP_INPUT_HEAD;
	input->continued = false;
	http_head_init(&input->head);
	if (input->start == input->length)
		input->start = input->length = 0;
}

struct http_input *http_input_keep(const struct http_input *input)
{
	struct http_input *kept = mem_alloc(sizeof *kept);
	size_t length = input->length - input->start;
	size_t capacity = length > FIRST_CAPACITY ? length : FIRST_CAPACITY;
	char *bytes = kept ? mem_resize(NULL, capacity) : NULL;
	if (!bytes) {
		mem_free(kept);
		return NULL;
	}
	*kept = *input;
	memcpy(bytes, http_input_at(input), length);
	kept->bytes = bytes;
	kept->capacity = capacity;
	kept->length = length;
	kept->start = 0;
	return kept;
}

bool http_input_append(struct http_input *input, const char *bytes, size_t length)
{
	if (input->start) {
		memmove(input->bytes, http_input_at(input), input->length - input->start);
		input->length -= input->start;
		input->start = 0;
	}
	if (!mem_reserve(&input->bytes, &input->capacity, input->length + length, 1))
		return false;
	memcpy(input->bytes + input->length, bytes, length);
	input->length += length;
	return true;
}
