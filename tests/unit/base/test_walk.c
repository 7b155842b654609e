/* SPDX-License-Identifier: Apache-2.0 */
/* What the walk promises beyond git's rules, which tests/property/walk_against_git.py holds
 * it to: bounds, problems, order, visits, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "base/walk.h"
#include "sandbox.h"

static void add_paths(const struct walk_folder *folder, const char *above, struct text *out)
{
	char path[2 * PATH_LIMIT];
	snprintf(path, sizeof path, "%s%s%s", above, folder->name, folder->parent ? "/" : "");
	for (uint32_t i = 0; i < folder->file_count; i++)
		text_addf(out, "%s%s%s\n", path, folder->files[i].name,
			  folder->files[i].is_link ? "@" : "");
	for (uint32_t i = 0; i < folder->folder_count; i++)
		add_paths(folder->folders[i], path, out);
}

/* Everything that the walk tells, as a text: problems first. */
static void describe(const struct walk *walk, struct text *out)
{
	char line[2048];
	for (size_t i = 0; i < walk->problems.count; i++) {
		error_format(&walk->problems.items[i], line, sizeof line);
		text_addf(out, "! %s\n", line);
	}
	add_paths(walk->root, "", out);
}

static void expect_with(const struct sandbox *sandbox, struct walk_options options,
			const char *expected)
{
	for (options.workers = 1; options.workers < 5; options.workers++) {
		_cleanup_(text_release) struct text text = {0};
		_cleanup_(walk_release) struct walk walk;
		struct error error;
		if (!options.root)
			options.root = sandbox->root;
		if (walk_run(&options, &walk, &error) < 0)
			fail_msg("%s: %s", error.file, error.message);
		describe(&walk, &text);
		assert_string_equal(text_str(&text).at, expected);
	}
	assert_int_equal(sandbox_leaked_fd(), -1);
}

static void expect(const struct sandbox *sandbox, const char *expected)
{
	expect_with(sandbox, (struct walk_options){0}, expected);
}

static void an_empty_folder_has_nothing(void **state)
{
	sandbox_folder(*state, "a/b/c");
	expect(*state, "");
}

static void lists_everything_outside_of_git(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, ".gitignore", "*.o\n");
	sandbox_file(sandbox, "a.o", "");
	sandbox_file(sandbox, "b/c", "");
	sandbox_file(sandbox, ".git/config", "");
	sandbox_folder(sandbox, "empty/empty");
	assert_int_equal(symlink("a.o", sandbox_path(sandbox, "link")), 0);
	assert_int_equal(symlink("b", sandbox_path(sandbox, "to-folder")), 0);
	assert_int_equal(symlink("..", sandbox_path(sandbox, "b/up")), 0);
	assert_int_equal(mkfifo(sandbox_path(sandbox, "fifo"), 0600), 0);
	expect(sandbox, ".gitignore\na.o\nlink@\nb/c\n");
}

static void orders_by_bytes(void **state)
{
	static const char *const NAMES[] = {"a/x", "a-b/x", "a.b/x", "a0/x", "Z", "z", "\xFF"};
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		sandbox_file(*state, NAMES[i], "");
	expect(*state, "Z\nz\n\xFF\na/x\na-b/x\na.b/x\na0/x\n");
}

static void a_clone_on_the_way_has_rules_of_its_own(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_file(sandbox, "x.o", "");
	sandbox_file(sandbox, "one/.gitignore", "*.o\n/out\n");
	sandbox_file(sandbox, "one/x.o", "");
	sandbox_file(sandbox, "one/kept.o", "");
	sandbox_file(sandbox, "one/out/a", "");
	sandbox_file(sandbox, "one/in/out/a", "");
	sandbox_file(sandbox, "deep/two/x.o", "");
	sandbox_git(sandbox, "init one");
	sandbox_git(sandbox, "init deep/two");
	sandbox_git(sandbox, "-C one add -f kept.o");
	expect(sandbox, "x.o\ndeep/two/x.o\none/.gitignore\none/kept.o\none/in/out/a\n");
}

static void an_ignored_root_is_walked_as_it_is(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_git(sandbox, "init");
	sandbox_file(sandbox, ".gitignore", "/out\n*.o\n");
	sandbox_file(sandbox, "out/a.o", "");
	struct walk_options options = {.root = sandbox_path(sandbox, "out")};
	expect_with(sandbox, options, "a.o\n");
	sandbox_git(sandbox, "add -f out/a.o");
	sandbox_file(sandbox, "out/b", "");
	expect_with(sandbox, options, "a.o\n");
}

