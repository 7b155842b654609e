/* SPDX-License-Identifier: Apache-2.0 */
/* Cron's five fields as sets of bits, and the next tick. Knows no clock. */
#include "base/cron.h"

#include <stdio.h>

#include "base/civil.h"

#define MINUTE INT64_C(60000000)
#define DAY    (24 * 60 * MINUTE)

enum { FIELD_COUNT = 5, DAYS_MOST = 366 * 9 };

static const struct {
	const char *name;
	unsigned low;
	unsigned high;
} FIELDS[FIELD_COUNT] = {{"minute", 0, 59},
			 {"hour", 0, 23},
			 {"day of the month", 1, 31},
			 {"month", 1, 12},
			 {"day of the week", 0, 7}};

/* ---- parsing ---- */

static bool take_number(struct str *text, unsigned *out)
{
	size_t length = 0;
	*out = 0;
	while (length < text->length && length < 4 && text->at[length] >= '0' &&
	       text->at[length] <= '9')
		*out = *out * 10 + (unsigned)(text->at[length++] - '0');
	*text = str_from(*text, length);
	return length > 0;
}

static bool take_byte(struct str *text, char byte)
{
	if (text->length == 0 || text->at[0] != byte)
		return false;
	*text = str_from(*text, 1);
	return true;
}

/* One of a list: "*", "5", "1-5", and a step. */
static bool parse_part(struct str part, unsigned low, unsigned high, uint64_t *bits)
{
	unsigned from = low, to = high, step = 1;
	bool is_range = take_byte(&part, '*');
	if (!is_range) {
		if (!take_number(&part, &from))
			return false;
		to = from;
		is_range = take_byte(&part, '-');
		if (is_range && !take_number(&part, &to))
			return false;
	}
	if (take_byte(&part, '/') && (!is_range || !take_number(&part, &step) || step == 0))
		return false;
	if (part.length > 0 || from < low || to > high || from > to)
		return false;
	for (; from <= to; from += step)
		*bits |= UINT64_C(1) << from;
	return true;
}

static bool parse_field(struct str field, unsigned index, uint64_t *bits)
{
	struct str part;
	*bits = 0;
	while (str_split(&field, ',', &part))
		if (!parse_part(part, FIELDS[index].low, FIELDS[index].high, bits))
			return false;
	return true;
}

static bool take_field(struct str *text, struct str *out)
{
	size_t length = 0;
	*text = str_trim(*text);
	while (length < text->length && text->at[length] != ' ' && text->at[length] != '\t')
		length++;
	*out = str_first(*text, length);
	*text = str_from(*text, length);
	return length > 0;
}

const char *cron_parse(struct str text, struct cron *out, char *buffer, size_t size)
{
	uint64_t bits[FIELD_COUNT];
	struct str fields[FIELD_COUNT], rest = text, more;
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (!take_field(&rest, &fields[i])) {
			snprintf(buffer, size, "it has %u fields instead of five", i);
			return buffer;
		}
		if (!parse_field(fields[i], i, &bits[i])) {
			snprintf(buffer, size, "the %s '%.*s' is not in %u to %u", FIELDS[i].name,
				 STR_ARG(str_first(fields[i], 40)), FIELDS[i].low, FIELDS[i].high);
			return buffer;
		}
	}
	if (take_field(&rest, &more)) {
		snprintf(buffer, size, "it has more than five fields");
		return buffer;
	}
	*out = (struct cron){.minutes = bits[0],
			     .hours = (uint32_t)bits[1],
			     .days = (uint32_t)bits[2],
			     .months = (uint32_t)bits[3],
			     .weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7F),
			     .any_day = fields[2].at[0] == '*',
			     .any_weekday = fields[4].at[0] == '*'};
	return NULL;
}

/* ---- ticking ---- */

static bool has_day(const struct cron *cron, int64_t days)
{
	struct civil date = civil_of(days);
	unsigned weekday = (unsigned)(((days + 4) % 7 + 7) % 7);
	bool day = (cron->days >> date.day & 1) != 0;
	bool of_week = (cron->weekdays >> weekday & 1) != 0;
	if (!(cron->months >> date.month & 1))
		return false;
	return cron->any_day || cron->any_weekday ? day && of_week : day || of_week;
}

/* The first minute of the day at or after `from`, or -1. */
static int find_minute(const struct cron *cron, int from)
{
	for (int minute = from; minute < 24 * 60; minute++)
		if ((cron->hours >> minute / 60 & 1) && (cron->minutes >> minute % 60 & 1))
			return minute;
	return -1;
}

/* Division that rounds down. */
static int64_t floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

int64_t cron_next(const struct cron *cron, int64_t after)
{
	int64_t first = floor_divide(after, MINUTE) + 1, day = floor_divide(first, 24 * 60);
	int from = (int)(first - day * 24 * 60);
	for (int64_t last = day + DAYS_MOST; day <= last; day++, from = 0) {
		int minute = has_day(cron, day) ? find_minute(cron, from) : -1;
		if (minute >= 0)
			return day * DAY + minute * MINUTE;
	}
	return INT64_MAX;
}
