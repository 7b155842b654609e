/* SPDX-License-Identifier: Apache-2.0 */
/* The wire format: what the structs of handlers may look like, what is refused, bounds, memory that
 * runs out, and time that grows with the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <stdlib.h>
#include <cmocka.h>

#include "every.pb-c.h"

#include "base/clock.h"
#include "base/mem.h"
#include "message/message.h"

typedef Every__V1__Every Every;
typedef Every__V1__Inner Inner;

#define EVERY (&every__v1__every__descriptor)
#define INNER (&every__v1__inner__descriptor)

static struct arena arena;
static struct text out;
static struct fault fault;

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	text_release(&out);
	return 0;
}

static struct str encoded(const ProtobufCMessageDescriptor *type, const void *message)
{
	text_clear(&out);
	assert_int_equal(message_encode(type, message, &out, &fault), ASH_OK);
	return text_str(&out);
}

#define assert_bytes(bytes, literal)                                                               \
	do {                                                                                       \
		struct str bytes_ = (bytes);                                                       \
		assert_int_equal(bytes_.length, sizeof(literal) - 1);                              \
		assert_memory_equal(bytes_.at, literal, sizeof(literal) - 1);                      \
	} while (0)

static char empty[] = "", ann[] = "Ann", bob[] = "Bob", broken[] = "a\xFF";

static void structs_without_descriptors(void **state)
{
	(void)state;
	assert_bytes(encoded(EVERY, &(Every){.an_int32 = 0}), "");
	assert_bytes(encoded(EVERY, &(Every){.text = empty}), "");
	assert_bytes(encoded(INNER, (&(Inner){.name = ann, .inner = &(Inner){.cents = 1}})),
		     "\x0A\x03"
		     "Ann\x1A\x02\x10\x01");
	Inner *items[] = {NULL, &(Inner){.name = bob}};
	assert_bytes(encoded(INNER, (&(Inner){.n_items = 2, .items = items})),
		     "\x22\x00\x22\x05\x0A\x03"
		     "Bob");
	char *texts[] = {NULL, ann};
	assert_bytes(encoded(EVERY, (&(Every){.n_many_text = 2, .many_text = texts})),
		     "\x9A\x02\x00\x9A\x02\x03"
		     "Ann");
	assert_bytes(
		encoded(EVERY, (&(Every){.choice_case = EVERY__V1__EVERY__CHOICE_CHOSEN_TEXT})),
		"\xCA\x02\x00");
	assert_bytes(
		encoded(EVERY, (&(Every){.choice_case = EVERY__V1__EVERY__CHOICE_CHOSEN_INNER})),
		"\xDA\x02\x00");
}

static void output_follows_what_was_there(void **state)
{
	(void)state;
	text_clear(&out);
	text_add(&out, STR("before"));
	assert_int_equal(message_encode(INNER, &(Inner){.name = ann}, &out, &fault), ASH_OK);
	assert_string_equal(out.at, "before\x0A\x03"
				    "Ann");
	assert_int_equal(message_encode(INNER, &(Inner){.name = broken}, &out, &fault),
			 ASH_INTERNAL);
	assert_string_equal(fault.message, "name: the text is not UTF-8");
	assert_string_equal(out.at, "before\x0A\x03"
				    "Ann");
}

/* A chain of `depth` messages, each in the one before. */
static Inner *chain(size_t depth)
{
	Inner *top = NULL;
	while (depth-- > 0) {
		Inner *inner = arena_alloc(&arena, sizeof *inner);
		assert_non_null(inner);
		inner->inner = top;
		top = inner;
	}
	return top;
}

