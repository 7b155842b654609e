/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/listing.h"
#include "base/mem.h"
#include "sandbox.h"

static int read_root(const struct sandbox *sandbox, struct listing *listing, size_t limit)
{
	_cleanup_(file_closep) int fd = open(sandbox->root, O_RDONLY | O_DIRECTORY);
	return listing_read(listing, fd, limit);
}

static void assert_entry(const struct listing *listing, size_t at, const char *name, char kind)
{
	const struct listing_entry *entry = &listing->entries[at];
	assert_true(at < listing->count);
	assert_string_equal(entry->name, name);
	assert_int_equal(entry->length, strlen(name));
	assert_int_equal(entry->is_folder ? '/' : entry->is_link ? '@' : '.', kind);
}

static void lists_files_links_to_files_and_folders(void **state)
{
	const struct sandbox *sandbox = *state;
	_cleanup_(listing_release) struct listing listing = {0};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", sandbox->root);
	_cleanup_(file_closep) int server = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(mkfifo(sandbox_path(sandbox, "fifo"), 0600), 0);
	sandbox_file(sandbox, "file", "");
	sandbox_folder(sandbox, "folder");
	assert_int_equal(symlink("file", sandbox_path(sandbox, "to-file")), 0);
	assert_int_equal(symlink("to-file", sandbox_path(sandbox, "to-link")), 0);
	assert_int_equal(symlink("folder", sandbox_path(sandbox, "to-folder")), 0);
	assert_int_equal(symlink("fifo", sandbox_path(sandbox, "to-fifo")), 0);
	assert_int_equal(symlink("nowhere", sandbox_path(sandbox, "to-nowhere")), 0);
	assert_int_equal(symlink("loop", sandbox_path(sandbox, "loop")), 0);
	assert_int_equal(read_root(sandbox, &listing, 100), 0);
	assert_int_equal(listing.count, 4);
	assert_entry(&listing, 0, "file", '.');
	assert_entry(&listing, 1, "folder", '/');
	assert_entry(&listing, 2, "to-file", '@');
	assert_entry(&listing, 3, "to-link", '@');
	assert_false(listing.has_git);
	assert_false(listing.has_ignore);
}

static void sorts_as_git_does(void **state)
{
	const struct sandbox *sandbox = *state;
	static const char *const NAMES[] = {
		"a-",
		"a.",
		"a/",
		"a0",
		"aaaaaaaa",
		"aaaaaaaa-",
		"aaaaaaaab/",
		"aaaaaaaac",
		"aaaaaaab-c",
		"aaaaaaab.",
		"aaaaaaab/",
		"aaaaaaab0",
		"b",
		"longer-than",
		"longer-than-eight",
		"longer-than.eight",
		"longer-thaneight/",
		"x\xC3\xA9",
		"\xFF",
	};
	_cleanup_(listing_release) struct listing listing = {0};
	size_t count = sizeof NAMES / sizeof *NAMES;
	for (size_t i = count; i-- > 0;) {
		char name[40];
		size_t length = strlen(NAMES[i]);
		bool is_folder = NAMES[i][length - 1] == '/';
		memcpy(name, NAMES[i], length);
		name[length - is_folder] = '\0';
		if (is_folder)
			sandbox_folder(sandbox, name);
		else
			sandbox_file(sandbox, name, "");
	}
	assert_int_equal(read_root(sandbox, &listing, 100), 0);
	assert_int_equal(listing.count, count);
	for (size_t i = 0; i < count; i++) {
		struct str name = listing_name(&listing.entries[i]);
		assert_true(str_starts(str_of(NAMES[i]), name));
		assert_int_equal(strlen(NAMES[i]) - name.length, listing.entries[i].is_folder);
	}
}

static void tells_of_git_and_ignore_files(void **state)
{
	const struct sandbox *sandbox = *state;
	_cleanup_(listing_release) struct listing listing = {0};
	sandbox_folder(sandbox, ".git");
	sandbox_file(sandbox, ".gitignore", "");
	assert_int_equal(read_root(sandbox, &listing, 100), 0);
	assert_int_equal(listing.count, 1);
	assert_true(listing.has_git);
	assert_true(listing.has_ignore);
	assert_int_equal(unlink(sandbox_path(sandbox, ".gitignore")), 0);
	assert_int_equal(rmdir(sandbox_path(sandbox, ".git")), 0);
	assert_int_equal(symlink("x", sandbox_path(sandbox, ".gitignore")), 0);
	sandbox_file(sandbox, "x", "");
	assert_int_equal(read_root(sandbox, &listing, 100), 0);
	assert_int_equal(listing.count, 2);
	assert_false(listing.has_git);
	assert_false(listing.has_ignore);
}

static void lists_more_than_a_buffer_holds(void **state)
{
	const struct sandbox *sandbox = *state;
	_cleanup_(listing_release) struct listing listing = {0};
	enum { FILES = 3000 };
	char name[40];
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "a-file-with-a-longer-name-%04d", i);
		sandbox_file(sandbox, name, "");
	}
	assert_int_equal(read_root(sandbox, &listing, FILES), 0);
	assert_int_equal(listing.count, FILES);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "a-file-with-a-longer-name-%04d", i);
		assert_entry(&listing, (size_t)i, name, '.');
	}
	assert_int_equal(read_root(sandbox, &listing, FILES - 1), EOVERFLOW);
}

static void refuses_what_is_no_folder(void **state)
{
	const struct sandbox *sandbox = *state;
	_cleanup_(listing_release) struct listing listing = {0};
	sandbox_file(sandbox, "a", "");
	_cleanup_(file_closep) int fd = open(sandbox_path(sandbox, "a"), O_RDONLY);
	assert_int_equal(listing_read(&listing, fd, 10), ENOTDIR);
}

static void every_failing_allocation_is_told(void **state)
{
	const struct sandbox *sandbox = *state;
	char name[20];
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "%d", i);
		sandbox_file(sandbox, name, "");
	}
	for (long nth = 1;; nth++) {
		_cleanup_(listing_release) struct listing listing = {0};
		mem_fail_from(nth);
		int result = read_root(sandbox, &listing, 100);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? ENOMEM : 0);
		if (!failed)
			break;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sandbox_set_up, sandbox_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_files_links_to_files_and_folders),
		TEST(sorts_as_git_does),
		TEST(tells_of_git_and_ignore_files),
		TEST(lists_more_than_a_buffer_holds),
		TEST(refuses_what_is_no_folder),
		TEST(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
