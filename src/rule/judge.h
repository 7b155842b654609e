/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULE_JUDGE_H
#define RULE_JUDGE_H

#include "base/text.h"
#include "rule/excuse.h"
#include "rule/rule.h"

/* What the rules share: what they may ask, and how they tell what they found. */

/* A set of pairs of modules. */
struct pairs {
	struct map map;
	struct arena arena;
};

struct judge {
	const struct graph *graph;
	const struct tree *tree;
	const struct contracts *contracts;
	struct date today;
	struct finding_list *out;
	enum rule_id rule;         /* the one that judges now */
	enum severity *severities; /* of its findings, for each module */
	struct excuses excuses;
	struct digraph declared; /* from each module to those in its depends_on */
	struct digraph visible;  /* from each module to those in its visible_to */
	uint32_t *component;     /* of each module, in graph->modules */
	uint32_t *path;          /* room for a path through all modules */
	struct text text;        /* a sentence that is being put together */
	struct pairs told;       /* modules that the rule has told about already */
	uint64_t searched;       /* counts up to RULE_SEARCH_LIMIT */
	uint64_t advised;        /* what was searched for advice alone */
};

/* ---- asking ---- */

/* The contract of a module. */
const struct module *judge_module(const struct judge *judge, uint32_t module);

/* Whether the rule is on in the module. */
bool judge_minds(const struct judge *judge, uint32_t module);

/* Whether the rule sees the reference at all: not, where it ignores types, one for types. */
bool judge_sees(const struct judge *judge, const struct reference *reference);

/* How many uses of an edge the rule sees; and the first of them, or NULL. */
uint32_t judge_use_count(const struct judge *judge, const struct edge *edge);
const struct use *judge_first_use(const struct judge *judge, const struct edge *edge);

/* Whether an exception of `module` lets it break the rule towards `to`. Notes that such an
 * exception was needed: to be asked only about what is a finding otherwise. */
bool judge_excuses(struct judge *judge, uint32_t module, struct str to);

/* Books steps that are taken for better advice alone. False: too many were already, and the
 * finding is to be told without. */
bool judge_may_advise(struct judge *judge, uint64_t steps);

/* A shortest way by which `from` uses `to` in the end, in judge->path, for advice. Returns the
 * modules on it; 0 when there is none, or when too much was searched for advice already. Errors:
 * ERROR_MEMORY (-1). */
int judge_way(struct judge *judge, uint32_t from, uint32_t to, struct error *error) must_check;

/* Books a search over so many modules and edges. Errors: ERROR_LIMIT. */
int judge_spend(struct judge *judge, uint64_t steps, struct error *error) must_check;

/* Notes that the rule tells of `from` and `to`. Returns whether it did not so far; false also
 * without memory, which the judge then knows. */
bool judge_first_time(struct judge *judge, uint32_t from, uint32_t to);

/* The graph of the modules and those edges that the rule sees, less those that `cut` (or NULL)
 * marks. Errors: ERROR_MEMORY. */
int judge_seen(struct judge *judge, const bool *cut, struct digraph *out,
	       struct error *error) must_check;

/* The edge with the fewest uses on a path of modules, the first of several: where on the path
 * it starts. */
uint32_t judge_cheapest(const struct judge *judge, const uint32_t *path, uint32_t length);

/* Whether a path, relative to where the words are, is one of them, below one, or matched by
 * one that is a pattern, itself or with a folder above it. */
bool words_cover(const struct words *words, struct str path);

/* ---- telling ---- */

/* Adds to the sentence, as printf() would. */
#define tell(judge, ...) text_addf(&(judge)->text, __VA_ARGS__)

/* "billing (owner payments)", or "billing". */
void tell_module(struct judge *judge, uint32_t module);

/* "a, b and c"; of many only the first, and how many more. */
void tell_modules(struct judge *judge, const struct module_uses *modules);
void tell_words(struct judge *judge, const struct words *words);

/* "a → b → c". */
void tell_path(struct judge *judge, const uint32_t *path, uint32_t length);

/* "src/billing/module.yaml:4" */
void tell_place(struct judge *judge, uint32_t module, uint32_t line);

/* "3 references" */
void tell_count(struct judge *judge, uint32_t count, const char *one, const char *many);

/* " Or remove the reference.", " Or remove the 3 references." */
void tell_removal(struct judge *judge, const char *lead, uint32_t count);

/* A last line of help: the exception that would allow it for a time. Nothing in strict
 * modules. */
void tell_exception(struct judge *judge, uint32_t module, struct str to);

/* Takes the sentence: a copy that lives as long as the findings. */
struct str told(struct judge *judge);

/* A path or a reference. Line feeds in it become U+FFFD: those of a sentence part its lines. */
void tell_name(struct text *out, struct str name);

/* "src/billing/charge.py imports legacy.prices" */
void tell_use(struct judge *judge, struct str file, const struct reference *reference);

/* ---- findings ---- */

/* A finding of the rule against `module` (or MODULE_NONE), with no place yet. NULL without
 * memory. */
struct finding *judge_add(struct judge *judge, uint32_t module, struct str to);

/* Sets the finding's place to the reference. */
void finding_place(struct finding *finding, const struct judge *judge, const struct use *use);

/* Why a use is a finding; the message becomes "FILE imports TARGET, WALL". */
struct verdict {
	struct str wall;
	struct str why;
	struct str help;
};

/* A finding at a use of `to` by `module`. */
void judge_use(struct judge *judge, uint32_t module, uint32_t to, const struct use *use,
	       const struct verdict *verdict);

/* The same for all uses of an edge that the rule sees. */
void judge_edge(struct judge *judge, const struct edge *edge, const struct verdict *verdict);

/* Gives the finding a step for each link of a path of modules, with the first line that makes
 * it; past RULE_STEP_LIMIT links the rest is left out. */
void judge_chain(struct judge *judge, struct finding *finding, const uint32_t *path,
		 uint32_t length);

/* ---- the rules, each in a file of its name ---- */

extern const struct rule RULE_TABLE_DEPENDENCY, RULE_TABLE_PRIVACY, RULE_TABLE_LAYER,
	RULE_TABLE_VISIBILITY, RULE_TABLE_CYCLE, RULE_TABLE_FORBIDDEN, RULE_TABLE_INDEPENDENCE,
	RULE_TABLE_EXTERNAL, RULE_TABLE_UNUSED, RULE_TABLE_EXHAUSTIVE, RULE_TABLE_EXPIRED,
	RULE_TABLE_STALE;

#endif
