/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_PACKWERK_H
#define MANIFEST_PACKWERK_H

#include <stdbool.h>

#include "manifest/places.h"

/* Which folders may be packs: `package_paths` of packwerk.yml, `pack_paths` of packs.yml. A
 * pack is a folder that such a pattern matches and that holds a package.yml. */

/* Whether a file of that name (without its folder) may say it. */
bool packwerk_is_manifest(struct str name);

/* Reads the patterns of such a file, told apart by its name; none when it leaves the choice to
 * the tool, for which every folder with a package.yml is a pack. They live in `arena`. Errors:
 * those of places_read_yaml(). */
int packwerk_read(const char *path, struct str text, struct arena *arena, struct places *out,
		  struct error *error) must_check;

/* Whether `folder`, relative to the folder of the file, is matched. */
bool packwerk_match(struct str pattern, struct str folder);

#endif
