/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "app/settings.h"
#include "base/mem.h"

/* Sets one; what is wrong with it, or "". */
static const char *set(struct settings *settings, const char *name, const char *value)
{
	static char wrong[512];
	bool known;
	const char *why =
		settings_set(settings, str_of(name), str_of(value), &known, wrong, sizeof wrong);
	return why ? why : "";
}

static void each_has_its_values(void **state)
{
	(void)state;
	_cleanup_(settings_release) struct settings settings;
	settings_init(&settings);
	assert_string_equal(settings.address, "127.0.0.1");
	assert_int_equal(settings.port, 8080);
	assert_false(settings.listens);
	assert_string_equal(set(&settings, "listen", "[::1]:80"), "");
	assert_string_equal(settings.address, "::1");
	assert_int_equal(settings.port, 80);
	assert_true(settings.listens);
	assert_string_equal(set(&settings, "listen", ":0"), "");
	assert_string_equal(settings.address, "::1");
	assert_string_equal(set(&settings, "role", "worker"), "");
	assert_int_equal(settings.role, ROLE_WORKER);
	assert_string_equal(set(&settings, "store", "sqlite::memory:"), "");
	assert_string_equal(set(&settings, "sample", "0.25"), "");
	assert_true(settings.sample == 0.25);
	assert_string_equal(set(&settings, "inspect", "true"), "");
	assert_true(settings.inspect);
	assert_string_equal(set(&settings, "log", "warn"), "");
	assert_int_equal(settings.log, LOG_WARN_LEVEL);
	assert_string_equal(set(&settings, "workers", "64"), "");
	assert_int_equal(settings.workers, 64);
	assert_string_equal(set(&settings, "attempts", "3"), "");
	assert_int_equal(settings.attempts, 3);
	assert_string_equal(set(&settings, "lease", "1"), "");
	assert_int_equal(settings.lease, 1);
	assert_string_equal(set(&settings, "retry", "5"), "");
	assert_int_equal(settings.retry, 5);
}

static void no_other_is_taken(void **state)
{
	(void)state;
	static const char *const WRONG[][2] = {
		{"listen", "80"},      {"listen", "a:65536"}, {"listen", "::1:80"},
		{"listen", "a:"},      {"store", "mysql:x"},  {"store", ""},
		{"data", ""},          {"role", "boss"},      {"workers", "0"},
		{"workers", "65"},     {"workers", "1 "},     {"workers", "99999999999999999999"},
		{"connections", "-1"}, {"deadline", "0"},     {"drain", "1.5"},
		{"sample", "1.1"},     {"sample", "nan"},     {"sample", ""},
		{"sample", "0.5x"},    {"otlp", "localhost"}, {"log", "loud"},
		{"inspect", "yes"},    {"attempts", "0"},     {"lease", "0.5"},
		{"retry", "0"},
	};
	_cleanup_(settings_release) struct settings settings;
	settings_init(&settings);
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
		if (!*set(&settings, WRONG[i][0], WRONG[i][1]))
			fail_msg("%s: '%s' was taken", WRONG[i][0], WRONG[i][1]);
	assert_string_equal(set(&settings, "rolle", "all"),
			    "there is no setting 'rolle'; did you mean 'role'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_values),
		cmocka_unit_test(no_other_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
