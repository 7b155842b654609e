/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_WIDE_H
#define BASE_WIDE_H

#include <stdbool.h>

/* Vectors of 32 bytes where the processor has them, decided when the program starts. Only the
 * few functions that read every byte of a tree come in such a variant as well:
 *
 *	#ifdef HAVE_WIDE
 *	wide_code static int find_wide(...) { ... }
 *	#endif
 *
 *	int find(...)
 *	{
 *	#ifdef HAVE_WIDE
 *		if (wide_is_here)
 *			return find_wide(...);
 *	#endif
 *		...
 *	}
 */

#if defined(__x86_64__) && defined(__SSE2__) && defined(__GNUC__)
#define HAVE_WIDE 1
/* Compiles one function for processors with AVX2 and what came with it. */
#define wide_code __attribute__((target("avx2,bmi,popcnt")))
#endif

/* Whether functions marked `wide_code` may be called. Set before main(); read only. */
extern bool wide_is_here;

/* For tests: from now on as if on a processor with (where it is one) or without AVX2. Not
 * while other threads run. */
void wide_allow(bool allowed);

#endif
