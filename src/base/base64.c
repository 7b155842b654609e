/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, both alphabets. */
#include "base/base64.h"

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_add_base64(struct text *text, struct str bytes, bool padded)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	for (size_t left = bytes.length; left > 0 && !text->failed;) {
		size_t count = left < 3 ? left : 3;
		uint32_t group = (uint32_t)at[0] << 16;
		group |= count > 1 ? (uint32_t)at[1] << 8 : 0;
		group |= count > 2 ? at[2] : 0;
		char digits[4] = {DIGITS[group >> 18], DIGITS[group >> 12 & 63],
				  count > 1 ? DIGITS[group >> 6 & 63] : '=',
				  count > 2 ? DIGITS[group & 63] : '='};
		text_add(text, (struct str){digits, padded ? 4 : count + 1});
		at += count;
		left -= count;
	}
}

/* The value of a digit, or -1. */
static int value_of(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	if (digit == '+' || digit == '-')
		return 62;
	return digit == '/' || digit == '_' ? 63 : -1;
}

/* Padding fills the last group of four; false when it does not. */
static bool strip_padding(struct str *base64)
{
	size_t padding = 0;
	while (padding < 2 && padding < base64->length &&
	       base64->at[base64->length - 1 - padding] == '=')
		padding++;
	if (padding > 0 && base64->length % 4 != 0)
		return false;
	base64->length -= padding;
	return base64->length % 4 != 1;
}

bool base64_decode(struct str base64, uint8_t *out, size_t *length)
{
	uint32_t bits = 0;
	unsigned have = 0;
	uint8_t *at = out;
	if (!strip_padding(&base64))
		return false;
	for (size_t i = 0; i < base64.length; i++) {
		int value = value_of(base64.at[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*at++ = (uint8_t)(bits >> have);
		}
	}
	*length = (size_t)(at - out);
	return (bits & ((1u << have) - 1)) == 0;
}
