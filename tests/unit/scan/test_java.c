/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/wide.h"
#include "scanned.h"

struct listed {
	struct scanned scanned;
	struct text listing; /* "KIND TARGET@LINE:COLUMN;" for each reference */
	struct text names;   /* the targets of names alone, with a blank before each */
	struct text declared;
};

static void listed_release(struct listed *listed)
{
	scanned_release(&listed->scanned);
	text_release(&listed->listing);
	text_release(&listed->names);
	text_release(&listed->declared);
}

/* What the file gives to others by its name alone; else also what it is of which type. */
static void list_declaration(struct text *declared, const struct declaration *declaration)
{
	static const char *const KINDS[] = {
		[DECLARES_FOR_ALL] = "", [DECLARES_MEMBER] = "+",    [DECLARES_NEAR_MEMBER] = "~",
		[DECLARES_INNER] = "-",  [DECLARES_SUPERTYPE] = "<",
	};
	text_addf(declared, " %s%s", KINDS[declaration->kind], declaration->name.at);
	if (declaration->kind != DECLARES_FOR_ALL)
		text_addf(declared, "@%u", declaration->within);
}

static void scan(struct listed *listed, const char *path, struct str source)
{
	const struct facts *facts = &listed->scanned.facts;
	scanned_make(&listed->scanned, LANGUAGE_JAVA, path, source);
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		text_addf(&listed->listing, "%s %s@%u:%u;", reference_kind_name(reference->kind),
			  reference->target, reference->line, reference->column);
		if (reference->kind == REFERENCE_NAME)
			text_addf(&listed->names, " %s", reference->target);
	}
	for (size_t i = 0; i < facts->declaration_count; i++)
		list_declaration(&listed->declared, &facts->declarations[i]);
}

static const char *text_of(const struct text *text)
{
	return text->at ? text->at : "";
}

/* All references of a whole file. */
static void expect(const char *source, const char *listing)
{
	_cleanup_(listed_release) struct listed listed = {0};
	scan(&listed, "A.java", str_of(source));
	assert_string_equal(text_of(&listed.listing), listing);
}

/* The names of types that a whole file uses. */
static void expect_names(const char *source, const char *names)
{
	_cleanup_(listed_release) struct listed listed = {0};
	scan(&listed, "A.java", str_of(source));
	assert_string_equal(text_of(&listed.names), names);
}

/* The names that one member of a class uses. */
static void expect_in_class(const char *member, const char *names)
{
	_cleanup_(text_release) struct text source = {0};
	text_addf(&source, "class A {\n%s\n}\n", member);
	expect_names(text_str(&source).at, names);
}

/* The names that one statement uses. */
static void expect_in_code(const char *statement, const char *names)
{
	_cleanup_(text_release) struct text source = {0};
	text_addf(&source, "void f() {\n%s\n}\n", statement);
	expect_in_class(text_str(&source).at, names);
}

static void expect_declared(const char *source, const char *package, const char *declared)
{
	_cleanup_(listed_release) struct listed listed = {0};
	scan(&listed, "A.java", str_of(source));
	assert_string_equal(listed.scanned.facts.package.at ? listed.scanned.facts.package.at : "",
			    package);
	assert_string_equal(text_of(&listed.declared), declared);
}

static void test_finds_imports(void **state)
{
	(void)state;
	expect("package p;\nimport a.b.C;\nimport static a.b.C.m;\nimport a.b.*;\n"
	       "import static a.b.C.*;\nimport\n\ta . b /* x */ . D;\n",
	       "import a.b.C@2:8;import a.b.C.m@3:15;import a.b.*@4:8;import a.b.C.*@5:15;"
	       "import a.b.D@7:2;");
	expect("/* import x.No; */ // import x.No;\n;import a.B;;import c.D ;import e.F",
	       "import a.B@2:9;import c.D@2:21;import e.F@2:33;");
	expect("import module java.base;\nimport statics.A;\nimport module.B;",
	       "import java.base@1:15;import statics.A@2:8;import module.B@3:8;");
	expect("import a.\\u0042\\uu0043;\nimport b.\\u00e4;\n", "import a.BC@1:8;import b.ä@2:8;");
	expect("imports a.B;", "name a.B@1:9;");
	expect("import", "");
	expect("import ;import .;", "");
}

