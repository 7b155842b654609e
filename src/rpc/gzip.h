/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_GZIP_H
#define RPC_GZIP_H

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"

/* Bodies in gzip (RFC 1952). An empty body is never one: do not ask for it. */

/* Adds the bytes in gzip to `out`. Errors: ASH_RESOURCE_EXHAUSTED (no memory). */
ash_status rpc_gzip(struct str bytes, struct text *out, struct fault *fault) must_check;

/* Adds what is in the gzip to `out`: at most `limit` bytes, whatever its head says; memory grows
 * with what comes out. Errors: ASH_INVALID_ARGUMENT (malformed, cut off, bytes after the end),
 * ASH_RESOURCE_EXHAUSTED (over the limit, no memory); `out` then holds a part. */
ash_status rpc_gunzip(struct str gzip, size_t limit, struct text *out,
		      struct fault *fault) must_check;

#endif
