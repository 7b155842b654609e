/* SPDX-License-Identifier: Apache-2.0 */
#include "scanned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* Exactly as long as it must be, so that a sanitizer sees a read past the end. */
static char *pad(struct str source)
{
	char *padded = mem_alloc(source.length + SCANNER_PADDING);
	assert_non_null(padded);
	if (source.length)
		memcpy(padded, source.at, source.length);
	return padded;
}

void scanned_make(struct scanned *scanned, enum language language, const char *path,
		  struct str source)
{
	char *padded = pad(source);
	scan_source(language, str_of(path), (struct str){padded, source.length}, &scanned->arena,
		    &scanned->facts);
	mem_free(padded);
}

void scanned_release(struct scanned *scanned)
{
	mem_free(scanned->facts.references);
	mem_free(scanned->facts.declarations);
	arena_release(&scanned->arena);
}

void scanned_expect(enum language language, const char *path, struct str source, const char *end,
		    const char *expected)
{
	_cleanup_(scanned_release) struct scanned scanned = {0};
	_cleanup_(text_release) struct text listing = {0};
	scanned_make(&scanned, language, path, source);
	for (size_t i = 0; i < scanned.facts.reference_count; i++) {
		const struct reference *reference = &scanned.facts.references[i];
		assert_in_range(reference->line, 1, scanned.facts.lines);
		text_addf(&listing, "%u:%u %s %s%s", reference->line, reference->column,
			  reference_kind_name(reference->kind), reference->target, end);
	}
	assert_string_equal(listing.at ? listing.at : "", expected);
}

void scanned_without_memory(enum language language, const char *path, struct str source,
			    size_t count)
{
	char *padded = pad(source);
	for (long n = 1;; n++) {
		_cleanup_(scanned_release) struct scanned scanned = {0};
		mem_fail_from(n);
		scan_source(language, str_of(path), (struct str){padded, source.length},
			    &scanned.arena, &scanned.facts);
		bool failed = mem_fail_never();
		assert_int_equal(scanned.facts.failed, failed);
		if (!failed) {
			assert_int_equal(scanned.facts.reference_count, count);
			break;
		}
	}
	mem_free(padded);
}
