/* SPDX-License-Identifier: Apache-2.0 */
/* Percent escapes, decoded once and strictly. Knows no request. */
#include "http/query.h"

#include "http/token.h"

/* Decodes into `out`, which has room for raw.length; the length, or -1 for a broken escape. */
static ptrdiff_t decode(struct str raw, bool plus, char *out)
{
	size_t made = 0;
	for (size_t i = 0; i < raw.length; i++) {
		char byte = raw.at[i];
		if (byte == '%') {
			int high = i + 2 < raw.length ? http_hex(raw.at[i + 1]) : -1;
			int low = i + 2 < raw.length ? http_hex(raw.at[i + 2]) : -1;
			if (high < 0 || low < 0)
				return -1;
			byte = (char)(high << 4 | low);
			i += 2;
		} else if (byte == '+' && plus) {
			byte = ' ';
		}
		out[made++] = byte;
	}
	return (ptrdiff_t)made;
}

bool http_unescape(struct arena *arena, struct str raw, bool plus, struct str *out)
{
	if (str_find(raw, '%') < 0 && (!plus || str_find(raw, '+') < 0)) {
		*out = raw;
		return true;
	}
	char *bytes = arena_bytes(arena, raw.length);
	ptrdiff_t length = bytes ? decode(raw, plus, bytes) : -1;
	if (length < 0)
		return false;
	*out = (struct str){bytes, (size_t)length};
	return true;
}

enum http_found http_query_next(struct arena *arena, struct str *rest, struct str *name,
				struct str *value)
{
	struct str pair = {0};
	while (!pair.length)
		if (!str_split(rest, '&', &pair))
			return HTTP_MISSING;
	ptrdiff_t equals = str_find(pair, '=');
	struct str raw_name = equals < 0 ? pair : str_first(pair, (size_t)equals);
	struct str raw_value = str_from(pair, raw_name.length + 1);
	if (!http_unescape(arena, raw_name, true, name) ||
	    !http_unescape(arena, raw_value, true, value))
		return HTTP_MALFORMED;
	return HTTP_FOUND;
}

enum http_found http_query_get(struct arena *arena, struct str query, struct str name,
			       struct str *value)
{
	struct str found_name, found_value;
	enum http_found found;
	while ((found = http_query_next(arena, &query, &found_name, &found_value)) == HTTP_FOUND) {
		if (str_equal(found_name, name)) {
			*value = found_value;
			return HTTP_FOUND;
		}
	}
	return found;
}
