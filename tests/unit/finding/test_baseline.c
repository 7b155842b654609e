/* SPDX-License-Identifier: Apache-2.0 */
/* Baselines on disk: what is written, read back, taken out, and left as it was. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "finding/baseline.h"

static const struct baseline_module MODULES[] = {
	{STR("billing"), STR("src/billing"), false},
	{STR("orders"), STR("src/orders"), false},
	{STR("web"), STR(""), false},
	{STR("pure"), STR("src/pure"), true},
};

enum { MODULE_COUNT = sizeof MODULES / sizeof *MODULES };

static const char HEADER[] =
	"# What `ashlar check` found here when this list was made. It fails nothing, and it only\n"
	"# shrinks: mend a place, and `ashlar check --tighten` takes its line out.\n"
	"# A line stands for every place in its file that refers to the same thing.\n"
	"\n";

static char root[64];
static struct baseline baseline;
static struct error_list errors;
static struct finding_list findings;

/* ---- helpers ---- */

static int set_up(void **state)
{
	static const char *const FOLDERS[] = {"", "/src", "/src/billing", "/src/orders",
					      "/src/pure"};
	(void)state;
	snprintf(root, sizeof root, "/tmp/ashlar-baseline-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 1; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s%s", root, FOLDERS[i]);
		mkdir(path, 0777);
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	mem_fail_never();
	baseline_release(&baseline);
	error_list_clear(&errors);
	finding_list_release(&findings);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, struct str content)
{
	char full[256];
	struct error error;
	snprintf(full, sizeof full, "%s/%s", root, path);
	assert_int_equal(file_write(full, content, &error), 0);
}

/* The content of a file; NULL while there is none. */
static const char *get(const char *path, struct text *out)
{
	char full[256];
	struct error error;
	text_clear(out);
	snprintf(full, sizeof full, "%s/%s", root, path);
	return file_read(full, 1 << 24, out, &error) == 0 ? text_str(out).at : NULL;
}

static void assert_file(const char *path, const char *wanted)
{
	_cleanup_(text_release) struct text content = {0};
	const char *found = get(path, &content);
	if (!wanted) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, wanted);
}

static void find(const char *rule, const char *module, const char *to, const char *file,
		 struct str reference)
{
	struct finding *finding = finding_list_add(&findings);
	finding->rule = rule;
	finding->module = str_of(module);
	finding->to = str_of(to);
	finding->file = str_of(file);
	finding->reference = reference;
	finding->line = (uint32_t)findings.count;
}

static void load(void)
{
	struct error error;
	baseline_release(&baseline);
	error_list_clear(&errors);
	assert_int_equal(baseline_load(root, MODULES, MODULE_COUNT, &baseline, &errors, &error), 0);
}

static void load_well(void)
{
	load();
	assert_string_equal(errors.count ? errors.items[0].message : "", "");
}

static struct baseline_changes write_all(void)
{
	struct baseline_changes changes = {0};
	struct error error = {0};
	load_well();
	int result = baseline_write(&baseline, &findings, false, &changes, &error);
	assert_string_equal(error.message, "");
	assert_int_equal(result, 0);
	return changes;
}

static size_t mark(void)
{
	struct error error;
	size_t known = 0;
	load_well();
	assert_int_equal(baseline_mark(&baseline, &findings, &error), 0);
	for (size_t i = 0; i < findings.count; i++)
		known += findings.items[i].baseline;
	return known;
}

static size_t count_stale(void)
{
	size_t stale = 0;
	for (uint32_t at = 0; baseline_next_stale(&baseline, &at);)
		stale++;
	return stale;
}

/* ---- writing ---- */

