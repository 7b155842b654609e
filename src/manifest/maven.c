/* SPDX-License-Identifier: Apache-2.0 */
/* The module lists of a pom.xml, by expat. Must not know the tree, or what Maven does with a
 * module.
 *
 * Invariant: `depth` counts the open elements; `known` of them, from the outermost on, are on a
 * way that leads to a module. A text is only gathered while all are, and the way is at its end. */
#include "manifest/maven.h"

#include <expat.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"

enum step { STEP_TOP, STEP_PROJECT, STEP_PROFILES, STEP_PROFILE, STEP_MODULES, STEP_MODULE };

/* Which element leads on from where. */
static const struct way {
	enum step from;
	struct str element;
	enum step to;
} WAYS[] = {
	{STEP_TOP, {"project", 7}, STEP_PROJECT},
	{STEP_PROJECT, {"modules", 7}, STEP_MODULES},
	{STEP_PROJECT, {"subprojects", 11}, STEP_MODULES},
	{STEP_PROJECT, {"profiles", 8}, STEP_PROFILES},
	{STEP_PROFILES, {"profile", 7}, STEP_PROFILE},
	{STEP_PROFILE, {"modules", 7}, STEP_MODULES},
	{STEP_PROFILE, {"subprojects", 11}, STEP_MODULES},
	{STEP_MODULES, {"module", 6}, STEP_MODULE},
	{STEP_MODULES, {"subproject", 10}, STEP_MODULE},
};

/* Project, profiles, profile, modules, module. */
enum { WAY_LENGTH_LIMIT = 5 };

struct reader {
	XML_Parser parser;
	const char *path;
	struct arena *arena;
	struct places places;
	struct error *error;
	bool failed; /* `error` is set */
	unsigned depth;
	unsigned known;
	enum step steps[WAY_LENGTH_LIMIT + 1]; /* steps[0] is STEP_TOP */
	struct text text;                      /* of the module that is open */
	uint32_t line;                         /* where its text starts */
	uint32_t column;
};

static void reader_release(struct reader *reader)
{
	if (reader->parser)
		XML_ParserFree(reader->parser);
	places_release(&reader->places);
	text_release(&reader->text);
}

static uint32_t line_of(const struct reader *reader)
{
	return (uint32_t)XML_GetCurrentLineNumber(reader->parser);
}

static uint32_t column_of(const struct reader *reader)
{
	return (uint32_t)XML_GetCurrentColumnNumber(reader->parser) + 1;
}

static void stop(struct reader *reader)
{
	reader->failed = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

static void refuse(struct reader *reader, enum error_code code, const char *what)
{
	if (reader->failed)
		return;
	error_at(reader->error, code, reader->path, line_of(reader), column_of(reader), "%s", what);
	stop(reader);
}

static bool is_in_module(const struct reader *reader)
{
	return reader->known == reader->depth && reader->steps[reader->known] == STEP_MODULE;
}

/* A name without its namespace's prefix. */
static struct str local_name(const char *name)
{
	struct str whole = str_of(name);
	ptrdiff_t colon = str_find_last(whole, ':');
	return str_from(whole, (size_t)(colon + 1));
}

static void enter(struct reader *reader, struct str element)
{
	for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++)
		if (WAYS[i].from == reader->steps[reader->known] &&
		    str_equal(WAYS[i].element, element)) {
			reader->steps[++reader->known] = WAYS[i].to;
			text_clear(&reader->text);
			return;
		}
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *reader = data;
	(void)attributes;
	if (reader->depth >= MAVEN_DEPTH_LIMIT)
		refuse(reader, ERROR_LIMIT, "elements are nested more than 256 deep");
	if (reader->failed)
		return;
	if (reader->known == reader->depth)
		enter(reader, local_name(name));
	reader->depth++;
}

static void add_module(struct reader *reader)
{
	struct place place = {str_trim(text_str(&reader->text)), reader->line, reader->column};
	if (place.text.length == 0)
		return;
	if (reader->text.failed)
		error_memory(reader->error);
	if (reader->text.failed ||
	    places_add(&reader->places, reader->arena, reader->path, place, reader->error) < 0)
		stop(reader);
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
	struct reader *reader = data;
	(void)name;
	if (reader->failed)
		return;
	if (is_in_module(reader))
		add_module(reader);
	if (reader->known == reader->depth)
		reader->known--;
	reader->depth--;
}

static void XMLCALL on_text(void *data, const XML_Char *bytes, int length)
{
	struct reader *reader = data;
	struct str text = {bytes, (size_t)length};
	if (reader->failed || !is_in_module(reader))
		return;
	if (str_trim(text_str(&reader->text)).length == 0) {
		size_t blanks = (size_t)(str_trim(text).at - text.at);
		reader->line = line_of(reader);
		reader->column = column_of(reader) + (uint32_t)blanks;
	}
	if (reader->text.length + text.length > PATH_LIMIT)
		refuse(reader, ERROR_LIMIT, "the path of a module is longer than 4,096 bytes");
	else
		text_add(&reader->text, text);
}

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system,
			       const XML_Char *public, int has_subset)
{
	(void)name, (void)system, (void)public, (void)has_subset;
	refuse(data, ERROR_INVALID, "has a document type, which is not read");
}

/* As expat asks for memory: with the sizes of malloc(), realloc() and free(). */
static void *allocate(size_t size)
{
	return mem_alloc(size);
}

static void *resize(void *memory, size_t size)
{
	return mem_resize(memory, size);
}

static int open_parser(struct reader *reader)
{
	static const XML_Memory_Handling_Suite MEMORY = {allocate, resize, mem_free};
	reader->parser = XML_ParserCreate_MM(NULL, &MEMORY, NULL);
	if (!reader->parser)
		return error_memory(reader->error);
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, on_start, on_end);
	XML_SetCharacterDataHandler(reader->parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
	return 0;
}

static int parse(struct reader *reader, struct str text)
{
	if (XML_Parse(reader->parser, text.at, (int)text.length, 1) == XML_STATUS_OK)
		return 0;
	if (reader->failed)
		return -1;
	enum XML_Error code = XML_GetErrorCode(reader->parser);
	if (code == XML_ERROR_NO_MEMORY)
		return error_memory(reader->error);
	return error_at(reader->error, ERROR_SYNTAX, reader->path, line_of(reader),
			column_of(reader), "is not XML: %s", XML_ErrorString(code));
}

int maven_read(const char *path, struct str text, struct arena *arena, struct places *out,
	       struct error *error)
{
	_cleanup_(reader_release) struct reader reader = {
		.path = path, .arena = arena, .error = error};
	*out = (struct places){0};
	if (text.length > MAVEN_SIZE_LIMIT)
		return error_at(error, ERROR_LIMIT, path, 0, 0, "is larger than 4 MiB");
	if (open_parser(&reader) < 0 || parse(&reader, text) < 0)
		return -1;
	*out = reader.places;
	reader.places = (struct places){0};
	return 0;
}
