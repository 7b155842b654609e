/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/parse.h"

/* The head of an answer, taken apart as strictly as that of a request (parse.h): what two readers
 * could understand differently is refused. Pure: allocates nothing and reads nothing. */

/* Heads of status 1xx before the answer, else refused. */
enum { HTTP_INTERIM_LIMIT = 16 };

/* How the end of a body is found. */
enum http_framing {
	HTTP_FRAMING_NONE,   /* there is no body: HEAD, 204, 304, or a length of 0 */
	HTTP_FRAMING_LENGTH, /* `content_length` bytes */
	HTTP_FRAMING_CHUNKS,
	HTTP_FRAMING_CLOSE, /* up to the end of the connection */
};

/* The head of an answer that is being read. All but `fields` is set by http_answer_init(). */
struct http_answer {
	uint64_t content_length; /* 0 when there is none, and with chunks */
	const char *why;  /* what is wrong, no capital and no full stop; NULL unless refused */
	uint32_t line;    /* offset of the line that is not complete yet */
	uint32_t scanned; /* offset up to which that line was looked at */
	uint32_t length;  /* of the whole head, once it is done */
	uint16_t status;  /* 100 to 999 */
	uint16_t count;   /* of `fields` */
	uint8_t minor;    /* of the version: 0 or 1 */
	bool to_head;     /* it answers a HEAD */
	bool started;     /* the status line was read */
	bool has_length;
	bool chunked;
	bool has_keep_alive;
	bool close; /* the connection ends with this answer */
	enum http_framing framing;
	struct http_field fields[HTTP_FIELD_LIMIT];
};

/* Makes ready for the first byte of an answer; `to_head`: the request was a HEAD. */
void http_answer_init(struct http_answer *answer, bool to_head);

/* Reads on in `bytes`, which start with the answer's first byte and hold all `length` bytes that
 * came so far; each byte is looked at once, over all calls. `bytes` may move between calls. On
 * HTTP_PARSE_DONE `answer->length` bytes were the head, and `framing` says what follows; a head of
 * status 1xx is done like any other, and the caller skips it. On HTTP_PARSE_BAD `why` is set. */
enum http_parse http_answer_parse(struct http_answer *answer, const char *bytes, size_t length);

/* The value of the field `name`, in any case, of a head that starts at `bytes`; its `at` is NULL
 * where there is none. The first, where there are several. */
struct str http_answer_field(const struct http_answer *answer, const char *bytes, struct str name);

#endif
