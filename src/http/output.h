/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_OUTPUT_H
#define HTTP_OUTPUT_H

#include <stdint.h>

#include "base/mem.h"
#include "base/text.h"

struct tls_session;

/* Bytes on their way to a client: first `head` (responses that were put together), then one body
 * that is not copied: a text, a borrowed run of bytes, or a part of a file. */

struct http_body {
	struct text owned; /* freed with the body; `left` is a part of it, or of what is borrowed */
	struct str left;
	void (*done)(void *context); /* called when the body is released */
	void *context;
	uint64_t file_left; /* of the file; after `left` */
	int64_t file_at;
	int file; /* valid where has_file */
	bool has_file;
};

struct http_output {
	struct text head;
	size_t sent; /* bytes of `head` */
	struct http_body body;
};

/* How far http_output_send() came. */
enum http_send {
	HTTP_SEND_DONE,
	HTTP_SEND_BLOCKED, /* the client has to take some first */
	HTTP_SEND_FAILED,  /* the connection, or the file, is broken */
};

/* Ends the use of a body: calls done(), closes the file, frees; it is then empty. */
void http_body_release(struct http_body *body);

/* Releases the body and frees `head`. */
void http_output_release(struct http_output *output);

/* Whether something is left to be sent. */
static inline bool http_output_is_empty(const struct http_output *output)
{
	return output->sent == output->head.length && !output->body.left.length &&
	       !output->body.file_left;
}

/* Sends what the socket takes, and adds to `*bytes`. With HTTP_SEND_DONE the output is empty
 * again, its body released; a large buffer of `head` is given back. */
enum http_send http_output_send(struct http_output *output, int fd, uint64_t *bytes);

/* The same over TLS. */
enum http_send http_output_seal(struct http_output *output, struct tls_session *session,
				uint64_t *bytes);

#endif
