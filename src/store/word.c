/* SPDX-License-Identifier: Apache-2.0 */
/* The words of SQL. Invariant: the list is sorted by bytes, which a unit test holds. */
#include "word.h"

#include <stdlib.h>

static const char *const NAMES[] = {"",
#define X(name, flags) #name,
				    WORDS(X)
#undef X
};

static const uint8_t FLAGS[] = {0,
#define X(name, flags) (flags),
				WORDS(X)
#undef X
};

#define LONGEST 32

enum word word_find(struct str text)
{
	char lower[LONGEST];
	if (text.length == 0 || text.length >= sizeof lower)
		return WORD_NONE;
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];
		lower[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
	}
	struct str wanted = {lower, text.length};
	unsigned from = 1, to = WORD_COUNT;
	while (from < to) {
		unsigned middle = from + (to - from) / 2;
		int order = str_compare(wanted, str_of(NAMES[middle]));
		if (order == 0)
			return (enum word)middle;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return WORD_NONE;
}

bool word_is(enum word word, enum word_flag flag)
{
	return FLAGS[word] & (unsigned)flag;
}

const char *word_name(enum word word)
{
	return NAMES[word];
}
