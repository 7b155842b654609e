/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_READER_H
#define SCAN_READER_H

#include "base/arena.h"
#include "base/error.h"
#include "scan/facts.h"

/* Reads files and scans them, one after another, in memory that is used again. Of a long file
 * only the first piece is kept where its language can tell that nothing begins in the rest,
 * which is gone over piece by piece: what is looked at is then always in the cache. */

/* Larger source files are reported and not scanned, in bytes. */
#define READER_FILE_LIMIT ((size_t)16 << 20)

enum { READER_PIECE = 128 << 10, READER_PIECE_LEAST = 128 };

/* A zeroed struct is a reader. */
struct reader {
	size_t piece; /* in bytes, at least READER_PIECE_LEAST; 0 for READER_PIECE */
	/* The file that was read last, or its first piece. */
	char *buffer;
	size_t capacity;
	size_t size;
	char *lines; /* of the rest, those at hand */
};

/* Frees what the reader holds; it is then empty. */
void reader_release(struct reader *reader);

/* Reads the file that is open at `fd`, from its begin, and scans it into `facts`, whose arrays
 * are used again, with copies in `arena`. `path` is for its extension. Returns 0, or -1 with
 * errno: EFBIG over READER_FILE_LIMIT, EILSEQ for a binary file (with a zero byte near its
 * start), ENOMEM, or what reading says. */
int reader_scan(struct reader *reader, int fd, enum language language, struct str path,
		struct arena *arena, struct facts *facts) must_check;

#endif
