/* SPDX-License-Identifier: Apache-2.0 */
/* Names of modules, and the list that a new one is added to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "new/new.h"
#include "store/store.h"
#include "store/word.h"

/* ---- names ---- */

static void good_names_are_taken(void **state)
{
	(void)state;
	static const char *const NAMES[] = {
		"a",           "billing",
		"order_items", "x1_y",
		"a_bc",        "message",
		"package",     "text",
		"index",       "v",
		"time",        "signal",
		"name",        "abcdefghijklmnopqrstuvwxyz_abcdefghijklm"};
	struct error error;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (new_check_module(NAMES[i], &error) < 0)
			fail_msg("%s: %s", NAMES[i], error.message);
}

static void bad_names_are_refused_with_the_reason(void **state)
{
	(void)state;
	static const struct {
		const char *name, *why;
	} NAMES[] = {
		{"", "is made of a-z, 0-9 and _"},
		{"Billing", "is made of a-z, 0-9 and _"},
		{"2nd", "begins with a letter"},
		{"_a", "begins with a letter"},
		{"order-items", "is made of a-z, 0-9 and _"},
		{"../up", "is made of a-z, 0-9 and _"},
		{"gr\xc3\xbc\xc3\x9f", "is made of a-z, 0-9 and _"},
		{"abcdefghijklmnopqrstuvwxyz_abcdefghijklmn", "has at most 40"},
		{"int", "C has that word"},
		{"errno", "C has that word"},
		{"order", "SQL has that word"},
		{"user", "SQL has that word"},
		{"select", "SQL has that word"},
		{"public", "SQL has that word"},
		{"pg_stat", "SQL has that word"},
		{"ash", "the library's"},
		{"ashlar_event", "the library's"},
		{"http", "who answers a route"},
		{"item", "a message of a new module"},
		{"added", "a message of a new module"},
		{"v1", "a version"},
		{"v2beta1", "a version"},
		{"a__b", "in words of two letters"},
		{"a_b", "in words of two letters"},
		{"billing_", "in words of two letters"},
		{"billing_1", "in words of two letters"},
	};
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		struct error error;
		assert_int_equal(new_check_module(NAMES[i].name, &error), -1);
		if (!strstr(error.message, NAMES[i].why))
			fail_msg("%s: %s", NAMES[i].name, error.message);
	}
}

/* Whether the store takes the template's table under that name. */
static bool makes_a_table(const char *name)
{
	_cleanup_(new_files_release) struct new_files files = {0};
	struct error error;
	struct fault fault;
	struct store *store = NULL;
	const char *const schemas[] = {name, NULL};
	assert_int_equal(new_module(&files, "x", name, &error), 0);
	const struct store_migration migration = {"0001_item.sql", files.items[3].content.at};
	const struct store_module module = {name, schemas, &migration, 1};
	const struct store_options options = {
		.location = "sqlite::memory:", .modules = &module, .module_count = 1};
	bool made = store_open(&store, &options, &fault) == ASH_OK &&
		    store_migrate(store, &(struct store_migration_options){0}, &fault) == ASH_OK;
	store_free(store);
	return made;
}

static void every_word_of_sql_is_refused_or_works(void **state)
{
	(void)state;
	static const char *const WORDS[] = {
#define X(name, flags) #name,
		WORDS(X)
#undef X
	};
	size_t taken = 0;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
		struct error error;
		if (new_check_module(WORDS[i], &error) < 0)
			continue;
		taken++;
		if (!makes_a_table(WORDS[i]))
			fail_msg("%s is taken, and makes no table", WORDS[i]);
	}
	assert_true(taken > 10);
}

/* ---- the list ---- */

static void enters(const char *source, const char *expected, enum new_entry wanted)
{
	_cleanup_(text_release) struct text out = {0};
	enum new_entry entry;
	struct error error;
	assert_int_equal(new_enter(str_of(source), "kitchen", &out, &entry, &error), 0);
	assert_int_equal(entry, wanted);
	assert_string_equal(out.at ? out.at : "", expected);
}