static void test_an_import_behind_a_type_is_a_name(void **state)
{
	(void)state;
	expect("class A {}\nimport a.B;\n", "name a.B@2:8;");
	expect("import a.B;\n@X(v = \")\", c = ')') class A {}\nimport c.D;\n",
	       "import a.B@1:8;name X@2:2;name c.D@3:8;");
}

static void test_finds_package_and_types(void **state)
{
	(void)state;
	expect_declared("package a.b;\nclass C {}\nfinal class D {}", "a.b", " C D");
	expect_declared("package a . b ;\npublic interface I {}\nenum E { A }\n"
			"record R(int a) {}\n@interface N {}\n@ interface M {}",
			"a.b", " I E R N M");
	expect_declared("class small { class Nested {} }\nclass\n\tD {}\nclass /* x */ E {}", "",
			" small ~Nested@1 D E");
	expect_declared("@A(\"class no {\") @B(C.class) sealed class t permits u {}\n"
			"non-sealed class u extends t {}",
			"", " t u <t@2");
	expect_declared("@A(B.class)\npackage p;\nimport c.D;\n", "p", "");
	expect_declared("void main() { int a; }", "", "");
}

static void test_finds_types_in_types_and_supertypes(void **state)
{
	(void)state;
	expect_declared("class A<T extends B<T>> extends C.D<E, F> implements G<H>, @X(\"{\") I {}",
			"", " A <C.D@1 <G@1 <I@1");
	expect_declared(
		"record R(int a, S s) implements T {} enum E implements F {;} sealed\n"
		"interface J extends K, L permits M, N {} class O /* x */ extends // y\n P {}",
		"", " R <T@1 E <F@3 J <K@5 <L@5 O <P@8");
	expect_declared(
		"class A { public static class B { protected class C {} } private enum D {}\n"
		"@X(y = {1}) static final class E {} interface F { class G {} } }",
		"", " A +B@1 +C@2 -D@1 ~E@1 ~F@1 +G@6");
	expect_declared("class A { void f() { class B {} if (x) { record C() {} } } class D {} }",
			"", " A -B@1 -C@1 ~D@1");
	expect_declared("class A { class B {} { new B() { class C {} }; } }", "", " A ~B@1 -C@1");
	expect_declared("class A extends", "", " A");
	expect_declared("class A<", "", " A");
	expect_declared("class A implements B,,C", "", " A <B@1 <C@1");
}

static void test_finds_uses_where_types_stand(void **state)
{
	(void)state;
	expect_names("@N class A<T extends B & C> extends D<E, F> implements G, H.I, J {}",
		     " N B C D E F G H J");
	expect_names("interface A<T extends B> extends C<T>, D {}", " B C D");
	expect_names("sealed interface A extends B, C<D>, E permits F, G {}", " B C D E F G");
	expect_names("record A(B b, C... c, @D E<?> e) implements F {}", " B C D E F");
	expect_in_class("B b; C[] c; D<E> d; F f() throws G, H { }", " B C D E F G H");
	expect_in_class("abstract B f() throws C, D;", " B C D");
	expect_in_class("Map<B, List<C>, D> f; M<? extends E, ? super F, G[]> g;",
			" Map B List C D M E F G");
	expect_in_class("@B @C(D.class) @E({F.X}) public G g;", " B C D E F G");
	expect_in_class("@B C @D [] @E [] f(@G H h);", " B C D E G H");
	expect_in_code("new B(); new C[3]; new D<>(); new E.F();", " B C D E");
	expect_in_code("B.b(); C.D.e(); f(G::g, H[]::new); I.class.x();", " B C G H I");
	expect_in_code("x = (B) y; z = (C & D) w; v = (E<F>) u; t = (G[]) s; r = -> (H) q;",
		       " B C D E F G H");
	expect_in_code("try { } catch (B | C | final D e) { }", " B C D");
	expect_in_code("if (a instanceof B && b instanceof C c || d instanceof final D e) {}",
		       " B C D");
	expect_in_code("this.<B>f(); C.<D, E>g();", " B C D E");
	expect_in_code("for (B b : c) {} try (C d = e) {}", " B C");
	expect_in_code("return B.x;", " B");
	expect_in_code("throw (B) e;", " B");
}

