/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_MOST = 4096, CONTENT_MOST = 1 << 20 };

static bool was_open[FD_MOST];

static void must(bool done, const char *what)
{
	if (!done) {
		perror(what);
		abort();
	}
}

static int next_fd(int from, bool open)
{
	for (int fd = from; fd < FD_MOST; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) == open)
			return fd;
	return -1;
}

void sandbox_init(struct sandbox *sandbox)
{
	snprintf(sandbox->root, sizeof sandbox->root, "/tmp/ashlar-test-XXXXXX");
	must(mkdtemp(sandbox->root) != NULL, "mkdtemp");
	for (int fd = next_fd(0, true); fd >= 0; fd = next_fd(fd + 1, true))
		was_open[fd] = true;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

static int open_up(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)place;
	return type == FTW_D || type == FTW_DNR ? chmod(path, 0700) : 0;
}

void sandbox_release(struct sandbox *sandbox)
{
	nftw(sandbox->root, open_up, 16, FTW_PHYS);
	must(nftw(sandbox->root, remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0, sandbox->root);
}

int sandbox_set_up(void **state)
{
	static struct sandbox sandbox;
	sandbox_init(&sandbox);
	*state = &sandbox;
	return 0;
}

int sandbox_tear_down(void **state)
{
	sandbox_release(*state);
	return 0;
}

const char *sandbox_path(const struct sandbox *sandbox, const char *path)
{
	static char buffers[8][8192];
	static unsigned next;
	char *buffer = buffers[next++ % 8];
	snprintf(buffer, sizeof buffers[0], "%s%s%s", sandbox->root, *path ? "/" : "", path);
	return buffer;
}

void sandbox_folder(const struct sandbox *sandbox, const char *path)
{
	char part[8192];
	for (const char *end = path; *end;) {
		end += 1 + strcspn(end + 1, "/");
		snprintf(part, sizeof part, "%s/%.*s", sandbox->root, (int)(end - path), path);
		must(mkdir(part, 0777) == 0 || access(part, F_OK) == 0, part);
	}
}

void sandbox_bytes(const struct sandbox *sandbox, const char *path, struct str content)
{
	const char *slash = strrchr(path, '/');
	if (slash) {
		char folder[8192];
		snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
		sandbox_folder(sandbox, folder);
	}
	FILE *file = fopen(sandbox_path(sandbox, path), "wb");
	must(file != NULL, path);
	must(fwrite(content.at, 1, content.length, file) == content.length, path);
	must(fclose(file) == 0, path);
}

void sandbox_file(const struct sandbox *sandbox, const char *path, const char *content)
{
	sandbox_bytes(sandbox, path, str_of(content));
}

const char *sandbox_read(const struct sandbox *sandbox, const char *path)
{
	static char content[CONTENT_MOST];
	FILE *file = fopen(sandbox_path(sandbox, path), "rb");
	must(file != NULL, path);
	content[fread(content, 1, sizeof content - 1, file)] = '\0';
	fclose(file);
	return content;
}

/* Nothing of it goes on when it has returned, and writes into what is removed by then. */
void sandbox_git(const struct sandbox *sandbox, const char *arguments)
{
	char command[16384];
	snprintf(command, sizeof command,
		 "cd '%s' && HOME=/nowhere GIT_CONFIG_NOSYSTEM=1 git -c user.name=a "
		 "-c user.email=a@b -c maintenance.auto=false %s >/dev/null 2>&1",
		 sandbox->root, arguments);
	must(system(command) == 0, command);
}

int sandbox_leaked_fd(void)
{
	int fd = next_fd(0, true);
	while (fd >= 0 && was_open[fd])
		fd = next_fd(fd + 1, true);
	return fd;
}