static void depth_is_bounded(void **state)
{
	(void)state;
	Inner decoded, *most = chain(MESSAGE_DEPTH_LIMIT);
	struct str bytes = encoded(INNER, most);
	assert_int_equal(message_decode(INNER, bytes, &arena, &decoded, &fault), ASH_OK);
	assert_true(message_equal(INNER, most, &decoded));
	assert_int_equal(message_copy(INNER, most, &arena, &decoded, &fault), ASH_OK);

	Inner *more = chain(MESSAGE_DEPTH_LIMIT + 1);
	assert_int_equal(message_encode(INNER, more, &out, &fault), ASH_RESOURCE_EXHAUSTED);
	assert_int_equal(message_copy(INNER, more, &arena, &decoded, &fault),
			 ASH_RESOURCE_EXHAUSTED);
	assert_false(message_equal(INNER, more, chain(MESSAGE_DEPTH_LIMIT + 1)));
	Inner circle = {.name = ann, .inner = &circle};
	assert_int_equal(message_encode(INNER, &circle, &out, &fault), ASH_RESOURCE_EXHAUSTED);

	char nested[2 * MESSAGE_DEPTH_LIMIT + 2] = {0};
	size_t length = 0;
	while (length < sizeof nested) {
		memmove(nested + 2, nested, length);
		nested[0] = 0x1A;
		nested[1] = (char)length;
		length += 2;
		if (length >= 126)
			break;
	}
	assert_int_equal(
		message_decode(INNER, (struct str){nested, length}, &arena, &decoded, &fault),
		ASH_OK);
}

