/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/worktree.h"
#include "sandbox.h"

/* The work tree of a folder in the sandbox; HOME is the sandbox's "home". */
static struct worktree find(const struct sandbox *sandbox, const char *folder)
{
	struct worktree worktree;
	struct error error = {0};
	setenv("HOME", sandbox_path(sandbox, "home"), 1);
	if (worktree_find(sandbox_path(sandbox, folder), &worktree, &error) < 0)
		fail_msg("%s: %s", error.file, error.message);
	return worktree;
}

static void expect_place(const struct sandbox *sandbox, const char *folder, const char *prefix)
{
	_cleanup_(worktree_release) struct worktree worktree = find(sandbox, folder);
	assert_int_equal(worktree.found, prefix != NULL);
	if (!prefix)
		return;
	assert_int_equal(worktree.prefix.length, strlen(prefix));
	assert_memory_equal(worktree.prefix.at, prefix, strlen(prefix));
}

static void finds_the_top(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_folder(sandbox, "r/a/b");
	sandbox_folder(sandbox, "plain");
	sandbox_git(sandbox, "init r");
	expect_place(sandbox, "r", "");
	expect_place(sandbox, "r/a", "a");
	expect_place(sandbox, "r/a/b", "a/b");
	expect_place(sandbox, "r/a/../a/./b/", "a/b");
	expect_place(sandbox, "plain", NULL);
	expect_place(sandbox, "r/.git/hooks", NULL);
	assert_int_equal(symlink("r/a", sandbox_path(sandbox, "link")), 0);
	expect_place(sandbox, "link/b", "a/b");
}

static void a_git_folder_without_a_repository_is_none(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_folder(sandbox, "r/a/.git");
	sandbox_file(sandbox, "r/b/.git", "not a git file");
	sandbox_folder(sandbox, "plain/.git/objects");
	sandbox_git(sandbox, "init r");
	expect_place(sandbox, "r/a", "a");
	expect_place(sandbox, "r/b", "b");
	expect_place(sandbox, "plain", NULL);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	const struct sandbox *sandbox = *state;
	struct worktree worktree;
	struct error error;
	assert_int_equal(worktree_find(sandbox_path(sandbox, "x"), &worktree, &error), -1);
	assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void linked_work_trees_have_an_index_of_their_own(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "r/one", "");
	sandbox_git(sandbox, "init r");
	sandbox_git(sandbox, "-C r add one");
	sandbox_git(sandbox, "-C r commit -m 1");
	sandbox_git(sandbox, "-C r worktree add ../linked");
	sandbox_file(sandbox, "linked/two", "");
	sandbox_git(sandbox, "-C linked add two");
	sandbox_file(sandbox, "r/.git/info/exclude", "*.o\n");
	_cleanup_(worktree_release) struct worktree main_tree = find(sandbox, "r");
	_cleanup_(worktree_release) struct worktree linked = find(sandbox, "linked");
	assert_int_equal(main_tree.index.count, 1);
	assert_int_equal(linked.index.count, 2);
	assert_true(ignore_chain_match(linked.ignored, STR("a.o"), false));
	assert_true(ignore_chain_match(main_tree.ignored, STR("a.o"), false));
}

static void submodules_keep_their_git_folder_elsewhere(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "r/sub/one", "");
	sandbox_git(sandbox, "init r");
	sandbox_git(sandbox, "init r/sub");
	sandbox_folder(sandbox, "r/.git/modules");
	assert_int_equal(rename(sandbox_path(sandbox, "r/sub/.git"),
				sandbox_path(sandbox, "r/.git/modules/sub")),
			 0);
	sandbox_file(sandbox, "r/sub/.git", "gitdir: ../.git/modules/sub\n");
	sandbox_git(sandbox, "-C r/sub add one");
	_cleanup_(worktree_release) struct worktree sub = find(sandbox, "r/sub");
	assert_true(sub.found);
	assert_int_equal(sub.prefix.length, 0);
	assert_int_equal(sub.index.count, 1);
}

struct excludes {
	const char *file;   /* where a file that ignores "x" is */
	const char *config; /* of the user */
	bool is_read;
};

