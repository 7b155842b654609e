/* SPDX-License-Identifier: Apache-2.0 */
/* What golden cases cannot show: want of memory while manifests are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "resolve/resolve.h"

#define TREE SOURCE_ROOT "/tests/cases/javascript/"

static const char *const TREES[] = {
	TREE "tsconfig_paths/in",
	TREE "tsconfig_extends_chain/in",
	TREE "tsconfig_references_choose_project/in",
	TREE "workspaces_of_pnpm/in",
	TREE "package_exports_and_imports/in",
};

static uint32_t count_resolved(const struct tree *tree)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < tree->count; i++)
		for (size_t j = 0;
		     tree->entries[i].facts && j < tree->entries[i].facts->reference_count; j++)
			count += tree->entries[i].facts->references[j].state == REFERENCE_INTERNAL;
	return count;
}

static void release_tree(struct tree *tree)
{
	tree_release(tree);
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof TREES / sizeof *TREES; i++)
		for (long nth = 1;; nth++) {
			_cleanup_(release_tree) struct tree tree = {0};
			struct error error;
			assert_int_equal(tree_scan(TREES[i], NULL, 1, &tree, &error), 0);
			mem_fail_from(nth);
			int result = resolve_tree(&tree, NULL, 1, &error);
			if (!mem_fail_never()) {
				assert_int_equal(result, 0);
				assert_true(count_resolved(&tree) > 0);
				break;
			}
			assert_int_equal(result, -1);
			assert_int_equal(error.code, ERROR_MEMORY);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_want_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
