/* SPDX-License-Identifier: Apache-2.0 */
/* One TLS connection over a socket that does not block. OpenSSL reads and writes through a BIO of
 * our own: its own one for sockets would raise SIGPIPE, and wait where the socket does. After an
 * error nothing is asked of OpenSSL any more but to be freed. */
#include "http/tls_session.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

/* ---- the socket ---- */

static int note(BIO *bio, ssize_t count, void (*retry)(BIO *bio))
{
	BIO_clear_retry_flags(bio);
	if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		retry(bio);
	return (int)count;
}

static void retry_read(BIO *bio)
{
	BIO_set_retry_read(bio);
}

static void retry_write(BIO *bio)
{
	BIO_set_retry_write(bio);
}

static int socket_read(BIO *bio, char *out, int size)
{
	const struct tls_session *session = BIO_get_data(bio);
	ssize_t got;
	do
		got = recv(session->fd, out, (size_t)size, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return note(bio, got, retry_read);
}

static int socket_write(BIO *bio, const char *bytes, int length)
{
	const struct tls_session *session = BIO_get_data(bio);
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (session->more ? MSG_MORE : 0);
	ssize_t sent;
	do
		sent = send(session->fd, bytes, (size_t)length, flags);
	while (sent < 0 && errno == EINTR);
	return note(bio, sent, retry_write);
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	(void)number, (void)pointer;
	if (command == BIO_CTRL_EOF)
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
	if (!method)
		return;
	BIO_meth_set_read(method, socket_read);
	BIO_meth_set_write(method, socket_write);
	BIO_meth_set_ctrl(method, socket_control);
}

static BIO *new_socket(struct tls_session *session)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_method);
	BIO *bio = method ? BIO_new(method) : NULL;
	if (!bio)
		return NULL;
	BIO_set_data(bio, session);
	BIO_set_init(bio, 1);
	return bio;
}

/* ---- the beginning ---- */

static bool begin(struct tls_session *session, struct http_tls *tls, int fd, bool server)
{
	SSL_CTX *context = tls_context(tls, server);
	*session = (struct tls_session){.fd = fd};
	session->ssl = context ? SSL_new(context) : NULL;
	SSL_CTX_free(context);
	BIO *bio = session->ssl ? new_socket(session) : NULL;
	if (!bio) {
		ERR_clear_error();
		tls_session_release(session);
		return false;
	}
	SSL_set_bio(session->ssl, bio, bio);
	return true;
}

bool tls_session_accept(struct tls_session *session, struct http_tls *tls, int fd)
{
	if (!begin(session, tls, fd, true))
		return false;
	SSL_set_accept_state(session->ssl);
	return true;
}

static bool is_uri(const char *name)
{
	return strstr(name, "://") != NULL;
}

/* Looks at the remote's certificate, too, once what OpenSSL looks at is good: it compares no
 * URIs. */
static int look_at(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *session = SSL_get_app_data(ssl);
	X509 *shown = X509_STORE_CTX_get_current_cert(store);
	if (X509_STORE_CTX_get_error_depth(store) != 0 || !shown)
		return good;
	if (good && session->awaited && !tls_has_name(shown, str_of(session->awaited))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
		good = 0;
	}
	if (!good && !session->refused && X509_up_ref(shown) == 1)
		session->refused = shown;
	return good;
}

static bool expect(struct tls_session *session, const char *name)
{
	SSL *ssl = session->ssl;
	X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name) == 1)
		return true;
	if (is_uri(name)) {
		session->awaited = name;
		return true;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
				       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(ssl, name) == 1;
}

static bool is_ip(const char *host)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
	ASN1_OCTET_STRING_free(address);
	return address != NULL;
}

bool tls_session_connect(struct tls_session *session, struct http_tls *tls, int fd,
			 const char *host, const char *name)
{
	if (!begin(session, tls, fd, false))
		return false;
	SSL_set_connect_state(session->ssl);
	SSL_set_verify(session->ssl, SSL_VERIFY_PEER, look_at);
	bool good = SSL_set_app_data(session->ssl, session) == 1 && expect(session, name) &&
		    (is_ip(host) || SSL_set_tlsext_host_name(session->ssl, host) == 1);
	ERR_clear_error();
	if (!good)
		tls_session_release(session);
	return good;
}

/* ---- at work ---- */

