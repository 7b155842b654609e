/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `unused`: what a contract allows and nothing needs. Comes after the rules that can
 * need an exception. */
#include "base/mem.h"
#include "base/utf8.h"
#include "rule/package.h"

static const char EXPLANATION[] =
	"An entry of `depends_on` that no reference needs, an entry of `external` that no\n"
	"package matches, and an exception that covers no finding are findings, unless a file\n"
	"could not be read.\n"
	"\n"
	"Teams want it so that contracts only get smaller by themselves: a permission that\n"
	"nobody needs today is one that somebody takes tomorrow without asking.\n"
	"\n"
	"    module: billing\n"
	"    depends_on: [identity, orders]\n"
	"\n"
	"    src/billing/module.yaml:2:24 warning unused\n"
	"    billing declares that it depends on orders, but nothing in it references orders\n"
	"\n"
	"Fix it by deleting the entry. Where the reference cannot be seen (built from text at\n"
	"run time), an exception with `to: MODULE` or `to: PATTERN` keeps it until its date.\n";

/* Starts a finding at a place of the module's contract. NULL without memory. */
static struct finding *add_at(struct judge *judge, uint32_t module, struct str to, uint32_t line,
			      uint32_t column)
{
	struct finding *finding = judge_add(judge, module, to);
	if (!finding)
		return NULL;
	finding->file = judge_module(judge, module)->file;
	finding->line = line;
	finding->column = column;
	return finding;
}

static void report_word(struct judge *judge, uint32_t module, const struct word *word,
			const char *key, const char *says, const char *misses)
{
	if (judge_excuses(judge, module, word->text))
		return;
	struct finding *finding = add_at(judge, module, word->text, word->line, word->column);
	if (!finding)
		return;
	finding->reference = word->text;
	finding->width = utf8_count(word->text);
	tell(judge, "%.*s %s %.*s, but %s %.*s", STR_ARG(finding->module), says,
	     STR_ARG(word->text), misses, STR_ARG(word->text));
	finding->message = told(judge);
	finding->why = STR("What is allowed and not needed lets the next reference in unnoticed.");
	tell(judge, "Delete %.*s from %s (", STR_ARG(word->text), key);
	tell_place(judge, module, word->line);
	tell(judge, ").");
	finding->help = told(judge);
}

static void judge_dependencies(struct judge *judge, uint32_t module)
{
	const struct module_uses *uses = &judge_module(judge, module)->depends_on;
	for (size_t i = 0; i < uses->count; i++) {
		const struct edge *edge = graph_edge(judge->graph, module, uses->items[i].module);
		if (!edge || !judge_first_use(judge, edge))
			report_word(judge, module, &uses->items[i].name, "depends_on",
				    "declares that it depends on", "nothing in it references");
	}
}

/* ---- external ---- */

/* The patterns of all modules in one row. */
struct patterns {
	uint32_t *first; /* of each module its first pattern in `used` */
	bool *used;
};

static void patterns_release(struct patterns *patterns)
{
	mem_free(patterns->first);
	mem_free(patterns->used);
}

static int patterns_prepare(const struct contracts *contracts, struct patterns *patterns)
{
	uint32_t count = 0;
	patterns->first = mem_alloc(contracts->module_count * sizeof *patterns->first);
	if (!patterns->first)
		return -1;
	for (size_t i = 0; i < contracts->module_count; i++) {
		patterns->first[i] = count;
		count += (uint32_t)contracts->modules[i].external.count;
	}
	patterns->used = mem_alloc(count);
	return patterns->used ? 0 : -1;
}

static void mark_used(const struct judge *judge, const struct package *package,
		      struct patterns *patterns)
{
	const struct words *external = &judge_module(judge, package->module)->external;
	for (size_t i = 0; i < external->count; i++)
		if (package_matches(external->items[i].text, package->name))
			patterns->used[patterns->first[package->module] + i] = true;
}

static void judge_patterns(struct judge *judge, uint32_t module, const bool *used)
{
	const struct words *external = &judge_module(judge, module)->external;
	for (size_t i = 0; i < external->count; i++)
		if (!used[i])
			report_word(judge, module, &external->items[i], "external", "may use",
				    "no package in it matches");
}

/* ---- exceptions ---- */

static void tell_cause(struct judge *judge, uint32_t module, const struct exception *exception)
{
	if (contracts_strict(judge->contracts, module))
		tell(judge, "The module is strict: no exception counts in it.");
	else if (contracts_severity(judge->contracts, exception->rule, module) == SEVERITY_OFF)
		tell(judge, "The rule %s is off for the module.", rule_name(exception->rule));
	else
		tell(judge, "%.*s has no finding of the rule %s about %.*s.",
		     STR_ARG(judge_module(judge, module)->name), rule_name(exception->rule),
		     STR_ARG(exception->to.name.text));
}

static void report_exception(struct judge *judge, uint32_t module,
			     const struct exception *exception)
{
	struct finding *finding =
		add_at(judge, module, exception->to.name.text, exception->line, exception->column);
	if (!finding)
		return;
	tell(judge, "the exception of %.*s from the rule %s for %.*s covers nothing",
	     STR_ARG(finding->module), rule_name(exception->rule), STR_ARG(finding->to));
	finding->message = told(judge);
	tell_cause(judge, module, exception);
	finding->why = told(judge);
	tell(judge, "Delete it (");
	tell_place(judge, module, exception->line);
	tell(judge, ").");
	finding->help = told(judge);
}

static void judge_exceptions(struct judge *judge, uint32_t module)
{
	const struct module *about = judge_module(judge, module);
	bool strict = contracts_strict(judge->contracts, module);
	for (size_t i = 0; i < about->exception_count; i++) {
		const struct exception *exception = &about->exceptions[i];
		if (!excuses_expired(&judge->excuses, exception) &&
		    (strict || excuses_needed(&judge->excuses, module, i) == 0))
			report_exception(judge, module, exception);
	}
}

static int judge_unused(struct judge *judge, struct error *error)
{
	_cleanup_(packages_release) struct packages packages = {0};
	_cleanup_(patterns_release) struct patterns patterns = {0};
	if (patterns_prepare(judge->contracts, &patterns) < 0)
		return error_memory(error);
	if (packages_gather(judge, &packages, error) < 0)
		return -1;
	for (size_t i = 0; i < packages.count; i++)
		mark_used(judge, &packages.items[i], &patterns);
	for (uint32_t i = 0; i < judge->contracts->module_count; i++) {
		if (!judge_minds(judge, i))
			continue;
		judge_dependencies(judge, i);
		judge_patterns(judge, i, &patterns.used[patterns.first[i]]);
		judge_exceptions(judge, i);
	}
	return 0;
}

const struct rule RULE_TABLE_UNUSED = {
	.summary = "a declared dependency, package or exception that nothing needs",
	.explanation = EXPLANATION,
	.judge = judge_unused,
};
