/* SPDX-License-Identifier: Apache-2.0 */
/* A program of tests: each in a process of its own, what came of it as TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ashlar/test.h>

/* In the order in which the program defines them. */
static ash_test_case *first_case;

void ash_test_add_(ash_test_case *one)
{
	ash_test_case **end = &first_case;
	while (*end)
		end = &(*end)->next;
	*end = one;
}

static bool is_named(const ash_test_case *one, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], one->name) == 0)
			return true;
	return argc < 2;
}

static const ash_test_case *find_case(const char *name)
{
	for (const ash_test_case *one = first_case; one; one = one->next)
		if (strcmp(one->name, name) == 0)
			return one;
	return NULL;
}

static int run_here(const ash_test_case *one, const ash_app *app)
{
	ash_test *test = ash_test_open(app);
	one->run(test);
	ash_test_close(test);
	return EXIT_SUCCESS;
}

static bool run_apart(const ash_test_case *one, const ash_app *app)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		exit(run_here(one, app));
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		perror(one->name);
		return false;
	}
	if (WIFSIGNALED(status))
		fprintf(stderr,
			"%s was ended by signal %d (%s); `%s` runs it in a debugger's reach\n",
			one->name, WTERMSIG(status), strsignal(WTERMSIG(status)), one->name);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

int ash_test_main_(int argc, char **argv, const ash_app *app)
{
	unsigned count = 0, failed = 0;
	for (int i = 1; i < argc; i++) {
		if (find_case(argv[i]))
			continue;
		fprintf(stderr, "%s: there is no test '%s'\n", argv[0], argv[i]);
		return 2;
	}
	if (argc == 2)
		return run_here(find_case(argv[1]), app);
	for (const ash_test_case *one = first_case; one; one = one->next) {
		if (!is_named(one, argc, argv))
			continue;
		bool held = run_apart(one, app);
		printf("%sok %u - %s\n", held ? "" : "not ", ++count, one->name);
		failed += !held;
	}
	printf("1..%u\n", count);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
