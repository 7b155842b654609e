/* SPDX-License-Identifier: Apache-2.0 */
/* Synchronous calls that come back to the process they started in: each holds a thread of that
 * process while the last needs another one there. Knows the modules' contracts only, so that it
 * warns of what may be called, not of what is.
 *
 * From each process that no warning names yet, one breadth-first search over the modules: it goes
 * out over a border, and the first way back is a shortest one. */
#include "base/yaml.h"
#include "placement/plan.h"

struct search {
	const struct plan *plan;
	uint32_t *from; /* of each module the one that calls it; itself at the start */
	uint32_t *queue;
	bool *named; /* of each process: it is in a warning */
};

/* Searches from the modules of `process`; answers the module of it that the calls come back to,
 * with `*last` being who calls it, or MAP_NONE. */
static uint32_t find_way_back(struct search *search, uint32_t process, uint32_t *last)
{
	const struct plan *plan = search->plan;
	size_t count = 0;
	for (uint32_t i = 0; i < plan->module_count; i++) {
		search->from[i] = plan->home[i] == process ? i : MAP_NONE;
		if (plan->home[i] == process)
			search->queue[count++] = i;
	}
	for (size_t at = 0; at < count; at++) {
		uint32_t caller = search->queue[at];
		for (size_t i = 0; i < plan->target_counts[caller]; i++) {
			uint32_t callee = plan->targets[caller][i];
			bool leaves = plan->home[caller] != process;
			if (plan->home[callee] == process && leaves) {
				*last = caller;
				return callee;
			}
			if (search->from[callee] != MAP_NONE || plan->home[callee] == MAP_NONE)
				continue;
			search->from[callee] = caller;
			search->queue[count++] = callee;
		}
	}
	return MAP_NONE;
}

static void add_module(struct search *search, struct text *out, uint32_t module)
{
	const struct plan *plan = search->plan;
	search->named[plan->home[module]] = true;
	text_addf(
		out, "%s (%s)", plan->modules[module]->name,
		excerpt_of(str_of(plan->placement->processes[plan->home[module]].name.text)).text);
}

/* Writes the chain that ends with `callee`, called by `last`, and what its time-outs add up to. */
static void tell(struct search *search, uint32_t process, uint32_t callee, uint32_t last,
		 struct error_list *warnings, struct text *out)
{
	const struct plan *plan = search->plan;
	const struct placed *name = &plan->placement->processes[process].name;
	uint32_t *way = search->queue; /* free after the search */
	uint64_t sum = 0;
	uint32_t without = MAP_NONE;
	size_t length = 0;
	way[length++] = callee;
	for (uint32_t module = last; module != way[length - 1]; module = search->from[module])
		way[length++] = module;
	for (size_t i = length; i-- > 0;) {
		add_module(search, out, way[i]);
		text_add(out, i ? STR(" -> ") : STR(""));
		if (i + 1 == length || plan->home[way[i]] == plan->home[way[i + 1]])
			continue;
		uint64_t timeout = plan_timeout(plan, way[i]);
		sum += timeout;
		without = timeout ? without : way[i];
	}
	if (without != MAP_NONE)
		text_addf(out, "; calls of %s have no time-out", plan->modules[without]->name);
	else
		text_add(out, STR("; their time-outs add up to "));
	if (without == MAP_NONE)
		plan_add_time(out, sum);
	error_list_at(warnings, ERROR_INVALID, plan->placement->file, name->line, name->column,
		      "synchronous calls can come back to the process '%s', which waits for them: "
		      "%s",
		      excerpt_of(str_of(name->text)).text, out->at ? out->at : "");
}

int plan_find_circles(const struct plan *plan, struct error_list *warnings, struct error *error)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text told = {0};
	struct search search = {.plan = plan};
	size_t processes = plan->placement->process_count;
	search.from = arena_array(&arena, plan->module_count, sizeof *search.from);
	search.queue = arena_array(&arena, plan->module_count + 1, sizeof *search.queue);
	search.named = arena_array(&arena, processes, sizeof *search.named);
	if (arena.failed)
		return error_memory(error);
	for (uint32_t i = 0; i < processes; i++) {
		uint32_t last,
			callee = search.named[i] ? MAP_NONE : find_way_back(&search, i, &last);
		text_clear(&told);
		if (callee != MAP_NONE)
			tell(&search, i, callee, last, warnings, &told);
	}
	return told.failed ? error_memory(error) : 0;
}
