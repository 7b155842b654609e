/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SANDBOX_H
#define TEST_SANDBOX_H

#include "base/str.h"

/* An empty folder for one test. Paths are relative to it; nothing changes the process's
 * working folder. Whatever goes wrong ends the program. */
struct sandbox {
	char root[64];
};

/* Makes the folder. */
void sandbox_init(struct sandbox *sandbox);

/* Removes the folder and all in it, whatever the modes. */
void sandbox_release(struct sandbox *sandbox);

/* Both as cmocka calls them around a test, whose state is the sandbox. */
int sandbox_set_up(void **state);
int sandbox_tear_down(void **state);

/* The absolute path, in a buffer that the next call but seven uses again. */
const char *sandbox_path(const struct sandbox *sandbox, const char *path);

/* Makes a folder, and those above it. */
void sandbox_folder(const struct sandbox *sandbox, const char *path);

/* Writes a file, and makes the folders above it. */
void sandbox_file(const struct sandbox *sandbox, const char *path, const char *content);
void sandbox_bytes(const struct sandbox *sandbox, const char *path, struct str content);

/* The file's content, in a buffer that the next call uses again. */
const char *sandbox_read(const struct sandbox *sandbox, const char *path);

/* Runs git there with arguments that a shell splits: "add -f a.c". */
void sandbox_git(const struct sandbox *sandbox, const char *arguments);

/* A descriptor of the process that is open now and was not at sandbox_init(); -1: none. */
int sandbox_leaked_fd(void);

#endif
