/* SPDX-License-Identifier: Apache-2.0 */
/* Where answers differ, against a slow model: the JSON of both, without the ignored fields. And
 * what is noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "every.pb-c.h"

#include "base/mem.h"
#include "base/random.h"
#include "resilience/compare.h"

typedef Every__V1__Inner Inner;
#define INNER (&every__v1__inner__descriptor)

/* ---- random messages, much alike ---- */

static struct arena arena;

static char none[] = "", ann[] = "ann", bob[] = "bob", eve[] = "eve";
static char key_a[] = "a", key_b[] = "b", key_c[] = "c";

static void *some(size_t size)
{
	void *memory = arena_alloc(&arena, size);
	assert_non_null(memory);
	return memory;
}

static Inner *random_inner(unsigned depth);

static void fill_items(Inner *inner, unsigned depth)
{
	inner->n_items = random_below(3);
	inner->items = some((inner->n_items + 1) * sizeof *inner->items);
	for (size_t i = 0; i < inner->n_items; i++)
		inner->items[i] = random_inner(depth - 1);
}

static void fill_map(Inner *inner, unsigned depth)
{
	static char *const KEYS[] = {key_a, key_b, key_c};
	size_t first = random_below(3);
	inner->n_by_name = random_below(3);
	inner->by_name = some((inner->n_by_name + 1) * sizeof *inner->by_name);
	for (size_t i = 0; i < inner->n_by_name; i++) {
		inner->by_name[i] = some(sizeof **inner->by_name);
		every__v1__inner__by_name_entry__init(inner->by_name[i]);
		inner->by_name[i]->key = KEYS[(first + i) % 3];
		inner->by_name[i]->value = random_inner(depth - 1);
	}
}

static Inner *random_inner(unsigned depth)
{
	static char *const NAMES[] = {none, ann, bob};
	Inner *inner = some(sizeof *inner);
	every__v1__inner__init(inner);
	inner->name = NAMES[random_below(3)];
	inner->cents = (int64_t)random_below(2);
	if (depth == 0)
		return inner;
	if (random_below(2))
		inner->inner = random_inner(depth - 1);
	fill_items(inner, depth);
	fill_map(inner, depth);
	return inner;
}

/* A copy of which one thing or none is another. */
static Inner *changed(const Inner *from, unsigned depth)
{
	Inner *inner = some(sizeof *inner);
	assert_int_equal(message_copy(INNER, from, &arena, inner, NULL), ASH_OK);
	Inner *at = inner;
	while (at->inner && random_below(2))
		at = at->inner;
	while (at->n_items && random_below(2))
		at = at->items[random_below(at->n_items)];
	switch (random_below(5)) {
	case 0: at->cents++; break;
	case 1: at->name = eve; break;
	case 2: at->inner = random_below(2) ? random_inner(1) : NULL; break;
	case 3: fill_items(at, depth); break;
	default: fill_map(at, depth); break;
	}
	return inner;
}

/* ---- the model ---- */

static const char *const PATHS[] = {"name",          "cents",           "inner",      "items",
				    "by_name",       "inner.cents",     "items.name", "items.items",
				    "by_name.cents", "items.inner.name"};
enum { PATH_COUNT = sizeof PATHS / sizeof *PATHS };

static bool is_map(const char *name)
{
	return strcmp(name, "byName") == 0;
}

/* Of JSON's name to the .proto's. */
static const char *proto_name(const char *name)
{
	return is_map(name) ? "by_name" : name;
}

/* Removes the path, as the words of it, below an object. */
static void remove_path(json_t *object, const char *path)
{
	char head[32];
	size_t length = strcspn(path, ".");
	snprintf(head, sizeof head, "%.*s", (int)length, path);
	const char *name = strcmp(head, "by_name") == 0 ? "byName" : head;
	json_t *value = json_object_get(object, name), *item;
	if (!path[length]) {
		json_object_del(object, name);
		return;
	}
	size_t index;
	const char *key;
	if (json_is_array(value))
		json_array_foreach(value, index, item) remove_path(item, path + length + 1);
	else if (is_map(name))
		json_object_foreach(value, key, item) remove_path(item, path + length + 1);
	else if (value)
		remove_path(value, path + length + 1);
}