static void findings_are_written_by_module_and_byte_order(void **state)
{
	(void)state;
	find("privacy", "billing", "orders", "src/billing/b.py", STR("orders.db"));
	find("dependency", "billing", "orders", "src/billing/a.py", STR("orders.api"));
	find("dependency", "billing", "orders", "src/billing/a.py", STR("orders.api"));
	find("unused", "orders", "web", "src/orders/module.yaml", STR(""));
	find("exhaustive", "", "", "tools/x.py", STR(""));
	find("cycle", "web", "orders", "web.py", STR("orders"));
	struct baseline_changes changes = write_all();
	assert_int_equal(changes.kept, 5);
	assert_int_equal(changes.added, 5);
	assert_int_equal(changes.removed, 0);
	assert_int_equal(changes.files, 4);
	assert_int_equal(changes.written, 4);
	_cleanup_(text_release) struct text wanted = {0};
	text_addf(&wanted,
		  "%s- {rule: dependency, to: orders, file: src/billing/a.py, reference: "
		  "orders.api}\n"
		  "- {rule: privacy, to: orders, file: src/billing/b.py, reference: orders.db}\n",
		  HEADER);
	assert_file("src/billing/baseline.yaml", wanted.at);
	text_clear(&wanted);
	text_addf(&wanted, "%s- {rule: unused, to: web, file: src/orders/module.yaml}\n", HEADER);
	assert_file("src/orders/baseline.yaml", wanted.at);
	text_clear(&wanted);
	text_addf(&wanted, "%s- {rule: exhaustive, file: tools/x.py}\n", HEADER);
	assert_file("ashlar.baseline.yaml", wanted.at);
	assert_int_equal(mark(), 6);
	assert_int_equal(count_stale(), 0);
	changes = write_all();
	assert_int_equal(changes.kept, 5);
	assert_int_equal(changes.written, 0);
}

static void a_dry_run_counts_and_writes_nothing(void **state)
{
	(void)state;
	struct baseline_changes changes;
	struct error error;
	find("dependency", "billing", "orders", "src/billing/a.py", STR("orders.api"));
	load_well();
	assert_int_equal(baseline_write(&baseline, &findings, true, &changes, &error), 0);
	assert_int_equal(changes.added, 1);
	assert_file("src/billing/baseline.yaml", NULL);
}

static void what_has_an_end_is_never_kept(void **state)
{
	(void)state;
	find("stale", "billing", "", "src/billing/baseline.yaml", STR(""));
	find("expired", "billing", "orders", "src/billing/module.yaml", STR(""));
	find("dependency", "pure", "orders", "src/pure/a.py", STR("orders"));
	assert_int_equal(write_all().kept, 0);
	put("src/pure/baseline.yaml",
	    STR("- {rule: dependency, to: orders, file: src/pure/a.py, reference: orders}\n"));
	put("src/billing/baseline.yaml",
	    STR("- {rule: expired, to: orders, file: src/billing/module.yaml}\n"));
	assert_int_equal(mark(), 0);
	assert_int_equal(count_stale(), 2);
}

static void a_module_that_is_clean_loses_its_file(void **state)
{
	(void)state;
	find("dependency", "billing", "orders", "src/billing/a.py", STR("orders.api"));
	write_all();
	findings.count = 0;
	struct baseline_changes changes = write_all();
	assert_int_equal(changes.removed, 1);
	assert_int_equal(changes.written, 1);
	assert_file("src/billing/baseline.yaml", NULL);
	put("src/billing/baseline.yaml",
	    STR("# ours: ask Ada\n- {rule: dependency, to: orders, file: a}\n"));
	write_all();
	assert_file("src/billing/baseline.yaml", "# ours: ask Ada\n");
	assert_int_equal(write_all().written, 0);
}

static void new_entries_find_their_place(void **state)
{
	(void)state;
	put("src/billing/baseline.yaml", STR("# head\n"
					     "\n"
					     "  - {rule: b}\n"
					     "  # about d\n"
					     "  # and more\n"
					     "  - {rule: d, to: x} # why\n"
					     "\n"
					     "  - rule: f\n"
					     "    to: \"x\"\n"
					     "# end"));
	find("d", "billing", "x", "", STR(""));
	find("f", "billing", "x", "", STR(""));
	find("a", "billing", "", "", STR(""));
	find("c", "billing", "", "", STR(""));
	find("c", "billing", "y", "", STR(""));
	find("g", "billing", "", "", STR(""));
	struct baseline_changes changes = write_all();
	assert_int_equal(changes.added, 4);
	assert_int_equal(changes.removed, 1);
	assert_file("src/billing/baseline.yaml", "# head\n"
						 "\n"
						 "  - {rule: a}\n"
						 "  - {rule: c, to: y}\n"
						 "  - {rule: c}\n"
						 "  # about d\n"
						 "  # and more\n"
						 "  - {rule: d, to: x} # why\n"
						 "\n"
						 "  - rule: f\n"
						 "    to: \"x\"\n"
						 "  - {rule: g}\n"
						 "# end");
}

