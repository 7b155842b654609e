/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"
#include "report/report.h"
#include "sample.h"

static json_t *parse(const struct text *text)
{
	json_error_t error;
	json_t *parsed = json_loadb(text->at, text->length, 0, &error);
	if (!parsed)
		fail_msg("%s at line %d", error.text, error.line);
	return parsed;
}

static json_t *write_sample(void)
{
	struct sample sample;
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample_write(&sample, "json", NULL, &out);
	sample_release(&sample);
	return parse(&out);
}

static const char *string(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	assert_true(json_is_string(value));
	return json_string_value(value);
}

static json_int_t integer(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void tells_what_was_seen(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *report = write_sample();
	const json_t *references = json_object_get(report, "references");
	assert_string_equal("1.2.3", string(report, "version"));
	assert_int_equal(1035, integer(report, "files"));
	assert_int_equal(1234567, integer(report, "lines"));
	assert_int_equal(1000, integer(references, "total"));
	assert_int_equal(700, integer(references, "internal"));
	assert_int_equal(200, integer(references, "external"));
	assert_int_equal(100, integer(references, "unresolved"));
	assert_int_equal(4, json_array_size(json_object_get(report, "modules")));
	assert_true(json_real_value(json_object_get(report, "duration_ms")) == 41.5);
}

static void tells_every_finding(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *report = write_sample();
	const json_t *findings = json_object_get(report, "findings");
	assert_int_equal(7, json_array_size(findings));
	const json_t *finding = json_array_get(findings, 1);
	assert_string_equal("dependency", string(finding, "rule"));
	assert_string_equal("error", string(finding, "severity"));
	assert_string_equal("billing", string(finding, "module"));
	assert_string_equal("orders", string(finding, "to"));
	assert_string_equal("billing/charge.py", string(finding, "file"));
	assert_int_equal(3, integer(finding, "line"));
	assert_int_equal(9, integer(finding, "column"));
	assert_string_equal("orders.api", string(finding, "reference"));
	assert_string_equal("billing references orders, which its depends_on does not name",
			    string(finding, "message"));
	assert_true(json_is_false(json_object_get(finding, "baseline")));
	const json_t *known = json_array_get(findings, 4);
	assert_true(json_is_true(json_object_get(known, "baseline")));
	const json_t *cycle = json_array_get(findings, 0);
	assert_int_equal(2, json_array_size(json_object_get(cycle, "steps")));
}

static void names_what_could_not_be_read(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *report = write_sample();
	const json_t *problems = json_object_get(report, "problems");
	assert_int_equal(1, json_array_size(problems));
	assert_string_equal("data/huge.py", string(json_array_get(problems, 0), "file"));
}

static void is_well_formed_without_findings_and_with_bytes(void **state)
{
	(void)state;
	struct sample sample;
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample.list.count = 1;
	sample.findings[0].file = STR("a\xFF\"\\\x01.py");
	sample_write(&sample, "json", NULL, &out);
	_cleanup_(json_decrefp) json_t *one = parse(&out);
	assert_string_equal("a\xEF\xBF\xBD\"\\\x01.py",
			    string(json_array_get(json_object_get(one, "findings"), 0), "file"));
	sample.list.count = 0;
	sample.summary.module_count = 0;
	text_clear(&out);
	sample_write(&sample, "json", NULL, &out);
	_cleanup_(json_decrefp) json_t *none = parse(&out);
	assert_int_equal(0, json_array_size(json_object_get(none, "findings")));
	sample_release(&sample);
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	struct sample sample;
	sample_init(&sample);
	for (size_t i = 0; report_format_name(i); i++) {
		const struct report_format *format =
			report_format_named(str_of(report_format_name(i)));
		for (long nth = 1;; nth++) {
			_cleanup_(text_release) struct text out = {0};
			struct error error = {0};
			mem_fail_from(nth);
			int result = report_write(format, &sample.list, &sample.summary, NULL, &out,
						  &error);
			if (!mem_fail_never()) {
				assert_int_equal(0, result);
				break;
			}
			assert_int_equal(-1, result);
			assert_int_equal(ERROR_MEMORY, error.code);
		}
	}
	sample_release(&sample);
}

static const struct report_reference REFERENCE = {
	.file = STR("billing/charge.py"),
	.line = 4294967295,
	.column = 6,
	.kind = REFERENCE_IMPORT,
	.state = REFERENCE_INTERNAL,
	.target = STR("orders.api"),
	.resolved = STR("orders/api"),
	.is_folder = true,
	.module = STR("billing"),
	.to_module = STR("orders"),
};

static void check_reference(const struct report_reference *reference, const char *text,
			    const char *json)
{
	_cleanup_(text_release) struct text out = {0};
	report_reference_text(reference, &out);
	assert_string_equal(text, out.at);
	text_clear(&out);
	report_reference_json(reference, &out);
	assert_string_equal(json, out.at);
	_cleanup_(json_decrefp) json_t *parsed = parse(&out);
	assert_true(json_is_object(parsed));
}

static void writes_a_reference_on_one_line(void **state)
{
	(void)state;
	check_reference(
		&REFERENCE, "billing/charge.py:4294967295:6: import orders.api -> orders/api/\n",
		"{\"file\": \"billing/charge.py\", \"line\": 4294967295, \"column\": 6, \"kind\": "
		"\"import\", \"target\": \"orders.api\", \"resolved\": \"orders/api\", "
		"\"module\": \"billing\", \"to_module\": \"orders\", \"external\": false, "
		"\"package\": null, \"standard\": false}\n");
}

static void tells_external_standard_and_unresolved_apart(void **state)
{
	(void)state;
	struct report_reference reference = {.file = STR("a"), .line = 1, .column = 2};
	reference.target = STR("x\ny");
	reference.state = REFERENCE_EXTERNAL;
	reference.package = STR("left-pad");
	check_reference(&reference, "a:1:2: import x\xEF\xBF\xBDy -> external left-pad\n",
			"{\"file\": \"a\", \"line\": 1, \"column\": 2, \"kind\": \"import\", "
			"\"target\": \"x\\ny\", \"resolved\": null, \"module\": null, "
			"\"to_module\": null, \"external\": true, \"package\": \"left-pad\", "
			"\"standard\": false}\n");
	reference.state = REFERENCE_STANDARD;
	reference.package = STR("");
	reference.target = STR("os");
	check_reference(&reference, "a:1:2: import os -> standard\n",
			"{\"file\": \"a\", \"line\": 1, \"column\": 2, \"kind\": \"import\", "
			"\"target\": \"os\", \"resolved\": null, \"module\": null, \"to_module\": "
			"null, \"external\": true, \"package\": null, \"standard\": true}\n");
	reference.state = REFERENCE_UNRESOLVED;
	reference.kind = REFERENCE_DYNAMIC;
	check_reference(&reference, "a:1:2: dynamic os -> unresolved\n",
			"{\"file\": \"a\", \"line\": 1, \"column\": 2, \"kind\": \"dynamic\", "
			"\"target\": \"os\", \"resolved\": null, \"module\": null, \"to_module\": "
			"null, \"external\": false, \"package\": null, \"standard\": false}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_was_seen),
		cmocka_unit_test(tells_every_finding),
		cmocka_unit_test(names_what_could_not_be_read),
		cmocka_unit_test(is_well_formed_without_findings_and_with_bytes),
		cmocka_unit_test(fails_cleanly_without_memory),
		cmocka_unit_test(writes_a_reference_on_one_line),
		cmocka_unit_test(tells_external_standard_and_unresolved_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
