/* SPDX-License-Identifier: Apache-2.0 */
/* Who has an address or a file, as /proc tells it. What cannot be read is as if it
 * were not there. */
#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* State of a socket in /proc/net/tcp. */
#define LISTENS 0x0A

/* Flag of a socket in /proc/net/unix that listens. */
#define ACCEPTS 0x10000

static void closep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static void close_listp(DIR **list)
{
	if (*list)
		closedir(*list);
}

/* The words of a line, whose blanks become NULs; returns how many there are, at most `most`. */
static size_t split(char *line, char **words, size_t most)
{
	size_t count = 0;
	char *rest = NULL;
	for (char *word = strtok_r(line, " \t\n", &rest); word && count < most;
	     word = strtok_r(NULL, " \t\n", &rest))
		words[count++] = word;
	return count;
}

/* ---- a process ---- */

/* When it was started, seconds since 1970; 0: not known. */
static time_t started_at(long pid)
{
	char path[64], line[1024];
	struct timespec now, up;
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	_cleanup_(closep) FILE *file = fopen(path, "re");
	if (!file || !fgets(line, sizeof line, file))
		return 0;
	/* The name, in parentheses, may hold anything; the next word is the third. */
	char *end = strrchr(line, ')'), *words[20];
	if (!end || split(end + 1, words, 20) < 20)
		return 0;
	uint64_t ticks = strtoull(words[19], NULL, 10);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return now.tv_sec - up.tv_sec + (time_t)(ticks / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void describe(long pid, char *out, size_t size)
{
	char path[64], name[32] = "", since[48] = "";
	struct tm utc;
	time_t at = started_at(pid);
	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	_cleanup_(closep) FILE *file = fopen(path, "re");
	if (file && fgets(name, sizeof name, file))
		name[strcspn(name, "\n")] = '\0';
	if (at && gmtime_r(&at, &utc))
		strftime(since, sizeof since, ", there since %Y-%m-%dT%H:%M:%SZ", &utc);
	snprintf(out, size, "process %ld (%s)%s", pid, name, since);
}

/* ---- its descriptors ---- */

static bool has_open(long pid, const char *target)
{
	char path[64], link[PATH_MAX];
	const struct dirent *entry;
	snprintf(path, sizeof path, "/proc/%ld/fd", pid);
	_cleanup_(close_listp) DIR *list = opendir(path);
	while (list && (entry = readdir(list))) {
		ssize_t length = readlinkat(dirfd(list), entry->d_name, link, sizeof link - 1);
		if (length <= 0)
			continue;
		link[length] = '\0';
		if (strcmp(link, target) == 0)
			return true;
	}
	return false;
}

static bool find_process(const char *target, char *out, size_t size)
{
	const struct dirent *entry;
	_cleanup_(close_listp) DIR *list = opendir("/proc");
	while (list && (entry = readdir(list))) {
		long pid = strtol(entry->d_name, NULL, 10);
		if (pid <= 0 || pid == getpid() || !has_open(pid, target))
			continue;
		describe(pid, out, size);
		return true;
	}
	return false;
}

/* ---- what is asked for ---- */

/* The socket that listens on the port, in one of the system's tables; 0: none. */
static uint64_t find_listener(const char *table, uint16_t port)
{
	enum { LOCAL = 1, STATE = 3, INODE = 9, WORDS };
	char line[512], *words[WORDS];
	_cleanup_(closep) FILE *file = fopen(table, "re");
	while (file && fgets(line, sizeof line, file)) {
		if (split(line, words, WORDS) < WORDS)
			continue;
		const char *colon = strchr(words[LOCAL], ':');
		if (colon && strtoul(colon + 1, NULL, 16) == port &&
		    strtoul(words[STATE], NULL, 16) == LISTENS)
			return strtoull(words[INODE], NULL, 10);
	}
	return 0;
}

bool process_at_port(uint16_t port, char *out, size_t size)
{
	char target[64];
	uint64_t inode = find_listener("/proc/net/tcp", port);
	if (!inode)
		inode = find_listener("/proc/net/tcp6", port);
	if (!inode)
		return false;
	snprintf(target, sizeof target, "socket:[%" PRIu64 "]", inode);
	return find_process(target, out, size);
}

/* The socket that listens at the path; 0: none. */
static uint64_t find_local_listener(const char *path)
{
	enum { FLAGS = 3, INODE = 6, PATH, WORDS };
	char line[512], *words[WORDS];
	_cleanup_(closep) FILE *file = fopen("/proc/net/unix", "re");
	while (file && fgets(line, sizeof line, file)) {
		if (split(line, words, WORDS) == WORDS && strcmp(words[PATH], path) == 0 &&
		    strtoul(words[FLAGS], NULL, 16) & ACCEPTS)
			return strtoull(words[INODE], NULL, 10);
	}
	return 0;
}

bool process_at_socket(const char *path, char *out, size_t size)
{
	char target[64];
	uint64_t inode = find_local_listener(path);
	snprintf(target, sizeof target, "socket:[%" PRIu64 "]", inode);
	return inode && find_process(target, out, size);
}

bool process_with_file(const char *path, char *out, size_t size)
{
	char target[PATH_MAX];
	return realpath(path, target) && find_process(target, out, size);
}

/* Who has locked the byte of a file for itself, by a line of /proc/locks; 0: not by this one. */
static long read_lock(char *line, uint64_t inode, long byte)
{
	enum { KIND = 1, MODE = 3, PID, FILE_ID, FROM, TO, WORDS };
	char *words[WORDS];
	if (split(line, words, WORDS) < WORDS || strcmp(words[KIND], "POSIX") != 0 ||
	    strcmp(words[MODE], "WRITE") != 0)
		return 0;
	const char *colon = strrchr(words[FILE_ID], ':');
	bool all = strcmp(words[TO], "EOF") == 0;
	if (!colon || strtoull(colon + 1, NULL, 10) != inode ||
	    strtol(words[FROM], NULL, 10) > byte || (!all && strtol(words[TO], NULL, 10) < byte))
		return 0;
	return strtol(words[PID], NULL, 10);
}

bool process_with_lock(const char *path, long byte, char *out, size_t size)
{
	char line[256];
	struct stat status;
	_cleanup_(closep) FILE *file = fopen("/proc/locks", "re");
	if (!file || stat(path, &status) < 0)
		return false;
	while (fgets(line, sizeof line, file)) {
		long pid = read_lock(line, status.st_ino, byte);
		if (pid <= 0 || pid == getpid())
			continue;
		describe(pid, out, size);
		return true;
	}
	return false;
}

void process_here(char *out, size_t size)
{
	char host[64] = "";
	gethostname(host, sizeof host - 1);
	snprintf(out, size, "%s, process %d on %s", program_invocation_short_name, (int)getpid(),
		 host);
}
