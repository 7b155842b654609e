/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_WRITER_H
#define REPORT_WRITER_H

#include "base/source.h"
#include "report/report.h"

/* What the formats share. Private to this folder. */

/* Everything a format needs to write one report. */
struct writer {
	const struct finding_list *list;
	const struct check_summary *summary;
	const struct report_options *options;
	const struct finding **sorted; /* by module (none last), file, rule, to, line, column */
	struct text *out;              /* `failed` tells that memory ran out */
};

/* For people. */
void write_text(const struct writer *writer);
/* One object. */
void write_json(const struct writer *writer);
/* SARIF 2.1.0. */
void write_sarif(const struct writer *writer);
/* Workflow commands. */
void write_github(const struct writer *writer);
/* JUnit XML. */
void write_junit(const struct writer *writer);
/* Code Quality JSON. */
void write_codequality(const struct writer *writer);

/* Adds the path of a file, with the prefix of the options, as a JSON string. */
void add_json_path(const struct writer *writer, struct str file);

/* Adds the same path, escaped for XML. */
void add_xml_path(const struct writer *writer, struct str file);

/* How many characters of its line a finding is about: what stands there of the reference, or
 * finding->width where there is no reference or no such line; 0 when that is not known. */
uint32_t width_of(struct source *source, const struct finding *finding);

struct verdict {
	size_t errors; /* not in the baseline */
	size_t warnings;
	size_t known; /* in the baseline */
};

/* Counts the findings of a list. */
struct verdict verdict_of(const struct finding_list *list);

/* Adds one line on what was seen: "12 files, 1,200 lines, 3 modules; ...". */
void add_seen(struct text *out, const struct check_summary *summary);

/* Adds "2 errors and 1 warning: 2 dependency, 1 privacy; 4 known in the baseline". */
void add_verdict(struct text *out, const struct finding_list *list);

#endif