static void ends_of_lines_stay_as_they_are(void **state)
{
	(void)state;
	put("src/billing/baseline.yaml", STR("\xEF\xBB\xBF- {rule: b, to: \"x\"}\r\n- {rule: d}"));
	find("b", "billing", "x", "", STR(""));
	find("d", "billing", "", "", STR(""));
	find("c", "billing", "", "", STR(""));
	find("e", "billing", "", "", STR(""));
	write_all();
	assert_file("src/billing/baseline.yaml",
		    "\xEF\xBB\xBF- {rule: b, to: \"x\"}\r\n- {rule: c}\r\n- {rule: d}\r\n"
		    "- {rule: e}\r\n");
	assert_int_equal(mark(), 4);
}

static void what_cannot_be_changed_is_refused(void **state)
{
	(void)state;
	struct error error;
	put("src/billing/baseline.yaml", STR("- {rule: b}\n...\n"));
	find("b", "billing", "", "", STR(""));
	find("c", "billing", "", "", STR(""));
	load_well();
	assert_int_equal(baseline_write(&baseline, &findings, false, NULL, &error), 0);
	assert_file("src/billing/baseline.yaml", "- {rule: b}\n- {rule: c}\n...\n");
	put("src/billing/baseline.yaml", STR("# x\n...\n# y\n"));
	load_well();
	assert_int_equal(baseline_write(&baseline, &findings, false, NULL, &error), 0);
	assert_file("src/billing/baseline.yaml", "# x\n...\n# y\n- {rule: b}\n- {rule: c}\n");
	put("src/billing/baseline.yaml", STR("- {rule: b, too: x}\n"));
	load();
	assert_int_equal(errors.count, 1);
	assert_int_equal(baseline_write(&baseline, &findings, false, NULL, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
	assert_string_equal(error.file, "src/billing/baseline.yaml");
	assert_file("src/billing/baseline.yaml", "- {rule: b, too: x}\n");
}

/* ---- tightening ---- */

static const char *const PIECES[] = {
	"- {rule: r%d, file: a/b.c, reference: x.y}\n",
	"- {rule: \"r%d\", to: \"a: b #c\"}   # kept for a reason\n",
	"- rule: r%d\n  to:   'it''s'\n",
	"-   {to: x, rule: r%d}\r\n",
	"-\n  rule: r%d\n",
	"- rule: r%d\n  to: >\n    x\n",
};

static const char *const BETWEEN[] = {"", "# a comment: {}\n", "\n", "   # - {rule: no}\n",
				      "# \xC3\xA9\r\n"};

/* Files of random pieces, of which a random half is stale: all other bytes must stay. */
static void tightening_takes_out_lines_of_entries_and_nothing_else(void **state)
{
	(void)state;
	struct error error;
	unsigned seed = 1;
	for (int round = 0; round < 200; round++) {
		_cleanup_(text_release) struct text before = {0};
		_cleanup_(text_release) struct text after = {0};
		static char rules[20][8];
		findings.count = 0;
		size_t kept = 0, count = (size_t)rand_r(&seed) % 20;
		for (size_t i = 0; i < count; i++) {
			int between = rand_r(&seed) % 5, piece = rand_r(&seed) % 6;
			bool stale = rand_r(&seed) % 2;
			_cleanup_(text_release) struct text entry = {0};
			static const char *const TO[] = {"", "a: b #c", "it's", "x", "", "x\n"};
			text_add(&before, str_of(BETWEEN[between]));
			text_add(&after, str_of(BETWEEN[between]));
			for (const char *at = PIECES[piece]; *at; at++)
				if (at[0] == '%')
					text_addf(&entry, "%zu", i), at++;
				else
					text_add_byte(&entry, *at);
			text_add(&before, text_str(&entry));
			if (stale)
				continue;
			kept++;
			text_add(&after, text_str(&entry));
			snprintf(rules[i], sizeof rules[i], "r%zu", i);
			find(rules[i], "billing", TO[piece], piece ? "" : "a/b.c",
			     piece ? STR("") : STR("x.y"));
		}
		text_add(&before, STR("# the end"));
		text_add(&after, STR("# the end"));
		put("src/billing/baseline.yaml", text_str(&before));
		assert_int_equal(mark(), kept);
		assert_int_equal(count_stale(), count - kept);
		struct baseline_changes changes;
		assert_int_equal(baseline_tighten(&baseline, &changes, &error), 0);
		assert_int_equal(changes.removed, count - kept);
		assert_file("src/billing/baseline.yaml", text_str(&after).at);
		assert_int_equal(mark(), kept);
		assert_int_equal(count_stale(), 0);
	}
}

/* ---- reading back ---- */

static const char *const WORDS[] = {
	"a",
	"src/a.py",
	"null",
	"~",
	"true",
	"1",
	"- x",
	"-",
	"*a",
	"&a",
	"{a}",
	"[a]",
	"a: b",
	"a:b",
	"a #b",
	"#a",
	"'",
	"\"",
	"a\"b'c",
	"\\",
	"a\\nb",
	"a\nb",
	"a\r\nb",
	"\t",
	" a ",
	"a, b",
	"}",
	"%a",
	"@types/x",
	"`a`",
	"!a",
	"|",
	">",
	"?",
	"? a",
	"\xC3\xA9",
	"日本/語.ts",
	"\xF0\x9F\x99\x82",
	"\x7F",
	"\x01",
	"a\xFF",
	"\xC2\x85x",
	"\xE2\x80\xA8",
	"\xEF\xBB\xBF",
	"\xEF\xBF\xBE",
	"---",
	"...",
	"null.x",
	"b\xC3",
	"\xED\xA0\x80",
};

enum { WORD_COUNT = sizeof WORDS / sizeof *WORDS };

static void every_name_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORD_COUNT; i++)
		for (size_t j = 0; j < 4; j++)
			find("dependency", "orders", j == 1 ? WORDS[i] : "", j == 2 ? WORDS[i] : "",
			     j == 3 ? str_of(WORDS[i]) : STR(""));
	find("dependency", "orders", "", "", (struct str){"a\0b", 3});
	find("dependency", "orders", "", "", (struct str){"a\0c", 3});
	struct baseline_changes changes = write_all();
	/* One for each word in each place, one with none, less what is no text and so the same:
	 * nothing here. */
	assert_int_equal(changes.added, WORD_COUNT * 3 + 1 + 2);
	assert_int_equal(mark(), findings.count);
	assert_int_equal(count_stale(), 0);
	assert_int_equal(write_all().written, 0);
}

