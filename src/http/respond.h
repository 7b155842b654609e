/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_RESPOND_H
#define HTTP_RESPOND_H

#include "http/exchange.h"
#include "http/state.h"

/* Runs the handler for the request that is ready in `input`, and puts the response into the
 * thread's output. False: the handler is to be called again on a thread of its own; the request
 * is kept in `conn->input` then, and the connection still the caller's. */
bool http_respond(struct http_thread *thread, struct http_conn *conn, struct http_input *input);

/* Puts a refusal, after which the connection ends, into the thread's output. */
void http_refuse(struct http_thread *thread, struct http_conn *conn, uint16_t status,
		 const char *why);

/* Adds a whole refusal to a text: a problem document, with Connection: close. */
void http_refusal_write(struct text *out, int status, const char *why, const char *date);

/* "Not Found"; "Unknown" for a status without a name. */
const char *http_reason(int status);

/* The thread's "Date: ...\r\n" of now. */
const char *http_date_line(struct http_thread *thread);

/* Decides on the end of the connection and puts the head into the thread's output. */
void http_send_head(struct http_exchange *exchange);

/* Puts the end of a stream into the thread's output. */
void http_end_stream(struct http_exchange *exchange);

/* Sends from the thread's output what the socket takes; false when the connection is broken. */
bool http_flush(struct http_thread *thread, struct http_conn *conn, bool *blocked);

#endif
