/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "report/frame.h"
#include "report/plain.h"
#include "report/report.h"
#include "sample.h"

static void shows_findings_with_their_lines(void **state)
{
	(void)state;
	static const char EXPECTED[] =
		"billing\n"
		"\n"
		"  billing/charge.py:3:9  error  cycle\n"
		"  billing and orders reference each other\n"
		"\n"
		"      3 │     import orders.api\n"
		"        │            ^^^^^^^^^^\n"
		"\n"
		"    1. billing/charge.py:3:9  billing references orders (orders.api)\n"
		"    2. orders/place.py:7:1  orders references billing (billing)\n"
		"\n"
		"  billing/charge.py:3:9  error  dependency\n"
		"  billing references orders, which its depends_on does not name\n"
		"\n"
		"      3 │     import orders.api\n"
		"        │            ^^^^^^^^^^\n"
		"\n"
		"  billing/charge.py:5:12  error  dependency\n"
		"  billing references orders, which its depends_on does not name\n"
		"\n"
		"      5 │ if x: from orders.api import place, \xEF\xBF\xBD[2Jcancel\n"
		"        │            ^^^^^^^^^^\n"
		"\n"
		"    why   billing/module.yaml:3 depends_on names identity (owner: payments)\n"
		"    help  call it through identity, or add orders to depends_on\n"
		"\n"
		"  billing/charge.py:4:19  warning  privacy\n"
		"  orders/e\xCC\x81.py is private: 100 % of it\n"
		"\n"
		"      4 │ x = '日本' ; import e\xCC\x81 as orders\n"
		"        │                     ^\n"
		"\n"
		"web & <shop>\n"
		"\n"
		"  web/module.yaml:4:14  warning  unused\n"
		"  \"identity\" is declared,\n"
		"  and nothing uses it ]]>\n"
		"\n"
		"outside of all modules\n"
		"\n"
		"  tools/a b,c:100%.py  warning  exhaustive\n"
		"  the file belongs to no module\n"
		"\n"
		"Not read, or not to the end:\n"
		"  data/huge.py: is larger than 16777216 bytes\n"
		"\n"
		"3 errors and 3 warnings: 2 dependency, 1 cycle, 1 exhaustive, 1 privacy, "
		"1 unused; 1 known in the baseline.\n"
		"1,035 files, 1,234,567 lines, 4 modules; 1,000 references: 700 internal, "
		"200 external, 100 unresolved. 42 ms\n"
		"10 % of the references lead nowhere that Ashlar knows: "
		"`ashlar refs --unresolved` lists them.\n";
	struct sample sample;
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample_write(&sample, "text", NULL, &out);
	assert_string_equal(EXPECTED, out.at);
	sample_release(&sample);
}

static void shows_known_findings_on_request(void **state)
{
	(void)state;
	struct sample sample;
	struct report_options options = {.known = true};
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample_write(&sample, "text", &options, &out);
	assert_non_null(
		strstr(out.at, "  orders/place.py:7:1  error  privacy  (known in the baseline)\n"));
	sample_release(&sample);
}

static void is_short_when_there_is_nothing(void **state)
{
	(void)state;
	struct sample sample;
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample.list.count = 0;
	sample.summary.problems = NULL;
	sample.summary.unresolved = 0;
	sample.summary.duration_ms = 3.25;
	sample_write(&sample, "text", NULL, &out);
	assert_string_equal("No findings.\n"
			    "1,035 files, 1,234,567 lines, 4 modules; 1,000 references: 700 "
			    "internal, 200 external, 0 unresolved. 3.2 ms\n",
			    out.at);
	sample_release(&sample);
}

static void colours_on_request_and_closes_every_colour(void **state)
{
	(void)state;
	struct sample sample;
	struct report_options options = {.colour = true};
	_cleanup_(text_release) struct text out = {0};
	size_t opened = 0, closed = 0;
	sample_init(&sample);
	sample_write(&sample, "text", &options, &out);
	for (const char *at = out.at; (at = strchr(at, '\x1b')); at++)
		*(strncmp(at, "\x1b[0m", 4) == 0 ? &closed : &opened) += 1;
	assert_true(opened > 10);
	assert_int_equal(opened, closed);
	sample_release(&sample);
}

static void wraps_to_the_width(void **state)
{
	(void)state;
	struct sample sample;
	struct report_options options = {.width = 50};
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample.list.count = 1;
	sample_write(&sample, "text", &options, &out);
	assert_non_null(strstr(out.at, "  billing references orders, which its depends_on\n"
				       "  does not name\n"));
	assert_non_null(strstr(out.at, "    help  call it through identity, or add orders\n"
				       "          to depends_on\n"));
	sample_release(&sample);
}

static void check_frame(struct frame frame, const char *line, const char *marks)
{
	_cleanup_(text_release) struct text out = {0};
	add_frame_line(&out, &frame);
	assert_string_equal(line, text_str(&out).at);
	text_clear(&out);
	add_frame_marks(&out, &frame);
	assert_string_equal(marks, text_str(&out).at);
}

static void cuts_long_lines_around_the_reference(void **state)
{
	(void)state;
	struct str line = STR("0123456789abcdefghijklmnopqrstuvwxyz");
	check_frame((struct frame){line, 3, 2, 100}, line.at, "  ^^");
	check_frame((struct frame){line, 3, 2, 12}, "0123456789a…", "  ^^");
	check_frame((struct frame){line, 21, 3, 12}, "…hijklmnopq…", "    ^^^");
	check_frame((struct frame){line, 35, 2, 12}, "…vwxyz", "    ^^");
	check_frame((struct frame){line, 0, 0, 100}, line.at, "");
	check_frame((struct frame){line, 99, 1, 100}, line.at, "");
	check_frame((struct frame){STR(""), 1, 1, 100}, "", "");
	check_frame((struct frame){STR("a\tb\xFF"), 3, 9, 100}, "a   b\xEF\xBF\xBD", "    ^^");
}

static void knows_how_wide_characters_are(void **state)
{
	(void)state;
	assert_int_equal(3, plain_width(STR("abc")));
	assert_int_equal(4, plain_width(STR("日本")));
	assert_int_equal(1, plain_width(STR("e\xCC\x81")));
	assert_int_equal(2, plain_width(STR("🙂")));
	assert_int_equal(2, plain_width(STR("\xFF\x1b")));
}

static void lets_nothing_through_that_moves_the_cursor(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text out = {0};
	add_plain(&out, STR("a\x1b[2J\r\n\x07\xC2\x9B\xE2\x80\xAE\xFFz"));
	for (size_t i = 0; i < out.length; i++)
		assert_true((unsigned char)out.at[i] >= ' ' && out.at[i] != 0x7F);
	assert_null(strstr(out.at, "\xC2\x9B"));
	assert_null(strstr(out.at, "\xE2\x80\xAE"));
	assert_int_equal('z', out.at[out.length - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_findings_with_their_lines),
		cmocka_unit_test(shows_known_findings_on_request),
		cmocka_unit_test(is_short_when_there_is_nothing),
		cmocka_unit_test(colours_on_request_and_closes_every_colour),
		cmocka_unit_test(wraps_to_the_width),
		cmocka_unit_test(cuts_long_lines_around_the_reference),
		cmocka_unit_test(knows_how_wide_characters_are),
		cmocka_unit_test(lets_nothing_through_that_moves_the_cursor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
