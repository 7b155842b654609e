/* SPDX-License-Identifier: Apache-2.0 */
/* A stack of tasks that all workers share: folders to list, and runs of files to visit. A
 * worker that lists a folder pushes its folders, and of its files all but the first run.
 * Knows nothing of how git keeps what it tracks and ignores. Invariants: a folder is filled by
 * the one worker that lists it, before anything that points to it is pushed; what is above a
 * pushed folder does not change any more. */
#include "base/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/worktree.h"

/* Files that are visited in one go, and tasks that are pushed in one go. */
enum { RUN_LENGTH = 32, PUSH_LENGTH = 64 };

/* A work tree, or none, that folders are in. */
struct context {
	struct context *next;
	struct worktree worktree;
	size_t at; /* its paths begin at this byte of worker->path */
};

/* Whether a folder is ignored, and so its untracked files; found out when there are any. */
enum ignored { IGNORED_UNKNOWN, IGNORED_NO, IGNORED_YES };

struct node {
	struct walk_folder folder; /* first: a folder's address is its node's */
	struct context *context;
	const struct ignore_chain *chain; /* that holds for what is in the folder */
	struct gitindex_range tracked;    /* what is tracked below */
	struct str path;                  /* from the root, NUL-terminated */
	unsigned depth;
	enum ignored ignored;
	int listing_error;          /* the system's number, or 0 */
	const char *ignore_problem; /* why its ignore file was not read, or NULL */
};

/* A folder's descriptor; the last who visits its files closes it. */
struct handle {
	int fd;
	atomic_uint users;
};

/* With a handle: visit files [first, end); without: list the folder. */
struct task {
	struct node *node;
	struct handle *handle;
	uint32_t first;
	uint32_t end;
};

/* An entry that belongs to the tree. */
struct kept {
	const struct listing_entry *entry;
	struct gitindex_range tracked; /* below it, for a folder */
};

struct walker {
	const struct walk_options *options;
	int root_fd;
	struct str prefix;    /* the root in its work tree */
	pthread_mutex_t lock; /* for what follows, up to `contexts` */
	pthread_cond_t more;
	struct task *tasks;
	size_t task_count;
	size_t task_capacity;
	unsigned busy;    /* workers that may push more */
	unsigned waiting; /* workers that have nothing to do */
	struct context *contexts;
	atomic_bool failed; /* out of memory: everybody stops */
	atomic_bool cut;    /* a bound was met */
	atomic_size_t count;
	size_t limit;
	struct worker *workers;
	unsigned worker_count;
};

struct worker {
	struct walker *walker;
	unsigned number;
	struct arena arena; /* what stays */
	struct listing listing;
	struct kept *kept;
	size_t kept_count;
	size_t kept_capacity;
	struct text path;     /* of the entry at hand, from the top of the root's work tree */
	size_t folder_length; /* what of `path` is the folder's, with a '/' */
};

/* The stack. */

/* False when memory ran out; nothing was pushed then, and everybody stops. */
static bool push(struct walker *walker, const struct task *tasks, size_t count)
{
	pthread_mutex_lock(&walker->lock);
	bool ok = mem_reserve(&walker->tasks, &walker->task_capacity, walker->task_count + count,
			      sizeof *tasks);
	for (size_t i = 0; ok && i < count; i++) {
		walker->tasks[walker->task_count++] = tasks[i];
		if (i < walker->waiting)
			pthread_cond_signal(&walker->more);
	}
	pthread_mutex_unlock(&walker->lock);
	if (!ok)
		atomic_store(&walker->failed, true);
	return ok;
}

/* Waits while there is nothing to do but others may push more. False when all is done. */
static bool pop(struct walker *walker, bool was_busy, struct task *out)
{
	pthread_mutex_lock(&walker->lock);
	walker->busy -= was_busy;
	while (walker->task_count == 0 && walker->busy > 0) {
		walker->waiting++;
		pthread_cond_wait(&walker->more, &walker->lock);
		walker->waiting--;
	}
	bool got = walker->task_count > 0;
	if (got) {
		*out = walker->tasks[--walker->task_count];
		walker->busy++;
	} else {
		pthread_cond_broadcast(&walker->more);
	}
	pthread_mutex_unlock(&walker->lock);
	return got;
}

