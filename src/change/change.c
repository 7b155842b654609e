/* SPDX-License-Identifier: Apache-2.0 */
/* A thin layer over libgit2: one diff from a tree, through the index, to the work tree. Knows
 * no module. */
#include "change/change.h"

#include <errno.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"

/* Bytes of a revision's name. */
enum { REVISION_LIMIT = 4096 };

static void repository_freep(git_repository **repository)
{
	git_repository_free(*repository);
}

static void object_freep(git_object **object)
{
	git_object_free(*object);
}

static void tree_freep(git_tree **tree)
{
	git_tree_free(*tree);
}

static void diff_freep(git_diff **diff)
{
	git_diff_free(*diff);
}

static const char *last_words(void)
{
	const git_error *error = git_error_last();
	return error ? error->message : "unknown";
}

/* Whether the library met a want of memory, also one that it went on after. */
static bool out_of_memory(void)
{
	const git_error *error = git_error_last();
	return error && error->klass == GIT_ERROR_NOMEMORY;
}

/* What is not there is the user's mistake; what the system refused is none. */
static enum error_code code_of(int result)
{
	const git_error *error = git_error_last();
	bool by_system = error && error->klass == GIT_ERROR_OS && result != GIT_ENOTFOUND;
	return by_system ? ERROR_IO : ERROR_NOT_FOUND;
}

/* "A..." is the merge base of A and HEAD. 0, or the library's error. */
static int find_commit(git_repository *repository, const char *revision, git_object **out)
{
	struct str word = str_of(revision);
	if (!str_ends(word, STR("...")))
		return git_revparse_single(out, repository, revision);
	_cleanup_(object_freep) git_object *one = NULL, *head = NULL;
	char first[REVISION_LIMIT];
	git_oid base;
	if (word.length > sizeof first)
		return GIT_EINVALIDSPEC;
	snprintf(first, sizeof first, "%.*s", (int)word.length - 3, word.at);
	int result = git_revparse_single(&one, repository, first);
	if (result == 0)
		result = git_revparse_single(&head, repository, "HEAD");
	if (result == 0)
		result = git_merge_base(&base, repository, git_object_id(one), git_object_id(head));
	return result < 0 ? result : git_object_lookup(out, repository, &base, GIT_OBJECT_ANY);
}

static int find_tree(git_repository *repository, const char *revision, git_tree **out,
		     struct error *error)
{
	_cleanup_(object_freep) git_object *object = NULL, *peeled = NULL;
	bool is_shallow = git_repository_is_shallow(repository) == 1;
	int result = find_commit(repository, revision, &object);
	if (result == 0)
		result = git_object_peel(&peeled, object, GIT_OBJECT_TREE);
	if (result == 0) {
		*out = (git_tree *)take(peeled);
		return 0;
	}
	return error_set(error, code_of(result), "git knows no revision '%s' to compare with: %s%s",
			 revision, last_words(),
			 is_shallow ? "; the clone is shallow, fetch more of its history" : "");
}

struct collector {
	struct change_list *list;
	struct str prefix; /* of the root in the work tree, with '/' behind it, or empty */
	bool failed;
};

static void add_path(struct collector *collector, const char *path)
{
	struct change_list *list = collector->list;
	struct str whole = str_of(path);
	if (!str_starts(whole, collector->prefix))
		return;
	struct str copy = arena_str(&list->arena, str_from(whole, collector->prefix.length));
	if (!copy.at ||
	    !mem_reserve(&list->paths, &list->capacity, list->count + 1, sizeof *list->paths)) {
		collector->failed = true;
		return;
	}
	list->paths[list->count++] = copy;
}

static int on_file(const git_diff_delta *delta, float progress, void *payload)
{
	(void)progress;
	struct collector *collector = payload;
	add_path(collector, delta->new_file.path);
	if (strcmp(delta->old_file.path, delta->new_file.path) != 0)
		add_path(collector, delta->old_file.path);
	return collector->failed ? -1 : 0;
}