static void test_finds_uses_in_patterns(void **state)
{
	(void)state;
	expect_in_code("switch (x) { case B b -> {} case C(D d, E(var e), F<G>(H h)) when i -> {} "
		       "case J.K, L -> {} case M: case null, default -> {} }",
		       " B C D E F G H J");
	expect_in_code("if (x instanceof B(C(D d), E(var e))) {}", " B C D E");
}

static void test_leaves_values_alone(void **state)
{
	(void)state;
	expect_in_class("static final int B = C + D(E, F) - G;", "");
	expect_in_class("enum X { B, C(1), D { }, E; }", "");
	expect_in_class("int[] b = { B, C, D };\nint B[], C = 1;", "");
	expect_in_code("f(B); f(C, D); g = (E); if (F) h(); i = J[1] + (K * L); (M)++;", "");
	expect_in_code("x.B = y.c.D(); e().F.g(); h[0].I = this.J; super.K();", " x.B y.c.D");
	expect_in_code("B: for (;;) { continue B; }", "");
	expect_in_code("a = B < c ? D : E;", " B");
	expect_in_code("B = 1; c = B == D; e = F ? G : H;", "");
	expect_in_code("void Method() {} Foo Bar = baz;", " Foo");
	expect_in_code("x = B instanceof C; y = z -> D; w = (E) -> F;", " C");
}

static void test_skips_what_is_no_code(void **state)
{
	(void)state;
	expect_in_class("// B b;\n/* C c; */ /** {@link D} **/ /**/ E e; /*/ F f; /*/ G g;",
			" E G");
	expect_in_class("String s = \"B b; \\\" C.c \\\\\"; D d;", " String D");
	expect_in_class("char a = '\"', b = '\\'', c = '{'; B d; char e = '\\u0022'; C f;", " B C");
	expect_in_class("String s = \"\"\"\n B.b \" C.c \"\" D.d \\\"\"\" E.e\"\"\"; F f;",
			" String F");
	expect_in_class("String s = \"B\\u0022; C c; String d = \\u0022D.d\";", " String C");
	expect_in_class("String s = \"open\n; B b;", " String B");
	expect("class A { /* B b;", "");
	expect("class A { String s = \"\"\" B b;", "name String@1:11;");
	expect_in_class("// a\r B b; // c\n C c;", " B C");
}

static void test_tells_a_name_once_at_its_first_use(void **state)
{
	(void)state;
	expect("class A {\n  int B = B;\n  B b;\n  B c;\n}", "name B@3:3;");
	expect("class A {\n  é.B x; /* é */ C é;\n}", "name é.B@2:3;name C@2:18;");
}

static void test_finds_qualified_names(void **state)
{
	(void)state;
	expect("class A extends a.b.C {\n  @d.E f.G<h.I> x = new j.K(); Object o = (l.M.N) p;\n"
	       "  a.b.C y;\n}",
	       "name a.b.C@1:17;name d.E@2:4;name f.G@2:8;name h.I@2:12;name j.K@2:25;"
	       "name Object@2:32;name l.M@2:44;");
	expect_in_code("a . b\n. C.d();", " a.b.C");
	expect_in_code("f().G.h(); i[0].J.k(); L.m.N.o();", " L");
}

static void test_imports_hide(void **state)
{
	(void)state;
	expect_names("import a.B;\nimport static c.D.E;\nimport f . G /* x */ ;\nimport h.I.*;\n"
		     "class A { B b; E e; G g; I i; D d; }",
		     " I D");
}

static void test_own_types_hide(void **state)
{
	(void)state;
	expect_names("class A { B b; A a; }\nclass B { A a; C c; }", " C");
	expect_in_class("B b; class B {} B c;", "");
	expect_names("class A { class B { class C {} C c; D d; } C c; class D {} }", " C");
	expect_names("class A { B b; void f() { class B {} B c; } }", " B");
	expect_names("class A { void f() { record B(int c) {} B c; } B b; }", " B");
	expect_names("class A { enum B { } interface C { } @interface D { } B b; C c; D d; }", "");
}

