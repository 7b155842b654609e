/* SPDX-License-Identifier: Apache-2.0 */
/* Globs as git's wildmatch reads them with WM_PATHNAME, without its recursion. One way back
 * for the last `*`, which must stay in its part, and one for the last `**`: an earlier star
 * never has to be tried again, because the text between two stars was matched as early as it
 * can be, and what a later place leaves over is only less. Touches no file. */
#include "base/glob.h"

#include <ctype.h>
#include <stddef.h>

/* Where to go on when what follows a star did not match. */
struct way_back {
	bool open;
	size_t pattern; /* behind the star */
	size_t path;    /* where the star ended last time */
};

struct match {
	struct str pattern;
	struct str path;
	size_t at_pattern;
	size_t at_path;
	struct way_back star;
	struct way_back deep;
};

/* A walk through "[...]"; `ok` is false when it is no set. */
struct set {
	struct str pattern;
	size_t at;
	unsigned char wanted;
	unsigned char before; /* last single byte, which may begin a range; 0: none */
	size_t bracket;       /* the first ']' from a "[:" on; 0: not looked for */
	bool found;
	bool ok;
};

static unsigned char byte_at(struct str text, size_t at)
{
	return at < text.length ? (unsigned char)text.at[at] : 0;
}

static bool class_has(struct str name, unsigned char byte, bool *found)
{
	static const struct {
		const char *name;
		int (*has)(int);
	} CLASSES[] = {
		{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
		{"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
		{"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
	};
	for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++) {
		if (!str_equal(name, str_of(CLASSES[i].name)))
			continue;
		*found |= byte < 0x80 && CLASSES[i].has(byte) != 0;
		return true;
	}
	return false;
}

/* At "[:": a class, or else a '[' like any byte. */
static void set_class(struct set *set)
{
	struct str rest = str_from(set->pattern, set->at + 2);
	if (set->bracket < set->at + 2)
		set->bracket = set->at + 2 + (size_t)str_find(rest, ']');
	ptrdiff_t end = (ptrdiff_t)set->bracket - (ptrdiff_t)set->at - 2;
	set->before = 0;
	if (end < 0) {
		set->ok = false;
	} else if (end == 0 || rest.at[end - 1] != ':') {
		set->found |= set->wanted == '[';
		set->before = '[';
		set->at++;
	} else {
		set->ok = class_has(str_first(rest, (size_t)end - 1), set->wanted, &set->found);
		set->at += 2 + (size_t)end + 1;
	}
}

/* The byte at `at`, taken as it is behind a '\'. */
static unsigned char set_byte(struct set *set)
{
	if (byte_at(set->pattern, set->at) == '\\')
		set->at++;
	set->ok = set->at < set->pattern.length;
	return byte_at(set->pattern, set->at++);
}

static void set_step(struct set *set)
{
	unsigned char byte = byte_at(set->pattern, set->at);
	unsigned char next = byte_at(set->pattern, set->at + 1);
	if (byte == '-' && set->before && next && next != ']') {
		set->at++;
		unsigned char last = set_byte(set);
		set->found |= set->wanted >= set->before && set->wanted <= last;
		set->before = 0;
	} else if (byte == '[' && next == ':') {
		set_class(set);
	} else {
		set->before = set_byte(set);
		set->found |= set->wanted == set->before;
	}
}

/* At '[' of the pattern: whether the set has the byte at hand; then goes behind both. */
static bool match_set(struct match *match)
{
	struct set set = {.pattern = match->pattern, .at = match->at_pattern + 1, .ok = true};
	set.wanted = byte_at(match->path, match->at_path);
	unsigned char first = byte_at(set.pattern, set.at);
	bool negated = first == '!' || first == '^';
	set.at += negated;
	do
		set_step(&set);
	while (set.ok && set.at < set.pattern.length && set.pattern.at[set.at] != ']');
	if (!set.ok || set.at >= set.pattern.length || set.found == negated || set.wanted == '/')
		return false;
	match->at_pattern = set.at + 1;
	match->at_path++;
	return true;
}

static bool match_byte(struct match *match, unsigned char byte)
{
	if (byte_at(match->path, match->at_path) != byte)
		return false;
	if (byte == '/')
		match->star.open = false;
	match->at_pattern++;
	match->at_path++;
	return true;
}

/* At the first '*' of the pattern. */
static bool match_star(struct match *match)
{
	size_t first = match->at_pattern, behind = first;
	while (byte_at(match->pattern, behind) == '*')
		behind++;
	struct str rest = str_from(match->pattern, behind);
	bool escaped = str_starts(rest, STR("\\/"));
	bool whole = behind - first > 1 && (first == 0 || match->pattern.at[first - 1] == '/') &&
		     (rest.length == 0 || rest.at[0] == '/' || escaped);
	if (!whole) {
		match->star = (struct way_back){true, behind, match->at_path};
		match->at_pattern = behind;
		return true;
	}
	if (rest.length == 0) {
		match->at_path = match->path.length;
		match->at_pattern = behind;
		return true;
	}
	match->at_pattern = behind + 1 + escaped;
	match->deep = (struct way_back){true, match->at_pattern, match->at_path};
	match->star.open = false;
	return !escaped; /* as in git, "**\/" wants one part at least */
}

static bool match_step(struct match *match)
{
	if (match->at_pattern >= match->pattern.length)
		return false;
	unsigned char byte = byte_at(match->pattern, match->at_pattern);
	if (byte == '*')
		return match_star(match);
	if (match->at_path >= match->path.length)
		return false;
	switch (byte) {
	case '?':
		if (match->path.at[match->at_path] == '/')
			return false;
		match->at_pattern++;
		match->at_path++;
		return true;
	case '[': return match_set(match);
	case '\\':
		if (++match->at_pattern >= match->pattern.length)
			return false;
		return match_byte(match, byte_at(match->pattern, match->at_pattern));
	default: return match_byte(match, byte);
	}
}

/* Lets the last star take one byte more, or the last "**" one part more. */
static bool match_again(struct match *match)
{
	struct way_back *star = &match->star, *deep = &match->deep;
	if (star->open && star->path < match->path.length && match->path.at[star->path] != '/') {
		match->at_path = ++star->path;
		match->at_pattern = star->pattern;
		return true;
	}
	star->open = false;
	ptrdiff_t slash = deep->open ? str_find(str_from(match->path, deep->path), '/') : -1;
	if (slash < 0)
		return false;
	deep->path += (size_t)slash + 1;
	match->at_path = deep->path;
	match->at_pattern = deep->pattern;
	return true;
}

bool glob_match(struct str pattern, struct str path)
{
	struct match match = {.pattern = pattern, .path = path};
	while (match.at_pattern < pattern.length || match.at_path < path.length)
		if (!match_step(&match) && !match_again(&match))
			return false;
	return true;
}

bool glob_is_pattern(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (strchr("*?[\\", text.at[i]) && text.at[i])
			return true;
	return false;
}
