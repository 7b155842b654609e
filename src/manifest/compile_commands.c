/* SPDX-License-Identifier: Apache-2.0 */
/* compile_commands.json: a list of objects, of which four keys matter. A parser of its own, as
 * the file is often tens of megabytes and is never kept. Must not know the tree or the flags.
 *
 * Invariant: `at` only moves forward; texts without escapes are views on the content. */
#include "manifest/compile_commands.h"

#include "base/arena.h"
#include "base/mem.h"

/* Of values that do not matter; deeper ones are an error. */
enum { DEPTH_LIMIT = 64 };

struct parser {
	const char *begin;
	const char *at;
	const char *end;
	const char *file;
	struct arena arena; /* for texts with escapes, of one command */
	struct str *arguments;
	size_t count;
	size_t capacity;
	struct error *error;
};

static void parser_release(struct parser *parser)
{
	arena_release(&parser->arena);
	mem_free(parser->arguments);
}

static int fail(struct parser *parser, const char *what)
{
	uint32_t line = 1, column = 1;
	for (const char *at = parser->begin; at < parser->at && at < parser->end; at++) {
		line += *at == '\n';
		column = *at == '\n' ? 1 : column + 1;
	}
	return error_at(parser->error, ERROR_SYNTAX, parser->file, line, column, "%s", what);
}

static void skip_spaces(struct parser *parser)
{
	while (parser->at < parser->end && strchr(" \t\r\n", *parser->at) && *parser->at)
		parser->at++;
}

/* The next byte that is no blank; 0 at the end. */
static char peek(struct parser *parser)
{
	skip_spaces(parser);
	return parser->at < parser->end ? *parser->at : 0;
}

static bool accept(struct parser *parser, char byte)
{
	if (peek(parser) != byte)
		return false;
	parser->at++;
	return true;
}

/* ---- strings ---- */

