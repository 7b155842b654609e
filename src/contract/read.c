/* SPDX-License-Identifier: Apache-2.0 */
/* Readers that both kinds of contract share. They know places and types, not what a contract
 * means. Each complains in one sentence that says what to write instead, and leaves its field
 * as it was. */
#include "contract/read.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "contract/names.h"

/* Lists of at most this many words are searched for duplicates pair by pair. */
enum { FEW_WORDS = 16 };

/* ---- messages ---- */

void complain(struct reader *reader, uint32_t line, uint32_t column, const char *format, ...)
{
	char message[sizeof((struct error *)0)->message];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	error_list_at(reader->errors, ERROR_INVALID, reader->file, line, column, "%s", message);
	reader->complaints++;
}

const char *hint(char buffer[HINT_SIZE], struct str wrong, const struct str *candidates,
		 size_t count)
{
	struct str near = str_nearest(wrong, candidates, count);
	buffer[0] = '\0';
	if (near.length > 0)
		snprintf(buffer, HINT_SIZE, "; did you mean '%s'?", excerpt_of(near).text);
	return buffer;
}

static void complain_of_kind(struct reader *reader, const char *what, const struct yaml_node *value,
			     const char *wanted)
{
	if (value->kind == YAML_BROKEN)
		reader->complaints++;
	else if (value->kind == YAML_NOTHING)
		complain(reader, value->line, value->column, "'%s' wants %s here, and has nothing",
			 what, wanted);
	else
		complain(reader, value->line, value->column, "'%s' wants %s here, not %s", what,
			 wanted, yaml_kind_name(value->kind));
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '/' ||
	       byte == '-';
}

bool wants(struct reader *reader, const struct key *key, const struct yaml_node *value,
	   enum yaml_kind kind)
{
	if (value->kind == kind || value->kind == YAML_NOTHING)
		return true;
	const char *quote = value->text.length > 0 && is_name_byte(value->text.at[0]) ? "" : "\"";
	if (kind == YAML_LIST && value->kind == YAML_SCALAR)
		complain(reader, value->line, value->column, "'%s' wants a list; write [%s%s%s]",
			 key->name, quote, excerpt_of(value->text).text, quote);
	else
		complain_of_kind(reader, key->name, value, yaml_kind_name(kind));
	return false;
}

/* ---- mappings ---- */

static const struct key *find_key(const struct key *keys, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(name, str_of(keys[i].name)))
			return &keys[i];
	return NULL;
}

static void complain_of_key(struct reader *reader, const struct yaml_node *name,
			    const struct key *keys, size_t count)
{
	enum { KEYS_MOST = 32 };
	struct str known[KEYS_MOST];
	char buffer[HINT_SIZE];
	_cleanup_(text_release) struct text all = {0};
	if (reader->errors->count >= ERROR_LIST_LIMIT)
		count = 0; /* no one will read it */
	for (size_t i = 0; i < count && i < KEYS_MOST; i++) {
		known[i] = str_of(keys[i].name);
		text_addf(&all, "%s%s", i ? ", " : "; the keys here are ", keys[i].name);
	}
	const char *near = hint(buffer, name->text, known, count < KEYS_MOST ? count : KEYS_MOST);
	complain(reader, name->line, name->column, "unknown key '%s'%s",
		 excerpt_of(name->text).text, near[0] ? near : text_str(&all).at);
}

/* In a file that a syntax error cut off the key may have been in what is lost: nothing is said,
 * but what lacks it is not kept either. */
static void complain_of_missing(struct reader *reader, const char *what,
				const struct yaml_node *node, const struct key *keys, size_t count,
				uint64_t seen)
{
	for (size_t i = 0; i < count; i++) {
		if (!keys[i].required || seen & (uint64_t)1 << i)
			continue;
		if (reader->broken)
			reader->complaints++;
		else
			complain(reader, node->line, node->column, "%s needs the key '%s'", what,
				 keys[i].name);
	}
}

void read_mapping(struct reader *reader, const char *what, const struct yaml_node *node,
		  const struct key *keys, size_t key_count, void *out)
{
	if (node->kind != YAML_MAPPING && node->kind != YAML_NOTHING) {
		if (node->kind == YAML_BROKEN)
			reader->complaints++;
		else
			complain(reader, node->line, node->column,
				 "%s must be a mapping (key: value), not %s", what,
				 yaml_kind_name(node->kind));
		return;
	}
	uint64_t seen = 0;
	for (const struct yaml_node *value = node->first; value; value = value->next) {
		const struct key *key = find_key(keys, key_count, value->key->text);
		if (key) {
			key->read(reader, key, value, (char *)out + key->offset);
			seen |= (uint64_t)1 << (key - keys);
		} else {
			complain_of_key(reader, value->key, keys, key_count);
		}
	}
	complain_of_missing(reader, what, node, keys, key_count, seen);
}

