/* SPDX-License-Identifier: Apache-2.0 */
/* The simple names of one Java file: which were used, and which mean something of the file's
 * own. A use is told only at the end, because a nested type further down may claim it. */
#include "scan/lang_java.h"

/* Longest qualified name that is told when blanks stand in it, in bytes without them. */
enum { SCATTERED_LIMIT = 1024 };

void java_names_start(struct java *java)
{
	memset(java->slots, 0xFF, sizeof java->slots);
	java->name_count = 0;
	java->use_count = 0;
	java->hider_count = 0;
}

static uint64_t load8(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof word);
	return word;
}

/* The eight bytes from `at`, of which only the first `length` count. */
static uint64_t load_some(const char *at, size_t length)
{
	uint64_t word = load8(at);
	return length < 8 ? word << (64 - 8 * length) : word;
}

/* Of the length, the first eight and the last eight bytes. */
static uint32_t hash_of(const char *at, size_t length)
{
	const uint64_t factor = 0x9E3779B97F4A7C15U;
	uint64_t hash = (load_some(at, length) ^ length) * factor;
	if (length > 8)
		hash = ((hash ^ (hash >> 29)) + load8(at + length - 8)) * factor;
	return (uint32_t)(hash >> 32);
}

/* Whether both have the same `length` bytes. May read seven behind them. */
static bool is_same(const char *a, const char *b, size_t length)
{
	for (; length > 8; a += 8, b += 8, length -= 8)
		if (load8(a) != load8(b))
			return false;
	return load_some(a, length) == load_some(b, length);
}

struct java_name *java_name(struct java *java, const char *at, const char *end)
{
	size_t length = (size_t)(end - at);
	uint32_t hash = hash_of(at, length);
	uint16_t *slot = &java->slots[hash % JAVA_SLOT_COUNT];
	unsigned probes = 0;
	for (uint16_t i = *slot; i != JAVA_NONE && probes < JAVA_PROBE_LIMIT; probes++) {
		struct java_name *name = &java->names[i];
		if (name->hash == hash && name->length == length && is_same(name->at, at, length))
			return name;
		i = name->next;
	}
	if (java->name_count == JAVA_NAME_LIMIT)
		return NULL;
	struct java_name *name = &java->names[java->name_count];
	*name = (struct java_name){at, (uint32_t)length, hash, *slot, 0, JAVA_NONE};
	*slot = (uint16_t)java->name_count++;
	return name;
}

/* Tells of a qualified name without the blanks and comments in it. */
static void tell_scattered(struct java *java, const struct java_use *use)
{
	char text[SCATTERED_LIMIT];
	size_t length = 0;
	const char *end = use->at + use->length;
	for (const char *at = use->at; at < end; at = java_after_blank(java, at)) {
		if (length == SCATTERED_LIMIT)
			return;
		text[length++] = *at++;
	}
	scanner_reference(java->scanner, REFERENCE_NAME, use->at, (struct str){text, length});
}

static bool is_scattered(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] != '.' && !java_is(text.at[i], JAVA_BYTE_NAME))
			return true;
	return false;
}

static void tell(struct java *java, const struct java_use *use)
{
	struct str text = {use->at, use->length};
	if (use->kind == JAVA_USE_DECLARATION)
		scanner_declare(java->scanner, use->at, text);
	else if (use->kind == JAVA_USE_DYNAMIC)
		scanner_reference(java->scanner, REFERENCE_DYNAMIC, use->at, text);
	else if (use->kind == JAVA_USE_NAME && is_scattered(text))
		tell_scattered(java, use);
	else if (use->kind == JAVA_USE_NAME)
		scanner_reference(java->scanner, REFERENCE_NAME, use->at, text);
}

void java_names_flush(struct java *java)
{
	for (unsigned i = 0; i < java->use_count; i++)
		tell(java, &java->uses[i]);
	java->use_count = 0;
}

/* Returns the number of the use. */
static uint16_t add_use(struct java *java, struct java_use use)
{
	if (java->use_count == JAVA_USE_LIMIT)
		java_names_flush(java);
	java->uses[java->use_count] = use;
	return (uint16_t)java->use_count++;
}

void java_names_use(struct java *java, struct java_name *name, const char *at)
{
	uint16_t index = (uint16_t)(name - java->names);
	name->use = add_use(java, (struct java_use){at, name->length, index, JAVA_USE_NAME});
}

void java_names_qualified(struct java *java, const char *at, const char *end)
{
	struct java_name *name = java_name(java, at, end);
	if (name && name->use == JAVA_NONE)
		java_names_use(java, name, at);
	else if (!name)
		java_names_add(java, JAVA_USE_NAME, at, end);
}

void java_names_add(struct java *java, enum java_use_kind kind, const char *at, const char *end)
{
	add_use(java, (struct java_use){at, (uint32_t)(end - at), JAVA_NONE, (uint8_t)kind});
}

/* A use of the name since `from` was none of another file's type. */
static void forget_use(struct java *java, struct java_name *name, const char *from)
{
	uint16_t index = (uint16_t)(name - java->names);
	if (name->use >= java->use_count)
		return;
	struct java_use *use = &java->uses[name->use];
	if (use->name != index || use->kind != JAVA_USE_NAME || use->at < from)
		return;
	use->kind = JAVA_USE_HIDDEN;
	name->use = JAVA_NONE;
}

void java_names_hide(struct java *java, struct java_name *name, const char *from, unsigned depth)
{
	if (java->hider_count == JAVA_HIDER_LIMIT)
		return;
	name->hidden++;
	java->hiders[java->hider_count++] =
		(struct java_hider){from, (uint16_t)(name - java->names), (uint16_t)depth};
}

void java_names_close(struct java *java, unsigned depth)
{
	while (java->hider_count > 0) {
		struct java_hider *hider = &java->hiders[java->hider_count - 1];
		if (hider->depth < depth)
			return;
		struct java_name *name = &java->names[hider->name];
		name->hidden--;
		forget_use(java, name, hider->from);
		java->hider_count--;
	}
}
