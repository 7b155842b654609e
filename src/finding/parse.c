/* SPDX-License-Identifier: Apache-2.0 */
/* From the content of a baseline to entries. A file that consists of lines as they are
 * written here, of comments and of blank lines is read without the YAML library, in a
 * fraction of its time; any other goes through the library from its start. Both give the same
 * entries. */
#include "finding/entry.h"

#include "base/mem.h"

int entries_add(struct baseline *baseline, const struct baseline_entry *entry, struct error *error)
{
	if (baseline->count == UINT32_MAX - 1 ||
	    !mem_reserve(&baseline->entries, &baseline->capacity, (size_t)baseline->count + 1,
			 sizeof *baseline->entries))
		return error_memory(error);
	baseline->entries[baseline->count++] = *entry;
	return 0;
}

/* The word of an entry that a key names, or NULL. */
static struct str *word_of(struct baseline_entry *entry, struct str key)
{
	if (str_equal(key, STR("rule")))
		return &entry->rule;
	if (str_equal(key, STR("to")))
		return &entry->to;
	if (str_equal(key, STR("file")))
		return &entry->file;
	return str_equal(key, STR("reference")) ? &entry->reference : NULL;
}

/* ---- lines as they are written ---- */

static bool eat(struct str *rest, struct str prefix)
{
	if (!str_starts(*rest, prefix))
		return false;
	*rest = str_from(*rest, prefix.length);
	return true;
}

/* A word up to its quote. One with an escape, or beyond ASCII, is left to the library. */
static bool eat_quoted(struct str *rest, struct str *out)
{
	size_t end = 1;
	while (end < rest->length && rest->at[end] != '"') {
		unsigned char byte = (unsigned char)rest->at[end++];
		if (byte < 0x20 || byte > 0x7E || byte == '\\')
			return false;
	}
	if (end == rest->length || end == 1)
		return false;
	*out = str_first(str_from(*rest, 1), end - 1);
	*rest = str_from(*rest, end + 1);
	return true;
}

static bool eat_word(struct str *rest, struct str *out)
{
	if (rest->length > 0 && rest->at[0] == '"')
		return eat_quoted(rest, out);
	size_t end = 0;
	while (end < rest->length && rest->at[end] != ',' && rest->at[end] != '}')
		end++;
	*out = str_first(*rest, end);
	*rest = str_from(*rest, end);
	return entry_is_plain(*out);
}

static bool parse_line(struct str line, struct baseline_entry *out)
{
	if (!eat(&line, STR("- {")))
		return false;
	do {
		ptrdiff_t colon = str_find(line, ':');
		struct str *word = colon < 0 ? NULL : word_of(out, str_first(line, (size_t)colon));
		if (!word || word->at)
			return false;
		line = str_from(line, (size_t)colon);
		if (!eat(&line, STR(": ")) || !eat_word(&line, word))
			return false;
	} while (eat(&line, STR(", ")));
	return str_equal(line, STR("}")) && out->rule.at;
}

static bool is_comment_or_blank(struct str line)
{
	size_t i = 0;
	while (i < line.length && line.at[i] == ' ')
		i++;
	if (i < line.length && line.at[i] != '#')
		return false;
	for (; i < line.length; i++) {
		unsigned char byte = (unsigned char)line.at[i];
		if (byte < 0x20 || byte > 0x7E)
			return false;
	}
	return true;
}

/* Returns 1 when all lines were understood, and 0, with no entry added, when not. */
static int parse_lines(struct baseline *baseline, uint32_t source, struct error *error)
{
	struct str content = baseline->sources[source].content;
	uint32_t before = baseline->count;
	uint32_t number = 1;
	for (size_t at = 0; at < content.length; number++) {
		ptrdiff_t found = str_find(str_from(content, at), '\n');
		size_t next = found < 0 ? content.length : at + (size_t)found + 1;
		size_t end = found < 0 ? next : next - 1;
		if (end > at && content.at[end - 1] == '\r' && found >= 0)
			end--;
		struct str line = str_first(str_from(content, at), end - at);
		struct baseline_entry entry = {.source = source,
					       .line = number,
					       .column = 3,
					       .start = at,
					       .end = next,
					       .dash = at};
		bool is_entry = parse_line(line, &entry);
		if (!is_entry && !is_comment_or_blank(line)) {
			baseline->count = before;
			return 0;
		}
		if (is_entry && entries_add(baseline, &entry, error) < 0)
			return -1;
		at = next;
	}
	return 1;
}

/* ---- any YAML ---- */

struct reading {
	struct baseline *baseline;
	uint32_t source;
	struct error_list *errors;
	const char *file;
	size_t skipped; /* bytes of the byte order mark */
};

