/* SPDX-License-Identifier: Apache-2.0 */
/* Path arithmetic on bytes. Touches no file. */
#include "base/path.h"

struct str path_folder(struct str path)
{
	ptrdiff_t slash = str_find_last(path, '/');
	return str_first(path, slash < 0 ? 0 : (size_t)slash);
}

struct str path_name(struct str path)
{
	return str_from(path, (size_t)(str_find_last(path, '/') + 1));
}

struct str path_extension(struct str path)
{
	struct str name = path_name(path);
	ptrdiff_t dot = str_find_last(name, '.');
	return dot <= 0 ? (struct str){"", 0} : str_from(name, (size_t)dot + 1);
}

/* Applies one part to the path of `length` bytes in `buffer`; -1 when that cannot be. */
static ptrdiff_t step(char *buffer, size_t length, struct str part)
{
	if (part.length == 0 || str_equal(part, STR(".")))
		return (ptrdiff_t)length;
	if (str_equal(part, STR("..")))
		return length == 0 ? -1
				   : (ptrdiff_t)path_folder((struct str){buffer, length}).length;
	if (length + part.length + 2 > PATH_LIMIT)
		return -1;
	if (length > 0)
		buffer[length++] = '/';
	memcpy(buffer + length, part.at, part.length);
	return (ptrdiff_t)(length + part.length);
}

static ptrdiff_t walk_parts(char *buffer, ptrdiff_t length, struct str parts)
{
	struct str part;
	while (length >= 0 && str_split(&parts, '/', &part))
		length = step(buffer, (size_t)length, part);
	return length;
}

bool path_resolve(struct str folder, struct str relative, char *buffer, struct str *out)
{
	bool from_root = relative.length > 0 && relative.at[0] == '/';
	ptrdiff_t length = from_root ? 0 : walk_parts(buffer, 0, folder);
	length = walk_parts(buffer, length, relative);
	if (length < 0)
		return false;
	buffer[length] = '\0';
	*out = (struct str){buffer, (size_t)length};
	return true;
}

bool path_is_within(struct str path, struct str folder)
{
	return folder.length == 0 || (str_starts(path, folder) && (path.length == folder.length ||
								   path.at[folder.length] == '/'));
}
