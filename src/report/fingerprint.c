/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of findings without their lines. They are a promise: GitHub and GitLab compare them
 * with those of runs months ago, so the bytes that are hashed must never change. */
#include "report/fingerprint.h"

#define XXH_INLINE_ALL
#include <stdlib.h>
#include <xxhash.h>

#include "base/mem.h"

struct keyed {
	XXH128_hash_t key;
	size_t index;
};

/* Each part with a NUL behind it, so that no two lists of parts have the same bytes. */
static void feed(XXH3_state_t *state, struct str part)
{
	if (part.length)
		XXH3_128bits_update(state, part.at, part.length);
	XXH3_128bits_update(state, "", 1);
}

static XXH128_hash_t key_of(const struct finding *finding)
{
	XXH3_state_t state;
	XXH3_128bits_reset(&state);
	feed(&state, str_of(finding->rule));
	feed(&state, finding->module);
	feed(&state, finding->to);
	feed(&state, finding->file);
	feed(&state, finding->reference);
	return XXH3_128bits_digest(&state);
}

static int compare(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = XXH128_cmp(&a->key, &b->key);
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static struct fingerprint spell(XXH128_hash_t key, uint32_t ordinal)
{
	static const char DIGITS[] = "0123456789abcdef";
	struct fingerprint fingerprint = {0};
	XXH128_canonical_t bytes;
	XXH128_canonicalFromHash(&bytes, key);
	key = XXH3_128bits_withSeed(&bytes, sizeof bytes, ordinal);
	XXH128_canonicalFromHash(&bytes, key);
	for (size_t i = 0; i < sizeof bytes.digest; i++) {
		fingerprint.hex[2 * i] = DIGITS[bytes.digest[i] >> 4];
		fingerprint.hex[2 * i + 1] = DIGITS[bytes.digest[i] & 15];
	}
	return fingerprint;
}

struct fingerprint *fingerprints(const struct writer *writer)
{
	size_t count = writer->list->count;
	_cleanup_(mem_freep) struct keyed *keyed = mem_alloc((count + 1) * sizeof *keyed);
	struct fingerprint *out = keyed ? mem_alloc((count + 1) * sizeof *out) : NULL;
	uint32_t ordinal = 0;
	if (!out) {
		writer->out->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		keyed[i] = (struct keyed){key_of(writer->sorted[i]), i};
	qsort(keyed, count, sizeof *keyed, compare);
	for (size_t i = 0; i < count; i++) {
		bool again = i > 0 && XXH128_isEqual(keyed[i].key, keyed[i - 1].key);
		ordinal = again ? ordinal + 1 : 0;
		out[keyed[i].index] = spell(keyed[i].key, ordinal);
	}
	return out;
}
