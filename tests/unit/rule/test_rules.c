/* SPDX-License-Identifier: Apache-2.0 */
/* What each rule finds and what it leaves alone. How it is put into words is shown by the golden
 * cases in tests/cases/rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "graph/world.h"
#include "rule/judge.h"

static const struct date TODAY = {2027, 1, 15};

/* One line a finding: "RULE MODULE>TO FILE:LINE". */
static void write_findings(const struct finding_list *list, struct text *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct finding *finding = &list->items[i];
		text_addf(out, "%s%s %.*s>%.*s %.*s:%u\n", finding->rule,
			  finding->severity == FINDING_ERROR ? "" : "(warning)",
			  STR_ARG(finding->module), STR_ARG(finding->to), STR_ARG(finding->file),
			  finding->line);
		assert_true(finding->message.length > 0);
		assert_true(finding->why.length > 0);
		assert_true(finding->help.length > 0);
	}
}

static void expect(struct world *world, const char *expected)
{
	_cleanup_(finding_list_release) struct finding_list list = {0};
	_cleanup_(text_release) struct text found = {0};
	struct error error = {0};
	assert_int_equal(rules_judge(world_graph(world), TODAY, &list, &error), 0);
	write_findings(&list, &found);
	assert_string_equal(text_str(&found).at, expected);
	graph_release(&world->graph);
}

/* Only these two rules are on. */
static void only(struct world *world, enum rule_id first, enum rule_id second)
{
	for (int i = 0; i < RULE_COUNT; i++)
		world->contracts.rules[i] =
			i == (int)first || i == (int)second ? SEVERITY_ERROR : SEVERITY_OFF;
}

static const char *const ABC[] = {"a/1.c",    "a/2.c", "b/1.c",       "b/api/x.c", "b/in/x.c",
				  "b/in/y.c", "c/1.c", "include/b.h", "free.c",    NULL};

/* Modules a, b and c, and one reference from each to the next. */
static void make_abc(struct world *world)
{
	world_files(world, ABC);
	world_module(world, "a", "a");
	world_module(world, "b", "b");
	world_module(world, "c", "c");
	world_refer(world, "a/1.c", 1, "b/in/x.c");
	world_refer(world, "b/in/x.c", 2, "c/1.c");
}

static struct module *at(struct world *world, const char *name)
{
	return &world->contracts.modules[contracts_find(&world->contracts, str_of(name))];
}

static void test_dependency(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_DEPENDENCY, RULE_DEPENDENCY);
	world_refer(&world, "a/2.c", 3, "b/in/x.c");
	world_refer(&world, "free.c", 4, "c/1.c");
	expect(&world,
	       "dependency a>b a/1.c:1\ndependency a>b a/2.c:3\ndependency b>c b/in/x.c:2\n");
	world_use(&world, &at(&world, "a")->depends_on, "b", 2);
	world_use(&world, &at(&world, "b")->depends_on, "a", 2);
	expect(&world, "dependency b>c b/in/x.c:2\n");
	world_release(&world);
}

static void test_severity_is_the_modules_own(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_DEPENDENCY, RULE_DEPENDENCY);
	at(&world, "a")->rules[RULE_DEPENDENCY] = SEVERITY_WARN;
	at(&world, "b")->rules[RULE_DEPENDENCY] = SEVERITY_OFF;
	expect(&world, "dependency(warning) a>b a/1.c:1\n");
	at(&world, "a")->strict = true;
	expect(&world, "dependency a>b a/1.c:1\n");
	world_release(&world);
}

static void test_types_may_be_ignored(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_DEPENDENCY, RULE_UNUSED);
	world_refer(&world, "a/2.c", 3, "c/1.c")->kind = REFERENCE_TYPE;
	world_refer(&world, "a/2.c", 4, "b/1.c")->kind = REFERENCE_TYPE;
	world_use(&world, &at(&world, "c")->depends_on, "a", 2);
	world_refer(&world, "c/1.c", 5, "a/1.c")->kind = REFERENCE_TYPE;
	world.contracts.ignore_types[RULE_DEPENDENCY] = true;
	expect(&world, "dependency a>b a/1.c:1\ndependency b>c b/in/x.c:2\n");
	world.contracts.ignore_types[RULE_UNUSED] = true;
	expect(&world, "dependency a>b a/1.c:1\ndependency b>c b/in/x.c:2\n"
		       "unused c>a c/module.yaml:2\n");
	world_release(&world);
}

