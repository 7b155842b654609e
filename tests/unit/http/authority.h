/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_HTTP_AUTHORITY_H
#define TEST_HTTP_AUTHORITY_H

#include <openssl/ssl.h>

/* Certificates that a test makes for itself, on the curve P-256. Whatever fails, fails the test. */
struct issued {
	X509 *certificate;
	EVP_PKEY *key;
};

/* Seconds that a usual one is good for, from a while ago on. */
enum { ISSUED_FROM = -3600, ISSUED_UNTIL = 3600 };

/* An authority, signed by itself. */
void issue_authority(struct issued *out, const char *name);

/* One of `by`, for servers and clients, with the names "DNS:localhost,IP:127.0.0.1,URI:...", that
 * is good from and until so many seconds from now. */
void issue(struct issued *out, const struct issued *by, const char *names, long from, long until);

/* Frees what it holds. */
void issued_release(struct issued *issued);

/* Writes certificate or key as PEM; whole, at once, in the place of what was there. */
void issued_write_certificate(const struct issued *issued, const char *path);
void issued_write_key(const struct issued *issued, const char *path);

#endif
