/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault_point.h"

static const char *self;

/* What the child does: passes two points, thrice each; the status says how far it came. */
static int walk(void)
{
	for (int i = 1; i <= 3; i++) {
		FAULT_POINT("test.first");
		if (write(STDOUT_FILENO, "1", 1) != 1)
			return 1;
		FAULT_POINT("test.second");
		if (write(STDOUT_FILENO, "2", 1) != 1)
			return 1;
	}
	return 0;
}

/* Runs this program as the child; what it wrote, and how it ended. */
static int run(const char *point, char out[16])
{
	int ends[2], status = -1;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		if (point)
			setenv("ASHLAR_FAULT_POINT", point, 1);
		else
			unsetenv("ASHLAR_FAULT_POINT");
		execl(self, self, "walk", NULL);
		_exit(9);
	}
	close(ends[1]);
	size_t length = 0;
	ssize_t got;
	while ((got = read(ends[0], out + length, 15 - length)) > 0)
		length += (size_t)got;
	out[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void a_program_dies_at_the_nth_passing(void **state)
{
	char out[16];
	(void)state;
	int status = run("test.first:1", out);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_string_equal(out, "");
	status = run("test.second:2", out);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_string_equal(out, "121");
}

static void otherwise_it_lives(void **state)
{
	static const char *const POINTS[] = {NULL,           "test.first:4", "test.third:1",
					     "test.first:0", "test.first",   "test:1"};
	char out[16];
	(void)state;
	for (size_t i = 0; i < sizeof POINTS / sizeof *POINTS; i++) {
		int status = run(POINTS[i], out);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_string_equal(out, "121212");
	}
}

/* The linker makes these for a section whose name is one of C. */
extern const char __start_fault_points[], __stop_fault_points[];

static bool is_listed(const char *name)
{
	size_t size = (size_t)(__stop_fault_points - __start_fault_points);
	return memmem(__start_fault_points, size, name, strlen(name) + 1) != NULL;
}

static void the_section_lists_them(void **state)
{
	(void)state;
	assert_true(is_listed("test.first"));
	assert_true(is_listed("test.second"));
	assert_false(is_listed("test.third"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_dies_at_the_nth_passing),
		cmocka_unit_test(otherwise_it_lives),
		cmocka_unit_test(the_section_lists_them),
	};
	if (argc > 1)
		return walk();
	self = argv[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