static void test_privacy(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_PRIVACY, RULE_PRIVACY);
	struct module *b = at(&world, "b");
	world_refer(&world, "a/1.c", 2, "b/api/x.c");
	world_refer(&world, "a/1.c", 3, "b/1.c");
	world_refer(&world, "a/1.c", 4, "b");
	world_refer(&world, "a/1.c", 5, "include/b.h");
	world_refer(&world, "b/1.c", 6, "b/in/x.c");
	world_word(&world, &b->roots, "include", 2);
	expect(&world, "");
	world_word(&world, &b->public, NULL, 3);
	expect(&world, "privacy a>b a/1.c:1\nprivacy a>b a/1.c:2\nprivacy a>b a/1.c:3\n"
		       "privacy a>b a/1.c:4\nprivacy a>b a/1.c:5\n");
	world_word(&world, &b->public, "api", 3);
	expect(&world, "privacy a>b a/1.c:1\nprivacy a>b a/1.c:3\nprivacy a>b a/1.c:4\n"
		       "privacy a>b a/1.c:5\n");
	/* A folder is open when a file right in it is; a file below it does not count. */
	world_word(&world, &b->public, "1.c", 3);
	expect(&world, "privacy a>b a/1.c:1\nprivacy a>b a/1.c:5\n");
	world_word(&world, &b->public, "*.h", 3);
	world_word(&world, &b->public, "**/x.c", 3);
	expect(&world, "");
	world_release(&world);
}

static void test_privacy_of_the_whole_module(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_PRIVACY, RULE_PRIVACY);
	world_word(&world, &at(&world, "b")->public, "", 3);
	expect(&world, "");
	world_release(&world);
}

static void test_a_pattern_opens_the_folders_that_it_matches(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_PRIVACY, RULE_PRIVACY);
	world_word(&world, &at(&world, "b")->public, "i?", 3);
	expect(&world, "");
	world_release(&world);
}

static void test_layer(void **unused)
{
	(void)unused;
	static const char *const LAYERS[] = {"top", "middle", "bottom", NULL};
	struct world world;
	make_abc(&world);
	only(&world, RULE_LAYER, RULE_LAYER);
	world_layers(&world, LAYERS);
	world_refer(&world, "a/1.c", 3, "c/1.c");
	world_refer(&world, "c/1.c", 4, "b/1.c");
	expect(&world, "");
	at(&world, "a")->layer = 0;
	at(&world, "b")->layer = 1;
	expect(&world, "");
	at(&world, "c")->layer = 2;
	expect(&world, "layer c>b c/1.c:4\n");
	at(&world, "b")->layer = 2;
	expect(&world, "");
	at(&world, "b")->layer = 1;
	world.contracts.layers[1].closed = true;
	expect(&world, "layer a>c a/1.c:3\nlayer c>b c/1.c:4\n");
	world.contracts.layers[0].closed = world.contracts.layers[2].closed = true;
	expect(&world, "layer a>c a/1.c:3\nlayer c>b c/1.c:4\n");
	world_release(&world);
}

static void test_visibility(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_VISIBILITY, RULE_VISIBILITY);
	world_refer(&world, "a/1.c", 3, "c/1.c");
	world_use(&world, &at(&world, "c")->visible_to, "b", 4);
	expect(&world, "visibility a>c a/1.c:3\n");
	world_use(&world, &at(&world, "b")->visible_to, NULL, 4);
	expect(&world, "visibility a>b a/1.c:1\nvisibility a>c a/1.c:3\n");
	world_release(&world);
}

static void test_cycle_has_one_finding_a_knot(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_CYCLE, RULE_UNUSED);
	expect(&world, "");
	world_refer(&world, "c/1.c", 3, "a/1.c");
	world_refer(&world, "c/1.c", 4, "a/1.c");
	expect(&world, "cycle b>c b/in/x.c:2\n");
	/* The shortest circle, at the link to cut. */
	world_refer(&world, "c/1.c", 5, "b/1.c");
	world_refer(&world, "b/1.c", 6, "c/1.c");
	expect(&world, "cycle b>c b/1.c:6\n");
	world_release(&world);
}

static void test_an_exception_takes_one_link_out_of_all_circles(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_CYCLE, RULE_UNUSED);
	world_refer(&world, "c/1.c", 3, "b/1.c");
	world_refer(&world, "c/1.c", 4, "a/1.c");
	world_exception(&world, "c", RULE_CYCLE, "b", "2027-01-15");
	expect(&world, "cycle c>a c/1.c:4\n");
	world_exception(&world, "c", RULE_CYCLE, "a", "2027-01-15");
	expect(&world, "");
	world_exception(&world, "a", RULE_CYCLE, "c", "2027-01-15");
	expect(&world, "unused a>c a/module.yaml:9\n");
	world_release(&world);
}

