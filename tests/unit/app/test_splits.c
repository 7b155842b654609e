/* SPDX-License-Identifier: Apache-2.0 */
/* What a deployment file says of a split, as three processes of it bind it; mistakes with their
 * places; memory that runs out; and a share that is set while the store is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "every.pb-c.h"

#include "app/splits.h"
#include "base/mem.h"
#include "resilience/dials.h"

#define INNER (&every__v1__inner__descriptor)

/* ---- an application of one module with a port ---- */

static uint32_t prices_id;
static ash_method methods[] = {
	{.name = "Get", .request = INNER, .reply = INNER, .idempotency = ASH_NO_SIDE_EFFECTS},
	{.name = "Set", .request = INNER, .reply = INNER},
};
static const ash_port PORT = {"prices.v1.Prices", "prices", methods, 2, &prices_id};

static ash_status invoke_nothing(const void *handlers, ash_call *call, const void *in, void *out)
{
	(void)handlers, (void)call, (void)in, (void)out;
	return ASH_OK;
}

static const ash_invoke INVOKE[] = {invoke_nothing, invoke_nothing};

static bool has_all(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method < 2;
}

static const ash_provides PROVIDES[] = {{&PORT, INVOKE, has_all, 0, {"prices/module.yaml", 4, 9}}};
static const ash_module PRICES = {.name = "prices",
				  .owner = "shop",
				  .place = {"prices/module.yaml", 1, 9},
				  .provides = PROVIDES,
				  .provides_count = 1,
				  .code = ""};
static const ash_module NEXT = {.name = "next",
				.place = {"next/module.yaml", 1, 9},
				.replaces = {"prices", {"next/module.yaml", 2, 11}},
				.provides = PROVIDES,
				.provides_count = 1,
				.code = ""};

#define PROCESSES                                                                                  \
	"version: 1\n"                                                                             \
	"processes:\n"                                                                             \
	"  a: {modules: [prices], listen: 127.0.0.1:1, address: http://127.0.0.1:1}\n"             \
	"  b: {modules: [prices], listen: 127.0.0.1:2, address: http://127.0.0.1:2}\n"             \
	"  c: {modules: [], listen: 127.0.0.1:3}\n"                                                \
	"splits:\n"
#define SPLIT                                                                                      \
	"  prices.v1.Prices: {from: prices@a, to: prices@b, share: 5%, sticky: name, "             \
	"shadow: {share: 1%, ignore: [items.name]}}\n"

#define TWO_MODULES                                                                                \
	"version: 1\n"                                                                             \
	"processes:\n"                                                                             \
	"  a: {modules: [prices, next], listen: 127.0.0.1:1, address: http://127.0.0.1:1}\n"       \
	"  b: {modules: [], listen: 127.0.0.1:2}\n"                                                \
	"splits:\n"                                                                                \
	"  prices.v1.Prices: {from: prices, to: next, share: 5%, sticky: name}\n"

/* ---- a process of a placement ---- */

struct world {
	struct placement placement;
	struct metrics *metrics;
	struct registry registry;
	struct environment environment;
	struct logger logger;
	struct remotes *remotes;
	struct splits *splits;
	struct binding *binding;
};

static void build(struct world *world, const char *text, const char *process)
{
	static const ash_module *const MODULES[] = {&NEXT, &PRICES};
	struct error_list errors = {0};
	struct error error;
	*world = (struct world){.metrics = metrics_new()};
	assert_int_equal(placement_read("deploy.yaml", str_of(text), true, &world->placement,
					&errors, &error),
			 0);
	assert_int_equal(errors.count, 0);
	assert_int_equal(
		registry_build(MODULES, 2, world->metrics, &world->registry, &errors, &error), 0);
	world->environment =
		(struct environment){.registry = &world->registry, .clock = &clock_system};
	world->binding = world->registry.bindings[prices_id];
	assert_int_equal(remotes_new(&world->placement,
				     placement_process(&world->placement, process), &world->logger,
				     &world->remotes, &error),
			 0);
}

