/* SPDX-License-Identifier: Apache-2.0 */
/* Sends without copying what is large. Knows no connection but its descriptor. */
#include "http/output.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "http/tls_session.h"

enum { KEPT_CAPACITY = 128 * 1024, SENDFILE_MOST = 1 << 20 };

/* Bytes of one record of TLS. */
enum { RECORD_SIZE = 16 * 1024 };

void http_body_release(struct http_body *body)
{
	if (body->done)
		body->done(body->context);
	if (body->has_file)
		close(body->file);
	text_release(&body->owned);
	*body = (struct http_body){0};
}

void http_output_release(struct http_output *output)
{
	http_body_release(&output->body);
	text_release(&output->head);
	*output = (struct http_output){0};
}

static enum http_send failed(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK ? HTTP_SEND_BLOCKED : HTTP_SEND_FAILED;
}

/* What is in memory, in one call; MSG_MORE where a file follows. */
static enum http_send send_memory(struct http_output *output, int fd, uint64_t *bytes)
{
	size_t head = output->head.length - output->sent;
	struct iovec parts[2] = {
		{output->head.at + output->sent, head},
		{(void *)(uintptr_t)output->body.left.at, output->body.left.length},
	};
	struct msghdr message = {.msg_iov = head ? parts : parts + 1,
				 .msg_iovlen = (head != 0) + (output->body.left.length != 0)};
	int flags = MSG_NOSIGNAL | (output->body.file_left ? MSG_MORE : 0);
	ssize_t sent;
	do
		sent = message.msg_iovlen == 1 ? send(fd, message.msg_iov->iov_base,
						      message.msg_iov->iov_len, flags)
					       : sendmsg(fd, &message, flags);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return failed();
	*bytes += (uint64_t)sent;
	size_t of_head = (size_t)sent < head ? (size_t)sent : head;
	output->sent += of_head;
	output->body.left = str_from(output->body.left, (size_t)sent - of_head);
	return HTTP_SEND_DONE;
}

static enum http_send send_file(struct http_output *output, int fd, uint64_t *bytes)
{
	struct http_body *body = &output->body;
	size_t most = body->file_left < SENDFILE_MOST ? (size_t)body->file_left : SENDFILE_MOST;
	ssize_t sent = sendfile(fd, body->file, &body->file_at, most);
	if (sent < 0)
		return errno == EINTR ? HTTP_SEND_DONE : failed();
	if (sent == 0)
		return HTTP_SEND_FAILED;
	body->file_left -= (uint64_t)sent;
	*bytes += (uint64_t)sent;
	return HTTP_SEND_DONE;
}

static enum http_send sealed(enum tls_result result)
{
	switch (result) {
	case TLS_DONE: return HTTP_SEND_DONE;
	case TLS_AWAITS_READ:
	case TLS_AWAITS_WRITE: return HTTP_SEND_BLOCKED;
	default: return HTTP_SEND_FAILED;
	}
}

static enum http_send seal_head(struct http_output *output, struct tls_session *session,
				size_t *sent)
{
	struct str head = {output->head.at + output->sent, output->head.length - output->sent};
	session->more = output->body.left.length || output->body.file_left;
	enum tls_result result = tls_session_send(session, head, sent);
	output->sent += *sent;
	return sealed(result);
}

static enum http_send seal_body(struct http_output *output, struct tls_session *session,
				size_t *sent)
{
	struct http_body *body = &output->body;
	session->more = body->file_left > 0;
	enum tls_result result = tls_session_send(session, body->left, sent);
	body->left = str_from(body->left, *sent);
	return sealed(result);
}

/* What was read but not taken is read again: the file may not change meanwhile, or the connection
 * breaks. */
static enum http_send seal_file(struct http_output *output, struct tls_session *session,
				size_t *sent)
{
	struct http_body *body = &output->body;
	char record[RECORD_SIZE];
	size_t most = body->file_left < sizeof record ? (size_t)body->file_left : sizeof record;
	ssize_t got;
	do
		got = pread(body->file, record, most, body->file_at);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return HTTP_SEND_FAILED;
	session->more = (uint64_t)got < body->file_left;
	enum tls_result result = tls_session_send(session, (struct str){record, (size_t)got}, sent);
	body->file_at += (int64_t)*sent;
	body->file_left -= *sent;
	return sealed(result);
}

static void finish(struct http_output *output)
{
	http_body_release(&output->body);
	if (output->head.capacity > KEPT_CAPACITY)
		text_release(&output->head);
	else
		text_clear(&output->head);
	output->sent = 0;
}

enum http_send http_output_send(struct http_output *output, int fd, uint64_t *bytes)
{
	enum http_send result = HTTP_SEND_DONE;
	while (result == HTTP_SEND_DONE && !http_output_is_empty(output)) {
		if (output->sent < output->head.length || output->body.left.length)
			result = send_memory(output, fd, bytes);
		else
			result = send_file(output, fd, bytes);
	}
	if (result == HTTP_SEND_DONE)
		finish(output);
	return result;
}

enum http_send http_output_seal(struct http_output *output, struct tls_session *session,
				uint64_t *bytes)
{
	enum http_send result = HTTP_SEND_DONE;
	while (result == HTTP_SEND_DONE && !http_output_is_empty(output)) {
		size_t sent = 0;
		if (output->sent < output->head.length)
			result = seal_head(output, session, &sent);
		else if (output->body.left.length)
			result = seal_body(output, session, &sent);
		else
			result = seal_file(output, session, &sent);
		*bytes += sent;
	}
	if (result == HTTP_SEND_DONE)
		finish(output);
	return result;
}