static void test_cycle_without_types(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_CYCLE, RULE_CYCLE);
	world_refer(&world, "c/1.c", 3, "a/1.c")->kind = REFERENCE_TYPE;
	expect(&world, "cycle c>a c/1.c:3\n");
	world.contracts.ignore_types[RULE_CYCLE] = true;
	expect(&world, "");
	world_release(&world);
}

static void test_cycle_is_as_severe_as_its_worst_module(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_CYCLE, RULE_CYCLE);
	world_refer(&world, "b/1.c", 3, "a/1.c");
	at(&world, "a")->rules[RULE_CYCLE] = SEVERITY_OFF;
	at(&world, "b")->rules[RULE_CYCLE] = SEVERITY_WARN;
	expect(&world, "cycle(warning) b>a b/1.c:3\n");
	at(&world, "b")->rules[RULE_CYCLE] = SEVERITY_OFF;
	expect(&world, "");
	world_release(&world);
}

static struct forbidden *forbid(struct world *world, const char *from, const char *to,
				bool indirect)
{
	struct contracts *contracts = &world->contracts;
	if (!contracts->forbidden)
		contracts->forbidden =
			arena_array(&world->tree.arena, 8, sizeof *contracts->forbidden);
	struct forbidden *forbidden = &contracts->forbidden[contracts->forbidden_count++];
	*forbidden = (struct forbidden){.indirect = indirect, .line = 7};
	world_use(world, &forbidden->from, from, 7);
	world_use(world, &forbidden->to, to, 7);
	return forbidden;
}

static void test_forbidden(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_FORBIDDEN, RULE_UNUSED);
	forbid(&world, "c", "a", true);
	forbid(&world, "a", "c", false);
	expect(&world, "");
	forbid(&world, "a", "c", true);
	expect(&world, "forbidden a>c a/1.c:1\n");
	world_exception(&world, "a", RULE_FORBIDDEN, "c", "2028-01-01");
	expect(&world, "");
	world_release(&world);
}

static void test_searches_are_bounded(void **unused)
{
	(void)unused;
	struct judge judge = {.rule = RULE_FORBIDDEN, .searched = RULE_SEARCH_LIMIT - 5};
	struct error error = {0};
	assert_int_equal(judge_spend(&judge, 5, &error), 0);
	assert_int_equal(judge_spend(&judge, 1, &error), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	assert_non_null(strstr(error.message, "forbidden"));
}

static void test_what_is_forbidden_twice_is_told_once(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_FORBIDDEN, RULE_FORBIDDEN);
	forbid(&world, "a", "b", true);
	forbid(&world, "a", "b", false);
	forbid(&world, "a", "c", true);
	world_use(&world, &world.contracts.forbidden[2].to, "b", 7);
	/* c is reached through b, which is told by itself. */
	expect(&world, "forbidden a>b a/1.c:1\n");
	world_release(&world);
}

static void test_independence(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_INDEPENDENCE, RULE_UNUSED);
	struct independent entry = {.line = 8};
	world_use(&world, &entry.modules, "c", 8);
	world_use(&world, &entry.modules, "a", 8);
	world.contracts.independent = &entry;
	world.contracts.independent_count = 1;
	expect(&world, "independence a>c a/1.c:1\n");
	world_refer(&world, "c/1.c", 3, "a/2.c");
	expect(&world, "independence a>c a/1.c:1\nindependence c>a c/1.c:3\n");
	world_exception(&world, "c", RULE_INDEPENDENCE, "a", "2028-01-01");
	expect(&world, "independence a>c a/1.c:1\n");
	world_use(&world, &entry.modules, "b", 8);
	expect(&world, "independence a>b a/1.c:1\nindependence b>c b/in/x.c:2\n");
	world_release(&world);
}

