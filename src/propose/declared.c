/* SPDX-License-Identifier: Apache-2.0 */
/* Reads every manifest once and marks what it lists. Knows nothing of sizes, or of modules.
 *
 * Invariant: `present`, `listed` and `roots` hold a bit for each kind of manifest: whether the
 * folder has one, whether one elsewhere lists it, and whether its own says what belongs to it. */
#include "propose/declared.h"

#include <stdio.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "manifest/gomod.h"
#include "manifest/gradle.h"
#include "manifest/maven.h"
#include "manifest/package_json.h"
#include "manifest/packwerk.h"
#include "manifest/workspaces.h"
#include "propose/shape.h"

enum kind { KIND_NPM, KIND_GO, KIND_MAVEN, KIND_GRADLE, KIND_PYTHON, KIND_PACK };

/* Patterns of one workspace; more are refused, so that matching stays linear in folders. */
enum { PATTERN_LIMIT = 1000 };

/* A file with patterns of folders. */
struct workspace {
	enum kind kind;
	uint32_t file;
	uint32_t folder;
	struct places patterns;
	bool *used;    /* for each pattern: something matched */
	uint32_t next; /* of the same folder, plus 1, or 0 */
};

struct search {
	const struct tree *tree;
	uint8_t *asides;
	uint8_t *present;
	uint8_t *listed;
	uint8_t *roots;
	bool *queued; /* poms that were read or are about to be */
	uint32_t *poms;
	size_t pom_count;
	size_t pom_capacity;
	uint32_t *workspace_of; /* for each folder its last workspace + 1, or 0 */
	struct workspace *workspaces;
	size_t workspace_count;
	size_t workspace_capacity;
	struct text content; /* of the file that is read */
	struct arena arena;
	struct error_list *warnings;
	struct error *error;
};

static void search_release(struct search *search)
{
	for (size_t i = 0; i < search->workspace_count; i++)
		places_release(&search->workspaces[i].patterns);
	mem_free(search->workspaces);
	mem_free(search->poms);
	text_release(&search->content);
	arena_release(&search->arena);
}

static const struct entry *entry_of(const struct search *search, uint32_t entry)
{
	return &search->tree->entries[entry];
}

static void warn(struct search *search, uint32_t file, uint32_t line, uint32_t column,
		 const char *format, struct str text)
{
	char what[200];
	snprintf(what, sizeof what, format, STR_ARG(str_first(text, 100)));
	error_list_at(search->warnings, ERROR_NOT_FOUND, entry_of(search, file)->path.at, line,
		      column, "%s", what);
}

/* What went wrong with one manifest is told, and no reason to stop, unless memory ran out. */
static int pass_over(struct search *search, const struct error *failure)
{
	if (failure->code == ERROR_MEMORY)
		return error_memory(search->error);
	error_list_add(search->warnings, failure);
	return 0;
}

/* Reads the file into `content`. Returns 1 when it could not be read, which is told. */
static int read_content(struct search *search, uint32_t file, struct str *out)
{
	struct error failure;
	struct str path = entry_of(search, file)->path;
	const char *whole = arena_format(&search->arena, "%s/%s", search->tree->root, path.at);
	if (!whole)
		return error_memory(search->error);
	text_clear(&search->content);
	if (file_read(whole, JSON_SIZE_LIMIT, &search->content, &failure) == 0) {
		*out = text_str(&search->content);
		return 0;
	}
	if (failure.code == ERROR_MEMORY)
		return error_memory(search->error);
	error_list_at(search->warnings, failure.code, path.at, 0, 0, "%s", failure.message);
	return 1;
}

static void list(struct search *search, uint32_t folder, enum kind kind)
{
	search->listed[folder] |= (uint8_t)(1U << kind);
}

static bool has_file(const struct search *search, uint32_t folder, const char *name)
{
	return tree_find_from(search->tree, entry_of(search, folder)->path, str_of(name)) !=
	       ENTRY_NONE;
}