struct found {
	char paths[64][200];
	size_t count;
};

static void add_path(struct found *found, const char *path)
{
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->paths[i], path) == 0)
			return;
	assert_true(found->count < 64);
	snprintf(found->paths[found->count++], sizeof found->paths[0], "%s", path);
}

static void objects_differ(json_t *a, json_t *b, const char *path, struct found *found);

static void values_differ(json_t *a, json_t *b, const char *path, struct found *found)
{
	if (json_is_array(a) && json_is_array(b) && json_array_size(a) == json_array_size(b))
		for (size_t i = 0; i < json_array_size(a); i++)
			values_differ(json_array_get(a, i), json_array_get(b, i), path, found);
	else if (json_is_object(a) && json_is_object(b))
		objects_differ(a, b, path, found);
	else if (!a || !b || !json_equal(a, b))
		add_path(found, path);
}

static void maps_differ(json_t *a, json_t *b, const char *path, struct found *found)
{
	const char *key;
	json_t *value;
	if (json_object_size(a) != json_object_size(b)) {
		add_path(found, path);
		return;
	}
	json_object_foreach(a, key, value)
		values_differ(value, json_object_get(b, key), path, found);
}

static void members_differ(json_t *a, json_t *b, const char *name, const char *path,
			   struct found *found)
{
	char deeper[200];
	json_t *in_a = json_object_get(a, name), *in_b = json_object_get(b, name);
	snprintf(deeper, sizeof deeper, "%s%s%s", path, *path ? "." : "", proto_name(name));
	if (is_map(name) && in_a && in_b)
		maps_differ(in_a, in_b, deeper, found);
	else
		values_differ(in_a, in_b, deeper, found);
}

static void objects_differ(json_t *a, json_t *b, const char *path, struct found *found)
{
	static const char *const NAMES[] = {"name", "cents", "inner", "items", "byName"};
	for (size_t i = 0; i < 5; i++)
		if (json_object_get(a, NAMES[i]) || json_object_get(b, NAMES[i]))
			members_differ(a, b, NAMES[i], path, found);
}

static json_t *json_of(const Inner *inner)
{
	_cleanup_(text_release) struct text text = {0};
	json_error_t error;
	assert_int_equal(message_to_json(INNER, inner, &text, NULL), ASH_OK);
	json_t *json = json_loads(text.at, 0, &error);
	assert_non_null(json);
	return json;
}

/* ---- the comparison against it ---- */

static void note(void *context, struct str path, struct str a, struct str b)
{
	char text[200];
	assert_true(a.length && b.length);
	snprintf(text, sizeof text, "%.*s", STR_ARG(path));
	add_path(context, text);
}

static void assert_same_paths(const struct found *a, const struct found *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		size_t j = 0;
		while (j < b->count && strcmp(a->paths[i], b->paths[j]) != 0)
			j++;
		assert_true(j < b->count);
	}
}

/* Several of PATHS; those that lie below others, too. */
static void choose_ignored(struct map *ignored, bool chosen[PATH_COUNT])
{
	for (size_t i = 0; i < PATH_COUNT; i++) {
		chosen[i] = random_below(5) == 0;
		if (chosen[i])
			assert_true(map_put(ignored, str_of(PATHS[i]), 1));
	}
}

