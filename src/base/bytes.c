/* SPDX-License-Identifier: Apache-2.0 */
/* One loop over vectors of bytes, compiled for what every processor has and for AVX2; which one
 * runs is asked at run time. The vectors are the compilers' own, so that there is no other loop
 * for other processors. Must not know what the bytes mean. */
#include "base/bytes.h"

#include "base/wide.h"

enum { LANES = 32, ROUNDS = 254 };

typedef unsigned char lanes __attribute__((vector_size(LANES)));
typedef unsigned short wide_lanes __attribute__((vector_size(LANES)));

static const lanes NEWLINES = {10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
			       10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};

/* Each lane counts in a byte, which is emptied before it overflows. */
static inline __attribute__((always_inline)) struct bytes_survey survey(struct str bytes)
{
	const char *at = bytes.at, *end = at + bytes.length;
	struct bytes_survey out = {0};
	lanes high = {0};
	while (end - at >= LANES) {
		lanes counts = {0};
		const char *pause = end - at > ROUNDS * LANES ? at + ROUNDS * LANES : end;
		for (; pause - at >= 2 * LANES; at += 2 * LANES) {
			lanes here, next;
			memcpy(&here, at, LANES);
			memcpy(&next, at + LANES, LANES);
			counts -= (lanes)(here == NEWLINES);
			counts -= (lanes)(next == NEWLINES);
			high |= here | next;
		}
		if (pause - at >= LANES) {
			lanes here;
			memcpy(&here, at, LANES);
			counts -= (lanes)(here == NEWLINES);
			high |= here;
			at += LANES;
		}
		wide_lanes pairs = ((wide_lanes)counts >> 8) + ((wide_lanes)counts & 0xFF);
		for (int i = 0; i < LANES / 2; i++)
			out.newlines += pairs[i];
	}
	unsigned char all = 0;
	for (int i = 0; i < LANES; i++)
		all |= high[i];
	for (; at < end; at++) {
		out.newlines += *at == '\n';
		all |= (unsigned char)*at;
	}
	out.has_high = all > 0x7F;
	return out;
}

#ifdef HAVE_WIDE

wide_code static struct bytes_survey survey_wide(struct str bytes)
{
	return survey(bytes);
}

#endif

struct bytes_survey bytes_survey(struct str bytes)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return survey_wide(bytes);
#endif
	return survey(bytes);
}
