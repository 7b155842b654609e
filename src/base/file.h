/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"
#include "base/text.h"

/* Reads a whole regular file of at most `limit` bytes into `out`, after what it holds.
 * Errors: ERROR_NOT_FOUND, ERROR_IO (also a folder, a device), ERROR_LIMIT, ERROR_MEMORY;
 * `out` is then as it was. The error names `path`. */
int file_read(const char *path, size_t limit, struct text *out, struct error *error) must_check;

/* Like file_read() of `path` seen from the open folder (or AT_FDCWD). `flags` are more of
 * open()'s: with O_NOFOLLOW a symbolic link is ERROR_NOT_FOUND. */
int file_read_at(int folder_fd, const char *path, int flags, size_t limit, struct text *out,
		 struct error *error) must_check;

/* openat(), and again while a signal interrupts it. The descriptor, or -1 with errno. */
int file_open_at(int folder_fd, const char *path, int flags);

/* pread(), and again while a signal interrupts it. */
ssize_t file_read_some(int fd, void *out, size_t size, off_t from);

/* Replaces the file by `content`: written to a new file beside it, synced, renamed; so a
 * reader, or a crash, sees the old or the new one, whole. Keeps the mode of a file that was
 * there; goes through a symbolic link. A pipe or a device is written into. Errors: ERROR_IO,
 * ERROR_MEMORY. */
int file_write(const char *path, struct str content, struct error *error) must_check;

/* Closes *fd unless it is negative, and keeps errno; for _cleanup_. */
void file_closep(int *fd);

#endif
