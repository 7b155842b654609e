/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_TIMEOUT_H
#define RPC_TIMEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The header Connect-Timeout-Ms: whole milliseconds in at most ten digits. */

/* Bytes of its text, with the NUL. */
#define RPC_TIMEOUT_SIZE 11

/* Reads it, in nanoseconds; false when it is no such number. 0 is one: no time is left. */
bool rpc_timeout_parse(struct str text, uint64_t *nanoseconds);

/* Writes what is left, rounded up to a millisecond and cut at what ten digits hold. */
void rpc_timeout_format(uint64_t nanoseconds, char out[RPC_TIMEOUT_SIZE]);

#endif
