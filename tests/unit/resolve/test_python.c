/* SPDX-License-Identifier: Apache-2.0 */
/* Python's resolver on small trees: what the golden cases cannot show, such as want of memory
 * and names that hundreds of roots share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "resolve/resolve.h"

static char root[] = "/tmp/ashlar-python-XXXXXX";

static void write_file(const char *path, const char *content)
{
	char whole[PATH_LIMIT];
	struct error error;
	snprintf(whole, sizeof whole, "%s/%s", root, path);
	for (char *slash = strchr(whole + sizeof root, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	assert_int_equal(file_write(whole, str_of(content), &error), 0);
}

static int make_folder(void **state)
{
	(void)state;
	memcpy(root + sizeof root - 7, "XXXXXX", 6);
	return mkdtemp(root) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[PATH_LIMIT];
	(void)state;
	snprintf(command, sizeof command, "rm -r '%s'", root);
	return system(command);
}

static void scan(struct tree *tree)
{
	struct error error;
	assert_int_equal(tree_scan(root, NULL, 1, tree, &error), 0);
}

/* Where the reference to `target` in `file` goes: a path, or the state as a text. */
static const char *where(const struct tree *tree, const char *file, const char *target)
{
	static const char *const STATES[] = {
		[REFERENCE_UNRESOLVED] = "unresolved",
		[REFERENCE_EXTERNAL] = "external",
		[REFERENCE_STANDARD] = "standard",
	};
	uint32_t entry = tree_find(tree, str_of(file));
	assert_int_not_equal(entry, ENTRY_NONE);
	const struct facts *facts = tree->entries[entry].facts;
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		if (!str_equal(reference_target(reference), str_of(target)))
			continue;
		if (reference->state != REFERENCE_INTERNAL)
			return STATES[reference->state];
		return tree->entries[reference->resolved].path.at;
	}
	return "no such reference";
}

static void tells_the_package_of_external_names(void **state)
{
	_cleanup_(tree_release) struct tree tree = {0};
	struct error error;
	(void)state;
	write_file("a.py", "import numpy.linalg\n");
	scan(&tree);
	assert_int_equal(resolve_tree(&tree, NULL, 1, &error), 0);
	const struct facts *facts = tree.entries[tree_find(&tree, STR("a.py"))].facts;
	assert_int_equal(facts->references[0].state, REFERENCE_EXTERNAL);
	assert_int_equal(facts->references[0].package_length, strlen("numpy"));
	assert_int_equal(facts->references[0].resolved, ENTRY_NONE);
}

static void takes_roots_from_the_settings_alone(void **state)
{
	_cleanup_(tree_release) struct tree tree = {0};
	struct str roots[] = {STR("lib/"), STR("no/such/folder")};
	struct resolve_settings settings = {0};
	struct error error;
	(void)state;
	settings.roots[LANGUAGE_PYTHON] = roots;
	settings.root_count[LANGUAGE_PYTHON] = 2;
	write_file("lib/ns/a.py", "import ns.b, other\n");
	write_file("lib/ns/b.py", "");
	write_file("src/other/__init__.py", "");
	scan(&tree);
	assert_int_equal(resolve_tree(&tree, &settings, 1, &error), 0);
	assert_string_equal(where(&tree, "lib/ns/a.py", "ns.b"), "lib/ns/b.py");
	assert_string_equal(where(&tree, "lib/ns/a.py", "other"), "external");
}

enum { SERVICES = 300 };

/* Every service has a package `lib`; only one has `lib.rare`. */
static void finds_the_nearest_among_many_roots(void **state)
{
	_cleanup_(tree_release) struct tree tree = {0};
	struct error error;
	char path[64];
	(void)state;
	for (int i = 0; i < SERVICES; i++) {
		snprintf(path, sizeof path, "s%03d/pyproject.toml", i);
		write_file(path, "");
		snprintf(path, sizeof path, "s%03d/lib/__init__.py", i);
		write_file(path, "");
		snprintf(path, sizeof path, "s%03d/app.py", i);
		write_file(path, "import lib\nimport lib.rare\nimport lib.none.more\n");
	}
	write_file("s123/lib/rare.py", "");
	write_file("deep/s/t/u/pyproject.toml", "");
	write_file("deep/s/t/u/lib/__init__.py", "");
	write_file("other.py", "import lib\n");
	scan(&tree);
	assert_int_equal(resolve_tree(&tree, NULL, 2, &error), 0);
	assert_string_equal(where(&tree, "s200/app.py", "lib"), "s200/lib/__init__.py");
	assert_string_equal(where(&tree, "s123/app.py", "lib.rare"), "s123/lib/rare.py");
	assert_string_equal(where(&tree, "s200/app.py", "lib.none.more"), "unresolved");
	assert_string_equal(where(&tree, "other.py", "lib"), "s000/lib/__init__.py");
}

static void survives_names_longer_than_paths(void **state)
{
	_cleanup_(tree_release) struct tree tree = {0};
	_cleanup_(text_release) struct text source = {0};
	struct error error;
	(void)state;
	text_add(&source, STR("import a"));
	for (int i = 0; i < 5000; i++)
		text_add(&source, STR(".a"));
	write_file("a/__init__.py", text_str(&source).at);
	scan(&tree);
	assert_int_equal(resolve_tree(&tree, NULL, 1, &error), 0);
	const struct facts *facts = tree.entries[tree_find(&tree, STR("a/__init__.py"))].facts;
	assert_int_equal(facts->references[0].state, REFERENCE_UNRESOLVED);
}

static void tells_of_want_of_memory(void **state)
{
	_cleanup_(tree_release) struct tree tree = {0};
	(void)state;
	write_file("one/pyproject.toml", "");
	write_file("one/ns/a.py", "import ns.b\n");
	write_file("two/pyproject.toml", "");
	write_file("two/ns/b.py", "from . import c\n");
	scan(&tree);
	for (long nth = 1;; nth++) {
		struct error error = {0};
		mem_fail_from(nth);
		int result = resolve_tree(&tree, NULL, 1, &error);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		assert_int_equal(error.code, failed ? ERROR_MEMORY : ERROR_NONE);
		if (!failed)
			break;
	}
	assert_string_equal(where(&tree, "one/ns/a.py", "ns.b"), "two/ns/b.py");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_the_package_of_external_names),
		TEST(takes_roots_from_the_settings_alone),
		TEST(finds_the_nearest_among_many_roots),
		TEST(survives_names_longer_than_paths),
		TEST(tells_of_want_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
