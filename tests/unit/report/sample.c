/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"

/* Tab, wide characters, a combining accent. */
static const char CHARGE[] = "import json\n"
			     "\n"
			     "\timport orders.api\n"
			     "x = '日本' ; import e\xCC\x81 as orders\n"
			     "if x: from orders.api import place, \x1b[2Jcancel\n";

static const struct str MODULES[] = {
	{"billing", 7}, {"identity", 8}, {"orders", 6}, {"web & <shop>", 12}};

static struct finding_step STEPS[] = {
	{STR("billing/charge.py"), 3, 9, STR("billing references orders (orders.api)")},
	{STR("orders/place.py"), 7, 1, STR("orders references billing (billing)")},
};

static const struct finding FINDINGS[] = {
	{.rule = "dependency",
	 .severity = FINDING_ERROR,
	 .module = STR("billing"),
	 .to = STR("orders"),
	 .file = STR("billing/charge.py"),
	 .line = 5,
	 .column = 12,
	 .width = 10,
	 .reference = STR("orders.api"),
	 .message = STR("billing references orders, which its depends_on does not name"),
	 .why = STR("billing/module.yaml:3 depends_on names identity (owner: payments)"),
	 .help = STR("call it through identity, or add orders to depends_on")},
	{.rule = "dependency",
	 .severity = FINDING_ERROR,
	 .module = STR("billing"),
	 .to = STR("orders"),
	 .file = STR("billing/charge.py"),
	 .line = 3,
	 .column = 9,
	 .width = 10,
	 .reference = STR("orders.api"),
	 .message = STR("billing references orders, which its depends_on does not name"),
	 .why = STR("billing/module.yaml:3 depends_on names identity (owner: payments)"),
	 .help = STR("call it through identity, or add orders to depends_on")},
	{.rule = "cycle",
	 .severity = FINDING_ERROR,
	 .module = STR("billing"),
	 .to = STR("orders"),
	 .file = STR("billing/charge.py"),
	 .line = 3,
	 .column = 9,
	 .width = 10,
	 .reference = STR("orders.api"),
	 .message = STR("billing and orders reference each other"),
	 .steps = STEPS,
	 .step_count = 2},
	{.rule = "privacy",
	 .severity = FINDING_WARNING,
	 .module = STR("billing"),
	 .to = STR("orders"),
	 .file = STR("billing/charge.py"),
	 .line = 4,
	 .column = 19,
	 .width = 2,
	 .reference = STR("e\xCC\x81"),
	 .message = STR("orders/e\xCC\x81.py is private: 100 % of it")},
	{.rule = "privacy",
	 .severity = FINDING_ERROR,
	 .module = STR("orders"),
	 .to = STR("billing"),
	 .file = STR("orders/place.py"),
	 .line = 7,
	 .column = 1,
	 .reference = STR("billing"),
	 .message = STR("known of old"),
	 .baseline = true},
	{.rule = "exhaustive",
	 .severity = FINDING_WARNING,
	 .file = STR("tools/a b,c:100%.py"),
	 .message = STR("the file belongs to no module")},
	{.rule = "unused",
	 .severity = FINDING_WARNING,
	 .module = STR("web & <shop>"),
	 .to = STR("identity"),
	 .file = STR("web/module.yaml"),
	 .line = 4,
	 .column = 14,
	 .width = 8,
	 .message = STR("\"identity\" is declared,\nand nothing uses it ]]>")},
};

static void write_file(const char *root, const char *name, const char *content)
{
	char path[256];
	struct error error;
	snprintf(path, sizeof path, "%s/%s", root, name);
	assert_int_equal(0, file_write(path, str_of(content), &error));
}

void sample_init(struct sample *sample)
{
	char path[256];
	*sample = (struct sample){.root = "/tmp/ashlar-report-XXXXXX"};
	assert_non_null(mkdtemp(sample->root));
	snprintf(path, sizeof path, "mkdir %s/billing", sample->root);
	assert_int_equal(0, system(path));
	write_file(sample->root, "billing/charge.py", CHARGE);
	memcpy(sample->findings, FINDINGS, sizeof FINDINGS);
	sample->list.items = sample->findings;
	sample->list.count = sizeof FINDINGS / sizeof FINDINGS[0];
	error_list_at(&sample->problems, ERROR_LIMIT, "data/huge.py", 0, 0,
		      "is larger than %d bytes", 16777216);
	sample->summary = (struct check_summary){
		.version = "1.2.3",
		.root = sample->root,
		.files = 1035,
		.lines = 1234567,
		.references = 1000,
		.internal = 700,
		.external = 200,
		.unresolved = 100,
		.modules = MODULES,
		.module_count = 4,
		.edges = 5,
		.duration_ms = 41.5,
		.problems = &sample->problems,
	};
}

void sample_release(struct sample *sample)
{
	char command[256];
	snprintf(command, sizeof command, "rm -r %s", sample->root);
	assert_int_equal(0, system(command));
	error_list_clear(&sample->problems);
}

void sample_write(const struct sample *sample, const char *format,
		  const struct report_options *options, struct text *out)
{
	struct error error;
	const struct report_format *named = report_format_named(str_of(format));
	assert_non_null(named);
	assert_int_equal(
		0, report_write(named, &sample->list, &sample->summary, options, out, &error));
}