static const struct excludes EXCLUDES[] = {
	{"home/.config/git/ignore", "", true},
	{"home/mine", "[core]\nexcludesFile = ~/mine\n", true},
	{"r/mine", "[core]\nexcludesFile = mine\n", true},
	{"home/.config/git/ignore", "[core]\nexcludesFile = ~/mine\n", false},
	{"home/.config/git/ignore", "[core]\nexcludesFile =\n", false},
	{"home/mine", "", false},
};

static void reads_the_users_ignore_file(void **state)
{
	for (size_t i = 0; i < sizeof EXCLUDES / sizeof *EXCLUDES; i++) {
		const struct sandbox *sandbox = *state;
		sandbox_git(sandbox, "init r");
		sandbox_file(sandbox, EXCLUDES[i].file, "x\n");
		sandbox_file(sandbox, "home/.gitconfig", EXCLUDES[i].config);
		struct worktree worktree = find(sandbox, "r");
		if (ignore_chain_match(worktree.ignored, STR("x"), false) != EXCLUDES[i].is_read)
			fail_msg("row %zu", i);
		worktree_release(&worktree);
		sandbox_release(*state);
		sandbox_init(*state);
	}
}

static void settings_near_win_over_settings_far(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_git(sandbox, "init r");
	sandbox_file(sandbox, "home/.config/git/config", "[core]\nexcludesFile = ~/1\n");
	sandbox_file(sandbox, "home/1", "one\n");
	sandbox_file(sandbox, "home/2", "two\n");
	sandbox_file(sandbox, "home/3", "three\n");
	sandbox_file(sandbox, "home/4", "four\n");
	struct worktree worktree = find(sandbox, "r");
	assert_true(ignore_chain_match(worktree.ignored, STR("one"), false));
	worktree_release(&worktree);
	sandbox_file(sandbox, "home/.gitconfig", "[core]\nexcludesFile = ~/2\n");
	worktree = find(sandbox, "r");
	assert_true(ignore_chain_match(worktree.ignored, STR("two"), false));
	worktree_release(&worktree);
	sandbox_git(sandbox, "-C r config core.excludesFile '~/3'");
	worktree = find(sandbox, "r");
	assert_true(ignore_chain_match(worktree.ignored, STR("three"), false));
	assert_false(ignore_chain_match(worktree.ignored, STR("two"), false));
	worktree_release(&worktree);
	sandbox_git(sandbox, "-C r config extensions.worktreeConfig true");
	sandbox_git(sandbox, "-C r config --worktree core.excludesFile '~/4'");
	worktree = find(sandbox, "r");
	assert_true(ignore_chain_match(worktree.ignored, STR("four"), false));
	worktree_release(&worktree);
}

static void repository_rules_win_over_the_users(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_git(sandbox, "init r");
	sandbox_file(sandbox, "home/.config/git/ignore", "a\nb\nc\n");
	sandbox_file(sandbox, "r/.git/info/exclude", "!b\n!c\n");
	sandbox_file(sandbox, "r/.gitignore", "c\n");
	sandbox_folder(sandbox, "r/below");
	_cleanup_(worktree_release) struct worktree worktree = find(sandbox, "r/below");
	assert_true(ignore_chain_match(worktree.ignored, STR("below/a"), false));
	assert_false(ignore_chain_match(worktree.ignored, STR("below/b"), false));
	assert_true(ignore_chain_match(worktree.ignored, STR("below/c"), false));
}

static void knows_that_the_folder_is_ignored(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_git(sandbox, "init r");
	sandbox_file(sandbox, "r/.gitignore", "/build\n");
	sandbox_file(sandbox, "r/a/.gitignore", "/out\n");
	sandbox_folder(sandbox, "r/build/deep");
	sandbox_folder(sandbox, "r/a/out");
	sandbox_folder(sandbox, "r/a/build");
	static const struct {
		const char *folder;
		bool ignored;
	} ROWS[] = {{"r", false},   {"r/build", true}, {"r/build/deep", true},
		    {"r/a", false}, {"r/a/out", true}, {"r/a/build", false}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		_cleanup_(worktree_release) struct worktree worktree =
			find(sandbox, ROWS[i].folder);
		assert_int_equal(worktree.folder_ignored, ROWS[i].ignored);
	}
}