void *read_items(struct reader *reader, const struct key *key, const struct yaml_node *value,
		 size_t item_size,
		 void (*read_item)(struct reader *reader, const struct yaml_node *node, void *item),
		 size_t *count)
{
	if (!wants(reader, key, value, YAML_LIST))
		return NULL;
	char *items = arena_array(reader->arena, value->count, item_size);
	size_t kept = 0;
	for (const struct yaml_node *node = value->first; items && node; node = node->next) {
		uint32_t before = reader->complaints;
		read_item(reader, node, items + kept * item_size);
		if (reader->complaints == before)
			kept++;
		else
			memset(items + kept * item_size, 0, item_size);
	}
	*count = items ? kept : 0;
	return items;
}

/* ---- words ---- */

bool is_field_name(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!(text.at[i] >= 'a' && text.at[i] <= 'z') && text.at[i] != '_' &&
		    (i == 0 || text.at[i] < '0' || text.at[i] > '9'))
			return false;
	return text.length > 0 && text.length <= NAME_LIMIT && text.at[0] != '_';
}

static const char *check_name(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_name_byte(text.at[i]))
			return "is no module name; use letters, digits and _ . / -";
	return text.length > NAME_LIMIT ? "is longer than 100 bytes, the most a module name may be"
					: NULL;
}

/* Puts a path into the form of base/path.h: without "./" before and '/' after it. */
static struct str tidy_path(struct str text)
{
	while (str_starts(text, STR("./")))
		text = str_from(text, 2);
	while (text.length > 1 && text.at[text.length - 1] == '/')
		text.length--;
	return str_equal(text, STR(".")) ? str_first(text, 0) : text;
}

static const char *check_path(struct str text)
{
	struct str rest = text, part;
	if (text.length > 0 && text.at[0] == '/')
		return "starts with '/'; write the path from the folder it is relative to";
	while (text.length > 0 && str_split(&rest, '/', &part)) {
		if (str_equal(part, STR("..")))
			return "leaves its folder with '..'; write a path below it";
		if (part.length == 0 || str_equal(part, STR(".")))
			return "has an empty part; write each folder once, with one '/' between";
	}
	return NULL;
}

static const char *check_word(enum word_kind kind, struct str *text)
{
	if (text->length > WORD_LIMIT)
		return "is longer than 4000 bytes";
	if (memchr(text->at, '\n', text->length) || memchr(text->at, '\r', text->length))
		return "has a line break; write it on one line";
	if (kind == WORD_NAME)
		return check_name(*text);
	if (kind == WORD_PATH || kind == WORD_PATTERN) {
		*text = tidy_path(*text);
		if (kind == WORD_PATH &&
		    (memchr(text->at, '*', text->length) || memchr(text->at, '?', text->length)))
			return "is a pattern; write the paths themselves here";
		return check_path(*text);
	}
	return NULL;
}

bool read_word_into(struct reader *reader, const char *what, enum word_kind kind,
		    const struct yaml_node *value, struct word *out)
{
	if (value->kind != YAML_SCALAR) {
		complain_of_kind(reader, what, value, "a text");
		return false;
	}
	struct str text = value->text;
	if (text.length == 0) {
		complain(reader, value->line, value->column, "'%s' has an empty text here", what);
		return false;
	}
	const char *wrong = check_word(kind, &text);
	if (wrong) {
		complain(reader, value->line, value->column, "'%s' %s",
			 excerpt_of(value->text).text, wrong);
		return false;
	}
	/* tidy_path() may have cut off the end, where the NUL is. */
	if (text.length != value->text.length)
		text = arena_str(reader->arena, text);
	*out = (struct word){text, value->line, value->column};
	return true;
}

static void complain_twice(struct reader *reader, const struct key *key, const struct word *first,
			   const struct word *again)
{
	complain(reader, again->line, again->column,
		 "'%s' is in '%s' twice; the first is in line %u", excerpt_of(again->text).text,
		 key->name, first->line);
}

/* Appends `word` unless it is there already; `index` helps when there are many. */
static void add_word(struct reader *reader, const struct key *key, struct words *words,
		     struct map *index, struct word word)
{
	uint32_t at = 0;
	if (index) {
		at = map_get_or_put(index, word.text, (uint32_t)words->count);
		reader->arena->failed |= at == MAP_NONE;
	} else {
		while (at < words->count && !str_equal(words->items[at].text, word.text))
			at++;
	}
	if (at == words->count)
		words->items[words->count++] = word;
	else if (at != MAP_NONE)
		complain_twice(reader, key, &words->items[at], &word);
}

