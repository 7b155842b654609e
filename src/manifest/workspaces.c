/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces as package managers declare them. Knows no tree: it matches names of folders. */
#include "manifest/workspaces.h"

#include "base/glob.h"
#include "base/mem.h"
#include "base/path.h"
#include "manifest/package_json.h"
#include "manifest/places.h"

/* `packages` of pnpm-workspace.yaml. */
static int read_pnpm(const char *path, struct str text, struct arena *arena, struct str_list *out,
		     struct error *error)
{
	_cleanup_(places_release) struct places places = {0};
	if (places_read_yaml(path, text, STR("packages"), arena, &places, error) < 0)
		return -1;
	struct str *items = arena_array(arena, places.count, sizeof *items);
	if (!items)
		return error_memory(error);
	for (size_t i = 0; i < places.count; i++)
		items[i] = places.items[i].text;
	*out = (struct str_list){items, places.count};
	return 0;
}

/* `packages` of lerna.json. */
static int read_lerna(const char *path, struct str text, struct arena *arena, struct str_list *out,
		      struct error *error)
{
	_cleanup_(json_releasep) json_t *object = NULL;
	if (json_parse(path, text, JSON_COMMENTS, &object, error) < 0)
		return -1;
	*out = json_texts(json_object_get(object, "packages"), arena);
	return arena->failed ? error_memory(error) : 0;
}

static int read_package(const char *path, struct str text, struct arena *arena,
			struct str_list *out, struct error *error)
{
	struct package_json package;
	if (package_json_read(path, text, arena, &package, error) < 0)
		return -1;
	*out = package.workspaces;
	return 0;
}

static const struct manifest {
	struct str name;
	int (*read)(const char *path, struct str text, struct arena *arena, struct str_list *out,
		    struct error *error);
} MANIFESTS[] = {
	{{"package.json", 12}, read_package},
	{{"pnpm-workspace.yaml", 19}, read_pnpm},
	{{"lerna.json", 10}, read_lerna},
};

static const struct manifest *find_manifest(struct str name)
{
	for (size_t i = 0; i < sizeof MANIFESTS / sizeof *MANIFESTS; i++)
		if (str_equal(name, MANIFESTS[i].name))
			return &MANIFESTS[i];
	return NULL;
}

bool workspaces_is_manifest(struct str name)
{
	return find_manifest(name) != NULL;
}

int workspaces_read(const char *path, struct str text, struct arena *arena, struct str_list *out,
		    struct error *error)
{
	const struct manifest *manifest = find_manifest(path_name(str_of(path)));
	if (!manifest)
		return error_at(error, ERROR_INVALID, path, 0, 0, "says nothing of workspaces");
	return manifest->read(path, text, arena, out, error);
}

/* "./packages/a/" says the same as "packages/a". */
static struct str plain(struct str pattern)
{
	if (str_starts(pattern, STR("./")))
		pattern = str_from(pattern, 2);
	while (str_ends(pattern, STR("/")))
		pattern.length--;
	return str_equal(pattern, STR(".")) ? STR("") : pattern;
}

bool workspaces_match(const struct str_list *patterns, struct str folder)
{
	bool found = false;
	for (size_t i = 0; i < patterns->count; i++) {
		struct str pattern = patterns->items[i];
		bool takes_away = str_starts(pattern, STR("!"));
		if (!glob_match(plain(str_from(pattern, takes_away)), folder))
			continue;
		if (takes_away)
			return false;
		found = true;
	}
	return found;
}
