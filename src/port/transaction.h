/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_TRANSACTION_H
#define PORT_TRANSACTION_H

#include "port/call.h"

/* Whether the transaction is open still. Where it is not, the request's fault says so, and the
 * status is ASH_FAILED_PRECONDITION. */
ash_status transaction_check(const struct ash_tx *tx) must_check;

/* Ends a transaction that a handler left open: takes it back. */
void transaction_abandon(struct ash_tx *tx);

#endif
