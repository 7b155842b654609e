/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "http/server.h"

/* A client that sends what it is told, byte for byte. All of it fails the test when the system
 * refuses. */

/* How long is waited for what must come, in milliseconds; the machine may have much else to do. */
#define CLIENT_PATIENCE 60000

/* Of a server's watch_ms: no watcher takes a loop away as long as a test lasts. */
#define CLIENT_UNWATCHED 3600000

/* Starts a server. */
struct http_server *client_serve(const struct http_server_options *options);

/* Connects to 127.0.0.1. */
int client_connect(uint16_t port);
/* Like client_connect(); -1 when no descriptor is to be had. */
int client_try_connect(uint16_t port);

/* Sends all; false when the server closed first. */
bool client_send(int fd, struct str bytes);

/* Waits until the other end's system has all that was sent. */
void client_await_arrival(int fd);

/* Adds what comes until the server closes (true) or nothing comes for `patience_ms` (false). */
bool client_read_all(int fd, struct text *out, int patience_ms);

/* Adds one response with a Content-Length, or without a body; returns its status, 0 when the
 * connection ends before. */
int client_read_response(int fd, struct text *out);

/* Sends a request and reads all up to the end; NUL-terminated in `out`. */
void client_exchange(uint16_t port, struct str request, struct text *out);

/* Number of status lines in what was read, and the first status. */
unsigned client_count_responses(const struct text *answers, int *first);

/* Waits until the condition holds. */
#define client_wait_for(condition)                                                                 \
	do {                                                                                       \
		uint64_t until_ = clock_monotonic() + (uint64_t)CLIENT_PATIENCE * 1000000;         \
		while (!(condition) && clock_monotonic() < until_)                                 \
			usleep(1000);                                                              \
		assert_true(condition);                                                            \
	} while (0)

#endif