static void it_finds_what_the_json_shows(void **state)
{
	(void)state;
	unsigned differed = 0;
	for (int round = 0; round < 20000; round++) {
		static struct found ours, model;
		_cleanup_(map_release) struct map ignored = {0};
		bool chosen[PATH_COUNT];
		ours.count = model.count = 0;
		Inner *a = random_inner(2), *b = random_below(8) ? changed(a, 2) : random_inner(2);
		json_t *json_a = json_of(a), *json_b = json_of(b);
		choose_ignored(&ignored, chosen);
		for (size_t i = 0; i < PATH_COUNT; i++)
			if (chosen[i]) {
				remove_path(json_a, PATHS[i]);
				remove_path(json_b, PATHS[i]);
			}
		objects_differ(json_a, json_b, "", &model);
		assert_true(message_compare(INNER, a, b, &ignored, note, &ours));
		assert_same_paths(&ours, &model);
		assert_int_equal(json_equal(json_a, json_b), ours.count == 0);
		ours.count = 0;
		assert_true(message_compare(INNER, a, b, NULL, note, &ours));
		assert_int_equal(message_equal(INNER, a, b), ours.count == 0);
		differed += ours.count > 0;
		json_decref(json_a);
		json_decref(json_b);
		arena_release(&arena);
	}
	assert_true(differed > 5000);
}

static void paths_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < PATH_COUNT; i++)
		assert_true(message_has_path(INNER, str_of(PATHS[i])));
	assert_true(message_has_path(&every__v1__every__descriptor, STR("many_at.seconds")));
	assert_false(message_has_path(INNER, STR("")));
	assert_false(message_has_path(INNER, STR("cents.name")));
	assert_false(message_has_path(INNER, STR("items.nam")));
	assert_false(message_has_path(INNER, STR("items.")));
	assert_false(message_has_path(INNER, STR("by_name.value")));
}

/* ---- the report ---- */

static struct compare_call call_of(const Inner *from, const Inner *to)
{
	return (struct compare_call){.answers = {{ASH_OK, from, 10}, {ASH_OK, to, 30}}};
}

static struct compare_field field_named(struct compare *compare, const char *path)
{
	static struct compare_field fields[COMPARE_FIELD_LIMIT];
	struct compare_counts counts;
	size_t count = compare_look(compare, &counts, fields, COMPARE_FIELD_LIMIT);
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].path, path) == 0)
			return fields[i];
	return (struct compare_field){.path = NULL};
}

/* A number that is new each time is noise; a price that is wrong is not, though it is rare. */
static void noise_is_told_from_differences(void **state)
{
	(void)state;
	struct compare compare;
	struct compare_counts counts;
	assert_true(compare_init(&compare, INNER, NULL));
	unsigned wrong = 0;
	for (int i = 0; i < 1000; i++) {
		Inner from = {.name = ann, .cents = i}, to = {.name = ann, .cents = i + 1};
		Inner second = {.name = ann, .cents = i + 2};
		struct compare_answer again = {ASH_OK, &second, 10};
		struct compare_call call = call_of(&from, &to);
		bool is_wrong = i % 50 == 7;
		wrong += is_wrong;
		if (is_wrong)
			to.name = bob;
		if (i % 10 == 0)
			call.again = &again;
		assert_int_equal(compare_count(&compare, &call),
				 is_wrong ? COMPARE_DIFFERENT : COMPARE_NOISY);
	}
	compare_look(&compare, &counts, NULL, 0);
	struct compare_field cents = field_named(&compare, "cents");
	struct compare_field name = field_named(&compare, "name");
	assert_int_equal(counts.calls, 1000);
	assert_int_equal(counts.different, wrong);
	assert_int_equal(counts.noisy, 1000 - wrong);
	assert_int_equal(counts.repeated, 100);
	assert_int_equal(counts.took[DIAL_TO], 30000);
	assert_int_equal(counts.worst[DIAL_FROM], 10);
	assert_int_equal(cents.differed, 1000);
	assert_int_equal(cents.noise, 100);
	assert_true(compare_is_noise(&cents, &counts));
	assert_int_equal(name.differed, wrong);
	assert_int_equal(name.noise, 0);
	assert_false(compare_is_noise(&name, &counts));
	assert_string_equal(name.example[DIAL_FROM], "\"ann\"");
	assert_string_equal(name.example[DIAL_TO], "\"bob\"");
	compare_release(&compare);
}

