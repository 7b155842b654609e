/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are replaced by those of somebody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "http/tls.h"

static struct issued authority;
static char folder[] = "/tmp/test_tls_identity.XXXXXX";
static char certificate[64], key[64];

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(certificate, sizeof certificate, "%s/own.pem", folder);
	snprintf(key, sizeof key, "%s/own.key", folder);
	issue_authority(&authority, "ours");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	issued_release(&authority);
	return unlink(certificate) + unlink(key) + rmdir(folder);
}

static void write_files(const char *names)
{
	struct issued made;
	issue(&made, &authority, names, ISSUED_FROM, ISSUED_UNTIL);
	issued_write_certificate(&made, certificate);
	issued_write_key(&made, key);
	issued_release(&made);
}

static void expect_refused(struct http_tls *tls, const char *names, const char *why)
{
	struct error error = {0};
	write_files(names);
	assert_int_equal(http_tls_refresh(tls, true, &error), -1);
	assert_string_equal(error.file, certificate);
	assert_string_equal(error.message, why);
	assert_true(http_tls_is(tls, "back.internal"));
}

static void certificates_of_another_name_are_refused(void **state)
{
	const struct http_tls_options options = {
		.certificate = certificate, .key = key, .identity = "back.internal"};
	struct http_tls *tls;
	struct error error = {0};
	(void)state;
	write_files("DNS:back.internal");
	assert_int_equal(http_tls_new(&options, &tls, &error), 0);
	expect_refused(tls, "DNS:evil.cafe",
		       "the certificate is of evil.cafe, but the identity of this process is "
		       "'back.internal'");
	expect_refused(tls, "DNS:*.internal",
		       "the certificate is of *.internal, but the identity of this process is "
		       "'back.internal'");
	write_files("DNS:also.internal,DNS:back.internal");
	assert_int_equal(http_tls_refresh(tls, true, &error), 1);
	assert_true(http_tls_is(tls, "also.internal"));
	http_tls_free(tls);
}

static void without_an_identity_any_name_will_do(void **state)
{
	const struct http_tls_options options = {.certificate = certificate, .key = key};
	struct http_tls *tls;
	struct error error = {0};
	(void)state;
	write_files("DNS:back.internal");
	assert_int_equal(http_tls_new(&options, &tls, &error), 0);
	write_files("DNS:evil.cafe");
	assert_int_equal(http_tls_refresh(tls, true, &error), 1);
	http_tls_free(tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_of_another_name_are_refused),
		cmocka_unit_test(without_an_identity_any_name_will_do),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
