/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `exhaustive`: every source file belongs to a module. */
#include "base/mem.h"
#include "rule/judge.h"

static const char EXPLANATION[] =
	"Every source file belongs to a module, or is matched by `outside` in ashlar.yaml\n"
	"(paths, folders and patterns relative to the root). Off unless it is turned on.\n"
	"\n"
	"Teams want it once all of the code has its modules, so that none grows where no rule\n"
	"looks.\n"
	"\n"
	"    rules: {exhaustive: error}\n"
	"    outside: [setup.py, scripts/]\n"
	"\n"
	"    tools/release.py error exhaustive\n"
	"    tools/release.py belongs to no module\n"
	"\n"
	"Fix it by moving the file into a module, by making its folder one with a\n"
	"module.yaml, or by listing it under `outside`.\n";

static bool *find_owned(const struct graph *graph)
{
	const struct tree *tree = graph->tree;
	bool *owned = mem_alloc(tree->count);
	for (uint32_t i = tree->count; owned && i-- > 0;) {
		owned[i] |= graph->module_of[i] != MODULE_NONE;
		if (i > 0)
			owned[tree->entries[i].parent] |= owned[i];
	}
	return owned;
}

/* The highest folder above the file in which nothing belongs to a module; or ENTRY_NONE. */
static uint32_t find_stray_folder(const struct tree *tree, const bool *owned, uint32_t file)
{
	uint32_t folder = ENTRY_NONE;
	for (uint32_t i = tree->entries[file].parent; i > 0 && !owned[i];
	     i = tree->entries[i].parent)
		folder = i;
	return folder;
}

static void report(struct judge *judge, uint32_t file, const bool *owned)
{
	struct str path = judge->tree->entries[file].path;
	struct finding *finding = judge_add(judge, MODULE_NONE, STR(""));
	if (!finding)
		return;
	finding->file = path;
	tell_name(&judge->text, path);
	tell(judge, " belongs to no module");
	finding->message = told(judge);
	finding->why = STR("No rule looks at a file that belongs to no module; " CONTRACT_ROOT_NAME
			   " asks that there be none (rule exhaustive).");
	uint32_t folder = find_stray_folder(judge->tree, owned, file);
	if (folder != ENTRY_NONE)
		tell(judge,
		     "Nothing in %.*s/ belongs to a module: make it one with "
		     "a " CONTRACT_MODULE_NAME ", move the file into one, or list the folder under "
		     "`outside` (" CONTRACT_ROOT_NAME ").",
		     STR_ARG(judge->tree->entries[folder].path));
	else
		tell(judge,
		     "Move it into a module, or list it under `outside` (" CONTRACT_ROOT_NAME ").");
	finding->help = told(judge);
}

static int judge_exhaustive(struct judge *judge, struct error *error)
{
	const struct tree *tree = judge->tree;
	if (contracts_severity(judge->contracts, RULE_EXHAUSTIVE, MODULE_NONE) == SEVERITY_OFF)
		return 0;
	_cleanup_(mem_freep) bool *owned = find_owned(judge->graph);
	if (!owned)
		return error_memory(error);
	for (uint32_t i = 0; i < tree->count; i++)
		if (tree->entries[i].facts && judge->graph->module_of[i] == MODULE_NONE &&
		    !words_cover(&judge->contracts->outside, tree->entries[i].path))
			report(judge, i, owned);
	return 0;
}

const struct rule RULE_TABLE_EXHAUSTIVE = {
	.summary = "a source file of no module",
	.explanation = EXPLANATION,
	.judge = judge_exhaustive,
};
