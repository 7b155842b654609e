/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar new: begins an application, or a module of one. Everything is made and looked at before
 * the first file is written; no file that is there is overwritten, but for the list of modules. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "contract/contract.h"
#include "new/new.h"

/* Of an application's code. */
#define SOURCE_LIMIT ((size_t)1 << 20)

/* The module of an application that names none. */
#define FIRST_MODULE "greetings"

struct job {
	const struct arguments *arguments;
	char root[PATH_LIMIT]; /* what the files' paths are relative to */
	const char *shown;     /* what is shown before them: "cafe/" */
	struct new_files files;
	struct text list; /* the file with the list of modules, as it will be */
	char list_path[PATH_LIMIT + 16];
	struct text out;
};

/* ---- writing ---- */

static bool is_there(const char *path)
{
	struct stat status;
	return lstat(path, &status) == 0;
}

static void join(const struct job *job, const char *path, char out[2 * PATH_LIMIT])
{
	snprintf(out, 2 * PATH_LIMIT, "%s/%s", job->root, path);
}

/* Makes all folders above the path. */
static int make_folders(const char *path, struct error *error)
{
	char folder[2 * PATH_LIMIT];
	snprintf(folder, sizeof folder, "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0777) < 0 && errno != EEXIST)
			return error_at(error, ERROR_IO, folder, 0, 0, "cannot be made: %s",
					strerror(errno));
		*slash = '/';
	}
	return 0;
}

static int write_one(struct job *job, const struct new_file *file, struct error *error)
{
	char path[2 * PATH_LIMIT];
	join(job, file->path, path);
	if (job->arguments->given[FLAG_DRY_RUN]) {
		text_addf(&job->out, "--- %s%s\n", job->shown, file->path);
		text_add(&job->out, text_str(&file->content));
		return 0;
	}
	text_addf(&job->out, "wrote    %s%s\n", job->shown, file->path);
	if (make_folders(path, error) < 0)
		return -1;
	return file_write(path, text_str(&file->content), error);
}

static int write_all(struct job *job, struct error *error)
{
	for (size_t i = 0; i < job->files.count; i++)
		if (write_one(job, &job->files.items[i], error) < 0)
			return -1;
	return 0;
}

/* ---- where we are ---- */

/* Whether a folder with a contract is at or above the one we are in, which is then the root. */
static int look_for_root(struct job *job, bool *found, struct error *error)
{
	char path[PATH_LIMIT + 16];
	if (!getcwd(job->root, sizeof job->root))
		return error_set(error, ERROR_IO, "the folder we are in cannot be read: %s",
				 strerror(errno));
	for (;;) {
		snprintf(path, sizeof path, "%s/" CONTRACT_ROOT_NAME, job->root);
		*found = is_there(path);
		char *slash = strrchr(job->root, '/');
		if (*found || !slash || !job->root[0])
			return 0;
		*slash = '\0';
	}
}

/* ---- an application ---- */

static int check_outside(struct job *job, struct error *error)
{
	bool found = false;
	if (look_for_root(job, &found, error) < 0)
		return -1;
	return found ? error_at(error, ERROR_INVALID, job->root, 0, 0,
				"is an application already; `ashlar new module NAME` adds a module "
				"to it")
		     : 0;
}

static int make_app(struct job *job, const char *name, const char *module, struct error *error)
{
	if (new_app(&job->files, name, module, error) < 0 || check_outside(job, error) < 0)
		return -1;
	snprintf(job->root, sizeof job->root, "%s", name);
	if (is_there(name))
		return error_at(error, ERROR_INVALID, name, 0, 0,
				"is there already; a new application has a folder of its own");
	job->shown = arena_format(&job->files.arena, "%s/", name);
	if (!job->shown)
		return error_memory(error);
	if (write_all(job, error) < 0)
		return -1;
	text_addf(&job->out,
		  "\n`cd %s && make test` builds and tests it, `make run` starts it, and\n"
		  "`ashlar new module NAME` adds a module.\n",
		  name);
	return 0;
}

/* ---- a module ---- */

/* The nearest folder with a contract, at or above the one we are in. */
static int find_root(struct job *job, struct error *error)
{
	bool found = false;
	if (look_for_root(job, &found, error) < 0)
		return -1;
	return found ? 0
		     : error_set(error, ERROR_NOT_FOUND,
				 "there is no " CONTRACT_ROOT_NAME
				 " here or above; `ashlar new app NAME` begins an application");
}

/* The folder of the first pattern that takes any folder below it: "modules/" of "modules/\*". */
static int find_folder(struct job *job, const struct contracts *contracts, const char **out,
		       struct error *error)
{
	const struct words *patterns = &contracts->module_patterns;
	for (size_t i = 0; i < patterns->count; i++) {
		struct str text = patterns->items[i].text;
		if (!str_ends(text, STR("*")))
			continue;
		struct str folder = str_first(text, text.length - 1);
		if (folder.length && (folder.at[folder.length - 1] != '/' ||
				      strcspn(folder.at, "*?[{") < folder.length))
			continue;
		*out = arena_str(&job->files.arena, folder).at;
		return *out ? 0 : error_memory(error);
	}
	return error_at(error, ERROR_INVALID, CONTRACT_ROOT_NAME, 0, 0,
			"has no folder for new modules; give it `modules: [\"modules/*\"]`");
}