static int bind(struct world *world, const char *process, struct error *error)
{
	const struct placement_process *self = placement_process(&world->placement, process);
	if (splits_new(&world->placement, self, &world->environment, world->metrics, &world->splits,
		       error) < 0)
		return -1;
	return splits_bind(world->splits, world->remotes, world->binding, error);
}

static void release(struct world *world)
{
	splits_free(world->splits);
	remotes_free(world->remotes);
	registry_release(&world->registry);
	metrics_free(world->metrics);
	placement_release(&world->placement);
}

/* ---- tests ---- */

static void each_process_binds_its_sides(void **state)
{
	static const struct {
		const char *process;
		bool from_away, to_away;
	} ALL[] = {{"a", false, true}, {"b", true, false}, {"c", true, true}};
	(void)state;
	for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++) {
		struct world world;
		struct error error;
		struct splits_view view;
		build(&world, PROCESSES SPLIT, ALL[i].process);
		port_invoke before = world.binding->invoke;
		assert_int_equal(bind(&world, ALL[i].process, &error), 0);
		const struct dial *dial = dials_at(world.binding, 0);
		assert_non_null(dial);
		assert_ptr_equal(dials_at(world.binding, 1), dial);
		assert_int_equal(dial->parts[DIAL_FROM].remote, ALL[i].from_away);
		assert_int_equal(dial->parts[DIAL_TO].remote, ALL[i].to_away);
		assert_true(dial->same_data);
		assert_ptr_equal(dials_inside(world.binding)->invoke, before);
		assert_int_equal(split_share(&dial->split), 500);
		assert_true(splits_at(world.splits, 0, &view));
		assert_string_equal(view.port, PORT.name);
		assert_string_equal(view.to, "prices@b");
		assert_int_equal(view.share, 500);
		assert_false(splits_at(world.splits, 1, &view));
		release(&world);
	}
}

/* The process that has both splits what comes, from itself and from others; those only call it. */
static void two_modules_are_split_where_they_are(void **state)
{
	(void)state;
	struct world world;
	struct error error;
	build(&world, TWO_MODULES, "a");
	const struct binding before = *world.binding;
	assert_string_equal(before.member->module->name, "prices");
	assert_int_equal(bind(&world, "a", &error), 0);
	const struct dial *dial = dials_at(world.binding, 0);
	assert_non_null(dial);
	assert_ptr_equal(dials_at(dials_inside(world.binding), 0), dial);
	assert_ptr_equal(dial->parts[DIAL_FROM].inside.member, before.member);
	assert_string_equal(dial->parts[DIAL_TO].inside.member->module->name, "next");
	assert_string_equal(dial->parts[DIAL_TO].shown.member->module->name, "next");
	assert_false(dial->parts[DIAL_TO].remote);
	assert_false(dial->same_data);
	release(&world);
	build(&world, TWO_MODULES, "b");
	assert_int_equal(bind(&world, "b", &error), 0);
	assert_null(dials_at(world.binding, 0));
	release(&world);
	/* A file without processes is of one that has all. */
	build(&world, "version: 1\nsplits:\n  prices.v1.Prices: {from: prices, to: next}\n", "a");
	assert_int_equal(splits_new(&world.placement, NULL, &world.environment, world.metrics,
				    &world.splits, &error),
			 0);
	assert_int_equal(splits_bind(world.splits, NULL, world.binding, &error), 0);
	assert_non_null(dials_at(world.binding, 0));
	release(&world);
}

/* One method is split; the other one goes to `from`, wherever its caller is. */
static void a_method_may_be_split_alone(void **state)
{
	static const struct {
		const char *process;
		bool from_here;
	} ALL[] = {{"a", true}, {"b", false}, {"c", false}};
	(void)state;
	for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++) {
		struct world world;
		struct error error;
		struct splits_view view;
		build(&world, PROCESSES "  prices.v1.Prices/Get: {from: prices@a, to: prices@b}\n",
		      ALL[i].process);
		port_invoke before = world.binding->invoke;
		assert_int_equal(bind(&world, ALL[i].process, &error), 0);
		assert_non_null(dials_at(world.binding, 0));
		assert_null(dials_at(world.binding, 1));
		const struct dials_map *map = world.binding->handlers;
		assert_int_equal(map->ways[1].straight->invoke == before, ALL[i].from_here);
		assert_ptr_equal(dials_inside(world.binding)->invoke, before);
		assert_true(splits_at(world.splits, 0, &view));
		assert_string_equal(view.name, "prices.v1.Prices/Get");
		assert_string_equal(view.port, "prices.v1.Prices");
		assert_string_equal(view.method, "Get");
		release(&world);
	}
}

