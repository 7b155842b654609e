/* SPDX-License-Identifier: Apache-2.0 */
/* Changes baselines line by line: takes out the lines of entries that are no longer used, puts
 * new ones in, and copies every other byte.
 *
 * Invariant: what is written has been read back first and holds just the entries it should. */
#include "finding/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "finding/entry.h"

static const char HEADER[] =
	"# What `ashlar check` found here when this list was made. It fails nothing, and it only\n"
	"# shrinks: mend a place, and `ashlar check --tighten` takes its line out.\n"
	"# A line stands for every place in its file that refers to the same thing.\n"
	"\n";

/* An entry that is not in its file yet. */
struct addition {
	struct str line; /* without an indentation and the end of the line */
	uint32_t source;
};

struct additions {
	struct addition *items;
	size_t count;
	size_t capacity;
	struct map keys;
};

static void additions_release(struct additions *additions)
{
	map_release(&additions->keys);
	mem_free(additions->items);
}

/* ---- which entries ---- */

static int add(struct baseline *baseline, struct additions *additions, uint32_t source,
	       struct str key, const struct entry_words *words, struct error *error)
{
	struct arena *arena = &baseline->arena;
	_cleanup_(text_release) struct text line = {0};
	if (map_get(&additions->keys, key) != MAP_NONE)
		return 0;
	entry_add_line(&line, words);
	struct addition addition = {.source = source, .line = arena_str(arena, text_str(&line))};
	struct str copy = arena_str(arena, key);
	if (line.failed || !addition.line.at || !copy.at ||
	    !map_put(&additions->keys, copy, (uint32_t)additions->count) ||
	    !mem_reserve(&additions->items, &additions->capacity, additions->count + 1,
			 sizeof *additions->items))
		return error_memory(error);
	additions->items[additions->count++] = addition;
	return 0;
}

static int compare_additions(const void *left, const void *right)
{
	const struct addition *a = left, *b = right;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	return str_compare(a->line, b->line);
}

/* Marks the entries that a finding uses, and gathers those to be added, in order. */
static int choose(struct baseline *baseline, const struct finding_list *findings,
		  struct additions *additions, struct error *error)
{
	_cleanup_(text_release) struct text key = {0};
	for (uint32_t i = 0; i < baseline->count; i++)
		baseline->entries[i].used = false;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		uint32_t source = baseline_source_of(baseline, finding);
		if (source == SOURCE_NONE)
			continue;
		struct entry_words words = entry_words_of_finding(finding);
		text_clear(&key);
		entry_add_key(&key, source, &words);
		if (key.failed)
			return error_memory(error);
		uint32_t entry = map_get(&baseline->index, text_str(&key));
		if (entry != MAP_NONE)
			baseline->entries[entry].used = true;
		else if (add(baseline, additions, source, text_str(&key), &words, error) < 0)
			return -1;
	}
	if (additions->count > 1)
		qsort(additions->items, additions->count, sizeof *additions->items,
		      compare_additions);
	return 0;
}

/* ---- the new content of one file ---- */

struct rewrite {
	const struct baseline *baseline;
	const struct baseline_source *source;
	const struct addition *next; /* to be put in, */
	size_t left;                 /* and how many there are */
	struct str indent;
	struct str newline;
	struct text out;
};

static void rewrite_release(struct rewrite *rewrite)
{
	text_release(&rewrite->out);
}

static struct str slice(struct str text, size_t from, size_t to)
{
	return from == to ? STR("") : str_first(str_from(text, from), to - from);
}

static void put_next(struct rewrite *rewrite)
{
	struct text *out = &rewrite->out;
	if (out->length > 0 && out->at[out->length - 1] != '\n')
		text_add(out, rewrite->newline);
	text_add(out, rewrite->indent);
	text_add(out, rewrite->next->line);
	text_add(out, rewrite->newline);
	rewrite->next++;
	rewrite->left--;
}

/* Where the comment lines start that stand right above an entry at `place`, not before
 * `from`: they belong to it, unless they head the file. */
static size_t comments_above(struct str content, size_t from, size_t place)
{
	size_t at = place;
	while (at > from) {
		ptrdiff_t before = str_find_last(slice(content, from, at - 1), '\n');
		size_t start = before < 0 ? from : from + (size_t)before + 1;
		if (!str_starts(str_trim(slice(content, start, at)), STR("#")))
			break;
		at = start;
	}
	return at == 0 ? place : at;
}