static int read_root(struct job *job, const char **folder, struct error *error)
{
	_cleanup_(contracts_release) struct contracts contracts = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	if (contracts_load_root(job->root, &contracts, &errors, error) < 0)
		return -1;
	if (errors.count) {
		*error = errors.items[0];
		return -1;
	}
	return find_folder(job, &contracts, folder, error);
}

/* Looks where the list of modules is. */
static int enter(struct job *job, const char *name, enum new_entry *entry, struct error *error)
{
	static const char *const PLACES[] = {"app.h", "app.c", "main.c"};
	for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
		_cleanup_(text_release) struct text source = {0};
		snprintf(job->list_path, sizeof job->list_path, "%s/%s", job->root, PLACES[i]);
		if (file_read(job->list_path, SOURCE_LIMIT, &source, error) < 0) {
			if (error->code == ERROR_NOT_FOUND)
				continue;
			return -1;
		}
		if (new_enter(text_str(&source), name, &job->list, entry, error) < 0)
			return -1;
		if (*entry == NEW_ENTRY_THERE)
			return error_at(error, ERROR_INVALID, PLACES[i], 0, 0,
					"has a module '%s' in its list already", name);
		if (*entry == NEW_ENTRY_ADDED)
			return 0;
	}
	*entry = NEW_ENTRY_NONE;
	return 0;
}

static int write_list(struct job *job, enum new_entry entry, const char *name, struct error *error)
{
	const char *file = strrchr(job->list_path, '/') + 1;
	if (entry == NEW_ENTRY_NONE) {
		text_addf(&job->out,
			  "\nNo list of modules was found in app.h, app.c or main.c: add "
			  "&%s_module to\nyours, and `#include \"%s.port.h\"`.\n",
			  name, name);
		return 0;
	}
	if (job->arguments->given[FLAG_DRY_RUN]) {
		text_addf(&job->out, "--- %s\n", file);
		text_add(&job->out, text_str(&job->list));
		return 0;
	}
	text_addf(&job->out, "added    %s to the list in %s\n", name, file);
	return file_write(job->list_path, text_str(&job->list), error);
}

static int make_module(struct job *job, const char *name, struct error *error)
{
	enum new_entry entry;
	const char *above = "", *folder;
	char path[2 * PATH_LIMIT];
	if (new_check_module(name, error) < 0 || find_root(job, error) < 0 ||
	    read_root(job, &above, error) < 0)
		return -1;
	folder = arena_format(&job->files.arena, "%s%s", above, name);
	if (!folder)
		return error_memory(error);
	join(job, folder, path);
	if (is_there(path))
		return error_at(error, ERROR_INVALID, folder, 0, 0, "is there already");
	if (new_module(&job->files, folder, name, error) < 0 || enter(job, name, &entry, error) < 0)
		return -1;
	if (write_all(job, error) < 0 || write_list(job, entry, name, error) < 0)
		return -1;
	text_addf(&job->out,
		  "\n`make test` builds and tests it. What it may do stands in %s/module.yaml,\n"
		  "what others may call and hear in %s/%s.proto.\n",
		  folder, folder, name);
	return 0;
}

/* ---- the verb ---- */

static int begin(struct job *job, struct error *error)
{
	const struct arguments *arguments = job->arguments;
	const char *kind = arguments->operands[0], *name = arguments->operands[1];
	const char *directory = arguments->values[FLAG_DIRECTORY];
	if (directory && chdir(directory) < 0)
		return error_at(error, ERROR_NOT_FOUND, directory, 0, 0, "cannot be entered: %s",
				strerror(errno));
	if (strcmp(kind, "app") == 0)
		return make_app(job, name,
				arguments->operand_count > 2 ? arguments->operands[2]
							     : FIRST_MODULE,
				error);
	if (arguments->operand_count > 2)
		return error_set(error, ERROR_INVALID, "usage: ashlar new module NAME");
	return make_module(job, name, error);
}

int verb_new(const struct arguments *arguments)
{
	struct job job = {.arguments = arguments, .shown = ""};
	struct error error;
	int result = begin(&job, &error);
	if (result == 0 && job.out.failed)
		result = error_memory(&error);
	bool quiet = arguments->given[FLAG_QUIET] && !arguments->given[FLAG_DRY_RUN];
	int code = quiet ? EXIT_CLEAN : terminal_write(arguments, text_str(&job.out));
	if (result < 0)
		code = terminal_error(arguments, &error);
	new_files_release(&job.files);
	text_release(&job.list);
	text_release(&job.out);
	return code;
}
