/* SPDX-License-Identifier: Apache-2.0 */
/* Go and C: what golden cases cannot show: memory that runs out, and trees with very many of
 * the same name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../base/sandbox.h"
#include "base/mem.h"
#include "base/text.h"
#include "resolve/resolve.h"

static void fill(const struct sandbox *sandbox)
{
	sandbox_file(sandbox, "go.work", "use ./a\nuse ./b\nreplace x.org/c => ./c\n");
	sandbox_file(sandbox, "a/go.mod",
		     "module x.org/a\nrequire x.org/e v1.0.0\nreplace x.org/d => ../d\n");
	sandbox_file(sandbox, "a/a.go",
		     "package a\nimport (\n\"fmt\"\n\"x.org/b\"\n\"x.org/c\"\n\"x.org/d\"\n"
		     "\"x.org/e/f\"\n)\n");
	sandbox_file(sandbox, "b/go.mod", "module x.org/b\n");
	sandbox_file(sandbox, "b/b.go", "package b\n");
	sandbox_file(sandbox, "c/go.mod", "module x.org/c\n");
	sandbox_file(sandbox, "c/c.go", "package c\n");
	sandbox_file(sandbox, "d/d.go", "package d\n");
	sandbox_file(sandbox, "compile_commands.json",
		     "[{\"directory\":\"/p\",\"file\":\"src/a.c\",\"command\":\"cc -iquote q "
		     "-Iinclude -DH='\\\"h.h\\\"' -c src/a.c\"}]");
	sandbox_file(sandbox, "src/a.c",
		     "#include \"x.h\"\n#include <stdio.h>\n#include H\n#include <z.h>\n");
	sandbox_file(sandbox, "include/x.h", "#define G \"x.h\"\n");
	sandbox_file(sandbox, "q/h.h", "");
	sandbox_file(sandbox, "src/m.cpp", "export module m;\n");
}

static int run(struct tree *tree, struct error *error)
{
	static const struct str INCLUDES[] = {{"include", 7}};
	struct resolve_settings settings = {.includes = INCLUDES, .include_count = 1};
	return resolve_tree(tree, &settings, 1, error);
}

static unsigned count(const struct tree *tree, enum reference_state state)
{
	unsigned found = 0;
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct facts *facts = tree->entries[i].facts;
		for (size_t j = 0; facts && j < facts->reference_count; j++)
			found += facts->references[j].state == state;
	}
	return found;
}

static void test_fails_cleanly_without_memory(void **state)
{
	(void)state;
	_cleanup_(sandbox_release) struct sandbox sandbox;
	sandbox_init(&sandbox);
	fill(&sandbox);
	for (long n = 1;; n++) {
		_cleanup_(tree_release) struct tree tree = {0};
		struct error error = {0};
		assert_int_equal(tree_scan(sandbox.root, NULL, 1, &tree, &error), 0);
		mem_fail_from(n);
		int result = run(&tree, &error);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			assert_int_equal(tree.problems.count, 0);
			assert_int_equal(count(&tree, REFERENCE_INTERNAL), 5);
			assert_int_equal(count(&tree, REFERENCE_STANDARD), 2);
			assert_int_equal(count(&tree, REFERENCE_EXTERNAL), 2);
			break;
		}
		if (result < 0)
			assert_int_equal(error.code, ERROR_MEMORY);
	}
}

/* Every folder has an x.h that includes all the others' name, and a module of the same path. */
static void test_is_not_quadratic(void **state)
{
	(void)state;
	enum { FOLDERS = 3000 };
	_cleanup_(sandbox_release) struct sandbox sandbox;
	sandbox_init(&sandbox);
	for (int i = 0; i < FOLDERS; i++) {
		char path[64];
		snprintf(path, sizeof path, "d%d/x.h", i);
		sandbox_file(&sandbox, path, "#include <x.h>\n#include <y/x.h>\n");
		snprintf(path, sizeof path, "d%d/go.mod", i);
		sandbox_file(&sandbox, path, "module x.org/m\n");
		snprintf(path, sizeof path, "d%d/p/a.go", i);
		sandbox_file(&sandbox, path, "package p\nimport \"x.org/m/p\"\n");
	}
	_cleanup_(tree_release) struct tree tree = {0};
	struct error error = {0};
	assert_int_equal(tree_scan(sandbox.root, NULL, 1, &tree, &error), 0);
	assert_int_equal(run(&tree, &error), 0);
	assert_int_equal(count(&tree, REFERENCE_EXTERNAL), 2 * FOLDERS);
	assert_int_equal(count(&tree, REFERENCE_INTERNAL), FOLDERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fails_cleanly_without_memory),
		cmocka_unit_test(test_is_not_quadratic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
