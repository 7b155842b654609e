/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Paths inside a tree: relative to its root, with '/', without a leading or trailing one,
 * without "." and ".." parts; "" is the root itself. */

/* Longest path that is handled; longer ones are refused where they come in. */
#define PATH_LIMIT 4096

/* Everything before the last '/'; "" when there is none. */
struct str path_folder(struct str path);

/* Everything after the last '/'. */
struct str path_name(struct str path);

/* What follows the last '.' of the name, without it: "gz" of "a.tar.gz"; "" when there is
 * none or it is the first byte (".bashrc"). */
struct str path_extension(struct str path);

/* Resolves `relative` ("./a", "../b/c", "d") against `folder` into `buffer` of PATH_LIMIT
 * bytes, NUL-terminated. Returns false when it leaves the root or gets too long; `out` is a
 * view on `buffer`. A leading '/' of `relative` means the root. */
bool path_resolve(struct str folder, struct str relative, char *buffer, struct str *out);

/* Whether `path` is `folder` or below it; everything is below "". */
bool path_is_within(struct str path, struct str folder);

#endif
