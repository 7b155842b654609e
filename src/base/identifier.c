/* SPDX-License-Identifier: Apache-2.0 */
/* Names in C. Knows no language's but C's. */
#include "base/identifier.h"

#include <string.h>

static bool is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool is_lower(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

static char upper_of(char byte)
{
	return (char)(is_lower(byte) ? byte - 'a' + 'A' : byte);
}

bool is_identifier(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_upper(text.at[i]) && !is_lower(text.at[i]) && text.at[i] != '_' &&
		    (i == 0 || text.at[i] < '0' || text.at[i] > '9'))
			return false;
	return text.length > 0;
}

static const char *const WORDS[] = {
	"alignas",       "alignof",  "asm",       "auto",         "bool",     "break",   "case",
	"char",          "const",    "constexpr", "continue",     "default",  "do",      "double",
	"else",          "enum",     "errno",     "extern",       "false",    "float",   "for",
	"goto",          "if",       "inline",    "int",          "linux",    "long",    "nullptr",
	"register",      "restrict", "return",    "short",        "signed",   "sizeof",  "static",
	"static_assert", "struct",   "switch",    "thread_local", "true",     "typedef", "typeof",
	"union",         "unix",     "unsigned",  "void",         "volatile", "while",
};

bool is_word_of_c(const char *name)
{
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (strcmp(name, WORDS[i]) == 0)
			return true;
	return false;
}

/* A capital begins a word after a small letter or digit, or before a small letter. */
static bool begins_word(struct str text, size_t at)
{
	if (at == 0 || !is_upper(text.at[at]) || text.at[at - 1] == '_')
		return false;
	return !is_upper(text.at[at - 1]) || (at + 1 < text.length && is_lower(text.at[at + 1]));
}

const char *name_in_snake(struct arena *arena, struct str camel)
{
	char *name = arena_bytes(arena, camel.length * 2 + 1), *out = name;
	for (size_t i = 0; name && i < camel.length; i++) {
		if (begins_word(camel, i))
			*out++ = '_';
		*out++ = (char)(is_upper(camel.at[i]) ? camel.at[i] - 'A' + 'a' : camel.at[i]);
	}
	if (name)
		*out = '\0';
	return name;
}

const char *name_in_camel(struct arena *arena, struct str snake)
{
	char *name = arena_bytes(arena, snake.length + 1), *out = name;
	bool raise = true;
	for (size_t i = 0; name && i < snake.length; i++) {
		if (snake.at[i] != '_')
			*out++ = raise ? upper_of(snake.at[i]) : snake.at[i];
		raise = snake.at[i] == '_';
	}
	if (name)
		*out = '\0';
	return name;
}

const char *name_in_capitals(struct arena *arena, struct str snake)
{
	char *name = arena_bytes(arena, snake.length + 1);
	for (size_t i = 0; name && i < snake.length; i++)
		name[i] = upper_of(snake.at[i]);
	if (name)
		name[snake.length] = '\0';
	return name;
}