static void test_external(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_EXTERNAL, RULE_UNUSED);
	world_use(&world, &at(&world, "a")->depends_on, "b", 1);
	world_use(&world, &at(&world, "b")->depends_on, "c", 1);
	world_refer_out(&world, "a/1.c", 3, "http.client", REFERENCE_EXTERNAL);
	world_refer_out(&world, "a/2.c", 4, "http", REFERENCE_EXTERNAL);
	world_refer_out(&world, "a/2.c", 5, "stdio", REFERENCE_STANDARD);
	world_refer_out(&world, "a/2.c", 6, "@aws/s3", REFERENCE_EXTERNAL);
	world_refer_out(&world, "b/1.c", 7, "http", REFERENCE_EXTERNAL);
	expect(&world, "");
	struct module *a = at(&world, "a");
	world_word(&world, &a->external, NULL, 5);
	expect(&world, "external a>http a/1.c:3\nexternal a>@aws/s3 a/2.c:6\n");
	world_exception(&world, "a", RULE_EXTERNAL, "http", "2028-01-01");
	expect(&world, "external a>@aws/s3 a/2.c:6\n");
	world_word(&world, &a->external, "@aws/*", 5);
	world_word(&world, &a->external, "http*", 6);
	world_word(&world, &a->external, "gone", 7);
	expect(&world, "unused a>gone a/module.yaml:7\nunused a>http a/module.yaml:9\n");
	world_release(&world);
}

static void test_unused_dependency_and_its_exception(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_UNUSED, RULE_EXPIRED);
	world_use(&world, &at(&world, "a")->depends_on, "c", 2);
	world_use(&world, &at(&world, "a")->depends_on, "b", 3);
	expect(&world, "unused a>c a/module.yaml:2\n");
	world_exception(&world, "a", RULE_UNUSED, "c", "2027-01-15");
	expect(&world, "");
	at(&world, "a")->exceptions[0].until.day = 14;
	expect(&world, "unused a>c a/module.yaml:2\nexpired a>c a/module.yaml:9\n");
	world_release(&world);
}

static void test_exceptions_end_and_are_needed(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_DEPENDENCY, RULE_UNUSED);
	world.contracts.rules[RULE_EXPIRED] = SEVERITY_ERROR;
	world_use(&world, &at(&world, "b")->depends_on, "c", 2);
	world_exception(&world, "a", RULE_DEPENDENCY, "b", "2027-01-15");
	expect(&world, "");
	/* A second one for the same is needed too, and covers when the first has ended. */
	at(&world, "a")->exceptions[0].until.day = 14;
	expect(&world, "dependency a>b a/1.c:1\nexpired a>b a/module.yaml:9\n");
	world_exception(&world, "a", RULE_DEPENDENCY, "b", "2027-01-15");
	expect(&world, "expired a>b a/module.yaml:9\n");
	world_release(&world);
}

static void test_exceptions_cover_nothing_where_all_is_strict(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	only(&world, RULE_DEPENDENCY, RULE_UNUSED);
	world_use(&world, &at(&world, "b")->depends_on, "c", 2);
	world_exception(&world, "a", RULE_DEPENDENCY, "b", "2028-01-01");
	at(&world, "a")->strict = true;
	expect(&world, "dependency a>b a/1.c:1\nunused a>b a/module.yaml:9\n");
	world_release(&world);
}

static void test_exhaustive(void **unused)
{
	(void)unused;
	static const char *const FILES[] = {"a/1.c", "tools/1.c", "tools/deep/2.c", "free.c", NULL};
	struct world world;
	world_files(&world, FILES);
	world_module(&world, "a", "a");
	only(&world, RULE_EXHAUSTIVE, RULE_EXHAUSTIVE);
	expect(&world, "exhaustive > free.c:0\nexhaustive > tools/1.c:0\n"
		       "exhaustive > tools/deep/2.c:0\n");
	world_word(&world, &world.contracts.outside, "f*.c", 3);
	world_word(&world, &world.contracts.outside, "tools/deep", 3);
	expect(&world, "exhaustive > tools/1.c:0\n");
	world_release(&world);
}

static void test_nothing_at_all(void **unused)
{
	(void)unused;
	static const char *const NO_FILES[] = {NULL};
	struct world world;
	world_files(&world, NO_FILES);
	expect(&world, "");
	world_release(&world);
}

/* A tree in which every rule finds something. */
static void make_all(struct world *world)
{
	static const char *const LAYERS[] = {"top", "middle", "bottom", NULL};
	static struct independent entry;
	make_abc(world);
	world_layers(world, LAYERS);
	world->contracts.layers[1].closed = true;
	at(world, "a")->layer = 0;
	at(world, "b")->layer = 1;
	at(world, "c")->layer = 2;
	world_refer(world, "a/1.c", 3, "c/1.c");
	world_refer(world, "c/1.c", 4, "b/1.c");
	world_refer_out(world, "a/1.c", 5, "http", REFERENCE_EXTERNAL);
	world_word(world, &at(world, "a")->external, "gone", 5);
	world_word(world, &at(world, "b")->public, "api", 5);
	world_use(world, &at(world, "c")->visible_to, "b", 6);
	world_use(world, &at(world, "b")->depends_on, "a", 6);
	world_exception(world, "a", RULE_DEPENDENCY, "b", "2026-01-01");
	world_exception(world, "a", RULE_LAYER, "b", "2028-01-01");
	forbid(world, "c", "a", true);
	forbid(world, "a", "b", true);
	entry = (struct independent){.line = 8};
	world_use(world, &entry.modules, "a", 8);
	world_use(world, &entry.modules, "c", 8);
	world->contracts.independent = &entry;
	world->contracts.independent_count = 1;
}

