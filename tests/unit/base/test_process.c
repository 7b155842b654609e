/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

/* A child that listens on a port and at its path with ".s", and has a file open with a lock on its
 * byte 7. */
struct child {
	pid_t pid;
	uint16_t port;
	char path[64];
	char expected[64]; /* what is told of it begins so */
};

static bool listen_at(const char *path)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(local.sun_path, sizeof local.sun_path, "%s.s", path);
	return bind(listener, (struct sockaddr *)&local, sizeof local) == 0 &&
	       listen(listener, 1) == 0;
}

static void hold(const char *path, int answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 7, .l_len = 1};
	int listener = socket(AF_INET, SOCK_STREAM, 0), file = open(path, O_RDWR);
	if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0 ||
	    fcntl(file, F_SETLK, &lock) < 0 || !listen_at(path))
		_exit(1);
	uint16_t port = ntohs(address.sin_port);
	if (write(answer, &port, sizeof port) != sizeof port)
		_exit(1);
	for (;;)
		pause();
}

static int start_child(void **state)
{
	struct child *child = calloc(1, sizeof *child);
	int answers[2], file;
	*state = child;
	snprintf(child->path, sizeof child->path, "/tmp/ashlar-process-XXXXXX");
	file = mkstemp(child->path);
	if (file < 0 || pipe(answers) < 0)
		return -1;
	close(file);
	child->pid = fork();
	if (child->pid == 0)
		hold(child->path, answers[1]);
	close(answers[1]);
	bool heard = read(answers[0], &child->port, sizeof child->port) == sizeof child->port;
	close(answers[0]);
	snprintf(child->expected, sizeof child->expected, "process %d (", (int)child->pid);
	return heard ? 0 : -1;
}

static int end_child(void **state)
{
	struct child *child = *state;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	char local[sizeof child->path + 2];
	snprintf(local, sizeof local, "%s.s", child->path);
	unlink(local);
	unlink(child->path);
	free(child);
	return 0;
}

static void check(const struct child *child, const char *told)
{
	assert_memory_equal(told, child->expected, strlen(child->expected));
	assert_non_null(strstr(told, "), there since 20"));
}

static void who_listens_is_found(void **state)
{
	struct child *child = *state;
	char told[PROCESS_SIZE], local[sizeof child->path + 2];
	assert_true(process_at_port(child->port, told, sizeof told));
	check(child, told);
	assert_false(process_at_port(0, told, sizeof told));
	snprintf(local, sizeof local, "%s.s", child->path);
	assert_true(process_at_socket(local, told, sizeof told));
	check(child, told);
	assert_false(process_at_socket(child->path, told, sizeof told));
}

static void who_has_a_file_is_found(void **state)
{
	struct child *child = *state;
	char told[PROCESS_SIZE], cut[12];
	assert_true(process_with_file(child->path, told, sizeof told));
	check(child, told);
	assert_true(process_with_file(child->path, cut, sizeof cut));
	assert_int_equal(strlen(cut), sizeof cut - 1);
	assert_false(process_with_file("/tmp/ashlar-process-none", told, sizeof told));
}

/* One's own descriptors are nobody's. */
static void oneself_is_not_found(void **state)
{
	char told[PROCESS_SIZE], path[] = "/tmp/ashlar-process-XXXXXX";
	int file = mkstemp(path);
	(void)state;
	assert_true(file >= 0);
	assert_false(process_with_file(path, told, sizeof told));
	close(file);
	unlink(path);
}

static void who_has_a_lock_is_found(void **state)
{
	struct child *child = *state;
	char told[PROCESS_SIZE];
	assert_true(process_with_lock(child->path, 7, told, sizeof told));
	check(child, told);
	assert_false(process_with_lock(child->path, 8, told, sizeof told));
	assert_false(process_with_lock("/tmp/ashlar-process-none", 7, told, sizeof told));
}

static void this_one_has_a_name(void **state)
{
	char told[PROCESS_SIZE], expected[64];
	(void)state;
	process_here(told, sizeof told);
	snprintf(expected, sizeof expected, ", process %d on ", (int)getpid());
	assert_non_null(strstr(told, expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_listens_is_found, start_child, end_child),
		cmocka_unit_test_setup_teardown(who_has_a_file_is_found, start_child, end_child),
		cmocka_unit_test_setup_teardown(who_has_a_lock_is_found, start_child, end_child),
		cmocka_unit_test(oneself_is_not_found),
		cmocka_unit_test(this_one_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
