/* SPDX-License-Identifier: Apache-2.0 */
/* What any bytes say of processes, policies and splits. Each mistake has its place; what has none
 * places each module, names ports and methods that are there, and can be drawn. */
#include <stdlib.h>
#include <string.h>

#include "placement/placement.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static uint32_t ids[2];
static const ProtobufCMessageDescriptor MESSAGE = {.name = "billing.v1.Message"};
static const ash_method BILLING_METHODS[] = {{"Charge", &MESSAGE, &MESSAGE, ASH_OWN},
					     {"Refund", &MESSAGE, &MESSAGE, ASH_OWN},
					     {"Join", &MESSAGE, &MESSAGE, ASH_JOINS}};
static const ash_method STOCK_METHODS[] = {{"Charge", &MESSAGE, &MESSAGE, ASH_OWN}};
static const ash_port BILLING = {"billing.v1.Billing", "billing", BILLING_METHODS, 3, &ids[0]};
static const ash_port STOCK = {"stock.v1.Stock", "stock", STOCK_METHODS, 1, &ids[1]};
static const ash_provides BILLS[] = {{.port = &BILLING}};
static const ash_provides STOCKS[] = {{.port = &STOCK}};
static const ash_named ORDERS_USES[] = {{"billing", {"m", 1, 1}}, {"stock", {"m", 1, 1}}};
static const ash_named STOCK_USES[] = {{"orders", {"m", 1, 1}}};
static const ash_module billing = {.name = "billing", .provides = BILLS, .provides_count = 1};
static const ash_module next = {.name = "next",
				.replaces = {"billing", {"m", 1, 1}},
				.provides = BILLS,
				.provides_count = 1};
static const ash_module stock = {.name = "stock",
				 .provides = STOCKS,
				 .provides_count = 1,
				 .depends_on = STOCK_USES,
				 .depends_on_count = 1};
static const ash_module orders = {
	.name = "orders", .depends_on = ORDERS_USES, .depends_on_count = 2};
static const ash_module *const MODULES[] = {&orders, &billing, &next, &stock};
enum { COUNT = sizeof MODULES / sizeof *MODULES };

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_places(const struct error_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		check(list->items[i].line >= 1 && list->items[i].column >= 1 &&
		      list->items[i].message[0]);
}

static bool is_there(const struct placement_split *split)
{
	const ash_port *ports[] = {&BILLING, &STOCK};
	for (size_t i = 0; i < 2; i++)
		for (uint16_t j = 0; j < ports[i]->method_count; j++)
			if (strcmp(ports[i]->name, split->port.text) == 0 &&
			    (!split->method.text ||
			     strcmp(ports[i]->methods[j].name, split->method.text) == 0))
				return true;
	return false;
}

static void check_splits(const struct placement *placement)
{
	for (size_t i = 0; i < placement->split_count; i++) {
		const struct placement_split *split = &placement->splits[i];
		check(is_there(split) && split->from.text && split->to.text &&
		      split->share <= 10000 && placement_means(split, str_of(split->port.text)));
		/* What is split belongs to it alone. */
		for (size_t j = 0; j < i; j++)
			check(strcmp(split->port.text, placement->splits[j].port.text) != 0 ||
			      (split->method.text && placement->splits[j].method.text));
	}
}

static void check_good(const struct placement *placement)
{
	for (size_t i = 0; placement->process_count && i < COUNT; i++)
		check(placement_of(placement, MODULES[i]->name) != NULL);
	check_splits(placement);
	for (int format = PLACEMENT_TEXT; format <= PLACEMENT_MERMAID; format++) {
		struct text drawn = {0};
		struct error error;
		check(placement_draw(placement, MODULES, COUNT, (enum placement_format)format,
				     &drawn, &error) == 0);
		text_release(&drawn);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct placement placement = {0};
	struct error_list errors = {0}, warnings = {0};
	struct error error;
	struct str source = {(const char *)data, size};
	check(placement_read("deploy.yaml", source, true, &placement, &errors, &error) == 0);
	check(placement_judge(&placement, MODULES, COUNT, &errors, &warnings, &error) == 0);
	check_places(&errors);
	check_places(&warnings);
	if (errors.count == 0)
		check_good(&placement);
	error_list_clear(&errors);
	error_list_clear(&warnings);
	placement_release(&placement);
	return 0;
}
