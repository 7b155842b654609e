/* SPDX-License-Identifier: Apache-2.0 */
/* Globs by example, then against a plain recursion over random patterns and paths, then on
 * what would take for ever if every star were tried at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/random.h"

struct row {
	const char *pattern;
	const char *path;
	bool matches;
};

static const struct row ROWS[] = {
	{"", "", true},
	{"", "a", false},
	{"a", "a", true},
	{"a", "ab", false},
	{"a/b", "a/b", true},
	{"*", "a", true},
	{"*", "", true},
	{"*", "a/b", false},
	{"a*", "a", true},
	{"*.py", "a.py", true},
	{"*.py", "a/b.py", false},
	{"a*b*c", "aXbXc", true},
	{"a*b*c", "aXcXb", false},
	{"*/b", "a/b", true},
	{"*/b", "b", false},
	{"a/*/c", "a/b/c", true},
	{"a/*/c", "a/b/b/c", false},
	{"?", "a", true},
	{"?", "/", false},
	{"a?c", "a/c", false},
	{"??", "\xC3\xA9", true},
	{"**", "", true},
	{"**", "a/b/c", true},
	{"**/a", "a", true},
	{"**/a", "x/y/a", true},
	{"**/a", "x/ya", false},
	{"**/a/**/b", "x/a/y/z/b", true},
	{"**/a/**/b", "x/a/b", true},
	{"**/a/**/b", "x/a/y/z/c", false},
	{"a/**", "a/b/c", true},
	{"a/**", "a", false},
	{"a/**/b", "a/b", true},
	{"a/**/b", "a/x/y/b", true},
	{"a/**/b", "ab", false},
	{"a**b", "axxb", true},
	{"a**b", "ax/xb", false},
	{"a/**b", "a/x/b", false},
	{"a/***/b", "a/x/y/b", true},
	{"**/*_pb2.py", "a/b/c_pb2.py", true},
	{"[abc]", "b", true},
	{"[abc]", "d", false},
	{"[a-c]x", "bx", true},
	{"[!a-c]", "b", false},
	{"[!a-c]", "d", true},
	{"[^a-c]", "d", true},
	{"[!a]", "/", false},
	{"[/]", "/", false},
	{"a[/]b", "a/b", false},
	{"[]]", "]", true},
	{"[]-]", "-", true},
	{"[!]]", "]", false},
	{"[!]]", "a", true},
	{"[a-]", "-", true},
	{"[-a]", "-", true},
	{"[a-c-e]", "-", true},
	{"[a-c-e]", "d", false},
	{"[\\]]", "]", true},
	{"[\\a-c]", "b", true},
	{"[a-\\c]", "b", true},
	{"[\\-a]", "-", true},
	{"[a", "a", false},
	{"[a", "[a", false},
	{"[", "[", false},
	{"[]", "]", false},
	{"[!]", "a", false},
	{"[a-", "a", false},
	{"[\\", "\\", false},
	{"[[:digit:]]", "7", true},
	{"[[:digit:]]", "a", false},
	{"[[:digit:]a]", "a", true},
	{"[![:space:]]", "a", true},
	{"[[:nothing:]]", "a", false},
	{"[[:digit]", ":", true},
	{"[[:digit]", "[", true},
	{"[[:digit]", "7", false},
	{"[[:digit:]", "7", false},
	{"[[:a-c]", "b", true},
	{"[[:]", ":", true},
	{"[[:]", "[", true},
	{"[[:alpha:]-z]", "-", true},
	{"[a-[:digit:]]", "b", false},
	{"[Z-a]", "[", true},
	{"[c-a]", "b", false},
	{"\\*", "*", true},
	{"\\*", "a", false},
	{"\\a", "a", true},
	{"a\\", "a", false},
	{"a\\", "a\\", false},
	{"\\", "", false},
	{"a\\/b", "a/b", true},
	{"**\\/b", "a/b", true},
	{"**\\/b", "b", false},
	{"[\x80-\xFF]", "\xC3", true},
	{"[[:alpha:]]", "\xC3", false},
};

static void matches_as_the_page_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		if (glob_match(str_of(ROWS[i].pattern), str_of(ROWS[i].path)) != ROWS[i].matches)
			fail_msg("'%s' on '%s'", ROWS[i].pattern, ROWS[i].path);
}

/* The plain recursion: every star is tried at every place. Sets are of single bytes. */

static bool slow(const char *pattern, const char *path, bool at_part);

