/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/text.h"
#include "finding/finding.h"
#include "scan/facts.h"

/* Writes findings for people and for other programs. Prints nothing: all of it goes into a
 * text. docs/formats.md says who reads which format. */

/* What a rule is about, for formats that list the rules beside the findings. */
struct report_rule {
	const char *name;    /* "dependency" */
	const char *summary; /* one sentence */
	const char *text;    /* paragraphs; may be NULL */
};

struct report_options {
	bool colour;    /* ANSI escapes; `text` only */
	bool known;     /* `text` shows the findings of the baseline too */
	unsigned width; /* columns of the terminal, for `text`; 0: lines are not wrapped */
	/* Where the tree's root lies in its repository ("services/shop"), put before the paths
	 * that GitHub, GitLab and Jenkins read; empty at the top. */
	struct str prefix;
	/* `text`: what the findings were narrowed to, as " in src/a (3 files)"; NULL or empty for
	 * all that there is. */
	const char *scope;
	const struct report_rule *rules; /* all that were checked; or NULL */
	size_t rule_count;
};

struct report_format;

/* The format called "text", "json", "sarif", "github", "junit" or "codequality"; or NULL. */
const struct report_format *report_format_named(struct str name);

/* The names of all formats, in the order of the documentation; NULL past the last. */
const char *report_format_name(size_t index);

/* Adds the report on `list` (in any order) to `out`. Source lines are read below
 * summary->root; one that cannot be read is left out. `options` may be NULL. Takes
 * n log n time for n findings. Errors: ERROR_MEMORY; `out` then holds a part. */
int report_write(const struct report_format *format, const struct finding_list *list,
		 const struct check_summary *summary, const struct report_options *options,
		 struct text *out, struct error *error) must_check;

/* One reference of a source file, and where it goes. */
struct report_reference {
	struct str file;
	uint32_t line;
	uint32_t column; /* in characters */
	enum reference_kind kind;
	enum reference_state state;
	struct str target;    /* as written */
	struct str resolved;  /* internal: the path; else empty */
	bool is_folder;       /* `resolved` is a folder */
	struct str package;   /* external: the package; may be empty */
	struct str module;    /* of the file; empty where it is in none */
	struct str to_module; /* internal: of `resolved`; empty where it is in none */
};

/* Adds a line "FILE:LINE:COLUMN: KIND TARGET -> WHERE". */
void report_reference_text(const struct report_reference *reference, struct text *out);

/* Adds a line with a JSON object, as docs/schema/reference.schema.json describes it. */
void report_reference_json(const struct report_reference *reference, struct text *out);

#endif
