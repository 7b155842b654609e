/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf's JSON mapping: what is read, what it says when it is written again, and each error. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "every.pb-c.h"
#include "google/protobuf/any.pb-c.h"

#include "base/mem.h"
#include "message/message.h"

#define EVERY (&every__v1__every__descriptor)

typedef Every__V1__Every Every;

/* Reads JSON and writes it again, or what is wrong. */
static const char *through(const ProtobufCMessageDescriptor *type, struct str json)
{
	static char answer[4096];
	struct arena arena = {0};
	struct text out = {0};
	struct fault fault;
	/* On the heap and exactly as long, so that the sanitizer sees a read past the end. */
	char *bytes = malloc(json.length ? json.length : 1);
	memcpy(bytes, json.at, json.length);
	void *message = calloc(1, type->sizeof_message);
	struct str exact = {bytes, json.length};
	ash_status status = message_from_json(type, exact, &arena, message, &fault);
	if (status == ASH_OK)
		status = message_to_json(type, message, &out, &fault);
	snprintf(answer, sizeof answer, "%s", status == ASH_OK ? out.at : fault.message);
	free(bytes);
	free(message);
	arena_release(&arena);
	text_release(&out);
	return answer;
}

static void check(const char *const cases[][2], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *wanted = cases[i][1] ? cases[i][1] : cases[i][0];
		assert_string_equal(through(EVERY, str_of(cases[i][0])), wanted);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

static void values_that_are_read(void **state)
{
	(void)state;
	static const char *const CASES[][2] = {
		{"{}", NULL},
		{" {\t\"anInt32\" :\r\n1 } ", "{\"anInt32\":1}"},
		{"{\"an_int32\":1,\"textt\":2}", "there is no field 'textt'; did you mean "
						 "'text'?"},
		{"{\"with2Digits\":2,\"UpperFirst\":3,\"camelCase\":4,\"class\":5}",
		 "{\"class\":5,\"camelCase\":4,\"with2Digits\":2,\"UpperFirst\":3}"},
		{"{\"anInt32\":1.50e1,\"aUint32\":\"12\",\"anInt64\":-12,\"aUint64\":1e2}",
		 "{\"anInt32\":15,\"aUint32\":12,\"anInt64\":\"-12\",\"aUint64\":\"100\"}"},
		{"{\"anInt32\":-2147483648,\"aUint32\":4294967295}", NULL},
		{"{\"anInt64\":\"-9223372036854775808\",\"aUint64\":\"18446744073709551615\"}",
		 NULL},
		{"{\"aFloat\":0.1,\"aDouble\":0.1}", NULL},
		{"{\"aFloat\":16777217,\"aDouble\":9007199254740993}",
		 "{\"aFloat\":16777216,\"aDouble\":9007199254740992}"},
		{"{\"aFloat\":\"NaN\",\"aDouble\":\"-Infinity\"}", NULL},
		{"{\"aFloat\":-0.0,\"aDouble\":\"1e-400\"}", "{\"aFloat\":-0.0}"},
		{"{\"manyDouble\":[1e400]}", "many_double[0]: the number is out of range"},
		{"{\"aDouble\":5e-324}", "{\"aDouble\":4.94065645841247e-324}"},
		{"{\"aBool\":true,\"color\":\"RED\"}", NULL},
		{"{\"color\":-3,\"manyColor\":[\"VERDE\",77]}",
		 "{\"color\":\"COLD\",\"manyColor\":[\"GREEN\",77]}"},
		{"{\"text\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\\u001f\"}",
		 "{\"text\":\"a\\\"\\\\/\\b\\f\\n\\r\\t\xC3\xA4\xF0\x9F\x98\x80\\u001f\"}"},
		{"{\"raw\":\"-_-_\"}", "{\"raw\":\"+/+/\"}"},
		{"{\"raw\":\"AA\"}", "{\"raw\":\"AA==\"}"},
		{"{\"inner\":{},\"manyInner\":[{},{\"name\":\"x\"}]}", NULL},
		{"{\"inner\":null,\"manyInner\":null,\"counts\":null,\"at\":null,\"text\":null}",
		 "{}"},
		{"{\"chosenText\":null,\"chosenInt32\":0}", "{\"chosenInt32\":0}"},
		{"{\"chosenNull\":null}", NULL},
		{"{\"chosenValue\":null}", NULL},
		{"{\"counts\":{\"b\":\"1\",\"a\":2}}", "{\"counts\":{\"b\":\"1\",\"a\":\"2\"}}"},
		{"{\"byBool\":{\"true\":\"x\"},\"byUint64\":{\"18446744073709551615\":\"RED\"}}",
		 NULL},
		{"{\"inners\":{\"-1\":{\"cents\":\"5\"}},\"bySint64\":{\"-7\":\"AQ==\"}}", NULL},
		{"{\"far\":1,\"anInt32\":2}", "{\"anInt32\":2,\"far\":1}"},
	};
	CHECK(CASES);
}

static void well_known_types(void **state)
{
	(void)state;
	static const char *const CASES[][2] = {
		{"{\"at\":\"1970-01-01T00:00:00Z\"}", NULL},
		{"{\"at\":\"0001-01-01T00:00:00Z\"}", NULL},
		{"{\"at\":\"9999-12-31T23:59:59.999999999Z\"}", NULL},
		{"{\"at\":\"2026-11-21T07:30:00.5+02:30\"}",
		 "{\"at\":\"2026-11-21T05:00:00.500Z\"}"},
		{"{\"at\":\"2024-02-29T12:00:00.000100Z\"}",
		 "{\"at\":\"2024-02-29T12:00:00.000100Z\"}"},
		{"{\"took\":\"1.5s\"}", "{\"took\":\"1.500s\"}"},
		{"{\"took\":\"-0.000000001s\"}", NULL},
		{"{\"took\":\"315576000000s\"}", NULL},
		{"{\"data\":{\"a\":[1,null,{\"b\":false}],\"c\":\"x\"}}", NULL},
		{"{\"value\":null,\"list\":[],\"manyValue\":[null,{}]}", NULL},
		{"{\"mask\":\"aB,c.dE\"}", NULL},
		{"{\"empty\":{}}", NULL},
		{"{\"maybeBool\":false,\"maybeInt64\":\"0\",\"maybeString\":\"\",\"maybeBytes\":"
		 "\"\"}",
		 "{\"maybeBool\":false,\"maybeBytes\":\"\",\"maybeInt64\":\"0\",\"maybeString\":"
		 "\"\"}"},
		{"{\"values\":{\"x\":null}}", NULL},
	};
	CHECK(CASES);
	assert_string_equal(through(&google__protobuf__value__descriptor, STR("[1,[2]]")),
			    "[1,[2]]");
	assert_string_equal(through(&google__protobuf__timestamp__descriptor, STR("1")),
			    "it wants a text, not a number");
	const ProtobufCMessageDescriptor *any = &google__protobuf__any__descriptor;
	assert_string_equal(through(any, STR("{}")), "{}");
	assert_string_equal(through(any, STR("{\"@type\":\"t/a.B\"}")),
			    "a google.protobuf.Any cannot be read from JSON here: its type is not "
			    "known");
}

/* Those that are named; all others are refused as above. */
static void an_any_holds_known_types(void **state)
{
	(void)state;
	static const ProtobufCMessageDescriptor *const SORTED[] = {
		EVERY,
		&google__protobuf__any__descriptor,
		&google__protobuf__timestamp__descriptor,
	};
	static const struct message_types TYPES = {SORTED, sizeof SORTED / sizeof *SORTED};
	const ProtobufCMessageDescriptor *any = &google__protobuf__any__descriptor;
	static const char *const GOOD[] = {
		"{\"@type\":\"t/google.protobuf.Timestamp\",\"value\":\"1970-01-01T00:00:01Z\"}",
		"{\"@type\":\"t/google.protobuf.Any\",\"value\":{}}",
		"{\"@type\":\"every.v1.Every\",\"anInt32\":1}",
		"{\"@type\":\"every.v1.Every\"}",
	};
	message_know_types(&TYPES);
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
		assert_string_equal(through(any, str_of(GOOD[i])), GOOD[i]);
	assert_string_equal(through(any, STR("{\"a\":1}")), "an Any begins with \"@type\"");
	assert_string_equal(through(any, STR("{\"@type\":\"t/google.protobuf.Timestamp\"}")),
			    "a google.protobuf.Timestamp in an Any wants a value");
	message_know_types(NULL);
}

static void what_is_wrong(void **state)
{
	(void)state;
	static const char *const CASES[][2] = {
		{"", "the JSON ends where an object should be"},
		{"[]", "it wants an object, not a list"},
		{"{", "the JSON ends where the name of a field should be"},
		{"{\"anInt32\"", "the JSON ends where ':' should be"},
		{"{\"anInt32\":1", "the JSON ends where ',' or '}' should be"},
		{"{\"anInt32\":1,}", "it wants the name of a field, not '}'"},
		{"{\"anInt32\":1 \"aBool\":true}", "it wants ',' or '}', not a text"},
		{"{,}", "it wants the name of a field, not ','"},
		{"{'a':1}", "it wants the name of a field, not '''"},
		{"{} {}", "something follows the end of the JSON"},
		{"{\"anInt32\":01}", "it wants ',' or '}', not a number"},
		{"{\"anInt32\":-}", "an_int32: the number is not written as JSON has it"},
		{"{\"anInt32\":1.}", "an_int32: the number is not written as JSON has it"},
		{"{\"anInt32\":+1}", "an_int32: it wants a number, not '+'"},
		{"{\"anInt32\":1.5}", "an_int32: it wants a whole number"},
		{"{\"anInt32\":2147483648}", "an_int32: the number is out of range"},
		{"{\"aUint32\":-1}", "a_uint32: the number is out of range"},
		{"{\"aUint64\":18446744073709551616}", "a_uint64: the number is out of range"},
		{"{\"anInt64\":1e999999999999999999}", "an_int64: the number is out of range"},
		{"{\"anInt32\":\" 1\"}", "an_int32: the text is no number"},
		{"{\"anInt32\":\"\"}", "an_int32: the text is no number"},
		{"{\"anInt32\":true}", "an_int32: it wants a number, not true"},
		{"{\"aFloat\":3.5e38}", "a_float: the number is out of range"},
		{"{\"aFloat\":NaN}", "a_float: it wants a number, not 'N'"},
		{"{\"aBool\":1}", "a_bool: it wants true or false, not a number"},
		{"{\"aBool\":tru}", "a_bool: it wants true or false, not true"},
		{"{\"color\":\"RAD\"}", "color: there is no Color 'RAD'; did you mean 'RED'?"},
		{"{\"color\":1.5}", "color: it wants a whole number"},
		{"{\"text\":\"a\nb\"}", "text: the text holds the byte 0x0a, unescaped"},
		{"{\"text\":\"a", "text: the text is not closed by '\"'"},
		{"{\"text\":\"a\\", "text: the text is not closed by '\"'"},
		{"{\"text\":\"\\x\"}", "text: the text has an escape that JSON does not know"},
		{"{\"text\":\"\\ud800\"}", "text: the text has an escape that JSON does not know"},
		{"{\"text\":\"\\udc00\\ud800\"}",
		 "text: the text has an escape that JSON does not know"},
		{"{\"text\":\"\\u12g4\"}", "text: the text has an escape that JSON does not know"},
		{"{\"text\":\"\\u0000\"}", "text: the text holds a NUL"},
		{"{\"text\":\"\xC3\"}", "text: the text is not UTF-8"},
		{"{\"raw\":\"a\"}", "raw: the text is no base64"},
		{"{\"anInt32\":1,\"an_int32\":1}", "an_int32: it is given twice"},
		{"{\"chosenText\":\"\",\"chosenInt32\":1}",
		 "chosen_int32: another field of its oneof is given too"},
		{"{\"inner\":{\"items\":[{},{},{\"cents\":\"x\"}]}}",
		 "inner.items[2].cents: the text is no number"},
		{"{\"inner\":{\"byName\":{\"a b\":{\"nam\":1}}}}",
		 "inner.by_name[\"a b\"]: there is no field 'nam'; did you mean 'name'?"},
		{"{\"manyInner\":[null]}", "many_inner[0]: it wants an object, not null"},
		{"{\"manyText\":{}}", "many_text: it wants a list, not an object"},
		{"{\"manyText\":[\"a\" \"b\"]}", "many_text[0]: it wants ',' or ']', not a text"},
		{"{\"counts\":[]}", "counts: it wants an object, not a list"},
		{"{\"counts\":{\"a\":1,\"a\":2}}", "counts[\"a\"]: the key is given twice"},
		{"{\"counts\":{\"a\":null}}", "counts[\"a\"]: it wants a number, not null"},
		{"{\"inners\":{\"x\":{}}}", "inners[\"x\"]: the key is no number"},
		{"{\"byBool\":{\"1\":\"\"}}", "by_bool[\"1\"]: the key is neither true nor false"},
		{"{\"at\":\"2026-02-29T00:00:00Z\"}",
		 "at: it is no time of the years 1 to 9999; write \"2026-11-21T06:30:00Z\""},
		{"{\"at\":\"0000-12-31T23:59:59Z\"}",
		 "at: it is no time of the years 1 to 9999; write \"2026-11-21T06:30:00Z\""},
		{"{\"took\":\"1\"}",
		 "took: it is no duration of at most 315576000000 s; write \"1.5s\""},
		{"{\"took\":\"315576000000.1s\"}",
		 "took: it is no duration of at most 315576000000 s; write \"1.5s\""},
		{"{\"mask\":\"a_b\"}", "mask: a path of a mask is in lowerCamelCase"},
		{"{\"mask\":\"a,\"}", "mask: a path of a mask is empty"},
		{"{\"mask\":\",a\"}", "mask: a path of a mask is empty"},
		{"{\"mask\":\"a,,b\"}", "mask: a path of a mask is empty"},
		{"{\"mask\":\",\"}", "mask: a path of a mask is empty"},
		{"{\"value\":1e999}", "value: the number is too large"},
		{"{\"data\":{\"a\":1,\"a\":2}}", "data[\"a\"]: the key is given twice"},
		{"{\"maybeInt32\":{}}", "maybe_int32: it wants a number, not an object"},
	};
	CHECK(CASES);
}

/* `count` times `open`, something, and as many times `close`. */
static struct str nested(struct text *text, size_t count, const char *open, const char *middle,
			 const char *close)
{
	text_clear(text);
	for (size_t i = 0; i < count; i++)
		text_add(text, str_of(open));
	text_add(text, str_of(middle));
	for (size_t i = 0; i < count; i++)
		text_add(text, str_of(close));
	return text_str(text);
}

static void depth_is_bounded(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text text = {0};
	const ProtobufCMessageDescriptor *inner = &every__v1__inner__descriptor;
	const ProtobufCMessageDescriptor *value = &google__protobuf__value__descriptor;
	struct str json = nested(&text, 99, "{\"inner\":", "{}", "}");
	assert_string_equal(through(inner, json), json.at);
	assert_non_null(strstr(through(inner, nested(&text, 100, "{\"inner\":", "{}", "}")),
			       "messages nest deeper than 100 levels"));
	json = nested(&text, 99, "[", "", "]");
	assert_string_equal(through(value, json), json.at);
	assert_non_null(strstr(through(value, nested(&text, 100000, "[", "", "")),
			       "messages nest deeper than 100 levels"));
	assert_non_null(strstr(through(value, nested(&text, 100000, "{\"a\":", "", "")),
			       "messages nest deeper than 100 levels"));
}

static void numbers_do_not_depend_on_the_locale(void **state)
{
	(void)state;
	static const char *const COMMAS[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};
	size_t i = 0;
	while (!setlocale(LC_ALL, COMMAS[i]))
		i++;
	assert_string_equal(through(EVERY, STR("{\"aDouble\":0.30000000000000004}")),
			    "{\"aDouble\":0.30000000000000004}");
	setlocale(LC_ALL, "C");
}

static void structs_that_cannot_be_written(void **state)
{
	(void)state;
	struct fault fault;
	_cleanup_(text_release) struct text out = {0};
	Google__Protobuf__Timestamp late = {.seconds = INT64_MAX};
	Google__Protobuf__Duration mixed = {.seconds = 1, .nanos = -1};
	Google__Protobuf__Value infinite = {.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE,
					    .number_value = __builtin_inf()};
	char broken[] = "\xFF", camel[] = "aB", plain[] = "a", empty[] = "";
	char *paths[] = {camel}, *no_path[] = {plain, empty};
	Google__Protobuf__FieldMask hollow = {.n_paths = 2, .paths = no_path};
	Google__Protobuf__FieldMask mask = {.n_paths = 1, .paths = paths};
	const struct {
		Every every;
		const char *message;
	} CASES[] = {
		{{.at = &late},
		 "at: 9223372036854775807 s and 0 ns are out of the range of a "
		 "Timestamp"},
		{{.took = &mixed}, "took: 1 s and -1 ns are out of the range of a Duration"},
		{{.value = &infinite}, "value: JSON has no way to write the number of a Value"},
		{{.text = broken}, "text: the text is not UTF-8"},
		{{.mask = &mask}, "mask: the path 'aB' has no way to be written in JSON"},
		{{.mask = &hollow}, "mask: the path '' has no way to be written in JSON"},
	};
	text_add(&out, STR("before"));
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_int_equal(message_to_json(EVERY, &CASES[i].every, &out, &fault),
				 ASH_INTERNAL);
		assert_string_equal(fault.message, CASES[i].message);
		assert_string_equal(out.at, "before");
	}
}