/* Puts in what comes before the entry by its bytes. Returns where copying goes on. */
static size_t put_before(struct rewrite *rewrite, const struct baseline_entry *entry, size_t at)
{
	struct str content = rewrite->source->content;
	struct entry_words words = entry_words_of(entry);
	_cleanup_(text_release) struct text line = {0};
	if (rewrite->left == 0)
		return at;
	entry_add_line(&line, &words);
	rewrite->out.failed |= line.failed;
	if (str_compare(rewrite->next->line, text_str(&line)) >= 0)
		return at;
	size_t place = comments_above(content, at, entry->start);
	text_add(&rewrite->out, slice(content, at, place));
	while (rewrite->left > 0 && str_compare(rewrite->next->line, text_str(&line)) < 0)
		put_next(rewrite);
	return place;
}

static void build(struct rewrite *rewrite)
{
	const struct baseline_source *source = rewrite->source;
	size_t at = 0;
	if (!source->content.at)
		text_add(&rewrite->out, STR(HEADER));
	for (uint32_t i = 0; i < source->count; i++) {
		const struct baseline_entry *entry = &rewrite->baseline->entries[source->first + i];
		at = put_before(rewrite, entry, at);
		text_add(&rewrite->out, slice(source->content, at, entry->start));
		at = entry->end;
		if (entry->used)
			text_add(&rewrite->out, slice(source->content, entry->start, at));
	}
	if (source->count == 0 && source->content.at) {
		text_add(&rewrite->out, source->content);
		at = source->content.length;
	}
	while (rewrite->left > 0)
		put_next(rewrite);
	text_add(&rewrite->out, slice(source->content, at, source->content.length));
}

/* ---- making sure ---- */

/* Whether nothing but the header and blank lines is left. */
static bool is_empty(struct str content)
{
	struct str line;
	while (str_split(&content, '\n', &line)) {
		line = str_trim(line);
		bool known = line.length == 0;
		struct str rest = STR(HEADER), ours;
		while (!known && str_split(&rest, '\n', &ours))
			known = str_equal(line, ours);
		if (!known)
			return false;
	}
	return true;
}

/* Adds the line of an entry with value 0. */
static int add_line(struct map *lines, struct arena *arena, const struct baseline_entry *entry,
		    struct error *error)
{
	_cleanup_(text_release) struct text line = {0};
	struct entry_words words = entry_words_of(entry);
	entry_add_line(&line, &words);
	struct str copy = arena_str(arena, text_str(&line));
	return line.failed || !copy.at || !map_put(lines, copy, 0) ? error_memory(error) : 0;
}

