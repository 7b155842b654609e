/* SPDX-License-Identifier: Apache-2.0 */
/* A stack of things to do that all workers share: folders to list, and runs of files to
 * visit. A worker that lists a folder pushes its sub-folders, and of its files all but the
 * first run. Invariants: a folder is filled by the one worker that lists it; whatever a task
 * points to is complete before the task is pushed. */
#include "base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/worktree.h"

/* Files that are visited in one go; more of one folder are shared with other workers. */
enum { RUN_LENGTH = 32 };

enum { LIST_BUFFER = 64 * 1024, IGNORE_LIMIT = 4 << 20 };

/* The ignore files that hold in a folder, the nearest first. */
struct rules {
	const struct rules *above;
	struct ignore_file file;
	size_t base; /* length of the path, with its '/', that the patterns do not see */
};

struct node {
	struct walk_folder folder; /* first: a folder pointer is a node pointer */
	struct str path;           /* from the top of the work tree, NUL-terminated */
	const struct rules *rules;
	unsigned depth;
	const char *problem; /* what went wrong here, or NULL */
};

/* A folder's descriptor, closed by the last who visits its files. */
struct handle {
	int fd;
	atomic_uint users;
};

/* With a handle: files [first, end) are to be visited; else the folder is to be listed. */
struct task {
	struct node *node;
	struct handle *handle;
	uint32_t first;
	uint32_t end;
};

/* A directory entry as it was read, before it is judged. */
struct found {
	size_t name; /* offset in `names` */
	uint32_t length;
	bool is_folder;
	bool is_link;
};

struct worker {
	struct walker *walker;
	unsigned number;
	struct arena arena;
	struct text names;
	struct found *found;
	size_t found_count;
	size_t found_capacity;
	struct text path;
	alignas(16) char buffer[LIST_BUFFER];
};

struct walker {
	const struct walk_options *options;
	int root_fd;
	struct worktree *worktree;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct task *tasks;
	size_t task_count;
	size_t task_capacity;
	unsigned busy;
	unsigned waiting;
	atomic_bool failed; /* out of memory: everybody stops */
	atomic_uint file_count;
	struct worker *workers[CREW_LIMIT];
};

