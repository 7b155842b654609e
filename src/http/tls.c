/* SPDX-License-Identifier: Apache-2.0 */
/* From files to what handshakes use. Knows no connection. What is in use is never changed: files
 * that were replaced make new contexts, which take the old ones' place under the lock; a
 * connection keeps those that it began with. */
#include "http/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "http/tls_session.h"

/* Those of TLS 1.2; 1.3 has only such that hide past traffic from who gets a key later. */
static const char CIPHERS[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

enum { FILES = 4 };

/* What tells a file from the one that had its name before. */
struct look {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct contexts {
	SSL_CTX *server; /* NULL without a certificate */
	SSL_CTX *client;
	int64_t begins, ends;
	char names[HTTP_TLS_NAMES_SIZE];
};

struct http_tls {
	char *files[FILES];   /* certificate, key, client_ca, ca; or NULL */
	char *identity;       /* that a new certificate must have; or NULL */
	pthread_mutex_t lock; /* of `used` and `reloads` */
	struct contexts used;
	unsigned reloads;
	pthread_mutex_t looking; /* of all below */
	struct look read[FILES]; /* when what is there was read, or refused */
	struct look last[FILES]; /* at the last look */
};

enum { CERTIFICATE, KEY, CLIENT_CA, CA };

/* ---- one file ---- */

static int refuse(struct error *error, enum error_code code, const char *file, const char *why)
{
	unsigned long cause = ERR_peek_last_error();
	const char *reason = ERR_GET_LIB(cause) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(cause))
							       : ERR_reason_error_string(cause);
	ERR_clear_error();
	if (ERR_GET_REASON(cause) == ERR_R_MALLOC_FAILURE)
		return error_memory(error);
	return error_at(error, code, file, 0, 0, "%s%s%s", why, reason ? ": " : "",
			reason ? reason : "");
}

/* OpenSSL says of a file that is missing only that something went wrong. */
static int look_readable(const char *file, struct error *error)
{
	FILE *opened = fopen(file, "re");
	if (!opened)
		return error_at(error, ERROR_IO, file, 0, 0, "cannot be read: %s", strerror(errno));
	(void)fclose(opened);
	return 0;
}

/* Nobody is asked for a password: a key that has one is refused. */
static int no_password(char *out, int size, int writes, void *context)
{
	(void)out, (void)size, (void)writes, (void)context;
	return -1;
}

static int use_certificate(SSL_CTX *context, char *const *files, struct error *error)
{
	if (look_readable(files[CERTIFICATE], error) < 0 || look_readable(files[KEY], error) < 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(context, files[CERTIFICATE]) != 1)
		return refuse(error, ERROR_SYNTAX, files[CERTIFICATE], "holds no certificate");
	bool read = SSL_CTX_use_PrivateKey_file(context, files[KEY], SSL_FILETYPE_PEM) == 1;
	if (read && SSL_CTX_check_private_key(context) == 1)
		return 0;
	if (!read && ERR_GET_LIB(ERR_peek_last_error()) != ERR_LIB_X509)
		return refuse(error, ERROR_SYNTAX, files[KEY],
			      "holds no key, or one with a password");
	ERR_clear_error();
	return error_at(error, ERROR_INVALID, files[KEY], 0, 0,
			"the key does not fit the certificate in %s", files[CERTIFICATE]);
}

static int believe(SSL_CTX *context, const char *file, struct error *error)
{
	if (look_readable(file, error) < 0)
		return -1;
	if (SSL_CTX_load_verify_file(context, file) != 1)
		return refuse(error, ERROR_SYNTAX, file, "holds no certificate of an authority");
	return 0;
}

/* ---- contexts ---- */

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *length,
			   const unsigned char *offered, unsigned int offered_length, void *context)
{
	static const unsigned char OURS[] = "\x08http/1.1";
	unsigned char *chosen;
	(void)ssl, (void)context;
	if (SSL_select_next_proto(&chosen, length, OURS, sizeof OURS - 1, offered,
				  offered_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(const SSL_METHOD *method, struct error *error)
{
	SSL_CTX *context = SSL_CTX_new(method);
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(context, CIPHERS) != 1 ||
	    SSL_CTX_set_num_tickets(context, 0) != 1) {
		ERR_clear_error();
		SSL_CTX_free(context);
		error_memory(error);
		return NULL;
	}
	SSL_CTX_set_options(context,
			    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	return context;
}

static int make_server(char *const *files, struct contexts *out, struct error *error)
{
	out->server = new_context(TLS_server_method(), error);
	if (!out->server || use_certificate(out->server, files, error) < 0)
		return -1;
	SSL_CTX_set_alpn_select_cb(out->server, choose_protocol, NULL);
	if (!files[CLIENT_CA])
		return 0;
	if (believe(out->server, files[CLIENT_CA], error) < 0)
		return -1;
	SSL_CTX_set_client_CA_list(out->server, SSL_load_client_CA_file(files[CLIENT_CA]));
	SSL_CTX_set_verify(out->server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

static int make_client(char *const *files, struct contexts *out, struct error *error)
{
	static const unsigned char OURS[] = "\x08http/1.1";
	const char *ca = files[CA] ? files[CA] : files[CLIENT_CA];
	out->client = new_context(TLS_client_method(), error);
	if (!out->client || (files[CERTIFICATE] && use_certificate(out->client, files, error) < 0))
		return -1;
	if (SSL_CTX_set_alpn_protos(out->client, OURS, sizeof OURS - 1) != 0)
		return error_memory(error);
	SSL_CTX_set_verify(out->client, SSL_VERIFY_PEER, NULL);
	if (ca)
		return believe(out->client, ca, error);
	SSL_CTX_set_default_verify_paths(out->client);
	return 0;
}

static int64_t seconds(const ASN1_TIME *time)
{
	struct tm parts;
	return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static void describe(struct contexts *contexts)
{
	X509 *own = SSL_CTX_get0_certificate(contexts->server);
	contexts->begins = seconds(X509_get0_notBefore(own));
	contexts->ends = seconds(X509_get0_notAfter(own));
	tls_names(own, contexts->names, sizeof contexts->names);
}

static void release(struct contexts *contexts)
{
	SSL_CTX_free(contexts->server);
	SSL_CTX_free(contexts->client);
	contexts->server = contexts->client = NULL;
}

static int make(char *const *files, struct contexts *out, struct error *error)
{
	*out = (struct contexts){0};
	ERR_clear_error();
	if ((files[CERTIFICATE] && make_server(files, out, error) < 0) ||
	    make_client(files, out, error) < 0) {
		release(out);
		return -1;
	}
	if (out->server)
		describe(out);
	ERR_clear_error();
	return 0;
}

static int judge(const struct contexts *contexts, const char *file, int64_t now,
		 struct error *error)
{
	char date[32];
	struct tm parts;
	bool early = now < contexts->begins;
	if (!contexts->server || (!early && now < contexts->ends))
		return 0;
	time_t when = (time_t)(early ? contexts->begins : contexts->ends);
	gmtime_r(&when, &parts);
	strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &parts);
	return error_at(error, ERROR_INVALID, file, 0, 0,
			early ? "the certificate (%s) is not good before %s"
			      : "the certificate (%s) expired on %s",
			contexts->names, date);
}

/* ---- files that are replaced ---- */

static void look(char *const *files, struct look *out)
{
	struct stat status;
	memset(out, 0, FILES * sizeof *out);
	for (int i = 0; i < FILES; i++)
		if (files[i] && stat(files[i], &status) == 0)
			out[i] = (struct look){status.st_dev, status.st_ino, status.st_size,
					       status.st_mtim};
}

static bool is_same(const struct look *a, const struct look *b)
{
	bool same = true;
	for (int i = 0; i < FILES; i++)
		same &= a[i].device == b[i].device && a[i].inode == b[i].inode &&
			a[i].size == b[i].size && a[i].changed.tv_sec == b[i].changed.tv_sec &&
			a[i].changed.tv_nsec == b[i].changed.tv_nsec;
	return same;
}

/* Whether there is something new, and it is whole; with the lock `looking`. */
static bool is_due(struct http_tls *tls)
{
	struct look now[FILES];
	look(tls->files, now);
	bool settled = is_same(now, tls->last);
	memcpy(tls->last, now, sizeof now);
	return settled && !is_same(now, tls->read);
}

static int judge_identity(const struct http_tls *tls, const struct contexts *made,
			  struct error *error)
{
	X509 *own = made->server ? SSL_CTX_get0_certificate(made->server) : NULL;
	if (!tls->identity || (own && tls_has_name(own, str_of(tls->identity))))
		return 0;
	return error_at(error, ERROR_INVALID, tls->files[CERTIFICATE], 0, 0,
			"the certificate is of %s, but the identity of this process is '%s'",
			made->names, tls->identity);
}

static int reload(struct http_tls *tls, struct error *error)
{
	struct contexts made, old;
	look(tls->files, tls->read);
	if (make(tls->files, &made, error) < 0)
		return -1;
	if (judge(&made, tls->files[CERTIFICATE], (int64_t)time(NULL), error) < 0 ||
	    judge_identity(tls, &made, error) < 0) {
		release(&made);
		return -1;
	}
	pthread_mutex_lock(&tls->lock);
	old = tls->used;
	tls->used = made;
	tls->reloads++;
	pthread_mutex_unlock(&tls->lock);
	release(&old);
	return 1;
}

/* ---- from outside ---- */

static int copy(const char *text, char **out, struct error *error)
{
	*out = text ? mem_copy(text, strlen(text)) : NULL;
	return text && !*out ? error_memory(error) : 0;
}

static int copy_options(struct http_tls *tls, const struct http_tls_options *options,
			struct error *error)
{
	const char *files[FILES] = {options->certificate, options->key, options->client_ca,
				    options->ca};
	if (!options->certificate != !options->key)
		return error_set(error, ERROR_INVALID,
				 "a certificate needs its key, and a key "
				 "its certificate");
	if (options->client_ca && !options->certificate)
		return error_set(error, ERROR_INVALID,
				 "clients can be asked for certificates only by who shows one");
	for (int i = 0; i < FILES; i++)
		if (copy(files[i], &tls->files[i], error) < 0)
			return -1;
	return copy(options->identity, &tls->identity, error);
}

int http_tls_new(const struct http_tls_options *options, struct http_tls **out, struct error *error)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = mem_alloc(sizeof *tls);
	if (!tls)
		return error_memory(error);
	pthread_mutex_init(&tls->lock, NULL);
	pthread_mutex_init(&tls->looking, NULL);
	if (copy_options(tls, options, error) < 0)
		return -1;
	look(tls->files, tls->read);
	memcpy(tls->last, tls->read, sizeof tls->read);
	if (make(tls->files, &tls->used, error) < 0)
		return -1;
	*out = take(tls);
	return 0;
}

void http_tls_free(struct http_tls *tls)
{
	if (!tls)
		return;
	release(&tls->used);
	for (int i = 0; i < FILES; i++)
		mem_free(tls->files[i]);
	mem_free(tls->identity);
	pthread_mutex_destroy(&tls->lock);
	pthread_mutex_destroy(&tls->looking);
	mem_free(tls);
}

void http_tls_freep(struct http_tls **tls)
{
	http_tls_free(*tls);
}

int http_tls_refresh(struct http_tls *tls, bool at_once, struct error *error)
{
	pthread_mutex_lock(&tls->looking);
	int result = at_once || is_due(tls) ? reload(tls, error) : 0;
	pthread_mutex_unlock(&tls->looking);
	return result;
}

void http_tls_describe(struct http_tls *tls, struct http_tls_facts *out)
{
	pthread_mutex_lock(&tls->lock);
	*out = (struct http_tls_facts){
		.shows = tls->used.server != NULL,
		.asks = tls->files[CLIENT_CA] != NULL,
		.begins = tls->used.begins,
		.ends = tls->used.ends,
		.reloads = tls->reloads,
	};
	memcpy(out->names, tls->used.names, sizeof out->names);
	pthread_mutex_unlock(&tls->lock);
}

bool http_tls_is(struct http_tls *tls, const char *name)
{
	pthread_mutex_lock(&tls->lock);
	X509 *own = tls->used.server ? SSL_CTX_get0_certificate(tls->used.server) : NULL;
	bool is = own && tls_has_name(own, str_of(name));
	pthread_mutex_unlock(&tls->lock);
	return is;
}

int http_tls_judge(struct http_tls *tls, int64_t now, struct error *error)
{
	pthread_mutex_lock(&tls->lock);
	int result = judge(&tls->used, tls->files[CERTIFICATE], now, error);
	pthread_mutex_unlock(&tls->lock);
	return result;
}

SSL_CTX *tls_context(struct http_tls *tls, bool server)
{
	pthread_mutex_lock(&tls->lock);
	SSL_CTX *context = server ? tls->used.server : tls->used.client;
	if (context)
		SSL_CTX_up_ref(context);
	pthread_mutex_unlock(&tls->lock);
	return context;
}
