/* SPDX-License-Identifier: Apache-2.0 */
#include "resilience/two_sides.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"

static uint32_t prices_id;

#define INNER (&every__v1__inner__descriptor)

static const ash_method PRICES_METHODS[] = {
	[GET] = {.name = "Get",
		 .request = INNER,
		 .reply = INNER,
		 .idempotency = ASH_NO_SIDE_EFFECTS,
		 .sticky_key = "name"},
	[SET] = {.name = "Set", .request = INNER, .reply = INNER, .sticky_key = "name"},
	[REPLACE] = {.name = "Replace",
		     .request = INNER,
		     .reply = INNER,
		     .idempotency = ASH_IDEMPOTENT,
		     .sticky_key = "name"},
	[JOIN] = {.name = "Join", .request = INNER, .reply = INNER, .transaction = ASH_JOINS},
};
const ash_port prices_port = {"prices.v1.Prices", "prices", PRICES_METHODS, METHODS, &prices_id};

static ash_status invoke_nothing(const void *handlers, ash_call *call, const void *in, void *out)
{
	(void)handlers, (void)call, (void)in, (void)out;
	return ASH_OK;
}

static const ash_invoke PRICES_INVOKE[] = {invoke_nothing, invoke_nothing, invoke_nothing,
					   invoke_nothing};

static bool has_all(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method < METHODS;
}

static const ash_provides PRICES_PROVIDES[] = {
	{&prices_port, PRICES_INVOKE, has_all, 0, {"prices/module.yaml", 4, 9}}};
static const ash_named ORDERS_USES[] = {{"prices", {"orders/module.yaml", 3, 14}}};
static const ash_module PRICES = {.name = "prices",
				  .owner = "shop",
				  .place = {"prices/module.yaml", 1, 9},
				  .provides = PRICES_PROVIDES,
				  .provides_count = 1,
				  .code = ""};
static const ash_module ORDERS = {.name = "orders",
				  .owner = "shop",
				  .place = {"orders/module.yaml", 1, 9},
				  .depends_on = ORDERS_USES,
				  .depends_on_count = 1,
				  .code = ""};

static ash_status answer(const struct binding *binding, enum dial_side side, uint16_t method,
			 ash_call *call, const void *in, void *out)
{
	const struct two_sides *sides = binding->handlers;
	return sides->answer(side, method, call, in, out);
}

static ash_status answer_from(const struct binding *binding, uint16_t method, ash_call *call,
			      const void *in, void *out)
{
	return answer(binding, DIAL_FROM, method, call, in, out);
}

static ash_status answer_to(const struct binding *binding, uint16_t method, ash_call *call,
			    const void *in, void *out)
{
	return answer(binding, DIAL_TO, method, call, in, out);
}

void two_sides_set_up(struct two_sides *sides, uint32_t share, bool remote)
{
	static const ash_module *const MODULES[] = {&PRICES, &ORDERS};
	struct error_list errors = {0};
	struct error error;
	*sides = (struct two_sides){.metrics = metrics_new()};
	sides->recorder = recorder_new(256, 1.0, &clock_system);
	assert_int_equal(
		registry_build(MODULES, 2, sides->metrics, &sides->registry, &errors, &error), 0);
	assert_int_equal(errors.count, 0);
	sides->environment = (struct environment){
		.registry = &sides->registry, .recorder = sides->recorder, .clock = &clock_system};
	struct binding *binding = sides->registry.bindings[prices_id], from = *binding, to = from;
	from.handlers = to.handlers = sides;
	from.invoke = answer_from;
	to.invoke = answer_to;
	struct dial *dial = &sides->dial;
	assert_int_equal(dial_init(dial, &prices_port, DIAL_ALL, NULL, share, sides->metrics,
				   &sides->arena, &error),
			 0);
	assert_int_equal(dial_set(dial, DIAL_FROM, "prices@front", &from, false, sides->metrics,
				  &sides->arena, &error),
			 0);
	assert_int_equal(dial_set(dial, DIAL_TO, "prices@back", &to, remote, sides->metrics,
				  &sides->arena, &error),
			 0);
	assert_int_equal(dials_init(&sides->dials, binding, &from, &sides->arena, &error), 0);
	dials_add(&sides->dials, dial, false);
	dials_bind(&sides->dials, binding);
}

void two_sides_tear_down(struct two_sides *sides)
{
	registry_release(&sides->registry);
	recorder_free(sides->recorder);
	metrics_free(sides->metrics);
	arena_release(&sides->arena);
}

struct calling {
	uint16_t method;
	Inner *in, *out;
};

static ash_status call_prices(void *context, ash_call *call)
{
	const struct calling *calling = context;
	calling->out->base.descriptor = INNER;
	return ash_call_port(call, &prices_port, calling->method, calling->in, calling->out);
}

ash_status two_sides_call_in(struct two_sides *sides, struct request *request, uint16_t method,
			     Inner *in, Inner *out)
{
	struct calling calling = {method, in, out};
	every__v1__inner__init(out);
	return request_run(request, registry_find(&sides->registry, "orders"), "test",
			   SPAN_INTERNAL, "test", call_prices, &calling);
}

ash_status two_sides_call(struct two_sides *sides, uint16_t method, const char *name,
			  const char *key, Inner *out, struct fault *fault)
{
	struct request request;
	Inner in = {.name = (char *)(uintptr_t)name};
	request_begin(&request, &sides->environment, CALL_NO_DEADLINE, NULL);
	snprintf(request.idempotency_key, CALL_KEY_SIZE, "%s", key ? key : "");
	ash_status status = two_sides_call_in(sides, &request, method, &in, out);
	if (fault)
		*fault = request.fault;
	request_end(&request);
	return status;
}
