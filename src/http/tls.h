/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What one process shows of itself over TLS, and whom it believes: a certificate, its key, and the
 * authorities (CA). One of it serves the server and all clients of a process; both keep using it
 * while its files are replaced. TLS 1.2 and 1.3, HTTP/1.1 only, nothing resumed or renegotiated. */
struct http_tls;

/* Files in the PEM format. */
struct http_tls_options {
	const char *certificate; /* the own one, then those between it and the CA; NULL: none */
	const char *key;         /* of the certificate, without a password */
	const char *client_ca; /* every client shows a certificate of these; NULL: none is asked */
	const char *ca;        /* remotes do; NULL: those of client_ca, else of the system */
	/* DNS name or URI that each certificate must have that takes the place of the first; NULL:
	 * any. Of the first http_tls_is() says it. */
	const char *identity;
};

/* Bytes of the names of a certificate, as they are told, with the NUL. */
#define HTTP_TLS_NAMES_SIZE 512

/* What can be said of the certificate that is in use. */
struct http_tls_facts {
	bool shows;                      /* there is one */
	bool asks;                       /* clients must show theirs */
	int64_t begins;                  /* seconds since 1970 from which on, */
	int64_t ends;                    /* and until when it is good */
	unsigned reloads;                /* since the start */
	char names[HTTP_TLS_NAMES_SIZE]; /* "money.shop.internal, spiffe://shop/money" */
};

/* Reads the files. `*out` belongs to the caller: http_tls_free(), after all servers and clients
 * that use it. Errors, with the file: ERROR_IO (one that cannot be read), ERROR_SYNTAX (one that
 * holds nothing of the kind), ERROR_INVALID (a key that does not fit, one file given without the
 * other), ERROR_MEMORY. A certificate that expired is none: see http_tls_judge(). */
int http_tls_new(const struct http_tls_options *options, struct http_tls **out,
		 struct error *error) must_check;

/* Takes NULL. */
void http_tls_free(struct http_tls *tls);
/* http_tls_free() for _cleanup_. */
void http_tls_freep(struct http_tls **tls);

/* Looks whether files were replaced, and uses those from the next handshake on; open connections
 * stay as they are. Files that are being written are given until they look the same twice, unless
 * `at_once`, when they are read whether they changed or not. 1: they are in use; 0: nothing
 * changed; -1: what is there cannot be used, the old ones stay, and it is told once. Errors: as
 * http_tls_new(), and ERROR_INVALID (the new certificate has expired, or is of another name than
 * `identity`). For any thread that may read files. */
int http_tls_refresh(struct http_tls *tls, bool at_once, struct error *error) must_check;

/* Copies them. For any thread. */
void http_tls_describe(struct http_tls *tls, struct http_tls_facts *out);

/* Whether the certificate that is in use has exactly this DNS name or URI. For any thread. */
bool http_tls_is(struct http_tls *tls, const char *name);

/* ERROR_INVALID, with the file, where the certificate is not good at `now`, seconds since 1970. */
int http_tls_judge(struct http_tls *tls, int64_t now, struct error *error) must_check;

#endif
