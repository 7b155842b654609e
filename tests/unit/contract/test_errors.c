/* SPDX-License-Identifier: Apache-2.0 */
/* Each wrong contract, and the exact errors that it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "fixture.h"

struct wrong {
	const char *tree;
	const char *errors;
};

static struct fixture fixture;

static int tear_down(void **state)
{
	(void)state;
	fixture_release(&fixture);
	return 0;
}

static void check(const struct wrong *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_(text_release) struct text errors = {0};
		fixture_write(&fixture, cases[i].tree);
		fixture_load(&fixture);
		assert_int_equal(fixture.result, 0);
		fixture_errors(&fixture, &errors);
		if (strcmp(text_str(&errors).at, cases[i].errors) != 0)
			print_error("case %zu:\n%s", i, cases[i].tree);
		assert_string_equal(text_str(&errors).at, cases[i].errors);
		fixture_release(&fixture);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

/* A root whose modules are in src/, and the start of the module a. */
#define ROOT "== ashlar.yaml\nversion: 1\nmodules: [\"src/*\"]\nlayers: [edge, domain]\n"
#define A    "== src/a/module.yaml\nmodule: a\n"
#define B    "== src/b/module.yaml\nmodule: bee\n"

static void of_yaml(void **state)
{
	(void)state;
	static const struct wrong CASES[] = {
		{"== ashlar.yaml\n",
		 "ashlar.yaml:1:1: is empty; write 'version: 1' and 'modules: [\"src/*\"]'\n"},
		{"== ashlar.yaml\n# only a comment\n",
		 "ashlar.yaml:1:1: is empty; write 'version: 1' and 'modules: [\"src/*\"]'\n"},
		{"== ashlar.yaml\nversion: 1\nmodules: [\n",
		 "ashlar.yaml:2:10: this '[' is not closed by a ']'\n"},
		{"== ashlar.yaml\nversion: 1\n\tmodules: []\n",
		 "ashlar.yaml:1:10: a key must stand on one line; check the indentation of this "
		 "line and the next; line 2 is indented with a tab, and YAML wants blanks\n"},
		{"== ashlar.yaml\nversion: 1\nversion: 1\n",
		 "ashlar.yaml:2:1: the key 'version' is given twice; the first is in line 1\n"},
		{"== ashlar.yaml\n- version\n",
		 "ashlar.yaml:1:1: ashlar.yaml must be a mapping (key: value), not a list\n"},
		{"== ashlar.yaml\nhello\n",
		 "ashlar.yaml:1:1: ashlar.yaml must be a mapping (key: value), not a text\n"},
		{"== ashlar.yaml\nversion: 1\nexclude: &x [a]\noutside: *x\n",
		 "ashlar.yaml:2:11: anchors are not allowed; remove it\n"
		 "ashlar.yaml:3:11: aliases are not allowed; write the value again\n"},
		{"== ashlar.yaml\nversion: !!int 1\n",
		 "ashlar.yaml:1:10: tags are not allowed; remove it\n"},
		{"== ashlar.yaml\nversion: 1\n---\nversion: 1\n",
		 "ashlar.yaml:2:1: a second document starts here; a file holds one\n"},
		{"== ashlar.yaml\nversion: 1\n? [a]\n: b\n",
		 "ashlar.yaml:2:3: a key must be a text, and this is a list\n"},
		{"== ashlar.yaml\nversion: 1\nexclude: [\"\\0\"]\n",
		 "ashlar.yaml:2:11: an escape makes a character that no text may have\n"},
		{"== ashlar.yaml\nversion: 1\nexclude: [\"a\x01\"]\n",
		 "ashlar.yaml:2:13: a control character is not allowed; remove it\n"},
		{"== ashlar.yaml\nversion: 1\nexclude: [\"a\xff\"]\n",
		 "ashlar.yaml:2:13: is not UTF-8 from here on; save the file as UTF-8\n"},
		{ROOT A "depends_on: [bee\nowner: me\n" B "depends_on: [a]\n",
		 "src/a/module.yaml:2:13: this '[' is not closed by a ']'\n"},
		{ROOT "== src/a/module.yaml\n" B "depends_on: [a]\n",
		 "src/a/module.yaml:1:1: is empty; write 'module: a'\n"},
		{ROOT "== src/a/module.yaml\n\xEF\xBB\xBFmodule: a\r\nownr: me\r\n",
		 "src/a/module.yaml:2:1: unknown key 'ownr'; did you mean 'owner'?\n"},
	};
	CHECK(CASES);
}

