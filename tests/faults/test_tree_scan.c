/* SPDX-License-Identifier: Apache-2.0 */
/* Scans a tree again and again, each time with the next allocation, or the next call of the
 * system, failing: the result is whole, or what is missing is told; nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/mem.h"
#include "sandbox.h"
#include "scan/tree.h"

/* Calls left until one fails; 0: none does. */
static atomic_long countdown;
static int failing_errno;

static bool fails(void)
{
	if (atomic_load(&countdown) <= 0 || atomic_fetch_sub(&countdown, 1) != 1)
		return false;
	errno = failing_errno;
	return true;
}

#define WRAP(type, name, parameters, ...)                                                          \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fails() ? -1 : __real_##name(__VA_ARGS__);                                  \
	}

WRAP(int, open, (const char *path, int flags, mode_t mode), path, flags, mode)
WRAP(int, open64, (const char *path, int flags, mode_t mode), path, flags, mode)
WRAP(int, openat, (int fd, const char *path, int flags, mode_t mode), fd, path, flags, mode)
WRAP(int, openat64, (int fd, const char *path, int flags, mode_t mode), fd, path, flags, mode)
WRAP(ssize_t, pread, (int fd, void *out, size_t size, off_t from), fd, out, size, from)
WRAP(ssize_t, pread64, (int fd, void *out, size_t size, off_t from), fd, out, size, from)
WRAP(ssize_t, getdents64, (int fd, void *out, size_t size), fd, out, size)

/* These the system never interrupts. */
int __real_fstat(int fd, struct stat *out);
int __wrap_fstat(int fd, struct stat *out);
int __wrap_fstat(int fd, struct stat *out)
{
	return failing_errno != EINTR && fails() ? -1 : __real_fstat(fd, out);
}

int __real_fstat64(int fd, struct stat *out);
int __wrap_fstat64(int fd, struct stat *out);
int __wrap_fstat64(int fd, struct stat *out)
{
	return failing_errno != EINTR && fails() ? -1 : __real_fstat64(fd, out);
}

static void make_tree(const struct sandbox *sandbox)
{
	static const char SOURCE[] = "import os\nfrom a import b, c\n";
	char path[64];
	for (int i = 0; i < 90; i++) {
		snprintf(path, sizeof path, "%s%d/file%d.py", i % 3 ? "a/b" : "large", i % 3, i);
		sandbox_file(sandbox, path, SOURCE);
	}
	sandbox_file(sandbox, "a/binary.py", "x");
	sandbox_bytes(sandbox, "a/nul.py", (struct str){"a\0b", 3});
	sandbox_file(sandbox, "a/latin.py", "import \xE9t\xE9\n");
	sandbox_file(sandbox, ".gitignore", "*.o\n");
	sandbox_file(sandbox, "a/.gitignore", "ignored*\n");
	sandbox_file(sandbox, "a/ignored.py", SOURCE);
	sandbox_file(sandbox, "a/ignored_but_tracked.py", SOURCE);
	sandbox_git(sandbox, "init");
	sandbox_git(sandbox, "add -f a/ignored_but_tracked.py a/b1");
	sandbox_git(sandbox, "config core.excludesFile mine");
	sandbox_file(sandbox, "mine", "nothing\n");
}

/* What a scan without a fault finds. */
struct whole {
	uint32_t entries;
	uint32_t files;
	size_t problems;
	size_t remarks;
};

static struct whole scan_whole(const struct sandbox *sandbox)
{
	struct tree tree;
	assert_int_equal(tree_scan(sandbox->root, NULL, 2, &tree, NULL), 0);
	struct whole whole = {tree.count, tree.file_count, tree.problems.count, tree.remarks.count};
	tree_release(&tree);
	return whole;
}

static bool is_whole(const struct tree *tree, const struct whole *whole)
{
	return tree->count == whole->entries && tree->file_count == whole->files &&
	       tree->problems.count == whole->problems && tree->remarks.count == whole->remarks;
}

static void every_failing_allocation_is_an_error(void **state)
{
	const struct sandbox *sandbox = *state;
	struct whole whole = scan_whole(sandbox);
	for (unsigned workers = 1; workers <= 3; workers++)
		for (long nth = 1;; nth++) {
			struct tree tree;
			struct error error = {0};
			mem_fail_from(nth);
			int result = tree_scan(sandbox->root, NULL, workers, &tree, &error);
			bool failed = mem_fail_never();
			assert_int_equal(sandbox_leaked_fd(), -1);
			if (result == 0) {
				assert_false(failed);
				assert_true(is_whole(&tree, &whole));
				tree_release(&tree);
				break;
			}
			assert_true(failed);
			assert_int_equal(error.code, ERROR_MEMORY);
		}
}

static bool tells_of_io(const struct tree *tree)
{
	for (size_t i = 0; i < tree->problems.count; i++)
		if (tree->problems.items[i].code == ERROR_IO && tree->problems.items[i].file[0])
			return true;
	return false;
}

/* Fails the Nth call, once, for each N there is. */
static void fail_each_call(const struct sandbox *sandbox, unsigned workers, int number)
{
	struct whole whole = scan_whole(sandbox);
	bool met = true;
	for (long nth = 1; met; nth++) {
		struct tree tree;
		struct error error = {0};
		failing_errno = number;
		atomic_store(&countdown, nth);
		int result = tree_scan(sandbox->root, NULL, workers, &tree, &error);
		met = atomic_exchange(&countdown, 0) <= 0;
		assert_int_equal(sandbox_leaked_fd(), -1);
		if (result < 0) {
			assert_true(met);
			assert_int_equal(error.code, ERROR_IO);
			assert_string_not_equal(error.file, "");
			continue;
		}
		if (!is_whole(&tree, &whole) && !tells_of_io(&tree))
			fail_msg("call %ld: %u entries and %u files, and nobody was told", nth,
				 tree.count, tree.file_count);
		tree_release(&tree);
	}
}

static void every_failing_call_is_told(void **state)
{
	for (unsigned workers = 1; workers <= 2; workers++) {
		fail_each_call(*state, workers, EIO);
		fail_each_call(*state, workers, EMFILE);
	}
}

/* A signal that interrupts a call is nobody's loss: the call is made again. */
static void no_interrupted_call_is_seen(void **state)
{
	const struct sandbox *sandbox = *state;
	struct whole whole = scan_whole(sandbox);
	bool met = true;
	failing_errno = EINTR;
	for (long nth = 1; met; nth++) {
		struct tree tree;
		atomic_store(&countdown, nth);
		assert_int_equal(tree_scan(sandbox->root, NULL, 2, &tree, NULL), 0);
		met = atomic_exchange(&countdown, 0) <= 0;
		assert_true(is_whole(&tree, &whole));
		tree_release(&tree);
	}
}

static int set_up(void **state)
{
	static struct sandbox sandbox;
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "/nowhere", 1);
	sandbox_init(&sandbox);
	make_tree(&sandbox);
	*state = &sandbox;
	return 0;
}

static int tear_down(void **state)
{
	sandbox_release(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failing_allocation_is_an_error),
		cmocka_unit_test(every_failing_call_is_told),
		cmocka_unit_test(no_interrupted_call_is_seen),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
