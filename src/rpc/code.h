/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_CODE_H
#define RPC_CODE_H

#include <ashlar/status.h>

#include "base/str.h"

/* Codes of the Connect protocol. How a status is spelled says ash_status_name(), which HTTP status
 * it has http_status_of(). */

/* The status that is spelled so; ASH_OK, which has no code, for any other text. */
ash_status rpc_code_parse(struct str code);

/* What an answer with that HTTP status means where its body is no failure in JSON. Not for 200. */
ash_status rpc_code_of_http(int status);

#endif
