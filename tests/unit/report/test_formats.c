/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <expat.h>
#include <jansson.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "report/report.h"
#include "sample.h"

static const struct report_rule RULES[] = {
	{"cycle", "Modules do not reference each other in a circle.", "A circle of modules."},
	{"dependency", "A module references only what it declares.", NULL},
};

static const struct report_options OPTIONS = {
	.prefix = STR("services/shop"), .rules = RULES, .rule_count = 2};

static json_t *parse(const struct text *text)
{
	json_error_t error;
	json_t *parsed = json_loadb(text->at, text->length, JSON_ALLOW_NUL, &error);
	if (!parsed)
		fail_msg("%s at line %d", error.text, error.line);
	return parsed;
}

static json_t *write_json_format(const char *format)
{
	struct sample sample;
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample_write(&sample, format, &OPTIONS, &out);
	sample_release(&sample);
	return parse(&out);
}

/* "results/0/level": members by name, items by number. */
static json_t *at(json_t *root, const char *path)
{
	struct str rest = str_of(path), part;
	while (root && str_split(&rest, '/', &part)) {
		char name[64];
		assert_true(part.length < sizeof name);
		memcpy(name, part.at, part.length);
		name[part.length] = '\0';
		root = json_is_array(root) ? json_array_get(root, (size_t)atoi(name))
					   : json_object_get(root, name);
	}
	return root;
}

static void check_string(json_t *root, const char *path, const char *expected)
{
	const char *value = json_string_value(at(root, path));
	if (!value)
		fail_msg("%s is not a string", path);
	assert_string_equal(expected, value);
}

static void check_number(json_t *root, const char *path, long expected)
{
	assert_true(json_is_integer(at(root, path)));
	assert_int_equal(expected, json_integer_value(at(root, path)));
}

static void sarif_tells_places_and_rules(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *sarif = write_json_format("sarif");
	json_t *run = at(sarif, "runs/0");
	check_string(sarif, "version", "2.1.0");
	check_string(run, "columnKind", "unicodeCodePoints");
	check_string(run, "tool/driver/rules/0/id", "cycle");
	check_string(run, "tool/driver/rules/0/help/text", "A circle of modules.");
	assert_int_equal(7, json_array_size(at(run, "results")));
	json_t *result = at(run, "results/1");
	json_t *place = at(result, "locations/0/physicalLocation");
	check_string(result, "ruleId", "dependency");
	check_number(result, "ruleIndex", 1);
	check_string(result, "level", "error");
	check_string(place, "artifactLocation/uri", "services/shop/billing/charge.py");
	check_number(place, "region/startLine", 3);
	check_number(place, "region/startColumn", 9);
	check_number(place, "region/endColumn", 19);
	check_string(result, "locations/0/logicalLocations/0/name", "billing");
	check_string(at(run, "results/6"), "locations/0/physicalLocation/artifactLocation/uri",
		     "services/shop/tools/a%20b%2Cc%3A100%25.py");
}

static void sarif_tells_chains_baseline_and_problems(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *sarif = write_json_format("sarif");
	json_t *run = at(sarif, "runs/0");
	json_t *cycle = at(run, "results/0");
	assert_int_equal(2, json_array_size(at(cycle, "codeFlows/0/threadFlows/0/locations")));
	assert_int_equal(2, json_array_size(at(cycle, "relatedLocations")));
	check_string(cycle, "baselineState", "new");
	assert_null(at(cycle, "suppressions"));
	check_string(run, "results/4/baselineState", "unchanged");
	check_string(run, "results/4/suppressions/0/kind", "external");
	assert_true(json_is_false(at(run, "invocations/0/executionSuccessful")));
	check_string(run, "invocations/0/toolExecutionNotifications/0/message/text",
		     "is larger than 16777216 bytes");
}

