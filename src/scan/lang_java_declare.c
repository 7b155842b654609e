/* SPDX-License-Identifier: Apache-2.0 */
/* The types that a Java file declares, at its top level and in each other, and what they
 * extend: so that it can be told later whether a name is that of an inherited type. Knows
 * nothing of how names are used. */
#include "scan/lang_java.h"

/* Most bytes of one head, from a type's name to its body, that are looked through, and most
 * modifiers before it. */
enum { HEAD_LIMIT = 4096, MODIFIER_LIMIT = 16 };

static bool is_word(struct str word, const char *text)
{
	return str_equal(word, str_of(text));
}

/* ---- the head of a type ---- */

struct head {
	struct java *java;
	const char *at;
	const char *end;
};

/* Behind what `open` opens, where it stands. */
static void skip_group(struct head *head, char open, char close)
{
	unsigned depth = 0;
	head->at = java_after_blank(head->java, head->at);
	if (*head->at != open)
		return;
	do {
		if (*head->at == open)
			depth++;
		else if (*head->at == close)
			depth--;
		if (*head->at == '"')
			head->at = java_skip_string(head->java, head->at);
		else if (*head->at == '\'')
			head->at = java_skip_character(head->java, head->at);
		else
			head->at++;
		head->at = java_after_blank(head->java, head->at);
	} while (depth > 0 && head->at < head->end && *head->at != '{');
}

/* The dotted name where the head is, without blanks in it; empty when none stands there. */
static struct str read_name(struct head *head)
{
	head->at = java_after_blank(head->java, head->at);
	const char *at = head->at;
	if (java_is(*at, JAVA_BYTE_START))
		head->at = java_dotted_end(at);
	return (struct str){at, (size_t)(head->at - at)};
}

static void skip_annotation(struct head *head)
{
	head->at++;
	read_name(head);
	skip_group(head, '(', ')');
}

/* Tells of the supertypes in the list where the head is; the next word is not part of it. */
static void read_list(struct head *head, uint16_t type, bool tell)
{
	do {
		head->at = java_after_blank(head->java, head->at);
		if (*head->at == ',')
			head->at = java_after_blank(head->java, head->at + 1);
		while (*head->at == '@' && head->at < head->end)
			skip_annotation(head);
		struct str name = read_name(head);
		if (tell && name.length > 0)
			java_names_declare(head->java, DECLARES_SUPERTYPE, name.at,
					   name.at + name.length, type);
		skip_group(head, '<', '>');
		head->at = java_after_blank(head->java, head->at);
	} while (*head->at == ',' && head->at < head->end);
}

static void read_head(struct java *java, const char *at, uint16_t type)
{
	size_t room = java->budget < HEAD_LIMIT ? java->budget : HEAD_LIMIT;
	size_t left = (size_t)(java->end - at);
	struct head head = {java, at, at + (left < room ? left : room)};
	skip_group(&head, '<', '>');
	skip_group(&head, '(', ')');
	while (head.at < head.end) {
		struct str word = read_name(&head);
		bool tell = is_word(word, "extends") || is_word(word, "implements");
		if (!tell && !is_word(word, "permits"))
			break;
		read_list(&head, type, tell);
	}
	size_t read = (size_t)(head.at - at);
	java->budget -= read < java->budget ? read : java->budget;
}

/* ---- the type ---- */

/* The word that declares the type whose name is at `at`. */
static struct str word_before(const struct java *java, const char *at)
{
	return java_word_before(java, java_before_blank(java, at));
}

/* Who inherits a type in a type, by the modifiers before the word that declares it. */
static enum declaration_kind member_kind(const struct java *java, const char *at)
{
	for (int i = 0; i < MODIFIER_LIMIT; i++) {
		struct str word = word_before(java, at);
		if (word.length == 0)
			break;
		if (is_word(word, "private"))
			return DECLARES_INNER;
		if (is_word(word, "public") || is_word(word, "protected"))
			return DECLARES_MEMBER;
		at = word.at;
	}
	return DECLARES_NEAR_MEMBER;
}

static enum declaration_kind kind_of(const struct java *java, struct str word)
{
	const struct java_brace *around = &java->braces[java_depth(java)];
	if (java->depth == 0)
		return DECLARES_FOR_ALL;
	if (!around->is_body)
		return DECLARES_INNER;
	return around->is_interface ? DECLARES_MEMBER : member_kind(java, word.at);
}

void java_declare(struct java *java, const char *at, const char *end)
{
	unsigned depth = java_depth(java);
	const struct java_brace *around = &java->braces[depth];
	struct str word = word_before(java, at);
	struct java_name *name = java_name(java, at, end);
	java->declared = (struct java_declared){
		.number = java_names_declare(java, kind_of(java, word), at, end, around->type),
		.depth = java->depth,
		.is_interface = is_word(word, "interface"),
	};
	if (depth == 0)
		java->top_declared = true;
	if (name)
		java_names_hide(java, name, around->at, depth);
	if (java->declared.number > 0)
		read_head(java, end, java->declared.number);
}

void java_open(struct java *java, const char *at)
{
	bool is_body = java->declared.number > 0 && java->declared.depth == java->depth;
	uint16_t around = java->braces[java_depth(java)].type;
	if (java->depth < JAVA_DEPTH_LIMIT)
		java->braces[java->depth + 1] = (struct java_brace){
			.at = at,
			.type = is_body ? java->declared.number : around,
			.is_body = is_body,
			.is_interface = is_body && java->declared.is_interface,
		};
	if (is_body)
		java->declared.number = 0;
	java->depth++;
}