void read_words(struct reader *reader, const struct key *key, const struct yaml_node *value,
		void *field)
{
	if (!wants(reader, key, value, YAML_LIST))
		return;
	struct words words = {.given = true};
	words.items = arena_array(reader->arena, value->count, sizeof *words.items);
	_cleanup_(map_release) struct map index = {0};
	for (const struct yaml_node *node = value->first; words.items && node; node = node->next) {
		struct word word;
		if (read_word_into(reader, key->name, key->words, node, &word))
			add_word(reader, key, &words, value->count > FEW_WORDS ? &index : NULL,
				 word);
	}
	memcpy(field, &words, sizeof words);
}

void read_uses(struct reader *reader, const struct key *key, const struct yaml_node *value,
	       void *field)
{
	struct words words = {0};
	read_words(reader, key, value, &words);
	struct module_uses *uses = field;
	uses->given = words.given;
	uses->items = arena_array(reader->arena, words.count, sizeof *uses->items);
	for (size_t i = 0; uses->items && i < words.count; i++)
		uses->items[uses->count++] = (struct module_use){words.items[i], MODULE_NONE};
}

void read_word(struct reader *reader, const struct key *key, const struct yaml_node *value,
	       void *field)
{
	read_word_into(reader, key->name, key->words, value, field);
}

void read_text(struct reader *reader, const struct key *key, const struct yaml_node *value,
	       void *field)
{
	struct word word;
	if (read_word_into(reader, key->name, key->words, value, &word))
		*(struct str *)field = word.text;
}

void read_prose(struct reader *reader, const struct key *key, const struct yaml_node *value,
		void *field)
{
	if (value->kind != YAML_SCALAR)
		complain_of_kind(reader, key->name, value, "a text");
	else
		*(struct str *)field = value->text;
}

void read_bool(struct reader *reader, const struct key *key, const struct yaml_node *value,
	       void *field)
{
	bool is_true = str_equal(value->text, STR("true"));
	if (value->kind != YAML_SCALAR)
		complain_of_kind(reader, key->name, value, "true or false");
	else if (value->quoted || (!is_true && !str_equal(value->text, STR("false"))))
		complain(reader, value->line, value->column,
			 "'%s' wants true or false, without quotes", key->name);
	else
		*(bool *)field = is_true;
}

/* ---- rules ---- */

enum rule_id read_rule_name(struct reader *reader, const struct yaml_node *value)
{
	if (value->kind != YAML_SCALAR) {
		complain_of_kind(reader, "rule", value, "the name of a rule");
		return RULE_COUNT;
	}
	enum rule_id rule = rule_named(value->text);
	char buffer[HINT_SIZE];
	if (rule == RULE_COUNT)
		complain(reader, value->line, value->column, "there is no rule '%s'%s",
			 excerpt_of(value->text).text,
			 hint(buffer, value->text, rule_names(), RULE_COUNT));
	return rule;
}

static enum severity read_severity(struct reader *reader, const struct yaml_node *value)
{
	static const struct str NAMES[] = {[SEVERITY_OFF] = STR("off"),
					   [SEVERITY_WARN] = STR("warn"),
					   [SEVERITY_ERROR] = STR("error")};
	for (enum severity severity = SEVERITY_OFF; severity <= SEVERITY_ERROR; severity++)
		if (value->kind == YAML_SCALAR && str_equal(value->text, NAMES[severity]))
			return severity;
	if (value->kind == YAML_BROKEN)
		reader->complaints++;
	else
		complain(reader, value->line, value->column,
			 "the rule '%s' wants error, warn or off",
			 excerpt_of(value->key->text).text);
	return SEVERITY_UNSET;
}

void read_rules(struct reader *reader, const struct key *key, const struct yaml_node *value,
		void *field)
{
	enum severity *rules = field;
	if (!wants(reader, key, value, YAML_MAPPING))
		return;
	for (const struct yaml_node *node = value->first; node; node = node->next) {
		enum rule_id rule = read_rule_name(reader, node->key);
		if (rule == RULE_COUNT)
			continue;
		if (reader->contracts && !rule_is_of_modules(rule))
			complain(reader, node->key->line, node->key->column,
				 "the rule '%s' is about files of no module; set it in %s",
				 rule_name(rule), CONTRACT_ROOT_NAME);
		enum severity severity = read_severity(reader, node);
		if (severity != SEVERITY_UNSET)
			rules[rule] = severity;
	}
}
