/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_MAVEN_H
#define MANIFEST_MAVEN_H

#include "manifest/places.h"

/* What a pom.xml says about where other modules are. */

/* A larger pom.xml is refused, in bytes. */
#define MAVEN_SIZE_LIMIT ((size_t)4 << 20)

/* Deeper nesting of elements is refused. */
#define MAVEN_DEPTH_LIMIT 256

/* Reads the modules of a pom: the texts of `modules/module` (or Maven 4's
 * `subprojects/subproject`) of the project and of all its profiles, as written but for blanks
 * around them: folders, or pom files, seen from the pom's own folder. They live in `arena`.
 * A document type is refused, so no entity can grow. `path` is for the error. Errors:
 * ERROR_SYNTAX with line and column (bytes that are not in the encoding the file claims count
 * as such), ERROR_INVALID, ERROR_LIMIT, ERROR_MEMORY; `out` is then empty. */
int maven_read(const char *path, struct str text, struct arena *arena, struct places *out,
	       struct error *error) must_check;

#endif
