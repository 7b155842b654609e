/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_FAILURE_H
#define RPC_FAILURE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"

/* A failure as JSON:
 * {"code":"not_found","message":"...","details":[{"type":"pkg.Message","value":"<base64>"}]} */

/* Bytes of one that is read, and details that are kept of it. */
#define RPC_FAILURE_LIMIT        ((size_t)1 << 20)
#define RPC_FAILURE_DETAIL_LIMIT 100

/* Adds the failure; message and details are left out when empty. */
void rpc_failure_write(const struct fault *fault, struct text *out);

/* Reads one. A code that is missing or unknown becomes `otherwise`; a message is cut as
 * fault_set() does; other members, and "debug", are not looked at. The details live in `arena`.
 * False, and `*out` untouched, when it is no such JSON, over a bound, or without memory. */
bool rpc_failure_read(struct str json, ash_status otherwise, struct arena *arena,
		      struct fault *out) must_check;

#endif
