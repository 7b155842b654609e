/* SPDX-License-Identifier: Apache-2.0 */
/* A library to be preloaded into a program: its disk is full, or fails, or the program dies at one
 * of its writes, for as long as a test says so. The test and the processes share a file:
 *
 *     ASHLAR_DISK        that file: three ints, the mode, a share and a count
 *     ASHLAR_DISK_MATCH  only files whose path has this
 *
 * mode 0: all is well; 1: `share` of 256 writes fail with ENOSPC, or write the first half;
 * 2: with EIO, reads and syncs too; 3: the process that makes the `count`th write or sync dies
 * before it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

#define shown __attribute__((visibility("default")))

enum mode { MODE_WELL, MODE_FULL, MODE_FAILS, MODE_DIES };

struct disk {
	atomic_int mode, share, count;
};

static struct disk *disk;
static char match[256]; /* PostgreSQL writes over its environment */

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("ASHLAR_DISK");
	int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	const char *wanted = getenv("ASHLAR_DISK_MATCH");
	if (file < 0 || !wanted || strlen(wanted) >= sizeof match)
		return;
	memcpy(match, wanted, strlen(wanted) + 1);
	void *memory = mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (memory != MAP_FAILED)
		disk = memory;
}

static bool is_meant(int file)
{
	char link[40], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return strstr(path, match) != NULL;
}

static bool by_chance(int share)
{
	unsigned char byte = 0;
	(void)!getrandom(&byte, 1, 0);
	return byte < share;
}

/* Whether a call fails now, with errno set. */
static bool fails(int file, bool writes, bool syncs)
{
	int mode = disk ? atomic_load(&disk->mode) : MODE_WELL;
	int before = errno;
	if (mode == MODE_WELL || !is_meant(file))
		return false;
	errno = before;
	if (mode == MODE_DIES) {
		if ((writes || syncs) && atomic_fetch_sub(&disk->count, 1) == 1)
			kill(getpid(), SIGKILL);
		return false;
	}
	if ((mode == MODE_FULL && !writes) || !by_chance(atomic_load(&disk->share)))
		return false;
	errno = mode == MODE_FULL ? ENOSPC : EIO;
	return true;
}

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (!found)
		abort();
	return found;
}

/* By an assembler name, so that the headers' prototypes do not matter. */
#define CALL(type, name, writes, syncs, parameters, ...)                                           \
	shown type fail_##name parameters __asm__(#name);                                          \
	shown type fail_##name parameters                                                          \
	{                                                                                          \
		static type(*real) parameters;                                                     \
		if (!real)                                                                         \
			*(void **)&real = next(#name);                                             \
		return fails(file, writes, syncs) ? -1 : real(__VA_ARGS__);                        \
	}

/* A disk that becomes full takes the first half. */
#define WRITE(name, position)                                                                      \
	shown ssize_t fail_##name(int file, const void *from, size_t size,                         \
				  position at) __asm__(#name);                                     \
	shown ssize_t fail_##name(int file, const void *from, size_t size, position at)            \
	{                                                                                          \
		static ssize_t (*real)(int, const void *, size_t, position);                       \
		if (!real)                                                                         \
			*(void **)&real = next(#name);                                             \
		if (!fails(file, true, false))                                                     \
			return real(file, from, size, at);                                         \
		return errno == ENOSPC && size > 1 && by_chance(64)                                \
			       ? real(file, from, size / 2, at)                                    \
			       : -1;                                                               \
	}

WRITE(pwrite, off_t)
WRITE(pwrite64, off_t)
CALL(ssize_t, write, true, false, (int file, const void *from, size_t size), file, from, size)
CALL(ssize_t, pread, false, false, (int file, void *out, size_t size, off_t at), file, out, size,
     at)
CALL(ssize_t, pread64, false, false, (int file, void *out, size_t size, off_t at), file, out, size,
     at)
CALL(int, fsync, false, true, (int file), file)
CALL(int, fdatasync, false, true, (int file), file)
CALL(int, ftruncate, true, false, (int file, off_t size), file, size)
CALL(int, ftruncate64, true, false, (int file, off_t size), file, size)
CALL(int, posix_fallocate64, true, false, (int file, off_t at, off_t size), file, at, size)
