/* SPDX-License-Identifier: Apache-2.0 */
/* An entry's key and its line. A word is written plain where it is sure to be read back as it
 * is, and else in double quotes, with an escape for each character that YAML forbids or might
 * take for a line break. */
#include "finding/entry.h"

#include "base/utf8.h"

static const struct str REPLACEMENT = {"\xEF\xBF\xBD", 3};

/* The length of the character at the start, or 0 for a byte that no text may hold. */
static size_t character(struct str text)
{
	return text.at[0] == '\0' ? 0 : utf8_length(text);
}

static void add_clean(struct text *out, struct str word)
{
	if (utf8_valid(word) && str_find(word, '\0') < 0) {
		text_add(out, word);
		return;
	}
	while (word.length > 0) {
		size_t length = character(word);
		text_add(out, length ? str_first(word, length) : REPLACEMENT);
		word = str_from(word, length ? length : 1);
	}
}

void entry_add_key(struct text *out, uint32_t source, const struct entry_words *words)
{
	text_add(out, (struct str){(const char *)&source, sizeof source});
	add_clean(out, words->rule);
	text_add_byte(out, '\0');
	add_clean(out, words->to);
	text_add_byte(out, '\0');
	add_clean(out, words->file);
	text_add_byte(out, '\0');
	add_clean(out, words->reference);
}

/* ---- as a line ---- */

static bool is_plain_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '/' || byte == '.';
}

bool entry_is_plain(struct str word)
{
	if (word.length == 0 || !is_plain_byte(word.at[0]))
		return false;
	for (size_t i = 1; i < word.length; i++)
		if (!is_plain_byte(word.at[i]) && word.at[i] != '-' && word.at[i] != '@' &&
		    word.at[i] != '+')
			return false;
	return !str_equal(word, STR("null")) && !str_equal(word, STR("Null")) &&
	       !str_equal(word, STR("NULL"));
}

static uint32_t decode(struct str character)
{
	const unsigned char *at = (const unsigned char *)character.at;
	switch (character.length) {
	case 2: return (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
	case 3: return (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
	case 4:
		return (at[0] & 0x07u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 |
		       (at[3] & 0x3Fu);
	default: return at[0];
	}
}

/* Controls, line and paragraph separators, the byte order mark, and what is no character. */
static bool must_escape(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
	       code == 0xFEFF || (code & 0xFFFE) == 0xFFFE;
}

static void add_quoted(struct text *out, struct str word)
{
	text_add_byte(out, '"');
	while (word.length > 0) {
		size_t length = character(word);
		struct str one = length ? str_first(word, length) : REPLACEMENT;
		uint32_t code = decode(one);
		if (code == '"' || code == '\\')
			text_addf(out, "\\%c", (char)code);
		else if (must_escape(code))
			text_addf(out, code > 0xFFFF ? "\\U%08x" : "\\u%04x", code);
		else
			text_add(out, one);
		word = str_from(word, length ? length : 1);
	}
	text_add_byte(out, '"');
}

static void add_pair(struct text *out, const char *key, struct str word)
{
	text_addf(out, "%s: ", key);
	if (entry_is_plain(word))
		text_add(out, word);
	else
		add_quoted(out, word);
}

void entry_add_line(struct text *out, const struct entry_words *words)
{
	const struct {
		const char *key;
		struct str word;
	} PAIRS[] = {
		{", to", words->to}, {", file", words->file}, {", reference", words->reference}};
	text_add(out, STR("- {"));
	add_pair(out, "rule", words->rule);
	for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++)
		if (PAIRS[i].word.length > 0)
			add_pair(out, PAIRS[i].key, PAIRS[i].word);
	text_add_byte(out, '}');
}

struct entry_words entry_words_of(const struct baseline_entry *entry)
{
	return (struct entry_words){entry->rule, entry->to, entry->file, entry->reference};
}

struct entry_words entry_words_of_finding(const struct finding *finding)
{
	return (struct entry_words){str_of(finding->rule), finding->to, finding->file,
				    finding->reference};
}
