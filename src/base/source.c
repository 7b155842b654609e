/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of files, found by their number. */
#include "base/source.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

void source_release(struct source *source)
{
	text_release(&source->content);
	mem_free(source->starts);
	source->starts = NULL;
	source->start_count = source->start_capacity = 0;
}

static bool add_start(struct source *source, size_t start)
{
	if (!mem_reserve(&source->starts, &source->start_capacity, source->start_count + 1,
			 sizeof *source->starts)) {
		source->failed = true;
		return false;
	}
	source->starts[source->start_count++] = start;
	return true;
}

static void find_starts(struct source *source)
{
	struct str content = text_str(&source->content);
	size_t at = 0;
	while (at < content.length) {
		if (!add_start(source, at))
			return;
		ptrdiff_t end = str_find(str_from(content, at), '\n');
		at = end < 0 ? content.length : at + (size_t)end + 1;
	}
	if (source->start_count)
		add_start(source, content.length);
}

/* Leaves the source without lines when the file cannot be read. */
static void load(struct source *source, struct str file)
{
	_cleanup_(text_release) struct text path = {0};
	struct error error;
	source->file = file;
	source->start_count = 0;
	text_clear(&source->content);
	text_addf(&path, "%s/%.*s", source->root, STR_ARG(file));
	if (path.failed)
		source->failed = true;
	else if (file_read(path.at, SOURCE_FILE_LIMIT, &source->content, &error) == 0)
		find_starts(source);
	else if (error.code == ERROR_MEMORY)
		source->failed = true;
}

bool source_line(struct source *source, struct str file, uint32_t line, struct str *out)
{
	if (!source->root || file.length == 0 || line == 0 || source->failed)
		return false;
	if (!source->file.at || !str_equal(source->file, file))
		load(source, file);
	if (line >= source->start_count)
		return false;
	size_t start = source->starts[line - 1];
	struct str whole = {source->content.at + start, source->starts[line] - start};
	while (whole.length &&
	       (whole.at[whole.length - 1] == '\n' || whole.at[whole.length - 1] == '\r'))
		whole.length--;
	/* Columns are counted without the byte order mark. */
	*out = start == 0 && str_starts(whole, STR("\xEF\xBB\xBF")) ? str_from(whole, 3) : whole;
	return true;
}

static size_t step(struct str text)
{
	size_t length = utf8_length(text);
	return length ? length : text.length > 0;
}

uint32_t source_match(struct str line, uint32_t column, struct str reference)
{
	size_t same = 0;
	if (column == 0 || column > SOURCE_COLUMN_LIMIT)
		return 0;
	while (--column > 0)
		line = str_from(line, step(line));
	while (same < line.length && same < reference.length && line.at[same] == reference.at[same])
		same++;
	return utf8_count(str_first(line, same));
}
