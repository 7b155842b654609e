/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The bytes of a request head, and of a body in chunks, taken apart as RFC 9112 says and no
 * other way. Pure: no memory is allocated and nothing is read; the same bytes give the same
 * answer however they arrive. What two readers could understand differently is refused. */

/* Bounds of what one request may be. */
enum {
	HTTP_HEAD_LIMIT = 16 * 1024,      /* bytes of request line and header, else 431 or 414 */
	HTTP_FIELD_LIMIT = 100,           /* header lines, else 431 */
	HTTP_TARGET_LIMIT = 8 * 1024,     /* bytes of the request target, else 414 */
	HTTP_METHOD_LIMIT = 32,           /* bytes of the method, else 501 */
	HTTP_CHUNK_LINE_LIMIT = 256,      /* bytes of one chunk's size and extensions, else 400 */
	HTTP_EXTENSION_LIMIT = 16 * 1024, /* bytes of all chunk extensions of a body, else 400 */
	HTTP_TRAILER_LIMIT = 4 * 1024,    /* bytes of the trailer section, else 431 */
};

/* What came of the bytes so far. */
enum http_parse {
	HTTP_PARSE_MORE, /* good so far, not complete */
	HTTP_PARSE_DONE, /* complete */
	HTTP_PARSE_BAD,  /* refused; the connection can not be used any further */
};

/* A part of the head: offset from its first byte, and length. */
struct http_span {
	uint16_t at;
	uint16_t length;
};

/* One header line; the value is without blanks at its ends. */
struct http_field {
	struct http_span name;
	struct http_span value;
};

/* A request head that is being read. All but `fields` is set by http_head_init(). */
struct http_head {
	uint64_t content_length; /* 0 when there is none, and with `chunked` */
	const char *why;         /* what is wrong, one sentence; NULL unless refused */
	uint32_t line;           /* offset of the line that is not complete yet */
	uint32_t scanned;        /* offset up to which that line was looked at */
	uint32_t length;         /* of the whole head, once it is done */
	uint16_t status;         /* what to answer; 0 unless refused */
	uint16_t count;          /* of `fields` */
	struct http_span method;
	struct http_span target;    /* as it was sent */
	struct http_span path;      /* of the target: starts with '/'; "*"; empty for "http://a" */
	struct http_span query;     /* after the '?', without it */
	struct http_span authority; /* of the target "http://a/b"; or the value of Host */
	uint8_t minor;              /* of the version: 0 or 1 */
	bool started;               /* the request line was read */
	bool has_host;
	bool has_length;
	bool chunked;
	bool close;           /* the connection ends with this request */
	bool expect_continue; /* the client waits for 100 (Continue) */
	bool has_coding;
	bool has_keep_alive;
	bool blank; /* an empty line was skipped before the request line */
	struct http_field fields[HTTP_FIELD_LIMIT];
};

/* Makes ready for the first byte of a request. */
void http_head_init(struct http_head *head);

/* Reads on in `bytes`, which start with the request's first byte and hold all `length` bytes
 * that came so far; each byte is looked at once, over all calls. `bytes` may move between
 * calls. On HTTP_PARSE_DONE `head->length` bytes were the head. On HTTP_PARSE_BAD `status`
 * (400, 414, 417, 431, 501, 505) and `why` are set. */
enum http_parse http_head_parse(struct http_head *head, const char *bytes, size_t length);

/* The text of a part of the head that starts at `bytes`. */
static inline struct str http_span_str(const char *bytes, struct http_span span)
{
	return (struct str){bytes + span.at, span.length};
}

/* A body in chunks that is being read. A zeroed struct is ready for the first byte. */
struct http_chunks {
	uint64_t left;       /* data bytes of this chunk that did not come yet */
	uint64_t total;      /* data bytes of all chunks so far */
	const char *why;     /* what is wrong; NULL unless refused */
	uint32_t extensions; /* bytes of chunk extensions so far */
	uint16_t status;     /* what to answer; 0 unless refused */
	uint16_t line;       /* bytes of this chunk's size line, or of the trailer section */
	uint8_t stage;
	uint8_t digits;
};

/* Reads `length` more bytes at `in` and writes the data among them to `out`, which may be
 * `in` itself. Sets `*consumed` and `*produced`, which is never more. All is consumed unless
 * the body is done or refused. On HTTP_PARSE_BAD `status` (400, 413, 431) and `why` are set.
 * A body of more than `limit` data bytes is 413. Trailer fields are checked and dropped. */
enum http_parse http_chunks_decode(struct http_chunks *chunks, const char *in, size_t length,
				   char *out, uint64_t limit, size_t *consumed, size_t *produced);

#endif
