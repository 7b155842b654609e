/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_RFC3339_H
#define MESSAGE_RFC3339_H

#include <stdint.h>

#include "base/text.h"

/* Times and durations as protobuf's JSON has them (RFC 3339). */

/* The range of a google.protobuf.Timestamp and, on both sides, of a Duration, in seconds. */
#define TIME_FIRST    INT64_C(-62135596800)
#define TIME_LAST     INT64_C(253402300799)
#define DURATION_MOST INT64_C(315576000000)

/* Adds "1972-01-01T10:00:20.021Z", with 0, 3, 6 or 9 digits of a second. Both are in range. */
void time_add(struct text *text, int64_t seconds, int32_t nanos);

/* Reads it, also with an offset from UTC. False when it is none, or out of range. */
bool time_read(struct str text, int64_t *seconds, int32_t *nanos);

/* Adds "-1.500s". The signs of both are the same, or one is 0. */
void duration_add(struct text *text, int64_t seconds, int32_t nanos);

/* Reads it. False when it is none, or out of range. */
bool duration_read(struct str text, int64_t *seconds, int32_t *nanos);

#endif