/* The last folder first, so that the first is taken first. */
static void push_folders(struct walker *walker, const struct walk_folder *folder)
{
	struct task tasks[PUSH_LENGTH];
	for (uint32_t left = folder->folder_count; left > 0;) {
		size_t count = 0;
		while (left > 0 && count < PUSH_LENGTH)
			tasks[count++] =
				(struct task){.node = (struct node *)folder->folders[--left]};
		push(walker, tasks, count);
	}
}

/* Visiting. */

static void handle_drop(struct handle *handle, unsigned users)
{
	if (atomic_fetch_sub(&handle->users, users) == users)
		close(handle->fd);
}

static void push_runs(struct walker *walker, struct node *node, struct handle *handle)
{
	struct task tasks[PUSH_LENGTH];
	uint32_t left = node->folder.file_count;
	while (left > RUN_LENGTH) {
		unsigned count = 0;
		while (left > RUN_LENGTH && count < PUSH_LENGTH) {
			uint32_t first = (left - 1) / RUN_LENGTH * RUN_LENGTH;
			tasks[count++] = (struct task){node, handle, first, left};
			left = first;
		}
		atomic_fetch_add(&handle->users, count);
		if (!push(walker, tasks, count))
			handle_drop(handle, count);
	}
}

static void visit_run(struct worker *worker, const struct task *task)
{
	const struct walk_options *options = worker->walker->options;
	struct walk_folder *folder = &task->node->folder;
	for (uint32_t i = task->first; i < task->end; i++)
		options->visit(options->context, worker->number, task->handle->fd, folder,
			       &folder->files[i]);
}

/* Visits the first files itself and lets all take part in the rest. Takes `fd`. */
static void visit_files(struct worker *worker, struct node *node, int fd)
{
	struct handle own = {.fd = fd, .users = 1}, *handle = &own;
	uint32_t count = worker->walker->options->visit ? node->folder.file_count : 0;
	if (count > RUN_LENGTH) {
		handle = arena_alloc(&worker->arena, sizeof *handle);
		if (!handle)
			handle = &own;
		else
			*handle = own;
	}
	if (handle != &own)
		push_runs(worker->walker, node, handle);
	struct task task = {node, handle, 0, count < RUN_LENGTH ? count : RUN_LENGTH};
	visit_run(worker, &task);
	handle_drop(handle, 1);
}

/* Judging what was found in a folder. */

/* The path at hand as its work tree sees it. */
static struct str tracked_path(const struct worker *worker, const struct node *node)
{
	return str_from(text_str(&worker->path), node->context->at);
}

/* The path at hand from the root. */
static struct str rooted_path(const struct worker *worker)
{
	size_t length = worker->walker->prefix.length;
	return str_from(text_str(&worker->path), length + (length > 0));
}

static void set_folder(struct worker *worker, const struct node *node)
{
	const struct str parts[] = {worker->walker->prefix, node->path};
	text_clear(&worker->path);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		text_add(&worker->path, parts[i]);
		if (parts[i].length > 0)
			text_add_byte(&worker->path, '/');
	}
	worker->folder_length = worker->path.length;
}

static void set_name(struct worker *worker, struct str name)
{
	if (worker->path.failed)
		return;
	worker->path.length = worker->folder_length;
	text_add(&worker->path, name);
}

/* Whether the folder is ignored, by itself or with one above. Its path begins worker->path.
 * Goes up to where it is known; of what it finds it keeps only what is of this folder, for
 * those above may be shared. */
static bool is_ignored_folder(const struct worker *worker, struct node *node)
{
	size_t start = node->context->at, end = worker->folder_length - 1;
	struct str path = text_str(&worker->path);
	enum ignored ignored = node->ignored;
	for (const struct node *at = node; ignored == IGNORED_UNKNOWN;) {
		const struct node *above = (const struct node *)at->folder.parent;
		if (ignore_chain_match(above->chain, str_from(str_first(path, end), start), true))
			ignored = IGNORED_YES;
		else
			ignored = above->ignored;
		end -= at->folder.length + 1;
		at = above;
	}
	node->ignored = ignored;
	return ignored == IGNORED_YES;
}

