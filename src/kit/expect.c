/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations of values, of calls and of rows. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "store/store.h"

void ash_expect_(ash_test *test, const char *file, int line, const char *expression, bool holds)
{
	const struct kit_place place = {test, file, line};
	if (!holds)
		kit_fail(&place, "%s does not hold", expression);
}

void ash_expect_int_(ash_test *test, const char *file, int line, const char *expression,
		     int64_t actual, int64_t expected)
{
	const struct kit_place place = {test, file, line};
	if (actual != expected)
		kit_fail(&place, "%s is %" PRId64 ", not %" PRId64, expression, actual, expected);
}

void ash_expect_text_(ash_test *test, const char *file, int line, const char *expression,
		      const char *actual, const char *expected)
{
	const struct kit_place place = {test, file, line};
	actual = actual ? actual : "";
	expected = expected ? expected : "";
	if (strcmp(actual, expected) != 0)
		kit_fail(&place, "%s is \"%s\", not \"%s\"", expression, actual, expected);
}

/* ---- calls ---- */

/* What the request that failed so, the last one, says. */
static const char *find_message(const ash_test *test, ash_status status)
{
	for (const struct kit_call *call = test->calls; call; call = call->next)
		if (call->request.fault.status == status)
			return call->request.fault.message;
	return "";
}

/* "orders_place" of "orders_place(call, &in, &out)". */
static struct str function_of(const char *expression)
{
	expression += strspn(expression, "( ");
	return (struct str){expression, strcspn(expression, "(")};
}

void ash_expect_status_(ash_test *test, const char *file, int line, const char *expression,
			ash_status expected, ash_status actual)
{
	const struct kit_place place = {test, file, line};
	struct str function = function_of(expression);
	if (actual == expected)
		return;
	if (actual == ASH_OK)
		kit_fail(&place, "%.*s() succeeded; it should have failed with %s",
			 STR_ARG(function), ash_status_name(expected));
	const char *message = find_message(test, actual);
	if (expected == ASH_OK)
		kit_fail(&place, "%.*s() failed with %s: %s", STR_ARG(function),
			 ash_status_name(actual), message);
	kit_fail(&place, "%.*s() failed with %s, not with %s: %s", STR_ARG(function),
		 ash_status_name(actual), ash_status_name(expected), message);
}

void ash_expect_message_(ash_test *test, const char *file, int line, const char *part)
{
	const struct kit_place place = {test, file, line};
	const char *message = "";
	for (const struct kit_call *call = test->calls; call && !*message; call = call->next)
		message = call->request.fault.message;
	if (!strstr(message, part))
		kit_fail(&place, "the failure says \"%s\", without \"%s\"", message, part);
}

/* ---- rows ---- */

static void add_value(struct text *out, ash_value value)
{
	switch (value.type) {
	case ASH_TYPE_NULL: return;
	case ASH_TYPE_BOOL: text_add_byte(out, value.boolean ? '1' : '0'); return;
	case ASH_TYPE_INT:
	case ASH_TYPE_TIME: text_addf(out, "%" PRId64, value.integer); return;
	case ASH_TYPE_REAL: text_addf(out, "%.15g", value.real); return;
	case ASH_TYPE_TEXT:
	case ASH_TYPE_BYTES:
		text_add(out, (struct str){value.bytes.at, value.bytes.length});
		return;
	}
}

/* All rows, each with a line feed after it. */
static ash_status read_rows(ash_test *test, const struct member *member, const char *sql,
			    struct text *out, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ASH_TRY(store_acquire_begun(test->host.store, clock_monotonic() + KIT_PATIENCE,
				    member->index, STORE_READ, &session, fault));
	ASH_TRY(store_query(session, sql, NULL, 0, &rows, fault));
	while (store_next(rows)) {
		for (int i = 0; i < store_columns(rows); i++) {
			if (i)
				text_add_byte(out, '|');
			add_value(out, store_get(rows, i));
		}
		text_add_byte(out, '\n');
	}
	return store_end(rows, fault);
}

static void add_lines(struct text *message, struct str lines)
{
	struct str line;
	if (lines.length == 0)
		text_add(message, STR("\n    (none)"));
	while (lines.length && str_split(&lines, '\n', &line))
		text_addf(message, "\n    %.*s", STR_ARG(line));
}

void ash_expect_rows_(ash_test *test, const char *file, int line, const char *module,
		      const char *sql, const char *const *rows)
{
	const struct kit_place place = {test, file, line};
	const struct member *member = kit_member(&place, module);
	_cleanup_(text_release) struct text actual = {0}, expected = {0};
	struct text message = {0};
	struct fault fault;
	ash_status status = read_rows(test, member, sql, &actual, &fault);
	if (status != ASH_OK)
		text_release(&actual); /* what fails does not return */
	kit_require(&place, status, sql, &fault);
	for (const char *const *row = rows + 1; *row; row++)
		text_addf(&expected, "%s\n", *row);
	if (str_equal(text_str(&actual), text_str(&expected)) && !actual.failed && !expected.failed)
		return;
	text_addf(&message, "%s\n  gives", sql);
	add_lines(&message, text_str(&actual));
	text_add(&message, STR("\n  and not"));
	add_lines(&message, text_str(&expected));
	text_release(&actual);
	text_release(&expected);
	kit_fail_text(&place, &message);
}
