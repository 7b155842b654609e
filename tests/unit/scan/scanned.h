/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SCANNED_H
#define TEST_SCANNED_H

#include "scan/scanner.h"

/* What one scan of a source found. */
struct scanned {
	struct arena arena;
	struct facts facts;
};

/* Scans a source as a file of that path. Behind its padding nothing may be read, and nothing of it
 * is there afterwards. */
void scanned_make(struct scanned *scanned, enum language language, const char *path,
		  struct str source);
void scanned_release(struct scanned *scanned);

/* Scans, and expects "LINE:COLUMN KIND TARGET" and `end` for each reference, in their order. */
void scanned_expect(enum language language, const char *path, struct str source, const char *end,
		    const char *expected);

/* Fails each allocation of a scan in turn, which must say so, until none fails: then there are
 * `count` references. */
void scanned_without_memory(enum language language, const char *path, struct str source,
			    size_t count);

#endif
