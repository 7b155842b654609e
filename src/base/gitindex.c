/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a git index: a header of 12 bytes ("DIRC", version, number of entries), the entries,
 * extensions ("abcd", length, bytes), a checksum. An entry is
 *
 *	10 numbers of 4 bytes (the seventh is the mode), a hash, 2 bytes of flags,
 *	2 more with the flag EXTENDED, the path,
 *
 * and in versions 2 and 3 one to eight NULs, so that its length is a multiple of eight. In
 * version 4 the path is: how many bytes to cut off the path before, what to append, a NUL.
 * Every offset is checked: the file is not trusted. */
#include "base/gitindex.h"

#include <stdint.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { HEADER_SIZE = 12, STAT_SIZE = 40, MODE_OFFSET = 24 };
enum { FLAG_EXTENDED = 0x4000, MODE_TYPE = 0170000, MODE_FOLDER = 0040000, MODE_MODULE = 0160000 };

struct reader {
	struct str content;
	size_t at;
	size_t hash_size;
	uint32_t version;
	uint32_t count;
	struct gitindex *index;
	struct str last;   /* the path before */
	bool has_nameless; /* an entry without a path: its path is in the base of a split index */
	bool is_sparse;    /* a whole folder is one entry */
};

static uint32_t number_at(struct str content, size_t at, size_t size)
{
	uint32_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | (unsigned char)content.at[at + i];
	return value;
}

static bool has_room(const struct reader *reader, size_t size)
{
	return reader->content.length - reader->at >= size;
}

/* Git's own encoding of offsets: 7 bits a byte, the high ones first, each step adds one. */
static bool read_offset(struct reader *reader, size_t *out)
{
	size_t value = 0;
	for (bool first = true;; first = false) {
		if (!has_room(reader, 1) || value > PATH_LIMIT)
			return false;
		unsigned char byte = (unsigned char)reader->content.at[reader->at++];
		value = first ? byte & 0x7F : (value + 1) << 7 | (byte & 0x7F);
		if (!(byte & 0x80))
			break;
	}
	*out = value;
	return true;
}

/* The bytes up to the next NUL, which is skipped too. */
static bool read_terminated(struct reader *reader, struct str *out)
{
	struct str rest = str_from(reader->content, reader->at);
	ptrdiff_t end = str_find(str_first(rest, PATH_LIMIT), '\0');
	if (end < 0)
		return false;
	*out = str_first(rest, (size_t)end);
	reader->at += (size_t)end + 1;
	return true;
}

/* The path of version 4. Without memory the arena has failed. */
static bool read_packed_path(struct reader *reader, struct str *out)
{
	size_t cut;
	struct str end;
	if (!read_offset(reader, &cut) || cut > reader->last.length ||
	    !read_terminated(reader, &end))
		return false;
	size_t kept = reader->last.length - cut;
	if (kept + end.length >= PATH_LIMIT)
		return false;
	char *path = arena_bytes(&reader->index->arena, kept + end.length + 1);
	if (!path)
		return false;
	if (kept > 0)
		memcpy(path, reader->last.at, kept);
	if (end.length > 0)
		memcpy(path + kept, end.at, end.length);
	*out = (struct str){path, kept + end.length};
	return true;
}

static bool read_padded_path(struct reader *reader, size_t start, struct str *out)
{
	if (!read_terminated(reader, out))
		return false;
	size_t end = start + (reader->at - start + 7) / 8 * 8;
	if (end > reader->content.length)
		return false;
	reader->at = end;
	return true;
}

/* Paths are sorted and lead nowhere outside; of equal ones (stages) the first is kept. */
static bool keep_path(struct reader *reader, struct str path, uint32_t mode)
{
	struct gitindex *index = reader->index;
	int order = str_compare(reader->last, path);
	if (path.length == 0)
		return reader->has_nameless = true;
	if (order > 0)
		return false;
	reader->last = path;
	if (order == 0)
		return true;
	if ((mode & MODE_TYPE) != MODE_MODULE) {
		index->paths[index->count++] = path;
		return true;
	}
	if (!mem_reserve(&index->modules, &index->module_capacity, index->module_count + 1,
			 sizeof *index->modules))
		index->arena.failed = true;
	else
		index->modules[index->module_count++] = path;
	return true;
}

static bool read_entry(struct reader *reader)
{
	size_t start = reader->at, fixed = STAT_SIZE + reader->hash_size + 2;
	if (!has_room(reader, fixed))
		return false;
	uint32_t mode = number_at(reader->content, start + MODE_OFFSET, 4);
	uint32_t flags = number_at(reader->content, start + fixed - 2, 2);
	reader->at += fixed;
	if (flags & FLAG_EXTENDED) {
		if (reader->version < 3 || !has_room(reader, 2))
			return false;
		reader->at += 2;
	}
	struct str path;
	if (reader->version == 4 ? !read_packed_path(reader, &path)
				 : !read_padded_path(reader, start, &path))
		return false;
	if ((mode & MODE_TYPE) == MODE_FOLDER) {
		reader->is_sparse = true;
		return true;
	}
	return keep_path(reader, path, mode);
}

/* What the index has that must be understood and is not, or NULL. Of extensions these are
 * the ones whose name does not begin with a capital letter. */