/* The same file with a line that only the YAML library understands. */
static void both_readers_agree(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text content = {0};
	_cleanup_(text_release) struct text marked = {0};
	for (size_t i = 0; i < WORD_COUNT; i++)
		find("dependency", "billing", WORDS[i], "src/a b.py", STR("x"));
	write_all();
	assert_non_null(get("src/billing/baseline.yaml", &content));
	for (size_t at = 0; at < content.length;) {
		/* One line at a time, so that most files go one way. */
		struct str line = str_from(text_str(&content), at);
		ptrdiff_t end = str_find(line, '\n');
		line = str_first(line, (size_t)end + 1);
		at += line.length;
		put("src/orders/baseline.yaml", line);
		text_clear(&marked);
		text_addf(&marked, "---\n%.*s", STR_ARG(line));
		put("src/billing/baseline.yaml", text_str(&marked));
		load_well();
		if (line.at[0] == '#' || line.at[0] == '\n') {
			assert_int_equal(baseline.count, 0);
			continue;
		}
		assert_int_equal(baseline.count, 2);
		const struct baseline_entry *a = &baseline.entries[0], *b = &baseline.entries[1];
		assert_true(str_equal(a->rule, b->rule));
		assert_true(str_equal(a->to, b->to));
		assert_true(str_equal(a->file, b->file));
		assert_true(str_equal(a->reference, b->reference));
		assert_int_equal(a->line, b->line + 1);
		assert_int_equal(a->column, b->column);
		assert_int_equal(a->start, b->start + 4);
		assert_int_equal(a->end, b->end + 4);
		assert_int_equal(a->dash, b->dash + 4);
	}
}