/* Compares a tracked path, from the folder on, with an entry: below 0 when it comes before, 0
 * when it is the file or below the folder. */
static int compare_tracked(struct str tracked, const struct listing_entry *entry)
{
	size_t shorter = tracked.length < entry->length ? tracked.length : entry->length;
	int order = memcmp(tracked.at, entry->name, shorter);
	if (order != 0 || tracked.length < entry->length)
		return order ? order : -1;
	if (!entry->is_folder)
		return tracked.length > entry->length;
	return tracked.length == entry->length ? -1
					       : (unsigned char)tracked.at[entry->length] - '/';
}

/* The tracked paths that are the file or below the folder, the path at hand. `rest` is what
 * entries before it left over: both are in git's order, so one pass does for a folder. */
static struct gitindex_range take_tracked(const struct worker *worker, const struct node *node,
					  const struct listing_entry *entry,
					  struct gitindex_range *rest)
{
	const struct gitindex *index = &node->context->worktree.index;
	size_t start = worker->folder_length - node->context->at;
	int order = -1;
	for (; rest->first < rest->end; rest->first++) {
		order = compare_tracked(str_from(index->paths[rest->first], start), entry);
		if (order >= 0)
			break;
	}
	struct gitindex_range taken = {rest->first, rest->first + 1};
	if (order != 0)
		taken.end = taken.first;
	else if (entry->is_folder)
		taken = gitindex_below(index, *rest, tracked_path(worker, node));
	rest->first = taken.end;
	return taken;
}

/* Whether an entry of which nothing is tracked belongs to the tree. */
static bool is_wanted_untracked(const struct worker *worker, struct node *node,
				const struct listing_entry *entry)
{
	struct str path = tracked_path(worker, node);
	if (is_ignored_folder(worker, node) ||
	    ignore_chain_match(node->chain, path, entry->is_folder))
		return false;
	return !entry->is_folder || !gitindex_has_module(&node->context->worktree.index, path);
}

static bool is_wanted(struct worker *worker, struct node *node, struct kept *kept,
		      struct gitindex_range *rest)
{
	const struct ignore_file *exclude = worker->walker->options->exclude;
	const struct listing_entry *entry = kept->entry;
	bool in_git = node->context->worktree.found;
	if (!exclude && !in_git)
		return true;
	set_name(worker, listing_name(entry));
	if (in_git)
		kept->tracked = take_tracked(worker, node, entry, rest);
	if (exclude && ignore_match(exclude, rooted_path(worker), entry->is_folder) == IGNORE_YES)
		return false;
	return !in_git || kept->tracked.first < kept->tracked.end ||
	       is_wanted_untracked(worker, node, entry);
}

/* Counts an entry against the bounds. */
static bool is_in_bounds(struct worker *worker, const struct listing_entry *entry)
{
	struct walker *walker = worker->walker;
	bool ok =
		worker->folder_length + entry->length < PATH_LIMIT &&
		atomic_fetch_add_explicit(&walker->count, 1, memory_order_relaxed) < walker->limit;
	if (!ok)
		atomic_store(&walker->cut, true);
	return ok;
}

/* Chooses what of worker->listing belongs to the tree. False without memory. */
static bool judge(struct worker *worker, struct node *node)
{
	const struct listing *listing = &worker->listing;
	struct gitindex_range rest = node->tracked;
	worker->kept_count = 0;
	if (!mem_reserve(&worker->kept, &worker->kept_capacity, listing->count,
			 sizeof *worker->kept))
		return false;
	set_folder(worker, node);
	for (size_t i = 0; i < listing->count && !worker->path.failed; i++) {
		struct kept *kept = &worker->kept[worker->kept_count];
		*kept = (struct kept){.entry = &listing->entries[i]};
		if (!is_wanted(worker, node, kept, &rest) || !is_in_bounds(worker, kept->entry))
			continue;
		worker->kept_count++;
		node->folder.folder_count += kept->entry->is_folder;
	}
	node->folder.file_count = (uint32_t)worker->kept_count - node->folder.folder_count;
	return !worker->path.failed;
}

/* Keeping it. */

