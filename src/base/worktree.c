/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a git work tree and reads what git keeps beside it. Runs no git, lists no folder.
 *
 * A linked work tree has a git folder of its own (with the index) and a common one (with
 * configuration and info/exclude), which the file "commondir" names. */
#include "base/worktree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gitconfig.h"
#include "base/mem.h"
#include "base/path.h"

/* Largest configuration file that is read, in bytes. */
enum { CONFIG_LIMIT = 4 << 20 };

struct search {
	struct worktree *out;
	struct str top;     /* of the work tree, absolute; "" is the root of the system */
	const char *git;    /* the git folder */
	const char *common; /* the git folder with the configuration */
	struct str excludes_file;
	bool excludes_set;
	bool sha256;
	bool own_config; /* extensions.worktreeConfig */
};

/* What is not there is no problem; want of memory ends the search. */
static void note_problem(struct worktree *worktree, const struct error *error)
{
	if (error->code == ERROR_MEMORY)
		worktree->arena.failed = true;
	else if (error->code != ERROR_NOT_FOUND)
		error_list_add(&worktree->problems, error);
}

/* Reads a file of one line; the line, or an empty str. */
static struct str read_line(struct worktree *worktree, const char *path)
{
	_cleanup_(text_release) struct text content = {0};
	struct error error = {0};
	if (file_read(path, PATH_LIMIT, &content, &error) < 0) {
		note_problem(worktree, &error);
		return (struct str){0};
	}
	return arena_str(&worktree->arena, str_trim(text_str(&content)));
}

static bool is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* `path` seen from `folder`. NULL without memory. */
static const char *join(struct arena *arena, const char *folder, struct str path)
{
	if (str_starts(path, STR("/")))
		return arena_str(arena, path).at;
	return arena_format(arena, "%s/%.*s", folder, STR_ARG(path));
}

static bool is_there(int folder_fd, const char *name, int flags)
{
	return faccessat(folder_fd, name, F_OK, flags) == 0 || errno != ENOENT;
}

bool worktree_is_git(int folder_fd, const char *name)
{
	_cleanup_(file_closep) int fd =
		file_open_at(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char start[8];
	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
	if (fstat(fd, &status) < 0)
		return true;
	if (S_ISDIR(status.st_mode))
		return is_there(fd, "HEAD", AT_SYMLINK_NOFOLLOW) && is_there(fd, "objects", 0);
	if (!S_ISREG(status.st_mode))
		return false;
	ssize_t got = file_read_some(fd, start, sizeof start, 0);
	return got < 0 || (got == sizeof start && memcmp(start, "gitdir: ", sizeof start) == 0);
}

static bool is_top(const char *folder)
{
	char git[PATH_MAX + 8];
	snprintf(git, sizeof git, "%s/.git", folder);
	return worktree_is_git(AT_FDCWD, git);
}

/* Whether a part of the path is ".git": inside of it there is no work tree. */
static bool is_inside_git(struct str path)
{
	struct str part;
	while (str_split(&path, '/', &part))
		if (str_equal(part, STR(".git")))
			return true;
	return false;
}

/* Goes up from `folder`, absolute and real. */
static bool find_top(struct search *search, struct str folder)
{
	char path[PATH_MAX];
	size_t length = folder.length == 1 ? 0 : folder.length;
	for (;;) {
		memcpy(path, length ? folder.at : "/", length ? length : 1);
		path[length ? length : 1] = '\0';
		if (is_top(path))
			break;
		if (length == 0)
			return false;
		length = path_folder(str_first(folder, length)).length;
	}
	struct arena *arena = &search->out->arena;
	search->top = arena_str(arena, str_first(folder, length));
	search->out->prefix = arena_str(arena, str_from(folder, length + 1));
	return !is_inside_git(search->out->prefix);
}

static void find_git_folders(struct search *search)
{
	struct arena *arena = &search->out->arena;
	search->git = arena_format(arena, "%.*s/.git", STR_ARG(search->top));
	if (!search->git)
		return;
	struct str line = {0};
	if (!is_folder(search->git))
		line = read_line(search->out, search->git);
	if (str_starts(line, STR("gitdir: "))) {
		search->git = join(arena, search->top.at, str_trim(str_from(line, 8)));
		if (!search->git)
			return;
	}
	search->common = search->git;
	const char *file = arena_format(arena, "%s/commondir", search->git);
	line = file ? read_line(search->out, file) : (struct str){0};
	if (line.length > 0)
		search->common = join(arena, search->git, line);
}

/* Configuration. */

static bool is_true(struct str value)
{
	static const char *const NAMES[] = {"true", "yes", "on", "1"};
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (str_equal(value, str_of(NAMES[i])))
			return true;
	return false;
}

static void apply_config(struct search *search, struct str content)
{
	_cleanup_(text_release) struct text value = {0};
	if (gitconfig_find(content, STR("core.excludesfile"), &value)) {
		search->excludes_file = arena_str(&search->out->arena, text_str(&value));
		search->excludes_set = true;
	}
	if (gitconfig_find(content, STR("extensions.objectformat"), &value))
		search->sha256 = str_equal(text_str(&value), STR("sha256"));
	if (gitconfig_find(content, STR("extensions.worktreeconfig"), &value))
		search->own_config = is_true(text_str(&value));
	search->out->arena.failed |= value.failed;
}

/* Reads folder/name if it is there; later files win. */
static void read_config(struct search *search, const char *folder, const char *name)
{
	struct arena *arena = &search->out->arena;
	_cleanup_(text_release) struct text content = {0};
	const char *path = folder ? arena_format(arena, "%s/%s", folder, name) : NULL;
	struct error error = {0};
	if (!path)
		return;
	if (file_read(path, CONFIG_LIMIT, &content, &error) == 0)
		apply_config(search, text_str(&content));
	else
		note_problem(search->out, &error);
}

static const char *home(void)
{
	const char *folder = getenv("HOME");
	return folder && folder[0] ? folder : NULL;
}

/* The folder of git's own settings of this user, or NULL. */
static const char *user_folder(struct arena *arena)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	if (base && base[0])
		return arena_format(arena, "%s/git", base);
	return home() ? arena_format(arena, "%s/.config/git", home()) : NULL;
}

