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

static inline uint64_t load(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof word);
	return word;
}

/* The first `length` of eight bytes from `at`; zeroes for the rest. */
static inline uint64_t load_some(const char *at, size_t length)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return load(at) & (((uint64_t)1 << 8 * length) - 1);
#else
	return load(at) & ~(~(uint64_t)0 >> 8 * length);
#endif
}

struct key {
	uint64_t first;
	uint64_t last;
	size_t length;
};

static inline struct key key_of(const char *at, size_t length)
{
	if (length < 8)
		return (struct key){load_some(at, length), 0, length};
	return (struct key){load(at), load(at + length - 8), length};
}

/* Whether the name is the one from `at` with that key. */
static inline bool is_same(const struct java_name *name, const struct key *key, const char *at)
{
	return name->first == key->first && name->last == key->last &&
	       name->length == key->length &&
	       (key->length <= 16 || memcmp(name->at + 8, at + 8, key->length - 16) == 0);
}

static inline unsigned slot_of(const struct key *key)
{
	const uint64_t factor = 0x9E3779B97F4A7C15U;
	uint64_t hash = (key->first ^ key->length) * factor;
	hash = (hash ^ hash >> 32 ^ key->last) * factor;
	return (unsigned)(hash >> (64 - JAVA_SLOT_BITS));
}

struct java_name *java_name(struct java *java, const char *at, const char *end)
{
	struct key key = key_of(at, (size_t)(end - at));
	uint16_t *slot = &java->slots[slot_of(&key)];
	unsigned probes = 0;
	for (uint16_t i = *slot; i != JAVA_NONE && probes < JAVA_PROBE_LIMIT; probes++) {
		struct java_name *name = &java->names[i];
		if (is_same(name, &key, at))
			return name;
		i = name->next;
	}
	if (java->name_count == JAVA_NAME_LIMIT)
		return NULL;
	struct java_name *name = &java->names[java->name_count];
	*name = (struct java_name){at,    key.first, key.last, (uint32_t)key.length,
				   *slot, 0,         JAVA_NONE};
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
	java->scanner->within = use->within;
	if (use->kind == JAVA_USE_DECLARATION)
		scanner_declare_as(java->scanner, use->declares, use->at, text);
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
	name->use = add_use(java, (struct java_use){
					  .at = at,
					  .length = name->length,
					  .name = index,
					  .within = java->braces[java_depth(java)].type,
					  .kind = JAVA_USE_NAME,
				  });
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
	add_use(java, (struct java_use){
			      .at = at,
			      .length = (uint32_t)(end - at),
			      .name = JAVA_NONE,
			      .within = java->braces[java_depth(java)].type,
			      .kind = (uint8_t)kind,
		      });
}

uint16_t java_names_declare(struct java *java, enum declaration_kind kind, const char *at,
			    const char *end, uint16_t within)
{
	add_use(java, (struct java_use){
			      .at = at,
			      .length = (uint32_t)(end - at),
			      .name = JAVA_NONE,
			      .within = within,
			      .kind = JAVA_USE_DECLARATION,
			      .declares = (uint8_t)kind,
		      });
	java->declaration_count++;
	return java->declaration_count <= UINT16_MAX ? (uint16_t)java->declaration_count : 0;
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
