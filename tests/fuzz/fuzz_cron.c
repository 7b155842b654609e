/* SPDX-License-Identifier: Apache-2.0 */
/* Eight bytes of time, and a schedule of any bytes. Each tick is a minute after the time that fits
 * the fields by the C library's calendar, and is the next of the moment before it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cron.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool fits(const struct cron *cron, const struct tm *tm)
{
	bool day = cron->days >> tm->tm_mday & 1, weekday = cron->weekdays >> tm->tm_wday & 1;
	bool any = cron->any_day || cron->any_weekday;
	return cron->minutes >> tm->tm_min & 1 && cron->hours >> tm->tm_hour & 1 &&
	       cron->months >> (tm->tm_mon + 1) & 1 && (any ? day && weekday : day || weekday);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	int64_t after;
	char buffer[200];
	struct cron cron;
	if (size < sizeof after)
		return 0;
	memcpy(&after, data, sizeof after);
	after = (int64_t)((uint64_t)after % UINT64_C(8000000000000000)); /* up to the year 2223 */
	struct str text = {(const char *)data + sizeof after, size - sizeof after};
	const char *wrong = cron_parse(text, &cron, buffer, sizeof buffer);
	if (wrong) {
		check(*wrong && strlen(wrong) < sizeof buffer);
		return 0;
	}
	int64_t next = cron_next(&cron, after);
	if (next == INT64_MAX)
		return 0;
	time_t seconds = next / 1000000;
	struct tm tm;
	check(next > after && next % 60000000 == 0);
	check(fits(&cron, gmtime_r(&seconds, &tm)));
	check(cron_next(&cron, next - 1) == next && cron_next(&cron, next) > next);
	return 0;
}
