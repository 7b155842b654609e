/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of spans: alone, full, and under several writers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "telemetry/span.h"

static struct span span_of(uint64_t id)
{
	return (struct span){.trace = {1, id % 3},
			     .id = id,
			     .start = (int64_t)id,
			     .duration = id,
			     .name = "billing.v1.Billing/Charge",
			     .module = "billing",
			     .owner = "payments",
			     .kind = SPAN_INTERNAL};
}

static void spans_come_out_in_their_order(void **state)
{
	(void)state;
	struct recorder *recorder = recorder_new(8, 1.0, &clock_system);
	for (uint64_t id = 1; id <= 5; id++) {
		struct span span = span_of(id);
		recorder_add(recorder, &span, id == 2 ? "select 1" : NULL);
	}
	struct span out[8];
	uint64_t from = 0, lost = 0;
	assert_int_equal(recorder_read(recorder, &from, out, 3, &lost), 3);
	assert_int_equal(out[2].id, 3);
	assert_string_equal(out[1].detail, "select 1");
	assert_string_equal(out[2].detail, "");
	assert_int_equal(recorder_read(recorder, &from, out, 8, &lost), 2);
	assert_int_equal(recorder_read(recorder, &from, out, 8, &lost), 0);
	assert_int_equal(from, 5);
	assert_int_equal(lost, 0);
	recorder_free(recorder);
}

static uint64_t ticks = 1000;
static int64_t shown = 5000000;

static uint64_t read_ticks(const struct clock *clock)
{
	(void)clock;
	return ticks;
}

static int64_t read_shown(const struct clock *clock)
{
	(void)clock;
	return shown;
}

static void a_clock_that_is_set_is_followed(void **state)
{
	(void)state;
	static const struct clock clock = {read_ticks, read_shown};
	struct recorder *recorder = recorder_new(8, 1.0, &clock);
	assert_int_equal(recorder_wall(recorder, 1000), INT64_C(5000000000));
	shown += INT64_C(3600000000); /* an hour, while a second passes */
	ticks += UINT64_C(1000000000);
	assert_int_equal(recorder_wall(recorder, ticks), INT64_C(6000000000));
	shown += 10000000;
	ticks += UINT64_C(10000000000);
	assert_int_equal(recorder_wall(recorder, ticks), shown * 1000);
	/* What began before that is as old by the same clock. */
	assert_int_equal(recorder_wall(recorder, ticks - 1000000), shown * 1000 - 1000000);
	recorder_free(recorder);
}

static void a_full_ring_loses_the_oldest_and_says_so(void **state)
{
	(void)state;
	struct recorder *recorder = recorder_new(5, 1.0, &clock_system);
	for (uint64_t id = 0; id < 20; id++) {
		struct span span = span_of(id);
		recorder_add(recorder, &span, NULL);
	}
	struct span out[32];
	uint64_t from = 0, lost = 0;
	assert_int_equal(recorder_read(recorder, &from, out, 32, &lost), 8);
	assert_int_equal(lost, 12);
	assert_int_equal(out[0].id, 12);
	assert_int_equal(out[7].id, 19);
	recorder_free(recorder);
}