static bool slow_set(const char *pattern, const char *path)
{
	const char *at = pattern + 1;
	bool negated = *at == '!', found = false;
	at += negated;
	do {
		if (!*at)
			return false;
		found |= *at == *path;
		at++;
	} while (*at != ']');
	return *path && *path != '/' && found != negated && slow(at + 1, path + 1, false);
}

static bool slow_stars(const char *pattern, const char *path, bool at_part)
{
	size_t stars = strspn(pattern, "*");
	const char *rest = pattern + stars;
	bool whole = stars > 1 && at_part && (*rest == '/' || !*rest);
	if (whole && !*rest)
		return true;
	if (whole && slow(rest + 1, path, true))
		return true;
	for (;; path++) {
		if (slow(rest, path, false))
			return true;
		if (!*path || (!whole && *path == '/'))
			return false;
	}
}

static bool slow(const char *pattern, const char *path, bool at_part)
{
	switch (*pattern) {
	case '\0': return !*path;
	case '*': return slow_stars(pattern, path, at_part);
	case '?': return *path && *path != '/' && slow(pattern + 1, path + 1, false);
	case '[': return slow_set(pattern, path);
	default: return *pattern == *path && slow(pattern + 1, path + 1, *pattern == '/');
	}
}

static void matches_as_the_plain_recursion_does(void **state)
{
	(void)state;
	static const char *const PIECES[] = {"a",   "b",    "/",   "*",    "**",  "?",   "/**",
					     "**/", "/**/", "[a]", "[!a]", "[ab", "a/b", "***"};
	unsigned matched = 0;
	for (int round = 0; round < 400000; round++) {
		char pattern[64] = "", path[16];
		for (uint32_t i = random_below(7); i > 0; i--)
			strcat(pattern, PIECES[random_below(sizeof PIECES / sizeof *PIECES)]);
		size_t length = random_below(10);
		for (size_t i = 0; i < length; i++)
			path[i] = i > 0 && path[i - 1] != '/' && i + 1 < length
					  ? "ab/"[random_below(3)]
					  : "ab"[random_below(2)];
		path[length] = '\0';
		bool expected = slow(pattern, path, true);
		if (glob_match(str_of(pattern), str_of(path)) != expected)
			fail_msg("'%s' on '%s' is %d", pattern, path, expected);
		matched += expected;
	}
	assert_true(matched > 20000);
}

static void fill(char *out, size_t size, const char *unit)
{
	for (size_t i = 0; i < size; i++)
		out[i] = unit[i % strlen(unit)];
}

/* 4096 bytes on 4096 bytes are 17 million steps at most; a blow-up would not end. */
static void is_not_slow_on_anything(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *last, *path;
	} HARD[] = {
		{"a*", "b", "a"},      {"*", "b", "a"},
		{"**/", "b", "a/"},    {"**/a/", "b", "a/"},
		{"a*/**/", "b", "a/"}, {"*a/", "b", "aaaaaaaaaaaaaaa/"},
		{"**/*a", "b", "a/"},  {"[a]*", "b", "a"},
		{"[[:a", "]", "a"},    {"**/*a*a", "b", "aaaaaaaaaaaaaaaaaaaaaaaaaaa/"},
	};
	enum { SIZE = 4096 };
	static char pattern[SIZE], path[SIZE];
	uint64_t start = clock_monotonic();
	for (size_t i = 0; i < sizeof HARD / sizeof *HARD; i++) {
		fill(pattern, SIZE, HARD[i].pattern);
		fill(path, SIZE, HARD[i].path);
		pattern[SIZE - 1] = HARD[i].last[0];
		path[SIZE - 1] = 'c';
		assert_false(glob_match((struct str){pattern, SIZE}, (struct str){path, SIZE}));
	}
	assert_true(clock_monotonic() - start < 100000000000u);
}

static void knows_what_is_a_pattern(void **state)
{
	(void)state;
	static const char *const PATTERNS[] = {"*", "a?", "[", "a\\b", "a/**"};
	static const char *const PLAIN[] = {"", "a/b.c", "]", "{a}", "!a", "\xC3\xA9"};
	for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++)
		assert_true(glob_is_pattern(str_of(PATTERNS[i])));
	for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++)
		assert_false(glob_is_pattern(str_of(PLAIN[i])));
	assert_false(glob_is_pattern((struct str){"\0", 1}));
}

int main(void)
{
	random_seed(12345);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_as_the_page_says),
		cmocka_unit_test(matches_as_the_plain_recursion_does),
		cmocka_unit_test(is_not_slow_on_anything),
		cmocka_unit_test(knows_what_is_a_pattern),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