static void test_type_parameters_hide(void **state)
{
	(void)state;
	expect_names("class A<T, U extends T & B<U>> { T t; U u; }\nclass C { T t; }", " B T");
	expect_in_class("<B, C extends B> B f(B b, C c) { B d; } B g;", " B");
	expect_in_class("public static <B> B f() { B b; }", "");
	expect_in_class("@X <B> void f(B b) {}", " X");
	expect_in_class("<@X B, C> C f(B b) {}", " X");
	expect_names("record A<T>(T t) {} interface I<T> { T t(); }", "");
}

static void test_lambda_parameters_hide(void **state)
{
	(void)state;
	expect_in_code("f(B -> { B.g(); });", "");
	expect_in_code("C c = B -> { return B.g(); };", " C");
	expect_in_code("switch (x) { case B -> B.g(); }", " B");
}

static void test_finds_class_literals_by_name(void **state)
{
	(void)state;
	expect("class A { Object o = Class.forName(\"a.b.C$D\"); Class<?> c = Class.forName(x); }",
	       "name Object@1:11;name Class@1:22;dynamic a.b.C$D@1:37;");
	expect("class A { Object o = Class.forName( \"[La.B;\"); }",
	       "name Object@1:11;name Class@1:22;");
}

static void test_finds_what_a_package_is_annotated_with(void **state)
{
	(void)state;
	expect("/** Doc. */\n@B\n@C(D.class)\npackage a;\nimport x.C;\n",
	       "import x.C@5:8;name B@2:2;name D@3:4;");
}

static void test_reads_module_info(void **state)
{
	(void)state;
	_cleanup_(listed_release) struct listed listed = {0};
	scan(&listed, "src/module-info.java",
	     STR("import a.B;\n@Deprecated\nopen module m.n {\n  requires transitive static x.y;\n"
		 "  requires z; // requires no;\n  exports p.q to r;\n  uses a.S;\n  uses B;\n"
		 "  provides a.S with c.T, d.U;\n  requires transitive;\n}\n"));
	assert_string_equal(text_of(&listed.listing),
			    "import a.B@1:8;import x.y@4:30;import z@5:12;name a.S@7:8;"
			    "name a.S@9:12;name c.T@9:21;name d.U@9:26;import transitive@10:12;");
	assert_string_equal(text_of(&listed.declared), " m.n");
}

static void test_survives_nesting_and_numbers(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text source = {0};
	text_add(&source, STR("class A {"));
	for (int i = 0; i < 10000; i++)
		text_addf(&source, "N%d n%d; {class L%d{", i, i, i);
	for (int i = 0; i < 100; i++)
		text_add(&source, STR("}}}}}}}}}}}} B<C<D<E<F,"));
	_cleanup_(listed_release) struct listed listed = {0};
	scan(&listed, "A.java", text_str(&source));
	assert_true(listed.scanned.facts.reference_count > 10000);
	assert_false(listed.scanned.facts.failed);
}

/* Bits of Java in an order that a number decides. */
static void add_some_java(struct text *source, uint32_t number)
{
	static const char *const BITS[] = {
		"A",
		"Bc",
		"de",
		"_F",
		"g9H",
		"\xC3\xA4J",
		"LongerThanSixteenBytes",
		" ",
		"\n",
		".",
		",",
		"(",
		")",
		"{",
		"}",
		"<",
		">",
		";",
		"\"x{\"",
		"'\"'",
		"/* A \" */",
		"// B'\n",
		"/**/",
		"class ",
		"extends ",
		"new ",
		"\"\"\"\nC\"\"\"",
		"@K",
		"[]",
		"$",
		"import a.",
		"    ",
		"return ",
		"private ",
		"\t\t\t\t\t\t",
	};
	for (int i = 0; i < 2000; i++) {
		number = number * 1664525 + 1013904223;
		text_add(source, str_of(BITS[(number >> 16) % (sizeof BITS / sizeof *BITS)]));
	}
}

/* Looking at more bytes at a time finds nothing else. */
static void test_finds_the_same_on_older_processors(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < 100; number++) {
		_cleanup_(text_release) struct text source = {0};
		_cleanup_(listed_release) struct listed wide = {0};
		_cleanup_(listed_release) struct listed plain = {0};
		add_some_java(&source, number);
		scan(&wide, "A.java", text_str(&source));
		wide_allow(false);
		scan(&plain, "A.java", text_str(&source));
		wide_allow(true);
		assert_true(plain.scanned.facts.reference_count > 0);
		assert_string_equal(text_of(&wide.listing), text_of(&plain.listing));
		assert_string_equal(text_of(&wide.declared), text_of(&plain.declared));
	}
}

