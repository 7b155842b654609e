/* SPDX-License-Identifier: Apache-2.0 */
/* The way down to the graph, stage by stage. What a verb does with it is the verb's. */
#include "cli/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crew.h"
#include "base/glob.h"
#include "base/ignore.h"
#include "cli/terminal.h"
#include "propose/propose.h"
#include "resolve/resolve.h"

/* ---- where the tree is ---- */

static bool is_missing(int number)
{
	return number == ENOENT || number == ENOTDIR;
}

static int refuse_path(const char *path, const char *what, struct error *error)
{
	error_at(error, is_missing(errno) ? ERROR_NOT_FOUND : ERROR_IO, path[0] ? path : "''", 0, 0,
		 "cannot be %s: %s", what, strerror(errno));
	return -1;
}

/* The nearest folder at or above `start` that has `name`; an empty str when there is none. */
static int find_above(struct str start, const char *name, struct str *out, struct error *error)
{
	char path[PATH_LIMIT + 32];
	*out = (struct str){0};
	for (struct str folder = start;; folder = path_folder(folder)) {
		snprintf(path, sizeof path, "%.*s/%s", STR_ARG(folder), name);
		bool is_there = access(path, F_OK) == 0;
		if (!is_there && !is_missing(errno))
			return refuse_path(path, "looked for", error);
		if (is_there)
			*out = folder;
		if (is_there || folder.length == 0)
			return 0;
	}
}

/* The nearest folder with an ashlar.yaml, not past the top of the git work tree (empty: there
 * is none): what a repository around this one says is not meant for it. */
static int find_contract(struct str start, struct str top, struct str *out, struct error *error)
{
	if (find_above(start, CONTRACT_ROOT_NAME, out, error) < 0)
		return -1;
	if (out->at && out->length < top.length)
		*out = (struct str){0};
	return 0;
}

static int real_path(const char *path, char *out, struct error *error)
{
	char *real = realpath(path, NULL);
	if (!real)
		return refuse_path(path, "found", error);
	size_t length = strlen(real);
	bool fits = length < PATH_LIMIT;
	memcpy(out, fits ? real : "", fits ? length + 1 : 1);
	free(real);
	return fits ? 0 : error_at(error, ERROR_LIMIT, path, 0, 0, "is too long a path");
}

static int locate(const struct arguments *arguments, const char *operand, struct session *session,
		  struct error *error)
{
	char start[PATH_LIMIT];
	struct stat status;
	struct str top, root;
	if (real_path(operand ? operand : ".", start, error) < 0)
		return -1;
	if (stat(start, &status) < 0)
		return refuse_path(start, "found", error);
	bool is_folder = S_ISDIR(status.st_mode);
	struct str folder = is_folder ? str_of(start) : path_folder(str_of(start));
	if (find_above(folder, ".git", &top, error) < 0 ||
	    find_contract(folder, top, &root, error) < 0)
		return -1;
	if (operand && arguments->verb == VERB_INIT)
		root = folder;
	if (!root.at)
		root = operand && is_folder && arguments->operand_count == 1 ? folder : top;
	if (!root.at)
		root = folder;
	snprintf(session->root, sizeof session->root, "%.*s", root.length ? (int)root.length : 1,
		 root.length ? root.at : "/");
	if (top.at && root.length > top.length)
		session->prefix = str_from(str_of(session->root), top.length + 1);
	return 0;
}

static int add_filter(struct session *session, const char *operand, struct error *error)
{
	char path[PATH_LIMIT];
	if (real_path(operand, path, error) < 0)
		return -1;
	struct str root = str_of(session->root);
	if (!path_is_within(str_of(path), root))
		return error_at(error, ERROR_INVALID, operand, 0, 0,
				"is not in the tree of the other paths, %s", session->root);
	struct str relative = str_from(str_of(path), root.length + (path[root.length] == '/'));
	struct str copy = arena_str(&session->arena, relative);
	if (!copy.at)
		return error_memory(error);
	session->filters[session->filter_count++] = copy;
	return 0;
}

static int find_root(const struct arguments *arguments, bool filtered, struct session *session,
		     struct error *error)
{
	unsigned count = filtered ? arguments->operand_count : 0;
	const char *directory = arguments->values[FLAG_DIRECTORY];
	if (directory && chdir(directory) < 0)
		return refuse_path(directory, "entered", error);
	if (locate(arguments, count ? arguments->operands[0] : NULL, session, error) < 0)
		return -1;
	session->filters = arena_array(&session->arena, count, sizeof *session->filters);
	if (!session->filters)
		return error_memory(error);
	for (unsigned i = 0; i < count; i++)
		if (add_filter(session, arguments->operands[i], error) < 0)
			return -1;
	return 0;
}

