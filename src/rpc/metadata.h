/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_METADATA_H
#define RPC_METADATA_H

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "port/metadata.h"

/* Metadata as fields of HTTP: values of "-bin" keys are base64, written without padding, read with
 * and without; several of them may stand in one field, with commas between. */

/* What stands before the name of a trailer of a unary answer. */
#define RPC_TRAILER_PREFIX "trailer-"

/* Whether the field, in lower case, is HTTP's or the protocol's own, and no metadata. */
bool rpc_is_reserved(struct str name);

/* Adds what the field says to `metadata`, its name in lower case; one that is reserved or no key is
 * skipped. Errors: ASH_INVALID_ARGUMENT (broken base64), ASH_RESOURCE_EXHAUSTED (a bound of
 * metadata_add(), no memory). */
ash_status rpc_metadata_read(struct str name, struct str value, struct metadata *metadata,
			     struct arena *arena, struct fault *fault) must_check;

/* Calls `add` for each pair as a field, its name after `prefix`, in the text `name` or `value`
 * that it must copy. False without memory. */
bool rpc_metadata_write(const struct metadata *metadata, struct str prefix,
			void (*add)(void *context, struct str name, struct str value),
			void *context) must_check;

#endif
