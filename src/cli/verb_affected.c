/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar affected: the modules that changed since a revision, and all that depend on them. */
#include <string.h>

#include "change/change.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "graph/digraph.h"

struct affected {
	const struct session *session;
	bool *changed;  /* by module */
	bool *lost;     /* a file of it is gone */
	bool *affected; /* changed, or depends on one that is */
	bool all;       /* a change that can affect every module */
};

/* The module of a path that may be gone: of its nearest folder that is there. */
static uint32_t module_of_path(const struct session *session, struct str path)
{
	uint32_t entry = tree_find(&session->tree, path);
	while (entry == ENTRY_NONE) {
		path = path_folder(path);
		entry = tree_find(&session->tree, path);
	}
	return session->graph.module_of[entry];
}

/* Changes outside of all modules: the contracts of the whole tree affect everything, as do
 * manifests and build files at the root; other files affect nobody. */
static bool affects_all(struct str path)
{
	static const char *const NAMES[] = {"ashlar.yaml",
					    "package.json",
					    "package-lock.json",
					    "pnpm-lock.yaml",
					    "yarn.lock",
					    "tsconfig.json",
					    "go.mod",
					    "go.sum",
					    "go.work",
					    "pom.xml",
					    "build.gradle",
					    "settings.gradle",
					    "build.gradle.kts",
					    "settings.gradle.kts",
					    "pyproject.toml",
					    "setup.py",
					    "setup.cfg",
					    "requirements.txt",
					    "meson.build",
					    "CMakeLists.txt",
					    "Makefile",
					    "tsconfig.base.json",
					    "poetry.lock",
					    "uv.lock",
					    "gradle.properties"};
	if (path_folder(path).length > 0)
		return false;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (str_equal(path, str_of(NAMES[i])))
			return true;
	return false;
}

static void mark_changed(struct affected *affected, const struct change_list *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		uint32_t module = module_of_path(affected->session, changes->paths[i]);
		bool is_gone = tree_find(&affected->session->tree, changes->paths[i]) == ENTRY_NONE;
		if (module != MODULE_NONE) {
			affected->changed[module] = true;
			affected->lost[module] |= is_gone;
		} else if (affects_all(changes->paths[i]))
			affected->all = true;
	}
}

/* Whoever referenced a file that is gone has no edge to it any more, so here what modules
 * declare counts. */
static bool may_miss_a_file(const struct affected *affected, const struct module *module)
{
	for (size_t i = 0; i < module->depends_on.count; i++)
		if (affected->lost[module->depends_on.items[i].module])
			return true;
	return false;
}

static int mark_affected(struct affected *affected, struct error *error)
{
	_cleanup_(digraph_release) struct digraph users = {0};
	size_t count = affected->session->contracts.module_count;
	for (size_t i = 0; i < count; i++)
		affected->affected[i] = affected->changed[i] || affected->all;
	if (affected->session->arguments->given[FLAG_DIRECT])
		return 0;
	for (size_t i = 0; i < count; i++)
		affected->affected[i] |=
			may_miss_a_file(affected, &affected->session->contracts.modules[i]);
	if (digraph_reverse(&affected->session->graph.modules, &users, error) < 0)
		return -1;
	return digraph_reach(&users, affected->affected, error);
}

static void write_text(const struct affected *affected, struct text *out)
{
	const struct contracts *contracts = &affected->session->contracts;
	for (size_t i = 0; i < contracts->module_count; i++)
		if (affected->affected[i])
			text_addf(out, "%.*s\n", STR_ARG(contracts->modules[i].name));
}

static void write_json(const struct affected *affected, const struct change_list *changes,
		       struct text *out)
{
	const struct contracts *contracts = &affected->session->contracts;
	const char *comma = "";
	text_add(out, STR("{\"modules\": ["));
	for (size_t i = 0; i < contracts->module_count; i++) {
		if (!affected->affected[i])
			continue;
		text_addf(out, "%s\n  {\"module\": ", comma);
		text_add_json(out, contracts->modules[i].name);
		text_addf(out, ", \"path\": ");
		text_add_json(out, contracts->modules[i].path);
		text_addf(out, ", \"changed\": %s}", affected->changed[i] ? "true" : "false");
		comma = ",";
	}
	text_add(out, STR("],\n \"files\": ["));
	for (size_t i = 0; i < changes->count; i++) {
		text_addf(out, "%s\n  ", i ? "," : "");
		text_add_json(out, changes->paths[i]);
	}
	text_addf(out, "],\n \"all\": %s}\n", affected->all ? "true" : "false");
}

static int find_affected(struct session *session, struct change_list *changes, struct text *out,
			 struct error *error)
{
	const struct arguments *arguments = session->arguments;
	const char *base = arguments->values[FLAG_BASE] ? arguments->values[FLAG_BASE] : "HEAD";
	const char *format = arguments->values[FLAG_FORMAT];
	size_t count = session->contracts.module_count;
	struct affected affected = {
		.session = session,
		.changed = arena_array(&session->arena, count, sizeof(bool)),
		.lost = arena_array(&session->arena, count, sizeof(bool)),
		.affected = arena_array(&session->arena, count, sizeof(bool)),
	};
	if (session->arena.failed)
		return error_memory(error);
	if (change_list_since(session->root, base, changes, error) < 0)
		return -1;
	mark_changed(&affected, changes);
	if (mark_affected(&affected, error) < 0)
		return -1;
	if (format && strcmp(format, "json") == 0)
		write_json(&affected, changes, out);
	else
		write_text(&affected, out);
	return out->failed ? error_memory(error) : 0;
}

int verb_affected(const struct arguments *arguments)
{
	_cleanup_(session_release) struct session session = {0};
	_cleanup_(change_list_release) struct change_list changes = {0};
	_cleanup_(text_release) struct text out = {0};
	struct error error;
	int code = session_open(arguments, false, &session);
	if (code != EXIT_CLEAN)
		return code;
	if (find_affected(&session, &changes, &out, &error) < 0)
		return terminal_error(arguments, &error);
	return session_tell_unread(&session, terminal_write(arguments, text_str(&out)));
}
