/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

struct http_server *client_serve(const struct http_server_options *options)
{
	struct http_server *server;
	struct error error = {0};
	if (http_server_start(options, &server, &error) < 0)
		fail_msg("%s", error.message);
	return server;
}

int client_try_connect(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

int client_connect(uint16_t port)
{
	int fd = client_try_connect(port);
	assert_true(fd >= 0);
	return fd;
}

bool client_send(int fd, struct str bytes)
{
	while (bytes.length) {
		ssize_t sent = send(fd, bytes.at, bytes.length, MSG_NOSIGNAL);
		if (sent < 0)
			return false;
		bytes = str_from(bytes, (size_t)sent);
	}
	return true;
}

static int unacknowledged(int fd)
{
	int bytes = -1;
	assert_int_equal(ioctl(fd, SIOCOUTQ, &bytes), 0);
	return bytes;
}

void client_await_arrival(int fd)
{
	client_wait_for(unacknowledged(fd) == 0);
}

/* Adds what is there; -1 when nothing comes in time, 0 at the end. */
static ssize_t read_some(int fd, struct text *out, size_t most, int patience_ms)
{
	char buffer[65536];
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	if (poll(&ready, 1, patience_ms) <= 0)
		return -1;
	ssize_t got = recv(fd, buffer, most < sizeof buffer ? most : sizeof buffer, 0);
	if (got <= 0)
		return 0;
	text_add(out, (struct str){buffer, (size_t)got});
	assert_false(out->failed);
	return got;
}

bool client_read_all(int fd, struct text *out, int patience_ms)
{
	ssize_t got;
	do
		got = read_some(fd, out, SIZE_MAX, patience_ms);
	while (got > 0);
	return got == 0;
}

int client_read_response(int fd, struct text *out)
{
	size_t start = out->length, length = 0;
	const char *end = NULL;
	while (!end) {
		if (read_some(fd, out, 1, CLIENT_PATIENCE) <= 0)
			return 0;
		end = strstr(out->at + start, "\r\n\r\n");
	}
	const char *field = strstr(out->at + start, "Content-Length: ");
	if (field)
		length = strtoul(field + 16, NULL, 10);
	size_t whole = (size_t)(end + 4 - out->at) + length;
	while (out->length < whole)
		if (read_some(fd, out, whole - out->length, CLIENT_PATIENCE) <= 0)
			return 0;
	return (int)strtol(out->at + start + 9, NULL, 10);
}

void client_exchange(uint16_t port, struct str request, struct text *out)
{
	int fd = client_connect(port);
	client_send(fd, request);
	client_read_all(fd, out, CLIENT_PATIENCE);
	text_add(out, STR(""));
	close(fd);
}

unsigned client_count_responses(const struct text *answers, int *first)
{
	unsigned count = 0;
	*first = 0;
	for (const char *at = answers->at; at && (at = strstr(at, "HTTP/1.1 ")); at += 9)
		if (count++ == 0)
			*first = (int)strtol(at + 9, NULL, 10);
	return count;
}