/* The lines of all entries that the new content must have, each with value 0. */
static int list_wanted(const struct rewrite *rewrite, const struct addition *added, size_t count,
		       struct map *wanted, struct arena *arena, struct error *error)
{
	for (uint32_t i = 0; i < rewrite->source->count; i++) {
		const struct baseline_entry *entry =
			&rewrite->baseline->entries[rewrite->source->first + i];
		if (entry->used && add_line(wanted, arena, entry, error) < 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++)
		if (!map_put(wanted, added[i].line, 0))
			return error_memory(error);
	return 0;
}

/* Whether a copy that was read back has just the wanted entries; each that it has gets
 * value 1. Returns 1, 0, or -1 without memory. */
static int has_wanted(const struct baseline *copy, struct map *wanted, struct error *error)
{
	for (uint32_t i = 0; i < copy->count; i++) {
		_cleanup_(text_release) struct text line = {0};
		struct entry_words words = entry_words_of(&copy->entries[i]);
		entry_add_line(&line, &words);
		if (line.failed)
			return error_memory(error);
		if (map_get(wanted, text_str(&line)) != 0)
			return 0;
		/* The key is there already, so nothing of this line is kept. */
		if (!map_put(wanted, text_str(&line), 1))
			return error_memory(error);
	}
	return copy->count == wanted->count;
}

/* Reads the new content back: it must have no error, and the entries that stay, and those that
 * were added, and no other. */
static int verify(const struct rewrite *rewrite, const struct addition *added, size_t count,
		  struct error *error)
{
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	_cleanup_(map_release) struct map wanted = {0};
	_cleanup_(baseline_release) struct baseline copy = {.source_count = 1};
	struct baseline_source source = {.path = rewrite->source->path,
					 .content = text_str(&rewrite->out)};
	copy.sources = &source;
	if (entries_parse(&copy, 0, &parser, &errors, error) < 0 ||
	    list_wanted(rewrite, added, count, &wanted, &copy.arena, error) < 0)
		return -1;
	int result = has_wanted(&copy, &wanted, error);
	if (result < 0 || (result > 0 && errors.count + errors.dropped == 0))
		return result < 0 ? -1 : 0;
	return error_at(error, ERROR_INVALID, source.path.at, 0, 0,
			"cannot be changed line by line; write one entry a line, "
			"'- {rule: ...}'");
}

static int store(const struct rewrite *rewrite, size_t count, struct error *error)
{
	_cleanup_(text_release) struct text path = {0};
	text_addf(&path, "%s/%s", rewrite->baseline->root, rewrite->source->path.at);
	if (path.failed)
		return error_memory(error);
	if (count > 0 || !is_empty(text_str(&rewrite->out)))
		return file_write(path.at, text_str(&rewrite->out), error);
	if (unlink(path.at) < 0 && errno != ENOENT)
		return error_at(error, ERROR_IO, rewrite->source->path.at, 0, 0,
				"cannot be removed: %s", strerror(errno));
	return 0;
}

/* ---- all files ---- */

static void note_style(struct rewrite *rewrite)
{
	const struct baseline_source *source = rewrite->source;
	ptrdiff_t end = str_find(source->content, '\n');
	bool crlf = end > 0 && source->content.at[end - 1] == '\r';
	rewrite->newline = crlf ? STR("\r\n") : STR("\n");
	if (source->count == 0)
		return;
	const struct baseline_entry *first = &rewrite->baseline->entries[source->first];
	rewrite->indent = slice(source->content, first->start, first->dash);
}

static int change(const struct baseline *baseline, const struct baseline_source *source,
		  const struct addition *added, size_t added_count, bool dry_run,
		  struct baseline_changes *changes, struct error *error)
{
	size_t used = 0;
	for (uint32_t i = 0; i < source->count; i++)
		used += baseline->entries[source->first + i].used;
	size_t count = used + added_count;
	changes->kept += count;
	changes->files += count > 0;
	changes->added += added_count;
	changes->removed += source->count - used;
	if (added_count == 0 && used == source->count)
		return 0;
	if (source->broken)
		return error_at(error, ERROR_INVALID, source->path.at, 0, 0,
				"has errors, and is not changed before they are mended");
	changes->written++;
	_cleanup_(rewrite_release) struct rewrite rewrite = {
		.baseline = baseline, .source = source, .next = added, .left = added_count};
	note_style(&rewrite);
	build(&rewrite);
	if (rewrite.out.failed)
		return error_memory(error);
	if (verify(&rewrite, added, added_count, error) < 0)
		return -1;
	return dry_run ? 0 : store(&rewrite, count, error);
}

static int change_all(const struct baseline *baseline, const struct additions *additions,
		      bool dry_run, struct baseline_changes *out, struct error *error)
{
	struct baseline_changes changes = {0};
	size_t next = 0;
	for (uint32_t i = 0; i < baseline->source_count; i++) {
		size_t first = next;
		while (next < additions->count && additions->items[next].source == i)
			next++;
		if (change(baseline, &baseline->sources[i],
			   next > first ? &additions->items[first] : NULL, next - first, dry_run,
			   &changes, error) < 0)
			return -1;
	}
	if (out)
		*out = changes;
	return 0;
}

int baseline_write(struct baseline *baseline, const struct finding_list *findings, bool dry_run,
		   struct baseline_changes *changes, struct error *error)
{
	_cleanup_(additions_release) struct additions additions = {0};
	if (choose(baseline, findings, &additions, error) < 0)
		return -1;
	return change_all(baseline, &additions, dry_run, changes, error);
}

int baseline_tighten(struct baseline *baseline, struct baseline_changes *changes,
		     struct error *error)
{
	const struct additions none = {0};
	return change_all(baseline, &none, false, changes, error);
}
