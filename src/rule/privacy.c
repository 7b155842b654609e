/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `privacy`: what others reference of a module is public.
 *
 * Whether a file is public depends on nothing but the file: it is found out once. */
#include "base/mem.h"
#include "base/path.h"
#include "rule/judge.h"

static const char EXPLANATION[] =
	"Of a module with `public`, others may reference only the files and folders named\n"
	"there, by paths or patterns relative to the module's folder (and to its `roots`). A\n"
	"folder counts with all that is in it; a reference to a whole folder, as a Go package\n"
	"or a Java wildcard import is one, is public when a file right in it is. `public: []`\n"
	"closes the module; without the key all of it is public.\n"
	"\n"
	"Teams want it so that a module can change what nobody else can hold on to.\n"
	"\n"
	"    module: legacy\n"
	"    public: [api/, prices.proto]\n"
	"\n"
	"    src/billing/charge.ts:2:21 error privacy\n"
	"    src/billing/charge.ts imports ../legacy/db, but legacy keeps src/legacy/db.ts "
	"private\n"
	"\n"
	"Fix it by using what is public instead; the finding names a public file that passes\n"
	"the private one on, where there is one. Or agree with the owner to make it public.\n"
	"An exception with `to: MODULE` allows it until its date.\n";

enum openness { OPENNESS_UNKNOWN, OPENNESS_PUBLIC, OPENNESS_PRIVATE };

struct privacy {
	struct judge *judge;
	uint8_t *openness;   /* of each entry */
	uint32_t *passed_on; /* of each entry a public file of its module that references it */
};

static void privacy_release(struct privacy *privacy)
{
	mem_free(privacy->openness);
	mem_free(privacy->passed_on);
}

/* The part of `path` below `folder`; of the folder itself, when `whole`, its name. */
static struct str below(struct str path, struct str folder)
{
	if (folder.length == 0)
		return path;
	return path.length == folder.length ? STR("") : str_from(path, folder.length + 1);
}

static bool is_listed(const struct module *module, const struct entry *entry)
{
	if (path_is_within(entry->path, module->path) &&
	    words_cover(&module->public, below(entry->path, module->path)))
		return true;
	for (size_t i = 0; i < module->roots.count; i++) {
		struct str root = module->roots.items[i].text;
		if (!path_is_within(entry->path, root))
			continue;
		bool is_file = !entry->is_folder && entry->path.length == root.length;
		struct str rest = is_file ? path_name(root) : below(entry->path, root);
		if (words_cover(&module->public, rest))
			return true;
	}
	return false;
}

static bool ask(struct privacy *privacy, uint32_t entry)
{
	const struct graph *graph = privacy->judge->graph;
	const struct module *module = judge_module(privacy->judge, graph->module_of[entry]);
	uint8_t *openness = &privacy->openness[entry];
	if (*openness == OPENNESS_UNKNOWN)
		*openness = !module->public.given || is_listed(module, &graph->tree->entries[entry])
				    ? OPENNESS_PUBLIC
				    : OPENNESS_PRIVATE;
	return *openness == OPENNESS_PUBLIC;
}

/* A folder's files stand right behind it. */
static bool is_public(struct privacy *privacy, uint32_t entry)
{
	const struct graph *graph = privacy->judge->graph;
	const struct entry *entries = graph->tree->entries;
	if (ask(privacy, entry))
		return true;
	if (!entries[entry].is_folder)
		return false;
	for (uint32_t i = entry + 1; i < entries[entry].end && !entries[i].is_folder; i++)
		if (entries[i].facts && graph->module_of[i] == graph->module_of[entry] &&
		    ask(privacy, i))
			return true;
	return false;
}

/* ---- which public file passes a private one on ---- */

static void note_passed_on(struct privacy *privacy, uint32_t file)
{
	const struct graph *graph = privacy->judge->graph;
	const struct facts *facts = graph->tree->entries[file].facts;
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		if (reference->state != REFERENCE_INTERNAL)
			continue;
		uint32_t *passed_on = &privacy->passed_on[reference->resolved];
		if (*passed_on == ENTRY_NONE &&
		    graph->module_of[reference->resolved] == graph->module_of[file])
			*passed_on = file;
	}
}

