/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_VALUE_H
#define ASHLAR_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A typed value that goes into a statement for a $1, or comes out of a row. Points to bytes,
 * never owns them. */
typedef enum ash_type {
	ASH_TYPE_NULL,
	ASH_TYPE_BOOL,
	ASH_TYPE_INT,  /* 64 bits, signed */
	ASH_TYPE_REAL, /* IEEE 754 double */
	ASH_TYPE_TEXT, /* UTF-8, without a NUL in it */
	ASH_TYPE_BYTES,
	ASH_TYPE_TIME, /* microseconds since 1970-01-01T00:00:00Z, without leap seconds */
} ash_type;

typedef struct ash_value {
	ash_type type;
	union {
		bool boolean;
		int64_t integer; /* of an ASH_TYPE_TIME too */
		double real;
		struct {
			const char *at;
			size_t length;
		} bytes; /* of an ASH_TYPE_TEXT too; not NUL-terminated unless its maker says so */
	};
} ash_value;

static inline ash_value ash_null(void)
{
	return (ash_value){.type = ASH_TYPE_NULL, .integer = 0};
}

static inline ash_value ash_bool(bool value)
{
	return (ash_value){.type = ASH_TYPE_BOOL, .boolean = value};
}

static inline ash_value ash_int(int64_t value)
{
	return (ash_value){.type = ASH_TYPE_INT, .integer = value};
}

static inline ash_value ash_real(double value)
{
	return (ash_value){.type = ASH_TYPE_REAL, .real = value};
}

static inline ash_value ash_text_n(const char *at, size_t length)
{
	return (ash_value){.type = ASH_TYPE_TEXT, .bytes = {at, length}};
}

/* A NULL pointer is the empty text, as it is in a protobuf message; for SQL's NULL say
 * ash_null(). */
static inline ash_value ash_text(const char *text)
{
	return ash_text_n(text ? text : "", text ? strlen(text) : 0);
}

static inline ash_value ash_bytes(const void *at, size_t length)
{
	return (ash_value){.type = ASH_TYPE_BYTES, .bytes = {(const char *)at, length}};
}

/* `microseconds` since 1970 in UTC. */
static inline ash_value ash_time(int64_t microseconds)
{
	return (ash_value){.type = ASH_TYPE_TIME, .integer = microseconds};
}

#ifdef __cplusplus
}
#endif

#endif
