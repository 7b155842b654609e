/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in and out. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

void file_closep(int *fd)
{
	int cause = errno;
	if (*fd >= 0)
		close(*fd);
	errno = cause;
}

int file_open_at(int folder_fd, const char *path, int flags)
{
	int fd;
	do
		fd = openat(folder_fd, path, flags);
	while (fd < 0 && errno == EINTR);
	return fd;
}

ssize_t file_read_some(int fd, void *out, size_t size, off_t from)
{
	ssize_t got;
	do
		got = pread(fd, out, size, from);
	while (got < 0 && errno == EINTR);
	return got;
}

static int read_error(const char *path, struct error *error)
{
	enum error_code code = errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
	return error_at(error, code, path, 0, 0, "cannot be read: %s", strerror(errno));
}

/* Reads to the end, counting from `start`; -1 with errno, or the number of bytes. One byte
 * over `limit` is read, to tell. */
static ssize_t read_to_end(int fd, size_t size_hint, size_t limit, struct text *out)
{
	size_t total = 0;
	for (size_t want = size_hint + 1; total <= limit; want = 65536) {
		if (!mem_reserve(&out->at, &out->capacity, out->length + total + want + 1, 1)) {
			errno = ENOMEM;
			return -1;
		}
		ssize_t got = file_read_some(fd, out->at + out->length + total, want, (off_t)total);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		total += (size_t)got;
	}
	return (ssize_t)total;
}

static int read_file(int fd, const char *path, size_t limit, struct text *out, struct error *error)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return read_error(path, error);
	if (!S_ISREG(status.st_mode))
		return error_at(error, ERROR_IO, path, 0, 0, "is not a regular file");
	if ((uintmax_t)status.st_size > limit)
		return error_at(error, ERROR_LIMIT, path, 0, 0, "is larger than %zu bytes", limit);
	ssize_t total = read_to_end(fd, (size_t)status.st_size, limit, out);
	if (total >= 0 && (size_t)total <= limit)
		out->length += (size_t)total;
	if (out->at)
		out->at[out->length] = '\0';
	if (total < 0)
		return errno == ENOMEM ? error_memory(error) : read_error(path, error);
	if ((size_t)total > limit)
		return error_at(error, ERROR_LIMIT, path, 0, 0, "is larger than %zu bytes", limit);
	return 0;
}

int file_read_at(int folder_fd, const char *path, int flags, size_t limit, struct text *out,
		 struct error *error)
{
	_cleanup_(file_closep) int fd =
		file_open_at(folder_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	if (fd < 0 && errno == ELOOP && (flags & O_NOFOLLOW))
		errno = ENOENT;
	return fd < 0 ? read_error(path, error) : read_file(fd, path, limit, out, error);
}

int file_read(const char *path, size_t limit, struct text *out, struct error *error)
{
	return file_read_at(AT_FDCWD, path, 0, limit, out, error);
}

static int write_all(int fd, struct str content)
{
	while (content.length > 0) {
		ssize_t done = write(fd, content.at, content.length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		content = str_from(content, (size_t)done);
	}
	return 0;
}

/* Creates a file beside `path`, whose name is then in `name`. Its mode is what a new file
 * has, or that of the file at `path`. -1 with errno. */
static int create_beside(const char *path, struct text *name)
{
	enum { ATTEMPTS = 100 };
	int fd = -1;
	for (int i = 0; i < ATTEMPTS && fd < 0; i++) {
		uint32_t number = 0;
		if (getrandom(&number, sizeof number, 0) < 0)
			return -1;
		text_clear(name);
		text_addf(name, "%s.%08x", path, number);
		if (name->failed) {
			errno = ENOMEM;
			return -1;
		}
		fd = open(name->at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && errno != EEXIST && errno != EINTR)
			return -1;
	}
	struct stat status;
	if (fd >= 0 && stat(path, &status) == 0 && fchmod(fd, status.st_mode & 07777) < 0) {
		int cause = errno;
		close(fd);
		unlink(name->at);
		errno = cause;
		return -1;
	}
	return fd;
}

/* 0, or -1 with errno. */
static int replace(const char *path, struct str content)
{
	_cleanup_(text_release) struct text name = {0};
	_cleanup_(file_closep) int fd = create_beside(path, &name);
	if (fd < 0)
		return -1;
	if (write_all(fd, content) == 0 && fsync(fd) == 0 && rename(name.at, path) == 0)
		return 0;
	int cause = errno;
	unlink(name.at);
	errno = cause;
	return -1;
}

/* Whether there is something that is written into, such as a pipe or a device. */
static bool is_sink(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/* 0, or -1 with errno. */
static int pour(const char *path, struct str content)
{
	_cleanup_(file_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -1 : write_all(fd, content);
}

int file_write(const char *path, struct str content, struct error *error)
{
	char real[PATH_MAX];
	const char *target = realpath(path, real) ? real : path;
	if ((is_sink(path) ? pour(path, content) : replace(target, content)) == 0)
		return 0;
	if (errno == ENOMEM)
		return error_memory(error);
	return error_at(error, ERROR_IO, path, 0, 0, "cannot be written: %s", strerror(errno));
}
