/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that knows libfyaml. It drives the event parser, which needs no more memory
 * than its nesting, and builds the tree itself: so the bounds are ours, an alias is never
 * followed, and places are counted in characters of the source, not in the library's columns.
 *
 * Invariant: events come in the order of the source, so one cursor that only moves forward
 * finds line and column of all of them in one pass.
 *
 * The library does not say when it had no memory: it takes the text for broken, or for empty.
 * The heap says so in errno, which is looked at where it matters. */
#include "base/yaml.h"

#include <errno.h>
#include <libfyaml.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Mappings of at most this many keys are searched for duplicates pair by pair. */
enum { FEW_KEYS = 16 };

struct place {
	size_t offset;
	uint32_t line;
	uint32_t column;
};

/* A list or mapping that is still open. */
struct frame {
	struct yaml_node *node;
	struct yaml_node **tail;
	struct yaml_node *key; /* that waits for its value */
	bool in_brackets;
};

struct build {
	const char *file;
	struct str source;
	struct arena *arena;
	struct error_list *errors;
	struct yaml_document document;
	struct place place;
	size_t end; /* of the last scalar or closed bracket */
	struct frame frames[YAML_DEPTH_LIMIT];
	unsigned depth;
	bool failed; /* no memory */
	bool done;   /* the stream ended, or the rest is refused */
};

const char *yaml_kind_name(enum yaml_kind kind)
{
	static const char *const NAMES[] = {
		[YAML_NOTHING] = "nothing",   [YAML_SCALAR] = "a text",    [YAML_LIST] = "a list",
		[YAML_MAPPING] = "a mapping", [YAML_BROKEN] = "something",
	};
	return NAMES[kind];
}

struct excerpt excerpt_of(struct str text)
{
	static const struct str DOTS = {"…", sizeof "…" - 1};
	struct excerpt excerpt;
	size_t length = text.length;
	if (length > sizeof excerpt.text - 1) {
		length = sizeof excerpt.text - 1 - DOTS.length;
		while (length > 0 && ((unsigned char)text.at[length] & 0xC0) == 0x80)
			length--;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text.at[i];
		excerpt.text[i] = byte < 0x20 || byte == 0x7F ? '?' : text.at[i];
	}
	if (length < text.length) {
		memcpy(excerpt.text + length, DOTS.at, DOTS.length);
		length += DOTS.length;
	}
	excerpt.text[length] = '\0';
	return excerpt;
}

/* ---- places ---- */

static void step_over(struct place *place, struct str source)
{
	unsigned char byte = (unsigned char)source.at[place->offset++];
	bool ends_line = byte == '\n' || (byte == '\r' && (place->offset >= source.length ||
							   source.at[place->offset] != '\n'));
	if (ends_line) {
		place->line++;
		place->column = 1;
	} else if ((byte & 0xC0) != 0x80) {
		place->column++;
	}
}

static struct place advance(struct build *build, size_t offset)
{
	if (offset > build->source.length)
		offset = build->source.length;
	while (build->place.offset < offset)
		step_over(&build->place, build->source);
	return build->place;
}

/* A scalar's mark stands after its quote. */
static struct place place_of(struct build *build, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	if (!mark)
		return build->place;
	size_t offset = mark->input_pos;
	enum fy_scalar_style style =
		fy_token_get_type(token) == FYTT_SCALAR ? fy_token_scalar_style(token) : FYSS_ANY;
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && offset > 0)
		offset--;
	return advance(build, offset);
}

static void note_end(struct build *build, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_end_mark(token) : NULL;
	if (!mark)
		return;
	build->end = mark->input_pos;
	if (build->end > build->source.length)
		build->end = build->source.length;
	enum fy_scalar_style style =
		fy_token_get_type(token) == FYTT_SCALAR ? fy_token_scalar_style(token) : FYSS_ANY;
	if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
		build->end++;
	/* The blank lines after a block are its text to YAML, but not to people. */
	while (style != FYSS_ANY && build->end > 0 &&
	       memchr(" \t\r\n", build->source.at[build->end - 1], 4))
		build->end--;
}

/* Whether an allocation failed since errno was last set to 0. */
static bool out_of_memory(void)
{
	return errno == ENOMEM;
}