static void expect_problem(const struct sandbox *sandbox, const char *file, const char *words)
{
	_cleanup_(worktree_release) struct worktree worktree = find(sandbox, "r");
	assert_true(worktree.found);
	assert_int_equal(worktree.problems.count, 1);
	assert_non_null(strstr(worktree.problems.items[0].file, file));
	if (!strstr(worktree.problems.items[0].message, words))
		fail_msg("'%s' where '%s' was expected", worktree.problems.items[0].message, words);
	assert_int_equal(worktree.index.count, 0);
}

static void goes_on_without_what_it_cannot_read(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "r/a", "");
	sandbox_git(sandbox, "init r");
	sandbox_git(sandbox, "-C r add a");
	sandbox_git(sandbox, "-C r update-index --split-index");
	expect_problem(sandbox, "/.git/index", "split");
	sandbox_file(sandbox, "r/a", "changed");
	sandbox_file(sandbox, "r/b", "");
	sandbox_git(sandbox, "-C r add .");
	expect_problem(sandbox, "/.git/index", "split");
	sandbox_file(sandbox, "r/.git/index", "nonsense");
	expect_problem(sandbox, "/.git/index", "is not a git index");
	assert_int_equal(unlink(sandbox_path(sandbox, "r/.git/index")), 0);
	sandbox_folder(sandbox, "r/.git/index");
	expect_problem(sandbox, "/.git/index", "is not a regular file");
	assert_int_equal(rmdir(sandbox_path(sandbox, "r/.git/index")), 0);
	sandbox_folder(sandbox, "r/.git/info/exclude");
}

static void a_sparse_index_is_told(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "r/a/b/c", "");
	sandbox_file(sandbox, "r/d/e", "");
	sandbox_git(sandbox, "init r");
	sandbox_git(sandbox, "-C r add .");
	sandbox_git(sandbox, "-C r commit -m 1");
	sandbox_git(sandbox, "-C r sparse-checkout set --cone --sparse-index d");
	expect_problem(sandbox, "/.git/index", "sparse");
}

static void every_failing_allocation_is_told(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "r/a/b", "");
	sandbox_file(sandbox, "r/.gitignore", "x\n");
	sandbox_git(sandbox, "init r");
	sandbox_git(sandbox, "-C r add .");
	sandbox_git(sandbox, "-C r config core.excludesFile '~/mine'");
	sandbox_file(sandbox, "home/mine", "y\n");
	setenv("HOME", sandbox_path(sandbox, "home"), 1);
	const char *folder = sandbox_path(sandbox, "r/a");
	for (long nth = 1;; nth++) {
		struct worktree worktree;
		struct error error = {0};
		mem_fail_from(nth);
		int result = worktree_find(folder, &worktree, &error);
		bool failed = mem_fail_never();
		if (result == 0) {
			assert_false(failed);
			assert_int_equal(worktree.index.count, 2);
			worktree_release(&worktree);
			break;
		}
		assert_true(failed);
		assert_int_equal(error.code, ERROR_MEMORY);
	}
	assert_int_equal(sandbox_leaked_fd(), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sandbox_set_up, sandbox_tear_down)

int main(void)
{
	unsetenv("XDG_CONFIG_HOME");
	const struct CMUnitTest tests[] = {
		TEST(finds_the_top),
		TEST(a_git_folder_without_a_repository_is_none),
		TEST(a_folder_that_is_not_there_is_an_error),
		TEST(linked_work_trees_have_an_index_of_their_own),
		TEST(submodules_keep_their_git_folder_elsewhere),
		TEST(reads_the_users_ignore_file),
		TEST(settings_near_win_over_settings_far),
		TEST(repository_rules_win_over_the_users),
		TEST(knows_that_the_folder_is_ignored),
		TEST(goes_on_without_what_it_cannot_read),
		TEST(a_sparse_index_is_told),
		TEST(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