/* Processor time of a scan over `count` times `unit`, in seconds: the least of three. */
static double time_of(const char *unit, int count)
{
	static const char PADDING[SCANNER_PADDING];
	_cleanup_(text_release) struct text source = {0};
	for (int i = 0; i < count; i++)
		text_add(&source, str_of(unit));
	text_add(&source, (struct str){PADDING, sizeof PADDING});
	double least = 0;
	for (int i = 0; i < 3; i++) {
		_cleanup_(scanned_release) struct scanned scanned = {0};
		clock_t start = clock();
		scan_source(LANGUAGE_JAVA, STR("A.java"),
			    (struct str){source.at, source.length - SCANNER_PADDING},
			    &scanned.arena, &scanned.facts);
		double time = (double)(clock() - start) / CLOCKS_PER_SEC;
		assert_false(scanned.facts.failed);
		least = i == 0 || time < least ? time : least;
	}
	return least;
}

/* Eight times as much may take no more than twice eight times as long, and some time to
 * start with; were it quadratic, it would take 64 times as long. */
static void test_grows_linearly(void **state)
{
	static const char *const UNITS[] = {
		"A,",
		"A<",
		"A<B,",
		"<A extends B,",
		"case A(",
		"(A,",
		"(A<B>[],",
		"@A(",
		"@a.",
		"a.",
		"a.A,",
		".A",
		"/**/A",
		"A/**/",
		"//\nA,",
		"A //\n",
		"\"",
		"'",
		"\"\"\"",
		"\\u0022",
		"\"\\",
		"{",
		"}",
		"{}",
		"class ",
		"class A{",
		"class A ",
		"class A{class B<C>{}",
		"import a.",
		"import ",
		"import a;",
		"package a.b;",
		"@A ",
		"A&",
		"A ",
		"A\n\n\n\n",
		"A extends ",
		"A implements B,",
		"record A(B b){",
		"Class.forName(\"",
		"new A(){",
		"A->",
		"\xC3\xA4",
		"class A extends B,",
		"class A extends B<",
		"class A<B extends C{",
	};
	enum { FEW = 5000, MANY = 8 * FEW };
	(void)state;
	for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
		double few = time_of(UNITS[i], FEW);
		double many = time_of(UNITS[i], MANY);
		if (many > 16 * few + 0.05)
			fail_msg("'%s' takes %.3f s, and %.3f s eight times", UNITS[i], few, many);
	}
}

static void test_runs_out_of_memory_cleanly(void **state)
{
	(void)state;
	scanned_without_memory(LANGUAGE_JAVA, "D.java",
			       STR("package a; import b.C; class D { E e; }"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_imports),
		cmocka_unit_test(test_an_import_behind_a_type_is_a_name),
		cmocka_unit_test(test_finds_package_and_types),
		cmocka_unit_test(test_finds_types_in_types_and_supertypes),
		cmocka_unit_test(test_finds_uses_where_types_stand),
		cmocka_unit_test(test_finds_uses_in_patterns),
		cmocka_unit_test(test_leaves_values_alone),
		cmocka_unit_test(test_skips_what_is_no_code),
		cmocka_unit_test(test_tells_a_name_once_at_its_first_use),
		cmocka_unit_test(test_finds_qualified_names),
		cmocka_unit_test(test_imports_hide),
		cmocka_unit_test(test_own_types_hide),
		cmocka_unit_test(test_type_parameters_hide),
		cmocka_unit_test(test_lambda_parameters_hide),
		cmocka_unit_test(test_finds_class_literals_by_name),
		cmocka_unit_test(test_finds_what_a_package_is_annotated_with),
		cmocka_unit_test(test_reads_module_info),
		cmocka_unit_test(test_survives_nesting_and_numbers),
		cmocka_unit_test(test_finds_the_same_on_older_processors),
		cmocka_unit_test(test_grows_linearly),
		cmocka_unit_test(test_runs_out_of_memory_cleanly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
