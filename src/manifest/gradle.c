/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what a settings script names. Must not know the tree, or whether what it finds is there.
 *
 * Invariant: one token is looked at ahead of those that are taken, so no call takes more than
 * its own. Calls of other things' methods of the same names (`spec.include`) are passed over. */
#include "manifest/gradle.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "manifest/gradle_lex.h"

struct reader {
	struct gradle_lexer lexer;
	struct gradle_token next;
	struct gradle_token last; /* that was taken */
	bool of_settings;         /* `last` is the '.' of "settings." or "this." */
	const char *path;
	struct arena *arena;
	struct error *error;
	struct gradle_settings settings;
	struct gradle_project *moved; /* what projectDir says: names and their folders */
	size_t moved_count;
	size_t moved_capacity;
};

void gradle_release(struct gradle_settings *settings)
{
	mem_free(settings->projects);
	places_release(&settings->computed);
	*settings = (struct gradle_settings){0};
}

static void reader_release(struct reader *reader)
{
	gradle_release(&reader->settings);
	mem_free(reader->moved);
}

static bool is_word(const struct gradle_token *token, struct str word)
{
	return token->kind == GRADLE_WORD && str_equal(token->text, word);
}

static struct gradle_token take_token(struct reader *reader)
{
	struct gradle_token taken = reader->next;
	reader->of_settings =
		gradle_is_sign(&taken, '.') &&
		(is_word(&reader->last, STR("settings")) || is_word(&reader->last, STR("this")));
	reader->last = taken;
	reader->next = gradle_next(&reader->lexer);
	return taken;
}

/* Takes the sign if it comes next. */
static bool take_sign(struct reader *reader, char byte)
{
	bool found = gradle_is_sign(&reader->next, byte);
	if (found)
		take_token(reader);
	return found;
}

static bool is_among(const struct gradle_token *token, const char *const *words)
{
	for (; *words; words++)
		if (is_word(token, str_of(*words)))
			return true;
	return false;
}

/* ---- texts ---- */

/* Ways to say the folder of the settings file at the start of a text. */
static struct str without_root(struct str text)
{
	static const char *const ROOTS[] = {
		"${rootDir}/",
		"$rootDir/",
		"${settingsDir}/",
		"$settingsDir/",
		"${rootProject.projectDir}/",
		"$rootProject.projectDir/",
		"${rootDir.path}/",
		"${settings.rootDir}/",
		NULL,
	};
	for (const char *const *root = ROOTS; *root; root++)
		if (str_starts(text, str_of(*root)))
			return str_from(text, strlen(*root));
	return text;
}

/* Whether it says what it says whatever the rest of the script does. */
static bool is_literal(const struct gradle_token *token, struct str text)
{
	return token->plain && (!token->template || str_find(text, '$') < 0);
}

/* A file's pattern in another thing's `include`, as in "fileTree { include '*.gradle' }". */
static bool is_file_pattern(struct str text)
{
	return str_find(text, '*') >= 0 || str_find(text, '?') >= 0;
}

static int add_computed(struct reader *reader, const struct gradle_token *token)
{
	struct places *computed = &reader->settings.computed;
	struct place place = {token->text, token->line, token->column};
	if (computed->count >= ERROR_LIST_LIMIT)
		return 0;
	return places_add(computed, reader->arena, reader->path, place, reader->error);
}

/* ---- include ---- */

static struct str without_colon(struct str name)
{
	return str_starts(name, STR(":")) ? str_from(name, 1) : name;
}

/* "a:b" is in the folder a/b. */
static struct str folder_of(struct reader *reader, struct str name, const char *above)
{
	const char *folder = arena_format(reader->arena, "%s%.*s", above, STR_ARG(name));
	for (char *at = (char *)folder; at && *at; at++)
		if (*at == ':')
			*at = '/';
	return str_of(folder);
}

struct call {
	struct str word;
	enum gradle_kind kind;
	const char *above; /* what is before a name to make a path */
};

static const struct call CALLS[] = {
	{{"include", 7}, GRADLE_PROJECT, ""},
	{{"includeFlat", 11}, GRADLE_PROJECT, "../"},
	{{"includeBuild", 12}, GRADLE_INCLUDED, ""},
};