static void refuse(struct build *build, enum error_code code, struct place place,
		   const char *message)
{
	error_list_at(build->errors, code, build->file, place.line, place.column, "%s", message);
}

/* ---- nodes ---- */

static struct yaml_node *node_new(struct build *build, enum yaml_kind kind, struct place place)
{
	struct yaml_node *node = arena_alloc(build->arena, sizeof *node);
	if (!node) {
		build->failed = true;
		return NULL;
	}
	*node = (struct yaml_node){
		.kind = kind, .line = place.line, .column = place.column, .offset = place.offset};
	return node;
}

static void append(struct frame *frame, struct yaml_node *node)
{
	*frame->tail = node;
	frame->tail = &node->next;
	frame->node->count++;
}

/* Hands a finished node to the list or mapping that is open. */
static void attach(struct build *build, struct yaml_node *node)
{
	if (build->depth == 0) {
		build->document.root = node;
		return;
	}
	struct frame *frame = &build->frames[build->depth - 1];
	if (frame->node->kind == YAML_LIST) {
		append(frame, node);
	} else if (!frame->key) {
		frame->key = node;
	} else {
		node->key = take(frame->key);
		if (node->key->kind == YAML_SCALAR)
			append(frame, node);
		else if (node->key->kind != YAML_BROKEN)
			error_list_at(build->errors, ERROR_SYNTAX, build->file, node->key->line,
				      node->key->column, "a key must be a text, and this is %s",
				      yaml_kind_name(node->key->kind));
	}
}

static bool is_nothing(struct str text)
{
	return text.length == 0 || str_equal(text, STR("~")) || str_equal(text, STR("null")) ||
	       str_equal(text, STR("Null")) || str_equal(text, STR("NULL"));
}

static void add_scalar(struct build *build, struct fy_token *token)
{
	size_t length = 0;
	const char *at = token ? fy_token_get_text(token, &length) : "";
	struct str text = {at, length};
	/* An empty value has no token in libfyaml 0.7, and one behind the colon in 0.8. */
	if (token && length == 0 && fy_token_scalar_style(token) == FYSS_PLAIN)
		token = NULL;
	struct yaml_node *node = node_new(build, YAML_SCALAR, place_of(build, token));
	if (!node || !at || (length == 0 && out_of_memory())) {
		build->failed = true;
		return;
	}
	note_end(build, token);
	node->end = build->end;
	node->quoted = token && fy_token_scalar_style(token) != FYSS_PLAIN;
	if (!node->quoted && is_nothing(text)) {
		node->kind = YAML_NOTHING;
	} else if (memchr(at, 0, length) || !utf8_valid(text)) {
		refuse(build, ERROR_SYNTAX, build->place,
		       "an escape makes a character that no text may have");
		node->kind = YAML_BROKEN;
	} else {
		node->text = arena_str(build->arena, text);
		build->failed = build->failed || !node->text.at;
	}
	attach(build, node);
}

static void open_node(struct build *build, enum yaml_kind kind, struct fy_token *token)
{
	struct yaml_node *node = node_new(build, kind, place_of(build, token));
	if (!node)
		return;
	if (build->depth == YAML_DEPTH_LIMIT) {
		refuse(build, ERROR_LIMIT, build->place, "is nested more than 32 levels deep");
		build->document.broken = true;
		build->done = true;
		return;
	}
	enum fy_token_type type = token ? fy_token_get_type(token) : FYTT_NONE;
	build->frames[build->depth++] = (struct frame){
		.node = node,
		.tail = &node->first,
		.in_brackets = type == FYTT_FLOW_SEQUENCE_START || type == FYTT_FLOW_MAPPING_START,
	};
}

/* ---- keys given twice ---- */

static void tell_twice(struct build *build, const struct yaml_node *first,
		       const struct yaml_node *again)
{
	error_list_at(build->errors, ERROR_INVALID, build->file, again->key->line,
		      again->key->column, "the key '%s' is given twice; the first is in line %u",
		      excerpt_of(again->key->text).text, first->key->line);
}