static void a_trace_is_found_by_its_id(void **state)
{
	(void)state;
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	for (uint64_t id = 0; id < 30; id++) {
		struct span span = span_of(id);
		recorder_add(recorder, &span, NULL);
	}
	struct span out[32];
	const uint64_t trace[2] = {1, 2}, none[2] = {2, 2};
	assert_int_equal(recorder_find(recorder, trace, out, 32), 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(out[i].id, 3 * i + 2);
	assert_int_equal(recorder_find(recorder, trace, out, 4), 4);
	assert_int_equal(recorder_find(recorder, none, out, 32), 0);
	recorder_free(recorder);
}

static void a_long_detail_is_cut_at_a_whole_character(void **state)
{
	(void)state;
	struct recorder *recorder = recorder_new(1, 1.0, &clock_system);
	char text[400] = "x";
	for (size_t i = 1; i + 3 < sizeof text; i += 3)
		memcpy(text + i, "\xE2\x82\xAC", 4);
	struct span span = span_of(1), out;
	uint64_t from = 0, lost = 0;
	recorder_add(recorder, &span, text);
	assert_int_equal(recorder_read(recorder, &from, &out, 1, &lost), 1);
	assert_int_equal(strlen(out.detail), 103);
	recorder_free(recorder);
}

static void a_detail_keeps_nothing_of_the_one_before(void **state)
{
	(void)state;
	static const char *const DETAILS[] = {"select a, b, c from billing.charge",
					      "12345678",
					      "1234567",
					      "",
					      NULL,
					      "select a, b, c from billing.charge where id = 1"};
	struct recorder *recorder = recorder_new(1, 1.0, &clock_system);
	for (size_t i = 0; i < sizeof DETAILS / sizeof *DETAILS; i++) {
		struct span span = span_of(i), out;
		uint64_t from = i, lost = 0;
		recorder_add(recorder, &span, DETAILS[i]);
		assert_int_equal(recorder_read(recorder, &from, &out, 1, &lost), 1);
		assert_string_equal(out.detail, DETAILS[i] ? DETAILS[i] : "");
	}
	recorder_free(recorder);
}

static void a_ratio_samples_about_its_share(void **state)
{
	(void)state;
	static const double RATIOS[] = {0.0, 0.1, 0.5, 1.0};
	for (size_t i = 0; i < 4; i++) {
		struct recorder *recorder = recorder_new(1, RATIOS[i], &clock_system);
		int sampled = 0;
		for (int n = 0; n < 20000; n++)
			sampled += recorder_samples(recorder);
		/* Six standard deviations are at most 425. */
		assert_in_range(sampled + 425, 20000 * RATIOS[i], 20000 * RATIOS[i] + 850);
		if (i == 0 || i == 3)
			assert_int_equal(sampled, (int)(20000 * RATIOS[i]));
		recorder_free(recorder);
	}
}

enum { WRITERS = 3, EACH = 20000 };

struct writer {
	struct recorder *recorder;
	uint64_t first;
};

static void *write_spans(void *context)
{
	const struct writer *writer = context;
	for (uint64_t i = 0; i < EACH; i++) {
		struct span span = span_of(writer->first + i);
		char detail[32];
		snprintf(detail, sizeof detail, "%ju", (uintmax_t)span.id);
		recorder_add(writer->recorder, &span, detail);
	}
	return NULL;
}

/* Whether all parts of the span are of the same writing. */
static bool is_whole(const struct span *span)
{
	char detail[32];
	snprintf(detail, sizeof detail, "%ju", (uintmax_t)span->id);
	return strcmp(detail, span->detail) == 0 && span->start == (int64_t)span->id &&
	       span->duration == span->id;
}

static void many_writers_and_a_reader_never_mix_two_spans(void **state)
{
	(void)state;
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){recorder, (uint64_t)(i + 1) * 1000000};
		assert_int_equal(pthread_create(&threads[i], NULL, write_spans, &writers[i]), 0);
	}
	uint64_t from = 0, lost = 0, read = 0;
	struct span out[16];
	while (recorder_end(recorder) < WRITERS * EACH || from < recorder_end(recorder)) {
		size_t count = recorder_read(recorder, &from, out, 16, &lost);
		for (size_t i = 0; i < count; i++)
			assert_true(is_whole(&out[i]));
		read += count;
		if (count == 0 && recorder_end(recorder) == WRITERS * EACH &&
		    recorder_end(recorder) - from <= 64)
			break;
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	read += recorder_read(recorder, &from, out, 16, &lost);
	assert_in_range(read + lost, WRITERS * EACH - 64, WRITERS * EACH);
	recorder_free(recorder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_come_out_in_their_order),
		cmocka_unit_test(a_clock_that_is_set_is_followed),
		cmocka_unit_test(a_full_ring_loses_the_oldest_and_says_so),
		cmocka_unit_test(a_trace_is_found_by_its_id),
		cmocka_unit_test(a_long_detail_is_cut_at_a_whole_character),
		cmocka_unit_test(a_detail_keeps_nothing_of_the_one_before),
		cmocka_unit_test(a_ratio_samples_about_its_share),
		cmocka_unit_test(many_writers_and_a_reader_never_mix_two_spans),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