static void of_the_root(void **state)
{
	(void)state;
	static const struct wrong CASES[] = {
		{"== ashlar.yaml\nmodules: []\n",
		 "ashlar.yaml:1:1: ashlar.yaml needs the key 'version'\n"},
		{"== ashlar.yaml\nversion: 2\n", "ashlar.yaml:1:10: the version '2' is not known "
						 "here; this Ashlar knows version 1\n"},
		{"== ashlar.yaml\nversion:\n",
		 "ashlar.yaml:1:1: 'version' wants a text here, and has nothing\n"},
		{"== ashlar.yaml\nversion: 1\nexlude: []\nfoo: 1\n",
		 "ashlar.yaml:2:1: unknown key 'exlude'; did you mean 'exclude'?\n"
		 "ashlar.yaml:3:1: unknown key 'foo'; the keys here are version, modules, exclude, "
		 "outside, layers, rules, ignore_types, strict, languages, forbidden, "
		 "independent\n"},
		{"== ashlar.yaml\nversion: 1\nmodules: src/*\n",
		 "ashlar.yaml:2:10: 'modules' wants a list; write [src/*]\n"},
		{"== ashlar.yaml\nversion: 1\nmodules: {a: b}\n",
		 "ashlar.yaml:2:10: 'modules' wants a list here, not a mapping\n"},
		{"== ashlar.yaml\nversion: 1\nmodules: [[a], {b: c}, ~, '', /abs, a/../b, a//b, "
		 "./]\n",
		 "ashlar.yaml:2:11: 'modules' wants a text here, not a list\n"
		 "ashlar.yaml:2:16: 'modules' wants a text here, not a mapping\n"
		 "ashlar.yaml:2:24: 'modules' wants a text here, and has nothing\n"
		 "ashlar.yaml:2:27: 'modules' has an empty text here\n"
		 "ashlar.yaml:2:31: '/abs' starts with '/'; write the path from the folder it is "
		 "relative to\n"
		 "ashlar.yaml:2:37: 'a/../b' leaves its folder with '..'; write a path below it\n"
		 "ashlar.yaml:2:45: 'a//b' has an empty part; write each folder once, with one '/' "
		 "between\n"
		 "ashlar.yaml:2:51: no folder that '.' matches holds a module.yaml\n"},
		{"== ashlar.yaml\nversion: 1\nmodules: [a, , b]\n",
		 "ashlar.yaml:2:14: there is a comma too many\n"},
		{ROOT "modules2: []\n",
		 "ashlar.yaml:2:11: no folder that 'src/*' matches holds a module.yaml\n"
		 "ashlar.yaml:4:1: unknown key 'modules2'; did you mean 'modules'?\n"},
		{"== ashlar.yaml\nversion: 1\nmodules: [scr/a, \"lib/*\"]\n" A,
		 "ashlar.yaml:2:11: no folder that 'scr/a' matches holds a module.yaml; did you "
		 "mean 'src/a'?\n"
		 "ashlar.yaml:2:18: no folder that 'lib/*' matches holds a module.yaml\n"
		 "src/a/module.yaml:1:1: no pattern in 'modules' of ashlar.yaml matches the folder "
		 "of this file; add one, or exclude it\n"},
		{"== ashlar.yaml\nversion: 1\nmodules: [src/a, src/a/]\n" A,
		 "ashlar.yaml:2:18: 'src/a' is in 'modules' twice; the first is in line 2\n"},
		{ROOT "exclude: [a, a]\n" A,
		 "ashlar.yaml:4:14: 'a' is in 'exclude' twice; the first is in line 4\n"},
		{ROOT "outside: [scripts]\n" A,
		 "ashlar.yaml:4:11: 'scripts' matches nothing in the tree; correct or remove it\n"},
		{ROOT "strict: yes\n" A,
		 "ashlar.yaml:4:9: 'strict' wants true or false, without quotes\n"},
		{ROOT "strict: \"true\"\n" A,
		 "ashlar.yaml:4:9: 'strict' wants true or false, without quotes\n"},
		{ROOT "rules: {cycl: error, cycle: fatal, unused: [], layer: }\n" A,
		 "ashlar.yaml:4:9: there is no rule 'cycl'; did you mean 'cycle'?\n"
		 "ashlar.yaml:4:29: the rule 'cycle' wants error, warn or off\n"
		 "ashlar.yaml:4:44: the rule 'unused' wants error, warn or off\n"
		 "ashlar.yaml:4:48: the rule 'layer' wants error, warn or off\n"},
		{ROOT "rules: error\n" A,
		 "ashlar.yaml:4:8: 'rules' wants a mapping here, not a text\n"},
		{ROOT "ignore_types: [cycle, cycle, expired, nope]\n" A,
		 "ashlar.yaml:4:23: 'cycle' is in 'ignore_types' twice\n"
		 "ashlar.yaml:4:30: the rule 'expired' is not about references; remove it here\n"
		 "ashlar.yaml:4:39: there is no rule 'nope'\n"},
		{"== ashlar.yaml\nversion: 1\nlayers: [a, {name: a}, {closed: true}, {name: b, "
		 "open: 1}]\n",
		 "ashlar.yaml:2:20: the layer 'a' is in 'layers' twice; the first is in line 2\n"
		 "ashlar.yaml:2:24: a layer needs the key 'name'\n"
		 "ashlar.yaml:2:50: unknown key 'open'; the keys here are name, closed\n"},
		{ROOT "languages: {pyhton: {}, qq: {}, c: {roots: [a], includes: [none, ../x], "
		      "compile_commands: build/cc.json}, python: {roots: [nope, \"src/*\"]}}\n" A,
		 "ashlar.yaml:4:13: the language 'pyhton' has no settings; did you mean 'python'?\n"
		 "ashlar.yaml:4:25: the language 'qq' has no settings; those that have are c, "
		 "go, java, javascript and python\n"
		 "ashlar.yaml:4:37: unknown key 'roots'; the keys here are includes, "
		 "compile_commands\n"
		 "ashlar.yaml:4:60: 'none' matches nothing in the tree; correct or remove it\n"
		 "ashlar.yaml:4:66: '../x' leaves its folder with '..'; write a path below it\n"
		 "ashlar.yaml:4:91: 'build/cc.json' does not exist; correct or remove it\n"
		 "ashlar.yaml:4:124: 'nope' matches nothing in the tree; correct or remove it\n"
		 "ashlar.yaml:4:130: 'src/*' is a pattern; write the paths themselves here\n"},
		{ROOT
		 "forbidden: [{from: [a], to: [b]}, {from: [], to: [bee]}, {to: [a]}, {from: [a], "
		 "to: [bee, a], why: x}, {from: [a], to: [a]}]\n" A B,
		 "ashlar.yaml:4:30: there is no module 'b'; did you mean 'a'?\n"
		 "ashlar.yaml:4:35: 'from' is empty; name a module\n"
		 "ashlar.yaml:4:58: an entry of 'forbidden' needs the key 'from'\n"
		 "ashlar.yaml:4:95: unknown key 'why'; the keys here are from, to, indirect, "
		 "reason\n"
		 "ashlar.yaml:4:121: 'a' is in 'from' and in 'to'; remove it from one\n"},
		{ROOT
		 "independent: [{modules: [a]}, {modules: [a, be]}, {modules: [a, bee], reason: "
		 "''}]\n" A B,
		 "ashlar.yaml:4:15: 'modules' names fewer than two; name all that must not meet\n"
		 "ashlar.yaml:4:45: there is no module 'be'; did you mean 'bee'?\n"
		 "ashlar.yaml:4:79: 'reason' has an empty text here\n"},
	};
	CHECK(CASES);
}

