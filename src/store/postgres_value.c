/* SPDX-License-Identifier: Apache-2.0 */
/* Values in PostgreSQL's binary form. Knows no connection. */
#include "postgres.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_UNKNOWN = 705,
	OID_VARCHAR = 1043,
	OID_TIMESTAMPTZ = 1184,
	OID_NUMERIC = 1700,
	OID_VOID = 2278,
};

/* Microseconds from 1970 to 2000, where PostgreSQL's time begins. */
#define EPOCH 946684800000000

Oid postgres_type(const ash_value *value)
{
	static const Oid TYPES[] = {
		[ASH_TYPE_NULL] = 0,
		[ASH_TYPE_BOOL] = OID_BOOL,
		[ASH_TYPE_INT] = OID_INT8,
		[ASH_TYPE_REAL] = OID_FLOAT8,
		[ASH_TYPE_TEXT] = OID_TEXT,
		[ASH_TYPE_BYTES] = OID_BYTEA,
		[ASH_TYPE_TIME] = OID_TIMESTAMPTZ,
	};
	return TYPES[value->type];
}

static int64_t shift_time(int64_t from_1970)
{
	int64_t shifted;
	return __builtin_sub_overflow(from_1970, EPOCH, &shifted) ? INT64_MIN : shifted;
}

static void encode(const ash_value *value, size_t i, struct postgres_values *out)
{
	uint64_t number = 0;
	out->formats[i] = 1;
	out->at[i] = (const char *)&out->numbers[i];
	out->lengths[i] = 8;
	switch (value->type) {
	case ASH_TYPE_NULL: out->at[i] = NULL; return;
	case ASH_TYPE_BOOL:
		*(char *)&out->numbers[i] = value->boolean;
		out->lengths[i] = 1;
		return;
	case ASH_TYPE_INT: number = (uint64_t)value->integer; break;
	case ASH_TYPE_TIME: number = (uint64_t)shift_time(value->integer); break;
	case ASH_TYPE_REAL: memcpy(&number, &value->real, sizeof number); break;
	case ASH_TYPE_TEXT:
	case ASH_TYPE_BYTES:
		out->at[i] = value->bytes.at ? value->bytes.at : "";
		out->lengths[i] = (int)value->bytes.length;
		return;
	}
	out->numbers[i] = htobe64(number);
}

void postgres_encode(const ash_value *values, size_t count, struct postgres_values *out)
{
	for (size_t i = 0; i < count; i++)
		encode(&values[i], i, out);
}

bool postgres_knows(Oid type)
{
	switch (type) {
	case OID_BOOL:
	case OID_BYTEA:
	case OID_NAME:
	case OID_INT8:
	case OID_INT2:
	case OID_INT4:
	case OID_TEXT:
	case OID_FLOAT4:
	case OID_FLOAT8:
	case OID_UNKNOWN:
	case OID_VARCHAR:
	case OID_TIMESTAMPTZ:
	case OID_NUMERIC:
	case OID_VOID: return true;
	default: return false;
	}
}

static uint16_t read16(const char *at)
{
	uint16_t value;
	memcpy(&value, at, sizeof value);
	return be16toh(value);
}

static uint32_t read32(const char *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return be32toh(value);
}

static uint64_t read64(const char *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return be64toh(value);
}

/* Digits of base 10,000 with the place of the first, a sign and a scale for show. Sums and averages
 * are of this type: an integer where it is one, else a real. */
static ash_value decode_numeric(const char *at, size_t length)
{
	int digits = length >= 8 ? (int16_t)read16(at) : 0,
	    weight = digits ? (int16_t)read16(at + 2) : 0;
	uint16_t sign = length >= 8 ? read16(at + 4) : 0xC000;
	if (sign != 0 && sign != 0x4000)
		return ash_real(sign == 0xD000 ? INFINITY : sign == 0xF000 ? -INFINITY : NAN);
	int64_t integer = 0;
	double real = 0;
	bool whole = true;
	for (int i = 0; i < digits && 8 + 2 * (size_t)i + 2 <= length; i++) {
		int digit = read16(at + 8 + 2 * i);
		if (i > weight)
			whole = whole && digit == 0;
		else
			whole = whole && !__builtin_mul_overflow(integer, 10000, &integer) &&
				!__builtin_sub_overflow(integer, digit, &integer);
		real += digit * pow(10000, weight - i);
	}
	for (int i = digits; whole && i <= weight && digits; i++)
		whole = !__builtin_mul_overflow(integer, 10000, &integer);
	if (whole && (sign || integer != INT64_MIN))
		return ash_int(sign ? integer : -integer);
	return ash_real(sign ? -real : real);
}

static ash_value decode_real(const char *at, Oid type)
{
	if (type == OID_FLOAT4) {
		uint32_t bits = read32(at);
		float real;
		memcpy(&real, &bits, sizeof real);
		return ash_real((double)real);
	}
	uint64_t bits = read64(at);
	double real;
	memcpy(&real, &bits, sizeof real);
	return ash_real(real);
}

static ash_value decode_time(int64_t from_2000)
{
	int64_t time;
	return ash_time(__builtin_add_overflow(from_2000, EPOCH, &time) ? INT64_MAX : time);
}

ash_value postgres_decode(const PGresult *result, int row, int column)
{
	if (PQgetisnull(result, row, column))
		return ash_null();
	const char *at = PQgetvalue(result, row, column);
	size_t length = (size_t)PQgetlength(result, row, column);
	Oid type = PQftype(result, column);
	switch (type) {
	case OID_BOOL: return ash_bool(*at);
	case OID_INT2: return ash_int((int16_t)read16(at));
	case OID_INT4: return ash_int((int32_t)read32(at));
	case OID_INT8: return ash_int((int64_t)read64(at));
	case OID_FLOAT4:
	case OID_FLOAT8: return decode_real(at, type);
	case OID_TIMESTAMPTZ: return decode_time((int64_t)read64(at));
	case OID_NUMERIC: return decode_numeric(at, length);
	case OID_BYTEA: return ash_bytes(at, length);
	case OID_VOID: return ash_null();
	default: return ash_text_n(at, length);
	}
}
