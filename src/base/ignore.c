/* SPDX-License-Identifier: Apache-2.0 */
/* gitignore(5) as git itself reads it, odd corners included: of a pattern with a slash the
 * bytes before its first wildcard are compared first, and only the rest is a glob, so that
 * "a**" + "/b" spans folders. Opens no file and knows no work tree. */
#include "base/ignore.h"

#include <stdint.h>

#include "base/glob.h"
#include "base/path.h"

struct ignore_pattern {
	struct str text;  /* without '!', leading and trailing slash */
	uint32_t literal; /* bytes before the first wildcard */
	bool negated;
	bool folders_only;
	bool name_only; /* no slash: looks at the last part of a path */
	bool is_suffix; /* `*` and literal bytes */
};

/* Cuts trailing blanks off, except one behind a '\'. */
static struct str without_blanks(struct str line)
{
	size_t end = 0;
	for (size_t i = 0; i < line.length; i++) {
		if (line.at[i] == '\\')
			i++;
		else if (line.at[i] == ' ')
			continue;
		end = i + 1;
	}
	return str_first(line, end);
}

static size_t literal_length(struct str text)
{
	size_t i = 0;
	while (i < text.length && !glob_is_pattern((struct str){text.at + i, 1}))
		i++;
	return i;
}

static struct ignore_pattern pattern_of(struct str line)
{
	struct ignore_pattern pattern = {0};
	if (str_starts(line, STR("!"))) {
		pattern.negated = true;
		line = str_from(line, 1);
	}
	if (str_ends(line, STR("/"))) {
		pattern.folders_only = true;
		line.length--;
	}
	pattern.name_only = str_find(line, '/') < 0;
	if (str_starts(line, STR("/")))
		line = str_from(line, 1);
	pattern.text = line;
	pattern.literal = (uint32_t)literal_length(line);
	pattern.is_suffix = str_starts(line, STR("*")) && !glob_is_pattern(str_from(line, 1));
	return pattern;
}

/* The line as a pattern's text; empty when it is none. */
static struct str clean_line(struct str line)
{
	ptrdiff_t nul = str_find(line, '\0');
	if (line.length > 0 && line.at[0] == '#')
		return (struct str){0};
	if (str_ends(line, STR("\r")))
		line.length--;
	return without_blanks(str_first(line, nul < 0 ? line.length : (size_t)nul));
}

struct ignore_file ignore_parse(struct str content, struct arena *arena)
{
	if (str_starts(content, STR("\xEF\xBB\xBF")))
		content = str_from(content, 3);
	size_t lines = 1;
	for (size_t i = 0; i < content.length; i++)
		lines += content.at[i] == '\n';
	struct ignore_file file = {arena_array(arena, lines, sizeof *file.patterns), 0};
	struct str copy = arena_str(arena, content);
	if (!file.patterns || !copy.at)
		return (struct ignore_file){0};
	struct str line;
	while (str_split(&copy, '\n', &line)) {
		struct ignore_pattern pattern = pattern_of(clean_line(line));
		if (pattern.text.length > 0 && pattern.text.length <= IGNORE_PATTERN_LIMIT)
			file.patterns[file.count++] = pattern;
	}
	return file;
}

static bool pattern_matches(const struct ignore_pattern *pattern, struct str path, struct str name)
{
	struct str text = pattern->text;
	if (pattern->name_only)
		path = name;
	if (pattern->is_suffix && pattern->name_only)
		return str_ends(path, str_from(text, 1));
	if (!str_starts(path, str_first(text, pattern->literal)))
		return false;
	if (pattern->literal == text.length)
		return path.length == text.length;
	/* In a name even "**" is no more than "*", as no slash is there to span. */
	if (pattern->name_only)
		return glob_match(text, path);
	return glob_match(str_from(text, pattern->literal), str_from(path, pattern->literal));
}

enum ignore_verdict ignore_match(const struct ignore_file *file, struct str path, bool is_folder)
{
	struct str name = path_name(path);
	for (size_t i = file->count; i-- > 0;) {
		const struct ignore_pattern *pattern = &file->patterns[i];
		if (pattern->folders_only && !is_folder)
			continue;
		if (pattern_matches(pattern, path, name))
			return pattern->negated ? IGNORE_NO : IGNORE_YES;
	}
	return IGNORE_SILENT;
}

const struct ignore_chain *ignore_chain_add(const struct ignore_chain *weaker, struct str content,
					    size_t base, struct arena *arena)
{
	struct ignore_chain *chain = arena_alloc(arena, sizeof *chain);
	if (!chain)
		return NULL;
	*chain = (struct ignore_chain){weaker, ignore_parse(content, arena), base};
	return arena->failed ? NULL : chain;
}

bool ignore_chain_match(const struct ignore_chain *chain, struct str path, bool is_folder)
{
	for (; chain; chain = chain->weaker) {
		enum ignore_verdict verdict =
			ignore_match(&chain->file, str_from(path, chain->base), is_folder);
		if (verdict != IGNORE_SILENT)
			return verdict == IGNORE_YES;
	}
	return false;
}