/* The user's own settings. Those that lie where this user may not look, as when the program runs
 * under another name and HOME stayed, count as none: so git does it. */
static bool is_hidden(const char *path)
{
	return access(path, R_OK) < 0 && errno == EACCES;
}

static void read_own_config(struct search *search, const char *folder, const char *name)
{
	const char *path = folder ? arena_format(&search->out->arena, "%s/%s", folder, name) : NULL;
	if (path && !is_hidden(path))
		read_config(search, folder, name);
}

static void read_configs(struct search *search)
{
	read_config(search, "/etc", "gitconfig");
	read_own_config(search, user_folder(&search->out->arena), "config");
	read_own_config(search, home(), ".gitconfig");
	read_config(search, search->common, "config");
	if (search->own_config)
		read_config(search, search->git, "config.worktree");
}

/* Ignore files. */

/* `flags` as for file_read_at(); a `path` of NULL is for want of memory. */
static void add_ignore_file(struct search *search, const char *path, int flags, size_t base)
{
	_cleanup_(text_release) struct text content = {0};
	struct worktree *out = search->out;
	struct error error = {0};
	if (!path)
		return;
	if (file_read_at(AT_FDCWD, path, flags, IGNORE_FILE_LIMIT, &content, &error) < 0) {
		note_problem(out, &error);
		return;
	}
	const struct ignore_chain *longer =
		ignore_chain_add(out->ignored, text_str(&content), base, &out->arena);
	if (longer)
		out->ignored = longer;
}

static void add_own_ignore_file(struct search *search, const char *path)
{
	if (path && !is_hidden(path))
		add_ignore_file(search, path, 0, 0);
}

static void add_outer_ignores(struct search *search)
{
	struct arena *arena = &search->out->arena;
	const char *user = user_folder(arena);
	if (str_starts(search->excludes_file, STR("~/")) && home())
		add_own_ignore_file(search,
				    join(arena, home(), str_from(search->excludes_file, 2)));
	else if (search->excludes_file.length > 0)
		add_own_ignore_file(search, join(arena, search->top.at, search->excludes_file));
	else if (!search->excludes_set && user)
		add_own_ignore_file(search, arena_format(arena, "%s/ignore", user));
	if (search->common)
		add_ignore_file(search, arena_format(arena, "%s/info/exclude", search->common), 0,
				0);
}

/* Reads .gitignore of each folder from the top to above the one asked for, and asks them of
 * the next. */
static void add_upper_ignores(struct search *search)
{
	struct worktree *out = search->out;
	struct str prefix = out->prefix;
	for (size_t at = 0; at < prefix.length && !out->folder_ignored;) {
		add_ignore_file(search,
				arena_format(&out->arena, "%s/%.*s.gitignore", search->top.at,
					     (int)at, prefix.at),
				O_NOFOLLOW, at);
		ptrdiff_t slash = str_find(str_from(prefix, at), '/');
		size_t end = slash < 0 ? prefix.length : at + (size_t)slash;
		out->folder_ignored =
			ignore_chain_match(out->ignored, str_first(prefix, end), true);
		at = end + 1;
	}
}

static void read_index(struct search *search)
{
	struct worktree *out = search->out;
	struct error error = {0};
	const char *path = arena_format(&out->arena, "%s/index", search->git);
	if (!path || gitindex_read(path, search->sha256 ? 32 : 20, &out->index, &error) == 0)
		return;
	note_problem(out, &error);
}

int worktree_find(const char *folder, struct worktree *out, struct error *error)
{
	char real[PATH_MAX];
	*out = (struct worktree){.prefix = STR("")};
	if (!realpath(folder, real))
		return error_at(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, folder, 0, 0,
				"cannot be read: %s", strerror(errno));
	struct search search = {.out = out};
	out->found = find_top(&search, str_of(real));
	if (out->found)
		find_git_folders(&search);
	if (out->found && !out->arena.failed) {
		read_configs(&search);
		add_outer_ignores(&search);
		add_upper_ignores(&search);
		read_index(&search);
	}
	if (!out->arena.failed)
		return 0;
	worktree_release(out);
	return error_memory(error);
}

void worktree_release(struct worktree *worktree)
{
	error_list_clear(&worktree->problems);
	gitindex_release(&worktree->index);
	arena_release(&worktree->arena);
	*worktree = (struct worktree){0};
}