static void of_modules(void **state)
{
	(void)state;
	static const struct wrong CASES[] = {
		{ROOT "== src/a/module.yaml\nowner: me\n" B,
		 "src/a/module.yaml:1:1: the contract of a module needs the key 'module'\n"},
		{ROOT "== src/a/module.yaml\n- module: a\n- b\n",
		 "src/a/module.yaml:1:1: the contract of a module must be a mapping (key: value), "
		 "not a list\n"},
		{ROOT "== src/a/module.yaml\nmodule: a b\n" B,
		 "src/a/module.yaml:1:9: 'a b' is no module name; use letters, digits and _ . / "
		 "-\n"},
		{ROOT "== src/a/module.yaml\nmodule: [a]\n" B,
		 "src/a/module.yaml:1:9: 'module' wants a text here, not a list\n"},
		{ROOT A "depends_on: bee\n" B,
		 "src/a/module.yaml:2:13: 'depends_on' wants a list; write [bee]\n"},
		{ROOT A "depends_on: [be, a, bee, bee, x y]\n" B,
		 "src/a/module.yaml:2:14: there is no module 'be'; did you mean 'bee'?\n"
		 "src/a/module.yaml:2:18: 'a' is the module itself; remove it from 'depends_on'\n"
		 "src/a/module.yaml:2:26: 'bee' is in 'depends_on' twice; the first is in line 2\n"
		 "src/a/module.yaml:2:31: 'x y' is no module name; use letters, digits and _ . / "
		 "-\n"},
		{ROOT A "visible_to: [a, nobody]\n" B,
		 "src/a/module.yaml:2:14: 'a' is the module itself; remove it from 'visible_to'\n"
		 "src/a/module.yaml:2:17: there is no module 'nobody'\n"},
		{ROOT A "layer: domian\n" B "layer:\n",
		 "src/a/module.yaml:2:8: there is no layer 'domian' in ashlar.yaml; did you mean "
		 "'domain'?\n"
		 "src/b/module.yaml:2:1: 'layer' wants a text here, and has nothing\n"},
		{ROOT A "public: [api, \"*.py\", module.yaml, /x, ../b]\n" B,
		 "src/a/module.yaml:2:10: 'api' matches nothing in the tree; correct or remove it\n"
		 "src/a/module.yaml:2:15: '*.py' matches nothing in the tree; correct or remove "
		 "it\n"
		 "src/a/module.yaml:2:36: '/x' starts with '/'; write the path from the folder it "
		 "is relative to\n"
		 "src/a/module.yaml:2:40: '../b' leaves its folder with '..'; write a path below "
		 "it\n"},
		{ROOT A "roots: [src/a/x, src/b, tests/b, none, \"t*\"]\n" B
			"roots: [tests, tests/b/c]\n== tests/b/c/x.py\n== src/a/x/y.py\n",
		 "src/a/module.yaml:2:9: 'src/a/x' is in the module's own folder; remove it\n"
		 "src/a/module.yaml:2:18: 'src/b' is the folder of another module; remove it\n"
		 "src/a/module.yaml:2:25: the root 'tests/b' overlaps 'tests' of "
		 "src/b/module.yaml:2; a file has one module\n"
		 "src/a/module.yaml:2:34: 'none' matches nothing in the tree; correct or remove "
		 "it\n"
		 "src/a/module.yaml:2:40: 't*' is a pattern; write the paths themselves here\n"
		 "src/b/module.yaml:2:16: the root 'tests/b/c' overlaps 'tests' of "
		 "src/b/module.yaml:2; a file has one module\n"},
		{ROOT A "== src/b/module.yaml\nmodule: a\n",
		 "src/b/module.yaml:1:9: the name 'a' is taken by src/a/module.yaml:1; choose "
		 "another\n"},
		{ROOT A "== lib/b/module.yaml\nmodule: b\n",
		 "lib/b/module.yaml:1:1: no pattern in 'modules' of ashlar.yaml matches the folder "
		 "of this file; add one, or exclude it\n"},
	};
	CHECK(CASES);
}