/* The value among those before `node` that has the same key, or NULL. */
static const struct yaml_node *find_before(const struct yaml_node *mapping,
					   const struct yaml_node *node)
{
	for (const struct yaml_node *other = mapping->first; other != node; other = other->next)
		if (str_equal(other->key->text, node->key->text))
			return other;
	return NULL;
}

static void drop_twice_of_few(struct build *build, struct yaml_node *mapping)
{
	for (struct yaml_node **at = &mapping->first; *at;) {
		const struct yaml_node *first = find_before(mapping, *at);
		if (first) {
			tell_twice(build, first, *at);
			*at = (*at)->next;
			mapping->count--;
		} else {
			at = &(*at)->next;
		}
	}
}

static void drop_twice_of_many(struct build *build, struct yaml_node *mapping)
{
	_cleanup_(mem_freep) const struct yaml_node **values =
		mem_alloc(mapping->count * sizeof(struct yaml_node *));
	_cleanup_(map_release) struct map places = {0};
	uint32_t kept = 0;
	for (struct yaml_node **at = &mapping->first; values && *at;) {
		uint32_t first = map_get_or_put(&places, (*at)->key->text, kept);
		if (first == MAP_NONE) {
			build->failed = true;
			return;
		}
		if (first != kept) {
			tell_twice(build, values[first], *at);
			*at = (*at)->next;
			mapping->count--;
		} else {
			values[kept++] = *at;
			at = &(*at)->next;
		}
	}
	build->failed = build->failed || !values;
}

static void close_node(struct build *build, struct fy_token *token)
{
	if (build->depth == 0)
		return;
	struct frame *frame = &build->frames[--build->depth];
	if (frame->in_brackets)
		note_end(build, token);
	frame->node->end = build->end;
	if (frame->node->kind == YAML_MAPPING) {
		if (frame->node->count <= FEW_KEYS)
			drop_twice_of_few(build, frame->node);
		else
			drop_twice_of_many(build, frame->node);
	}
	attach(build, frame->node);
}

/* ---- events ---- */

static void refuse_alias(struct build *build, struct fy_token *token)
{
	struct place place = place_of(build, token);
	refuse(build, ERROR_SYNTAX, place, "aliases are not allowed; write the value again");
	struct yaml_node *node = node_new(build, YAML_BROKEN, place);
	if (node)
		attach(build, node);
}

/* Anchors and tags are refused, the value they stand before is kept. */
static void refuse_extras(struct build *build, struct fy_token *anchor, struct fy_token *tag)
{
	if (anchor)
		refuse(build, ERROR_SYNTAX, place_of(build, anchor),
		       "anchors are not allowed; remove it");
	if (tag)
		refuse(build, ERROR_SYNTAX, place_of(build, tag),
		       "tags are not allowed; remove it");
}

static void open_document(struct build *build, struct fy_token *mark)
{
	if (!build->document.root)
		return;
	refuse(build, ERROR_SYNTAX, place_of(build, mark),
	       "a second document starts here; a file holds one");
	build->document.broken = true;
	build->done = true;
}

static void take_event(struct build *build, struct fy_event *event)
{
	switch (event->type) {
	case FYET_DOCUMENT_START: open_document(build, event->document_start.document_start); break;
	case FYET_STREAM_END: build->done = true; break;
	case FYET_ALIAS: refuse_alias(build, event->alias.anchor); break;
	case FYET_SCALAR:
		refuse_extras(build, event->scalar.anchor, event->scalar.tag);
		add_scalar(build, event->scalar.value);
		break;
	case FYET_SEQUENCE_START:
		refuse_extras(build, event->sequence_start.anchor, event->sequence_start.tag);
		open_node(build, YAML_LIST, event->sequence_start.sequence_start);
		break;
	case FYET_MAPPING_START:
		refuse_extras(build, event->mapping_start.anchor, event->mapping_start.tag);
		open_node(build, YAML_MAPPING, event->mapping_start.mapping_start);
		break;
	case FYET_SEQUENCE_END: close_node(build, event->sequence_end.sequence_end); break;
	case FYET_MAPPING_END: close_node(build, event->mapping_end.mapping_end); break;
	default: break;
	}
}