static int compare_folders(const void *a, const void *b)
{
	const struct walk_folder *const *left = a, *const *right = b;
	return strcmp((*left)->name, (*right)->name);
}

static struct str take_name(char **names, const struct listing_entry *entry)
{
	struct str name = {*names, entry->length};
	memcpy(*names, entry->name, entry->length + 1);
	*names += entry->length + 1;
	return name;
}

/* The child's path. NULL without memory. */
static const char *join(struct arena *arena, struct str folder, struct str name)
{
	if (folder.length == 0)
		return name.at;
	char *path = arena_bytes(arena, folder.length + name.length + 2);
	if (!path)
		return NULL;
	memcpy(path, folder.at, folder.length);
	path[folder.length] = '/';
	memcpy(path + folder.length + 1, name.at, name.length);
	return path;
}

static void fill_child(struct worker *worker, struct node *parent, struct node *child,
		       const struct kept *kept, struct str name)
{
	struct str folder = parent->path;
	*child = (struct node){
		.folder = {.parent = &parent->folder,
			   .name = name.at,
			   .length = (uint32_t)name.length},
		.context = parent->context,
		.chain = parent->chain,
		.tracked = kept->tracked,
		.path = {join(&worker->arena, folder, name),
			 folder.length + (folder.length > 0) + name.length},
		.depth = parent->depth + 1,
		.ignored = parent->context->worktree.found ? IGNORED_UNKNOWN : IGNORED_NO,
	};
}

/* Moves what was kept to the folder. False without memory. */
static bool fill(struct worker *worker, struct node *node)
{
	struct walk_folder *folder = &node->folder;
	struct arena *arena = &worker->arena;
	size_t size = 0;
	for (size_t i = 0; i < worker->kept_count; i++)
		size += worker->kept[i].entry->length + 1;
	char *names = arena_bytes(arena, size);
	struct node *nodes = arena_array(arena, folder->folder_count, sizeof *nodes);
	struct walk_file *file = arena_array(arena, folder->file_count, sizeof *file);
	struct walk_folder **below = arena_array(arena, folder->folder_count, sizeof(void *));
	folder->files = file;
	folder->folders = below;
	if (arena->failed)
		return false;
	for (size_t i = 0; i < worker->kept_count; i++) {
		const struct kept *kept = &worker->kept[i];
		struct str name = take_name(&names, kept->entry);
		if (kept->entry->is_folder) {
			*below++ = &nodes->folder;
			fill_child(worker, node, nodes++, kept, name);
		} else {
			*file++ = (struct walk_file){.name = name.at,
						     .length = (uint32_t)name.length,
						     .is_link = kept->entry->is_link};
		}
	}
	/* In git's order "a" comes after "a-b", because of the '/' behind it. */
	if (folder->folder_count > 1)
		qsort(folder->folders, folder->folder_count, sizeof(void *), compare_folders);
	return !arena->failed;
}

/* Listing. */

static bool has_tracked(const struct node *node)
{
	return node->tracked.first < node->tracked.end;
}

/* Puts a folder into a work tree; what is tracked below it is known. */
static void set_context(struct node *node, struct context *context)
{
	const struct worktree *worktree = &context->worktree;
	node->context = context;
	node->chain = worktree->ignored;
	node->ignored = worktree->folder_ignored ? IGNORED_YES : IGNORED_NO;
	node->tracked =
		gitindex_below(&worktree->index, (struct gitindex_range){0, worktree->index.count},
			       worktree->prefix);
}

/* A new context for the work tree at `path`, owned by the walker. */
static struct context *context_new(struct walker *walker, const char *path, struct error *error)
{
	struct context *context = mem_alloc(sizeof *context);
	if (!context) {
		error_memory(error);
		return NULL;
	}
	if (worktree_find(path, &context->worktree, error) < 0) {
		mem_free(context);
		return NULL;
	}
	pthread_mutex_lock(&walker->lock);
	context->next = walker->contexts;
	walker->contexts = context;
	pthread_mutex_unlock(&walker->lock);
	return context;
}

/* At a repository of its own. In a work tree it is left alone, unless the outer one tracks
 * something below: then, for git, it is a folder like any. Elsewhere its own rules begin. */
