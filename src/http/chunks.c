/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies in chunks: a machine that takes framing byte by byte and data in runs, so that it can
 * be cut anywhere. Knows no socket. */
#include <string.h>

#include "http/parse.h"
#include "http/token.h"

enum stage {
	STAGE_SIZE,      /* hex digits */
	STAGE_BLANK,     /* blanks between the size and a ';' */
	STAGE_EXTENSION, /* up to CR */
	STAGE_SIZE_LF,
	STAGE_DATA,
	STAGE_DATA_CR,
	STAGE_DATA_LF,
	STAGE_TRAILER,      /* at the start of a trailer line */
	STAGE_TRAILER_NAME, /* up to ':' */
	STAGE_TRAILER_VALUE,
	STAGE_TRAILER_LF,
	STAGE_END_LF,
	STAGE_DONE,
};

static bool refuse(struct http_chunks *chunks, uint16_t status, const char *why)
{
	chunks->status = status;
	chunks->why = why;
	return false;
}

/* A hex digit of the size. 16 digits fit; with a 17th, a leading zero or not, nobody needs it. */
static bool size_digit(struct http_chunks *chunks, int digit)
{
	if (chunks->digits == 16)
		return refuse(chunks, 400, "a chunk's size is too long");
	chunks->digits++;
	chunks->left = chunks->left << 4 | (uint64_t)digit;
	return true;
}

static bool after_size(struct http_chunks *chunks, char byte)
{
	if (byte == ';')
		chunks->stage = STAGE_EXTENSION;
	else if (byte == ' ' || byte == '\t')
		chunks->stage = STAGE_BLANK;
	else if (byte == '\r' && chunks->stage == STAGE_SIZE)
		chunks->stage = STAGE_SIZE_LF;
	else
		return refuse(chunks, 400, "a chunk's size is not a hexadecimal number");
	return true;
}

static bool extension(struct http_chunks *chunks, char byte)
{
	if (byte == '\r') {
		chunks->stage = STAGE_SIZE_LF;
		return true;
	}
	if (!(http_chars[(unsigned char)byte] & HTTP_CHAR_VALUE))
		return refuse(chunks, 400, "a chunk extension holds a control character");
	if (++chunks->extensions > HTTP_EXTENSION_LIMIT)
		return refuse(chunks, 400, "there are too many chunk extensions");
	return true;
}

static bool size_end(struct http_chunks *chunks, char byte, uint64_t limit)
{
	if (byte != '\n')
		return refuse(chunks, 400, "a chunk's size does not end in CRLF");
	if (chunks->left > limit || chunks->total > limit - chunks->left)
		return refuse(chunks, 413, "the body is too large");
	chunks->total += chunks->left;
	chunks->stage = chunks->left ? STAGE_DATA : STAGE_TRAILER;
	chunks->line = 0;
	chunks->digits = 0;
	return true;
}

static bool size_line(struct http_chunks *chunks, char byte, uint64_t limit)
{
	if (++chunks->line > HTTP_CHUNK_LINE_LIMIT)
		return refuse(chunks, 400, "a chunk's size line is too long");
	if (chunks->stage == STAGE_SIZE_LF)
		return size_end(chunks, byte, limit);
	if (chunks->stage == STAGE_EXTENSION)
		return extension(chunks, byte);
	int digit = chunks->stage == STAGE_SIZE ? http_hex(byte) : -1;
	if (digit >= 0)
		return size_digit(chunks, digit);
	if (!chunks->digits)
		return refuse(chunks, 400, "a chunk's size is not a hexadecimal number");
	return after_size(chunks, byte);
}

static bool data_end(struct http_chunks *chunks, char byte)
{
	if (byte != (chunks->stage == STAGE_DATA_CR ? '\r' : '\n'))
		return refuse(chunks, 400, "a chunk's data does not end in CRLF");
	chunks->stage = chunks->stage == STAGE_DATA_CR ? STAGE_DATA_LF : STAGE_SIZE;
	return true;
}

static bool trailer_name(struct http_chunks *chunks, char byte)
{
	if (byte == '\r' && chunks->stage == STAGE_TRAILER)
		chunks->stage = STAGE_END_LF;
	else if (byte == ':' && chunks->stage == STAGE_TRAILER_NAME)
		chunks->stage = STAGE_TRAILER_VALUE;
	else if (http_chars[(unsigned char)byte] & HTTP_CHAR_TOKEN)
		chunks->stage = STAGE_TRAILER_NAME;
	else
		return refuse(chunks, 400, "a trailer line is not: name, colon, value");
	return true;
}

static bool trailer_value(struct http_chunks *chunks, char byte)
{
	if (byte == '\r')
		chunks->stage = STAGE_TRAILER_LF;
	else if (!(http_chars[(unsigned char)byte] & HTTP_CHAR_VALUE))
		return refuse(chunks, 400, "a trailer line holds a control character");
	return true;
}

static bool trailer(struct http_chunks *chunks, char byte)
{
	if (++chunks->line > HTTP_TRAILER_LIMIT)
		return refuse(chunks, 431, "the trailer section is too long");
	if (chunks->stage == STAGE_TRAILER || chunks->stage == STAGE_TRAILER_NAME)
		return trailer_name(chunks, byte);
	if (chunks->stage == STAGE_TRAILER_VALUE)
		return trailer_value(chunks, byte);
	if (byte != '\n')
		return refuse(chunks, 400, "a trailer line does not end in CRLF");
	chunks->stage = chunks->stage == STAGE_END_LF ? STAGE_DONE : STAGE_TRAILER;
	return true;
}

static bool frame(struct http_chunks *chunks, char byte, uint64_t limit)
{
	if (chunks->stage <= STAGE_SIZE_LF)
		return size_line(chunks, byte, limit);
	if (chunks->stage == STAGE_DATA_CR || chunks->stage == STAGE_DATA_LF)
		return data_end(chunks, byte);
	return trailer(chunks, byte);
}

/* Moves what there is of this chunk's data. */
static size_t take_data(struct http_chunks *chunks, const char *in, size_t length, char *out)
{
	size_t run = chunks->left < length ? (size_t)chunks->left : length;
	memmove(out, in, run);
	chunks->left -= run;
	if (!chunks->left)
		chunks->stage = STAGE_DATA_CR;
	return run;
}

enum http_parse http_chunks_decode(struct http_chunks *chunks, const char *in, size_t length,
				   char *out, uint64_t limit, size_t *consumed, size_t *produced)
{
	size_t at = 0, made = 0;
	bool good = chunks->status == 0;
	while (good && at < length && chunks->stage != STAGE_DONE) {
		if (chunks->stage == STAGE_DATA) {
			size_t run = take_data(chunks, in + at, length - at, out + made);
			at += run;
			made += run;
		} else {
			good = frame(chunks, in[at++], limit);
		}
	}
	*consumed = at;
	*produced = made;
	if (!good)
		return HTTP_PARSE_BAD;
	return chunks->stage == STAGE_DONE ? HTTP_PARSE_DONE : HTTP_PARSE_MORE;
}