/* ---- patterns of folders ---- */

static int add_workspace(struct search *search, uint32_t file, enum kind kind,
			 struct places *patterns)
{
	if (patterns->count == 0)
		return 0;
	bool *used = arena_array(&search->arena, patterns->count, sizeof *used);
	if (!used || !mem_reserve(&search->workspaces, &search->workspace_capacity,
				  search->workspace_count + 1, sizeof *search->workspaces))
		return error_memory(search->error);
	if (patterns->count > PATTERN_LIMIT) {
		const struct place *first = &patterns->items[PATTERN_LIMIT];
		warn(search, file, first->line, first->column,
		     "'%.*s' is past 1,000 patterns; it and the rest is left out", first->text);
		patterns->count = PATTERN_LIMIT;
	}
	uint32_t folder = entry_of(search, file)->parent;
	search->roots[folder] |= (uint8_t)(1U << kind);
	search->workspaces[search->workspace_count++] = (struct workspace){
		kind, file, folder, *patterns, used, search->workspace_of[folder]};
	search->workspace_of[folder] = (uint32_t)search->workspace_count;
	*patterns = (struct places){0};
	return 0;
}

/* Finds texts in a file one after another, as they stand in it: readers of JSON keep no
 * places. What is not found, because it has escapes, has no place. */
struct finder {
	struct str content;
	size_t at;
	uint32_t line;
	uint32_t column;
};

static struct place find_next(struct finder *finder, struct str text)
{
	struct str rest = str_from(finder->content, finder->at);
	const char *found = text.length && rest.length
				    ? memmem(rest.at, rest.length, text.at, text.length)
				    : NULL;
	if (!found)
		return (struct place){text, 0, 0};
	for (; finder->content.at + finder->at < found; finder->at++) {
		char byte = finder->content.at[finder->at];
		finder->column += ((unsigned char)byte & 0xC0) != 0x80;
		finder->line += byte == '\n';
		if (byte == '\n')
			finder->column = 1;
	}
	return (struct place){text, finder->line, finder->column};
}

static int add_patterns(struct search *search, uint32_t file, struct str content,
			const struct str_list *patterns)
{
	_cleanup_(places_release) struct places places = {0};
	struct str path = entry_of(search, file)->path;
	struct finder finder = {content, 0, 1, 1};
	find_next(&finder,
		  str_ends(path, STR("package.json")) ? STR("\"workspaces\"") : STR("packages"));
	for (size_t i = 0; i < patterns->count && i <= PATTERN_LIMIT; i++)
		if (places_add(&places, &search->arena, path.at,
			       find_next(&finder, patterns->items[i]), search->error) < 0)
			return -1;
	return add_workspace(search, file, KIND_NPM, &places);
}

static int read_workspace(struct search *search, uint32_t file)
{
	struct str content = {0};
	struct str_list patterns = {0};
	struct error failure;
	int result = read_content(search, file, &content);
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (workspaces_read(entry_of(search, file)->path.at, content, &search->arena, &patterns,
			    &failure) < 0)
		return pass_over(search, &failure);
	return add_patterns(search, file, content, &patterns);
}

/* One with a name is a package; one without only says how its folder is to be read. */
static int read_package(struct search *search, uint32_t file)
{
	struct str content = {0};
	struct package_json package;
	struct error failure;
	uint8_t *present = &search->present[entry_of(search, file)->parent];
	int result = read_content(search, file, &content);
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (package_json_read(entry_of(search, file)->path.at, content, &search->arena, &package,
			      &failure) < 0) {
		*present |= 1U << KIND_NPM;
		return pass_over(search, &failure);
	}
	if (package.name.length > 0)
		*present |= 1U << KIND_NPM;
	return add_patterns(search, file, content, &package.workspaces);
}

