/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FINDING_FINDING_H
#define FINDING_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* One broken wall, told so that a person can act on it without looking elsewhere. Plain
 * data: the rules make findings, the reports show them, the baseline remembers them. */

enum finding_severity { FINDING_WARNING, FINDING_ERROR };

/* A line that is part of the story: a link of a chain, another use. */
struct finding_step {
	struct str file;
	uint32_t line;
	uint32_t column;
	struct str text; /* "billing references orders (import orders.api)" */
};

struct finding {
	const char *rule; /* "dependency" */
	enum finding_severity severity;
	struct str module;    /* whose wall, or whose file; may be empty */
	struct str to;        /* the other module, package or path; may be empty */
	struct str file;      /* relative to the tree's root; "/" as separator */
	uint32_t line;        /* 0: the whole file */
	uint32_t column;      /* in characters; 0: the whole line */
	uint32_t width;       /* characters of the reference on the line, for underlining; or 0 */
	struct str reference; /* the target as written; may be empty */
	struct str message;   /* what is wrong, one sentence */
	struct str why;       /* which contract line says so, whose it is, and for what reason */
	struct str help;      /* what to do about it */
	struct finding_step *steps;
	size_t step_count;
	bool baseline; /* known: it is in the baseline and fails nothing */
};

struct finding_list {
	struct finding *items;
	size_t count;
	size_t capacity;
	struct arena arena; /* for the texts of the findings */
	bool failed;        /* memory ran out: findings are missing */
};

/* Frees the findings and their texts; the list is empty then. */
void finding_list_release(struct finding_list *list);

/* Adds a zeroed finding, to be filled in; NULL, and `failed` set, without memory. */
struct finding *finding_list_add(struct finding_list *list);

/* Orders by file, line, column, rule, to, reference, message. */
void finding_list_sort(struct finding_list *list);

/* "error" or "warning". */
const char *finding_severity_name(enum finding_severity severity);

/* Errors, or warnings, that are not in the baseline. */
size_t finding_list_count(const struct finding_list *list, enum finding_severity severity);

/* What one check saw, for the reports. */
struct check_summary {
	const char *version; /* of Ashlar */
	const char *root;    /* of the tree */
	uint64_t files;      /* source files scanned */
	uint64_t lines;      /* in them */
	uint64_t references;
	uint64_t internal;
	uint64_t external; /* with the language's own library */
	uint64_t unresolved;
	const struct str *modules; /* names, in byte order */
	size_t module_count;
	uint64_t edges; /* pairs of modules with a reference */
	double duration_ms;
	const struct error_list *problems; /* files that could not be read */
};

#endif
