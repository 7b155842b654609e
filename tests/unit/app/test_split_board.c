/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that several processes agree on over one store, against a model, by a clock that the test
 * turns; and reports that they add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/split_board.h"
#include "base/mem.h"
#include "base/random.h"

#define PORT "billing.v1.Billing"

static struct store *store;
static struct board board;
static struct fault fault;

#define must(call)                                                                                 \
	do {                                                                                       \
		if ((call) != ASH_OK)                                                              \
			fail_msg("%s", fault.message);                                             \
	} while (0)

static int set_up(void **state)
{
	(void)state;
	const struct store_module modules[] = {board_store_module()};
	const struct store_options options = {
		.location = "sqlite::memory:", .modules = modules, .module_count = 1};
	must(store_open(&store, &options, &fault));
	must(store_migrate(store, &(struct store_migration_options){0}, &fault));
	board = (struct board){store, 0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_free(store);
	return 0;
}

/* ---- the dial ---- */

enum { PROCESSES = 4, STEPS = 3000, LOOK_MS = 500 };

struct process {
	bool runs;
	uint32_t file;
	uint32_t share;
	int64_t looked; /* when last, in ms */
};

/* What is to be true, in one place. */
struct model {
	bool any;
	uint32_t share;
	uint32_t file;
	int64_t before[STEPS], after[STEPS];
	size_t changes;
	int64_t changed; /* when last, in ms */
};

static void model_change(struct model *model, uint32_t share, int64_t now)
{
	model->before[model->changes] = model->any ? (int64_t)model->share : -1;
	model->after[model->changes++] = share;
	model->share = share;
	model->any = true;
	model->changed = now;
}

static void start_process(struct process *process, struct model *model, int64_t now)
{
	process->file = (uint32_t)random_below(3) * 100;
	process->runs = true;
	process->looked = now;
	must(board_join(&board, PORT, process->file, now * 1000, "file", &process->share, &fault));
	if (!model->any || model->file != process->file)
		model_change(model, process->file, now);
	model->file = process->file;
	assert_int_equal(process->share, model->share);
}

static void set_by_hand(struct model *model, int64_t now)
{
	uint32_t share = (uint32_t)random_below(10001), before;
	uint32_t file = model->any ? 77 : 0; /* counts only before the first process */
	must(board_set(&board, PORT, share, file, now * 1000, "ann", &before, &fault));
	assert_int_equal(before, model->any ? model->share : 0);
	if (!model->any) {
		model->any = true;
		model->share = model->file = 0;
	}
	model_change(model, share, now);
}

static void take_share(void *context, const char *port, uint32_t share, uint32_t file)
{
	struct process *process = context;
	(void)file;
	assert_string_equal(port, PORT);
	process->share = share;
}

static void look(struct process *process, int64_t now)
{
	must(board_read(&board, take_share, process, &fault));
	process->looked = now;
}

/* Nobody is behind for longer than a look. */
static void check(const struct process *processes, const struct model *model, int64_t now)
{
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(!processes[i].runs || now - processes[i].looked <= LOOK_MS);
		if (processes[i].runs && processes[i].looked > model->changed)
			assert_int_equal(processes[i].share, model->share);
	}
}

struct listing {
	const struct model *model;
	size_t at;
};

static void compare_change(void *context, const struct board_change *change)
{
	struct listing *listing = context;
	assert_int_equal(change->before, listing->model->before[listing->at]);
	assert_int_equal(change->after, listing->model->after[listing->at]);
	listing->at++;
}

