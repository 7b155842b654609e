/* SPDX-License-Identifier: Apache-2.0 */
/* Says of each path on standard input, one a line, a folder with '/' behind it, whether an
 * ignore file ignores it or a folder above it: match_ignore IGNORE_FILE. Prints "ignored" or
 * "kept" for each. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/ignore.h"
#include "base/mem.h"

static bool is_ignored(const struct ignore_file *file, struct str path)
{
	for (size_t i = 0; i < path.length; i++)
		if (path.at[i] == '/' && ignore_match(file, str_first(path, i), true) == IGNORE_YES)
			return true;
	return !str_ends(path, STR("/")) && ignore_match(file, path, false) == IGNORE_YES;
}

int main(int count, char **arguments)
{
	_cleanup_(text_release) struct text content = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	struct error error;
	if (count != 2 || file_read(arguments[1], IGNORE_FILE_LIMIT, &content, &error) < 0)
		return 2;
	struct ignore_file file = ignore_parse(text_str(&content), &arena);
	char *line = NULL;
	size_t size = 0;
	for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
		struct str path = {line, (size_t)length - (line[length - 1] == '\n')};
		puts(is_ignored(&file, path) ? "ignored" : "kept");
	}
	free(line);
	return 0;
}