/* Closes what a syntax error left open, so that what stands before it can be used. */
static void close_all(struct build *build)
{
	build->document.broken = true;
	while (build->depth > 0) {
		struct frame *frame = &build->frames[build->depth - 1];
		frame->key = NULL;
		close_node(build, NULL);
		if (build->depth > 0)
			frame->node->kind = YAML_BROKEN;
	}
}

/* ---- diagnostics ---- */

/* The library's words, by how they start, and what people understand. */
static const struct {
	const char *theirs;
	const char *ours;
} WORDS[] = {
	{"missing comma in flow", "a comma is missing before this"},
	{"flow sequence with invalid extra comma", "there is a comma too many"},
	{"flow mapping with invalid extra comma", "there is a comma too many"},
	{"invalid multiline plain key",
	 "a key must stand on one line; check the indentation of this line and the next"},
	{"could not find expected ':'", "a ':' is missing after the key"},
	{"invalid nested block mapping on the same line",
	 "a second ': ' in one line; put the value in quotes"},
	{"did not find expected key", "a key is wanted here; check the indentation"},
	{"invalid indentation in mapping", "is not indented as the keys before it"},
	{"wrong indendation in sequence", "is not indented as the items before it"},
	{"invalid tab as indendation", "a tab cannot indent"},
	{"wrongly indented sequence item", "is not indented as the items before it"},
	{"did not find expected '-' indicator", "a '-' is wanted here; check the indentation"},
};

static const char *in_our_words(const char *theirs)
{
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (str_starts(str_of(theirs), str_of(WORDS[i].theirs)))
			return WORDS[i].ours;
	return theirs;
}

/* The first line that is indented with a tab, or 0. */
static uint32_t find_tab(struct str source)
{
	struct str line;
	for (uint32_t number = 1; str_split(&source, '\n', &line); number++) {
		size_t i = 0;
		while (i < line.length && line.at[i] == ' ')
			i++;
		if (i < line.length && line.at[i] == '\t' && str_trim(line).length > 0)
			return number;
	}
	return 0;
}

/* The innermost list or mapping in brackets that is still open, or NULL. */
static const struct yaml_node *open_bracket(const struct build *build)
{
	for (unsigned depth = build->depth; depth > 0; depth--)
		if (build->frames[depth - 1].in_brackets)
			return build->frames[depth - 1].node;
	return NULL;
}

/* The first line that a merge left for people to decide, or 0. */
static uint32_t find_conflict(struct str source)
{
	struct str line;
	for (uint32_t number = 1; str_split(&source, '\n', &line); number++)
		if (str_starts(line, STR("<<<<<<< ")) || str_starts(line, STR(">>>>>>> ")))
			return number;
	return 0;
}

static void take_diagnostic(struct build *build, const struct fy_diag_error *found)
{
	uint32_t conflict = find_conflict(build->source);
	if (conflict) {
		refuse(build, ERROR_SYNTAX, (struct place){.line = conflict, .column = 1},
		       "a merge conflict is not decided yet; keep what both sides need");
		return;
	}
	const struct fy_mark *mark = found->fyt ? fy_token_start_mark(found->fyt) : NULL;
	build->place = (struct place){.line = 1, .column = 1};
	struct place place = advance(build, mark ? mark->input_pos : build->source.length);
	const struct yaml_node *bracket = open_bracket(build);
	const char *message = in_our_words(found->msg);
	if (bracket && place.offset == build->source.length) {
		place = (struct place){.line = bracket->line, .column = bracket->column};
		message = bracket->kind == YAML_LIST ? "this '[' is not closed by a ']'"
						     : "this '{' is not closed by a '}'";
	}
	uint32_t tab = find_tab(build->source);
	if (tab)
		error_list_at(build->errors, ERROR_SYNTAX, build->file, place.line, place.column,
			      "%s; line %u is indented with a tab, and YAML wants blanks", message,
			      tab);
	else
		refuse(build, ERROR_SYNTAX, place, message);
}

/* Turns the library's first diagnostic into an error. There are texts that it gives up on
 * without one. */
