/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a Java file: everything but its package and imports. Looks only at quotes,
 * slashes, braces and capitals, because a type's name starts with one; what stands around a
 * name is looked at only while the name is not known yet. */
#include "scan/lang_java.h"

/* ---- what is declared ---- */

/* A type whose name starts with no capital is found only where its body opens. */
static void declare_plain(struct java *java, const char *brace)
{
	const char *at = java->top_begin;
	while (at < brace) {
		at = java_after_blank(java, at);
		if (*at == '"') {
			at = java_skip_string(java, at);
		} else if (java_is(*at, JAVA_BYTE_START)) {
			const char *end = java_name_end(at);
			if (at < brace && java_is_declared(java, at)) {
				java_declare(java, at, end);
				return;
			}
			at = end;
		} else {
			at++;
		}
	}
}

/* ---- braces ---- */

static const char *open_block(struct java *java, const char *at)
{
	if (java->depth == 0 && !java->top_declared)
		declare_plain(java, at);
	java_open(java, at);
	return at + 1;
}

static const char *close_block(struct java *java, const char *at)
{
	if (java->depth == 0)
		return at + 1;
	if (java->depth <= JAVA_DEPTH_LIMIT && java->hider_count > 0)
		java_names_close(java, java->depth);
	java->depth--;
	if (java->depth == 0) {
		java->top_declared = false;
		java->top_begin = at + 1;
	}
	return at + 1;
}

/* ---- names ---- */

/* Behind the capitalised members that follow a name: they are no simple names. */
static const char *skip_members(const char *at)
{
	while (at[0] == '.' && java_is(at[1], JAVA_BYTE_CAPITAL))
		at = java_name_end(at + 1);
	return at;
}

/* A type that follows the dot before `at`: the end of a qualified name if all before it are
 * names that start with no capital, and a name stands before the first dot. */
static void use_qualified(struct java *java, const char *at, const char *end)
{
	const char *first = NULL;
	const char *dot = java_before_blank(java, at);
	while (dot > java->begin && dot[-1] == '.') {
		struct str part = java_word_before(java, java_before_blank(java, dot - 1));
		if (part.length == 0 || !java_is(*part.at, JAVA_BYTE_START) ||
		    java_is(*part.at, JAVA_BYTE_CAPITAL))
			return;
		first = part.at;
		dot = java_before_blank(java, first);
	}
	struct str part = {first, first ? (size_t)(java_name_end(first) - first) : 0};
	if (first && !str_equal(part, STR("this")) && !str_equal(part, STR("super")))
		java_names_qualified(java, first, end);
}

/* The literal of Class.forName("..."), when `end` is behind such a Class. */
static void use_literal(struct java *java, const char *end)
{
	static const char CALL[] = ".forName(";
	if (strncmp(end, CALL, sizeof CALL - 1) != 0)
		return;
	const char *quote = java_after_blank(java, end + sizeof CALL - 1);
	if (*quote != '"')
		return;
	const char *at = quote + 1;
	while (java_is(*at, JAVA_BYTE_NAME) || *at == '.')
		at++;
	if (*at == '"' && java_is(quote[1], JAVA_BYTE_START))
		java_names_add(java, JAVA_USE_DYNAMIC, quote + 1, at);
}

/* A name that is not known, or was not used yet, so that it matters what it does here. */
static void judge_name(struct java *java, struct java_name *name, const char *at, const char *end)
{
	switch (java_role_of(java, at, end)) {
	case JAVA_ROLE_USE:
		if (name)
			java_names_use(java, name, at);
		else
			java_names_add(java, JAVA_USE_NAME, at, end);
		break;
	case JAVA_ROLE_MEMBER: use_qualified(java, at, end); break;
	case JAVA_ROLE_TYPE: java_declare(java, at, end); break;
	case JAVA_ROLE_PARAMETER:
		if (name)
			java_names_hide(java, name, at, java_depth(java) + 1);
		break;
	default: break;
	}
}

/* Cheap and nearly right: whether "class", "interface", "enum" or "record" may stand before
 * `at`, or a comment. */
static bool may_be_declared(const struct java *java, const char *at)
{
	if (at - java->begin < 2 || !java_is(at[-1], JAVA_BYTE_ENDING) ||
	    !java_is(at[-2], JAVA_BYTE_ENDING))
		return false;
	while (at - java->begin > 2 && java_is(at[-1], JAVA_BYTE_SPACE))
		at--;
	/* In one jump, which is foreseen; a switch would not be. */
	unsigned last = (unsigned)(uint8_t)at[-2] << 8 | (uint8_t)at[-1];
	return (last == ('s' << 8 | 's')) | (last == ('c' << 8 | 'e')) |
	       (last == ('u' << 8 | 'm')) | (last == ('r' << 8 | 'd')) | (at[-1] == '/');
}

static const char *visit_name(struct java *java, const char *at, const char *end)
{
	if (at > java->begin && at[-1] == '.') {
		judge_name(java, NULL, at, end);
		return skip_members(end);
	}
	struct java_name *name = java_name(java, at, end);
	bool known = name && (name->hidden || name->use != JAVA_NONE);
	if (!known)
		judge_name(java, name, at, end);
	else if (may_be_declared(java, at) && java_is_declared(java, at))
		java_declare(java, at, end);
	if (end - at == 5 && memcmp(at, "Class", 5) == 0)
		use_literal(java, end);
	return skip_members(end);
}

/* ---- the loop ---- */

/* A mark: anything but a name. */
static const char *visit_mark(struct java *java, const char *at)
{
	switch (*at) {
	case '{': return open_block(java, at);
	case '}': return close_block(java, at);
	case '"': return java_skip_string(java, at);
	case '\'': return java_skip_character(java, at);
	default: return at[1] == '/' || at[1] == '*' ? java_skip_comment(java, at) : at + 1;
	}
}

/* The end of the name in the block from `block` whose rest is `names`, from `at` on. */
static const char *end_of(const char *block, const char *at, uint64_t names)
{
	uint64_t others = ~names >> (at - block);
	return others ? at + __builtin_ctzll(others) : java_name_end(block + JAVA_BLOCK);
}

/* Visits what is in the block from `at`; returns where the next one starts. */
static const char *visit_block(struct java *java, const char *at, const char *end)
{
	bool after_name = at > java->begin && java_is(at[-1], JAVA_BYTE_NAME);
	struct java_block block = java_look(at, after_name);
	while (block.events) {
		const char *event = at + __builtin_ctzll(block.events);
		if (event >= end)
			return end;
		const char *after =
			java_is(*event, JAVA_BYTE_CAPITAL)
				? visit_name(java, event, end_of(at, event, block.names))
				: visit_mark(java, event);
		if (after >= at + JAVA_BLOCK)
			return after;
		block.events &= ~(uint64_t)0 << (after - at);
	}
	return at + JAVA_BLOCK;
}

void java_body(struct java *java, const char *at, const char *end)
{
	while (at < end)
		at = visit_block(java, at, end);
}
