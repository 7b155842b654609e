/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

/* Days and dates of the proleptic Gregorian calendar, of any year. */

struct civil {
	int64_t year;
	unsigned month; /* 1 to 12 */
	unsigned day;   /* 1 to 31 */
};

/* Days since 1970-01-01. */
int64_t civil_days(struct civil date);

/* The date so many days after 1970-01-01. */
struct civil civil_of(int64_t days);

/* Whether the calendar has the day. */
bool civil_is_day(struct civil date);

#endif
