/* SPDX-License-Identifier: Apache-2.0 */
/* The shop: five modules in one program. */
#include <ashlar/app.h>

#include "analytics.port.h"
#include "billing.port.h"
#include "inventory.port.h"
#include "notification.port.h"
#include "orders.port.h"
#include "page.h"

int main(int argc, char **argv)
{
	static const ash_module *const MODULES[] = {&orders_module,    &billing_module,
						    &inventory_module, &notification_module,
						    &analytics_module, NULL};
	return ash_main(argc, argv,
			&(ash_app){.name = "shop",
				   .version = "1.0.0",
				   .modules = MODULES,
				   .assets = PAGE,
				   .asset_count = PAGE_COUNT});
}
