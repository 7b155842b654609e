/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Length in bytes (1 to 4) of the well-formed character (RFC 3629) that `text` starts
 * with; 0 when it is not well formed, cut off, or `text` is empty. */
size_t utf8_length(struct str text);

/* Whether all of `text` is well formed. As fast as memory for ASCII. */
bool utf8_valid(struct str text);

/* Length of the longest part of the first `length` bytes of `text` that does not end within a
 * character; for cutting texts to a size. */
size_t utf8_cut(const char *text, size_t length);

/* Number of characters: bytes that are not continuation bytes. */
uint32_t utf8_count(struct str text);

#endif
