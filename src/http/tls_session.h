/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TLS_SESSION_H
#define HTTP_TLS_SESSION_H

#include <openssl/ssl.h>

#include "base/str.h"
#include "http/tls.h"

/* TLS over one socket. Never waits: what would is told, and the caller waits for the socket.
 * Belongs to whom the connection does, and must not move in memory. */
struct tls_session {
	SSL *ssl;
	unsigned long error; /* of OpenSSL, that broke it; 0: none, or the socket's */
	const char *awaited; /* the URI that a client's remote must show, borrowed; or NULL */
	X509 *refused;       /* the certificate of a remote that was not believed; or NULL */
	int fd;
	bool more;   /* what is sent will be followed at once */
	bool broken; /* nothing more can be sent or received */
};

/* How far something came. */
enum tls_result {
	TLS_DONE,
	TLS_AWAITS_READ,  /* until bytes came */
	TLS_AWAITS_WRITE, /* until there is room */
	TLS_END,          /* the other side said that it sends no more */
	TLS_BROKEN,       /* also by an end that was not announced */
};

/* Begins as a server; false without memory. */
bool tls_session_accept(struct tls_session *session, struct http_tls *tls, int fd) must_check;

/* Begins as a client of a remote, whose certificate must be of `name`: a DNS name, an IP address,
 * or a URI, which must outlive the session. `host`, where it is no IP address, is what the remote
 * is told to be asked for (SNI). False without memory. */
bool tls_session_connect(struct tls_session *session, struct http_tls *tls, int fd,
			 const char *host, const char *name) must_check;

/* Goes on with the handshake. Receiving and sending do so by themselves. */
enum tls_result tls_session_shake(struct tls_session *session) must_check;

/* Whether the handshake is done. */
bool tls_session_is_ready(const struct tls_session *session);

/* At most `size` bytes; TLS_DONE with at least one. */
enum tls_result tls_session_receive(struct tls_session *session, char *out, size_t size,
				    size_t *got) must_check;

/* Whether a byte was received, without taking it: as tls_session_receive(). */
enum tls_result tls_session_peek(struct tls_session *session) must_check;

/* Sends a part of `bytes`, which are not empty: TLS_DONE with `*sent`. Where it has to wait, the
 * same bytes, or more of them, must be sent next, wherever they lie then. TLS_BROKEN without
 * `broken`: the socket takes nothing more, but something may still be received. */
enum tls_result tls_session_send(struct tls_session *session, struct str bytes,
				 size_t *sent) must_check;

/* Whether a part of a record came, and the rest is awaited. */
bool tls_session_is_amid(const struct tls_session *session);

/* Says that nothing more is sent. TLS_DONE also where that cannot be said any more. */
enum tls_result tls_session_end(struct tls_session *session) must_check;

/* Whether it is broken because HTTP came instead of TLS. */
bool tls_session_met_plain(const struct tls_session *session);

/* Why it is broken, as a part of a sentence. */
void tls_session_why(const struct tls_session *session, char *out, size_t size);

/* Frees what it holds, not the socket. Takes a zeroed one. */
void tls_session_release(struct tls_session *session);

/* Whether the other side showed a certificate of exactly this DNS name or URI. */
bool tls_session_peer_is(const struct tls_session *session, const char *name);

/* The names of the certificate that the other side showed, with commas; "" without one. */
void tls_session_peer(const struct tls_session *session, char *out, size_t size);

/* ---- between the files of TLS ---- */

/* tls.c: what a new connection uses; the caller frees it. NULL where there is none. */
SSL_CTX *tls_context(struct http_tls *tls, bool server);

/* tls_name.c: the names (SAN) of a certificate, DNS and URI, or its subject where it has none. */
void tls_names(X509 *certificate, char *out, size_t size);

/* tls_name.c: whether a certificate has exactly this DNS name or URI: no wildcard, no subject. */
bool tls_has_name(X509 *certificate, struct str name);

#endif