static void wrong_files_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *content;
		const char *errors;
	} CASES[] = {
		{"", ""},
		{"# nothing\n", ""},
		{"rule: a\n", "src/billing/baseline.yaml:1:1: a baseline must be a list with an "
			      "entry a line, '- {rule: ...}'\n"},
		{"[]\n", "src/billing/baseline.yaml:1:1: a baseline must be a list with an entry a "
			 "line, '- {rule: ...}'\n"},
		{"[{rule: a}]\n", "src/billing/baseline.yaml:1:1: a baseline must be a list with "
				  "an entry a line, '- {rule: ...}'\n"},
		{"- {rule: a}\n- {rule: a}\n", "src/billing/baseline.yaml:2:3: the entry is here "
					       "twice; the first is in line 1; remove one\n"},
		{"- {rule: a, refrence: b}\n- {rule: c, x: b}\n",
		 "src/billing/baseline.yaml:1:13: unknown key 'refrence'; did you mean "
		 "'reference'?\n"
		 "src/billing/baseline.yaml:2:13: unknown key 'x'; the keys here are rule, to, "
		 "file and reference\n"},
		{"- {to: a}\n- a\n- [b]\n- {rule: }\n- {rule: ''}\n- {rule: [a]}\n",
		 "src/billing/baseline.yaml:1:3: an entry needs the key 'rule'\n"
		 "src/billing/baseline.yaml:2:3: an entry must be a mapping, '- {rule: ...}'\n"
		 "src/billing/baseline.yaml:3:3: an entry must be a mapping, '- {rule: ...}'\n"
		 "src/billing/baseline.yaml:4:3: an entry needs the key 'rule'\n"
		 "src/billing/baseline.yaml:4:4: the value must be a text; put it in quotes\n"
		 "src/billing/baseline.yaml:5:3: an entry needs the key 'rule'\n"
		 "src/billing/baseline.yaml:6:3: an entry needs the key 'rule'\n"
		 "src/billing/baseline.yaml:6:10: the value must be a text; put it in quotes\n"},
		{"- {rule: a\n",
		 "src/billing/baseline.yaml:1:3: this '{' is not closed by a '}'\n"},
		{"- {rule: a, rule: b}\n", "src/billing/baseline.yaml:1:13: the key 'rule' is "
					   "given twice; the first is in line 1\n"},
		{"- - rule: a\n",
		 "src/billing/baseline.yaml:1:3: an entry must be a mapping, '- {rule: ...}'\n"},
		{"- # why\n  rule: a\n", "src/billing/baseline.yaml:2:3: an entry must stand on "
					 "lines of its own, '- {rule: ...}'\n"},
		{"- {rule: \"a\xFF\"}\n", "src/billing/baseline.yaml:1:12: is not UTF-8 from here "
					  "on; save the file as UTF-8\n"},
		{"- &x {rule: a}\n- *x\n",
		 "src/billing/baseline.yaml:1:4: anchors are not allowed; remove it\n"
		 "src/billing/baseline.yaml:1:6: an entry must stand on lines of its own, '- "
		 "{rule: ...}'\n"
		 "src/billing/baseline.yaml:2:4: aliases are not allowed; write the value again\n"},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(text_release) struct text told = {0};
		char line[2000];
		put("src/billing/baseline.yaml", str_of(CASES[i].content));
		load();
		for (size_t j = 0; j < errors.count; j++) {
			error_format(&errors.items[j], line, sizeof line);
			text_addf(&told, "%s\n", line);
		}
		assert_string_equal(text_str(&told).at, CASES[i].errors);
	}
}

/* ---- faults ---- */

static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	const char before[] = "# x\n- {rule: a, to: \"b c\"}\n- rule: d\n";
	bool failed = true;
	long nth = 1;
	for (int i = 0; i < 40; i++)
		find("dependency", "billing", WORDS[i], "src/a b.py", STR("x"));
	find("d", "billing", "", "", STR(""));
	find("d", "web", "", "", STR(""));
	for (; failed; nth++) {
		struct error error = {0};
		put("src/billing/baseline.yaml", str_of(before));
		baseline_release(&baseline);
		error_list_clear(&errors);
		mem_fail_from(nth);
		int result = baseline_load(root, MODULES, MODULE_COUNT, &baseline, &errors, &error);
		if (result == 0)
			result = baseline_mark(&baseline, &findings, &error);
		if (result == 0)
			result = baseline_write(&baseline, &findings, false, NULL, &error);
		failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		assert_int_equal(error.code, failed ? ERROR_MEMORY : ERROR_NONE);
	}
	assert_true(nth > 50);
	assert_int_equal(mark(), findings.count);
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	(void)state;
	char path[128];
	snprintf(path, sizeof path, "%s/src/billing/baseline.yaml", root);
	assert_int_equal(mkdir(path, 0777), 0);
	load();
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.items[0].file, "src/billing/baseline.yaml");
	assert_int_equal(errors.items[0].code, ERROR_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(findings_are_written_by_module_and_byte_order),
		TEST(a_dry_run_counts_and_writes_nothing),
		TEST(what_has_an_end_is_never_kept),
		TEST(a_module_that_is_clean_loses_its_file),
		TEST(new_entries_find_their_place),
		TEST(ends_of_lines_stay_as_they_are),
		TEST(what_cannot_be_changed_is_refused),
		TEST(tightening_takes_out_lines_of_entries_and_nothing_else),
		TEST(every_name_is_read_back),
		TEST(both_readers_agree),
		TEST(wrong_files_are_told),
		TEST(memory_may_run_out_anywhere),
		TEST(a_file_that_cannot_be_read_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
