/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of findings: order, counts, and memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "finding/finding.h"

static void add(struct finding_list *list, const char *file, uint32_t line, const char *rule,
		const char *to)
{
	struct finding *finding = finding_list_add(list);
	assert_non_null(finding);
	finding->file = str_of(file);
	finding->line = line;
	finding->column = 1;
	finding->rule = rule;
	finding->to = str_of(to);
}

static void findings_are_sorted_by_place_rule_and_target(void **state)
{
	(void)state;
	_cleanup_(finding_list_release) struct finding_list list = {0};
	static const char *const WANTED[] = {"a", "b", "c", "d", "e"};
	finding_list_sort(&list);
	add(&list, "b.c", 1, "layer", "e");
	add(&list, "a.c", 10, "cycle", "b");
	add(&list, "a.c", 2, "layer", "a");
	add(&list, "a.c", 10, "layer", "d");
	add(&list, "a.c", 10, "layer", "c");
	finding_list_sort(&list);
	for (size_t i = 0; i < list.count; i++)
		assert_true(str_equal(list.items[i].to, str_of(WANTED[i])));
}

static void known_findings_do_not_count(void **state)
{
	(void)state;
	_cleanup_(finding_list_release) struct finding_list list = {0};
	for (uint32_t i = 0; i < 5; i++)
		add(&list, "a.c", i, "layer", "");
	list.items[0].severity = list.items[1].severity = FINDING_ERROR;
	list.items[1].baseline = list.items[2].baseline = true;
	assert_int_equal(finding_list_count(&list, FINDING_ERROR), 1);
	assert_int_equal(finding_list_count(&list, FINDING_WARNING), 2);
	assert_string_equal(finding_severity_name(FINDING_ERROR), "error");
	assert_string_equal(finding_severity_name(FINDING_WARNING), "warning");
}

static void memory_may_run_out(void **state)
{
	(void)state;
	bool failed = true;
	for (long nth = 1; failed; nth++) {
		_cleanup_(finding_list_release) struct finding_list list = {0};
		mem_fail_from(nth);
		while (list.count < 100 && finding_list_add(&list))
			;
		failed = mem_fail_never();
		assert_int_equal(list.failed, failed);
		assert_true(failed ? list.count < 100 : list.count == 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_sorted_by_place_rule_and_target),
		cmocka_unit_test(known_findings_do_not_count),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