static void a_module_comes_before_the_null(void **state)
{
	(void)state;
	enters("#include <ashlar/app.h>\n"
	       "#include \"orders.port.h\" /* first */\n"
	       "#include \"page.h\"\n"
	       "static const ash_module *const MODULES[] = {\n"
	       "\t&orders_module, /* NULL, } */\n"
	       "\tNULL,\n"
	       "};\n",
	       "#include <ashlar/app.h>\n"
	       "#include \"orders.port.h\" /* first */\n"
	       "#include \"kitchen.port.h\"\n"
	       "#include \"page.h\"\n"
	       "static const ash_module *const MODULES[] = {\n"
	       "\t&orders_module, /* NULL, } */\n"
	       "\t&kitchen_module,\n"
	       "\tNULL,\n"
	       "};\n",
	       NEW_ENTRY_ADDED);
	enters("#include <ashlar/app.h>\nconst ash_module *const M[] = {&a_module, NULL};\n",
	       "#include <ashlar/app.h>\n#include \"kitchen.port.h\"\nconst ash_module *const M[] "
	       "= "
	       "{&a_module, &kitchen_module, NULL};\n",
	       NEW_ENTRY_ADDED);
	enters("int f(const ash_module *m) { return m == NULL; }\r\n"
	       "char *s = \"ash_module = {NULL}\", c = '\"';\r\n"
	       "const ash_module *const M[] = {\r\n  NULL};",
	       "#include \"kitchen.port.h\"\r\n"
	       "int f(const ash_module *m) { return m == NULL; }\r\n"
	       "char *s = \"ash_module = {NULL}\", c = '\"';\r\n"
	       "const ash_module *const M[] = {\r\n  &kitchen_module,\r\n  NULL};",
	       NEW_ENTRY_ADDED);
}

static void where_there_is_no_list_nothing_is_done(void **state)
{
	(void)state;
	enters("", "", NEW_ENTRY_NONE);
	enters("/* ash_module M[] = {NULL}; */", "", NEW_ENTRY_NONE);
	enters("// ash_module M[] = {NULL};", "", NEW_ENTRY_NONE);
	enters("ash_module M[] = {&a_module, 0};", "", NEW_ENTRY_NONE);
	enters("ash_module M[] = {&a_module, NULL", "", NEW_ENTRY_NONE);
	enters("ash_module M[] = {{NULL}};", "", NEW_ENTRY_NONE);
	enters("ash_module *m; int *p[] = {NULL};", "", NEW_ENTRY_NONE);
	enters("ash_module M[] = {&kitchen_module, NULL};", "", NEW_ENTRY_THERE);
	enters("\"", "", NEW_ENTRY_NONE);
	enters("/*", "", NEW_ENTRY_NONE);
	enters("'\\", "", NEW_ENTRY_NONE);
}

/* ---- without memory ---- */

static void every_failing_allocation_is_told(void **state)
{
	(void)state;
	const struct str source = STR("ash_module M[] = {NULL};");
	bool failed = true;
	for (long n = 1; failed; n++) {
		struct new_files files = {0};
		struct text out = {0};
		struct error error;
		enum new_entry entry;
		mem_fail_from(n);
		int result = new_app(&files, "cafe", "orders", &error);
		if (result == 0)
			result = new_enter(source, "orders", &out, &entry, &error);
		failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		assert_true(result == 0 || error.code == ERROR_MEMORY);
		text_release(&out);
		new_files_release(&files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names_are_taken),
		cmocka_unit_test(bad_names_are_refused_with_the_reason),
		cmocka_unit_test(every_word_of_sql_is_refused_or_works),
		cmocka_unit_test(a_module_comes_before_the_null),
		cmocka_unit_test(where_there_is_no_list_nothing_is_done),
		cmocka_unit_test(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