static void enter_repository(struct worker *worker, struct node *node)
{
	struct walker *walker = worker->walker;
	if (node->context->worktree.found) {
		if (!has_tracked(node))
			node->ignored = IGNORED_YES;
		return;
	}
	const char *path =
		arena_format(&worker->arena, "%s/%s", walker->options->root, node->path.at);
	struct error error = {0};
	struct context *context = path ? context_new(walker, path, &error) : NULL;
	if (context && context->worktree.found && context->worktree.prefix.length == 0) {
		context->at = node->path.length + 1;
		set_context(node, context);
	} else if (!path || error.code == ERROR_MEMORY) {
		atomic_store(&walker->failed, true);
	}
}

static void read_ignore_file(struct worker *worker, struct node *node, int fd)
{
	_cleanup_(text_release) struct text content = {0};
	struct arena *arena = &worker->arena;
	struct error error;
	if (file_read_at(fd, ".gitignore", O_NOFOLLOW, IGNORE_FILE_LIMIT, &content, &error) == 0)
		node->chain = ignore_chain_add(node->chain, text_str(&content),
					       worker->folder_length - node->context->at, arena);
	else if (error.code == ERROR_MEMORY)
		arena->failed = true;
	else if (error.code != ERROR_NOT_FOUND)
		node->ignore_problem = arena_str(arena, str_of(error.message)).at;
}

/* Fills the folder that is open. False without memory. */
static bool fill_from(struct worker *worker, struct node *node, int fd)
{
	const struct walker *walker = worker->walker;
	node->listing_error = listing_read(&worker->listing, fd, walker->limit);
	if (node->listing_error == EOVERFLOW) {
		atomic_store(&worker->walker->cut, true);
		node->listing_error = 0;
	}
	if (node->listing_error != 0)
		return node->listing_error != ENOMEM;
	if (worker->listing.has_git && node->folder.parent && worktree_is_git(fd, ".git"))
		enter_repository(worker, node);
	set_folder(worker, node);
	if (worker->listing.has_ignore && node->context->worktree.found)
		read_ignore_file(worker, node, fd);
	return !worker->arena.failed && judge(worker, node) && fill(worker, node);
}

static void list(struct worker *worker, struct node *node)
{
	static const int FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct walker *walker = worker->walker;
	if (node->depth > WALK_DEPTH_LIMIT) {
		atomic_store(&walker->cut, true);
		return;
	}
	int fd = file_open_at(walker->root_fd, node->folder.parent ? node->path.at : ".", FLAGS);
	if (fd < 0) {
		node->listing_error = errno;
		return;
	}
	if (fill_from(worker, node, fd)) {
		push_folders(walker, &node->folder);
		visit_files(worker, node, fd);
		return;
	}
	atomic_store(&walker->failed, true);
	close(fd);
}

static void work(void *context, unsigned number)
{
	struct walker *walker = context;
	struct worker *worker = &walker->workers[number];
	struct task task;
	for (bool busy = false; pop(walker, busy, &task); busy = true) {
		bool stopped = atomic_load_explicit(&walker->failed, memory_order_relaxed);
		if (!stopped && task.handle)
			visit_run(worker, &task);
		else if (!stopped)
			list(worker, task.node);
		if (task.handle)
			handle_drop(task.handle, 1);
	}
}

/* The whole. */

static void note_problems(const struct node *node, struct error_list *problems)
{
	const char *path = node->path.length > 0 ? node->path.at : ".";
	const struct context *context = node->context;
	const struct node *above = (const struct node *)node->folder.parent;
	for (size_t i = 0;
	     (!above || above->context != context) && i < context->worktree.problems.count; i++)
		error_list_add(problems, &context->worktree.problems.items[i]);
	if (node->listing_error)
		error_list_at(problems, ERROR_IO, path, 0, 0, "cannot be read: %s",
			      strerror(node->listing_error));
	if (node->ignore_problem)
		error_list_at(problems, ERROR_IO, path, 0, 0, "its .gitignore %s",
			      node->ignore_problem);
}

/* Drops empty folders and collects problems, in the order of the tree. Goes no deeper than
 * WALK_DEPTH_LIMIT. */