static int read_packs(struct search *search, uint32_t file)
{
	struct str content = {0};
	_cleanup_(places_release) struct places patterns = {0};
	struct error failure;
	int result = read_content(search, file, &content);
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (packwerk_read(entry_of(search, file)->path.at, content, &search->arena, &patterns,
			  &failure) < 0)
		return pass_over(search, &failure);
	return add_workspace(search, file, KIND_PACK, &patterns);
}

/* Matches a folder that has a manifest against one workspace. A pattern with "!" before it
 * takes away what it matches. */
static bool is_member(struct workspace *workspace, struct str folder)
{
	bool found = false;
	for (size_t i = 0; i < workspace->patterns.count; i++) {
		struct str pattern = workspace->patterns.items[i].text;
		struct str_list one = {&pattern, 1};
		bool negated = workspace->kind == KIND_NPM && str_starts(pattern, STR("!"));
		if (negated)
			pattern = str_from(pattern, 1);
		bool matches = workspace->kind == KIND_NPM ? workspaces_match(&one, folder)
							   : packwerk_match(pattern, folder);
		if (matches && negated)
			return false;
		workspace->used[i] |= matches;
		found |= matches;
	}
	return found;
}

/* Lists the folder where a workspace right above it, or its own, holds it. */
static void match_folder(struct search *search, uint32_t folder, enum kind kind)
{
	struct str path = entry_of(search, folder)->path;
	uint32_t above = folder;
	while (above != ENTRY_NONE && !(search->roots[above] & (1U << kind)))
		above = entry_of(search, above)->parent;
	if (above == ENTRY_NONE)
		return;
	size_t skip = entry_of(search, above)->path.length;
	for (uint32_t next = search->workspace_of[above]; next > 0;) {
		struct workspace *workspace = &search->workspaces[next - 1];
		if (workspace->kind == kind &&
		    is_member(workspace, str_from(path, skip + (skip > 0))))
			list(search, folder, kind);
		next = workspace->next;
	}
}

static void match_folders(struct search *search)
{
	for (uint32_t i = 0; i < search->tree->count; i++) {
		if (!entry_of(search, i)->is_folder)
			continue;
		if (has_file(search, i, "package.json"))
			match_folder(search, i, KIND_NPM);
		if (has_file(search, i, "package.yml"))
			match_folder(search, i, KIND_PACK);
	}
}

static void warn_unused(struct search *search)
{
	for (size_t i = 0; i < search->workspace_count; i++) {
		const struct workspace *workspace = &search->workspaces[i];
		for (size_t j = 0; j < workspace->patterns.count; j++) {
			const struct place *pattern = &workspace->patterns.items[j];
			if (workspace->used[j] || str_starts(pattern->text, STR("!")))
				continue;
			warn(search, workspace->file, pattern->line, pattern->column,
			     workspace->kind == KIND_NPM
				     ? "no folder that '%.*s' matches holds a package.json"
				     : "no folder that '%.*s' matches holds a package.yml",
			     pattern->text);
		}
	}
}

/* ---- lists of folders ---- */

static uint32_t find_from(const struct search *search, uint32_t file, struct str path)
{
	return tree_find_from(search->tree, path_folder(entry_of(search, file)->path), path);
}

static int read_go_work(struct search *search, uint32_t file)
{
	struct str content = {0};
	_cleanup_(gomod_release) struct gomod work = {0};
	int result = read_content(search, file, &content);
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (gomod_parse(content, entry_of(search, file)->path.at, search->warnings, &work,
			search->error) < 0)
		return -1;
	for (size_t i = 0; i < work.use_count; i++) {
		const struct gomod_use *use = &work.uses[i];
		uint32_t folder = find_from(search, file, use->folder);
		if (folder != ENTRY_NONE && entry_of(search, folder)->is_folder &&
		    has_file(search, folder, "go.mod"))
			list(search, folder, KIND_GO);
		else
			warn(search, file, use->line, use->column,
			     "'%.*s' is no folder of the tree with a go.mod", use->folder);
	}
	return 0;
}