static void test_every_allocation_may_fail(void **unused)
{
	(void)unused;
	struct world world;
	make_all(&world);
	const struct graph *graph = world_graph(&world);
	long failures = 0;
	for (long nth = 1;; nth++) {
		_cleanup_(finding_list_release) struct finding_list list = {0};
		struct error error = {0};
		mem_fail_from(nth);
		int result = rules_judge(graph, TODAY, &list, &error);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		assert_int_equal(error.code, failed ? ERROR_MEMORY : ERROR_NONE);
		if (!failed)
			break;
		failures++;
	}
	assert_true(failures > 50);
	world_release(&world);
}

static void test_every_rule_finds_something(void **unused)
{
	(void)unused;
	struct world world;
	make_all(&world);
	_cleanup_(finding_list_release) struct finding_list list = {0};
	struct error error = {0};
	bool found[RULE_COUNT] = {[RULE_STALE] = true};
	assert_int_equal(rules_judge(world_graph(&world), TODAY, &list, &error), 0);
	for (size_t i = 0; i < list.count; i++)
		found[rule_named(str_of(list.items[i].rule))] = true;
	for (int i = 0; i < RULE_COUNT; i++)
		assert_true(found[i]);
	world_release(&world);
}

static void test_stale_entries(void **unused)
{
	(void)unused;
	struct world world;
	make_abc(&world);
	struct baseline_source sources[] = {{.path = STR("ashlar.baseline.yaml")},
					    {.path = STR("a/baseline.yaml")}};
	struct baseline baseline = {.sources = sources, .source_count = 2};
	struct baseline_entry entry = {
		.rule = STR("exhaustive"), .file = STR("free.c"), .line = 3, .column = 5};
	_cleanup_(finding_list_release) struct finding_list list = {0};
	_cleanup_(text_release) struct text found = {0};
	rules_add_stale(&world.contracts, &baseline, MODULE_NONE, &entry, &list);
	entry = (struct baseline_entry){.rule = STR("dependency"),
					.to = STR("b"),
					.file = STR("a/1.c"),
					.reference = STR("b/in/x.c"),
					.line = 4,
					.source = 1};
	rules_add_stale(&world.contracts, &baseline, 0, &entry, &list);
	at(&world, "b")->rules[RULE_STALE] = SEVERITY_OFF;
	rules_add_stale(&world.contracts, &baseline, 1, &entry, &list);
	assert_false(list.failed);
	write_findings(&list, &found);
	assert_string_equal(text_str(&found).at,
			    "stale > ashlar.baseline.yaml:3\nstale a>b a/baseline.yaml:4\n");
	assert_string_equal(list.items[1].message.at,
			    "the baseline of a still has a finding of the rule dependency about b, "
			    "in a/1.c (b/in/x.c), that is gone");
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dependency),
		cmocka_unit_test(test_severity_is_the_modules_own),
		cmocka_unit_test(test_types_may_be_ignored),
		cmocka_unit_test(test_privacy),
		cmocka_unit_test(test_privacy_of_the_whole_module),
		cmocka_unit_test(test_a_pattern_opens_the_folders_that_it_matches),
		cmocka_unit_test(test_layer),
		cmocka_unit_test(test_visibility),
		cmocka_unit_test(test_cycle_has_one_finding_a_knot),
		cmocka_unit_test(test_an_exception_takes_one_link_out_of_all_circles),
		cmocka_unit_test(test_cycle_without_types),
		cmocka_unit_test(test_cycle_is_as_severe_as_its_worst_module),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_searches_are_bounded),
		cmocka_unit_test(test_what_is_forbidden_twice_is_told_once),
		cmocka_unit_test(test_independence),
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_unused_dependency_and_its_exception),
		cmocka_unit_test(test_exceptions_end_and_are_needed),
		cmocka_unit_test(test_exceptions_cover_nothing_where_all_is_strict),
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_stale_entries),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_every_rule_finds_something),
		cmocka_unit_test(test_every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
