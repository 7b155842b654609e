/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and baseline, put together. */
#include "cli/judging.h"

#include "base/clock.h"
#include "cli/terminal.h"
#include "finding/baseline.h"
#include "rule/rule.h"

static struct baseline_module *list_modules(struct session *session)
{
	const struct contracts *contracts = &session->contracts;
	size_t count = contracts->module_count;
	struct baseline_module *modules = arena_array(&session->arena, count, sizeof *modules);
	for (size_t i = 0; modules && i < count; i++)
		modules[i] = (struct baseline_module){
			.name = contracts->modules[i].name,
			.folder = contracts->modules[i].path,
			.strict = contracts_strict(contracts, (uint32_t)i),
		};
	return modules;
}

/* Reads all baselines; what is wrong in them is shown here, all of it. */
static int load(struct session *session, struct baseline *out, struct error *error)
{
	_cleanup_(error_list_clear) struct error_list errors = {0};
	struct baseline_module *modules = list_modules(session);
	if (!modules)
		return error_memory(error);
	if (baseline_load(session->root, modules, session->contracts.module_count, out, &errors,
			  error) < 0)
		return -1;
	if (errors.count == 0)
		return 0;
	terminal_errors(session->arguments, "baseline", &errors);
	baseline_release(out);
	return error_set(error, ERROR_INVALID,
			 "the baseline cannot be understood; nothing was checked");
}

/* The root's source is the first, the modules' follow in their order. */
static uint32_t module_of(const struct baseline_entry *entry)
{
	return entry->source == 0 ? MODULE_NONE : entry->source - 1;
}

static void describe_stale(const struct session *session, const struct baseline *baseline,
			   const struct baseline_entry *entry, struct finding_list *list,
			   struct finding *finding)
{
	struct arena *arena = &list->arena;
	uint32_t module = module_of(entry);
	if (module != MODULE_NONE)
		finding->module = session->contracts.modules[module].name;
	finding->rule = rule_name(RULE_STALE);
	finding->severity =
		contracts_severity(&session->contracts, RULE_STALE, module) == SEVERITY_ERROR
			? FINDING_ERROR
			: FINDING_WARNING;
	finding->to = arena_str(arena, entry->to);
	finding->file = arena_str(arena, baseline->sources[entry->source].path);
	finding->line = entry->line;
	finding->column = entry->column;
	finding->reference = arena_str(arena, entry->reference);
	finding->message = str_of(arena_format(
		arena, "the baseline keeps a finding that is no longer there: %.*s%s%.*s in %.*s",
		STR_ARG(entry->rule), entry->to.length ? " to " : "", STR_ARG(entry->to),
		STR_ARG(entry->file)));
	finding->why = STR("a baseline only shrinks, so that what was mended stays mended");
	finding->help = STR("take the entry out: `ashlar check --tighten` does it");
	list->failed |= arena->failed;
}

static int add_stale(const struct session *session, const struct baseline *baseline,
		     struct finding_list *out, struct error *error)
{
	uint32_t position = 0;
	const struct baseline_entry *entry;
	while ((entry = baseline_next_stale(baseline, &position))) {
		if (contracts_severity(&session->contracts, RULE_STALE, module_of(entry)) ==
		    SEVERITY_OFF)
			continue;
		struct finding *finding = finding_list_add(out);
		if (finding)
			describe_stale(session, baseline, entry, out, finding);
		if (out->failed)
			return error_memory(error);
	}
	return 0;
}

static int compare(struct session *session, struct baseline *baseline, struct finding_list *out,
		   struct error *error)
{
	struct baseline_changes changes = {0};
	if (baseline_mark(baseline, out, error) < 0)
		return -1;
	if (!session->arguments->given[FLAG_TIGHTEN])
		return add_stale(session, baseline, out, error);
	if (baseline_tighten(baseline, &changes, error) < 0)
		return -1;
	terminal_note(session->arguments, "took %zu stale entr%s out of %zu file%s",
		      changes.removed, changes.removed == 1 ? "y" : "ies", changes.written,
		      changes.written == 1 ? "" : "s");
	return 0;
}

int judging_run(struct session *session, struct finding_list *out, struct error *error)
{
	_cleanup_(baseline_release) struct baseline baseline = {0};
	if (rules_judge(&session->graph, clock_today(), out, error) < 0 ||
	    load(session, &baseline, error) < 0 || compare(session, &baseline, out, error) < 0)
		return -1;
	finding_list_sort(out);
	return 0;
}

int judging_remember(struct session *session, bool dry_run, struct judging_counts *counts,
		     struct error *error)
{
	_cleanup_(finding_list_release) struct finding_list findings = {0};
	_cleanup_(baseline_release) struct baseline baseline = {0};
	struct baseline_changes changes = {0};
	if (rules_judge(&session->graph, clock_today(), &findings, error) < 0 ||
	    load(session, &baseline, error) < 0 ||
	    baseline_write(&baseline, &findings, dry_run, &changes, error) < 0)
		return -1;
	*counts = (struct judging_counts){changes.kept, changes.files};
	return 0;
}