static int read_settings(struct search *search, uint32_t file)
{
	struct str content = {0};
	_cleanup_(gradle_release) struct gradle_settings settings = {0};
	struct error failure;
	int result = read_content(search, file, &content);
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (gradle_read(entry_of(search, file)->path.at, content, &search->arena, &settings,
			&failure) < 0)
		return pass_over(search, &failure);
	uint32_t own = entry_of(search, file)->parent;
	search->present[own] |= 1U << KIND_GRADLE;
	if (settings.computed.count == 0 && settings.count > 0)
		search->roots[own] |= 1U << KIND_GRADLE;
	for (size_t i = 0; i < settings.count; i++) {
		const struct gradle_project *project = &settings.projects[i];
		uint32_t folder = find_from(search, file, project->folder);
		if (folder != ENTRY_NONE && entry_of(search, folder)->is_folder)
			list(search, folder, KIND_GRADLE);
		else
			warn(search, file, project->line, project->column,
			     "'%.*s' is no folder of the tree", project->folder);
	}
	for (size_t i = 0; i < settings.computed.count; i++)
		warn(search, file, settings.computed.items[i].line,
		     settings.computed.items[i].column,
		     "'%.*s' is computed: its projects are found by their build files only",
		     settings.computed.items[i].text);
	return 0;
}

static int queue_pom(struct search *search, uint32_t file)
{
	if (search->queued[file])
		return 0;
	if (!mem_reserve(&search->poms, &search->pom_capacity, search->pom_count + 1,
			 sizeof *search->poms))
		return error_memory(search->error);
	search->queued[file] = true;
	search->poms[search->pom_count++] = file;
	return 0;
}

/* A module is a folder with a pom.xml, or a pom by another name. */
static int list_module(struct search *search, uint32_t pom, const struct place *module)
{
	uint32_t found = find_from(search, pom, module->text);
	if (found != ENTRY_NONE && entry_of(search, found)->is_folder)
		found = tree_find_from(search->tree, entry_of(search, found)->path, STR("pom.xml"));
	if (found == ENTRY_NONE) {
		warn(search, pom, module->line, module->column,
		     memmem(module->text.at, module->text.length, "${", 2)
			     ? "'%.*s' holds a property, which is not looked up"
			     : "'%.*s' is no folder of the tree with a pom.xml",
		     module->text);
		return 0;
	}
	list(search, entry_of(search, found)->parent, KIND_MAVEN);
	return queue_pom(search, found);
}

static int read_pom(struct search *search, uint32_t file)
{
	struct str content = {0};
	_cleanup_(places_release) struct places modules = {0};
	struct error failure;
	int result = read_content(search, file, &content);
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (maven_read(entry_of(search, file)->path.at, content, &search->arena, &modules,
		       &failure) < 0)
		return pass_over(search, &failure);
	if (modules.count > 0)
		search->roots[entry_of(search, file)->parent] |= 1U << KIND_MAVEN;
	for (size_t i = 0; i < modules.count; i++)
		if (list_module(search, file, &modules.items[i]) < 0)
			return -1;
	return 0;
}

/* ---- all manifests ---- */

static const struct manifest {
	struct str name;
	enum kind kind;
	bool present; /* by itself says that its folder is a package */
	int (*read)(struct search *search, uint32_t file);
} MANIFESTS[] = {
	{{"package.json", 12}, KIND_NPM, false, read_package},
	{{"pnpm-workspace.yaml", 19}, KIND_NPM, false, read_workspace},
	{{"lerna.json", 10}, KIND_NPM, false, read_workspace},
	{{"go.mod", 6}, KIND_GO, true, NULL},
	{{"go.work", 7}, KIND_GO, false, read_go_work},
	{{"pom.xml", 7}, KIND_MAVEN, true, queue_pom},
	{{"build.gradle", 12}, KIND_GRADLE, true, NULL},
	{{"build.gradle.kts", 16}, KIND_GRADLE, true, NULL},
	{{"settings.gradle", 15}, KIND_GRADLE, false, read_settings},
	{{"settings.gradle.kts", 19}, KIND_GRADLE, false, read_settings},
	{{"pyproject.toml", 14}, KIND_PYTHON, true, NULL},
	{{"setup.py", 8}, KIND_PYTHON, true, NULL},
	{{"setup.cfg", 9}, KIND_PYTHON, true, NULL},
	{{"package.yml", 11}, KIND_PACK, true, NULL},
	{{"packwerk.yml", 12}, KIND_PACK, false, read_packs},
	{{"packs.yml", 9}, KIND_PACK, false, read_packs},
};