/* Only what can stand in a path or a flag: other \u escapes become "?". */
static char unescape(const char **at, const char *end)
{
	static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";
	char byte = **at;
	const char *plain = byte ? strchr(FROM, byte) : NULL;
	if (plain)
		return TO[plain - FROM];
	if (byte != 'u' || end - *at < 5)
		return byte;
	unsigned number = 0;
	for (int i = 1; i <= 4; i++) {
		char digit = (*at)[i];
		number = number * 16 +
			 (unsigned)(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
	}
	*at += 4;
	return number < 128 ? (char)number : '?';
}

static int decode(struct parser *parser, struct str written, struct str *out)
{
	char *copy = arena_alloc(&parser->arena, written.length + 1);
	size_t length = 0;
	if (!copy)
		return error_memory(parser->error);
	const char *end = written.at + written.length;
	for (const char *at = written.at; at < end; at++) {
		if (*at == '\\' && ++at < end)
			copy[length++] = unescape(&at, end);
		else
			copy[length++] = *at;
	}
	*out = (struct str){copy, length};
	return 0;
}

static int take_string(struct parser *parser, struct str *out)
{
	bool escaped = false;
	if (!accept(parser, '"'))
		return fail(parser, "expected a string");
	const char *from = parser->at;
	for (; parser->at < parser->end && *parser->at != '"'; parser->at++) {
		if (*parser->at == '\\' && parser->at + 1 < parser->end) {
			escaped = true;
			parser->at++;
		}
	}
	if (parser->at >= parser->end)
		return fail(parser, "a string does not end");
	*out = (struct str){from, (size_t)(parser->at++ - from)};
	return escaped ? decode(parser, *out, out) : 0;
}

/* ---- values ---- */

static int skip_string(struct parser *parser)
{
	struct str ignored;
	return take_string(parser, &ignored);
}

/* Skips any value; brackets need only balance. */
static int skip_value(struct parser *parser)
{
	unsigned depth = 0;
	do {
		char byte = peek(parser);
		if (byte == 0 || (depth == 0 && (byte == ']' || byte == '}')))
			return fail(parser, "a value is missing");
		if (byte == '"') {
			if (skip_string(parser) < 0)
				return -1;
			continue;
		}
		depth += byte == '[' || byte == '{';
		depth -= byte == ']' || byte == '}';
		if (depth > DEPTH_LIMIT)
			return fail(parser, "is nested too deeply");
		parser->at++;
		if (depth == 0 && byte != ']' && byte != '}')
			while (parser->at < parser->end && !strchr(",]} \t\r\n", *parser->at))
				parser->at++;
	} while (depth > 0);
	return 0;
}

static int add_argument(struct parser *parser, struct str argument)
{
	if (parser->count >= COMPILE_ARGUMENT_LIMIT)
		return 0;
	if (!mem_reserve(&parser->arguments, &parser->capacity, parser->count + 1,
			 sizeof *parser->arguments))
		return error_memory(parser->error);
	parser->arguments[parser->count++] = argument;
	return 0;
}

static int take_arguments(struct parser *parser)
{
	struct str argument;
	parser->count = 0;
	if (!accept(parser, '['))
		return fail(parser, "arguments must be a list of strings");
	if (accept(parser, ']'))
		return 0;
	do {
		if (take_string(parser, &argument) < 0 || add_argument(parser, argument) < 0)
			return -1;
	} while (accept(parser, ','));
	return accept(parser, ']') ? 0 : fail(parser, "expected , or ]");
}

/* ---- a command as a shell reads it ---- */

/* Length of the word that `rest` starts with, quotes and escapes and all; `*plain` is whether
 * it has none. */
static size_t word_length(struct str rest, bool *plain)
{
	char quote = 0;
	size_t i = 0;
	*plain = true;
	for (; i < rest.length; i++) {
		char byte = rest.at[i];
		if (!quote && (byte == ' ' || byte == '\t' || byte == '\n'))
			break;
		if (byte == '\\' && quote != '\'') {
			*plain = false;
			i++;
		} else if (byte == quote) {
			quote = 0;
		} else if (!quote && (byte == '"' || byte == '\'')) {
			quote = byte;
			*plain = false;
		}
	}
	return i < rest.length ? i : rest.length;
}

static int unquote(struct parser *parser, struct str word, struct str *out)
{
	char *copy = arena_alloc(&parser->arena, word.length + 1), quote = 0;
	size_t length = 0;
	if (!copy)
		return error_memory(parser->error);
	for (size_t i = 0; i < word.length; i++) {
		char byte = word.at[i];
		if (byte == '\\' && quote != '\'' && i + 1 < word.length)
			copy[length++] = word.at[++i];
		else if (byte == quote)
			quote = 0;
		else if (!quote && (byte == '"' || byte == '\''))
			quote = byte;
		else
			copy[length++] = byte;
	}
	*out = (struct str){copy, length};
	return 0;
}

static int split_command(struct parser *parser, struct str command)
{
	parser->count = 0;
	for (;;) {
		bool plain;
		command = str_trim(command);
		if (command.length == 0)
			return 0;
		struct str word = str_first(command, word_length(command, &plain));
		command = str_from(command, word.length);
		if (!plain && unquote(parser, word, &word) < 0)
			return -1;
		if (add_argument(parser, word) < 0)
			return -1;
	}
}

/* ---- the list ---- */

static int take_member(struct parser *parser, struct compile_command *command)
{
	struct str key = {0}, text = {0};
	if (take_string(parser, &key) < 0)
		return -1;
	if (!accept(parser, ':'))
		return fail(parser, "expected :");
	if (str_equal(key, STR("directory")))
		return take_string(parser, &command->directory);
	if (str_equal(key, STR("file")))
		return take_string(parser, &command->file);
	if (str_equal(key, STR("arguments")))
		return take_arguments(parser);
	if (!str_equal(key, STR("command")))
		return skip_value(parser);
	if (take_string(parser, &text) < 0)
		return -1;
	return parser->count > 0 ? 0 : split_command(parser, text);
}

static int take_command(struct parser *parser, compile_command_visit *visit, void *context)
{
	struct compile_command command = {0};
	arena_release(&parser->arena);
	parser->count = 0;
	if (!accept(parser, '{'))
		return fail(parser, "expected an object, one for each command");
	if (!accept(parser, '}')) {
		do {
			if (take_member(parser, &command) < 0)
				return -1;
		} while (accept(parser, ','));
		if (!accept(parser, '}'))
			return fail(parser, "expected , or }");
	}
	command.arguments = parser->arguments;
	command.argument_count = parser->count;
	return visit(context, &command) ? 0 : error_memory(parser->error);
}

int compile_commands_read(struct str content, const char *file, compile_command_visit *visit,
			  void *context, struct error *error)
{
	_cleanup_(parser_release) struct parser parser = {
		.begin = content.at,
		.at = content.at,
		.end = content.at + content.length,
		.file = file,
		.error = error,
	};
	if (!accept(&parser, '['))
		return fail(&parser, "must be a list of commands");
	if (!accept(&parser, ']')) {
		do {
			if (take_command(&parser, visit, context) < 0)
				return -1;
		} while (accept(&parser, ','));
		if (!accept(&parser, ']'))
			return fail(&parser, "expected , or ]");
	}
	return peek(&parser) == 0 && parser.at >= parser.end
		       ? 0
		       : fail(&parser, "something follows the list");
}
