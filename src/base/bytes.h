/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Passes over many bytes, as wide as the processor at hand allows. */

struct bytes_survey {
	size_t newlines;
	bool has_high; /* a byte over 0x7F: it is not all ASCII */
};

/* Looks at each byte of `bytes` once; as fast as memory. */
struct bytes_survey bytes_survey(struct str bytes);

#endif