static void excluded_files_are_left_out_though_tracked(void **state)
{
	const struct sandbox *sandbox = *state;
	_cleanup_(arena_release) struct arena arena = {0};
	struct ignore_file exclude =
		ignore_parse(STR("vendor/\n**/*_pb2.py\n!keep_pb2.py\n/sub/x\n"), &arena);
	sandbox_file(sandbox, "sub/vendor/a", "");
	sandbox_file(sandbox, "sub/b_pb2.py", "");
	sandbox_file(sandbox, "sub/keep_pb2.py", "");
	sandbox_file(sandbox, "sub/sub/x", "");
	sandbox_file(sandbox, "sub/y", "");
	sandbox_git(sandbox, "init");
	sandbox_git(sandbox, "add .");
	struct walk_options options = {.exclude = &exclude};
	expect_with(sandbox, options, "sub/keep_pb2.py\nsub/y\nsub/sub/x\n");
	options.root = sandbox_path(sandbox, "sub");
	expect_with(sandbox, options, "keep_pb2.py\ny\n");
}

static void says_whether_git_was_asked(void **state)
{
	struct walk_options options = {.root = ((struct sandbox *)*state)->root, .workers = 2};
	for (int in_git = 0; in_git < 2; in_git++) {
		_cleanup_(walk_release) struct walk walk;
		assert_int_equal(walk_run(&options, &walk, NULL), 0);
		assert_int_equal(walk.in_git, in_git);
		sandbox_git(*state, "init");
	}
}

static void the_root_itself_may_be_wrong(void **state)
{
	const struct sandbox *sandbox = *state;
	static const struct {
		const char *path;
		enum error_code code;
	} ROOTS[] = {{"nowhere", ERROR_NOT_FOUND}, {"file", ERROR_IO}};
	sandbox_file(sandbox, "file", "");
	for (size_t i = 0; i < 2; i++) {
		struct walk_options options = {.root = sandbox_path(sandbox, ROOTS[i].path),
					       .workers = 2};
		struct walk walk;
		struct error error;
		assert_int_equal(walk_run(&options, &walk, &error), -1);
		assert_int_equal(error.code, ROOTS[i].code);
		assert_string_equal(error.file, options.root);
		assert_null(walk.root);
		assert_null(walk.arena.blocks);
	}
	assert_int_equal(sandbox_leaked_fd(), -1);
}

/* Root may read everything, so a child without privileges has to look. */
static void unreadable_things_are_told_and_gone_without(void **state)
{
	const struct sandbox *sandbox = *state;
	sandbox_git(sandbox, "init");
	sandbox_file(sandbox, "a/shut/x", "");
	sandbox_file(sandbox, "b/.gitignore", "*\n");
	sandbox_file(sandbox, "b/x", "");
	assert_int_equal(chmod(sandbox->root, 0755), 0);
	assert_int_equal(chmod(sandbox_path(sandbox, "a/shut"), 0), 0);
	assert_int_equal(chmod(sandbox_path(sandbox, "b/.gitignore"), 0), 0);
	pid_t child = fork();
	if (child == 0) {
		if (getuid() == 0 &&
		    (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
			_exit(2);
		_cleanup_(text_release) struct text text = {0};
		struct walk_options options = {.root = sandbox->root, .workers = 2};
		struct walk walk;
		if (walk_run(&options, &walk, NULL) < 0)
			_exit(3);
		describe(&walk, &text);
		bool same = strcmp(text_str(&text).at,
				   "! a/shut: cannot be read: Permission denied\n"
				   "! b: its .gitignore cannot be read: Permission denied\n"
				   "b/.gitignore\nb/x\n") == 0;
		if (!same)
			fputs(text_str(&text).at, stderr);
		walk_release(&walk);
		text_release(&text);
		_exit(same ? 0 : 4);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void more_files_than_the_limit_are_left_out_and_told(void **state)
{
	const struct sandbox *sandbox = *state;
	char name[20];
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "%d/%d", i % 3, i);
		sandbox_file(sandbox, name, "");
	}
	for (uint32_t limit = 1; limit < 36; limit++) {
		struct walk_options options = {
			.root = sandbox->root, .workers = 2, .file_limit = limit};
		_cleanup_(walk_release) struct walk walk;
		assert_int_equal(walk_run(&options, &walk, NULL), 0);
		size_t files = 0;
		for (uint32_t i = 0; i < walk.root->folder_count; i++)
			files += walk.root->folders[i]->file_count;
		assert_true(files + walk.root->folder_count <= limit);
		assert_int_equal(walk.problems.count > 0, limit < 33);
		if (limit >= 33)
			assert_int_equal(files, 30);
	}
}

/* One folder alone has more than may be: what fits is listed, and the rest of the walk too. */
static void a_folder_over_the_limit_is_listed_up_to_it(void **state)
{
	const struct sandbox *sandbox = *state;
	char name[20];
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "a/%d", i);
		sandbox_file(sandbox, name, "");
	}
	for (uint32_t limit = 2; limit < 110; limit++) {
		struct walk_options options = {
			.root = sandbox->root, .workers = 1, .file_limit = limit};
		_cleanup_(walk_release) struct walk walk;
		assert_int_equal(walk_run(&options, &walk, NULL), 0);
		assert_int_equal(walk.root->folder_count, 1);
		assert_int_equal(walk.root->folders[0]->file_count, limit < 101 ? limit - 1 : 100);
		assert_int_equal(walk.problems.count, limit < 101);
		if (limit < 101)
			assert_int_equal(walk.problems.items[0].code, ERROR_LIMIT);
	}
}

