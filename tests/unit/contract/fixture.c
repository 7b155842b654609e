/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/mem.h"
#include "base/path.h"

static void must(int result, const char *what)
{
	if (result != 0) {
		perror(what);
		abort();
	}
}

static void make_root(struct fixture *fixture)
{
	if (fixture->root[0])
		return;
	snprintf(fixture->root, sizeof fixture->root, "/tmp/ashlar-contract-XXXXXX");
	must(mkdtemp(fixture->root) == NULL, "mkdtemp");
}

static void make_folders(char *path, size_t from)
{
	for (char *at = strchr(path + from, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0777);
		*at = '/';
	}
}

static int by_bytes(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

void fixture_add(struct fixture *fixture, const char *path, struct str content)
{
	char full[5000];
	struct error error;
	make_root(fixture);
	snprintf(full, sizeof full, "%s/%s", fixture->root, path);
	make_folders(full, strlen(fixture->root) + 1);
	must(file_write(full, content, &error), path);
	must(fixture->file_count == sizeof fixture->files / sizeof *fixture->files, "files");
	fixture->files[fixture->file_count++] = str_of(strdup(path));
	qsort(fixture->files, fixture->file_count, sizeof *fixture->files, by_bytes);
}

void fixture_write(struct fixture *fixture, const char *tree)
{
	while (str_starts(str_of(tree), STR("== "))) {
		const char *end_of_line = strchr(tree, '\n');
		const char *next = strstr(end_of_line, "\n== ");
		size_t length = next ? (size_t)(next - end_of_line) : strlen(end_of_line + 1);
		char *path = strndup(tree + 3, (size_t)(end_of_line - tree - 3));
		fixture_add(fixture, path, (struct str){end_of_line + 1, length});
		free(path);
		tree = end_of_line + 1 + length;
	}
}

static bool exists(const void *context, struct str pattern)
{
	const struct fixture *fixture = context;
	for (size_t i = 0; i < fixture->file_count; i++) {
		struct str path = fixture->files[i];
		for (;; path = path_folder(path)) {
			if (glob_match(pattern, path))
				return true;
			if (path.length == 0)
				break;
		}
	}
	return false;
}

void fixture_load(struct fixture *fixture)
{
	static struct str modules[4096];
	size_t count = 0;
	make_root(fixture);
	for (size_t i = 0; i < fixture->file_count; i++)
		if (str_equal(path_name(fixture->files[i]), STR(CONTRACT_MODULE_NAME)))
			modules[count++] = fixture->files[i];
	struct contract_places places = {.module_files = modules,
					 .module_file_count = count,
					 .exists = exists,
					 .context = fixture};
	contracts_release(&fixture->contracts);
	error_list_clear(&fixture->errors);
	fixture->result = contracts_load_root(fixture->root, &fixture->contracts, &fixture->errors,
					      &fixture->error);
	if (fixture->result == 0)
		fixture->result =
			contracts_load_modules(fixture->root, &places, &fixture->contracts,
					       &fixture->errors, &fixture->error);
}

void fixture_errors(const struct fixture *fixture, struct text *out)
{
	char line[2000];
	for (size_t i = 0; i < fixture->errors.count; i++) {
		error_format(&fixture->errors.items[i], line, sizeof line);
		text_addf(out, "%s\n", line);
	}
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void fixture_release(struct fixture *fixture)
{
	contracts_release(&fixture->contracts);
	error_list_clear(&fixture->errors);
	for (size_t i = 0; i < fixture->file_count; i++)
		free((char *)fixture->files[i].at);
	if (fixture->root[0])
		nftw(fixture->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*fixture = (struct fixture){0};
}
