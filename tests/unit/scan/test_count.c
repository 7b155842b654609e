/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wide.h"
#include "scan/count.h"
#include "scan/scanner.h"

/* Counting is held against the obvious loops, at all offsets and lengths. */

enum { SIZE = 400 };

struct counts {
	uint32_t newlines;
	uint32_t characters;
	const char *line;
};

static struct counts count_slowly(const char *from, const char *to)
{
	struct counts counts = {0};
	for (; from < to; from++) {
		counts.newlines += *from == '\n';
		counts.characters += (*from & 0xC0) != 0x80;
		if (*from == '\n')
			counts.line = from + 1;
	}
	return counts;
}

static void expect_same(const char *from, const char *to)
{
	struct counts expected = count_slowly(from, to);
	const char *line = NULL;
	assert_int_equal(count_newlines(from, to, &line), expected.newlines);
	assert_ptr_equal(line, expected.line);
	assert_int_equal(count_characters(from, to), expected.characters);
}

/* A newline every `every` bytes, and bytes of all kinds between. */
static void fill(char *bytes, unsigned every)
{
	for (unsigned i = 0; i < SIZE; i++)
		bytes[i] = i % every == every - 1 ? '\n' : (char)(i * 37 + every);
}

static void test_counts_as_the_obvious_loop(void **state)
{
	(void)state;
	char bytes[SIZE + SCANNER_PADDING] = {0};
	for (int allowed = 0; allowed < 2; allowed++) {
		wide_allow(allowed);
		for (unsigned every = 1; every < SIZE; every += 1 + every / 2) {
			fill(bytes, every);
			for (unsigned from = 0; from <= SIZE; from += 3)
				for (unsigned to = from; to <= SIZE; to++)
					expect_same(bytes + from, bytes + to);
		}
	}
	wide_allow(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_as_the_obvious_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
