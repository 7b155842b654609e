/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_GRADLE_H
#define MANIFEST_GRADLE_H

#include <stdbool.h>

#include "manifest/places.h"

/* Which projects a settings.gradle or settings.gradle.kts names. It is a program in Groovy or
 * Kotlin, which is not run: what is written out as texts is found, what is computed is told. */

/* A larger file is refused, in bytes. */
#define GRADLE_SIZE_LIMIT ((size_t)4 << 20)

enum gradle_kind {
	GRADLE_PROJECT,  /* of include and includeFlat */
	GRADLE_INCLUDED, /* a whole build, of includeBuild */
};

struct gradle_project {
	enum gradle_kind kind;
	struct str name;   /* as written, less a ':' before it: "a:b" */
	struct str folder; /* seen from the file's own folder: "a/b", "../x" */
	uint32_t line;     /* of the text that names it */
	uint32_t column;
};

struct gradle_settings {
	struct gradle_project *projects;
	size_t count;
	size_t capacity;
	struct places computed; /* what names projects in a way that is not understood */
};

/* Frees everything but texts, which live in the arena. */
void gradle_release(struct gradle_settings *settings);

/* Whether a file of that name (without its folder) is such a file. */
bool gradle_is_settings(struct str name);

/* Reads the settings: `include`, `includeFlat`, `includeBuild`, with one text, several, or lists
 * of them, over as many lines as they take, and `project(':x').projectDir = file('y')`. `path`
 * is for errors, and tells Kotlin by its ending. A text that holds '*' or '?' is no project but
 * a pattern of files. Errors: ERROR_LIMIT (size; PLACES_LIMIT projects), ERROR_MEMORY; `out` is
 * then empty. */
int gradle_read(const char *path, struct str text, struct arena *arena, struct gradle_settings *out,
		struct error *error) must_check;

#endif
