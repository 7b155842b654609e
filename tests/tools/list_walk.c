/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the files that the walk finds, one a line, for tests that compare it with git:
 * list_walk FOLDER [WORKERS]. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crew.h"
#include "base/walk.h"

static void print_path(const struct walk_folder *folder)
{
	if (!folder->parent)
		return;
	print_path(folder->parent);
	printf("%s/", folder->name);
}

static void print_folder(const struct walk_folder *folder)
{
	for (uint32_t i = 0; i < folder->file_count; i++) {
		print_path(folder);
		puts(folder->files[i].name);
	}
	for (uint32_t i = 0; i < folder->folder_count; i++)
		print_folder(folder->folders[i]);
}

int main(int count, char **arguments)
{
	if (count < 2)
		return 2;
	struct walk_options options = {.root = arguments[1], .workers = crew_size()};
	if (count > 2)
		options.workers = (unsigned)strtoul(arguments[2], NULL, 10);
	struct walk walk;
	struct error error;
	if (walk_run(&options, &walk, &error) < 0) {
		fprintf(stderr, "%s: %s\n", error.file, error.message);
		return 1;
	}
	for (size_t i = 0; i < walk.problems.count; i++)
		fprintf(stderr, "%s: %s\n", walk.problems.items[i].file,
			walk.problems.items[i].message);
	print_folder(walk.root);
	walk_release(&walk);
	return 0;
}
