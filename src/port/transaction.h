/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_TRANSACTION_H
#define PORT_TRANSACTION_H

#include "port/call.h"

/* Ends a transaction that a handler left open: takes it back. */
void transaction_abandon(struct ash_tx *tx);

#endif
