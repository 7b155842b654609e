/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>

#include "authority.h"

static void extend(X509 *certificate, X509 *by, int which, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, by, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, which, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void begin(struct issued *out, const char *name, long from, long until)
{
	static atomic_long serial = 1;
	out->key = EVP_EC_gen("P-256");
	out->certificate = X509_new();
	assert_non_null(out->key);
	assert_non_null(out->certificate);
	X509_set_version(out->certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(out->certificate), atomic_fetch_add(&serial, 1));
	X509_gmtime_adj(X509_getm_notBefore(out->certificate), from);
	X509_gmtime_adj(X509_getm_notAfter(out->certificate), until);
	X509_set_pubkey(out->certificate, out->key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(out->certificate), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
}

void issue_authority(struct issued *out, const char *name)
{
	begin(out, name, ISSUED_FROM, ISSUED_UNTIL);
	X509_set_issuer_name(out->certificate, X509_get_subject_name(out->certificate));
	extend(out->certificate, out->certificate, NID_basic_constraints, "critical,CA:TRUE");
	extend(out->certificate, out->certificate, NID_key_usage, "critical,keyCertSign");
	assert_true(X509_sign(out->certificate, out->key, EVP_sha256()) > 0);
}

void issue(struct issued *out, const struct issued *by, const char *names, long from, long until)
{
	begin(out, "test", from, until);
	X509_set_issuer_name(out->certificate, X509_get_subject_name(by->certificate));
	extend(out->certificate, by->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
	extend(out->certificate, by->certificate, NID_subject_alt_name, names);
	assert_true(X509_sign(out->certificate, by->key, EVP_sha256()) > 0);
}

void issued_release(struct issued *issued)
{
	X509_free(issued->certificate);
	EVP_PKEY_free(issued->key);
	*issued = (struct issued){0};
}

static FILE *open_beside(const char *path, char *name, size_t size)
{
	snprintf(name, size, "%s.new", path);
	FILE *file = fopen(name, "we");
	assert_non_null(file);
	return file;
}

static void close_beside(FILE *file, const char *name, const char *path)
{
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(name, path), 0);
}

void issued_write_certificate(const struct issued *issued, const char *path)
{
	char name[4096];
	FILE *file = open_beside(path, name, sizeof name);
	assert_int_equal(PEM_write_X509(file, issued->certificate), 1);
	close_beside(file, name, path);
}

void issued_write_key(const struct issued *issued, const char *path)
{
	char name[4096];
	FILE *file = open_beside(path, name, sizeof name);
	assert_int_equal(PEM_write_PrivateKey(file, issued->key, NULL, NULL, 0, NULL, NULL), 1);
	close_beside(file, name, path);
}
