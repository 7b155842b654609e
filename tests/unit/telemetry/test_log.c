/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "base/text.h"
#include "telemetry/log.h"

static int64_t fixed_wall(const struct clock *clock)
{
	(void)clock;
	return 1795241041123456;
}

static const struct clock fixed_clock = {.wall = fixed_wall};

static void keep(void *context, const char *line, size_t length)
{
	text_add(context, (struct str){line, length});
}

static struct text lines;

static const struct logger logger = {.sink = keep,
				     .context = &lines,
				     .clock = &fixed_clock,
				     .least = LOG_INFO_LEVEL,
				     .service = "shop"};

static int tear_down(void **state)
{
	(void)state;
	text_release(&lines);
	return 0;
}

static void a_line_says_who_when_and_for_which_request(void **state)
{
	(void)state;
	struct trace_context trace;
	assert_true(trace_parse(STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
				&trace));
	const struct log_origin origin = {"billing", "payments", &trace};
	log_write(&logger, LOG_WARN_LEVEL, &origin, "card of order %d was declined", 7);
	assert_string_equal(lines.at,
			    "{\"time\":\"2026-11-21T06:04:01.123456Z\",\"level\":\"warn\","
			    "\"service\":\"shop\",\"module\":\"billing\",\"owner\":\"payments\","
			    "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
			    "\"span_id\":\"00f067aa0ba902b7\","
			    "\"message\":\"card of order 7 was declined\"}\n");
}

static void a_lesser_line_is_not_written(void **state)
{
	(void)state;
	log_write(&logger, LOG_DEBUG_LEVEL, NULL, "nobody asks");
	assert_int_equal(lines.length, 0);
}

static void whatever_is_logged_a_line_is_one_json_object(void **state)
{
	(void)state;
	static const char *const ODD[] = {"a\nb", "\"quoted\\", "\xff\xfe", "\x01\x1f",
					  "caf\xC3\xA9"};
	for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++) {
		text_clear(&lines);
		const struct log_origin origin = {ODD[i], NULL, NULL};
		log_write(&logger, LOG_ERROR_LEVEL, &origin, "%s", ODD[i]);
		assert_ptr_equal(strchr(lines.at, '\n'), lines.at + lines.length - 1);
		json_t *line = json_loads(lines.at, 0, NULL);
		assert_non_null(line);
		assert_non_null(json_object_get(line, "module"));
		assert_null(json_object_get(line, "owner"));
		json_decref(line);
	}
}

static void a_long_message_is_cut(void **state)
{
	(void)state;
	static char text[2 * LOG_MESSAGE_LIMIT];
	memset(text, 'x', sizeof text - 1);
	log_write(&logger, LOG_INFO_LEVEL, NULL, "%s", text);
	json_t *line = json_loads(lines.at, 0, NULL);
	assert_int_equal(json_string_length(json_object_get(line, "message")), LOG_MESSAGE_LIMIT);
	json_decref(line);
}

static void a_time_before_1970_is_right_too(void **state)
{
	(void)state;
	char out[LOG_TIME_SIZE];
	log_time(-1, out);
	assert_string_equal(out, "1969-12-31T23:59:59.999999Z");
}

static void levels_have_names(void **state)
{
	(void)state;
	enum log_level level = LOG_DEBUG_LEVEL;
	for (int i = LOG_DEBUG_LEVEL; i <= LOG_ERROR_LEVEL; i++) {
		assert_true(log_level_parse(log_level_name((enum log_level)i), &level));
		assert_int_equal(level, i);
	}
	assert_false(log_level_parse("loud", &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_line_says_who_when_and_for_which_request, tear_down),
		cmocka_unit_test_teardown(a_lesser_line_is_not_written, tear_down),
		cmocka_unit_test_teardown(whatever_is_logged_a_line_is_one_json_object, tear_down),
		cmocka_unit_test_teardown(a_long_message_is_cut, tear_down),
		cmocka_unit_test(a_time_before_1970_is_right_too),
		cmocka_unit_test(levels_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
