/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/file.h"
#include "base/gitindex.h"
#include "base/mem.h"
#include "sandbox.h"

/* What `git ls-files` prints there, with one path a line. */
static const char *listed_by_git(const struct sandbox *sandbox)
{
	static char out[1 << 20];
	char command[256];
	snprintf(command, sizeof command,
		 "cd '%s' && git -c core.quotePath=false ls-files --deduplicate", sandbox->root);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	out[fread(out, 1, sizeof out - 1, pipe)] = '\0';
	assert_int_equal(pclose(pipe), 0);
	return out;
}

static void compare_with_git(const struct sandbox *sandbox, size_t hash_size)
{
	_cleanup_(text_release) struct text ours = {0};
	struct gitindex index;
	struct error error;
	if (gitindex_read(sandbox_path(sandbox, ".git/index"), hash_size, &index, &error) < 0)
		fail_msg("%s: %s", error.file, error.message);
	assert_int_equal(index.module_count, 0);
	for (size_t i = 0; i < index.count; i++)
		text_addf(&ours, "%.*s\n", STR_ARG(index.paths[i]));
	assert_string_equal(text_str(&ours).at, listed_by_git(sandbox));
	gitindex_release(&index);
}

static void add_some(const struct sandbox *sandbox)
{
	sandbox_file(sandbox, "a/b/c.txt", "1");
	sandbox_file(sandbox, "a/b-c/d.txt", "2");
	sandbox_file(sandbox, "a/b.txt", "3");
	sandbox_file(sandbox, "a/\xC3\xA9", "4");
	sandbox_file(sandbox, "z", "5");
	for (int i = 0; i < 300; i++) {
		char name[40];
		snprintf(name, sizeof name, "many/%.*s%d", i % 23, "abcdefghijklmnopqrstuvwxyz", i);
		sandbox_file(sandbox, name, "");
	}
	sandbox_git(sandbox, "add .");
	sandbox_git(sandbox, "add -N --force z");
}

static void reads_every_version(void **state)
{
	const struct sandbox *sandbox = *state;
	static const char *const INITS[] = {"init --object-format=sha1",
					    "init --object-format=sha256"};
	for (int format = 0; format < 2; format++) {
		sandbox_git(sandbox, INITS[format]);
		add_some(sandbox);
		for (int version = 2; version <= 4; version++) {
			char command[64];
			snprintf(command, sizeof command, "update-index --index-version %d",
				 version);
			sandbox_git(sandbox, command);
			compare_with_git(sandbox, format ? 32 : 20);
			/* An extended entry needs version 3; the bit stays in version 4. */
			sandbox_git(sandbox, "update-index --skip-worktree a/b.txt");
			compare_with_git(sandbox, format ? 32 : 20);
			sandbox_git(sandbox, "update-index --no-skip-worktree a/b.txt");
		}
		sandbox_release(*state);
		sandbox_init(*state);
	}
}

static void keeps_one_of_several_stages(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_git(sandbox, "init");
	sandbox_file(sandbox, "a", "1");
	sandbox_git(sandbox, "add a");
	sandbox_git(sandbox, "commit -qm 1");
	sandbox_git(sandbox, "checkout -qb b");
	sandbox_file(sandbox, "a", "2");
	sandbox_git(sandbox, "commit -qam 2 && git checkout -q -");
	sandbox_file(sandbox, "a", "3");
	sandbox_git(sandbox, "commit -qam 3 && ! git -c user.name=a -c user.email=a@b merge b");
	compare_with_git(sandbox, 20);
}

static void submodules_are_kept_apart(void **state)
{
	const struct sandbox *sandbox = *state;
	struct gitindex index;
	sandbox_git(sandbox, "init");
	sandbox_file(sandbox, "a", "1");
	sandbox_git(sandbox, "add a");
	sandbox_git(sandbox, "update-index --add --cacheinfo "
			     "160000,1111111111111111111111111111111111111111,lib/sub");
	assert_int_equal(gitindex_read(sandbox_path(sandbox, ".git/index"), 20, &index, NULL), 0);
	assert_int_equal(index.count, 1);
	assert_int_equal(index.module_count, 1);
	assert_true(gitindex_has_module(&index, STR("lib/sub")));
	assert_false(gitindex_has_module(&index, STR("lib")));
	assert_false(gitindex_has_module(&index, STR("lib/sub/a")));
	gitindex_release(&index);
}

