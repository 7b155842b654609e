/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar. Days are counted in eras of 400 years, which begin with March, so that the leap day
 * is the last of its year. */
#include "base/civil.h"

int64_t civil_days(struct civil date)
{
	int64_t year = date.year - (date.month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t month = date.month > 2 ? (int64_t)date.month - 3 : (int64_t)date.month + 9;
	int64_t of_year = (153 * month + 2) / 5 + date.day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil civil_of(int64_t days)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct civil date = {.year = year + era * 400};
	date.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
	date.month = (unsigned)(month < 10 ? month + 3 : month - 9);
	date.year += date.month <= 2;
	return date;
}

bool civil_is_day(struct civil date)
{
	static const uint8_t LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (date.month < 1 || date.month > 12 || date.day < 1)
		return false;
	bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
	return date.day <= LENGTHS[date.month - 1] + (date.month == 2 && leap ? 1u : 0u);
}
