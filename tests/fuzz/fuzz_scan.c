/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes through one language's scanner: it must end, keep inside the bytes, and say only
 * what can be true. Built once a language, with FUZZ_LANGUAGE. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scan/scanner.h"

/* The first byte of the input chooses among the variants of a language. */
static const char *const PATHS[LANGUAGE_COUNT][8] = {
	[LANGUAGE_C] = {"a.c", "a.h", "a.cpp", "a.c", "a.h", "a.cpp", "a.c", "a.h"},
	[LANGUAGE_PYTHON] = {"a.py", "a.pyi", "a.py", "a.py", "a.py", "a.py", "a.py", "a.pyi"},
	[LANGUAGE_JAVASCRIPT] = {"a.js", "a.ts", "a.tsx", "a.jsx", "a.vue", "a.svelte", "a.astro",
				 "a.mts"},
	[LANGUAGE_GO] = {"a.go", "a.go", "a.go", "a.go", "a.go", "a.go", "a.go", "a_test.go"},
	[LANGUAGE_JAVA] = {"A.java", "A.java", "A.java", "module-info.java", "package-info.java",
			   "A.java", "A.java", "A.java"},
};

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check(const struct facts *facts)
{
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		require(reference->line >= 1 && reference->line <= facts->lines);
		require(reference->column >= 1);
		require(reference->target[reference->target_length] == '\0');
		require(reference->kind < REFERENCE_KIND_COUNT);
		require(reference->state == REFERENCE_UNRESOLVED ||
			reference->state == REFERENCE_STANDARD);
	}
	for (size_t i = 0; i < facts->declaration_count; i++)
		require(facts->declarations[i].name.length > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	/* Exactly as long as it is, so that the sanitizer sees a read past the padding. */
	char *source = mem_alloc(size - 1 + SCANNER_PADDING);
	if (!source)
		return 0;
	memcpy(source, data + 1, size - 1);
	struct arena arena = {0};
	struct facts facts = {0};
	scan_source(FUZZ_LANGUAGE, str_of(PATHS[FUZZ_LANGUAGE][data[0] % 8]),
		    (struct str){source, size - 1}, &arena, &facts);
	check(&facts);
	mem_free(facts.references);
	mem_free(facts.declarations);
	arena_release(&arena);
	mem_free(source);
	return 0;
}