static void folders_that_are_too_deep_are_left_out_and_told(void **state)
{
	const struct sandbox *sandbox = *state;
	char path[PATH_LIMIT] = "";
	for (int depth = 1; depth <= WALK_DEPTH_LIMIT + 1; depth++) {
		strcat(path, depth > 1 ? "/d" : "d");
		sandbox_folder(sandbox, path);
		if (depth < WALK_DEPTH_LIMIT)
			continue;
		char file[PATH_LIMIT + 4];
		snprintf(file, sizeof file, "%s/f", path);
		sandbox_file(sandbox, file, "");
		struct walk_options options = {.root = sandbox->root, .workers = 2};
		_cleanup_(walk_release) struct walk walk;
		assert_int_equal(walk_run(&options, &walk, NULL), 0);
		const struct walk_folder *folder = walk.root;
		int levels = 0;
		for (; folder->folder_count > 0; folder = folder->folders[0])
			levels++;
		assert_int_equal(levels, WALK_DEPTH_LIMIT);
		assert_int_equal(folder->file_count, 1);
		assert_int_equal(walk.problems.count, depth > WALK_DEPTH_LIMIT);
	}
}

/* Visiting. */

struct visits {
	atomic_uint count;
	atomic_uint wrong;
	atomic_uint by_worker[CREW_LIMIT];
};

static void visit(void *context, unsigned worker, int folder_fd, const struct walk_folder *folder,
		  struct walk_file *file)
{
	struct visits *visits = context;
	char content[300] = "";
	int fd = openat(folder_fd, file->name, O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, content, sizeof content - 1);
	char expected[300];
	snprintf(expected, sizeof expected, "%s in %s", file->name, folder->name);
	if (length < 0 || strcmp(content, expected) != 0 || file->data)
		atomic_fetch_add(&visits->wrong, 1);
	close(fd);
	file->data = file;
	atomic_fetch_add(&visits->count, 1);
	atomic_fetch_add(&visits->by_worker[worker], 1);
}

static unsigned make_files_to_visit(const struct sandbox *sandbox)
{
	static const unsigned SIZES[] = {1, 31, 32, 33, 64, 65, 500, 3000};
	unsigned total = 0;
	for (unsigned i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
		for (unsigned j = 0; j < SIZES[i]; j++, total++) {
			char path[64], content[64];
			snprintf(path, sizeof path, "%u/f%u", i, j);
			snprintf(content, sizeof content, "f%u in %u", j, i);
			sandbox_file(sandbox, path, content);
		}
	return total;
}

static void visits_each_file_once(void **state)
{
	const struct sandbox *sandbox = *state;
	unsigned total = make_files_to_visit(sandbox);
	for (unsigned workers = 1; workers <= 8; workers *= 2) {
		static struct visits visits;
		struct walk_options options = {
			.root = sandbox->root, .workers = workers, .visit = visit};
		_cleanup_(walk_release) struct walk walk;
		visits = (struct visits){0};
		options.context = &visits;
		assert_int_equal(walk_run(&options, &walk, NULL), 0);
		assert_int_equal(visits.count, total);
		assert_int_equal(visits.wrong, 0);
		for (unsigned i = workers; i < CREW_LIMIT; i++)
			assert_int_equal(visits.by_worker[i], 0);
		for (uint32_t i = 0; i < walk.root->folder_count; i++) {
			const struct walk_folder *folder = walk.root->folders[i];
			for (uint32_t j = 0; j < folder->file_count; j++)
				assert_ptr_equal(folder->files[j].data, &folder->files[j]);
		}
		assert_int_equal(sandbox_leaked_fd(), -1);
	}
}

/* A rendezvous: one folder's files must reach two workers. */
static void meet(void *context, unsigned worker, int folder_fd, const struct walk_folder *folder,
		 struct walk_file *file)
{
	struct visits *visits = context;
	(void)folder_fd, (void)folder, (void)file;
	atomic_fetch_add(&visits->by_worker[worker], 1);
	for (int patience = 0; patience < 60000; patience++) {
		if (visits->by_worker[0] && visits->by_worker[1])
			return;
		usleep(1000);
	}
	atomic_fetch_add(&visits->wrong, 1);
}

static void one_large_folder_is_shared(void **state)
{
	char name[20];
	static struct visits visits;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%d", i);
		sandbox_file(*state, name, "");
	}
	struct walk_options options = {.root = ((struct sandbox *)*state)->root,
				       .workers = 2,
				       .visit = meet,
				       .context = &visits};
	_cleanup_(walk_release) struct walk walk;
	assert_int_equal(walk_run(&options, &walk, NULL), 0);
	assert_int_equal(visits.wrong, 0);
}

