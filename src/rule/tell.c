/* SPDX-License-Identifier: Apache-2.0 */
/* How findings are put into words. Must not know which rule is broken, or why. */
#include "rule/judge.h"

#include "base/utf8.h"

/* So many names of a list are told. */
enum { NAMES_MOST = 6 };

/* ---- sentences ---- */

void tell_module(struct judge *judge, uint32_t module)
{
	const struct module *about = judge_module(judge, module);
	text_add(&judge->text, about->name);
	if (about->owner.length)
		tell(judge, " (owner %.*s)", STR_ARG(about->owner));
}

/* Adds one of a list, with what stands between it and the one before. */
static void tell_item(struct judge *judge, struct str name, size_t index, size_t count)
{
	if (index > 0)
		tell(judge, "%s", index + 1 == count ? " and " : ", ");
	text_add(&judge->text, name);
}

static void tell_more(struct judge *judge, size_t count)
{
	if (count > NAMES_MOST)
		tell(judge, " and %zu more", count - NAMES_MOST);
}

static size_t shown(size_t count)
{
	return count > NAMES_MOST ? NAMES_MOST : count;
}

void tell_modules(struct judge *judge, const struct module_uses *modules)
{
	for (size_t i = 0; i < shown(modules->count); i++)
		tell_item(judge, modules->items[i].name.text, i, modules->count);
	tell_more(judge, modules->count);
}

void tell_words(struct judge *judge, const struct words *words)
{
	for (size_t i = 0; i < shown(words->count); i++)
		tell_item(judge, words->items[i].text, i, words->count);
	tell_more(judge, words->count);
}

void tell_path(struct judge *judge, const uint32_t *path, uint32_t length)
{
	for (uint32_t i = 0; i < length && i <= RULE_STEP_LIMIT; i++)
		tell(judge, "%s%.*s", i > 0 ? " → " : "",
		     STR_ARG(judge_module(judge, path[i])->name));
	if (length > RULE_STEP_LIMIT + 1)
		tell(judge, " → … (%u more)", length - RULE_STEP_LIMIT - 1);
}

void tell_place(struct judge *judge, uint32_t module, uint32_t line)
{
	tell(judge, "%.*s:%u", STR_ARG(judge_module(judge, module)->file), line);
}

void tell_count(struct judge *judge, uint32_t count, const char *one, const char *many)
{
	tell(judge, "%u %s", count, count == 1 ? one : many);
}

void tell_removal(struct judge *judge, const char *lead, uint32_t count)
{
	if (count == 1)
		tell(judge, "%s remove the reference.", lead);
	else
		tell(judge, "%s remove the %u references.", lead, count);
}

void tell_exception(struct judge *judge, uint32_t module, struct str to)
{
	const struct module *about = judge_module(judge, module);
	if (contracts_strict(judge->contracts, module))
		return;
	tell(judge,
	     "\nFor a time: an exception in %.*s: {rule: %s, to: %.*s, reason: …, owner: %.*s, "
	     "until: YYYY-MM-DD}.",
	     STR_ARG(about->file), rule_name(judge->rule), STR_ARG(to),
	     STR_ARG(about->owner.length ? about->owner : STR("…")));
}

struct str told(struct judge *judge)
{
	struct str copy = arena_str(&judge->out->arena, text_str(&judge->text));
	bool failed = judge->text.failed;
	text_clear(&judge->text);
	judge->text.failed = failed;
	return copy;
}

/* What a reference does to its target. */
static const char *verb_of(const struct reference *reference)
{
	static const char *const VERBS[REFERENCE_KIND_COUNT] = {
		[REFERENCE_IMPORT] = "imports", [REFERENCE_TYPE] = "imports types from",
		[REFERENCE_DYNAMIC] = "loads",  [REFERENCE_INCLUDE] = "includes",
		[REFERENCE_NAME] = "uses",
	};
	return VERBS[reference->kind];
}

void tell_name(struct text *out, struct str name)
{
	struct str part;
	for (bool first = true; str_split(&name, '\n', &part); first = false) {
		if (!first)
			text_add(out, STR("\xEF\xBF\xBD"));
		text_add(out, part);
	}
}

void tell_use(struct judge *judge, struct str file, const struct reference *reference)
{
	tell_name(&judge->text, file);
	text_add_byte(&judge->text, ' ');
	text_add(&judge->text, str_of(verb_of(reference)));
	text_add_byte(&judge->text, ' ');
	tell_name(&judge->text, reference_target(reference));
}

/* ---- findings ---- */

struct finding *judge_add(struct judge *judge, uint32_t module, struct str to)
{
	struct finding *finding = finding_list_add(judge->out);
	if (!finding)
		return NULL;
	enum severity severity = contracts_severity(judge->contracts, judge->rule, module);
	finding->rule = rule_name(judge->rule);
	finding->severity = severity == SEVERITY_ERROR ? FINDING_ERROR : FINDING_WARNING;
	if (module != MODULE_NONE)
		finding->module = judge_module(judge, module)->name;
	finding->to = to;
	return finding;
}

void finding_place(struct finding *finding, const struct judge *judge, const struct use *use)
{
	const struct reference *reference = graph_reference(judge->graph, use);
	finding->file = judge->tree->entries[use->file].path;
	finding->line = reference->line;
	finding->column = reference->column;
	finding->reference = reference_target(reference);
	finding->width = utf8_count(finding->reference);
}

void judge_use(struct judge *judge, uint32_t module, uint32_t to, const struct use *use,
	       const struct verdict *verdict)
{
	const struct reference *reference = graph_reference(judge->graph, use);
	struct finding *finding = judge_add(judge, module, judge_module(judge, to)->name);
	if (!finding)
		return;
	finding_place(finding, judge, use);
	tell_use(judge, finding->file, reference);
	text_add(&judge->text, STR(", "));
	text_add(&judge->text, verdict->wall);
	finding->message = told(judge);
	finding->why = verdict->why;
	finding->help = verdict->help;
}

void judge_edge(struct judge *judge, const struct edge *edge, const struct verdict *verdict)
{
	const struct use *uses = &judge->graph->uses[edge->first_use];
	for (uint32_t i = 0; i < edge->use_count; i++)
		if (judge_sees(judge, graph_reference(judge->graph, &uses[i])))
			judge_use(judge, edge->from, edge->to, &uses[i], verdict);
}

static void fill_step(struct judge *judge, struct finding_step *step, uint32_t from, uint32_t to)
{
	const struct edge *edge = graph_edge(judge->graph, from, to);
	const struct use *use = judge_first_use(judge, edge);
	const struct reference *reference = graph_reference(judge->graph, use);
	step->file = judge->tree->entries[use->file].path;
	step->line = reference->line;
	step->column = reference->column;
	tell(judge, "%.*s references %.*s (%s %.*s)", STR_ARG(judge_module(judge, from)->name),
	     STR_ARG(judge_module(judge, to)->name), reference_kind_name(reference->kind),
	     STR_ARG(reference_target(reference)));
	step->text = told(judge);
}

void judge_chain(struct judge *judge, struct finding *finding, const uint32_t *path,
		 uint32_t length)
{
	uint32_t links = length - 1 < RULE_STEP_LIMIT ? length - 1 : RULE_STEP_LIMIT;
	finding->steps = arena_array(&judge->out->arena, links, sizeof *finding->steps);
	if (!finding->steps)
		return;
	finding->step_count = links;
	for (uint32_t i = 0; i < links; i++)
		fill_step(judge, &finding->steps[i], path[i], path[i + 1]);
}
