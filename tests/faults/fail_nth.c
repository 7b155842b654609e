/* SPDX-License-Identifier: Apache-2.0 */
/* A library to be preloaded into the program as it is shipped: makes one allocation, or one
 * call of the system, of the whole process fail, in our code as in the libraries below it.
 *
 *     ASHLAR_FAIL   alloc:N   the Nth allocation fails, once
 *                   alloc-from:N  and all after it
 *                   io:N:ERRNO    the Nth call of the system fails, once
 *     ASHLAR_FAIL_IN only allocations by code in files whose name has this
 *     ASHLAR_FAILED the file that is told which call it was; not made when there is none
 *
 * Works beside AddressSanitizer, whose allocator is then the one behind this one. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define shown __attribute__((visibility("default")))

static atomic_long allocations = -1; /* until one fails; negative: none does */
static atomic_long calls = -1;
static bool for_good;
static const char *meant;
static int failing_errno;

static void note_failure(const char *call, const char *path)
{
	char line[512];
	const char *file = getenv("ASHLAR_FAILED");
	int length =
		snprintf(line, sizeof line, "%s%s%s\n", call, path ? " " : "", path ? path : "");
	long fd = file ? syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND, 0666)
		       : -1;
	if (fd < 0)
		return;
	(void)!syscall(SYS_write, fd, line,
		       length < (int)sizeof line ? length : (int)sizeof line - 1);
	syscall(SYS_close, fd);
}

/* libfyaml 0.7.12 crashes in here without memory; base/yaml.c makes room for it first. */
static _Thread_local bool shielded;

static bool is_nth(atomic_long *countdown)
{
	return atomic_load(countdown) > 0 && atomic_fetch_sub(countdown, 1) == 1;
}

/* Whether the caller is in a file whose name has what ASHLAR_FAIL_IN asks for. */
static bool is_meant(const void *caller)
{
	Dl_info place;
	return !meant ||
	       (dladdr(caller, &place) && place.dli_fname && strstr(place.dli_fname, meant));
}

static bool allocation_fails(const char *call, const void *caller)
{
	/* Before start() even a variable of a thread is out of reach beside AddressSanitizer. */
	if (atomic_load(&allocations) < 0 || shielded || !is_meant(caller))
		return false;
	bool first = is_nth(&allocations);
	if (!first && !(for_good && atomic_load(&allocations) == 0))
		return false;
	if (first)
		note_failure(call, NULL);
	errno = ENOMEM;
	return true;
}

static bool call_fails(const char *call, const char *path)
{
	if (!is_nth(&calls))
		return false;
	note_failure(call, path);
	errno = failing_errno;
	return true;
}

/* Counting starts when the libraries are loaded: what the loader does is not ours. */
__attribute__((constructor)) static void start(void)
{
	const char *wanted = getenv("ASHLAR_FAIL");
	const char *colon = wanted ? strchr(wanted, ':') : NULL;
	if (!colon)
		return;
	char *rest = NULL;
	meant = getenv("ASHLAR_FAIL_IN");
	long nth = strtol(colon + 1, &rest, 10);
	for_good = strncmp(wanted, "alloc-from", 10) == 0;
	if (strncmp(wanted, "alloc", 5) == 0)
		atomic_store(&allocations, nth);
	failing_errno = *rest == ':' ? (int)strtol(rest + 1, NULL, 10) : EIO;
	if (strncmp(wanted, "io", 2) == 0)
		atomic_store(&calls, nth);
}

/* ---- the heap ---- */