static int add_project(struct reader *reader, const struct call *call,
		       const struct gradle_token *token)
{
	struct gradle_settings *settings = &reader->settings;
	bool is_build = call->kind == GRADLE_INCLUDED;
	struct str text = is_build ? without_root(token->text) : token->text;
	if (!is_literal(token, text))
		return add_computed(reader, token);
	if (is_file_pattern(text) || text.length == 0)
		return 0;
	if (settings->count >= PLACES_LIMIT)
		return error_at(reader->error, ERROR_LIMIT, reader->path, token->line,
				token->column, "is past %d projects, the most that are read",
				PLACES_LIMIT);
	struct str name = arena_str(reader->arena, is_build ? text : without_colon(text));
	struct str folder = is_build ? name : folder_of(reader, name, call->above);
	if (!folder.at || !mem_reserve(&settings->projects, &settings->capacity,
				       settings->count + 1, sizeof *settings->projects))
		return error_memory(reader->error);
	settings->projects[settings->count++] =
		(struct gradle_project){call->kind, name, folder, token->line, token->column};
	return 0;
}

/* Words that may stand among the texts of a list without making it computed. */
static const char *const LIST_WORDS[] = {
	"listOf", "arrayOf", "setOf", "as",  "file", "toTypedArray", "toList",      "String",
	"toSet",  "Set",     "List",  "new", "File", "rootDir",      "settingsDir", NULL};

/* Whether the arguments go on. Without parentheses they end with the line, unless there is a
 * comma at its end. */
static bool goes_on(const struct reader *reader, int depth, bool after_comma)
{
	const struct gradle_token *next = &reader->next;
	if (next->kind == GRADLE_END || gradle_is_sign(next, '{') || gradle_is_sign(next, '}'))
		return false;
	if (next->kind == GRADLE_NEWLINE)
		return depth > 0 || (after_comma && next->text.at[0] == '\n');
	return depth > 0 || !(gradle_is_sign(next, ')') || gradle_is_sign(next, ']'));
}

/* Of a call that computes what it names one word is told. */
static int read_argument(struct reader *reader, const struct call *call,
			 const struct gradle_token *token, bool joined, bool told)
{
	if (token->kind == GRADLE_TEXT)
		return joined || gradle_is_sign(&reader->next, '+')
			       ? add_computed(reader, token)
			       : add_project(reader, call, token);
	if (token->kind == GRADLE_WORD && !told && !is_among(token, LIST_WORDS))
		return add_computed(reader, token);
	return 0;
}

static bool starts_arguments(const struct gradle_token *next)
{
	return next->kind != GRADLE_NEWLINE && !gradle_is_sign(next, '=') &&
	       !gradle_is_sign(next, ':');
}

/* The arguments of a call: all texts in them, however deep in lists. Where a method that
 * is not known makes something else of them, none counts. */
static int read_call(struct reader *reader, const struct call *call)
{
	size_t before = reader->settings.count, computed = reader->settings.computed.count;
	int depth = 0;
	bool after_comma = false, joined = false, after_dot = false;
	if (!starts_arguments(&reader->next))
		return 0;
	while (goes_on(reader, depth, after_comma)) {
		struct gradle_token token = take_token(reader);
		depth += gradle_is_sign(&token, '(') || gradle_is_sign(&token, '[');
		depth -= gradle_is_sign(&token, ')') || gradle_is_sign(&token, ']');
		bool told = reader->settings.computed.count > computed;
		if (read_argument(reader, call, &token, joined, told) < 0)
			return -1;
		if (after_dot && reader->settings.computed.count > computed)
			reader->settings.count = before;
		if (token.kind != GRADLE_NEWLINE)
			after_comma = gradle_is_sign(&token, ',');
		joined = gradle_is_sign(&token, '+');
		after_dot = gradle_is_sign(&token, '.');
	}
	return 0;
}

/* ---- projectDir ---- */

static const char *const FOLDER_WORDS[] = {
	"file",    "File",     "new", "settingsDir", "rootDir", "rootProject", "projectDir",
	"resolve", "settings", "as",  "path",        "toFile",  NULL};

/* The one text in an expression for a folder, up to the end of the statement. False when there
 * is none, or more, or something that is computed. */
