/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that make SQLite answer as PostgreSQL does: the time of the transaction, LIKE, casts
 * and a few that it does not have. Knows no table. */
#include "sqlite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void now_of_transaction(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct sqlite_session *session = sqlite3_user_data(context);
	(void)count;
	(void)values;
	if (session->now == 0) {
		struct timespec time;
		clock_gettime(CLOCK_REALTIME, &time);
		session->now = (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
	}
	sqlite3_result_int64(context, session->now);
}

/* Bytes of the character that starts here. */
static size_t character(struct str text)
{
	size_t length = 1;
	while (length < text.length && ((unsigned char)text.at[length] & 0xC0) == 0x80)
		length++;
	return length;
}

/* LIKE with % _ and an escape character; 0 for none. Each % that matched needlessly little is
 * tried again only after the last one: at most pattern times text steps. */
static bool like(struct str pattern, struct str text, char escape)
{
	struct str retry_pattern = {0}, retry_text = {0};
	while (text.length > 0 || pattern.length > 0) {
		char byte = pattern.length ? pattern.at[0] : '\0';
		size_t skip = byte && byte == escape && pattern.length > 1;
		if (byte == '%' && byte != escape) {
			pattern = str_from(pattern, 1);
			retry_pattern = pattern;
			retry_text = text;
			continue;
		}
		if (pattern.length && text.length && byte == '_' && byte != escape) {
			pattern = str_from(pattern, 1);
			text = str_from(text, character(text));
			continue;
		}
		if (pattern.length > skip && text.length && pattern.at[skip] == text.at[0]) {
			pattern = str_from(pattern, 1 + skip);
			text = str_from(text, 1);
			continue;
		}
		if (!retry_pattern.at || retry_text.length == 0)
			return false;
		retry_text = str_from(retry_text, character(retry_text));
		text = retry_text;
		pattern = retry_pattern;
	}
	return true;
}

static struct str text_of(sqlite3_value *value)
{
	const char *at = (const char *)sqlite3_value_text(value);
	return (struct str){at, at ? (size_t)sqlite3_value_bytes(value) : 0};
}

/* like(pattern, text [, escape]) */
static void like_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	for (int i = 0; i < count; i++)
		if (sqlite3_value_type(values[i]) == SQLITE_NULL)
			return;
	struct str escape = count == 3 ? text_of(values[2]) : STR("\\");
	struct str pattern = text_of(values[0]), text = text_of(values[1]);
	if (!pattern.at || !text.at) {
		sqlite3_result_error_nomem(context);
		return;
	}
	if (escape.length > 1) {
		sqlite3_result_error(context, "the escape of LIKE is one character of ASCII", -1);
		return;
	}
	sqlite3_result_int(context, like(pattern, text, escape.length ? escape.at[0] : '\0'));
}

/* A real to the nearest integer, as PostgreSQL casts it; and a text that is an integer. */
static bool to_integer(sqlite3_value *value, int64_t *out)
{
	int type = sqlite3_value_type(value);
	if (type == SQLITE_INTEGER) {
		*out = sqlite3_value_int64(value);
		return true;
	}
	if (type == SQLITE_FLOAT) {
		double rounded = rint(sqlite3_value_double(value));
		*out = fabs(rounded) < 9223372036854775808.0 ? (int64_t)rounded : 0;
		return fabs(rounded) < 9223372036854775808.0;
	}
	struct str text = str_trim(text_of(value));
	char *end = NULL;
	errno = 0;
	*out = text.length ? strtoll(text.at, &end, 10) : 0;
	return end && end == text.at + text.length && errno == 0;
}

static void cast_integer(sqlite3_context *context, sqlite3_value *value, int64_t least,
			 int64_t most)
{
	int64_t integer;
	if (sqlite3_value_type(value) == SQLITE_NULL)
		return;
	if (!to_integer(value, &integer))
		sqlite3_result_error(context, "what is cast to an integer is none", -1);
	else if (integer < least || integer > most)
		sqlite3_result_error_toobig(context);
	else
		sqlite3_result_int64(context, integer);
}

static void cast_bigint_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	cast_integer(context, values[0], INT64_MIN, INT64_MAX);
}

static void cast_integer_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	cast_integer(context, values[0], INT32_MIN, INT32_MAX);
}

static void cast_double_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	if (sqlite3_value_type(values[0]) != SQLITE_TEXT) {
		sqlite3_result_double(context, sqlite3_value_double(values[0]));
		return;
	}
	struct str text = str_trim(text_of(values[0]));
	char *end = NULL;
	double real = text.length ? strtod(text.at, &end) : 0;
	if (end && end == text.at + text.length)
		sqlite3_result_double(context, real);
	else
		sqlite3_result_error(context, "what is cast to a double precision is none", -1);
}

