/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FINDING_BASELINE_H
#define FINDING_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "finding/finding.h"

/* What was found before, and fails nothing: one file a module, and one at the root for what
 * is found in no module. An entry names rule, target, file and reference, without a line, and
 * stands for all findings that agree in these. The files belong to people: only lines of
 * entries are ever added or taken out, all other bytes stay. */

#define BASELINE_NAME      "baseline.yaml"
#define BASELINE_ROOT_NAME "ashlar.baseline.yaml"

/* Larger files are refused, in bytes. */
#define BASELINE_SIZE_LIMIT ((size_t)64 << 20)

/* A module as the baseline sees it. */
struct baseline_module {
	struct str name;
	struct str folder; /* of its contract, relative to the tree's root */
	bool strict;       /* no entry of it counts: all are stale, and none is written */
};

struct baseline_entry {
	struct str rule;
	struct str to; /* may be empty, and so may the next two */
	struct str file;
	struct str reference;
	uint32_t line;
	uint32_t column;
	uint32_t source; /* index in baseline.sources */
	bool used;       /* a finding matched */
	size_t start;    /* the bytes of its lines in the source's content, with the line's end */
	size_t end;
	size_t dash; /* where its "- " stands */
};

/* One file. */
struct baseline_source {
	struct str path;    /* relative to the tree's root, NUL-terminated */
	struct str content; /* as it is on disk; `at` is NULL while there is no file */
	uint32_t first;     /* its entries, in the order of the file */
	uint32_t count;
	bool strict;
	bool broken; /* it has errors: it cannot be written */
};

struct baseline {
	const char *root;
	struct baseline_source *sources; /* the root's, then one for each module, in their order */
	uint32_t source_count;
	struct baseline_entry *entries;
	uint32_t count;
	size_t capacity;
	struct map modules; /* from a module's name to its source */
	struct map index;   /* from source, rule, to, file, reference to an entry */
	struct arena arena;
};

/* Reads the baselines of all modules, in any order, and the root's; a file that is not there
 * is empty. `root` and the modules' texts must outlive the baseline. What is wrong in the
 * files goes to `errors`, sorted by place: syntax, unknown or missing keys, values that are not
 * texts, an entry given twice. Errors: ERROR_MEMORY only. */
int baseline_load(const char *root, const struct baseline_module *modules, size_t module_count,
		  struct baseline *out, struct error_list *errors, struct error *error) must_check;

/* Frees everything but the files; the struct is empty then. */
void baseline_release(struct baseline *baseline);

/* Whether findings of a rule may be in a baseline: not those of "stale" and "expired", which
 * are about lists that must get shorter. */
bool baseline_takes(const char *rule);

/* Sets `baseline` of all findings that an entry matches, and `used` of these entries. Call it
 * once with the findings of all modules: entries that are not used then are stale. Findings
 * of strict modules are left alone. Errors: ERROR_MEMORY. */
int baseline_mark(struct baseline *baseline, struct finding_list *findings,
		  struct error *error) must_check;

/* The next entry at or after `*position` that no finding used, which moves behind it; NULL at
 * the end. Starts with 0; goes by source, then line. */
const struct baseline_entry *baseline_next_stale(const struct baseline *baseline,
						 uint32_t *position);

struct baseline_changes {
	size_t kept;    /* entries afterwards */
	size_t added;   /* entries */
	size_t removed; /* entries */
	size_t files;   /* with an entry afterwards */
	size_t written; /* files that were written or removed */
};

/* Makes the files say exactly what `findings` are, and counts that in `changes` (which may be
 * NULL); writes nothing in a dry run. Entries that match stay as they are, the others go, new
 * ones are put in by the order of their bytes. Only files whose content changes are written,
 * each atomically; one that is left with no entry and no words of others is removed. Sets
 * `used`. Errors: ERROR_INVALID for a file that has errors or cannot be changed line by line,
 * ERROR_IO, ERROR_MEMORY; files before it are written already. */
int baseline_write(struct baseline *baseline, const struct finding_list *findings, bool dry_run,
		   struct baseline_changes *changes, struct error *error) must_check;

/* Takes the entries out that no finding used, after baseline_mark(). Errors: as
 * baseline_write(). */
int baseline_tighten(struct baseline *baseline, struct baseline_changes *changes,
		     struct error *error) must_check;

#endif