static void finish(struct walk_folder *folder, struct error_list *problems)
{
	uint32_t kept = 0;
	note_problems((const struct node *)folder, problems);
	for (uint32_t i = 0; i < folder->folder_count; i++) {
		struct walk_folder *below = folder->folders[i];
		finish(below, problems);
		if (below->file_count > 0 || below->folder_count > 0)
			folder->folders[kept++] = below;
	}
	folder->folder_count = kept;
}

static bool walker_init(struct walker *walker, const struct walk_options *options)
{
	unsigned count = options->workers < CREW_LIMIT ? options->workers : CREW_LIMIT;
	pthread_mutex_init(&walker->lock, NULL);
	pthread_cond_init(&walker->more, NULL);
	walker->root_fd = -1;
	walker->options = options;
	walker->limit = options->file_limit ? options->file_limit : WALK_FILE_LIMIT;
	walker->workers = mem_alloc(count * sizeof *walker->workers);
	for (unsigned i = 0; walker->workers && i < count; i++) {
		walker->workers[i].walker = walker;
		walker->workers[i].number = i;
	}
	walker->worker_count = walker->workers ? count : 0;
	return walker->workers != NULL;
}

/* Hands what the workers made to `into`. */
static void walker_release(struct walker *walker, struct arena *into)
{
	for (unsigned i = 0; i < walker->worker_count; i++) {
		struct worker *worker = &walker->workers[i];
		arena_adopt(into, &worker->arena);
		listing_release(&worker->listing);
		text_release(&worker->path);
		mem_free(worker->kept);
	}
	while (walker->contexts) {
		struct context *context = walker->contexts;
		walker->contexts = context->next;
		worktree_release(&context->worktree);
		mem_free(context);
	}
	mem_free(walker->workers);
	mem_free(walker->tasks);
	file_closep(&walker->root_fd);
	pthread_cond_destroy(&walker->more);
	pthread_mutex_destroy(&walker->lock);
}

static struct node *root_node(struct walker *walker, struct arena *arena, struct error *error)
{
	struct context *context = context_new(walker, walker->options->root, error);
	struct node *root = context ? arena_alloc(arena, sizeof *root) : NULL;
	if (!root) {
		if (context)
			error_memory(error);
		return NULL;
	}
	root->folder.name = "";
	root->path = STR("");
	set_context(root, context);
	if (root->ignored == IGNORED_YES && !has_tracked(root)) {
		worktree_release(&context->worktree);
		root->ignored = IGNORED_NO;
		root->chain = NULL;
	}
	walker->prefix = context->worktree.prefix;
	return root;
}

static int run(struct walker *walker, struct walk *out, struct error *error)
{
	const char *path = walker->options->root;
	struct node *root = root_node(walker, &out->arena, error);
	if (!root)
		return -1;
	walker->root_fd = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (walker->root_fd < 0)
		return error_at(error, ERROR_IO, path, 0, 0, "cannot be read: %s", strerror(errno));
	if (!push(walker, &(struct task){.node = root}, 1))
		return error_memory(error);
	crew_run(walker->worker_count, work, walker);
	if (atomic_load(&walker->failed))
		return error_memory(error);
	if (root->listing_error)
		return error_at(error, ERROR_IO, path, 0, 0, "cannot be read: %s",
				strerror(root->listing_error));
	finish(&root->folder, &out->problems);
	if (atomic_load(&walker->cut))
		error_list_at(&out->problems, ERROR_LIMIT, path, 0, 0,
			      "has more than %zu files and folders, or more than %d folders "
			      "in one another, or too long a path: the rest is left out",
			      walker->limit, WALK_DEPTH_LIMIT);
	out->root = &root->folder;
	out->in_git = root->context->worktree.found;
	return 0;
}

int walk_run(const struct walk_options *options, struct walk *out, struct error *error)
{
	struct walker walker = {0};
	*out = (struct walk){0};
	int result = walker_init(&walker, options) ? run(&walker, out, error) : error_memory(error);
	walker_release(&walker, &out->arena);
	if (result < 0)
		walk_release(out);
	return result;
}

void walk_release(struct walk *walk)
{
	error_list_clear(&walk->problems);
	arena_release(&walk->arena);
	*walk = (struct walk){0};
}
