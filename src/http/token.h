/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TOKEN_H
#define HTTP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The small grammar of header fields: RFC 9110, section 5.6. */

/* What a byte may stand for. */
enum {
	HTTP_CHAR_TOKEN = 1,  /* tchar */
	HTTP_CHAR_TARGET = 2, /* in a request target */
	HTTP_CHAR_HOST = 4,   /* in Host: a name, an address in brackets, a port */
	HTTP_CHAR_VALUE = 8,  /* in a field value */
	HTTP_CHAR_PLAIN = 16, /* unreserved in a URI: never needs an escape */
};

/* Of each byte, the bits above. */
extern const uint8_t http_chars[256];

/* Whether each byte of a text has the property; true for an empty one. */
bool http_chars_all(struct str text, uint8_t property);

/* The value of a hex digit, or -1. */
int http_hex(char digit);

/* ASCII lower case of one byte. */
static inline char http_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Whether both are the same but for the case of ASCII letters. */
bool http_equal(struct str a, struct str b);

/* Without blanks and tabs at both ends. */
struct str http_trim(struct str text);

/* Cuts the next element off a comma-separated list, trimmed; empty elements are skipped and
 * quoted strings are kept whole. False when there is none left. */
bool http_list_next(struct str *rest, struct str *out);

/* Whether a comma-separated list holds the token, in any case. */
bool http_list_has(struct str list, struct str token);

/* Whether a Content-Type is of that media type ("application/json") and, where it says a charset,
 * of UTF-8. Its other parameters are not looked at. */
bool http_is_media(struct str value, struct str type);

/* How much an Accept value wants the media type `type` ("application/json"): 0 to 1000, by the
 * most specific range that matches; parameters other than q are not looked at. An empty
 * value, as of a request without the header, wants everything. */
int http_accept(struct str accept, struct str type);

#endif
