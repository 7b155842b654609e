/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "scanned.h"

struct sample {
	const char *path;
	const char *source;
	const char *expected; /* "line:column kind target" each, joined by "; " */
};

static void check(const struct sample *sample)
{
	_cleanup_(scanned_release) struct scanned scanned = {0};
	_cleanup_(text_release) struct text found = {0};
	scanned_make(&scanned, LANGUAGE_JAVASCRIPT, sample->path, str_of(sample->source));
	for (size_t i = 0; i < scanned.facts.reference_count; i++) {
		const struct reference *reference = &scanned.facts.references[i];
		text_addf(&found, "%s%u:%u %s %s", i ? "; " : "", reference->line,
			  reference->column, reference_kind_name(reference->kind),
			  reference->target);
	}
	assert_string_equal(found.at ? found.at : "", sample->expected);
}

#define CHECK_ALL(samples)                                                                         \
	for (size_t i_ = 0; i_ < sizeof(samples) / sizeof *(samples); i_++)                        \
	check(&(samples)[i_])

static void statements(void **state)
{
	static const struct sample SAMPLES[] = {
		{"a.js", "import a from 'b'", "1:16 import b"},
		{"a.js", "import'b'", "1:8 import b"},
		{"a.js", "import {a as b, default as c} from \"x\";", "1:37 import x"},
		{"a.js", "import a, * as b from 'x'", "1:24 import x"},
		{"a.js", "import a, {\n\tb,\n} from 'x'", "3:9 import x"},
		{"a.js", "import {\"a b\" as c} from 'x'", "1:27 import x"},
		{"a.js", "export * from 'x'; export * as n from 'y'",
		 "1:16 import x; 1:40 import y"},
		{"a.js", "export {a}; export {b} from 'x'", "1:30 import x"},
		{"a.js", "import j from './a.json' with {type: 'json'}", "1:16 import ./a.json"},
		{"a.js", "import defer * as a from 'x'", "1:27 import x"},
		{"a.js", "import source a from 'x'", "1:23 import x"},
		{"a.js", "import defer from 'x'", "1:20 import x"},
		{"a.js", "import/*a*/{b}/*'c'*/from/**/'x'", "1:31 import x"},
		{"a.js", "import 'a\\u0062\\x63\\n'", "1:9 import abc\n"},
		{"a.js", "export a from 'x'; export b, {c} from 'y'; export default from 'z'",
		 "1:16 import x; 1:40 import y; 1:65 import z"},
		{"a.js", "import a\xC2\xA0 from 'x'", "1:17 import x"},
		{"a.js", "export default from\n'x'", ""},
		{"a.js", "export const a = 1; export default {from: 'x'}", ""},
		{"a.js", "import.meta.url; import.defer('x')", "1:32 dynamic x"},
		{"a.js", "\xC2\xA0import 'x'", "1:10 import x"},
		{"a.js", "#!/usr/bin/env node 'import x'\nimport 'x'", "2:9 import x"},
	};
	(void)state;
	CHECK_ALL(SAMPLES);
}

static void calls(void **state)
{
	static const struct sample SAMPLES[] = {
		{"a.js", "const a = require('x')", "1:20 import x"},
		{"a.js", "require.resolve( /* a */ `x`)", "1:27 import x"},
		{"a.js", "a.require('x'); a.import('y'); b?.require('z')", ""},
		{"a.js", "f(...require('x'))", "1:15 import x"},
		{"a.js", "require(x); require('a' + b); require(`${a}`); require()", ""},
		{"a.js", "a = { import: 1, require: 2 }", ""},
		{"a.js", "import(/* chunk */ './x').then(f)", "1:21 dynamic ./x"},
		{"a.js", "import(`./x`); import(`./${x}`)", "1:9 dynamic ./x"},
		{"a.ts", "import a = require('x')", "1:21 import x"},
		{"a.ts", "import type a = require('x')", "1:26 type x"},
		{"a.ts", "import a = b.c; export import d = require('x')", "1:44 import x"},
	};
	(void)state;
	CHECK_ALL(SAMPLES);
}

