/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CRON_H
#define BASE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Schedules in the five fields of cron: minute, hour, day of the month, month, day of the week
 * (0 and 7 are Sunday), in UTC. Each is '*', a number, a range "1-5", the first and last with a
 * step "/15" too, or a list of those with commas. Where both kinds of day are limited, either will
 * do, as in cron. */
struct cron {
	uint64_t minutes; /* a bit each */
	uint32_t hours;
	uint32_t days;
	uint32_t months;
	uint32_t weekdays;
	bool any_day; /* the field starts with '*' */
	bool any_weekday;
};

/* Reads the five fields into `out`. Returns NULL, or what is wrong, as "the hour '25' is not in 0
 * to 23" in `buffer` of `size` bytes; `out` is then as it was. */
const char *cron_parse(struct str text, struct cron *out, char *buffer, size_t size);

/* The first tick after `after`, both in microseconds since 1970-01-01T00:00:00Z; INT64_MAX when
 * there is none within the nine years in which each day comes that is in a calendar. */
int64_t cron_next(const struct cron *cron, int64_t after);

#endif
