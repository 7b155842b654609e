/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files for the scanners. Knows no language.
 *
 * A rest may be left out when no reference or declaration begins in it, and when what began in
 * the first piece did not go on behind its end: the first the language's own function tells
 * of whole lines, the second the scanner notes in the facts. In any other case the file is
 * read as a whole. */
#include "scan/reader.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "scan/scanner.h"

enum { BINARY_PROBE = 8000 };

/* What of a file is behind its first piece, and was only gone over. */
struct rest {
	size_t size;
	uint32_t lines;
	bool not_utf8;
};

void reader_release(struct reader *reader)
{
	mem_free(reader->buffer);
	mem_free(reader->lines);
	*reader = (struct reader){0};
}

static size_t piece_of(const struct reader *reader)
{
	return reader->piece ? reader->piece : READER_PIECE;
}

/* Reads on into the buffer, up to `limit` bytes in all. Whether that was the file's end, or -1
 * with errno. A regular file gives less than asked for only at its end. */
static int read_on(struct reader *reader, int fd, size_t limit)
{
	if (!mem_reserve(&reader->buffer, &reader->capacity, limit + SCANNER_PADDING, 1)) {
		errno = ENOMEM;
		return -1;
	}
	size_t room = limit - reader->size;
	ssize_t got = file_read_some(fd, reader->buffer + reader->size, room, (off_t)reader->size);
	if (got < 0)
		return -1;
	reader->size += (size_t)got;
	memset(reader->buffer + reader->size, 0, SCANNER_PADDING);
	return (size_t)got < room;
}

static int read_whole(struct reader *reader, int fd)
{
	for (size_t limit = reader->size * 2;; limit *= 2) {
		if (limit > READER_FILE_LIMIT)
			limit = READER_FILE_LIMIT + 1;
		int ended = read_on(reader, fd, limit);
		if (ended != 0)
			return ended < 0 ? -1 : 0;
		if (limit > READER_FILE_LIMIT) {
			errno = EFBIG;
			return -1;
		}
	}
}

/* ---- the rest of a long file ---- */

/* Bytes up to behind the last newline; 0 when there is none. */
static size_t whole_lines(const char *bytes, size_t size)
{
	const char *newline = memrchr(bytes, '\n', size);
	return newline ? (size_t)(newline + 1 - bytes) : 0;
}

static void survey(struct rest *rest, struct str part)
{
	struct bytes_survey seen = bytes_survey(part);
	rest->size += part.length;
	rest->lines += (uint32_t)seen.newlines;
	rest->lines += part.length > 0 && part.at[part.length - 1] != '\n';
	rest->not_utf8 = rest->not_utf8 || (seen.has_high && !utf8_valid(part));
}

/* Goes over what is behind the first `kept` bytes of the file, of which the buffer has more.
 * Returns 1 when nothing begins there, 0 when that is not known, -1 with errno. */
static int skim(struct reader *reader, int fd, enum language language, struct str path, size_t kept,
		struct rest *rest)
{
	size_t piece = piece_of(reader), size = reader->size - kept;
	size_t offset = reader->size;
	if (!reader->lines && !(reader->lines = mem_alloc(piece + SCANNER_PADDING))) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(reader->lines, reader->buffer + kept, size);
	for (bool ended = false; !ended;) {
		size_t room = piece - size;
		ssize_t got = file_read_some(fd, reader->lines + size, room, (off_t)offset);
		if (got < 0)
			return -1;
		size += (size_t)got;
		offset += (size_t)got;
		ended = (size_t)got < room;
		size_t end = ended ? size : whole_lines(reader->lines, size);
		struct str part = {reader->lines, end};
		memset(reader->lines + size, 0, SCANNER_PADDING);
		if (offset > READER_FILE_LIMIT) {
			errno = EFBIG;
			return -1;
		}
		if ((end == 0 && !ended) || !scan_is_idle(language, path, part))
			return 0;
		survey(rest, part);
		size -= end;
		memmove(reader->lines, reader->lines + end, size);
	}
	return 1;
}

/* Leaves of a long file only the first piece in the buffer, if the rest may be left out. */
static int read_source(struct reader *reader, int fd, enum language language, struct str path,
		       struct rest *rest)
{
	reader->size = 0;
	int ended = read_on(reader, fd, piece_of(reader));
	if (ended != 0)
		return ended < 0 ? -1 : 0;
	size_t kept = whole_lines(reader->buffer, reader->size);
	int idle = kept > 0 && scan_can_be_idle(language)
			   ? skim(reader, fd, language, path, kept, rest)
			   : 0;
	if (idle < 0)
		return -1;
	if (idle == 0) {
		*rest = (struct rest){0};
		return read_whole(reader, fd);
	}
	reader->size = kept;
	memset(reader->buffer + kept, 0, SCANNER_PADDING);
	return 0;
}

/* ---- scanning ---- */

static void clear(struct facts *facts)
{
	*facts = (struct facts){
		.references = facts->references,
		.reference_capacity = facts->reference_capacity,
		.declarations = facts->declarations,
		.declaration_capacity = facts->declaration_capacity,
	};
}

static void scan(const struct reader *reader, enum language language, struct str path,
		 struct arena *arena, struct facts *facts)
{
	clear(facts);
	scan_source(language, path, (struct str){reader->buffer, reader->size}, arena, facts);
}

int reader_scan(struct reader *reader, int fd, enum language language, struct str path,
		struct arena *arena, struct facts *facts)
{
	struct rest rest = {0};
	if (read_source(reader, fd, language, path, &rest) < 0)
		return -1;
	if (memchr(reader->buffer, 0, reader->size < BINARY_PROBE ? reader->size : BINARY_PROBE)) {
		errno = EILSEQ;
		return -1;
	}
	scan(reader, language, path, arena, facts);
	if (rest.size > 0 && facts->is_cut) {
		if (read_whole(reader, fd) < 0)
			return -1;
		rest = (struct rest){0};
		scan(reader, language, path, arena, facts);
	}
	facts->lines += rest.lines;
	facts->not_utf8 = facts->not_utf8 || rest.not_utf8;
	return 0;
}