static int compare_paths(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Sorted, each once. */
static void tidy(struct change_list *list)
{
	if (list->count == 0)
		return;
	qsort(list->paths, list->count, sizeof *list->paths, compare_paths);
	size_t kept = 1;
	for (size_t i = 1; i < list->count; i++)
		if (!str_equal(list->paths[i], list->paths[kept - 1]))
			list->paths[kept++] = list->paths[i];
	list->count = kept;
}

static int diff_with(git_repository *repository, const char *revision, struct collector *collector,
		     struct error *error)
{
	_cleanup_(tree_freep) git_tree *tree = NULL;
	_cleanup_(diff_freep) git_diff *diff = NULL;
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS |
			GIT_DIFF_IGNORE_SUBMODULES;
	if (find_tree(repository, revision, &tree, error) < 0)
		return -1;
	if (git_diff_tree_to_workdir_with_index(&diff, repository, tree, &options) < 0)
		return error_set(error, ERROR_IO, "the work tree cannot be compared with '%s': %s",
				 revision, last_words());
	if (git_diff_foreach(diff, on_file, NULL, NULL, NULL, collector) < 0 && !collector->failed)
		return error_set(error, ERROR_IO, "the work tree cannot be compared with '%s': %s",
				 revision, last_words());
	return collector->failed ? error_memory(error) : 0;
}

/* The root's path in the work tree with '/' behind it; empty for the work tree itself. */
static int find_prefix(git_repository *repository, const char *root, struct change_list *list,
		       struct str *out, struct error *error)
{
	const char *top = git_repository_workdir(repository);
	if (!top)
		return error_at(error, ERROR_NOT_FOUND, root, 0, 0,
				"is in a repository without a work tree");
	struct str whole = str_of(arena_format(&list->arena, "%s/", root));
	if (!whole.at)
		return error_memory(error);
	*out = str_starts(whole, str_of(top)) ? str_from(whole, strlen(top)) : STR("");
	return 0;
}

static int list_since(const char *root, const char *revision, struct change_list *list,
		      struct error *error)
{
	_cleanup_(repository_freep) git_repository *repository = NULL;
	struct collector collector = {.list = list};
	int result = git_repository_open_ext(&repository, root, 0, NULL);
	if (result == GIT_ENOTFOUND)
		return error_at(error, ERROR_NOT_FOUND, root, 0, 0,
				"is not in a git repository: %s", last_words());
	if (result < 0)
		return error_at(error, ERROR_IO, root, 0, 0,
				"is in a git repository that cannot be opened: %s", last_words());
	if (find_prefix(repository, root, list, &collector.prefix, error) < 0)
		return -1;
	return diff_with(repository, revision, &collector, error);
}

/* Whether the user's own settings lie where this user may not look, as when the program runs
 * under another name and HOME stayed. */
static bool are_settings_hidden(void)
{
	char path[PATH_LIMIT];
	const char *home = getenv("HOME");
	snprintf(path, sizeof path, "%s/.gitconfig", home ? home : "");
	return home && access(path, R_OK) < 0 && errno == EACCES;
}

/* In a container the repository is often somebody else's, and HOME too. Whose it is matters to
 * those who run what it says; here it is only read. */
static void set_options(void)
{
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (!are_settings_hidden())
		return;
	git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_GLOBAL, "");
	git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, "");
}

int change_list_since(const char *root, const char *revision, struct change_list *out,
		      struct error *error)
{
	struct change_list list = {0};
	if (git_libgit2_init() < 0)
		return error_set(error, ERROR_IO, "libgit2 cannot be started: %s", last_words());
	set_options();
	int result = list_since(root, revision, &list, error);
	if (out_of_memory())
		result = error_memory(error);
	git_libgit2_shutdown();
	if (result < 0) {
		change_list_release(&list);
		return result;
	}
	tidy(&list);
	*out = list;
	return 0;
}

void change_list_release(struct change_list *list)
{
	mem_free(list->paths);
	arena_release(&list->arena);
	*list = (struct change_list){0};
}