static bool read_folder(struct reader *reader, struct str *out)
{
	int depth = 0, texts = 0;
	bool simple = true;
	while (reader->next.kind == GRADLE_NEWLINE)
		take_token(reader);
	while (goes_on(reader, depth, false)) {
		struct gradle_token token = take_token(reader);
		depth += gradle_is_sign(&token, '(');
		depth -= gradle_is_sign(&token, ')');
		if (token.kind == GRADLE_TEXT) {
			*out = without_root(token.text);
			simple &= is_literal(&token, *out);
			texts++;
		}
		simple &= token.kind != GRADLE_WORD || is_among(&token, FOLDER_WORDS);
		simple &= !gradle_is_sign(&token, '+');
	}
	return simple && texts == 1;
}

static int move_project(struct reader *reader, struct str name, struct str folder)
{
	if (!mem_reserve(&reader->moved, &reader->moved_capacity, reader->moved_count + 1,
			 sizeof *reader->moved))
		return error_memory(reader->error);
	struct gradle_project *moved = &reader->moved[reader->moved_count++];
	*moved = (struct gradle_project){.name = without_colon(name)};
	/* File(settingsDir, "/x") is below it all the same. */
	while (str_starts(folder, STR("/")))
		folder = str_from(folder, 1);
	moved->folder = arena_str(reader->arena, folder);
	return moved->folder.at ? 0 : error_memory(reader->error);
}

/* project(':x').projectDir = ..., also with findProject, ?., !! and setProjectDir(...). */
static int read_project(struct reader *reader)
{
	struct str folder = {0};
	if (!take_sign(reader, '(') || reader->next.kind != GRADLE_TEXT)
		return 0;
	struct gradle_token name = take_token(reader);
	if (!take_sign(reader, ')'))
		return 0;
	while (take_sign(reader, '?') || take_sign(reader, '!'))
		;
	if (!take_sign(reader, '.'))
		return 0;
	if (is_word(&reader->next, STR("projectDir"))) {
		take_token(reader);
		if (!take_sign(reader, '='))
			return 0;
	} else if (is_word(&reader->next, STR("setProjectDir"))) {
		take_token(reader);
	} else {
		return 0;
	}
	if (!read_folder(reader, &folder) || !is_literal(&name, name.text))
		return add_computed(reader, &name);
	return move_project(reader, name.text, folder);
}

/* Names may be written with ':' or '/' between their parts; the last word on a name counts. */
static int apply_moves(struct reader *reader)
{
	_cleanup_(map_release) struct map by_name = {0};
	for (uint32_t i = 0; i < reader->moved_count; i++)
		if (!map_put(&by_name, reader->moved[i].name, i))
			return error_memory(reader->error);
	for (size_t i = 0; i < reader->settings.count; i++) {
		struct gradle_project *project = &reader->settings.projects[i];
		uint32_t moved = map_get(&by_name, project->name);
		if (project->kind == GRADLE_PROJECT && moved != MAP_NONE)
			project->folder = reader->moved[moved].folder;
	}
	return 0;
}

/* ---- all of it ---- */

static int read_word(struct reader *reader, const struct gradle_token *word)
{
	if (is_word(word, STR("project")) || is_word(word, STR("findProject")))
		return read_project(reader);
	for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++)
		if (is_word(word, CALLS[i].word))
			return read_call(reader, &CALLS[i]);
	return 0;
}

static int read_script(struct reader *reader)
{
	reader->next = gradle_next(&reader->lexer);
	while (reader->next.kind != GRADLE_END) {
		bool of_another = gradle_is_sign(&reader->last, '.') && !reader->of_settings;
		struct gradle_token token = take_token(reader);
		if (token.kind == GRADLE_WORD && !of_another && read_word(reader, &token) < 0)
			return -1;
	}
	return apply_moves(reader);
}

bool gradle_is_settings(struct str name)
{
	return str_equal(name, STR("settings.gradle")) ||
	       str_equal(name, STR("settings.gradle.kts"));
}

int gradle_read(const char *path, struct str text, struct arena *arena, struct gradle_settings *out,
		struct error *error)
{
	_cleanup_(reader_release) struct reader reader = {
		.path = path, .arena = arena, .error = error};
	*out = (struct gradle_settings){0};
	if (text.length > GRADLE_SIZE_LIMIT)
		return error_at(error, ERROR_LIMIT, path, 0, 0, "is larger than 4 MiB");
	gradle_lexer_init(&reader.lexer, text, str_ends(str_of(path), STR(".kts")));
	if (read_script(&reader) < 0)
		return -1;
	*out = reader.settings;
	reader.settings = (struct gradle_settings){0};
	return 0;
}
