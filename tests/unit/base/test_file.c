/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "sandbox.h"

static void reads_after_what_is_there(void **state)
{
	const struct sandbox *sandbox = *state;
	_cleanup_(text_release) struct text text = {0};
	struct error error;
	sandbox_bytes(sandbox, "a", (struct str){"x\0y", 3});
	text_add(&text, STR("before"));
	assert_int_equal(file_read(sandbox_path(sandbox, "a"), 3, &text, &error), 0);
	assert_int_equal(text.length, 9);
	assert_memory_equal(text.at, "beforex\0y", 10);
}

static void reads_an_empty_file(void **state)
{
	const struct sandbox *sandbox = *state;
	_cleanup_(text_release) struct text text = {0};
	sandbox_file(sandbox, "a", "");
	assert_int_equal(file_read(sandbox_path(sandbox, "a"), 0, &text, NULL), 0);
	assert_string_equal(text.at, "");
}

static void expect_refusal(const struct sandbox *sandbox, const char *path, int flags,
			   enum error_code code)
{
	_cleanup_(text_release) struct text text = {0};
	struct error error = {0};
	text_add(&text, STR("before"));
	path = sandbox_path(sandbox, path);
	assert_int_equal(file_read_at(AT_FDCWD, path, flags, 10, &text, &error), -1);
	assert_int_equal(error.code, code);
	assert_string_equal(error.file, path);
	assert_string_equal(text.at, "before");
	assert_int_equal(text.length, 6);
}

static void names_what_cannot_be_read(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "long", "0123456789x");
	sandbox_folder(sandbox, "folder");
	assert_int_equal(mkfifo(sandbox_path(sandbox, "fifo"), 0600), 0);
	assert_int_equal(symlink("long", sandbox_path(sandbox, "link")), 0);
	expect_refusal(sandbox, "nowhere", 0, ERROR_NOT_FOUND);
	expect_refusal(sandbox, "long/below", 0, ERROR_NOT_FOUND);
	expect_refusal(sandbox, "folder", 0, ERROR_IO);
	expect_refusal(sandbox, "fifo", 0, ERROR_IO);
	expect_refusal(sandbox, "long", 0, ERROR_LIMIT);
	expect_refusal(sandbox, "link", 0, ERROR_LIMIT);
	expect_refusal(sandbox, "link", O_NOFOLLOW, ERROR_NOT_FOUND);
}

/* The kernel says that such a file is empty, and it is not. */
static void reads_more_than_the_size_tells(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text text = {0};
	struct error error = {0};
	assert_int_equal(file_read("/proc/self/status", 1 << 20, &text, NULL), 0);
	assert_true(text.length > 10);
	text_clear(&text);
	text_add(&text, STR("before"));
	assert_int_equal(file_read("/proc/self/status", 10, &text, &error), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	assert_string_equal(text.at, "before");
}

static void writes_new_files_with_the_usual_mode(void **state)
{
	const struct sandbox *sandbox = *state;
	struct stat status;
	mode_t mask = umask(027);
	assert_int_equal(file_write(sandbox_path(sandbox, "a"), STR("one"), NULL), 0);
	umask(mask);
	assert_string_equal(sandbox_read(sandbox, "a"), "one");
	assert_int_equal(stat(sandbox_path(sandbox, "a"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
}

static void replaces_and_keeps_the_mode(void **state)
{
	const struct sandbox *sandbox = *state;
	struct stat status;
	sandbox_file(sandbox, "a", "a longer text than the new one");
	assert_int_equal(chmod(sandbox_path(sandbox, "a"), 0751), 0);
	assert_int_equal(file_write(sandbox_path(sandbox, "a"), STR("two"), NULL), 0);
	assert_string_equal(sandbox_read(sandbox, "a"), "two");
	assert_int_equal(stat(sandbox_path(sandbox, "a"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0751);
}

static void writes_through_a_link(void **state)
{
	const struct sandbox *sandbox = *state;
	struct stat status;
	sandbox_file(sandbox, "real", "old");
	assert_int_equal(symlink("real", sandbox_path(sandbox, "link")), 0);
	assert_int_equal(file_write(sandbox_path(sandbox, "link"), STR("new"), NULL), 0);
	assert_string_equal(sandbox_read(sandbox, "real"), "new");
	assert_int_equal(lstat(sandbox_path(sandbox, "link"), &status), 0);
	assert_true(S_ISLNK(status.st_mode));
}

static void writes_into_a_pipe_and_leaves_it_there(void **state)
{
	const struct sandbox *sandbox = *state;
	const char *path = sandbox_path(sandbox, "pipe");
	struct stat status;
	char got[8] = "";
	assert_int_equal(mkfifo(path, 0600), 0);
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(file_write(path, STR("one"), NULL), 0);
	assert_int_equal(read(fd, got, sizeof got), 3);
	close(fd);
	assert_string_equal(got, "one");
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
}

static void says_what_cannot_be_written(void **state)
{
	const struct sandbox *sandbox = *state;
	struct error error = {0};
	sandbox_folder(sandbox, "folder/full");
	const char *path = sandbox_path(sandbox, "nowhere/a");
	assert_int_equal(file_write(path, STR("x"), &error), -1);
	assert_int_equal(error.code, ERROR_IO);
	assert_string_equal(error.file, path);
	/* A folder stands where the file would be: nothing is left beside it. */
	assert_int_equal(file_write(sandbox_path(sandbox, "folder"), STR("x"), &error), -1);
	assert_int_equal(error.code, ERROR_IO);
	assert_int_equal(rmdir(sandbox_path(sandbox, "folder/full")), 0);
	assert_int_equal(rmdir(sandbox_path(sandbox, "folder")), 0);
	assert_int_equal(rmdir(sandbox->root), 0);
	assert_int_equal(mkdir(sandbox->root, 0700), 0);
}

static void every_failing_allocation_is_told(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "a", "old");
	const char *path = sandbox_path(sandbox, "a");
	for (long nth = 1;; nth++) {
		_cleanup_(text_release) struct text text = {0};
		struct error error = {0};
		mem_fail_from(nth);
		int read = file_read(path, 100, &text, &error);
		int written = read < 0 ? -1 : file_write(path, STR("new"), &error);
		if (!mem_fail_never()) {
			assert_int_equal(written, 0);
			break;
		}
		assert_int_equal(written, -1);
		assert_int_equal(error.code, ERROR_MEMORY);
		assert_string_equal(sandbox_read(sandbox, "a"), "old");
	}
	assert_string_equal(sandbox_read(sandbox, "a"), "new");
	assert_int_equal(sandbox_leaked_fd(), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sandbox_set_up, sandbox_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_after_what_is_there),
		TEST(reads_an_empty_file),
		TEST(names_what_cannot_be_read),
		TEST(reads_more_than_the_size_tells),
		TEST(writes_new_files_with_the_usual_mode),
		TEST(replaces_and_keeps_the_mode),
		TEST(writes_through_a_link),
		TEST(writes_into_a_pipe_and_leaves_it_there),
		TEST(says_what_cannot_be_written),
		TEST(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