static void malformed_bytes_are_refused(void **state)
{
	(void)state;
	static const struct {
		struct str bytes;
		const char *message;
	} CASES[] = {
		{STR("\x08"), "an_int32: the number is cut off"},
		{STR("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
		 "an_int32: the number is cut off"},
		{STR("\x00\x01"), "a field starts with no valid tag"},
		{STR("\x0E\x01"), "a field starts with no valid tag"},
		{STR("\x80\x80\x80\x80\x80\x01"), "a field starts with no valid tag"},
		{STR("\x7A\x05text"), "text: it is longer than what is left of the message"},
		{STR("\x7A\x01\xC3"), "text: the text is not UTF-8"},
		{STR("\x7A\x02"
		     "a\0"),
		 "text: the text holds a NUL"},
		{STR("\x8A\x01\x03\x1A\x01\x0A"), "inner.inner: a field starts with no valid tag"},
		{STR("\xAA\x02\x00\xAA\x02\x03\x1A\x01\x01"),
		 "many_inner[1].inner: a field starts with no valid tag"},
		{STR("\xAA\x01\x02\x01\x80"), "many_int32: the number is cut off"},
		{STR("\xBA\x01\x05\x01\x02\x03\x04\x05"), "many_sfixed32: the number is cut off"},
		{STR("\x9B\x06\x08\x01"), "an unknown field is malformed"},
		{STR("\x9C\x06"), "an unknown field is malformed"},
		{STR("\x9B\x06\xA4\x06"), "an unknown field is malformed"},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		Every every = {.an_int32 = 7};
		assert_int_equal(message_decode(EVERY, CASES[i].bytes, &arena, &every, &fault),
				 ASH_INVALID_ARGUMENT);
		if (i != 8)
			assert_string_equal(fault.message, CASES[i].message);
		assert_int_equal(every.an_int32, 7);
		assert_int_equal(message_decode(EVERY, CASES[i].bytes, &arena, &every, NULL),
				 ASH_INVALID_ARGUMENT);
	}
}

static void what_comes_again_counts_or_is_merged(void **state)
{
	(void)state;
	Every every;
	static const char BYTES[] = "\x08\x01\x08\x02"          /* an_int32: 1, then 2 */
				    "\x8A\x01\x02\x10\x05"      /* inner {cents: 5} */
				    "\x8A\x01\x03\x0A\x01x"     /* inner {name: "x"} */
				    "\xCA\x02\x01z\xD0\x02\x09" /* chosen_text, then chosen_int32 */
				    "\x9B\x06\x0B\x0C\x9C\x06"  /* an unknown group */
				    "\x9A\x03\x05\x0A\x01k\x10\x01" /* counts["k"] = 1 */
				    "\x9A\x03\x05\x0A\x01j\x10\x02" /* counts["j"] = 2 */
				    "\x9A\x03\x05\x0A\x01k\x10\x03" /* counts["k"] = 3 */
				    "\xA2\x03\x02\x08\x04"          /* inners[4], with no value */
				    "\xA8\x01\x07\xAA\x01\x02\x08\x09"; /* loose, then packed */
	struct str bytes = {BYTES, sizeof BYTES - 1};
	assert_int_equal(message_decode(EVERY, bytes, &arena, &every, &fault), ASH_OK);
	assert_int_equal(every.an_int32, 2);
	assert_int_equal(every.inner->cents, 5);
	assert_string_equal(every.inner->name, "x");
	assert_int_equal(every.choice_case, EVERY__V1__EVERY__CHOICE_CHOSEN_INT32);
	assert_int_equal(every.chosen_int32, 9);
	assert_int_equal(every.n_counts, 2);
	assert_string_equal(every.counts[0]->key, "k");
	assert_int_equal(every.counts[0]->value, 3);
	assert_string_equal(every.counts[1]->key, "j");
	assert_non_null(every.inners[0]->value);
	assert_int_equal(every.n_many_int32, 3);
	assert_int_equal(every.many_int32[2], 9);
	assert_string_equal(every.text, "");
}

static void memory_is_bounded(void **state)
{
	(void)state;
	/* Empty messages, two bytes each, of which each takes more than a hundred. */
	size_t length = (size_t)8 << 20;
	char *bytes = mem_alloc(length);
	assert_non_null(bytes);
	for (size_t i = 0; i < length; i += 2)
		bytes[i] = 0x22;
	Inner inner;
	assert_int_equal(message_decode(INNER, (struct str){bytes, length}, &arena, &inner, &fault),
			 ASH_RESOURCE_EXHAUSTED);
	assert_true(arena.used < 2 * MESSAGE_MEMORY_LIMIT);
	assert_int_equal(message_decode(INNER, (struct str){bytes, MESSAGE_SIZE_LIMIT + 1}, &arena,
					&inner, &fault),
			 ASH_RESOURCE_EXHAUSTED);
	mem_free(bytes);
}

/* Nanoseconds that this thread has computed. */
static uint64_t processor_time(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A message that is merged from many pieces, each with an entry of a map. */
static uint64_t time_of_pieces(size_t count)
{
	struct text pieces = {0};
	for (size_t i = 0; i < count; i++) {
		char key[16];
		int digits = snprintf(key, sizeof key, "%08zu", i);
		char head[] = {(char)0x8A,         1,    (char)(digits + 6), 0x2A,
			       (char)(digits + 4), 0x0A, (char)digits};
		text_add(&pieces, (struct str){head, sizeof head});
		text_add(&pieces, str_of(key));
		text_add(&pieces, STR("\x12\x00"));
	}
	struct arena own = {0};
	Every every;
	uint64_t start = processor_time();
	assert_int_equal(message_decode(EVERY, text_str(&pieces), &own, &every, &fault), ASH_OK);
	uint64_t took = processor_time() - start;
	assert_int_equal(every.inner->n_by_name, count);
	arena_release(&own);
	text_release(&pieces);
	return took;
}

static void merging_takes_linear_time(void **state)
{
	(void)state;
	uint64_t once = UINT64_MAX, eight = UINT64_MAX;
	for (int i = 0; i < 5; i++) {
		uint64_t small = time_of_pieces(4000), large = time_of_pieces(32000);
		once = small < once ? small : once;
		eight = large < eight ? large : eight;
	}
	assert_true(eight < once * 40);
}

static void equal_says_what_is_meant(void **state)
{
	(void)state;
	assert_true(message_equal(INNER, &(Inner){.name = NULL}, &(Inner){.name = empty}));
	assert_false(message_equal(INNER, &(Inner){.inner = NULL},
				   &(Inner){.inner = &(Inner){.cents = 0}}));
	assert_true(message_equal(EVERY, &(Every){.a_double = __builtin_nan("")},
				  &(Every){.a_double = -__builtin_nan("")}));
	assert_false(message_equal(EVERY, &(Every){.a_double = 0.0}, &(Every){.a_double = -0.0}));
	typedef Every__V1__Every__CountsEntry Entry;
	Entry a = {.key = ann, .value = 1}, b = {.key = bob, .value = 2},
	      c = {.key = bob, .value = 3};
	Entry *ab[] = {&a, &b}, *ba[] = {&b, &a}, *ac[] = {&a, &c};
	Every first = {.n_counts = 2, .counts = ab};
	assert_true(message_equal(EVERY, &first, &(Every){.n_counts = 2, .counts = ba}));
	assert_false(message_equal(EVERY, &first, &(Every){.n_counts = 2, .counts = ac}));
	assert_false(message_equal(EVERY, &first, &(Every){.n_counts = 1, .counts = ab}));
	Inner *none[] = {NULL}, *blank[] = {&(Inner){.cents = 0}};
	assert_true(message_equal(INNER, &(Inner){.n_items = 1, .items = none},
				  &(Inner){.n_items = 1, .items = blank}));
}

static void fields_by_name(void **state)
{
	(void)state;
	assert_string_equal(message_field(EVERY, "a_bool")->name, "a_bool");
	assert_null(message_field(EVERY, "aBool"));
	Every every = {.an_int64 = -5, .text = ann, .a_fixed64 = UINT64_MAX};
	text_clear(&out);
	message_field_text(message_field(EVERY, "an_int64"), &every, &out);
	message_field_text(message_field(EVERY, "text"), &every, &out);
	message_field_text(message_field(EVERY, "a_fixed64"), &every, &out);
	message_field_text(message_field(EVERY, "chosen_text"), &every, &out);
	assert_string_equal(out.at, "-5Ann18446744073709551615");
}

/* One run of everything, in which some allocation fails. */
static ash_status run_all(struct str bytes)
{
	struct arena own = {0};
	struct text text = {0};
	Every every, copy;
	ash_status status = message_decode(EVERY, bytes, &own, &every, &fault);
	if (status == ASH_OK)
		status = message_copy(EVERY, &every, &own, &copy, &fault);
	if (status == ASH_OK)
		status = message_encode(EVERY, &copy, &text, &fault);
	if (status == ASH_OK)
		status = message_to_json(EVERY, &copy, &text, &fault);
	arena_release(&own);
	text_release(&text);
	return status;
}

static void memory_may_run_out(void **state)
{
	(void)state;
	static const char BYTES[] = "\x7A\x03"
				    "abc\x8A\x01\x05\x0A\x03xyz\xAA\x02\x02\x10\x05"
				    "\x9A\x03\x05\x0A\x01k\x10\x01\x9A\x03\x05\x0A\x01j\x10\x02"
				    "\xA2\x03\x02\x08\x04\x92\x04\x03\x0A\x01x";
	struct str bytes = {BYTES, sizeof BYTES - 1};
	assert_int_equal(run_all(bytes), ASH_OK);
	for (long n = 1;; n++) {
		mem_fail_from(n);
		ash_status status = run_all(bytes);
		if (!mem_fail_never()) {
			assert_int_equal(status, ASH_OK);
			assert_true(n > 4);
			break;
		}
		assert_int_equal(status, ASH_RESOURCE_EXHAUSTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(structs_without_descriptors, tear_down),
		cmocka_unit_test_teardown(output_follows_what_was_there, tear_down),
		cmocka_unit_test_teardown(depth_is_bounded, tear_down),
		cmocka_unit_test_teardown(malformed_bytes_are_refused, tear_down),
		cmocka_unit_test_teardown(what_comes_again_counts_or_is_merged, tear_down),
		cmocka_unit_test_teardown(memory_is_bounded, tear_down),
		cmocka_unit_test_teardown(merging_takes_linear_time, tear_down),
		cmocka_unit_test_teardown(equal_says_what_is_meant, tear_down),
		cmocka_unit_test_teardown(fields_by_name, tear_down),
		cmocka_unit_test_teardown(memory_may_run_out, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
