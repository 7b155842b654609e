/* SPDX-License-Identifier: Apache-2.0 */
/* What `ashlar explain` prints is what docs/rules.md says. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "rule/rule.h"

static void test_the_page_has_every_rule_word_for_word(void **unused)
{
	(void)unused;
	_cleanup_(text_release) struct text page = {0};
	struct error error = {0};
	assert_int_equal(file_read(SOURCE_ROOT "/docs/rules.md", 1 << 20, &page, &error), 0);
	for (int i = 0; i < RULE_COUNT; i++) {
		const struct rule *rule = rule_of((enum rule_id)i);
		const char *name = rule_name((enum rule_id)i);
		_cleanup_(text_release) struct text section = {0}, row = {0};
		text_addf(&section, "\n## %s\n\n%s", name, rule->explanation);
		text_addf(&row, "\n| [%s](#%s) | %s | ", name, name, rule->summary);
		assert_non_null(strstr(page.at, section.at));
		assert_non_null(strstr(page.at, row.at));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page_has_every_rule_word_for_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
