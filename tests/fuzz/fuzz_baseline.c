/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a baseline. Both readers must say the same; entries stand in order on lines of
 * their own; what is taken out and put in leaves a file that reads back as it should. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "finding/baseline.h"

static char root[] = "/tmp/ashlar-fuzz-XXXXXX";
static char path[sizeof root + sizeof BASELINE_ROOT_NAME + 1];

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void clean_up(void)
{
	unlink(path);
	rmdir(root);
}

static void set_up(void)
{
	if (path[0])
		return;
	require(mkdtemp(root) != NULL);
	snprintf(path, sizeof path, "%s/%s", root, BASELINE_ROOT_NAME);
	atexit(clean_up);
}

static void put(struct str content)
{
	FILE *file = fopen(path, "wb");
	require(file != NULL);
	require(fwrite(content.at, 1, content.length, file) == content.length);
	require(fclose(file) == 0);
}

static size_t load(struct baseline *out)
{
	struct error_list errors = {0};
	struct error error;
	require(baseline_load(root, NULL, 0, out, &errors, &error) == 0);
	size_t count = errors.count;
	error_list_clear(&errors);
	return count;
}

static void check_places(const struct baseline *baseline)
{
	struct str content = baseline->sources[0].content;
	size_t end = 0;
	for (uint32_t i = 0; i < baseline->count; i++) {
		const struct baseline_entry *entry = &baseline->entries[i];
		require(entry->start >= end && entry->dash >= entry->start);
		require(entry->end > entry->dash && entry->end <= content.length);
		require(content.at[entry->dash] == '-');
		end = entry->end;
	}
}

/* The line before makes the reader by lines give up. */
static void check_readers(const struct baseline *plain, struct str content)
{
	struct baseline other = {0};
	struct text marked = {0};
	text_addf(&marked, "---\n");
	text_add(&marked, content);
	put(text_str(&marked));
	if (!str_starts(content, STR("%")) && !str_starts(content, STR("\xEF\xBB\xBF")) &&
	    !memmem(content.at, content.length, "---", 3) &&
	    !memmem(content.at, content.length, "...", 3)) {
		require(load(&other) == 0 && other.count == plain->count);
		for (uint32_t i = 0; i < plain->count; i++) {
			const struct baseline_entry *a = &plain->entries[i], *b = &other.entries[i];
			require(str_equal(a->rule, b->rule) && str_equal(a->to, b->to));
			require(str_equal(a->file, b->file) &&
				str_equal(a->reference, b->reference));
			require(a->start + 4 == b->start && a->end + 4 == b->end);
		}
	}
	text_release(&marked);
	baseline_release(&other);
}

/* Every other entry stays, one comes new; then the file must hold these. */
static void check_writing(struct baseline *baseline)
{
	struct finding_list findings = {0};
	struct baseline_changes changes;
	struct baseline after = {0};
	struct error error;
	for (uint32_t i = 0; i < baseline->count; i += 2) {
		const struct baseline_entry *entry = &baseline->entries[i];
		struct finding *finding = finding_list_add(&findings);
		require(finding != NULL);
		/* NUL-terminated copies, as rules have. */
		finding->rule = arena_str(&findings.arena, entry->rule).at;
		finding->to = entry->to;
		finding->file = entry->file;
		finding->reference = entry->reference;
	}
	struct finding *fresh = finding_list_add(&findings);
	require(fresh != NULL);
	fresh->rule = "m: \"new\"\n";
	fresh->file = baseline->count ? baseline->entries[0].rule : STR("x");
	if (baseline_write(baseline, &findings, false, &changes, &error) == 0) {
		require(load(&after) == 0 && after.count == changes.kept);
		require(baseline_mark(&after, &findings, &error) == 0);
		for (size_t i = 0; i < findings.count; i++)
			require(findings.items[i].baseline ||
				!baseline_takes(findings.items[i].rule));
		for (uint32_t i = 0; i < after.count; i++)
			require(after.entries[i].used);
	} else {
		require(error.code == ERROR_INVALID);
	}
	baseline_release(&after);
	finding_list_release(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct baseline baseline = {0};
	struct str content = {(const char *)data, size};
	set_up();
	put(content);
	if (load(&baseline) == 0) {
		check_places(&baseline);
		check_readers(&baseline, content);
		put(content);
		check_writing(&baseline);
	}
	baseline_release(&baseline);
	return 0;
}
