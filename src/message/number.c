/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as texts. The C library's own functions write and read a decimal comma where the
 * program's locale has one; so they are called in the locale "C". */
#include "message/number.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the locale ---- */

static locale_t plain;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_plain(void)
{
	plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t plain_locale(void)
{
	pthread_once(&once, make_plain);
	return plain;
}

/* ---- writing ---- */

enum { DIGITS_MOST = 20 };

void number_add_unsigned(struct text *text, uint64_t value)
{
	char digits[DIGITS_MOST];
	size_t at = sizeof digits;
	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	text_add(text, (struct str){digits + at, sizeof digits - at});
}

void number_add_signed(struct text *text, int64_t value)
{
	if (value < 0)
		text_add_byte(text, '-');
	number_add_unsigned(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Whole numbers of which each has one double need no search for digits. */
static bool add_whole(struct text *text, double value)
{
	if (!(value > -1e15 && value < 1e15) || value != (double)(int64_t)value)
		return false;
	if (value == 0 && __builtin_signbit(value)) {
		text_add(text, STR("-0.0")); /* many readers take -0 for the integer */
		return true;
	}
	number_add_signed(text, (int64_t)value);
	return true;
}

void number_add_double(struct text *text, double value)
{
	char digits[40] = "";
	if (add_whole(text, value))
		return;
	locale_t before = uselocale(plain_locale());
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, value);
		if (strtod(digits, NULL) == value)
			break;
	}
	uselocale(before);
	text_add(text, str_of(digits));
}

void number_add_float(struct text *text, float value)
{
	char digits[40] = "";
	if (value > -1e6f && value < 1e6f && add_whole(text, (double)value))
		return;
	locale_t before = uselocale(plain_locale());
	for (int precision = 6; precision <= 9; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, (double)value);
		if (strtof(digits, NULL) == value)
			break;
	}
	uselocale(before);
	text_add(text, str_of(digits));
}

/* ---- reading ---- */

static bool is_digit(struct str text, size_t at)
{
	return at < text.length && text.at[at] >= '0' && text.at[at] <= '9';
}

static size_t skip_digits(struct str text, size_t at)
{
	while (is_digit(text, at))
		at++;
	return at;
}

size_t number_length(struct str text)
{
	size_t at = text.length > 0 && text.at[0] == '-';
	if (!is_digit(text, at))
		return 0;
	at = text.at[at] == '0' ? at + 1 : skip_digits(text, at);
	if (at < text.length && text.at[at] == '.') {
		if (!is_digit(text, at + 1))
			return 0;
		at = skip_digits(text, at + 1);
	}
	if (at < text.length && (text.at[at] == 'e' || text.at[at] == 'E')) {
		at++;
		if (at < text.length && (text.at[at] == '+' || text.at[at] == '-'))
			at++;
		if (!is_digit(text, at))
			return 0;
		at = skip_digits(text, at);
	}
	return at;
}

/* The parts of a number: its digits, with one '.' among them or none, and where the point goes,
 * counted in digits. */
struct parts {
	bool negative;
	struct str digits;
	int64_t point;
};

static struct parts split(struct str number)
{
	struct parts parts = {.negative = number.at[0] == '-'};
	struct str rest = str_from(number, parts.negative);
	size_t whole = skip_digits(rest, 0), end = whole;
	if (end < rest.length && rest.at[end] == '.')
		end = skip_digits(rest, end + 1);
	parts.digits = str_first(rest, end);
	int64_t exponent = 0;
	bool down = end + 1 < rest.length && rest.at[end + 1] == '-';
	for (size_t at = end + 1; at < rest.length; at++)
		if (is_digit(rest, at) && exponent < INT64_C(1) << 40)
			exponent = exponent * 10 + (rest.at[at] - '0');
	parts.point = (int64_t)whole + (down ? -exponent : exponent);
	return parts;
}

static bool append(uint64_t *value, unsigned digit)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, digit, value);
}

enum number_result number_whole(struct str number, struct whole *out)
{
	struct parts parts = split(number);
	uint64_t value = 0;
	int64_t place = 0;
	for (size_t at = 0; at < parts.digits.length; at++) {
		if (parts.digits.at[at] == '.')
			continue;
		unsigned digit = (unsigned)(parts.digits.at[at] - '0');
		if (place++ >= parts.point) {
			if (digit != 0)
				return NUMBER_NOT_WHOLE;
		} else if (!append(&value, digit)) {
			return NUMBER_TOO_LARGE;
		}
	}
	for (; value != 0 && place < parts.point; place++)
		if (!append(&value, 0))
			return NUMBER_TOO_LARGE;
	*out = (struct whole){parts.negative, value};
	return NUMBER_GOOD;
}

/* A few digits and a small power of ten: both are exact as doubles, so one operation rounds
 * rightly. False for all others. */
static bool read_short(struct str number, double *out)
{
	static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
					1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
					1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	struct parts parts = split(number);
	uint64_t value = 0;
	if (parts.digits.length > 16)
		return false;
	int64_t count = 0;
	for (size_t at = 0; at < parts.digits.length; at++) {
		if (parts.digits.at[at] == '.')
			continue;
		value = value * 10 + (unsigned)(parts.digits.at[at] - '0');
		count++;
	}
	int64_t power = parts.point - count;
	if (value > UINT64_C(1) << 53 || power < -22 || power > 22)
		return false;
	double result = power < 0 ? (double)value / POWERS[-power] : (double)value * POWERS[power];
	*out = parts.negative ? -result : result;
	return true;
}

static const char *terminated(struct str number, char *buffer)
{
	memcpy(buffer, number.at, number.length);
	buffer[number.length] = '\0';
	return buffer;
}

double number_double(struct str number, char *buffer)
{
	double value;
	if (read_short(number, &value))
		return value;
	return strtod_l(terminated(number, buffer), NULL, plain_locale());
}

float number_float(struct str number, char *buffer)
{
	return strtof_l(terminated(number, buffer), NULL, plain_locale());
}