static int find_passed_on(struct privacy *privacy)
{
	const struct graph *graph = privacy->judge->graph;
	uint32_t count = graph->tree->count;
	if (privacy->passed_on)
		return 0;
	privacy->passed_on = mem_alloc(count * sizeof *privacy->passed_on);
	if (!privacy->passed_on)
		return -1;
	memset(privacy->passed_on, 0xFF, count * sizeof *privacy->passed_on);
	for (uint32_t i = 0; i < count; i++)
		if (graph->tree->entries[i].facts && graph->module_of[i] != MODULE_NONE &&
		    judge_module(privacy->judge, graph->module_of[i])->public.given &&
		    ask(privacy, i))
			note_passed_on(privacy, i);
	return 0;
}

/* ---- findings ---- */

static void tell_why(struct judge *judge, uint32_t module)
{
	const struct module *about = judge_module(judge, module);
	tell_module(judge, module);
	if (about->public.count > 0) {
		tell(judge, " makes public only ");
		tell_words(judge, &about->public);
	} else {
		tell(judge, " makes nothing public");
	}
	tell(judge, " (");
	tell_place(judge, module, about->public_line);
	tell(judge, ").");
}

static void tell_help(struct privacy *privacy, const struct edge *edge, uint32_t target)
{
	struct judge *judge = privacy->judge;
	const struct module *to = judge_module(judge, edge->to);
	const struct entry *entry = &judge->tree->entries[target];
	uint32_t passed_on = privacy->passed_on[target];
	if (passed_on != ENTRY_NONE)
		tell(judge, "Reference %.*s, which is public and uses it.\n",
		     STR_ARG(judge->tree->entries[passed_on].path));
	else if (to->public.count > 0)
		tell(judge, "Use what is public in %.*s.\n", STR_ARG(to->name));
	struct str rest = path_is_within(entry->path, to->path) ? below(entry->path, to->path)
								: path_name(entry->path);
	tell(judge, "If others are to hold on to it, let %.*s add %.*s%s to public (",
	     STR_ARG(to->owner.length ? to->owner : STR("its owner")),
	     STR_ARG(rest.length ? rest : STR(".")), entry->is_folder ? "/" : "");
	tell_place(judge, edge->to, to->public_line);
	tell(judge, ").");
	tell_exception(judge, edge->from, to->name);
}

static int tell_private(struct privacy *privacy, const struct edge *edge, uint32_t target,
			struct verdict *verdict, struct error *error)
{
	struct judge *judge = privacy->judge;
	const struct entry *entry = &judge->tree->entries[target];
	if (find_passed_on(privacy) < 0)
		return error_memory(error);
	if (!verdict->why.at) {
		tell_why(judge, edge->to);
		verdict->why = told(judge);
	}
	tell(judge, "but %.*s keeps ", STR_ARG(judge_module(judge, edge->to)->name));
	tell_name(&judge->text, entry->path);
	tell(judge, "%s private", entry->is_folder ? "/" : "");
	verdict->wall = told(judge);
	tell_help(privacy, edge, target);
	verdict->help = told(judge);
	return 0;
}

static int judge_pair(struct privacy *privacy, const struct edge *edge, struct error *error)
{
	struct judge *judge = privacy->judge;
	struct verdict verdict = {0};
	uint32_t told_of = ENTRY_NONE; /* the target of which the verdict tells */
	for (uint32_t i = 0; i < edge->use_count; i++) {
		const struct use *use = &judge->graph->uses[edge->first_use + i];
		const struct reference *reference = graph_reference(judge->graph, use);
		uint32_t target = reference->resolved;
		if (!judge_sees(judge, reference) || is_public(privacy, target) ||
		    judge_excuses(judge, edge->from, judge_module(judge, edge->to)->name))
			continue;
		if (target != told_of && tell_private(privacy, edge, target, &verdict, error) < 0)
			return -1;
		told_of = target;
		judge_use(judge, edge->from, edge->to, use, &verdict);
	}
	return 0;
}

static int judge_privacy(struct judge *judge, struct error *error)
{
	const struct graph *graph = judge->graph;
	_cleanup_(privacy_release) struct privacy privacy = {.judge = judge};
	privacy.openness = mem_alloc(graph->tree->count);
	if (!privacy.openness)
		return error_memory(error);
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct edge *edge = &graph->edges[i];
		if (judge_minds(judge, edge->from) && judge_module(judge, edge->to)->public.given &&
		    judge_pair(&privacy, edge, error) < 0)
			return -1;
	}
	return 0;
}

const struct rule RULE_TABLE_PRIVACY = {
	.summary = "a reference to what another module does not make public",
	.explanation = EXPLANATION,
	.judge = judge_privacy,
};