static void codequality_has_what_gitlab_asks_for(void **state)
{
	(void)state;
	_cleanup_(json_decrefp) json_t *report = write_json_format("codequality");
	assert_int_equal(7, json_array_size(report));
	check_string(report, "1/check_name", "dependency");
	check_string(report, "1/severity", "major");
	check_string(report, "3/severity", "minor");
	check_string(report, "4/severity", "info");
	check_string(report, "1/location/path", "services/shop/billing/charge.py");
	check_number(report, "1/location/lines/begin", 3);
	check_number(report, "6/location/lines/begin", 1);
}

static void fingerprints_differ_and_do_not_know_lines(void **state)
{
	(void)state;
	struct sample sample;
	_cleanup_(text_release) struct text first = {0}, second = {0};
	sample_init(&sample);
	sample_write(&sample, "codequality", NULL, &first);
	for (size_t i = 0; i < sample.list.count; i++) {
		sample.findings[i].line += 100;
		sample.findings[i].column += 5;
		sample.findings[i].message = STR("said in other words");
	}
	sample_write(&sample, "codequality", NULL, &second);
	_cleanup_(json_decrefp) json_t *before = parse(&first);
	_cleanup_(json_decrefp) json_t *after = parse(&second);
	for (size_t i = 0; i < json_array_size(before); i++) {
		const char *print = json_string_value(
			json_object_get(json_array_get(before, i), "fingerprint"));
		check_string(json_array_get(after, i), "fingerprint", print);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
				print, json_string_value(json_object_get(json_array_get(before, j),
									 "fingerprint")));
	}
	sample_release(&sample);
}

static void github_escapes_messages_and_properties(void **state)
{
	(void)state;
	struct sample sample;
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample_write(&sample, "github", &OPTIONS, &out);
	assert_non_null(strstr(out.at,
			       "::error file=services/shop/billing/charge.py,line=5,col=12,"
			       "endColumn=22,title=Ashlar%3A dependency (billing → orders)::"
			       "billing references orders, which its depends_on does not name%0A"
			       "Why: billing/module.yaml:3"));
	assert_non_null(strstr(out.at, "::warning file=services/shop/tools/a b%2Cc%3A100%25.py,"
				       "title=Ashlar%3A exhaustive::the file belongs"));
	assert_non_null(strstr(out.at, "is private: 100 %25 of it\n"));
	assert_null(strstr(out.at, "known of old"));
	assert_non_null(strstr(out.at, "\n::notice title=Ashlar::3 errors and 3 warnings: "));
	sample_release(&sample);
}

/* What a reader of JUnit XML counts. */
struct counted {
	long declared[4]; /* of <testsuites>: tests, failures, errors, skipped */
	long met[4];
	long suites[4]; /* the sums of what <testsuite> declares */
};

static void add_declared(const char **attributes, long numbers[4])
{
	static const char *const NAMES[] = {"tests", "failures", "errors", "skipped"};
	for (size_t i = 0; attributes[i]; i += 2)
		for (size_t j = 0; j < 4; j++)
			if (strcmp(attributes[i], NAMES[j]) == 0)
				numbers[j] += atol(attributes[i + 1]);
}

static void meet(void *context, const char *name, const char **attributes)
{
	static const char *const NAMES[] = {"testcase", "failure", "error", "skipped"};
	struct counted *counted = context;
	if (strcmp(name, "testsuites") == 0)
		add_declared(attributes, counted->declared);
	else if (strcmp(name, "testsuite") == 0)
		add_declared(attributes, counted->suites);
	for (size_t i = 0; i < 4; i++)
		counted->met[i] += strcmp(name, NAMES[i]) == 0;
}

static struct counted read_junit(const struct text *xml)
{
	struct counted counted = {0};
	XML_Parser parser = XML_ParserCreate(NULL);
	XML_SetUserData(parser, &counted);
	XML_SetStartElementHandler(parser, meet);
	if (XML_Parse(parser, xml->at, (int)xml->length, 1) != XML_STATUS_OK)
		fail_msg("line %lu: %s", XML_GetCurrentLineNumber(parser),
			 XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	return counted;
}

static void check_junit(const struct text *xml)
{
	struct counted counted = read_junit(xml);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(counted.met[i], counted.declared[i]);
		assert_int_equal(counted.met[i], counted.suites[i]);
	}
}

