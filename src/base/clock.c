/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to the time. */
#include "base/clock.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

uint64_t clock_monotonic(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Finds the kernel's own function that is mapped into each process, where there is one; the C
 * library calls the same, by a longer way. */
static int find_and_read(clockid_t clock, struct timespec *out)
{
	clock_reader *found = NULL;
	void *kernel = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	if (kernel)
		*(void **)&found = dlsym(kernel, "__vdso_clock_gettime");
	if (!found || found(clock, out) != 0)
		found = clock_gettime;
	atomic_store_explicit(&clock_reader_of_ticks, found, memory_order_relaxed);
	return found(clock, out);
}

_Atomic(clock_reader *) clock_reader_of_ticks = find_and_read;

uint64_t clock_coarse_tick(void)
{
	struct timespec tick;
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) < 0)
		return UINT64_MAX;
	return (uint64_t)tick.tv_sec * 1000000000u + (uint64_t)tick.tv_nsec;
}

int64_t clock_wall(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct timespec clock_after(uint64_t nanoseconds)
{
	uint64_t now = clock_monotonic(), at = now + nanoseconds;
	if (at < now || at > INT64_MAX)
		at = INT64_MAX;
	return (struct timespec){(time_t)(at / 1000000000), (long)(at % 1000000000)};
}

static uint64_t system_monotonic(const struct clock *clock)
{
	(void)clock;
	return clock_monotonic();
}

static int64_t system_wall(const struct clock *clock)
{
	(void)clock;
	return clock_wall();
}

static uint64_t system_coarse(const struct clock *clock)
{
	(void)clock;
	return clock_coarse();
}

const struct clock clock_system = {
	.monotonic = system_monotonic, .wall = system_wall, .coarse = system_coarse};

struct date clock_today(void)
{
	struct date today;
	if (date_parse(str_of(getenv("ASHLAR_TODAY")), &today))
		return today;
	time_t now = time(NULL);
	struct tm parts;
	gmtime_r(&now, &parts);
	return (struct date){parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday};
}

static int days_in(int year, int month)
{
	static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return DAYS[month - 1] + (month == 2 && leap);
}

/* The number that `text` is made of, or -1. */
static int number(struct str text)
{
	int value = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return -1;
		value = value * 10 + (text.at[i] - '0');
	}
	return value;
}

bool date_parse(struct str text, struct date *out)
{
	if (text.length != 10 || text.at[4] != '-' || text.at[7] != '-')
		return false;
	struct date date = {number(str_first(text, 4)), number(str_first(str_from(text, 5), 2)),
			    number(str_from(text, 8))};
	if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
	    date.day > days_in(date.year, date.month))
		return false;
	*out = date;
	return true;
}

int date_compare(struct date a, struct date b)
{
	if (a.year != b.year)
		return a.year - b.year;
	return a.month != b.month ? a.month - b.month : a.day - b.day;
}