static const char *unknown_part(struct reader *reader)
{
	for (; has_room(reader, 8 + reader->hash_size); reader->at += 8) {
		struct str name = str_first(str_from(reader->content, reader->at), 4);
		if (str_equal(name, STR("link")))
			return "a base that it shares (it is split)";
		if (str_equal(name, STR("sdir")))
			reader->is_sparse = true;
		else if (name.at[0] < 'A' || name.at[0] > 'Z')
			return "an extension that is not known";
		uint32_t size = number_at(reader->content, reader->at + 4, 4);
		if (!has_room(reader, 8 + (size_t)size))
			return "an extension that is cut off";
		reader->at += size;
	}
	if (reader->is_sparse)
		return "folders for entries (it is sparse)";
	return reader->has_nameless ? "entries without a path" : NULL;
}

/* NULL, or what is wrong with the file. */
static const char *read_header(struct reader *reader)
{
	struct str content = reader->content;
	if (content.length < HEADER_SIZE || !str_starts(content, STR("DIRC")))
		return "is not a git index";
	reader->version = number_at(content, 4, 4);
	reader->count = number_at(content, 8, 4);
	reader->at = HEADER_SIZE;
	if (reader->version < 2 || reader->version > 4)
		return "is of a version that is not known";
	if (reader->count > content.length / (STAT_SIZE + reader->hash_size + 2))
		return "is cut off";
	return NULL;
}

static int read_all(struct reader *reader, const char *name, struct error *error)
{
	struct gitindex *index = reader->index;
	const char *wrong = read_header(reader);
	if (wrong)
		return error_at(error, ERROR_SYNTAX, name, 0, 0, "%s", wrong);
	index->paths = arena_array(&index->arena, reader->count, sizeof *index->paths);
	for (uint32_t i = 0; i < reader->count && !index->arena.failed; i++)
		if (!read_entry(reader) && !index->arena.failed)
			return error_at(error, ERROR_SYNTAX, name, 0, 0,
					"is damaged at byte %zu, in entry %u", reader->at, i + 1);
	if (index->arena.failed)
		return error_memory(error);
	wrong = unknown_part(reader);
	if (wrong)
		return error_at(error, ERROR_INVALID, name, 0, 0, "has %s: not supported", wrong);
	return 0;
}

/* The first path from `first` on, below `end`, that `is_past` says true of; all after it do.
 * Doubles its steps first, so near ones are found in few. */
static size_t find_first(const struct gitindex *index, struct gitindex_range within,
			 struct str folder, bool (*is_past)(struct str path, struct str folder))
{
	size_t first = within.first, step = 1;
	while (step <= within.end - first && !is_past(index->paths[first + step - 1], folder)) {
		first += step;
		step *= 2;
	}
	size_t end = step <= within.end - first ? first + step - 1 : within.end;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (is_past(index->paths[middle], folder))
			end = middle;
		else
			first = middle + 1;
	}
	return first;
}

/* Compares a path with "folder/"; 0 when it is below. */
static int compare_below(struct str path, struct str folder)
{
	int order = str_compare(str_first(path, folder.length), folder);
	if (order != 0)
		return order;
	return path.length == folder.length ? -1 : (unsigned char)path.at[folder.length] - '/';
}

static bool is_not_before(struct str path, struct str folder)
{
	return compare_below(path, folder) >= 0;
}

static bool is_behind(struct str path, struct str folder)
{
	return compare_below(path, folder) > 0;
}

static bool is_at_least(struct str path, struct str other)
{
	return str_compare(path, other) >= 0;
}

int gitindex_read(const char *path, size_t hash_size, struct gitindex *out, struct error *error)
{
	_cleanup_(text_release) struct text content = {0};
	*out = (struct gitindex){0};
	if (file_read(path, GITINDEX_LIMIT, &content, error) < 0 ||
	    gitindex_parse(text_str(&content), hash_size, path, out, error) < 0)
		return -1;
	out->content = take(content.at);
	return 0;
}

int gitindex_parse(struct str content, size_t hash_size, const char *name, struct gitindex *out,
		   struct error *error)
{
	*out = (struct gitindex){0};
	struct reader reader = {
		.content = content, .hash_size = hash_size, .index = out, .last = STR("")};
	int result = read_all(&reader, name, error);
	if (result < 0)
		gitindex_release(out);
	return result;
}

void gitindex_release(struct gitindex *index)
{
	mem_free(index->content);
	mem_free(index->modules);
	arena_release(&index->arena);
	*index = (struct gitindex){0};
}

struct gitindex_range gitindex_below(const struct gitindex *index, struct gitindex_range within,
				     struct str folder)
{
	if (folder.length == 0)
		return within;
	within.first = find_first(index, within, folder, is_not_before);
	within.end = find_first(index, within, folder, is_behind);
	return within;
}

bool gitindex_has(const struct gitindex *index, struct gitindex_range within, struct str path)
{
	size_t at = find_first(index, within, path, is_at_least);
	return at < within.end && str_equal(index->paths[at], path);
}

bool gitindex_has_module(const struct gitindex *index, struct str path)
{
	size_t first = 0, end = index->module_count;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		int order = str_compare(index->modules[middle], path);
		if (order == 0)
			return true;
		if (order > 0)
			end = middle;
		else
			first = middle + 1;
	}
	return false;
}