/* AddressSanitizer's are there only beside it. */
#define ALLOCATOR(type, name, parameters, ...)                                                     \
	extern type __libc_##name parameters;                                                      \
	extern type __interceptor_##name parameters __attribute__((weak));                         \
	shown type name parameters;                                                                \
	shown type name parameters                                                                 \
	{                                                                                          \
		if (allocation_fails(#name, __builtin_return_address(0)))                          \
			return NULL;                                                               \
		return __interceptor_##name ? __interceptor_##name(__VA_ARGS__)                    \
					    : __libc_##name(__VA_ARGS__);                          \
	}

ALLOCATOR(void *, malloc, (size_t size), size)
ALLOCATOR(void *, calloc, (size_t count, size_t size), count, size)
ALLOCATOR(void *, realloc, (void *memory, size_t size), memory, size)
ALLOCATOR(void *, memalign, (size_t alignment, size_t size), alignment, size)

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (!found)
		abort();
	return found;
}

shown int fail_set_string(void *parser, const char *source,
			  size_t length) __asm__("fy_parser_set_string");
shown int fail_set_string(void *parser, const char *source, size_t length)
{
	int (*real)(void *, const char *, size_t);
	*(void **)&real = next("fy_parser_set_string");
	shielded = true;
	int result = real(parser, source, length);
	shielded = false;
	return result;
}

/* ---- the system ---- */

/* By an assembler name, so that the headers' prototypes do not matter. */
#define CALL(type, failure, name, path, parameters, ...)                                           \
	shown type fail_##name parameters __asm__(#name);                                          \
	shown type fail_##name parameters                                                          \
	{                                                                                          \
		static type(*real) parameters;                                                     \
		if (!real)                                                                         \
			*(void **)&real = next(#name);                                             \
		return call_fails(#name, path) ? (failure) : real(__VA_ARGS__);                    \
	}

CALL(int, -1, open, path, (const char *path, int flags, mode_t mode), path, flags, mode)
CALL(int, -1, open64, path, (const char *path, int flags, mode_t mode), path, flags, mode)
CALL(int, -1, openat, path, (int fd, const char *path, int flags, mode_t mode), fd, path, flags,
     mode)
CALL(int, -1, openat64, path, (int fd, const char *path, int flags, mode_t mode), fd, path, flags,
     mode)
CALL(ssize_t, -1, read, NULL, (int fd, void *out, size_t size), fd, out, size)
CALL(ssize_t, -1, pread, NULL, (int fd, void *out, size_t size, off_t at), fd, out, size, at)
CALL(ssize_t, -1, write, NULL, (int fd, const void *from, size_t size), fd, from, size)
CALL(ssize_t, -1, getdents64, NULL, (int fd, void *out, size_t size), fd, out, size)
CALL(int, -1, fstat, NULL, (int fd, struct stat *out), fd, out)
CALL(int, -1, fstat64, NULL, (int fd, struct stat64 *out), fd, out)
CALL(int, -1, stat, path, (const char *path, struct stat *out), path, out)
CALL(int, -1, stat64, path, (const char *path, struct stat64 *out), path, out)
CALL(int, -1, lstat, path, (const char *path, struct stat *out), path, out)
CALL(int, -1, fstatat64, path, (int fd, const char *path, struct stat64 *out, int flags), fd, path,
     out, flags)
CALL(int, -1, access, path, (const char *path, int mode), path, mode)
CALL(int, -1, faccessat, path, (int fd, const char *path, int mode, int flags), fd, path, mode,
     flags)
CALL(ssize_t, -1, readlink, path, (const char *path, char *out, size_t size), path, out, size)
CALL(char *, NULL, realpath, path, (const char *path, char *out), path, out)
CALL(char *, NULL, getcwd, NULL, (char *out, size_t size), out, size)
CALL(int, -1, chdir, path, (const char *path), path)
CALL(int, -1, rename, to, (const char *from, const char *to), from, to)
CALL(int, -1, fsync, NULL, (int fd), fd)
CALL(int, -1, fchmod, NULL, (int fd, mode_t mode), fd, mode)
CALL(ssize_t, -1, getrandom, NULL, (void *out, size_t size, unsigned flags), out, size, flags)
CALL(int, failing_errno, pthread_create, NULL,
     (pthread_t * out, const pthread_attr_t *attributes, void *(*run)(void *), void *argument), out,
     attributes, run, argument)
