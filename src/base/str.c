/* SPDX-License-Identifier: Apache-2.0 */
/* Views on bytes. Allocates nothing. */
#include "base/str.h"

int str_compare(struct str a, struct str b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter ? memcmp(a.at, b.at, shorter) : 0;
	if (order != 0)
		return order;
	return a.length < b.length ? -1 : a.length > b.length;
}

ptrdiff_t str_find(struct str text, char byte)
{
	const char *found = text.length ? memchr(text.at, byte, text.length) : NULL;
	return found ? found - text.at : -1;
}

ptrdiff_t str_find_last(struct str text, char byte)
{
	const char *found = text.length ? memrchr(text.at, byte, text.length) : NULL;
	return found ? found - text.at : -1;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct str str_trim(struct str text)
{
	while (text.length && is_blank(text.at[0]))
		text = str_from(text, 1);
	while (text.length && is_blank(text.at[text.length - 1]))
		text.length--;
	return text;
}

bool str_split(struct str *rest, char separator, struct str *out)
{
	if (!rest->at)
		return false;
	ptrdiff_t at = str_find(*rest, separator);
	if (at < 0) {
		*out = *rest;
		*rest = (struct str){0};
	} else {
		*out = str_first(*rest, (size_t)at);
		*rest = str_from(*rest, (size_t)at + 1);
	}
	return true;
}

enum { DISTANCE_MOST = 64 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;
	return smaller < c ? smaller : c;
}

/* Optimal string alignment: three rows of the usual table. */
unsigned str_distance(struct str a, struct str b, unsigned limit)
{
	if (a.length > DISTANCE_MOST || b.length > DISTANCE_MOST)
		return limit + 1;
	unsigned rows[3][DISTANCE_MOST + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= b.length; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a.length; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b.length; j++) {
			unsigned cost = a.at[i - 1] != b.at[j - 1];
			now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
			    a.at[i - 2] == b.at[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b.length] > limit ? limit + 1 : last[b.length];
}

struct str str_nearest(struct str wrong, const struct str *candidates, size_t count)
{
	unsigned limit = wrong.length < 4 ? 1 : wrong.length < 9 ? 2 : 3;
	struct str nearest = {0};
	for (size_t i = 0; i < count && limit > 0; i++) {
		unsigned distance = str_distance(wrong, candidates[i], limit);
		if (distance > limit)
			continue;
		nearest = candidates[i];
		limit = distance - (distance > 0);
	}
	return nearest;
}
