/* SPDX-License-Identifier: Apache-2.0 */
/* Names in C of what a .proto names. Those of types are protoc-gen-c's, to the letter. */
#include "generate/names.h"

static bool is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool is_lower(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static char upper_of(char byte)
{
	return (char)(is_lower(byte) ? byte - 'a' + 'A' : byte);
}

static char lower_of(char byte)
{
	return (char)(is_upper(byte) ? byte - 'A' + 'a' : byte);
}

/* How protoc-gen-c writes the parts of a full name. */
enum form { FORM_CAMEL, FORM_LOWER, FORM_UPPER };

static char *put_part(char *out, struct str part, enum form form)
{
	bool raise = true, was_upper = true;
	for (size_t i = 0; i < part.length; i++) {
		char byte = part.at[i];
		if (form == FORM_CAMEL) {
			if (byte != '_')
				*out++ = raise ? upper_of(byte) : byte;
			raise = byte == '_';
			continue;
		}
		if (is_upper(byte) && !was_upper)
			*out++ = '_';
		was_upper = is_upper(byte);
		*out++ = form == FORM_LOWER ? lower_of(byte) : upper_of(byte);
	}
	return out;
}

static const char *join(struct arena *arena, const char *full_name, enum form form)
{
	struct str rest = str_of(full_name), part;
	char *name = arena_bytes(arena, rest.length * 2 + 1), *out = name;
	if (!name)
		return NULL;
	while (str_split(&rest, '.', &part)) {
		if (part.length == 0)
			continue;
		if (out > name) {
			*out++ = '_';
			*out++ = '_';
		}
		out = put_part(out, part, form);
	}
	*out = '\0';
	return name;
}

const char *name_of_type(struct arena *arena, const char *full_name)
{
	return join(arena, full_name, FORM_CAMEL);
}

const char *name_of_descriptor(struct arena *arena, const char *full_name)
{
	return join(arena, full_name, FORM_LOWER);
}

const char *name_of_values(struct arena *arena, const char *full_name)
{
	return join(arena, full_name, FORM_UPPER);
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
		*out++ = lower_of(camel.at[i]);
	}
	if (name)
		*out = '\0';
	return name;
}

const char *name_in_camel(struct arena *arena, struct str snake)
{
	char *name = arena_bytes(arena, snake.length + 1);
	if (name)
		*put_part(name, snake, FORM_CAMEL) = '\0';
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

/* "v1", "v2beta1". */
static bool is_version(struct str word)
{
	return word.length > 1 && word.at[0] == 'v' && is_digit(word.at[1]);
}

struct str package_word(struct str package)
{
	ptrdiff_t dot = str_find_last(package, '.');
	struct str last = str_from(package, (size_t)(dot + 1));
	if (dot < 0 || !is_version(last))
		return last;
	struct str before = str_first(package, (size_t)dot);
	return str_from(before, (size_t)(str_find_last(before, '.') + 1));
}

const char *name_of_package(struct arena *arena, struct str package)
{
	struct str word = package_word(package);
	const char *after = word.at + word.length;
	struct str version = {after, (size_t)(package.at + package.length - after)};
	if (version.length > 0)
		version = str_from(version, 1);
	if (version.length == 0 || str_equal(version, STR("v1")))
		return arena_str(arena, word).at;
	return arena_format(arena, "%.*s_%.*s", STR_ARG(word), STR_ARG(version));
}

bool is_identifier(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_upper(text.at[i]) && !is_lower(text.at[i]) && text.at[i] != '_' &&
		    (i == 0 || !is_digit(text.at[i])))
			return false;
	return text.length > 0;
}