/* Faults. */

static void look_at(void *context, unsigned worker, int folder_fd, const struct walk_folder *folder,
		    struct walk_file *file)
{
	(void)worker, (void)folder;
	if (faccessat(folder_fd, file->name, R_OK, 0) == 0)
		atomic_fetch_add((atomic_uint *)context, 1);
}

static void make_a_bit_of_everything(const struct sandbox *sandbox)
{
	char path[40];
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof path, "folder%d/sub/f%d", i % 7, i);
		sandbox_file(sandbox, path, "");
	}
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof path, "clone/large/f%d", i);
		sandbox_file(sandbox, path, "");
	}
	sandbox_file(sandbox, "clone/.gitignore", "*.o\n");
	sandbox_file(sandbox, "clone/large/.gitignore", "f1*\n!f11\n");
	sandbox_git(sandbox, "init clone");
	sandbox_git(sandbox, "-C clone add .");
}

static void fail_each_allocation(const struct sandbox *sandbox, const char *root, unsigned workers)
{
	for (long nth = 1;; nth++) {
		atomic_uint count = 0;
		struct walk_options options = {
			.root = root, .workers = workers, .visit = look_at, .context = &count};
		struct walk walk;
		struct error error = {0};
		mem_fail_from(nth);
		int result = walk_run(&options, &walk, &error);
		bool failed = mem_fail_never();
		assert_int_equal(sandbox_leaked_fd(), -1);
		if (result == 0) {
			assert_false(failed);
			assert_true(count > 0);
			walk_release(&walk);
			break;
		}
		assert_true(failed);
		assert_int_equal(error.code, ERROR_MEMORY);
		assert_null(walk.arena.blocks);
		assert_null(walk.problems.items);
	}
	(void)sandbox;
}

static void every_failing_allocation_is_told(void **state)
{
	const struct sandbox *sandbox = *state;
	make_a_bit_of_everything(sandbox);
	for (unsigned workers = 1; workers < 4; workers++) {
		fail_each_allocation(sandbox, sandbox->root, workers);
		fail_each_allocation(sandbox, sandbox_path(sandbox, "clone"), workers);
		fail_each_allocation(sandbox, sandbox_path(sandbox, "clone/large"), workers);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sandbox_set_up, sandbox_tear_down)

int main(void)
{
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "/nowhere", 1);
	const struct CMUnitTest tests[] = {
		TEST(an_empty_folder_has_nothing),
		TEST(lists_everything_outside_of_git),
		TEST(orders_by_bytes),
		TEST(a_clone_on_the_way_has_rules_of_its_own),
		TEST(an_ignored_root_is_walked_as_it_is),
		TEST(excluded_files_are_left_out_though_tracked),
		TEST(says_whether_git_was_asked),
		TEST(the_root_itself_may_be_wrong),
		TEST(unreadable_things_are_told_and_gone_without),
		TEST(more_files_than_the_limit_are_left_out_and_told),
		TEST(a_folder_over_the_limit_is_listed_up_to_it),
		TEST(folders_that_are_too_deep_are_left_out_and_told),
		TEST(visits_each_file_once),
		TEST(one_large_folder_is_shared),
		TEST(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
