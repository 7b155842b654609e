/* SPDX-License-Identifier: Apache-2.0 */
/* What golden cases cannot show: bounds, shares of large trees, and memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../base/sandbox.h"
#include "base/mem.h"
#include "propose/propose.h"

struct proposal {
	struct sandbox sandbox;
	struct tree tree;
	struct contracts contracts;
	struct error_list warnings;
};

static void proposal_release(struct proposal *proposal)
{
	contracts_release(&proposal->contracts);
	error_list_clear(&proposal->warnings);
	tree_release(&proposal->tree);
	sandbox_release(&proposal->sandbox);
}

/* Makes `count` files in the folder; empty ones are sources too. */
static void add_files(const struct proposal *proposal, const char *folder, int count)
{
	char path[200];
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/f%d.py", folder, i);
		sandbox_file(&proposal->sandbox, path, "");
	}
}

static void propose(struct proposal *proposal)
{
	struct error error;
	assert_int_equal(tree_scan(proposal->sandbox.root, NULL, 1, &proposal->tree, &error), 0);
	assert_int_equal(
		propose_modules(&proposal->tree, &proposal->contracts, &proposal->warnings, &error),
		0);
}

static bool has(const struct proposal *proposal, const char *path)
{
	for (size_t i = 0; i < proposal->contracts.module_count; i++)
		if (str_equal(proposal->contracts.modules[i].path, str_of(path)))
			return true;
	return false;
}

static void test_opens_what_is_most(void **state)
{
	_cleanup_(proposal_release) struct proposal proposal = {0};
	char folder[64];
	(void)state;
	sandbox_init(&proposal.sandbox);
	for (int i = 0; i < 8; i++) {
		snprintf(folder, sizeof folder, "small%d", i);
		add_files(&proposal, folder, 5);
		snprintf(folder, sizeof folder, "large/part%d", i);
		add_files(&proposal, folder, 5);
	}
	propose(&proposal);
	assert_true(has(&proposal, "small7"));
	assert_true(has(&proposal, "large/part7"));
	assert_false(has(&proposal, "large"));
	assert_int_equal(proposal.contracts.module_count, 16);
}

static void test_keeps_what_is_not(void **state)
{
	_cleanup_(proposal_release) struct proposal proposal = {0};
	char folder[64];
	(void)state;
	sandbox_init(&proposal.sandbox);
	for (int i = 0; i < 8; i++) {
		snprintf(folder, sizeof folder, "m%d/a", i);
		add_files(&proposal, folder, 5);
		snprintf(folder, sizeof folder, "m%d/b", i);
		add_files(&proposal, folder, 5);
	}
	propose(&proposal);
	assert_int_equal(proposal.contracts.module_count, 8);
	assert_true(has(&proposal, "m0"));
}

static void test_takes_the_largest_of_many(void **state)
{
	_cleanup_(proposal_release) struct proposal proposal = {0};
	char folder[64];
	(void)state;
	sandbox_init(&proposal.sandbox);
	for (int i = 0; i < 100; i++) {
		snprintf(folder, sizeof folder, "components/c%d", i);
		add_files(&proposal, folder, i < 10 ? 9 : 5);
	}
	add_files(&proposal, "core", 50);
	propose(&proposal);
	assert_int_equal(proposal.contracts.module_count, 42);
	assert_true(has(&proposal, "core"));
	assert_true(has(&proposal, "components"));
	assert_true(has(&proposal, "components/c9"));
	assert_false(has(&proposal, "components/c99"));
}

static void test_packages_are_bounded(void **state)
{
	_cleanup_(proposal_release) struct proposal proposal = {0};
	char path[64];
	(void)state;
	sandbox_init(&proposal.sandbox);
	sandbox_file(&proposal.sandbox, "package.json", "{\"workspaces\": [\"packages/*\"]}");
	for (int i = 0; i < 800; i++) {
		snprintf(path, sizeof path, "packages/p%d/package.json", i);
		sandbox_file(&proposal.sandbox, path, "{}");
		snprintf(path, sizeof path, "packages/p%d", i);
		add_files(&proposal, path, i < 50 ? 2 : 1);
	}
	propose(&proposal);
	assert_true(proposal.contracts.module_count > PROPOSE_PACKAGE_LIMIT);
	assert_true(proposal.contracts.module_count <= PROPOSE_MODULE_LIMIT);
	assert_true(has(&proposal, "packages/p49"));
	assert_true(has(&proposal, "packages"));
}

