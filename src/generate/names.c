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