/* Indexes made by hand, of version 2. */

static void add_number(struct text *out, uint32_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		text_add_byte(out, (char)(number >> shift));
}

static void add_entry(struct text *out, uint32_t mode, const char *path)
{
	size_t start = out->length;
	for (int i = 0; i < 10; i++)
		add_number(out, i == 6 ? mode : 0);
	for (int i = 0; i < 22; i++)
		text_add_byte(out, 0);
	text_add(out, str_of(path));
	do
		text_add_byte(out, 0);
	while ((out->length - start) % 8 != 0);
}

static void add_header(struct text *out, uint32_t version, uint32_t count)
{
	text_add(out, STR("DIRC"));
	add_number(out, version);
	add_number(out, count);
}

static void make_index(struct text *out, const char *const *paths, uint32_t count)
{
	add_header(out, 2, count);
	for (uint32_t i = 0; i < count; i++)
		add_entry(out, 0100644, paths[i]);
	for (int i = 0; i < 20; i++)
		text_add_byte(out, 'h');
}

static void expect_error(struct str content, enum error_code code)
{
	struct gitindex index;
	struct error error = {0};
	assert_int_equal(gitindex_parse(content, 20, "index", &index, &error), -1);
	assert_int_equal(error.code, code);
	assert_string_equal(error.file, "index");
	assert_null(index.paths);
	assert_int_equal(index.count, 0);
}

static void refuses_what_is_cut_off(void **state)
{
	(void)state;
	static const char *const PATHS[] = {"a", "b/c", "b/d"};
	_cleanup_(text_release) struct text content = {0};
	make_index(&content, PATHS, 3);
	for (size_t length = 0; length < content.length - 20; length++)
		expect_error(str_first(text_str(&content), length), ERROR_SYNTAX);
}

static void refuses_what_is_out_of_order(void **state)
{
	(void)state;
	static const char *const PATHS[] = {"b", "a"}, *const EMPTY[] = {""};
	_cleanup_(text_release) struct text content = {0};
	make_index(&content, PATHS, 2);
	expect_error(text_str(&content), ERROR_SYNTAX);
	text_clear(&content);
	make_index(&content, EMPTY, 1);
	expect_error(text_str(&content), ERROR_INVALID);
}

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	static const struct {
		const char *extension;
		uint32_t mode, version;
		enum error_code code;
	} ROWS[] = {
		{"link", 0100644, 2, ERROR_INVALID}, {"sdir", 0100644, 2, ERROR_INVALID},
		{"TREE", 0040000, 2, ERROR_INVALID}, {"xyzw", 0100644, 2, ERROR_INVALID},
		{"TREE", 0100644, 5, ERROR_SYNTAX},  {"TREE", 0100644, 1, ERROR_SYNTAX},
	};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		_cleanup_(text_release) struct text content = {0};
		add_header(&content, ROWS[i].version, 1);
		add_entry(&content, ROWS[i].mode, "a");
		text_add(&content, str_of(ROWS[i].extension));
		add_number(&content, 3);
		text_add(&content, STR("abchhhhhhhhhhhhhhhhhhhh"));
		expect_error(text_str(&content), ROWS[i].code);
	}
}

static void skips_extensions_that_may_be_skipped(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text content = {0};
	struct gitindex index;
	add_header(&content, 2, 1);
	add_entry(&content, 0100644, "a");
	text_add(&content, STR("TREE"));
	add_number(&content, 3);
	text_add(&content, STR("abcUNTR"));
	add_number(&content, 0);
	text_add(&content, STR("hhhhhhhhhhhhhhhhhhhh"));
	assert_int_equal(gitindex_parse(text_str(&content), 20, "i", &index, NULL), 0);
	assert_int_equal(index.count, 1);
	gitindex_release(&index);
	content.at[12 + 64 + 7] = 100; /* the length of the first */
	expect_error(text_str(&content), ERROR_INVALID);
}

