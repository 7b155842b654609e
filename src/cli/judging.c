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
static int load(struct session *session, struct error *error)
{
	_cleanup_(error_list_clear) struct error_list errors = {0};
	struct baseline_module *modules = list_modules(session);
	if (!modules)
		return error_memory(error);
	if (baseline_load(session->root, modules, session->contracts.module_count,
			  &session->baseline, &errors, error) < 0)
		return -1;
	if (errors.count == 0)
		return 0;
	terminal_errors(session->arguments, "baseline", &errors);
	if (error_list_has(&errors, ERROR_IO))
		return error_set(error, ERROR_IO,
				 "the baseline cannot be read; nothing was checked");
	return error_set(error, ERROR_INVALID,
			 "the baseline cannot be understood; nothing was checked");
}

static int add_stale(struct session *session, struct finding_list *out, struct error *error)
{
	uint32_t position = 0;
	const struct baseline_entry *entry;
	if (!session_all_read(session))
		return 0;
	while ((entry = baseline_next_stale(&session->baseline, &position))) {
		/* The root's source is the first, the modules' follow in their order. */
		uint32_t module = entry->source == 0 ? MODULE_NONE : entry->source - 1;
		rules_add_stale(&session->contracts, &session->baseline, module, entry, out);
	}
	return out->failed ? error_memory(error) : 0;
}

static int compare(struct session *session, struct finding_list *out, struct error *error)
{
	struct baseline_changes changes = {0};
	if (baseline_mark(&session->baseline, out, error) < 0)
		return -1;
	if (!session->arguments->given[FLAG_TIGHTEN])
		return add_stale(session, out, error);
	if (session_require_all_read(session, "no entry was taken out", error) < 0)
		return -1;
	if (baseline_tighten(&session->baseline, &changes, error) < 0)
		return -1;
	terminal_note(session->arguments, "took %zu stale entr%s out of %zu file%s",
		      changes.removed, changes.removed == 1 ? "y" : "ies", changes.written,
		      changes.written == 1 ? "" : "s");
	return 0;
}

static bool is_unused(const struct finding *finding)
{
	return strcmp(finding->rule, rule_name(RULE_UNUSED)) == 0;
}

/* What nothing needs may be needed by a file that could not be read. */
static void drop_unused(struct finding_list *findings)
{
	size_t kept = 0;
	for (size_t i = 0; i < findings->count; i++)
		if (!is_unused(&findings->items[i]))
			findings->items[kept++] = findings->items[i];
	findings->count = kept;
}

int judging_run(struct session *session, struct finding_list *out, struct error *error)
{
	if (rules_judge(&session->graph, clock_today(), out, error) < 0)
		return -1;
	if (!session_all_read(session))
		drop_unused(out);
	if (load(session, error) < 0 || compare(session, out, error) < 0)
		return -1;
	finding_list_sort(out);
	return 0;
}

int judging_remember(struct session *session, bool dry_run, struct judging_counts *counts,
		     struct error *error)
{
	_cleanup_(finding_list_release) struct finding_list findings = {0};
	struct baseline_changes changes = {0};
	if (session_require_all_read(session, "no baseline was written", error) < 0 ||
	    rules_judge(&session->graph, clock_today(), &findings, error) < 0 ||
	    load(session, error) < 0 ||
	    baseline_write(&session->baseline, &findings, dry_run, &changes, error) < 0)
		return -1;
	*counts = (struct judging_counts){changes.kept, changes.files};
	return 0;
}