/* Two methods, each with a dial of its own. */
static void each_method_may_have_a_split(void **state)
{
	(void)state;
	struct world world;
	struct error error;
	build(&world,
	      PROCESSES "  prices.v1.Prices/Get: {from: prices@a, to: prices@b, share: 1%}\n"
			"  prices.v1.Prices/Set: {from: prices@a, to: prices@b, share: 2%}\n",
	      "c");
	assert_int_equal(bind(&world, "c", &error), 0);
	assert_int_equal(split_share(&dials_at(world.binding, 0)->split), 100);
	assert_int_equal(split_share(&dials_at(world.binding, 1)->split), 200);
	release(&world);
}

/* It stays where its caller is, while the rest of the port is split. */
static void what_joins_stays(void **state)
{
	(void)state;
	struct world world;
	struct error error;
	methods[1].transaction = ASH_JOINS;
	build(&world, PROCESSES SPLIT, "b");
	port_invoke before = world.binding->invoke;
	assert_int_equal(bind(&world, "b", &error), 0);
	assert_non_null(dials_at(world.binding, 0));
	assert_null(dials_at(world.binding, 1));
	const struct dials_map *map = world.binding->handlers;
	assert_ptr_equal(map->ways[1].straight->invoke, before);
	release(&world);
	methods[1].transaction = ASH_OWN;
}

/* A command that is no process of the file binds nothing. */
static void who_is_no_process_splits_nothing(void **state)
{
	(void)state;
	struct world world;
	struct error error;
	build(&world, PROCESSES SPLIT, "a");
	assert_int_equal(splits_new(&world.placement, NULL, &world.environment, world.metrics,
				    &world.splits, &error),
			 0);
	assert_int_equal(splits_bind(world.splits, NULL, world.binding, &error), 0);
	assert_null(dials_at(world.binding, 0));
	assert_int_equal(splits_bind(NULL, NULL, world.binding, &error), 0);
	release(&world);
}

