/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_ASHLAR_H
#define ASHLAR_ASHLAR_H

/* All that a module includes. */
#include <ashlar/call.h>
#include <ashlar/module.h>
#include <ashlar/port.h>
#include <ashlar/saga.h>
#include <ashlar/status.h>
#include <ashlar/store.h>
#include <ashlar/value.h>

#endif
