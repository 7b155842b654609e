/* Made by protoc-gen-ashlar from modules/billing/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_MODULE_H
#define BILLING_MODULE_H

#include <ashlar/ashlar.h>

#include "billing.port.h"
#line 7 "modules/billing/module.yaml"
#include "orders.messages.h"
#line 11 "billing.module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The handlers of billing.v1.Billing. */
struct billing_handlers {
	ash_status (*charge)(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out);
};

/* What ASH_MODULE(billing, ...) fills. */
struct billing_code {
	struct billing_handlers billing;
	struct {
#line 7 "modules/billing/module.yaml"
		ash_status (*orders_order_placed)(ash_call *call, const OrdersOrderPlaced *event);
#line 7 "modules/billing/module.yaml"
		ash_status (*billing_charged)(ash_call *call, const BillingCharged *event);
#line 30 "billing.module.h"
	} on;
	struct {
		ash_status (*nightly)(ash_call *call);
	} schedules;
	struct {
		const ash_saga *refund;
	} sagas;
};

/* Publishes billing.v1.Charged in the transaction. */
ASH_MUST_CHECK static inline ash_status billing_publish_charged(ash_tx *tx, const BillingCharged *event)
{
	return ash_publish(tx, &billing_charged_event, event);
}

extern const char billing_contract_text_[];
extern const ash_named billing_depends_on_[1];
extern const ash_named billing_owns_[1];
extern const ash_provides billing_provides_[1];
extern const ash_event *const billing_publishes_[1];
extern const ash_subscribes billing_subscribes_[2];
extern const ash_schedule billing_schedules_[1];
extern const ash_runs billing_sagas_[1];
extern const ash_migration billing_migrations_[3];

/* The module's table, but for its handlers. */
#define billing_contract_ \
	.name = "billing", .owner = "the \"payments\" team", \
	.place = {"modules/billing/module.yaml", 1, 9}, \
	.contract = billing_contract_text_, \
	.depends_on = billing_depends_on_, .depends_on_count = 1, \
	.owns = billing_owns_, .owns_count = 1, \
	.provides = billing_provides_, .provides_count = 1, \
	.publishes = billing_publishes_, .publishes_count = 1, \
	.subscribes = billing_subscribes_, .subscribes_count = 2, \
	.schedules = billing_schedules_, .schedule_count = 1, \
	.sagas = billing_sagas_, .saga_count = 1, \
	.migrations = billing_migrations_, .migration_count = 3

#ifdef __cplusplus
}
#endif

#endif