static void types(void **state)
{
	static const struct sample SAMPLES[] = {
		{"a.ts", "import type A from 'x'", "1:21 type x"},
		{"a.ts", "import type {A} from 'x'", "1:23 type x"},
		{"a.ts", "import type * as A from 'x'", "1:26 type x"},
		{"a.ts", "import type from 'x'", "1:19 import x"},
		{"a.ts", "import type from from 'x'", "1:24 type x"},
		{"a.ts", "import type, {a} from 'x'", "1:24 import x"},
		{"a.ts", "import {type A, type B as C} from 'x'", "1:36 type x"},
		{"a.ts", "import {type A, b} from 'x'", "1:26 import x"},
		{"a.ts", "import {type} from 'x'", "1:21 import x"},
		{"a.ts", "import {type as as} from 'x'", "1:27 import x"},
		{"a.ts", "import {type as} from 'x'", "1:24 type x"},
		{"a.ts", "import {type as as as} from 'x'", "1:30 type x"},
		{"a.ts", "import {type as b} from 'x'", "1:26 import x"},
		{"a.ts", "import a, {type B} from 'x'", "1:26 import x"},
		{"a.ts", "import {} from 'x'", "1:17 import x"},
		{"a.ts", "export type {A} from 'x'", "1:23 type x"},
		{"a.ts", "export type * as A from 'x'", "1:26 type x"},
		{"a.ts", "export {type A} from 'x'", "1:23 type x"},
		{"a.ts", "export type A = {from: 'x'}", ""},
		{"a.ts", "let a: import('x').Y", "1:16 type x"},
		{"a.ts", "let a: typeof import('x')", "1:23 type x"},
		{"a.ts", "let a = import('x').then(f)", "1:17 dynamic x"},
		{"a.ts", "let a: import('x', {with: {'resolution-mode': 'import'}}).Y",
		 "1:16 type x"},
		{"a.ts", "type A = import('x')", "1:18 type x"},
		{"a.ts", "let a : import('x')", "1:17 type x"},
		{"a.ts", "a = b as import('x')", "1:18 type x"},
		{"a.ts", "let a = {b: import('x')}", "1:21 dynamic x"},
		{"a.d.ts", "let a: import('x')", "1:16 type x"},
		{"a.js", "import typeof A from 'x'", "1:23 type x"},
		{"a.ts",
		 "/// <reference path=\"a.ts\" />\n/// <reference types='b'/>\n"
		 "/// <reference lib=\"es6\" />\nx\n/// <reference path=\"c\" />",
		 "1:22 type a.ts; 2:23 type b"},
		{"a.ts", "declare module 'x' { import 'y' }", "1:30 import y"},
	};
	(void)state;
	CHECK_ALL(SAMPLES);
}

static void not_code(void **state)
{
	static const struct sample SAMPLES[] = {
		{"a.js", "// import 'x'\n/* import 'y' */ import 'z'", "2:26 import z"},
		{"a.js", "'import \"x\"'; \"require('x')\"; import 'z'", "1:39 import z"},
		{"a.js", "'\\'; import 'x'", ""},
		{"a.js", "`import 'x'`; `${`${require('a')}`} import 'b'`; import 'c'",
		 "1:30 import a; 1:58 import c"},
		{"a.js", "`${{a: `}`}}`; import 'c'", "1:24 import c"},
		{"a.js", "'unclosed\nimport 'x'", "2:9 import x"},
		{"a.js", "<!-- import 'x'\n--> import 'y'\nimport 'z'", "3:9 import z"},
	};
	(void)state;
	CHECK_ALL(SAMPLES);
}

static void regular_expressions(void **state)
{
	static const struct sample SAMPLES[] = {
		{"a.js", "a = /'/; require('x')", "1:19 import x"},
		{"a.js", "a = b / c; d = '/'; require('x')", "1:30 import x"},
		{"a.js", "if (a) /'/.test(b); require('x')", "1:30 import x"},
		{"a.js", "(a) / '/'; require('x')", "1:21 import x"},
		{"a.js", "a[0] / '/'; require('x')", "1:22 import x"},
		{"a.js", "{}\n/'/.test(a); require('x')", "2:23 import x"},
		{"a.js", "a = {} / '/'; require('x')", "1:24 import x"},
		{"a.js", "return /[/']/; require('x')", "1:25 import x"},
		{"a.js", "a.return / '/'; require('x')", "1:26 import x"},
		{"a.js", "a++ / '/'; require('x')", "1:21 import x"},
		{"a.js", "a => /`/; require('x')", "1:20 import x"},
		{"a.js", "/\\/'/; require('x')", "1:17 import x"},
		{"a.ts", "a! / '/'; require('x')", "1:20 import x"},
		{"a.js", "while (a) {} /'/; require('x')", "1:28 import x"},
	};
	(void)state;
	CHECK_ALL(SAMPLES);
}