/* ---- what the contracts ask of the tree ---- */

/* The literal folders that a pattern begins with. */
static struct str literal_prefix(struct str pattern)
{
	size_t end = 0;
	for (size_t i = 0; i < pattern.length; i++) {
		if (glob_is_pattern(str_first(str_from(pattern, i), 1)))
			break;
		if (pattern.at[i] == '/')
			end = i;
	}
	return str_first(pattern, end);
}

static bool exists(const void *context, struct str pattern)
{
	const struct tree *tree = context;
	if (pattern.length > 1 && pattern.at[pattern.length - 1] == '/')
		pattern.length--;
	if (str_equal(pattern, STR(".")) || tree_find(tree, pattern) != ENTRY_NONE)
		return true;
	if (!glob_is_pattern(pattern))
		return false;
	uint32_t folder = tree_find(tree, literal_prefix(pattern));
	if (folder == ENTRY_NONE)
		return false;
	for (uint32_t i = folder; i < tree->entries[folder].end; i++)
		if (glob_match(pattern, tree->entries[i].path))
			return true;
	return false;
}

static struct str *find_module_files(struct session *session, size_t *count)
{
	const struct tree *tree = &session->tree;
	*count = 0;
	for (uint32_t i = 0; i < tree->count; i++)
		*count += str_equal(path_name(tree->entries[i].path), STR(CONTRACT_MODULE_NAME));
	struct str *files = arena_array(&session->arena, *count, sizeof *files);
	size_t filled = 0;
	for (uint32_t i = 0; files && i < tree->count; i++)
		if (str_equal(path_name(tree->entries[i].path), STR(CONTRACT_MODULE_NAME)))
			files[filled++] = tree->entries[i].path;
	return files;
}

static int load_modules(struct session *session, struct error_list *errors, struct error *error)
{
	struct contract_places places = {.exists = exists, .context = &session->tree};
	places.module_files = find_module_files(session, &places.module_file_count);
	if (!places.module_files)
		return error_memory(error);
	return contracts_load_modules(session->root, &places, &session->contracts, errors, error);
}

/* ---- the stages ---- */

static struct str *texts_of(struct arena *arena, const struct words *words)
{
	struct str *texts = arena_array(arena, words->count, sizeof *texts);
	for (size_t i = 0; texts && i < words->count; i++)
		texts[i] = words->items[i].text;
	return texts;
}

static int resolve(struct session *session, unsigned threads, struct error *error)
{
	struct resolve_settings settings = {0};
	const struct contracts *contracts = &session->contracts;
	for (size_t i = 0; i < contracts->language_count; i++) {
		const struct language_settings *from = &contracts->languages[i];
		enum language language = language_named(from->language.text);
		settings.roots[language] = texts_of(&session->arena, &from->roots);
		settings.root_count[language] = from->roots.count;
		if (language != LANGUAGE_C)
			continue;
		settings.includes = texts_of(&session->arena, &from->includes);
		settings.include_count = from->includes.count;
		settings.compile_commands = from->compile_commands.text;
	}
	if (session->arena.failed)
		return error_memory(error);
	return resolve_tree(&session->tree, &settings, threads, error);
}

static int scan(struct session *session, unsigned threads, struct error *error)
{
	_cleanup_(text_release) struct text lines = {0};
	const struct words *exclude = &session->contracts.exclude;
	for (size_t i = 0; i < exclude->count; i++) {
		text_add(&lines, exclude->items[i].text);
		text_add_byte(&lines, '\n');
	}
	struct ignore_file excluded = ignore_parse(text_str(&lines), &session->arena);
	if (lines.failed || session->arena.failed)
		return error_memory(error);
	return tree_scan(session->root, &excluded, threads, &session->tree, error);
}

static unsigned thread_count(const struct arguments *arguments)
{
	const char *threads = arguments->values[FLAG_THREADS];
	unsigned count = threads ? (unsigned)strtoul(threads, NULL, 10) : crew_size();
	return count > CREW_LIMIT ? CREW_LIMIT : count;
}

static void progress(const struct session *session, const char *what)
{
	terminal_progress(session->arguments, what, session_elapsed(session));
}

static bool is_among(const struct error_list *list, const struct error *error)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].line == error->line && list->items[i].column == error->column &&
		    strcmp(list->items[i].file, error->file) == 0 &&
		    strcmp(list->items[i].message, error->message) == 0)
			return true;
	return false;
}

/* A manifest that the resolver has read too is told once. Lists are of ERROR_LIST_LIMIT. */
static void drop_known_warnings(struct session *session)
{
	struct error_list *warnings = &session->warnings;
	size_t kept = 0;
	for (size_t i = 0; i < warnings->count; i++)
		if (!is_among(&session->tree.problems, &warnings->items[i]))
			warnings->items[kept++] = warnings->items[i];
	warnings->count = kept;
}