static void take_diagnostics(struct build *build, struct fy_diag *diag)
{
	void *iterator = NULL;
	const struct fy_diag_error *found = fy_diag_errors_iterate(diag, &iterator);
	if (found)
		take_diagnostic(build, found);
	else
		refuse(build, ERROR_SYNTAX, build->place, "what follows this is not YAML");
	build->document.broken = true;
}

static void build_all(struct build *build, struct yaml_parser *parser)
{
	while (!build->done && !build->failed) {
		struct fy_event *event = fy_parser_parse(parser->parser);
		if (!event && out_of_memory())
			build->failed = true;
		else if (!event)
			take_diagnostics(build, parser->diag);
		if (!event)
			break;
		take_event(build, event);
		fy_parser_event_free(parser->parser, event);
	}
	if (build->depth > 0)
		close_all(build);
	build->document.broken |= fy_diag_got_error(parser->diag);
	build->failed |= build->document.broken && out_of_memory();
}

/* ---- before parsing ---- */

static bool is_refused_control(unsigned char byte)
{
	return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
}

/* The library is lax about both, so they are looked for here. */
static bool check_bytes(struct build *build)
{
	bool all_utf8 = utf8_valid(build->source);
	for (size_t i = 0; i < build->source.length;) {
		unsigned char byte = (unsigned char)build->source.at[i];
		size_t length = all_utf8 ? 1 : utf8_length(str_from(build->source, i));
		if (length == 0 || is_refused_control(byte)) {
			struct place place = advance(build, i);
			if (length == 0)
				refuse(build, ERROR_SYNTAX, place,
				       "is not UTF-8 from here on; save the file as UTF-8");
			else
				refuse(build, ERROR_SYNTAX, place,
				       "a control character is not allowed; remove it");
			return false;
		}
		i += length;
	}
	return true;
}

/* Nothing is ever printed: diagnostics are collected, and this is the second lock. */
static void print_nothing(struct fy_diag *diag, void *user, const char *bytes, size_t length)
{
	(void)diag;
	(void)user;
	(void)bytes;
	(void)length;
}

/* The library crashes when it gets no memory for what it reads from: what is given back here
 * is there for it then. */
static bool make_room(void)
{
	enum { ROOM = 16384 };
	void *room = mem_alloc(ROOM);
	mem_free(room);
	return room != NULL;
}

static bool prepare(struct yaml_parser *parser)
{
	if (parser->parser)
		return !parser->used || fy_parser_reset(parser->parser) == 0;
	struct fy_diag_cfg diag_options = {
		.output_fn = print_nothing, .level = FYET_ERROR, .module_mask = ~0u};
	parser->diag = fy_diag_create(&diag_options);
	if (!parser->diag)
		return false;
	fy_diag_set_collect_errors(parser->diag, true);
	struct fy_parse_cfg options = {.flags = FYPCF_QUIET, .diag = parser->diag};
	parser->parser = fy_parser_create(&options);
	return parser->parser != NULL;
}

void yaml_parser_release(struct yaml_parser *parser)
{
	if (parser->parser)
		fy_parser_destroy(parser->parser);
	if (parser->diag)
		fy_diag_destroy(parser->diag);
	*parser = (struct yaml_parser){0};
}

int yaml_parse(struct yaml_parser *parser, const char *file, struct str source, struct arena *arena,
	       struct yaml_document *out, struct error_list *errors, struct error *error)
{
	if (str_starts(source, STR("\xEF\xBB\xBF")))
		source = str_from(source, 3);
	struct build build = {.file = file,
			      .source = source,
			      .arena = arena,
			      .errors = errors,
			      .place = {.line = 1, .column = 1}};
	if (!check_bytes(&build)) {
		build.document.broken = true;
	} else if (source.length > 0) {
		errno = 0;
		if (!prepare(parser) || !make_room() ||
		    fy_parser_set_string(parser->parser, source.at, source.length) != 0)
			return error_memory(error);
		parser->used = true;
		build.place = (struct place){.line = 1, .column = 1};
		build_all(&build, parser);
		/* The library cannot be reset in the middle of a stream. */
		if (build.document.broken || build.failed)
			yaml_parser_release(parser);
	}
	if (build.failed)
		return error_memory(error);
	*out = build.document;
	return 0;
}
