/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_H
#define APP_H

#include <ashlar/app.h>

#include "analytics.port.h"
#include "billing.port.h"
#include "inventory.port.h"
#include "notification.port.h"
#include "orders.port.h"
#include "page.h"

/* The shop: five modules in one program. For its main() and its tests. */

static const ash_module *const MODULES[] = {
	&orders_module,       &billing_module,   &inventory_module,
	&notification_module, &analytics_module, NULL,
};

static const ash_app SHOP = {
	.name = "shop",
	.version = "1.0.0",
	.modules = MODULES,
	.assets = PAGE,
	.asset_count = PAGE_COUNT,
};

#endif
