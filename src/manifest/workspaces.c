/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces as package managers declare them. Knows no tree: it matches names of folders. */
#include "manifest/workspaces.h"

#include "base/glob.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/yaml.h"
#include "manifest/package_json.h"

static void release_parser(struct yaml_parser *parser)
{
	yaml_parser_release(parser);
}

static struct yaml_node *child(struct yaml_node *mapping, struct str key)
{
	if (!mapping || mapping->kind != YAML_MAPPING)
		return NULL;
	for (struct yaml_node *node = mapping->first; node; node = node->next)
		if (str_equal(node->key->text, key))
			return node;
	return NULL;
}

static struct str_list texts_of(const struct yaml_node *list, struct arena *arena)
{
	size_t kept = 0;
	if (!list || list->kind != YAML_LIST)
		return (struct str_list){0};
	struct str *items = arena_array(arena, list->count, sizeof *items);
	for (const struct yaml_node *node = list->first; items && node; node = node->next)
		if (node->kind == YAML_SCALAR)
			items[kept++] = node->text;
	return (struct str_list){items, kept};
}

/* `packages` of pnpm-workspace.yaml. */
static int read_pnpm(const char *path, struct str text, struct arena *arena, struct str_list *out,
		     struct error *error)
{
	_cleanup_(release_parser) struct yaml_parser parser = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	struct yaml_document document;
	if (text.length > JSON_SIZE_LIMIT)
		return error_at(error, ERROR_LIMIT, path, 0, 0, "is larger than 4 MiB");
	if (yaml_parse(&parser, path, text, arena, &document, &errors, error) < 0)
		return -1;
	if (document.broken && errors.count > 0) {
		if (error)
			*error = errors.items[0];
		return -1;
	}
	*out = texts_of(child(document.root, STR("packages")), arena);
	return arena->failed ? error_memory(error) : 0;
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