static void refuse(const char *text, const char *process, unsigned line, const char *told)
{
	struct world world;
	struct error error = {0};
	build(&world, text, process);
	assert_int_equal(bind(&world, process, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
	assert_int_equal(error.line, line);
	if (!strstr(error.message, told))
		fail_msg("%s", error.message);
	assert_null(dials_at(world.binding, 0));
	release(&world);
}

static void mistakes_have_their_place(void **state)
{
	(void)state;
	refuse(PROCESSES "  prices.v1.Prices: {from: prices, to: prices@b}\n", "a", 7,
	       "several processes have the module 'prices'");
	refuse(PROCESSES "  prices.v1.Prices: {from: prices@a, to: prices@b, sticky: items}\n", "a",
	       7, "calls cannot stick to this field: it is repeated");
	refuse(PROCESSES "  prices.v1.Prices: {from: prices@a, to: prices@b, "
			 "shadow: {share: 1%, ignore: [item.name]}}\n",
	       "a", 7, "no reply of what is split has the field 'item.name'");
	refuse(PROCESSES "  prices.v1.Prices: {from: prices@a, to: prices@a}\n", "a", 7,
	       "both sides of the split are one module in one process");
	refuse("version: 1\n"
	       "processes:\n"
	       "  a: {modules: [prices, next], address: http://127.0.0.1:1}\n"
	       "splits:\n"
	       "  prices.v1.Prices: {from: next, to: prices}\n",
	       "a", 5, "'next' replaces another module: it can be the side 'to' only");
	refuse("version: 1\n"
	       "processes:\n"
	       "  a: {modules: [prices], address: http://127.0.0.1:1}\n"
	       "  b: {modules: [next], address: http://127.0.0.1:2}\n"
	       "splits:\n"
	       "  prices.v1.Prices: {from: prices, to: next}\n",
	       "a", 6, "two modules that provide one port are split within one process");
	methods[0].idempotency = ASH_IDEMPOTENT;
	refuse(PROCESSES SPLIT, "a", 7, "no method without side effects");
	methods[0].idempotency = ASH_NO_SIDE_EFFECTS;
}

/* ---- a share that is set while the store is read ---- */

/* How far the first look of the watcher is. */
enum { NOT_YET, READ, MAY_TURN, HAS_TURNED };
static atomic_int stage;

typedef void tell_share(void *context, const char *split, uint32_t share, uint32_t file);

ash_status __real_board_read(const struct board *board, tell_share *tell, void *context,
			     struct fault *fault);
ash_status __wrap_board_read(const struct board *board, tell_share *tell, void *context,
			     struct fault *fault);

static void await(int wanted)
{
	while (atomic_load(&stage) != wanted)
		usleep(1000);
}

static void take_share(void *context, const char *split, uint32_t share, uint32_t file)
{
	(void)split, (void)file;
	*(uint32_t *)context = share;
}

ash_status __wrap_board_read(const struct board *board, tell_share *tell, void *context,
			     struct fault *fault)
{
	uint32_t share = 0;
	if (atomic_load(&stage) != NOT_YET)
		return __real_board_read(board, tell, context, fault);
	ash_status status = __real_board_read(board, take_share, &share, fault);
	atomic_store(&stage, READ);
	await(MAY_TURN);
	tell(context, "prices.v1.Prices", share, share);
	atomic_store(&stage, HAS_TURNED);
	return status;
}

static void *set_to_half(void *context)
{
	struct fault fault;
	return splits_set(context, "prices.v1.Prices", 5000, "ann", &fault) == ASH_OK ? context
										      : NULL;
}

static void what_was_read_before_turns_nothing_back(void **state)
{
	const struct store_module modules[] = {board_store_module()};
	const struct store_options options = {
		.location = "sqlite::memory:", .modules = modules, .module_count = 1};
	struct world world;
	struct splits_view view;
	struct error error;
	struct fault fault;
	pthread_t setter;
	uint32_t share = 0;
	void *set;
	(void)state;
	build(&world, PROCESSES SPLIT, "c");
	assert_int_equal(store_open(&world.environment.store, &options, &fault), ASH_OK);
	assert_int_equal(store_migrate(world.environment.store, NULL, &fault), ASH_OK);
	assert_int_equal(bind(&world, "c", &error), 0);
	assert_int_equal(splits_start(world.splits, 0, &fault), ASH_OK);
	await(READ);
	assert_int_equal(pthread_create(&setter, NULL, set_to_half, world.splits), 0);
	const struct board board = {world.environment.store, 0};
	while (share != 5000)
		assert_int_equal(__real_board_read(&board, take_share, &share, &fault), ASH_OK);
	atomic_store(&stage, MAY_TURN);
	await(HAS_TURNED);
	assert_int_equal(pthread_join(setter, &set), 0);
	assert_non_null(set);
	assert_true(splits_at(world.splits, 0, &view));
	assert_int_equal(view.share, 5000);
	splits_stop(world.splits);
	struct store *store = world.environment.store;
	release(&world);
	store_free(store);
}

static void memory_may_run_out(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct world world;
		struct error error = {0};
		build(&world, PROCESSES SPLIT, "b");
		mem_fail_from(n);
		int bound = bind(&world, "b", &error);
		bool failed = mem_fail_never();
		assert_int_equal(bound, failed ? -1 : 0);
		assert_int_equal(dials_at(world.binding, 0) != NULL, !failed);
		release(&world);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_binds_its_sides),
		cmocka_unit_test(two_modules_are_split_where_they_are),
		cmocka_unit_test(a_method_may_be_split_alone),
		cmocka_unit_test(each_method_may_have_a_split),
		cmocka_unit_test(what_joins_stays),
		cmocka_unit_test(who_is_no_process_splits_nothing),
		cmocka_unit_test(mistakes_have_their_place),
		cmocka_unit_test(what_was_read_before_turns_nothing_back),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
