/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_COUNT_H
#define SCAN_COUNT_H

#include <stdint.h>

/* Counts in the bytes of a source, many at a time. Every function may read up to
 * SCANNER_PADDING bytes behind `to`. */

/* Number of newlines in `from` to `to`; `*line` is then behind the last, and is left as it was
 * where there is none. */
uint32_t count_newlines(const char *from, const char *to, const char **line);

/* Number of characters in `from` to `to`: bytes that are not UTF-8's continuation bytes. */
uint32_t count_characters(const char *from, const char *to);

#endif
