/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a list, an Accept, a query string and an escaped path. What is unescaped and escaped
 * again is unescaped to the same. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "http/query.h"
#include "http/token.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_list(struct str list)
{
	struct str element, rest = list;
	size_t total = 0;
	while (http_list_next(&rest, &element)) {
		check(element.length && str_equal(http_trim(element), element));
		check(element.at >= list.at &&
		      element.at + element.length <= list.at + list.length);
		total += element.length;
	}
	check(total <= list.length);
	int weight = http_accept(list, STR("application/json"));
	check(weight >= 0 && weight <= 1000);
}

static void check_escapes(struct arena *arena, struct str raw)
{
	_cleanup_(text_release) struct text escaped = {0};
	struct str plain, again;
	if (!http_unescape(arena, raw, false, &plain))
		return;
	check(plain.length <= raw.length);
	for (size_t i = 0; i < plain.length; i++)
		text_addf(&escaped, "%%%02x", (unsigned char)plain.at[i]);
	check(http_unescape(arena, text_str(&escaped), true, &again));
	check(str_equal(plain, again));
}

static void check_query(struct arena *arena, struct str query)
{
	struct str rest = query, name, value, found;
	size_t pairs = 0;
	while (http_query_next(arena, &rest, &name, &value) == HTTP_FOUND) {
		check(http_query_get(arena, query, name, &found) == HTTP_FOUND);
		if (++pairs == 16)
			return;
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct str text = {(const char *)data, size};
	check_list(text);
	check_escapes(&arena, text);
	check_query(&arena, text);
	return 0;
}