static const struct manifest *manifest_of(struct str path)
{
	struct str name = path_name(path);
	for (size_t i = 0; i < sizeof MANIFESTS / sizeof *MANIFESTS; i++)
		if (str_equal(name, MANIFESTS[i].name))
			return &MANIFESTS[i];
	return NULL;
}

static int read_manifests(struct search *search)
{
	for (uint32_t i = 0; i < search->tree->count; i++) {
		const struct entry *entry = entry_of(search, i);
		if (entry->is_folder || search->asides[i] == ASIDE_NEVER)
			continue;
		const struct manifest *manifest = manifest_of(entry->path);
		if (!manifest)
			continue;
		if (manifest->present)
			search->present[entry->parent] |= (uint8_t)(1U << manifest->kind);
		if (manifest->read && manifest->read(search, i) < 0)
			return -1;
	}
	for (size_t i = 0; i < search->pom_count; i++)
		if (read_pom(search, search->poms[i]) < 0)
			return -1;
	match_folders(search);
	warn_unused(search);
	return 0;
}

/* ---- what counts ---- */

/* The kinds for which a folder above says what belongs to it. */
static uint8_t governed(const struct search *search, uint32_t folder)
{
	uint8_t kinds = 0;
	for (uint32_t above = entry_of(search, folder)->parent; above != ENTRY_NONE;
	     above = entry_of(search, above)->parent)
		kinds |= search->roots[above];
	return kinds;
}

static void mark_packages(struct search *search, bool *packages)
{
	/* Every go.mod makes a module, also one that no go.work uses; and Gradle's included
	 * builds are roots of their own. */
	enum { ALWAYS = 1U << KIND_GO };
	for (uint32_t i = 0; i < search->tree->count; i++) {
		uint8_t present = search->present[i];
		if (present & ~ALWAYS)
			present &= (uint8_t)~governed(search, i) | ALWAYS;
		packages[i] = present || search->listed[i];
	}
}

/* Entries come before what is below them, so what a parent became is known. */
static void bring_back_tools(struct search *search)
{
	bool *back = arena_array(&search->arena, search->tree->count, sizeof *back);
	for (uint32_t i = 1; back && i < search->tree->count; i++) {
		back[i] = search->asides[i] == ASIDE_TOOL &&
			  (search->listed[i] || back[entry_of(search, i)->parent]);
		if (back[i])
			search->asides[i] = ASIDE_NOT;
	}
}

int declared_find(const struct tree *tree, uint8_t *asides, bool *packages,
		  struct error_list *warnings, struct error *error)
{
	_cleanup_(search_release) struct search search = {
		.tree = tree, .asides = asides, .warnings = warnings, .error = error};
	search.present = arena_array(&search.arena, tree->count, sizeof *search.present);
	search.listed = arena_array(&search.arena, tree->count, sizeof *search.listed);
	search.roots = arena_array(&search.arena, tree->count, sizeof *search.roots);
	search.queued = arena_array(&search.arena, tree->count, sizeof *search.queued);
	search.workspace_of = arena_array(&search.arena, tree->count, sizeof(uint32_t));
	if (search.arena.failed)
		return error_memory(error);
	if (read_manifests(&search) < 0)
		return -1;
	mark_packages(&search, packages);
	bring_back_tools(&search);
	return search.arena.failed ? error_memory(error) : 0;
}
