/* SPDX-License-Identifier: Apache-2.0 */
/* TLS under the client: turns what tls_session.h says into what the system would say of a socket
 * without, so that the rest of the client need not know. Waits only in the handshake. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/client_state.h"

/* Bytes of one record. */
enum { RECORD_SIZE = 16 * 1024 };

static int disagree(struct client_call *call)
{
	char why[HTTP_TLS_NAMES_SIZE + 100];
	tls_session_why(call->session, why, sizeof why);
	(void)fault_set(call->fault, ASH_UNAVAILABLE, "%s: the handshake of TLS with %s: %s",
			call->client->name, call->client->shown, why);
	return EPROTO;
}

static int shake(struct client_call *call, uint64_t until)
{
	for (;;) {
		enum tls_result result = tls_session_shake(call->session);
		if (result == TLS_DONE)
			return 0;
		if (result != TLS_AWAITS_READ && result != TLS_AWAITS_WRITE)
			return disagree(call);
		int ready = client_poll(call, result == TLS_AWAITS_READ ? POLLIN : POLLOUT, until);
		if (ready == 0)
			return call->given_up ? ECANCELED : ETIMEDOUT;
		if (ready < 0)
			return errno;
	}
}

static void free_session(struct tls_session *session)
{
	if (session)
		tls_session_release(session);
	mem_free(session);
}

int client_shake(struct client_call *call, uint64_t until)
{
	const struct http_client *client = call->client;
	struct tls_session *session = mem_alloc(sizeof *session);
	if (!session || !tls_session_connect(session, client->options.tls, call->fd, client->server,
					     client->shown)) {
		mem_free(session);
		return ENOMEM;
	}
	call->session = session;
	int code = shake(call, until);
	if (code)
		free_session(take(call->session));
	return code;
}

/* The first bytes of the parts in one piece: a small request is one record. */
static size_t gather(const struct iovec *parts, size_t count, char out[RECORD_SIZE])
{
	size_t length = 0;
	for (size_t i = 0; i < count && length < RECORD_SIZE; i++) {
		size_t run = RECORD_SIZE - length;
		if (run > parts[i].iov_len)
			run = parts[i].iov_len;
		if (run)
			memcpy(out + length, parts[i].iov_base, run);
		length += run;
	}
	return length;
}

ssize_t client_seal(struct client_call *call, const struct iovec *parts, size_t count)
{
	char record[RECORD_SIZE];
	size_t length = gather(parts, count, record), sent = 0;
	switch (tls_session_send(call->session, (struct str){record, length}, &sent)) {
	case TLS_DONE: return (ssize_t)sent;
	case TLS_AWAITS_READ:
	case TLS_AWAITS_WRITE: errno = EAGAIN; return -1;
	default: errno = call->session->broken ? EPROTO : EPIPE; return -1;
	}
}

ssize_t client_unseal(struct client_call *call, char *out, size_t size, short *events)
{
	size_t got = 0;
	switch (tls_session_receive(call->session, out, size, &got)) {
	case TLS_DONE: return (ssize_t)got;
	case TLS_END: return 0;
	case TLS_AWAITS_READ: *events = POLLIN; break;
	case TLS_AWAITS_WRITE: *events = POLLOUT; break;
	default: errno = EPROTO; return -1;
	}
	errno = EAGAIN;
	return -1;
}

bool client_has_answer(struct tls_session *session)
{
	enum tls_result result = tls_session_peek(session);
	return result != TLS_AWAITS_READ && result != TLS_AWAITS_WRITE;
}

void client_close(int fd, struct tls_session *session)
{
	if (session)
		(void)!tls_session_end(session);
	free_session(session);
	(void)close(fd);
}
