/* SPDX-License-Identifier: Apache-2.0 */
/* protoc-gen-ashlar: protoc runs it, writes a request to its input and reads the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "generate/plugin.h"

/* Larger requests are refused. */
#define REQUEST_LIMIT ((size_t)64 << 20)

static int read_all(struct text *out)
{
	char buffer[65536];
	size_t count;
	while ((count = fread(buffer, 1, sizeof buffer, stdin)) > 0 && out->length < REQUEST_LIMIT)
		text_add(out, (struct str){buffer, count});
	return ferror(stdin) || !feof(stdin) || out->failed ? -1 : 0;
}

static int tell_use(void)
{
	fputs("protoc-gen-ashlar is run by protoc:\n"
	      "  protoc --ashlar_out=OUT --ashlar_opt=contract=PATH/module.yaml --c_out=OUT "
	      "FILE.proto\n",
	      stderr);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	_cleanup_(text_release) struct text request = {0}, response = {0};
	struct error error;
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("protoc-gen-ashlar " ASHLAR_VERSION) < 0;
	if (argc > 1 || isatty(STDIN_FILENO))
		return tell_use();
	if (read_all(&request) < 0) {
		fputs("protoc-gen-ashlar: protoc's request cannot be read\n", stderr);
		return EXIT_FAILURE;
	}
	if (plugin_answer(text_str(&request), &response, &error) < 0) {
		fprintf(stderr, "protoc-gen-ashlar: %s\n", error.message);
		return EXIT_FAILURE;
	}
	if (fwrite(response.at, 1, response.length, stdout) != response.length ||
	    fflush(stdout) != 0) {
		fputs("protoc-gen-ashlar: the answer cannot be written\n", stderr);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
