/* SPDX-License-Identifier: Apache-2.0 */
/* Times by RFC 3339 and durations in seconds. */
#include "message/rfc3339.h"

#include "base/civil.h"

enum { DAY = 86400, NANOS = 1000000000 };

/* ---- digits ---- */

/* Takes exactly `count` digits. */
static bool take_digits(struct str *text, size_t count, unsigned *out)
{
	unsigned value = 0;
	if (text->length < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text->at[i] - '0');
	}
	*text = str_from(*text, count);
	*out = value;
	return true;
}

static bool take_byte(struct str *text, char byte)
{
	if (text->length == 0 || text->at[0] != byte)
		return false;
	*text = str_from(*text, 1);
	return true;
}

/* Takes "." and 1 to 9 digits where they are. */
static bool take_fraction(struct str *text, int32_t *nanos)
{
	int32_t scale = NANOS;
	unsigned digit;
	*nanos = 0;
	if (!take_byte(text, '.'))
		return true;
	while (scale > 1 && take_digits(text, 1, &digit)) {
		scale /= 10;
		*nanos += (int32_t)digit * scale;
	}
	return scale < NANOS;
}

/* Adds the fraction of a second in 0, 3, 6 or 9 digits. */
static void add_fraction(struct text *text, int32_t nanos)
{
	if (nanos == 0)
		return;
	if (nanos % 1000000 == 0)
		text_addf(text, ".%03d", nanos / 1000000);
	else if (nanos % 1000 == 0)
		text_addf(text, ".%06d", nanos / 1000);
	else
		text_addf(text, ".%09d", nanos);
}

/* ---- times ---- */

void time_add(struct text *text, int64_t seconds, int32_t nanos)
{
	int64_t days = (seconds - TIME_FIRST) / DAY + TIME_FIRST / DAY;
	int64_t of_day = seconds - days * DAY;
	struct civil date = civil_of(days);
	text_addf(text, "%04d-%02u-%02uT%02d:%02d:%02d", (int)date.year, date.month, date.day,
		  (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60));
	add_fraction(text, nanos);
	text_add_byte(text, 'Z');
}

/* "Z", or "+02:30": in seconds. */
static bool take_offset(struct str *text, int64_t *out)
{
	unsigned hours, minutes;
	*out = 0;
	if (take_byte(text, 'Z'))
		return true;
	bool west = take_byte(text, '-');
	if ((!west && !take_byte(text, '+')) || !take_digits(text, 2, &hours) ||
	    !take_byte(text, ':') || !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*out = (int64_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

static bool take_date(struct str *text, struct civil *out)
{
	unsigned year;
	if (!take_digits(text, 4, &year) || !take_byte(text, '-') ||
	    !take_digits(text, 2, &out->month) || !take_byte(text, '-') ||
	    !take_digits(text, 2, &out->day))
		return false;
	out->year = year;
	return year > 0 && civil_is_day(*out);
}

static bool take_clock(struct str *text, int64_t *seconds)
{
	unsigned hours, minutes, rest;
	if (!take_digits(text, 2, &hours) || !take_byte(text, ':') ||
	    !take_digits(text, 2, &minutes) || !take_byte(text, ':') ||
	    !take_digits(text, 2, &rest))
		return false;
	*seconds = (int64_t)hours * 3600 + minutes * 60 + rest;
	return hours < 24 && minutes < 60 && rest < 60;
}

bool time_read(struct str text, int64_t *seconds, int32_t *nanos)
{
	struct civil date;
	int64_t of_day, offset;
	if (!take_date(&text, &date) || !take_byte(&text, 'T') || !take_clock(&text, &of_day) ||
	    !take_fraction(&text, nanos) || !take_offset(&text, &offset) || text.length > 0)
		return false;
	*seconds = civil_days(date) * DAY + of_day - offset;
	return *seconds >= TIME_FIRST && *seconds <= TIME_LAST;
}

/* ---- durations ---- */

void duration_add(struct text *text, int64_t seconds, int32_t nanos)
{
	if (seconds < 0 || nanos < 0)
		text_add_byte(text, '-');
	text_addf(text, "%lld", (long long)(seconds < 0 ? -seconds : seconds));
	add_fraction(text, nanos < 0 ? -nanos : nanos);
	text_add_byte(text, 's');
}

bool duration_read(struct str text, int64_t *seconds, int32_t *nanos)
{
	bool negative = take_byte(&text, '-');
	unsigned digit;
	size_t count = 0;
	int64_t value = 0;
	for (; count < 12 && take_digits(&text, 1, &digit); count++)
		value = value * 10 + digit;
	if (count == 0 || !take_fraction(&text, nanos) || !str_equal(text, STR("s")))
		return false;
	*seconds = negative ? -value : value;
	*nanos = negative ? -*nanos : *nanos;
	return value < DURATION_MOST || (value == DURATION_MOST && *nanos == 0);
}
