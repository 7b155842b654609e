/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLACEMENT_VALUE_H
#define PLACEMENT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* What a scalar of a deployment file may say. Internal to placement/. Each answers false, and
 * leaves `out` alone, for a text of another form. */

/* Longer times are refused: a day, in nanoseconds. */
#define VALUE_TIME_LIMIT (UINT64_C(86400) * 1000000000)

/* "500us", "800ms", "2s", "5m", "1h", as nanoseconds; the unit is needed. */
bool value_duration(struct str text, uint64_t *out);

/* "50%", "0.25%": basis points, 0 to 10,000. */
bool value_share(struct str text, uint32_t *out);

/* Decimal digits, at most `most`. */
bool value_count(struct str text, uint64_t most, uint64_t *out);

/* "2", "1.5": at most 6 digits before the point and 6 after it. */
bool value_factor(struct str text, double *out);

/* "127.0.0.1:8080", "[::1]:80", "host.example:80": a port from `least` on. */
bool value_endpoint(struct str text, uint64_t least);

/* "http://" or "https://" and an endpoint, without a path. */
bool value_address(struct str text);

/* A name that a certificate has, without a wildcard. */
bool value_identity(struct str text);

#endif
