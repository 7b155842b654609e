/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_PACKAGE_JSON_H
#define MANIFEST_PACKAGE_JSON_H

#include "base/arena.h"
#include "base/error.h"
#include "manifest/json.h"

/* What a package.json says, as plain data that lives in an arena. */

/* Deeper conditions in `exports` and `imports` are left out. */
enum { PACKAGE_JSON_DEPTH_LIMIT = 16 };

/* One key of `exports` ("." "./a" and so on) or `imports` ("#a"). */
struct package_entry {
	struct str key;
	/* All paths it may lead to, whatever the condition: first those under conditions that
	 * Node.js, TypeScript and bundlers set for a module (types, import, require, node,
	 * module, default ...), as written, then those under the project's own conditions, then
	 * those for other places to run (browser, deno ...). None where access is denied. */
	struct str_list targets;
};

struct package_entries {
	const struct package_entry *items;
	size_t count;
	bool given; /* the key is there */
};

struct package_dependency {
	struct str name;
	struct str version; /* a range, or "workspace:*", "file:../a", "link:../a" ... */
};

struct package_json {
	struct str name;       /* may be empty */
	struct str_list mains; /* source, types, typings, module, main, svelte: those given */
	struct package_entries exports;
	struct package_entries imports;
	struct package_dependency *dependencies; /* of all kinds, as written */
	size_t dependency_count;
	struct str_list workspaces; /* patterns; as an array or under `packages` */
};

/* Reads a package.json. What has the wrong type is passed over. `path` is for the error.
 * Errors: those of json_parse(). */
int package_json_read(const char *path, struct str text, struct arena *arena,
		      struct package_json *out, struct error *error) must_check;

#endif