static void processes_agree_within_a_look(void **state)
{
	(void)state;
	static struct model model;
	struct process processes[PROCESSES] = {{.runs = false}};
	int64_t now = 1000;
	random_seed(8);
	for (int step = 0; step < STEPS; step++) {
		now += (int64_t)random_below(60);
		for (int i = 0; i < PROCESSES; i++)
			if (processes[i].runs && now - processes[i].looked >= LOOK_MS - 60)
				look(&processes[i], now);
		struct process *one = &processes[random_below(PROCESSES)];
		uint64_t what = random_below(20);
		if (what == 0)
			start_process(one, &model, now);
		else if (what == 1)
			one->runs = false;
		else if (what == 2)
			set_by_hand(&model, now);
		check(processes, &model, now);
	}
	assert_true(model.changes > BOARD_CHANGE_LIMIT);
	struct listing listing = {&model, model.changes - BOARD_CHANGE_LIMIT};
	size_t first = listing.at;
	/* A start without a change counts no version, so that the last hundred are kept. */
	must(board_changes(&board, PORT, compare_change, &listing, &fault));
	assert_int_equal(listing.at - first, BOARD_CHANGE_LIMIT);
}

/* ---- reports ---- */

static struct compare_field field_of(const char *path, uint64_t differed, uint64_t noise,
				     const char *example)
{
	struct compare_field field = {.path = path, .differed = differed, .noise = noise};
	snprintf(field.example[DIAL_FROM], COMPARE_VALUE_SIZE, "%s", example);
	snprintf(field.example[DIAL_TO], COMPARE_VALUE_SIZE, "not %s", example);
	return field;
}

static void processes_add_up_their_reports(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct board_report *reports;
	size_t count;
	const struct compare_counts one = {5, 3, 1, 1, 2, 0, {0, 1}, {50, 500}, {20, 200}};
	const struct compare_counts two = {7, 7, 0, 0, 0, 4, {1, 0}, {70, 700}, {10, 300}};
	const struct compare_field seen[] = {field_of("cents", 0, 2, ""),
					     field_of("state", 1, 0, "paid")};
	const struct compare_field more[] = {field_of("state", 5, 1, "open"),
					     field_of("cents", 2, 0, "7")};
	must(board_add(&board, PORT, "Get", 1000000, &one, seen, 2, &fault));
	must(board_add(&board, PORT, "Get", 3000000, &two, more, 2, &fault));
	must(board_add(&board, PORT, "List", 2000000, &one, NULL, 0, &fault));
	must(board_add(&board, "other.v1.Port", "Get", 2000000, &one, seen, 2, &fault));
	must(board_reports(&board, PORT, &arena, &reports, &count, &fault));
	assert_int_equal(count, 2);
	const struct compare_counts *sum = &reports[0].counts;
	assert_string_equal(reports[0].method, "Get");
	assert_int_equal(reports[0].since, 1000000);
	assert_int_equal(reports[0].until, 3000000);
	assert_int_equal(sum->calls, 12);
	assert_int_equal(sum->equal, 10);
	assert_int_equal(sum->noisy, 1);
	assert_int_equal(sum->different, 1);
	assert_int_equal(sum->repeated, 2);
	assert_int_equal(sum->others, 4);
	assert_int_equal(sum->failures[DIAL_FROM], 1);
	assert_int_equal(sum->failures[DIAL_TO], 1);
	assert_int_equal(sum->took[DIAL_TO], 1200);
	assert_int_equal(sum->worst[DIAL_FROM], 20);
	assert_int_equal(sum->worst[DIAL_TO], 300);
	assert_int_equal(reports[0].field_count, 2);
	assert_string_equal(reports[0].fields[0].path, "state");
	assert_int_equal(reports[0].fields[0].differed, 6);
	assert_string_equal(reports[0].fields[0].example[DIAL_FROM], "paid");
	assert_int_equal(reports[0].fields[1].noise, 2);
	assert_string_equal(reports[0].fields[1].example[DIAL_TO], "not 7");
	assert_int_equal(reports[1].field_count, 0);
	must(board_forget(&board, PORT, &fault));
	must(board_reports(&board, PORT, &arena, &reports, &count, &fault));
	assert_int_equal(count, 0);
	must(board_reports(&board, "other.v1.Port", &arena, &reports, &count, &fault));
	assert_int_equal(count, 1);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(processes_agree_within_a_look, set_up, tear_down),
		cmocka_unit_test_setup_teardown(processes_add_up_their_reports, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
