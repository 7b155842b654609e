/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `external`: which third parties' packages a module may use. */
#include "rule/package.h"

static const char EXPLANATION[] =
	"A module with `external` may use only the third parties' packages that its patterns\n"
	"match; `external: []` allows none, and without the key all are allowed. The\n"
	"language's own library never counts. A `*` stops at a slash, `**` does not:\n"
	"`github.com/aws/**`. There is one finding for each package of a module, at its first\n"
	"use.\n"
	"\n"
	"Teams want it to keep frameworks and database drivers where they can be replaced.\n"
	"\n"
	"    module: billing\n"
	"    external: [decimal.js]\n"
	"\n"
	"    src/billing/charge.ts:1:23 error external\n"
	"    src/billing/charge.ts imports stripe, but billing may not use the package stripe\n"
	"\n"
	"Fix it by going through a module that may use it, or add the package to `external`.\n"
	"An exception with `to: PACKAGE` allows it until its date.\n";

static bool allows(const struct module *module, struct str package)
{
	for (size_t i = 0; i < module->external.count; i++)
		if (package_matches(module->external.items[i].text, package))
			return true;
	return false;
}

/* A module that `from` depends on and that says itself that it may use the package. */
static uint32_t find_way(struct judge *judge, uint32_t from, struct str package)
{
	const struct module_uses *uses = &judge_module(judge, from)->depends_on;
	for (size_t i = 0; i < uses->count; i++) {
		const struct module *way = judge_module(judge, uses->items[i].module);
		if (judge_may_advise(judge, way->external.count) && allows(way, package))
			return uses->items[i].module;
	}
	return MODULE_NONE;
}

static void tell_why(struct judge *judge, uint32_t module)
{
	const struct module *about = judge_module(judge, module);
	tell_module(judge, module);
	if (about->external.count > 0) {
		tell(judge, " may use only the packages ");
		tell_words(judge, &about->external);
	} else {
		tell(judge, " may use no third party's package");
	}
	tell(judge, " (");
	tell_place(judge, module, about->external_line);
	tell(judge, ").");
}

static void tell_help(struct judge *judge, const struct package *package)
{
	const struct module *about = judge_module(judge, package->module);
	uint32_t way = find_way(judge, package->module, package->name);
	if (way != MODULE_NONE)
		tell(judge, "Ask %.*s for it, which %.*s depends on and which may use %.*s.\n",
		     STR_ARG(judge_module(judge, way)->name), STR_ARG(about->name),
		     STR_ARG(package->name));
	tell(judge, "If %.*s may use it, add %.*s to external (", STR_ARG(about->name),
	     STR_ARG(package->name));
	tell_place(judge, package->module, about->external_line);
	tell(judge, ").");
	tell_removal(judge, " Or", package->count);
	tell_exception(judge, package->module, package->name);
}

static void report(struct judge *judge, const struct package *package)
{
	const struct reference *reference = graph_reference(judge->graph, &package->first);
	struct finding *finding = judge_add(judge, package->module, package->name);
	if (!finding)
		return;
	finding_place(finding, judge, &package->first);
	tell_use(judge, finding->file, reference);
	tell(judge, ", but %.*s may not use the package %.*s", STR_ARG(finding->module),
	     STR_ARG(package->name));
	if (package->count > 1)
		tell(judge, " (the first of %u uses)", package->count);
	finding->message = told(judge);
	tell_why(judge, package->module);
	finding->why = told(judge);
	tell_help(judge, package);
	finding->help = told(judge);
}

static int judge_external(struct judge *judge, struct error *error)
{
	_cleanup_(packages_release) struct packages packages = {0};
	if (packages_gather(judge, &packages, error) < 0)
		return -1;
	for (size_t i = 0; i < packages.count; i++) {
		const struct package *package = &packages.items[i];
		if (judge_minds(judge, package->module) &&
		    !allows(judge_module(judge, package->module), package->name) &&
		    !judge_excuses(judge, package->module, package->name))
			report(judge, package);
	}
	return 0;
}

const struct rule RULE_TABLE_EXTERNAL = {
	.summary = "a third party's package that external does not name",
	.explanation = EXPLANATION,
	.judge = judge_external,
};