static void jsx(void **state)
{
	static const struct sample SAMPLES[] = {
		{"a.jsx", "<p>don't import x from \"y\"</p>; require('z')", "1:42 import z"},
		{"a.js", "a = <a b='\\' c=\"it's\">{require('x')}'</a>; require('z')",
		 "1:33 import x; 1:53 import z"},
		{"a.tsx", "a = <A<B> c={d => <e/>}>'</A>; require('z')", "1:41 import z"},
		{"a.tsx", "a = <>'{/* ' */}<br />'</>; require('z')", "1:38 import z"},
		{"a.tsx", "f = <T,>(a: T) => '<'; require('z')", "1:33 import z"},
		{"a.tsx", "f = <T extends A>(a: T) => '<'; require('z')", "1:42 import z"},
		{"a.tsx", "type F = <T>(a: T) => '<'; require('z')", "1:37 import z"},
		{"a.tsx", "a = b < c; d = '>'; require('z')", "1:30 import z"},
		{"a.ts", "a = <any>b; c = '<'; require('z')", "1:31 import z"},
		{"a.jsx", "a = <a b=<c>'</c> d=\"'\">'</a>; require('z')", "1:41 import z"},
		{"a.jsx", "return <a.b:c d-e>{...f}'</a.b:c>; require('z')", "1:45 import z"},
	};
	(void)state;
	CHECK_ALL(SAMPLES);
}

static void markup(void **state)
{
	static const struct sample SAMPLES[] = {
		{"a.vue",
		 "<template><p>import 'x'</p><template>'</template></template>\n"
		 "<script src=\"./s.js\"></script>\n"
		 "<script setup lang=\"ts\">\nimport type A from 'a'\n</script>\n"
		 "<style>@import 'b';</style>",
		 "2:14 import ./s.js; 4:21 type a"},
		{"a.vue", "<!-- <script>import 'x'</script> --><script>import 'y'</script>",
		 "1:53 import y"},
		{"a.svelte",
		 "<script module>import 'a'</script><p>it's {#await import('b')}{/await}</p>\n"
		 "{#if /'/.test(c)}{import('d')}{/if}",
		 "1:24 import a; 1:59 dynamic b; 2:27 dynamic d"},
		{"a.svelte", "<svelte:head><script>import 'x'</script></svelte:head>", ""},
		{"a.astro",
		 "---\nimport type A from 'a'\n---\n<p>don't {b.map(() => <br>)} import 'x'</p>\n"
		 "<script>import 'c'</script><script is:inline>import 'y'</script>"
		 "<script src=\"../d.ts\"></script>",
		 "2:21 type a; 5:17 import c; 5:78 import ../d.ts"},
		{"a.vue", "<script", ""},
		{"a.astro", "---\nimport 'a'", "2:9 import a"},
	};
	(void)state;
	CHECK_ALL(SAMPLES);
}

/* A quarter of a million repeats each: quadratic work would not end within the timeout. */
static void stays_linear(void **state)
{
	static const char *const UNITS[] = {
		"import//", "import{",    "import{a,",    "export*as ",
		"require(", "require(/*", "import(`",     "=/[",
		"<T>(",     "<a ",        "<a>",          "`${",
		"{",        "({",         "'\\",          "//import{a,\n",
		"</",       "<A<",        "import type ", "\xE2\x80",
		"/*",       "=<a b=",     "<template",    "<script ",
		"=<T ",     "\"import ",  "import {a /*", "-->\t",
	};
	static const char *const PATHS[] = {"a.ts", "a.tsx", "a.vue", "a.svelte", "a.astro"};
	enum { REPEAT = 250000 };
	(void)state;
	for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
		_cleanup_(text_release) struct text source = {0};
		for (int j = 0; j < REPEAT; j++)
			text_add(&source, str_of(UNITS[i]));
		assert_false(source.failed);
		for (size_t j = 0; j < sizeof PATHS / sizeof *PATHS; j++) {
			_cleanup_(scanned_release) struct scanned scanned = {0};
			scanned_make(&scanned, LANGUAGE_JAVASCRIPT, PATHS[j], text_str(&source));
			assert_false(scanned.facts.failed);
		}
	}
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	scanned_without_memory(LANGUAGE_JAVASCRIPT, "a.js",
			       STR("import 'a'; import('b'); require('c')"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements),
		cmocka_unit_test(calls),
		cmocka_unit_test(types),
		cmocka_unit_test(not_code),
		cmocka_unit_test(regular_expressions),
		cmocka_unit_test(jsx),
		cmocka_unit_test(markup),
		cmocka_unit_test(stays_linear),
		cmocka_unit_test(survives_want_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
