/* SPDX-License-Identifier: Apache-2.0 */
/* Sends without copying what is large. Knows no connection but its descriptor. */
#include "http/output.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KEPT_CAPACITY = 128 * 1024, SENDFILE_MOST = 1 << 20 };

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
