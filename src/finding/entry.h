/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FINDING_ENTRY_H
#define FINDING_ENTRY_H

#include "base/text.h"
#include "base/yaml.h"
#include "finding/baseline.h"

/* Entries of a baseline as lines of a file. Internal to finding/. */

/* What tells one entry from another. */
struct entry_words {
	struct str rule;
	struct str to;
	struct str file;
	struct str reference;
};

/* Adds the bytes by which an entry of a source is found. Bytes that no YAML text may hold
 * count as U+FFFD, as they are written. */
void entry_add_key(struct text *out, uint32_t source, const struct entry_words *words);

/* Adds the entry as "- {rule: ..., to: ...}", without the end of the line. Empty words other
 * than the rule are left out. */
void entry_add_line(struct text *out, const struct entry_words *words);

/* Whether a word can stand without quotes. */
bool entry_is_plain(struct str word);

/* The words of an entry, or of a finding. */
struct entry_words entry_words_of(const struct baseline_entry *entry);
struct entry_words entry_words_of_finding(const struct finding *finding);

/* The source whose entries count for a finding; SOURCE_NONE when none do. */
#define SOURCE_NONE UINT32_MAX
uint32_t baseline_source_of(const struct baseline *baseline, const struct finding *finding);

/* Appends the entries of the source's content to the baseline. What is wrong goes to `errors`,
 * and makes the source broken. Errors: ERROR_MEMORY only. */
int entries_parse(struct baseline *baseline, uint32_t source, struct yaml_parser *parser,
		  struct error_list *errors, struct error *error) must_check;

/* Appends one entry. Errors: ERROR_MEMORY. */
int entries_add(struct baseline *baseline, const struct baseline_entry *entry,
		struct error *error) must_check;

#endif