static void empty_messages_where_one_must_be(void **state)
{
	(void)state;
	struct fault fault;
	_cleanup_(text_release) struct text out = {0};
	Google__Protobuf__Timestamp *times[] = {NULL};
	Google__Protobuf__Value *values[] = {NULL};
	Google__Protobuf__Int32Value *numbers[] = {NULL};
	Every every = {.n_many_at = 1,
		       .many_at = times,
		       .n_many_value = 1,
		       .many_value = values,
		       .n_many_maybe = 1,
		       .many_maybe = numbers};
	assert_int_equal(message_to_json(EVERY, &every, &out, &fault), ASH_OK);
	assert_string_equal(out.at, "{\"manyAt\":[\"1970-01-01T00:00:00Z\"],\"manyValue\":[null],"
				    "\"manyMaybe\":[0]}");
}

static void memory_may_run_out(void **state)
{
	(void)state;
	static const char JSON[] =
		"{\"text\":\"a\\nb\",\"inner\":{\"name\":\"x\"},\"raw\":\"AAAA\","
		"\"manyInt32\":[1,2,3,4,5],\"counts\":{\"a\":1,\"b\":2},"
		"\"data\":{\"a\":[1,2]},\"mask\":\"aB\",\"aDouble\":0.123456789012345678}";
	for (long n = 1;; n++) {
		struct fault fault;
		struct arena arena = {0};
		struct text out = {0};
		Every every = {.an_int32 = 3};
		mem_fail_from(n);
		ash_status status = message_from_json(EVERY, str_of(JSON), &arena, &every, &fault);
		if (status == ASH_OK)
			status = message_to_json(EVERY, &every, &out, &fault);
		bool failed = mem_fail_never();
		assert_int_equal(status, failed ? ASH_RESOURCE_EXHAUSTED : ASH_OK);
		arena_release(&arena);
		text_release(&out);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_that_are_read),
		cmocka_unit_test(well_known_types),
		cmocka_unit_test(an_any_holds_known_types),
		cmocka_unit_test(what_is_wrong),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(numbers_do_not_depend_on_the_locale),
		cmocka_unit_test(structs_that_cannot_be_written),
		cmocka_unit_test(empty_messages_where_one_must_be),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
