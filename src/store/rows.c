/* SPDX-License-Identifier: Apache-2.0 */
/* The values of rows, and what they convert to. Knows no database. Invariant: a value is converted
 * only where it can be converted back. */
#include "engine.h"

#include <math.h>

bool store_next(struct store_rows *rows)
{
	rows->at_row =
		!rows->closed && rows->status == ASH_OK && rows->session->store->engine->next(rows);
	return rows->at_row;
}

int store_columns(const struct store_rows *rows)
{
	return rows->columns;
}

const char *store_column_name(const struct store_rows *rows, int column)
{
	if (rows->closed || column < 0 || column >= rows->columns)
		return "";
	return rows->session->store->engine->column_name(rows, column);
}

/* The first failure of the rows is the one that is told. */
static void fail(struct store_rows *rows, int column, const char *what)
{
	if (rows->status != ASH_OK)
		return;
	rows->status =
		fault_set(&rows->session->fault, ASH_INVALID_ARGUMENT,
			  "column %d of a row %s: %.200s", column, what, rows->statement->sql);
}

ash_value store_get(const struct store_rows *rows, int column)
{
	if (!rows->at_row || column < 0 || column >= rows->columns)
		return ash_null();
	return rows->session->store->engine->cell(rows, column);
}

/* As store_get(), where asking for what is not there is a mistake. */
static ash_value get(struct store_rows *rows, int column)
{
	if (!rows->at_row || column < 0 || column >= rows->columns)
		fail(rows, column, rows->at_row ? "is not there" : "was asked for without a row");
	return store_get(rows, column);
}

bool store_is_null(const struct store_rows *rows, int column)
{
	return store_get(rows, column).type == ASH_TYPE_NULL;
}

bool store_get_bool(struct store_rows *rows, int column)
{
	ash_value value = get(rows, column);
	switch (value.type) {
	case ASH_TYPE_NULL: return false;
	case ASH_TYPE_BOOL: return value.boolean;
	case ASH_TYPE_INT:
		if (value.integer == 0 || value.integer == 1)
			return value.integer;
		break;
	default: break;
	}
	fail(rows, column, "is no boolean");
	return false;
}

/* Integers that a double holds without loss, and back. */
#define EXACT_REAL 9007199254740992.0

static int64_t to_int(struct store_rows *rows, int column, const char *what)
{
	ash_value value = get(rows, column);
	switch (value.type) {
	case ASH_TYPE_NULL: return 0;
	case ASH_TYPE_BOOL: return value.boolean;
	case ASH_TYPE_INT:
	case ASH_TYPE_TIME: return value.integer;
	case ASH_TYPE_REAL:
		if (fabs(value.real) <= EXACT_REAL && value.real == floor(value.real))
			return (int64_t)value.real;
		break;
	default: break;
	}
	fail(rows, column, what);
	return 0;
}

int64_t store_get_int(struct store_rows *rows, int column)
{
	return to_int(rows, column, "is no integer");
}

int64_t store_get_time(struct store_rows *rows, int column)
{
	return to_int(rows, column, "is no time");
}

double store_get_real(struct store_rows *rows, int column)
{
	ash_value value = get(rows, column);
	switch (value.type) {
	case ASH_TYPE_NULL: return 0;
	case ASH_TYPE_REAL: return value.real;
	case ASH_TYPE_INT:
		if (fabs((double)value.integer) <= EXACT_REAL)
			return (double)value.integer;
		break;
	default: break;
	}
	fail(rows, column, "is no real");
	return 0;
}

const char *store_get_text(struct store_rows *rows, int column, size_t *length)
{
	ash_value value = get(rows, column);
	bool is_text = value.type == ASH_TYPE_TEXT;
	if (!is_text && value.type != ASH_TYPE_NULL)
		fail(rows, column, "is no text");
	if (length)
		*length = is_text ? value.bytes.length : 0;
	return is_text ? value.bytes.at : "";
}

const void *store_get_bytes(struct store_rows *rows, int column, size_t *length)
{
	ash_value value = get(rows, column);
	bool is_bytes = value.type == ASH_TYPE_BYTES || value.type == ASH_TYPE_TEXT;
	if (!is_bytes && value.type != ASH_TYPE_NULL)
		fail(rows, column, "are no bytes");
	if (length)
		*length = is_bytes ? value.bytes.length : 0;
	return is_bytes ? value.bytes.at : "";
}