struct linux_dirent64 {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

/* The queue. */

/* False when memory ran out; nothing was then pushed. */
static bool push(struct walker *walker, const struct task *tasks, size_t count)
{
	pthread_mutex_lock(&walker->lock);
	bool ok = mem_reserve(&walker->tasks, &walker->task_capacity, walker->task_count + count,
			      sizeof *tasks);
	for (size_t i = 0; ok && i < count; i++)
		walker->tasks[walker->task_count++] = tasks[i];
	if (walker->waiting > 0)
		pthread_cond_broadcast(&walker->more);
	pthread_mutex_unlock(&walker->lock);
	if (!ok)
		atomic_store(&walker->failed, true);
	return ok;
}

/* The next task; waits while others may still push some; false when all is done. */
static bool pop(struct walker *walker, struct task *out)
{
	pthread_mutex_lock(&walker->lock);
	while (walker->task_count == 0 && walker->busy > 0) {
		walker->waiting++;
		pthread_cond_wait(&walker->more, &walker->lock);
		walker->waiting--;
	}
	bool got = walker->task_count > 0;
	if (got) {
		*out = walker->tasks[--walker->task_count];
		walker->busy++;
	}
	pthread_mutex_unlock(&walker->lock);
	return got;
}

static void done(struct walker *walker)
{
	pthread_mutex_lock(&walker->lock);
	walker->busy--;
	if (walker->busy == 0 && walker->task_count == 0)
		pthread_cond_broadcast(&walker->more);
	pthread_mutex_unlock(&walker->lock);
}

/* Visiting. */

static void handle_drop(struct handle *handle, unsigned users)
{
	if (atomic_fetch_sub(&handle->users, users) == users)
		close(handle->fd);
}

static void visit_run(struct worker *worker, const struct task *task)
{
	const struct walk_options *options = worker->walker->options;
	for (uint32_t i = task->first; i < task->end && options->visit; i++)
		options->visit(options->context, worker->number, task->handle->fd,
			       &task->node->folder, &task->node->folder.files[i]);
}

/* Visits the first files itself and lets all take part in the rest. Takes `fd`. */
static void visit_files(struct worker *worker, struct node *node, int fd)
{
	uint32_t count = worker->walker->options->visit ? node->folder.file_count : 0;
	struct handle *handle = arena_alloc(&worker->arena, sizeof *handle);
	if (count == 0 || !handle) {
		close(fd);
		return;
	}
	handle->fd = fd;
	atomic_init(&handle->users, 1);
	for (uint32_t first = RUN_LENGTH; first < count; first += RUN_LENGTH) {
		uint32_t end = count - first < RUN_LENGTH ? count : first + RUN_LENGTH;
		atomic_fetch_add(&handle->users, 1);
		if (!push(worker->walker, &(struct task){node, handle, first, end}, 1))
			handle_drop(handle, 1);
	}
	struct task own = {node, handle, 0, count < RUN_LENGTH ? count : RUN_LENGTH};
	visit_run(worker, &own);
	handle_drop(handle, 1);
}

/* Listing. */

static void find(struct worker *worker, int fd, const struct linux_dirent64 *entry)
{
	struct str name = str_of(entry->name);
	struct found found = {worker->names.length, (uint32_t)name.length, entry->type == DT_DIR,
			      entry->type == DT_LNK};
	if (str_equal(name, STR(".")) || str_equal(name, STR("..")))
		return;
	if (entry->type == DT_UNKNOWN || entry->type == DT_LNK) {
		struct stat status;
		if (fstatat(fd, entry->name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
			found.is_link = S_ISLNK(status.st_mode);
			found.is_folder = S_ISDIR(status.st_mode);
		}
		bool regular = S_ISREG(status.st_mode);
		if (found.is_link)
			regular = fstatat(fd, entry->name, &status, 0) == 0 &&
				  S_ISREG(status.st_mode);
		if (!found.is_folder && !regular)
			return;
	} else if (entry->type != DT_DIR && entry->type != DT_REG) {
		return;
	}
	if (!mem_reserve(&worker->found, &worker->found_capacity, worker->found_count + 1,
			 sizeof found)) {
		worker->names.failed = true;
		return;
	}
	text_add(&worker->names, (struct str){name.at, name.length + 1});
	worker->found[worker->found_count++] = found;
}

/* Reads all entries; false, with errno, when the system refuses. */
static bool read_entries(struct worker *worker, int fd)
{
	text_clear(&worker->names);
	worker->found_count = 0;
	for (;;) {
		ssize_t got = getdents64(fd, worker->buffer, sizeof worker->buffer);
		if (got <= 0)
			return got == 0;
		for (ssize_t at = 0; at < got;) {
			void *entry = worker->buffer + at;
			find(worker, fd, entry);
			at += ((struct linux_dirent64 *)entry)->size;
		}
	}
}

static struct str name_of(const struct worker *worker, const struct found *found)
{
	return (struct str){worker->names.at + found->name, found->length};
}

static bool reads_ignore_file(struct worker *worker, int folder_fd, struct text *out)
{
	_cleanup_(file_closep) int fd =
		openat(folder_fd, ".gitignore", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && out->length < IGNORE_LIMIT) {
		ssize_t got = read(fd, worker->buffer, sizeof worker->buffer);
		if (got <= 0)
			return got == 0;
		text_add(out, (struct str){worker->buffer, (size_t)got});
	}
	return false;
}

static void take_ignore_file(struct worker *worker, struct node *node, int fd)
{
	_cleanup_(text_release) struct text content = {0};
	if (!reads_ignore_file(worker, fd, &content)) {
		node->problem = "cannot be read: .gitignore";
		return;
	}
	struct rules *rules = arena_alloc(&worker->arena, sizeof *rules);
	if (!rules || content.failed) {
		worker->arena.failed = true;
		return;
	}
	rules->above = node->rules;
	rules->base = node->path.length + (node->path.length > 0);
	rules->file = ignore_parse(text_str(&content), &worker->arena);
	node->rules = rules;
}

static bool is_ignored(const struct rules *rules, struct str path, bool is_folder)
{
	for (; rules; rules = rules->above) {
		enum ignore_verdict verdict =
			ignore_match(&rules->file, str_from(path, rules->base), is_folder);
		if (verdict != IGNORE_SILENT)
			return verdict == IGNORE_YES;
	}
	return false;
}

/* Whether the entry belongs to the tree. */
static bool is_wanted(struct worker *worker, const struct node *node, const struct found *found)
{
	const struct walker *walker = worker->walker;
	struct str name = name_of(worker, found);
	if (str_equal(name, STR(".git")))
		return false;
	text_clear(&worker->path);
	text_add(&worker->path, node->path);
	if (node->path.length > 0)
		text_add_byte(&worker->path, '/');
	text_add(&worker->path, name);
	struct str path = text_str(&worker->path);
	struct str below = str_from(path, walker->worktree->prefix.length);
	if (walker->options->exclude &&
	    ignore_match(walker->options->exclude, below, found->is_folder) == IGNORE_YES)
		return false;
	return !walker->worktree->found || !is_ignored(node->rules, path, found->is_folder);
}

/* Keeps what is wanted of the entries that were found. */
static void judge(struct worker *worker, struct node *node)
{
	size_t kept = 0;
	for (size_t i = 0; i < worker->found_count; i++) {
		if (!is_wanted(worker, node, &worker->found[i]))
			continue;
		worker->found[kept++] = worker->found[i];
		node->folder.folder_count += worker->found[i].is_folder;
	}
	worker->found_count = kept;
	node->folder.file_count = (uint32_t)kept - node->folder.folder_count;
}

static int compare_files(const void *a, const void *b)
{
	const struct walk_file *left = a, *right = b;
	return strcmp(left->name, right->name);
}

static int compare_folders(const void *a, const void *b)
{
	const struct walk_folder *const *left = a, *const *right = b;
	return strcmp((*left)->name, (*right)->name);
}

static bool fill_child(struct worker *worker, struct node *parent, struct node *child,
		       struct str name)
{
	child->folder = (struct walk_folder){
		.parent = &parent->folder, .name = name.at, .length = (uint32_t)name.length};
	const char *slash = parent->path.length > 0 ? "/" : "";
	child->path =
		str_of(arena_format(&worker->arena, "%s%s%s", parent->path.at, slash, name.at));
	child->rules = parent->rules;
	child->depth = parent->depth + 1;
	return child->path.at != NULL;
}

/* Moves what was kept to the folder, sorted. False without memory. */
static bool fill(struct worker *worker, struct node *node)
{
	struct walk_folder *folder = &node->folder;
	struct arena *arena = &worker->arena;
	char *names = arena_array(arena, 1, worker->names.length + 1);
	struct node *nodes = arena_array(arena, folder->folder_count, sizeof *nodes);
	folder->files = arena_array(arena, folder->file_count, sizeof *folder->files);
	folder->folders = arena_array(arena, folder->folder_count, sizeof *folder->folders);
	if (!names || arena->failed || worker->names.failed)
		return false;
	size_t file_count = 0, folder_count = 0;
	if (worker->names.length > 0)
		memcpy(names, worker->names.at, worker->names.length);
	for (size_t i = 0; i < worker->found_count; i++) {
		const struct found *found = &worker->found[i];
		struct str name = {names + found->name, found->length};
		if (!found->is_folder) {
			folder->files[file_count++] =
				(struct walk_file){name.at, found->length, found->is_link, NULL};
			continue;
		}
		if (!fill_child(worker, node, &nodes[folder_count], name))
			return false;
		folder->folders[folder_count] = &nodes[folder_count].folder;
		folder_count++;
	}
	if (file_count > 1)
		qsort(folder->files, file_count, sizeof *folder->files, compare_files);
	if (folder_count > 1)
		qsort(folder->folders, folder_count, sizeof(void *), compare_folders);
	return true;
}

static void push_folders(struct worker *worker, struct node *node)
{
	for (uint32_t i = node->folder.folder_count; i-- > 0;)
		push(worker->walker, &(struct task){.node = (struct node *)node->folder.folders[i]},
		     1);
}

static bool has_ignore_file(const struct worker *worker)
{
	for (size_t i = 0; i < worker->found_count; i++)
		if (str_equal(name_of(worker, &worker->found[i]), STR(".gitignore")))
			return !worker->found[i].is_folder && !worker->found[i].is_link;
	return false;
}

static void list(struct worker *worker, struct node *node)
{
	struct walker *walker = worker->walker;
	const char *path = node->path.at + walker->worktree->prefix.length;
	if (!node->folder.parent)
		path = ".";
	if (node->depth > WALK_DEPTH_LIMIT) {
		node->problem = "is too deep";
		return;
	}
	int fd = openat(walker->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !read_entries(worker, fd)) {
		node->problem = "cannot be read";
		file_closep(&fd);
		return;
	}
	if (walker->worktree->found && has_ignore_file(worker))
		take_ignore_file(worker, node, fd);
	judge(worker, node);
	if (atomic_fetch_add(&walker->file_count, node->folder.file_count) +
		    node->folder.file_count >
	    WALK_FILE_LIMIT) {
		node->problem = "is left out: there are too many files";
		node->folder.file_count = node->folder.folder_count = 0;
	} else if (!fill(worker, node)) {
		atomic_store(&walker->failed, true);
		node->folder.file_count = node->folder.folder_count = 0;
	}
	push_folders(worker, node);
	visit_files(worker, node, fd);
}

static void work(void *context, unsigned number)
{
	struct walker *walker = context;
	struct worker *worker = walker->workers[number];
	struct task task;
	while (pop(walker, &task)) {
		bool stopped = atomic_load_explicit(&walker->failed, memory_order_relaxed);
		if (!stopped && task.handle)
			visit_run(worker, &task);
		else if (!stopped)
			list(worker, task.node);
		if (task.handle)
			handle_drop(task.handle, 1);
		done(walker);
	}
}

/* The whole. */

/* Drops empty folders below and collects problems, in the order of the tree. The depth is
 * bounded by WALK_DEPTH_LIMIT. */
static void finish(struct walk_folder *folder, size_t prefix, struct walk *out)
{
	const struct node *node = (const struct node *)folder;
	if (node->problem)
		error_list_at(&out->problems, ERROR_IO, node->path.at + prefix, 0, 0, "%s",
			      node->problem);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < folder->folder_count; i++) {
		struct walk_folder *below = folder->folders[i];
		finish(below, prefix, out);
		if (below->file_count > 0 || below->folder_count > 0)
			folder->folders[kept++] = below;
	}
	folder->folder_count = kept;
}

static void workers_release(struct walker *walker, struct arena *into)
{
	for (unsigned i = 0; i < CREW_LIMIT && walker->workers[i]; i++) {
		struct worker *worker = walker->workers[i];
		if (worker->arena.failed)
			atomic_store(&walker->failed, true);
		if (worker->arena.blocks)
			arena_adopt(into, &worker->arena);
		text_release(&worker->names);
		text_release(&worker->path);
		mem_free(worker->found);
		mem_free(worker);
	}
}

static bool workers_new(struct walker *walker, unsigned count)
{
	for (unsigned i = 0; i < count && i < CREW_LIMIT; i++) {
		struct worker *worker = mem_alloc(sizeof *worker);
		if (!worker)
			return false;
		worker->walker = walker;
		worker->number = i;
		walker->workers[i] = worker;
	}
	return true;
}

/* The rules from outside the root: nearest last. */
static const struct rules *outer_rules(struct walker *walker, struct arena *arena)
{
	(void)walker;
	(void)arena;
	return NULL;
}

static struct node *root_node(struct walker *walker, struct arena *arena)
{
	struct node *root = arena_alloc(arena, sizeof *root);
	if (!root)
		return NULL;
	struct str prefix = walker->worktree->prefix;
	root->folder.name = "";
	root->path = arena_str(arena, str_first(prefix, prefix.length - (prefix.length > 0)));
	root->rules = outer_rules(walker, arena);
	return arena->failed ? NULL : root;
}

static int run(struct walker *walker, struct walk *out, struct error *error)
{
	unsigned count = walker->options->workers;
	struct node *root = root_node(walker, &out->arena);
	if (!root || !workers_new(walker, count) || !push(walker, &(struct task){.node = root}, 1))
		return error_memory(error);
	crew_run(count, work, walker);
	if (atomic_load(&walker->failed))
		return error_memory(error);
	finish(&root->folder, walker->worktree->prefix.length, out);
	out->root = &root->folder;
	out->in_git = walker->worktree->found;
	return 0;
}

int walk_run(const struct walk_options *options, struct walk *out, struct error *error)
{
	*out = (struct walk){0};
	_cleanup_(worktree_release) struct worktree worktree = {0};
	if (worktree_find(options->root, &worktree, &out->problems, error) < 0)
		return -1;
	struct walker walker = {.options = options, .worktree = &worktree};
	walker.root_fd = open(options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (walker.root_fd < 0) {
		error_list_clear(&out->problems);
		return error_at(error, ERROR_IO, options->root, 0, 0, "cannot be read: %s",
				strerror(errno));
	}
	pthread_mutex_init(&walker.lock, NULL);
	pthread_cond_init(&walker.more, NULL);
	int result = run(&walker, out, error);
	workers_release(&walker, &out->arena);
	if (result == 0 && atomic_load(&walker.failed))
		result = error_memory(error);
	pthread_cond_destroy(&walker.more);
	pthread_mutex_destroy(&walker.lock);
	mem_free(walker.tasks);
	close(walker.root_fd);
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
