/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
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

/* What a process says of itself counts more than what the file says of all, and less than the
 * command line; a copy leaves the settings of all alone. */
static void a_process_has_settings_of_its_own(void **state)
{
	(void)state;
	static const char SOURCE[] =
		"version: 1\nprocesses:\n"
		"  a: {modules: [], listen: 127.0.0.1:81, role: http,\n"
		"      settings: {workers: 4, store: x, rolle: all, drain: z}}\n";
	_cleanup_(placement_release) struct placement placement = {0};
	_cleanup_(settings_release) struct settings settings;
	struct settings own;
	struct error_list errors = {0};
	struct error error;
	settings_init(&settings);
	assert_string_equal(set(&settings, "workers", "3"), "");
	assert_int_equal(
		placement_read("d.yaml", str_of(SOURCE), true, &placement, &errors, &error), 0);
	settings_copy(&settings, &own);
	settings_take(&own, &placement, &placement.processes[0], &errors);
	assert_int_equal(own.workers, 4);
	assert_int_equal(own.port, 81);
	assert_int_equal(own.role, ROLE_HTTP);
	struct setting_place place = settings_place(&own, "workers");
	assert_string_equal(place.file, "d.yaml");
	assert_int_equal(place.line, 4);
	assert_int_equal(place.column, 27);
	assert_int_equal(settings.workers, 3);
	assert_null(settings_place(&settings, "workers").file);
	assert_string_equal(set(&own, "workers", "5"), "");
	assert_null(settings_place(&own, "workers").file);
	assert_int_equal(errors.count, 3);
	static const struct {
		unsigned column;
		const char *told;
	} EXPECTED[] = {{30, "'store' is no setting of a process alone"},
			{40, "there is no setting 'rolle'; did you mean 'role'?"},
			{59, "'z' is not drain"}};
	for (size_t i = 0; i < errors.count; i++) {
		assert_int_equal(errors.items[i].line, 4);
		assert_int_equal(errors.items[i].column, EXPECTED[i].column);
		assert_non_null(strstr(errors.items[i].message, EXPECTED[i].told));
	}
	error_list_clear(&errors);
	settings_release(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_values),
		cmocka_unit_test(no_other_is_taken),
		cmocka_unit_test(a_process_has_settings_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