/* A field that is now and then another by itself, and always in the new side, is a difference. */
static void a_little_noise_hides_no_difference(void **state)
{
	(void)state;
	struct compare compare;
	struct compare_counts counts;
	assert_true(compare_init(&compare, INNER, NULL));
	for (int i = 0; i < 1000; i++) {
		Inner from = {.cents = 1}, to = {.cents = 2}, second = {.cents = i % 100 ? 1 : 3};
		struct compare_answer again = {ASH_OK, &second, 10};
		struct compare_call call = call_of(&from, &to);
		call.again = &again;
		compare_count(&compare, &call);
	}
	compare_look(&compare, &counts, NULL, 0);
	struct compare_field cents = field_named(&compare, "cents");
	assert_int_equal(cents.noise, 10);
	assert_false(compare_is_noise(&cents, &counts));
	assert_true(counts.different > 900);
	compare_release(&compare);
}

static void statuses_are_compared(void **state)
{
	(void)state;
	struct compare compare;
	struct compare_counts counts;
	Inner one = {.cents = 1};
	assert_true(compare_init(&compare, INNER, NULL));
	struct compare_call call = call_of(&one, NULL);
	call.answers[DIAL_TO].status = ASH_NOT_FOUND;
	assert_int_equal(compare_count(&compare, &call), COMPARE_DIFFERENT);
	call.answers[DIAL_FROM].status = ASH_NOT_FOUND;
	assert_int_equal(compare_count(&compare, &call), COMPARE_EQUAL);
	compare_look(&compare, &counts, NULL, 0);
	assert_int_equal(counts.failures[DIAL_TO], 2);
	assert_int_equal(counts.failures[DIAL_FROM], 1);
	struct compare_field field = field_named(&compare, COMPARE_STATUS);
	assert_int_equal(field.differed, 1);
	assert_string_equal(field.example[DIAL_TO], "not_found");
	compare_release(&compare);
}

/* More fields than are told apart are counted, and never equal. */
static void fields_are_bounded(void **state)
{
	enum { DEEP = 90 };
	(void)state;
	struct compare compare;
	struct compare_counts counts;
	assert_true(compare_init(&compare, INNER, NULL));
	for (int depth = 0; depth < 3 * DEEP; depth++) {
		static Inner chain_a[DEEP + 2], chain_b[DEEP + 2];
		int kind = depth / DEEP, at = depth % DEEP;
		for (int i = 0; i <= at; i++) {
			chain_a[i] = (Inner){.inner = i < at ? &chain_a[i + 1] : NULL};
			chain_b[i] = (Inner){.inner = i < at ? &chain_b[i + 1] : NULL};
		}
		if (kind == 0)
			chain_b[at].cents = 1;
		else if (kind == 1)
			chain_b[at].name = eve;
		else
			chain_b[at].inner = &chain_b[DEEP + 1];
		struct compare_call call = call_of(chain_a, chain_b);
		assert_int_equal(compare_count(&compare, &call), COMPARE_DIFFERENT);
	}
	compare_look(&compare, &counts, NULL, 0);
	assert_int_equal(counts.different, 3 * DEEP);
	assert_int_equal(counts.others, 3 * DEEP - COMPARE_FIELD_LIMIT);
	compare_release(&compare);
}

static void memory_may_run_out(void **state)
{
	(void)state;
	Inner a = {.cents = 1}, b = {.inner = &(Inner){.name = eve}};
	for (long n = 1;; n++) {
		struct compare compare = {0};
		struct compare_call call = call_of(&a, &b);
		mem_fail_from(n);
		bool made = compare_init(&compare, INNER, NULL);
		if (made)
			assert_int_equal(compare_count(&compare, &call), COMPARE_DIFFERENT);
		bool failed = mem_fail_never();
		assert_true(made || failed);
		compare_release(&compare);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_finds_what_the_json_shows),
		cmocka_unit_test(paths_are_known),
		cmocka_unit_test(noise_is_told_from_differences),
		cmocka_unit_test(a_little_noise_hides_no_difference),
		cmocka_unit_test(statuses_are_compared),
		cmocka_unit_test(fields_are_bounded),
		cmocka_unit_test(memory_may_run_out),
	};
	random_seed(4);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