/* What a call of OpenSSL that returned `code` means; the queue of errors was empty before. */
static enum tls_result result_of(struct tls_session *session, int code)
{
	switch (SSL_get_error(session->ssl, code)) {
	case SSL_ERROR_NONE: return TLS_DONE;
	case SSL_ERROR_WANT_READ: return TLS_AWAITS_READ;
	case SSL_ERROR_WANT_WRITE: return TLS_AWAITS_WRITE;
	case SSL_ERROR_ZERO_RETURN: return TLS_END;
	default: break;
	}
	session->error = ERR_peek_error();
	session->broken = true;
	ERR_clear_error();
	return TLS_BROKEN;
}

enum tls_result tls_session_shake(struct tls_session *session)
{
	if (session->broken)
		return TLS_BROKEN;
	ERR_clear_error();
	int code = SSL_do_handshake(session->ssl);
	return code == 1 ? TLS_DONE : result_of(session, code);
}

bool tls_session_is_ready(const struct tls_session *session)
{
	return SSL_is_init_finished(session->ssl);
}

enum tls_result tls_session_receive(struct tls_session *session, char *out, size_t size,
				    size_t *got)
{
	if (session->broken)
		return TLS_BROKEN;
	ERR_clear_error();
	int code = SSL_read_ex(session->ssl, out, size, got);
	return code == 1 ? TLS_DONE : result_of(session, code);
}

enum tls_result tls_session_peek(struct tls_session *session)
{
	char byte;
	size_t got;
	if (session->broken)
		return TLS_BROKEN;
	ERR_clear_error();
	int code = SSL_peek_ex(session->ssl, &byte, 1, &got);
	return code == 1 ? TLS_DONE : result_of(session, code);
}

enum tls_result tls_session_send(struct tls_session *session, struct str bytes, size_t *sent)
{
	if (session->broken)
		return TLS_BROKEN;
	ERR_clear_error();
	int code = SSL_write_ex(session->ssl, bytes.at, bytes.length, sent);
	if (code != 1 && SSL_get_error(session->ssl, code) == SSL_ERROR_SYSCALL)
		return TLS_BROKEN;
	return code == 1 ? TLS_DONE : result_of(session, code);
}

bool tls_session_is_amid(const struct tls_session *session)
{
	return !session->broken && (SSL_has_pending(session->ssl) ||
				    strcmp(SSL_rstate_string(session->ssl), "RB") == 0);
}

enum tls_result tls_session_end(struct tls_session *session)
{
	if (session->broken || !tls_session_is_ready(session))
		return TLS_DONE;
	ERR_clear_error();
	int code = SSL_shutdown(session->ssl);
	if (code >= 0)
		return TLS_DONE;
	enum tls_result result = result_of(session, code);
	return result == TLS_AWAITS_WRITE ? TLS_AWAITS_WRITE : TLS_DONE;
}

bool tls_session_met_plain(const struct tls_session *session)
{
	return ERR_GET_LIB(session->error) == ERR_LIB_SSL &&
	       ERR_GET_REASON(session->error) == SSL_R_HTTP_REQUEST;
}

void tls_session_why(const struct tls_session *session, char *out, size_t size)
{
	long verdict = SSL_get_verify_result(session->ssl);
	const char *reason = ERR_reason_error_string(session->error);
	char names[HTTP_TLS_NAMES_SIZE];
	if (session->refused && (verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
				 verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)) {
		tls_names(session->refused, names, sizeof names);
		snprintf(out, size, "the certificate is of somebody else (%s)", names);
	} else if (verdict != X509_V_OK) {
		snprintf(out, size, "the certificate is not believed: %s",
			 X509_verify_cert_error_string(verdict));
	} else if (ERR_GET_REASON(session->error) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
		   !session->error) {
		snprintf(out, size, "the connection was closed without an end of TLS");
	} else {
		snprintf(out, size, "%s", reason ? reason : "an unknown error");
	}
}

void tls_session_release(struct tls_session *session)
{
	SSL_free(session->ssl);
	X509_free(session->refused);
	session->ssl = NULL;
	session->refused = NULL;
}

bool tls_session_peer_is(const struct tls_session *session, const char *name)
{
	X509 *shown = SSL_get0_peer_certificate(session->ssl);
	return shown && tls_has_name(shown, str_of(name));
}

void tls_session_peer(const struct tls_session *session, char *out, size_t size)
{
	X509 *shown = SSL_get0_peer_certificate(session->ssl);
	*out = '\0';
	if (shown)
		tls_names(shown, out, size);
}