static void junit_counts_what_it_holds(void **state)
{
	(void)state;
	struct sample sample;
	_cleanup_(text_release) struct text out = {0};
	sample_init(&sample);
	sample_write(&sample, "junit", &OPTIONS, &out);
	check_junit(&out);
	assert_non_null(strstr(out.at, "<testcase classname=\"identity\" name=\"no findings\""));
	assert_non_null(strstr(out.at, "file=\"services/shop/billing/charge.py\" line=\"3\""));
	sample.list.count = 0;
	text_clear(&out);
	sample_write(&sample, "junit", NULL, &out);
	check_junit(&out);
	sample_release(&sample);
}

/* A text of bytes that formats trip over, another one for each seed. */
static struct str hostile(char *buffer, size_t size, uint32_t *seed)
{
	static const char BYTES[] = "\0\x01\x1b\t\r\n\"'<>&%,:\\/]]>\xFF\xC3\xA9\xED\xA0\x80 a";
	size_t length = 0;
	do {
		*seed = *seed * 1664525u + 1013904223u;
		buffer[length++] = BYTES[(*seed >> 16) % (sizeof BYTES - 1)];
	} while (length < size && (*seed >> 8) % 16);
	return (struct str){buffer, length};
}

static void stays_well_formed_whatever_the_texts(void **state)
{
	(void)state;
	static const char *const JSON[] = {"json", "sarif", "codequality"};
	struct sample sample;
	uint32_t seed = 1;
	sample_init(&sample);
	for (int round = 0; round < 500; round++) {
		char buffers[6][40];
		_cleanup_(text_release) struct text out = {0};
		struct finding *finding = &sample.findings[round % 7];
		finding->module = hostile(buffers[0], sizeof buffers[0], &seed);
		finding->to = hostile(buffers[1], sizeof buffers[1], &seed);
		finding->file = hostile(buffers[2], sizeof buffers[2], &seed);
		finding->reference = hostile(buffers[3], sizeof buffers[3], &seed);
		finding->message = hostile(buffers[4], sizeof buffers[4], &seed);
		finding->help = hostile(buffers[5], sizeof buffers[5], &seed);
		for (size_t i = 0; i < 3; i++) {
			text_clear(&out);
			sample_write(&sample, JSON[i], &OPTIONS, &out);
			json_decref(parse(&out));
		}
		text_clear(&out);
		sample_write(&sample, "junit", &OPTIONS, &out);
		check_junit(&out);
		text_clear(&out);
		sample_write(&sample, "text", NULL, &out);
		assert_true(utf8_valid(text_str(&out)));
		assert_null(memchr(out.at, '\x1b', out.length));
		memset(finding, 0, sizeof *finding);
		finding->rule = "cycle";
		finding->message = STR("none \xEF\xBF\xBE \xEF\xBF\xBF");
	}
	sample_release(&sample);
}

static void knows_its_formats_by_name(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"text",   "json",  "sarif",
					    "github", "junit", "codequality"};
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(NAMES[i], report_format_name(i));
		assert_non_null(report_format_named(str_of(NAMES[i])));
	}
	assert_null(report_format_name(6));
	assert_null(report_format_named(STR("jso")));
	assert_null(report_format_named(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sarif_tells_places_and_rules),
		cmocka_unit_test(sarif_tells_chains_baseline_and_problems),
		cmocka_unit_test(codequality_has_what_gitlab_asks_for),
		cmocka_unit_test(fingerprints_differ_and_do_not_know_lines),
		cmocka_unit_test(github_escapes_messages_and_properties),
		cmocka_unit_test(junit_counts_what_it_holds),
		cmocka_unit_test(stays_well_formed_whatever_the_texts),
		cmocka_unit_test(knows_its_formats_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
