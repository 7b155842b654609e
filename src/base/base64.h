/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdint.h>

#include "base/text.h"

/* Base64 (RFC 4648). */

/* Adds the bytes in the standard alphabet, padded or not. */
void text_add_base64(struct text *text, struct str bytes, bool padded);

/* Most bytes that base64 of this length holds. */
static inline size_t base64_most(size_t length)
{
	return length / 4 * 3 + 3;
}

/* Writes the bytes into `out`, which holds base64_most(base64.length), and their number into
 * `*length`. Takes the standard and the URL-safe alphabet, with padding, or without. False when it
 * is no base64: another byte, a wrong length, padding inside, or bits after the end. */
bool base64_decode(struct str base64, uint8_t *out, size_t *length);

#endif