/* Goes through all stages; what is wrong in contracts is gathered in `errors` first. */
static int run(struct session *session, struct error_list *errors, struct error *error)
{
	unsigned threads = thread_count(session->arguments);
	if (contracts_load_root(session->root, &session->contracts, errors, error) < 0)
		return -1;
	/* Without it all else would be wrong. */
	if (error_list_has(errors, ERROR_IO) || error_list_has(errors, ERROR_LIMIT))
		return 0;
	session->proposed = !session->contracts.found;
	progress(session, "reading files");
	if (scan(session, threads, error) < 0)
		return -1;
	if (session->contracts.found && load_modules(session, errors, error) < 0)
		return -1;
	if (errors->count > 0)
		return 0;
	if (session->proposed &&
	    propose_modules(&session->tree, &session->contracts, &session->warnings, error) < 0)
		return -1;
	progress(session, "resolving references");
	if (resolve(session, threads, error) < 0)
		return -1;
	drop_known_warnings(session);
	progress(session, "building the graph");
	return graph_build(&session->tree, &session->contracts, &session->graph, error);
}

/* What could not be read is told first: much of the rest may follow from it. */
static int show_errors(const struct session *session, const struct error_list *errors)
{
	const struct error_list *problems = &session->tree.problems;
	terminal_errors(session->arguments, "unreadable", problems);
	terminal_errors(session->arguments, "contract", errors);
	return problems->count > 0 || error_list_has(errors, ERROR_IO) ? EXIT_UNREADABLE
								       : EXIT_WRONG;
}

int session_open(const struct arguments *arguments, bool filtered, struct session *out)
{
	_cleanup_(error_list_clear) struct error_list errors = {0};
	struct error error;
	*out = (struct session){.arguments = arguments, .started = clock_monotonic()};
	int code = EXIT_CLEAN;
	if (find_root(arguments, filtered, out, &error) < 0 || run(out, &errors, &error) < 0)
		code = terminal_error(arguments, &error);
	terminal_progress(arguments, NULL, 0);
	if (code == EXIT_CLEAN && errors.count > 0)
		code = show_errors(out, &errors);
	if (code != EXIT_CLEAN)
		session_release(out);
	return code;
}

void session_release(struct session *session)
{
	baseline_release(&session->baseline);
	graph_release(&session->graph);
	tree_release(&session->tree);
	error_list_clear(&session->warnings);
	contracts_release(&session->contracts);
	arena_release(&session->arena);
}

bool session_shows(const struct session *session, struct str path)
{
	for (size_t i = 0; i < session->filter_count; i++)
		if (path_is_within(path, session->filters[i]))
			return true;
	return session->filter_count == 0;
}

bool session_all_read(const struct session *session)
{
	return !error_list_has(&session->tree.problems, ERROR_IO);
}

int session_require_all_read(const struct session *session, const char *outcome,
			     struct error *error)
{
	if (session_all_read(session))
		return 0;
	terminal_errors(session->arguments, "unreadable", &session->tree.problems);
	return error_set(error, ERROR_IO,
			 "%s, because not everything could be read; make it readable, or leave it "
			 "out by 'exclude' or .gitignore",
			 outcome);
}

int session_tell_unread(const struct session *session, int code)
{
	terminal_errors(session->arguments, "unreadable", &session->tree.problems);
	return code == EXIT_CLEAN && session->tree.problems.count ? EXIT_UNREADABLE : code;
}

double session_elapsed(const struct session *session)
{
	return (double)(clock_monotonic() - session->started) / 1e6;
}

static int compare_names(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

int session_summary(struct session *session, struct check_summary *out, struct error *error)
{
	const struct graph *graph = &session->graph;
	size_t count = session->contracts.module_count;
	struct str *names = arena_array(&session->arena, count, sizeof *names);
	if (!names)
		return error_memory(error);
	for (size_t i = 0; i < count; i++)
		names[i] = session->contracts.modules[i].name;
	qsort(names, count, sizeof *names, compare_names);
	*out = (struct check_summary){
		.version = ASHLAR_VERSION,
		.root = session->root,
		.files = session->tree.file_count,
		.lines = session->tree.line_count,
		.references = graph->references,
		.internal = graph->internal,
		.external = graph->external,
		.unresolved = graph->unresolved,
		.modules = names,
		.module_count = count,
		.edges = graph->edge_count,
		.duration_ms = session_elapsed(session),
		.problems = &session->tree.problems,
	};
	return 0;
}