static void test_one_flat_folder_is_one_module(void **state)
{
	_cleanup_(proposal_release) struct proposal proposal = {0};
	(void)state;
	sandbox_init(&proposal.sandbox);
	add_files(&proposal, "src/only", 30);
	propose(&proposal);
	assert_int_equal(proposal.contracts.module_count, 1);
	assert_string_equal(proposal.contracts.modules[0].path.at, "src/only");
}

static void test_files_at_the_root_are_one_module(void **state)
{
	_cleanup_(proposal_release) struct proposal proposal = {0};
	(void)state;
	sandbox_init(&proposal.sandbox);
	add_files(&proposal, ".", 30);
	propose(&proposal);
	assert_int_equal(proposal.contracts.module_count, 1);
	assert_string_equal(proposal.contracts.modules[0].path.at, "");
	assert_string_equal(proposal.contracts.modules[0].file.at, "module.yaml");
}

/* A workspace with more patterns than are looked at. */
static void test_patterns_are_bounded(void **state)
{
	_cleanup_(proposal_release) struct proposal proposal = {0};
	_cleanup_(text_release) struct text text = {0};
	(void)state;
	sandbox_init(&proposal.sandbox);
	text_add(&text, STR("packages:\n"));
	for (int i = 0; i < 1200; i++)
		text_addf(&text, "  - p%d\n", i);
	sandbox_file(&proposal.sandbox, "pnpm-workspace.yaml", text.at);
	sandbox_file(&proposal.sandbox, "p0/package.json", "{}");
	add_files(&proposal, "p0", 1);
	propose(&proposal);
	assert_int_equal(proposal.warnings.items[0].line, 1002);
	assert_int_equal(proposal.warnings.count + proposal.warnings.dropped, 1000);
	assert_true(has(&proposal, "p0"));
}

static void fill(const struct sandbox *sandbox)
{
	sandbox_file(sandbox, "package.json", "{\"workspaces\": [\"web/*\", \"gone/*\"]}");
	sandbox_file(sandbox, "web/a/package.json", "{\"name\": \"a\"}");
	sandbox_file(sandbox, "web/a/a.js", "");
	sandbox_file(sandbox, "web/b/package.json", "{");
	sandbox_file(sandbox, "web/b/b.js", "");
	sandbox_file(sandbox, "go.work", "use ./go\nuse ./gone\n");
	sandbox_file(sandbox, "go/go.mod", "module x.org/a\n");
	sandbox_file(sandbox, "go/a.go", "package a\n");
	sandbox_file(
		sandbox, "pom.xml",
		"<project><modules><module>java</module><module>x</module></modules></project>");
	sandbox_file(sandbox, "java/pom.xml", "<project/>");
	sandbox_file(sandbox, "java/src/main/java/A.java", "");
	sandbox_file(sandbox, "settings.gradle", "include 'kt', 'none', x\n");
	sandbox_file(sandbox, "kt/src/main/java/B.java", "");
	sandbox_file(sandbox, "packwerk.yml", "package_paths: [packs/*, none/*]\n");
	sandbox_file(sandbox, "packs/p/package.yml", "");
	sandbox_file(sandbox, "packs/p/p.js", "");
}

static void test_fails_cleanly_without_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		_cleanup_(proposal_release) struct proposal proposal = {0};
		struct error error = {0};
		sandbox_init(&proposal.sandbox);
		fill(&proposal.sandbox);
		assert_int_equal(tree_scan(proposal.sandbox.root, NULL, 1, &proposal.tree, &error),
				 0);
		mem_fail_from(n);
		int result = propose_modules(&proposal.tree, &proposal.contracts,
					     &proposal.warnings, &error);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			assert_int_equal(proposal.contracts.module_count, 6);
			assert_int_equal(proposal.warnings.count, 7);
			break;
		}
		assert_true(result == -1 || proposal.warnings.dropped > 0);
		assert_true(result == 0 || error.code == ERROR_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_what_is_most),
		cmocka_unit_test(test_keeps_what_is_not),
		cmocka_unit_test(test_takes_the_largest_of_many),
		cmocka_unit_test(test_packages_are_bounded),
		cmocka_unit_test(test_one_flat_folder_is_one_module),
		cmocka_unit_test(test_files_at_the_root_are_one_module),
		cmocka_unit_test(test_patterns_are_bounded),
		cmocka_unit_test(test_fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
