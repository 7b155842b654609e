/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_CONTRACT_H
#define CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"

/* What ashlar.yaml and the module.yaml files say, as plain data. */

#define CONTRACT_ROOT_NAME   "ashlar.yaml"
#define CONTRACT_MODULE_NAME "module.yaml"

/* Larger contract files are refused, in bytes. */
#define CONTRACT_SIZE_LIMIT ((size_t)1 << 20)

/* Modules of a tree, and patterns with wildcards among `modules`; more are errors. */
#define CONTRACT_MODULE_LIMIT  10000
#define CONTRACT_PATTERN_LIMIT 1000

#define MODULE_NONE UINT32_MAX

enum rule_id {
	RULE_DEPENDENCY,   /* a reference to a module that depends_on does not name */
	RULE_PRIVACY,      /* a reference to what the other module does not make public */
	RULE_LAYER,        /* a reference to a higher layer, or past a closed one */
	RULE_VISIBILITY,   /* a reference to a module that is not visible to this one */
	RULE_CYCLE,        /* modules that reference each other in a circle */
	RULE_FORBIDDEN,    /* a reference that a `forbidden` entry rules out, also through others */
	RULE_INDEPENDENCE, /* a reference between modules that an `independent` entry parts */
	RULE_EXTERNAL,     /* a third party's package that `external` does not name */
	RULE_UNUSED,       /* a declared dependency, or an exception, that nothing uses */
	RULE_EXHAUSTIVE,   /* a source file of no module */
	RULE_EXPIRED,      /* an exception past its date */
	RULE_STALE,        /* a baseline entry that no finding matches */
	RULE_COUNT,
};

enum severity {
	SEVERITY_UNSET, /* a module that says nothing about the rule */
	SEVERITY_OFF,
	SEVERITY_WARN,
	SEVERITY_ERROR,
};

/* A word in a contract, and where it stands. Paths and patterns are without "./" before and
 * '/' after them, "" for ".": one that names a folder stands for all below it. Only what
 * `exclude` has is as it was written. */
struct word {
	struct str text; /* NUL-terminated */
	uint32_t line;
	uint32_t column;
};

struct words {
	struct word *items;
	size_t count;
	bool given; /* the key is there, if only with an empty list */
};

/* A module that is named in a contract, found by its name. */
struct module_use {
	struct word name;
	uint32_t module; /* index in contracts.modules */
};

struct module_uses {
	struct module_use *items;
	size_t count;
	bool given;
};

struct exception {
	enum rule_id rule;
	/* A package, with MODULE_NONE, for RULE_EXTERNAL; for RULE_UNUSED maybe a pattern of
	 * `external`, with MODULE_NONE too. */
	struct module_use to;
	struct str reason;
	struct str owner;
	struct date until;
	uint32_t line;
	uint32_t column;
};

/* Something that a module does at times. */
struct schedule {
	struct word name; /* of lower-case letters, digits and '_', from a letter on */
	struct word cron; /* valid by base/cron.h */
};

/* One event of a choreography, and one that follows it, or, `undoes`, that has it taken back. */
struct flow {
	struct word event;
	struct word next;
	bool undoes;
};

/* A flow of events that several modules bring to its end. */
struct choreography {
	struct word name;    /* as a schedule's */
	uint32_t deadline_s; /* from its first event to an end */
	struct flow *flow;   /* none of them twice */
	size_t flow_count;
};

struct module {
	struct str name;
	struct str path; /* of its folder, relative to the root; "" is the root */
	struct str file; /* of its contract, relative to the root */
	uint32_t line;   /* of its name */
	uint32_t column;
	struct str owner; /* may be empty */
	struct str description;
	uint32_t layer;     /* index in contracts.layers, or MODULE_NONE */
	struct words roots; /* folders and files of it elsewhere, relative to the tree's root */
	struct module_uses depends_on;
	uint32_t depends_on_line; /* of the key, or of `module` where there is none */
	struct words public;      /* paths and patterns relative to its folder; not given: all */
	uint32_t public_line;
	struct module_uses visible_to; /* not given: to all */
	uint32_t visible_to_line;
	struct words external; /* patterns of third-party packages; not given: all */
	uint32_t external_line;
	struct words owns; /* schemas or tables */
	struct words ports;
	struct module_use replaces; /* whose ports it may provide, too; no name: of none */
	struct words publishes;
	struct words subscribes;
	struct schedule *schedules;
	size_t schedule_count;
	struct words sagas; /* names as those of schedules */
	struct choreography *choreographies;
	size_t choreography_count;
	struct exception *exceptions;
	size_t exception_count;
	enum severity rules[RULE_COUNT]; /* SEVERITY_UNSET: as the root says */
	bool strict; /* warnings are errors, and no baseline or exception counts */
};

