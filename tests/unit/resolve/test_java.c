/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/path.h"
#include "resolve/resolve.h"
#include "scan/scanner.h"

/* A tree made by hand: entries in the order of a walk, files with the source beside them. */
struct item {
	const char *path;
	const char *source; /* NULL: a folder, "": a file that is no source */
};

static const struct item ITEMS[] = {
	{"", NULL},
	{"one", NULL},
	{"one/pom.xml", ""},
	{"one/a", NULL},
	{"one/a/A.java", "package a; import b.*; import java.util.List; import x.Y; import a.Z;"
			 "class A { B b; C c; Class d = Class.forName(\"b.B$N\"); }"},
	{"one/a/C.java", "package a; class C {}"},
	{"two", NULL},
	{"two/pom.xml", ""},
	{"two/b", NULL},
	{"two/b/B.java", "package b; public class B { a.C c; }"},
	{"two/b/C.java", "package b; class C {}"},
	{"two/module-info.java", "module two { requires java.base; requires two; requires z; }"},
};

enum { ITEM_COUNT = sizeof ITEMS / sizeof *ITEMS };

static bool scan_item(struct tree *tree, uint32_t index)
{
	struct facts *facts = arena_alloc(&tree->arena, sizeof *facts);
	size_t length = strlen(ITEMS[index].source);
	char *padded = arena_alloc(&tree->arena, length + SCANNER_PADDING);
	if (!facts || !padded)
		return false;
	memcpy(padded, ITEMS[index].source, length);
	tree->entries[index].facts = facts;
	scan_source(LANGUAGE_JAVA, str_of(ITEMS[index].path), (struct str){padded, length},
		    &tree->arena, facts);
	return !facts->failed;
}

static uint32_t find(const char *path)
{
	for (uint32_t i = 0; i < ITEM_COUNT; i++)
		if (strcmp(ITEMS[i].path, path) == 0)
			return i;
	return ENTRY_NONE;
}

static uint32_t end_of(uint32_t index)
{
	uint32_t end = index + 1;
	while (end < ITEM_COUNT &&
	       path_is_within(str_of(ITEMS[end].path), str_of(ITEMS[index].path)))
		end++;
	return end;
}

static bool make_tree(struct tree *tree)
{
	tree->entries = arena_array(&tree->arena, ITEM_COUNT, sizeof *tree->entries);
	if (!tree->entries)
		return false;
	for (uint32_t i = 0; i < ITEM_COUNT; i++) {
		struct str path = str_of(ITEMS[i].path);
		char folder[64] = "";
		memcpy(folder, path.at, path_folder(path).length);
		tree->entries[i] = (struct entry){
			.path = path,
			.parent = i ? find(folder) : ENTRY_NONE,
			.end = end_of(i),
			.is_folder = !ITEMS[i].source,
			.language = (uint8_t)language_of(path),
		};
		tree->count = i + 1;
		if (tree->entries[i].language != LANGUAGE_NONE && !scan_item(tree, i))
			return false;
	}
	return true;
}

static void release_tree(struct tree *tree)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		if (!tree->entries[i].facts)
			continue;
		mem_free(tree->entries[i].facts->references);
		mem_free(tree->entries[i].facts->declarations);
	}
	error_list_clear(&tree->problems);
	arena_release(&tree->arena);
}

static void expect(const struct tree *tree, const char *file, const char *target,
		   enum reference_state state, const char *resolved)
{
	const struct facts *facts = tree->entries[find(file)].facts;
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		if (strcmp(reference->target, target) != 0)
			continue;
		assert_int_equal(reference->state, state);
		assert_int_equal(reference->resolved, resolved ? find(resolved) : ENTRY_NONE);
		return;
	}
	fail_msg("%s does not refer to %s", file, target);
}

static void test_resolves_each_state(void **state)
{
	(void)state;
	_cleanup_(release_tree) struct tree tree = {0};
	struct error error;
	assert_true(make_tree(&tree));
	assert_int_equal(resolve_tree(&tree, NULL, 2, &error), 0);
	expect(&tree, "one/a/A.java", "b.*", REFERENCE_INTERNAL, "two/b");
	expect(&tree, "one/a/A.java", "java.util.List", REFERENCE_STANDARD, NULL);
	expect(&tree, "one/a/A.java", "x.Y", REFERENCE_EXTERNAL, NULL);
	expect(&tree, "one/a/A.java", "a.Z", REFERENCE_UNRESOLVED, NULL);
	expect(&tree, "one/a/A.java", "B", REFERENCE_INTERNAL, "two/b/B.java");
	expect(&tree, "one/a/A.java", "C", REFERENCE_INTERNAL, "one/a/C.java");
	expect(&tree, "one/a/A.java", "Class", REFERENCE_DROPPED, NULL);
	expect(&tree, "one/a/A.java", "b.B$N", REFERENCE_INTERNAL, "two/b/B.java");
	expect(&tree, "two/b/B.java", "a.C", REFERENCE_INTERNAL, "one/a/C.java");
	expect(&tree, "two/module-info.java", "java.base", REFERENCE_STANDARD, NULL);
	expect(&tree, "two/module-info.java", "two", REFERENCE_INTERNAL, "two/module-info.java");
	expect(&tree, "two/module-info.java", "z", REFERENCE_EXTERNAL, NULL);
}

static void test_runs_out_of_memory_cleanly(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		_cleanup_(release_tree) struct tree tree = {0};
		struct error error;
		assert_true(make_tree(&tree));
		mem_fail_from(n);
		int result = resolve_tree(&tree, NULL, 1, &error);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		if (!failed)
			break;
		assert_int_equal(error.code, ERROR_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolves_each_state),
		cmocka_unit_test(test_runs_out_of_memory_cleanly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