/* The shortest text that reads back as the same number, as PostgreSQL has it. */
static void real_text(sqlite3_context *context, double real)
{
	char text[32];
	int digits = 15, length;
	do
		length = snprintf(text, sizeof text, "%.*g", digits, real);
	while (strtod(text, NULL) != real && digits++ < 17);
	sqlite3_result_text(context, text, length, SQLITE_TRANSIENT);
}

static void cast_text_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	if (sqlite3_value_type(values[0]) == SQLITE_FLOAT) {
		real_text(context, sqlite3_value_double(values[0]));
		return;
	}
	struct str text = text_of(values[0]);
	if (text.at)
		sqlite3_result_text(context, text.at, (int)text.length, SQLITE_TRANSIENT);
	else
		sqlite3_result_error_nomem(context);
}

static int compare(sqlite3_value *a, sqlite3_value *b)
{
	int type = sqlite3_value_type(a);
	if (type == SQLITE_TEXT || type == SQLITE_BLOB)
		return str_compare(text_of(a), text_of(b));
	if (type == SQLITE_INTEGER && sqlite3_value_type(b) == SQLITE_INTEGER) {
		int64_t x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
		return (x > y) - (x < y);
	}
	double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
	return (x > y) - (x < y);
}

/* greatest() and least(), which skip NULL; the data of the function is the sign. */
static void extreme_function(sqlite3_context *context, int count, sqlite3_value **values)
{
	const int *sign = sqlite3_user_data(context);
	sqlite3_value *best = NULL;
	for (int i = 0; i < count; i++)
		if (sqlite3_value_type(values[i]) != SQLITE_NULL &&
		    (!best || compare(values[i], best) * *sign > 0))
			best = values[i];
	if (best)
		sqlite3_result_value(context, best);
}

/* string_agg(text, separator) */
struct aggregate {
	sqlite3_str *text;
};

static void string_agg_step(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL)
		return;
	struct aggregate *aggregate = sqlite3_aggregate_context(context, sizeof *aggregate);
	if (!aggregate) {
		sqlite3_result_error_nomem(context);
		return;
	}
	struct str separator = text_of(values[1]), text = text_of(values[0]);
	if (!aggregate->text)
		aggregate->text = sqlite3_str_new(sqlite3_context_db_handle(context));
	else
		sqlite3_str_append(aggregate->text, separator.at ? separator.at : "",
				   (int)separator.length);
	sqlite3_str_append(aggregate->text, text.at ? text.at : "", (int)text.length);
}

static void string_agg_final(sqlite3_context *context)
{
	struct aggregate *aggregate = sqlite3_aggregate_context(context, 0);
	if (!aggregate || !aggregate->text)
		return;
	int code = sqlite3_str_errcode(aggregate->text),
	    length = sqlite3_str_length(aggregate->text);
	char *text = sqlite3_str_finish(aggregate->text);
	if (code != SQLITE_OK) {
		sqlite3_free(text);
		sqlite3_result_error_code(context, code);
	} else {
		sqlite3_result_text(context, text ? text : "", length,
				    text ? sqlite3_free : SQLITE_STATIC);
	}
}

#define PURE (SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS)

int sqlite_add_functions(struct sqlite_session *session)
{
	static const int greatest = 1, least = -1;
	const struct {
		const char *name;
		int arguments;
		int flags;
		const void *data;
		void (*function)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{"now", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, session, now_of_transaction},
		{"like", 2, PURE, NULL, like_function},
		{"like", 3, PURE, NULL, like_function},
		{"ashlar_bigint", 1, PURE, NULL, cast_bigint_function},
		{"ashlar_integer", 1, PURE, NULL, cast_integer_function},
		{"ashlar_double", 1, PURE, NULL, cast_double_function},
		{"ashlar_text", 1, PURE, NULL, cast_text_function},
		{"greatest", -1, PURE, &greatest, extreme_function},
		{"least", -1, PURE, &least, extreme_function},
	};
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		int code = sqlite3_create_function(
			session->db, functions[i].name, functions[i].arguments, functions[i].flags,
			(void *)functions[i].data, functions[i].function, NULL, NULL);
		if (code != SQLITE_OK)
			return code;
	}
	return sqlite3_create_function(session->db, "string_agg", 2, PURE, NULL, NULL,
				       string_agg_step, string_agg_final);
}