static void complain(struct reading *reading, const struct yaml_node *node, const char *message)
{
	error_list_at(reading->errors, ERROR_INVALID, reading->file, node->line, node->column, "%s",
		      message);
	reading->baseline->sources[reading->source].broken = true;
}

static void read_word(struct reading *reading, const struct yaml_node *value,
		      struct baseline_entry *entry)
{
	struct str *word = word_of(entry, value->key->text);
	if (!word) {
		static const struct str KEYS[] = {STR("rule"), STR("to"), STR("file"),
						  STR("reference")};
		struct str near = str_nearest(value->key->text, KEYS, sizeof KEYS / sizeof *KEYS);
		error_list_at(reading->errors, ERROR_INVALID, reading->file, value->key->line,
			      value->key->column, "unknown key '%s'; %s%s%s",
			      excerpt_of(value->key->text).text,
			      near.at ? "did you mean '"
				      : "the keys here are rule, to, file and reference",
			      near.at ? near.at : "", near.at ? "'?" : "");
		reading->baseline->sources[reading->source].broken = true;
	} else if (value->kind == YAML_SCALAR) {
		*word = value->text;
	} else if (value->kind != YAML_BROKEN) {
		complain(reading, value, "the value must be a text; put it in quotes");
	}
}

/* Finds the lines of an entry; false when it shares them with something else. */
static bool find_lines(const struct reading *reading, const struct yaml_node *node,
		       struct baseline_entry *entry)
{
	struct str content = reading->baseline->sources[reading->source].content;
	size_t dash = node->offset + reading->skipped, end = node->end + reading->skipped;
	while (dash > 0 && strchr(" \t\r\n", content.at[dash - 1]) && content.at[dash - 1])
		dash--;
	if (dash == 0 || content.at[dash - 1] != '-')
		return false;
	entry->dash = --dash;
	while (dash > 0 && content.at[dash - 1] == ' ')
		dash--;
	entry->start = dash;
	ptrdiff_t line_end = str_find(str_from(content, end), '\n');
	entry->end = line_end < 0 ? content.length : end + (size_t)line_end + 1;
	return dash == reading->skipped || content.at[dash - 1] == '\n';
}

static int read_entry(struct reading *reading, const struct yaml_node *node, struct error *error)
{
	struct baseline_entry entry = {
		.source = reading->source, .line = node->line, .column = node->column};
	if (node->kind != YAML_MAPPING) {
		if (node->kind != YAML_BROKEN)
			complain(reading, node, "an entry must be a mapping, '- {rule: ...}'");
		return 0;
	}
	for (const struct yaml_node *value = node->first; value; value = value->next)
		read_word(reading, value, &entry);
	if (entry.rule.length == 0) {
		complain(reading, node, "an entry needs the key 'rule'");
		return 0;
	}
	if (!find_lines(reading, node, &entry))
		complain(reading, node, "an entry must stand on lines of its own, '- {rule: ...}'");
	return entries_add(reading->baseline, &entry, error);
}

static int read_document(struct reading *reading, const struct yaml_node *root, struct error *error)
{
	struct str content = reading->baseline->sources[reading->source].content;
	if (root->kind == YAML_NOTHING)
		return 0;
	if (root->kind != YAML_LIST || content.at[root->offset + reading->skipped] == '[') {
		if (root->kind != YAML_BROKEN)
			complain(reading, root,
				 "a baseline must be a list with an entry a line, '- {rule: ...}'");
		return 0;
	}
	for (const struct yaml_node *node = root->first; node; node = node->next)
		if (read_entry(reading, node, error) < 0)
			return -1;
	return 0;
}

static int parse_yaml(struct baseline *baseline, uint32_t index, struct yaml_parser *parser,
		      struct error_list *errors, struct error *error)
{
	struct baseline_source *source = &baseline->sources[index];
	struct reading reading = {.baseline = baseline,
				  .source = index,
				  .errors = errors,
				  .file = source->path.at,
				  .skipped = str_starts(source->content, STR("\xEF\xBB\xBF")) * 3u};
	struct yaml_document document;
	size_t before = errors->count + errors->dropped;
	if (yaml_parse(parser, source->path.at, source->content, &baseline->arena, &document,
		       errors, error) < 0)
		return -1;
	source->broken = document.broken || errors->count + errors->dropped > before;
	return document.root ? read_document(&reading, document.root, error) : 0;
}

int entries_parse(struct baseline *baseline, uint32_t source, struct yaml_parser *parser,
		  struct error_list *errors, struct error *error)
{
	struct baseline_source *about = &baseline->sources[source];
	about->first = baseline->count;
	int result = parse_lines(baseline, source, error);
	if (result == 0)
		result = parse_yaml(baseline, source, parser, errors, error);
	about->count = baseline->count - about->first;
	return result < 0 ? -1 : 0;
}