static void of_what_modules_own_and_may(void **state)
{
	(void)state;
	static const struct wrong CASES[] = {
		{ROOT A "data: {owns: [x, y, sales.orders]}\nports: [p.v1]\n" B
			"data: {owns: [x, sales], own: []}\nports: [p.v1]\n",
		 "src/a/module.yaml:2:21: 'sales.orders' is in the schema 'sales', which bee owns "
		 "(src/b/module.yaml:2)\n"
		 "src/b/module.yaml:2:15: 'x' is owned by a already (src/a/module.yaml:2)\n"
		 "src/b/module.yaml:2:26: unknown key 'own'; did you mean 'owns'?\n"
		 "src/b/module.yaml:3:9: 'p.v1' is provided by a already (src/a/module.yaml:3)\n"},
		{ROOT A "events: {publishes: [E.one]}\n" B
			"events: {publishes: [E.one], subscribes: [E.on, F.two]}\n",
		 "src/b/module.yaml:2:22: 'E.one' is published by a already (src/a/module.yaml:2)\n"
		 "src/b/module.yaml:2:43: no module publishes 'E.on'; did you mean 'E.one'?\n"
		 "src/b/module.yaml:2:49: no module publishes 'F.two'\n"},
		{ROOT A "data: [x]\nevents: x\n" B,
		 "src/a/module.yaml:2:7: 'data' wants a mapping here, not a list\n"
		 "src/a/module.yaml:3:9: 'events' wants a mapping here, not a text\n"},
		{ROOT A "rules: {exhaustive: error, privacy: loud}\nstrict: 1\n" B,
		 "src/a/module.yaml:2:9: the rule 'exhaustive' is about files of no module; set it "
		 "in ashlar.yaml\n"
		 "src/a/module.yaml:2:37: the rule 'privacy' wants error, warn or off\n"
		 "src/a/module.yaml:3:9: 'strict' wants true or false, without quotes\n"},
		{ROOT A "exceptions: [{rule: dependency, to: bee}, {}, [], "
			"{rule: dependency, to: bee, reason: x, owner: y, until: 2026-02-30}, "
			"{rule: dependency, to: bee, reason: '', owner: y, until: soon}]\n" B,
		 "src/a/module.yaml:2:14: an exception needs the key 'reason'\n"
		 "src/a/module.yaml:2:14: an exception needs the key 'owner'\n"
		 "src/a/module.yaml:2:14: an exception needs the key 'until'\n"
		 "src/a/module.yaml:2:43: an exception needs the key 'rule'\n"
		 "src/a/module.yaml:2:43: an exception needs the key 'to'\n"
		 "src/a/module.yaml:2:43: an exception needs the key 'reason'\n"
		 "src/a/module.yaml:2:43: an exception needs the key 'owner'\n"
		 "src/a/module.yaml:2:43: an exception needs the key 'until'\n"
		 "src/a/module.yaml:2:47: an exception must be a mapping (key: value), not a list\n"
		 "src/a/module.yaml:2:107: '2026-02-30' is no day of the calendar\n"
		 "src/a/module.yaml:2:156: 'reason' has an empty text here\n"
		 "src/a/module.yaml:2:177: 'soon' is no date; write YYYY-MM-DD\n"},
		{ROOT A "exceptions:\n"
			"  - {rule: dependency, to: be, reason: x, owner: y, until: 2026-02-28}\n"
			"  - {rule: dependency, to: a, reason: x, owner: y, until: 2026-02-28}\n"
			"  - {rule: layer, to: bee, reason: x, owner: y, until: 2026-02-28}\n"
			"  - {rule: layer, to: bee, reason: z, owner: y, until: 2026-02-28}\n"
			"  - {rule: stale, to: bee, reason: z, owner: y, until: 2026-02-28}\n"
			"  - {rule: privcy, to: bee, reason: z, owner: y, until: 2026-02-28}\n" B,
		 "src/a/module.yaml:3:28: there is no module 'be'; did you mean 'bee'?\n"
		 "src/a/module.yaml:4:28: 'a' is the module itself; remove the exception\n"
		 "src/a/module.yaml:6:23: 'bee' has an exception from the same rule already; keep "
		 "one\n"
		 "src/a/module.yaml:7:12: the rule 'stale' has no exceptions; set it in 'rules' "
		 "instead\n"
		 "src/a/module.yaml:8:12: there is no rule 'privcy'; did you mean 'privacy'?\n"},
		{ROOT A
		 "external: [\"aws*\"]\ndepends_on: [bee]\nexceptions:\n"
		 "  - {rule: unused, to: bee, reason: x, owner: y, until: 2026-02-28}\n"
		 "  - {rule: unused, to: \"aws*\", reason: x, owner: y, until: 2026-02-28}\n"
		 "  - {rule: unused, to: aws, reason: x, owner: y, until: 2026-02-28}\n"
		 "  - {rule: cycle, to: \"aws*\", reason: x, owner: y, until: 2026-02-28}\n" B,
		 "src/a/module.yaml:7:24: there is no module 'aws'\n"
		 "src/a/module.yaml:8:23: there is no module 'aws*'\n"},
		{ROOT A "owner: \"a\\nb\"\ndescription: []\nexternal: [x, x]\n" B,
		 "src/a/module.yaml:2:8: 'a?b' has a line break; write it on one line\n"
		 "src/a/module.yaml:3:14: 'description' wants a text here, not a list\n"
		 "src/a/module.yaml:4:15: 'x' is in 'external' twice; the first is in line 4\n"},
		{ROOT A
		 "\"mod\\tule\": \xC3\xA9\n\xC3\xA9: {owns: []}\ndepends_on: [\xC3\xA9, nö]\n" B,
		 "src/a/module.yaml:2:1: unknown key 'mod?ule'; did you mean 'module'?\n"
		 "src/a/module.yaml:3:1: unknown key 'é'; the keys here are module, description, "
		 "owner, layer, depends_on, public, visible_to, external, roots, data, ports, "
		 "replaces, events, schedules, sagas, choreographies, rules, strict, exceptions\n"
		 "src/a/module.yaml:4:14: 'é' is no module name; use letters, digits and _ . / -\n"
		 "src/a/module.yaml:4:17: 'nö' is no module name; use letters, digits and _ . / "
		 "-\n"},
	};
	CHECK(CASES);
}

/* What a syntax error may have cut off is not called missing, and what lacks it is not kept. */
static void of_an_exception_in_a_broken_file(void **state)
{
	(void)state;
	static const struct wrong CASES[] = {
		{ROOT A
		 "exceptions:\n  - {rule: layer, to: bee, reason: x, owner: y}\nstrict: ]\n" B,
		 "src/a/module.yaml:4:9: flow sequence with invalid extra closing bracket\n"},
	};
	fixture_write(&fixture, CASES[0].tree);
	fixture_load(&fixture);
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.contracts.modules[0].exception_count, 0);
	fixture_release(&fixture);
	CHECK(CASES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(of_yaml, tear_down),
		cmocka_unit_test_teardown(of_an_exception_in_a_broken_file, tear_down),
		cmocka_unit_test_teardown(of_the_root, tear_down),
		cmocka_unit_test_teardown(of_modules, tear_down),
		cmocka_unit_test_teardown(of_what_modules_own_and_may, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
