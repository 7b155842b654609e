/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/* One request and its response, as a handler sees them. All texts of the request live until the
 * handler returns. */
struct http_exchange;

/* The request line. The path is as it was sent, with its escapes: see query.h. */
struct str http_method(const struct http_exchange *exchange);
struct str http_path(const struct http_exchange *exchange);
/* What stands behind the '?'; empty without one. */
struct str http_query(const struct http_exchange *exchange);
/* The host that is asked, with its port: of the target, else of Host. */
struct str http_authority(const struct http_exchange *exchange);

/* The value of the first field of that name, in any case; its `at` is NULL without one. */
struct str http_field(const struct http_exchange *exchange, struct str name);
/* The same, where each of two would be believed by somebody else: false where there are several. */
bool http_field_once(const struct http_exchange *exchange, struct str name, struct str *out);
/* The field at `index` from 0; false past the last one. */
bool http_field_at(const struct http_exchange *exchange, size_t index, struct str *name,
		   struct str *value);

/* The whole body, out of its chunks if it came in such. */
struct str http_body(const struct http_exchange *exchange);

/* When the request came, of clock_monotonic(): its first byte, not the handler's turn; it may have
 * waited for a thread. Told too late by a few milliseconds at most, and by as long as all threads
 * were in handlers where the system does not say better (not TCP). */
uint64_t http_arrived(const struct http_exchange *exchange);

/* Whether the client showed, over TLS, a certificate of exactly this DNS name or URI: an authority
 * vouches for it. False without TLS, and where no certificate was asked for. */
bool http_peer_is(const struct http_exchange *exchange, const char *name);
/* The names of that certificate, with commas, cut at `size`; "" where none was shown. */
void http_peer_names(const struct http_exchange *exchange, char *out, size_t size);

/* Memory that lasts until the response was made. */
struct arena *http_arena(struct http_exchange *exchange);

/* Sets the status, 200 to 599; 200 is assumed. */
void http_set_status(struct http_exchange *exchange, int status);
/* The status so far. */
int http_status(const struct http_exchange *exchange);

/* Adds a field. A name that is no token, a value with a control character, and the fields that
 * the server sets itself (Connection, Content-Length, Date, Transfer-Encoding) are refused:
 * nothing is added, and the response becomes a 500. */
void http_add_field(struct http_exchange *exchange, struct str name, struct str value);

/* Adds to the body, which is copied; any number of times. A body that was set before, or a file, is
 * dropped. */
void http_add_body(struct http_exchange *exchange, struct str bytes);

/* Makes `body` the whole body, without a copy: it must stay until done(context) is called, once,
 * on any thread, when it was sent or never will be. `done` may be NULL for what stays for ever. */
void http_set_body(struct http_exchange *exchange, struct str body, void (*done)(void *context),
		   void *context);

/* Makes `length` bytes of the open file from `offset` on the body. The descriptor is then the
 * server's, which closes it. If the file turns out shorter the connection is closed early. */
void http_set_file(struct http_exchange *exchange, int fd, uint64_t offset, uint64_t length);

/* Takes back status, fields and body, unless a stream was begun. */
void http_reset(struct http_exchange *exchange);

/* Sends status and fields now; the body follows piece by piece (in chunks; to a client of
 * HTTP/1.0 up to the end of the connection). After that only http_write() counts. For a
 * response of unknown length, or one without an end such as server-sent events. */
void http_begin_stream(struct http_exchange *exchange);

/* Sends a piece; with `flush` it leaves now, else when enough came together. Blocks while the
 * client is slow (and gives the loop away). False when the client is gone: then return. */
bool http_write(struct http_exchange *exchange, struct str piece, bool flush);

/* Whether the client hung up. Only seen while the handler blocks, so ask after that. */
bool http_is_gone(const struct http_exchange *exchange);

/* Whether the server wants to end: a stream without an end should return. */
bool http_is_draining(const struct http_exchange *exchange);

/* For a handler that knows that it will block: if it still runs on a loop, true, and it must
 * return at once: what it answers is dropped, and it will be called again on a thread of its own.
 * So no other request waits for the change of threads. False when it is there already, or where no
 * thread is to be had: then go on. */
bool http_defer(struct http_exchange *exchange);

/* Whether the handler has lost its loop by now, because it blocked or took too long, or never had
 * one. What was so once is likely to be so again: see http_defer(). */
bool http_has_blocked(const struct http_exchange *exchange);

#endif
