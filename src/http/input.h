/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_INPUT_H
#define HTTP_INPUT_H

#include "base/mem.h"
#include "http/parse.h"

/* Received bytes, and how far the first request among them was read. A thread has one with a
 * large buffer, in which most requests come and go; what stays incomplete is kept in one of
 * its own size by the connection. */

enum http_input_stage {
	HTTP_INPUT_HEAD,   /* the head is not complete */
	HTTP_INPUT_BODY,   /* Content-Length bytes are awaited */
	HTTP_INPUT_CHUNKS, /* chunks are awaited */
	HTTP_INPUT_READY,  /* a whole request is there */
};

struct http_input {
	char *bytes;
	size_t length;   /* of what was received */
	size_t capacity; /* of `bytes` */
	size_t start;    /* of the first request in `bytes` */
	size_t body;     /* bytes of its body so far, behind its head; decoded */
	enum http_input_stage stage;
	bool continued;   /* 100 (Continue) was asked for and is due or sent */
	uint64_t arrived; /* of clock_monotonic(): when the first request's first byte was there */
	uint64_t latest;  /* and what was received last */
	struct http_head head;
	struct http_chunks chunks;
};

/* Forgets all bytes, keeps the buffer. */
void http_input_clear(struct http_input *input);

/* Frees an input of the heap with its bytes; takes NULL. */
void http_input_free(struct http_input *input);

/* Reads on in the first request. HTTP_PARSE_DONE: it is whole. HTTP_PARSE_BAD: *status and *why
 * say how to refuse it. */
enum http_parse http_input_advance(struct http_input *input, size_t body_limit, uint16_t *status,
				   const char **why);

/* Goes from a request that is ready to what came after it. */
void http_input_next(struct http_input *input);

/* Whether bytes are left that belong to a request. */
static inline bool http_input_is_empty(const struct http_input *input)
{
	return input->start == input->length;
}

/* A copy on the heap of what is left in `input`, with how far it was read; NULL without memory. */
struct http_input *http_input_keep(const struct http_input *input) must_check;

/* Appends received bytes to an input of the heap; false, and nothing changed, without memory. */
bool http_input_append(struct http_input *input, const char *bytes, size_t length) must_check;

/* The first byte of the request's head, and its body. */
static inline const char *http_input_at(const struct http_input *input)
{
	return input->bytes + input->start;
}
static inline struct str http_input_body(const struct http_input *input)
{
	return (struct str){http_input_at(input) + input->head.length, input->body};
}

#endif