struct layer {
	struct word name;
	bool closed; /* may not be jumped over: those above reach those below only through it */
};

/* No module of `from` may reference one of `to`. */
struct forbidden {
	struct module_uses from;
	struct module_uses to;
	bool indirect; /* nor reach it through others */
	struct str reason;
	uint32_t line;
};

/* No module of the list may reference another of the list. */
struct independent {
	struct module_uses modules;
	struct str reason;
	uint32_t line;
};

/* What the resolver is told about one language. */
struct language_settings {
	struct word language;
	struct words roots;           /* python, java, javascript: folders where names start */
	struct words includes;        /* c: include folders, in order */
	struct word compile_commands; /* c: path of compile_commands.json, or empty */
};

struct contracts {
	bool found; /* there is an ashlar.yaml; all else is empty when not */
	struct words module_patterns;
	struct words exclude; /* gitignore(5) patterns */
	struct words outside; /* patterns of source files that may belong to no module */
	struct layer *layers; /* upper first */
	size_t layer_count;
	enum severity rules[RULE_COUNT]; /* never SEVERITY_UNSET */
	bool ignore_types[RULE_COUNT];   /* the rule does not see type-only references */
	bool strict;                     /* as if every module were */
	struct language_settings *languages;
	size_t language_count;
	struct forbidden *forbidden;
	size_t forbidden_count;
	struct independent *independent;
	size_t independent_count;
	struct module *modules; /* by path, in byte order */
	size_t module_count;
	struct map by_name; /* from a module's name to its index */
	struct arena arena;
};

/* The name of a rule as contracts and findings write it; and back, RULE_COUNT for none. */
const char *rule_name(enum rule_id rule);
enum rule_id rule_named(struct str name);

/* How severe a finding of `rule` in `module` is; `module` may be MODULE_NONE. Never
 * SEVERITY_UNSET. Where the module is strict, a warning is an error. */
enum severity contracts_severity(const struct contracts *contracts, enum rule_id rule,
				 uint32_t module);

/* Whether `module` is strict, by its own word or the root's. */
bool contracts_strict(const struct contracts *contracts, uint32_t module);

/* Index of the module with that name, or MODULE_NONE. */
uint32_t contracts_find(const struct contracts *contracts, struct str name);

/* Step one: reads ROOT/ashlar.yaml, if there is one (`out->found`). What is wrong in it goes
 * to `errors`, with suggestions; what is right is kept. Names of modules, and paths, are
 * not looked up before contracts_load_modules(). Errors: ERROR_MEMORY only. */
int contracts_load_root(const char *root, struct contracts *out, struct error_list *errors,
			struct error *error) must_check;

/* What contracts_load_modules() asks of the tree, so that it need not know it. */
struct contract_places {
	const struct str *module_files; /* paths of all module.yaml in the tree */
	size_t module_file_count;
	/* Whether a pattern of base/glob.h matches a file or folder of the tree. */
	bool (*exists)(const void *context, struct str pattern);
	const void *context;
};

/* Step two: reads the module.yaml files that `modules` matches, then looks up every name,
 * path and pattern of all contracts. All errors of all files go to `errors`, sorted by
 * place. Errors: ERROR_MEMORY only. */
int contracts_load_modules(const char *root, const struct contract_places *places,
			   struct contracts *contracts, struct error_list *errors,
			   struct error *error) must_check;

/* Frees all contracts; the struct is empty then. */
void contracts_release(struct contracts *contracts);

#endif