static void finds_ranges_and_paths(void **state)
{
	(void)state;
	static const char *const PATHS[] = {"a",     "b-c/x", "b.c", "b/a",
					    "b/c/d", "b/c/e", "b0",  "c"};
	_cleanup_(text_release) struct text content = {0};
	struct gitindex index;
	make_index(&content, PATHS, 8);
	assert_int_equal(gitindex_parse(text_str(&content), 20, "i", &index, NULL), 0);
	struct gitindex_range all = {0, index.count};
	struct gitindex_range below = gitindex_below(&index, all, STR("b"));
	assert_int_equal(below.first * 10 + below.end, 36);
	struct gitindex_range deeper = gitindex_below(&index, below, STR("b/c"));
	assert_int_equal(deeper.first * 10 + deeper.end, 46);
	deeper = gitindex_below(&index, all, STR("a"));
	assert_int_equal(deeper.first, deeper.end);
	deeper = gitindex_below(&index, all, STR("zz"));
	assert_int_equal(deeper.first * 10 + deeper.end, 88);
	deeper = gitindex_below(&index, all, STR(""));
	assert_int_equal(deeper.first * 10 + deeper.end, 8);
	for (size_t i = 0; i < index.count; i++)
		assert_true(gitindex_has(&index, all, index.paths[i]));
	assert_false(gitindex_has(&index, all, STR("b")));
	assert_false(gitindex_has(&index, all, STR("zz")));
	assert_false(gitindex_has(&index, below, STR("a")));
	assert_true(gitindex_has(&index, below, STR("b/c/e")));
	gitindex_release(&index);
}

/* Each range against a look at every path. */
static void finds_the_same_as_a_look_at_all(void **state)
{
	(void)state;
	enum { PATHS = 200 };
	static char names[PATHS][8];
	const char *paths[PATHS];
	_cleanup_(text_release) struct text content = {0};
	struct gitindex index;
	for (int i = 0; i < PATHS; i++) {
		snprintf(names[i], sizeof names[i], "%c%c%c", 'a' + i / 50, "-./0"[i / 13 % 4],
			 "abcdefghijklm"[i % 13]);
		paths[i] = names[i];
	}
	qsort(names, PATHS, sizeof *names, (int (*)(const void *, const void *))strcmp);
	make_index(&content, paths, PATHS);
	assert_int_equal(gitindex_parse(text_str(&content), 20, "i", &index, NULL), 0);
	for (char first = 'a'; first < 'f'; first++)
		for (size_t start = 0; start < index.count; start += 7) {
			struct gitindex_range within = {start, index.count};
			struct str folder = {&first, 1};
			struct gitindex_range below = gitindex_below(&index, within, folder);
			for (size_t i = start; i < index.count; i++) {
				bool is_in = index.paths[i].at[0] == first &&
					     index.paths[i].at[1] == '/';
				assert_int_equal(i >= below.first && i < below.end, is_in);
			}
		}
	gitindex_release(&index);
}

static void a_missing_index_is_told(void **state)
{
	const struct sandbox *sandbox = *state;
	struct gitindex index;
	struct error error;
	assert_int_equal(gitindex_read(sandbox_path(sandbox, "i"), 20, &index, &error), -1);
	assert_int_equal(error.code, ERROR_NOT_FOUND);
}

static void every_failing_allocation_is_told(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_git(sandbox, "init");
	add_some(sandbox);
	sandbox_git(sandbox, "update-index --index-version 4 --add --cacheinfo "
			     "160000,1111111111111111111111111111111111111111,lib");
	for (long nth = 1;; nth++) {
		struct gitindex index;
		struct error error = {0};
		mem_fail_from(nth);
		int result = gitindex_read(sandbox_path(sandbox, ".git/index"), 20, &index, &error);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		if (!failed) {
			gitindex_release(&index);
			break;
		}
		assert_int_equal(error.code, ERROR_MEMORY);
	}
}

#define IN_SANDBOX(name) cmocka_unit_test_setup_teardown(name, sandbox_set_up, sandbox_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(reads_every_version),
		IN_SANDBOX(keeps_one_of_several_stages),
		IN_SANDBOX(submodules_are_kept_apart),
		cmocka_unit_test(refuses_what_is_cut_off),
		cmocka_unit_test(refuses_what_is_out_of_order),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(skips_extensions_that_may_be_skipped),
		cmocka_unit_test(finds_ranges_and_paths),
		cmocka_unit_test(finds_the_same_as_a_look_at_all),
		IN_SANDBOX(a_missing_index_is_told),
		IN_SANDBOX(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
