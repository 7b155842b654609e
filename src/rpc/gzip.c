/* SPDX-License-Identifier: Apache-2.0 */
/* gzip over zlib, whose memory comes from base/mem.h. Knows no protocol.
 *
 * Invariant: what comes out is counted piece by piece, so a bomb costs a piece over the limit. */
#include "rpc/gzip.h"

#include <limits.h>
#include <zlib.h>

/* zlib's window of 32 KiB, and a head of gzip. */
enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, PIECE = 16 * 1024 };

static voidpf allocate(voidpf context, uInt count, uInt size)
{
	(void)context;
	return mem_alloc((size_t)count * size);
}

static void deallocate(voidpf context, voidpf memory)
{
	(void)context;
	mem_free(memory);
}

static z_stream begin(struct str bytes)
{
	return (z_stream){
		.zalloc = allocate,
		.zfree = deallocate,
		.next_in = (Bytef *)(uintptr_t)bytes.at,
		.avail_in = (uInt)bytes.length,
	};
}

/* Adds what was made of the piece. */
static void add_piece(struct text *out, const char *piece, const z_stream *stream)
{
	text_add(out, (struct str){piece, PIECE - stream->avail_out});
}

ash_status rpc_gzip(struct str bytes, struct text *out, struct fault *fault)
{
	z_stream stream = begin(bytes);
	char piece[PIECE];
	if (bytes.length > UINT_MAX)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "the body is too large for gzip");
	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return fault_memory(fault);
	int result = Z_OK;
	while (result == Z_OK && !out->failed) {
		stream.next_out = (Bytef *)piece;
		stream.avail_out = PIECE;
		result = deflate(&stream, Z_FINISH);
		add_piece(out, piece, &stream);
	}
	deflateEnd(&stream);
	return result == Z_STREAM_END && !out->failed ? ASH_OK : fault_memory(fault);
}

/* Takes pieces until the end, an error, or more than the limit came. */
static int expand(z_stream *stream, size_t limit, struct text *out)
{
	char piece[PIECE];
	int result = Z_OK;
	while (result == Z_OK && !out->failed && stream->total_out <= limit) {
		stream->next_out = (Bytef *)piece;
		stream->avail_out = PIECE;
		result = inflate(stream, Z_NO_FLUSH);
		add_piece(out, piece, stream);
	}
	return result;
}

ash_status rpc_gunzip(struct str gzip, size_t limit, struct text *out, struct fault *fault)
{
	z_stream stream = begin(gzip);
	if (gzip.length > UINT_MAX)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "the body is too large for gzip");
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return fault_memory(fault);
	int result = expand(&stream, limit, out);
	size_t made = stream.total_out, left = stream.avail_in;
	inflateEnd(&stream);
	if (out->failed || result == Z_MEM_ERROR)
		return fault_memory(fault);
	if (made > limit)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the message is larger than %zu bytes once uncompressed", limit);
	if (result != Z_STREAM_END || left > 0)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "the body is not valid gzip");
	return ASH_OK;
}
