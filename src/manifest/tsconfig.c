/* SPDX-License-Identifier: Apache-2.0 */
/* tsconfig.json as TypeScript reads it, as far as it says where modules are. Knows no tree. */
#include "manifest/tsconfig.h"

#include "base/mem.h"

static struct tsconfig_path read_path(const char *key, const json_t *targets, struct arena *arena)
{
	struct str pattern = arena_str(arena, str_of(key));
	struct tsconfig_path path = {.prefix = pattern, .targets = json_texts(targets, arena)};
	ptrdiff_t star = pattern.at ? str_find(pattern, '*') : -1;
	if (star >= 0) {
		path.star = true;
		path.prefix = str_first(pattern, (size_t)star);
		path.suffix = str_from(pattern, (size_t)star + 1);
	}
	return path;
}

static void read_paths(const json_t *paths, struct arena *arena, struct tsconfig *out)
{
	const char *key;
	json_t *targets;
	if (!json_is_object(paths))
		return;
	out->has_paths = true;
	out->paths = arena_array(arena, json_object_size(paths), sizeof *out->paths);
	if (!out->paths)
		return;
	json_object_foreach((json_t *)paths, key, targets) out->paths[out->path_count++] =
		read_path(key, targets, arena);
}

/* Its `at` is NULL when there is none. */
static struct str read_text(const json_t *options, const char *key, struct arena *arena)
{
	return json_is_string(json_object_get(options, key)) ? json_text(options, key, arena)
							     : (struct str){0};
}

static bool read_list(const json_t *object, const char *key, struct arena *arena,
		      struct str_list *out)
{
	const json_t *value = json_object_get(object, key);
	*out = json_texts(value, arena);
	return json_is_array(value);
}

static struct str_list read_references(const json_t *references, struct arena *arena)
{
	size_t count = json_array_size(references);
	struct str *items = arena_array(arena, count, sizeof *items);
	size_t kept = 0;
	for (size_t i = 0; items && i < count; i++) {
		struct str path = json_text(json_array_get(references, i), "path", arena);
		if (path.length > 0)
			items[kept++] = path;
	}
	return (struct str_list){items, kept};
}

int tsconfig_read(const char *path, struct str text, struct arena *arena, struct tsconfig *out,
		  struct error *error)
{
	_cleanup_(json_releasep) json_t *object = NULL;
	struct tsconfig config = {0};
	if (json_parse(path, text, JSON_COMMENTS, &object, error) < 0)
		return -1;
	const json_t *options = json_object_get(object, "compilerOptions");
	config.extends = json_texts(json_object_get(object, "extends"), arena);
	config.base_url = read_text(options, "baseUrl", arena);
	config.out_dir = read_text(options, "outDir", arena);
	config.root_dir = read_text(options, "rootDir", arena);
	read_paths(json_object_get(options, "paths"), arena, &config);
	config.has_root_dirs = read_list(options, "rootDirs", arena, &config.root_dirs);
	config.has_files = read_list(object, "files", arena, &config.files);
	config.has_include = read_list(object, "include", arena, &config.include);
	config.has_exclude = read_list(object, "exclude", arena, &config.exclude);
	config.references = read_references(json_object_get(object, "references"), arena);
	if (arena->failed)
		return error_memory(error);
	*out = config;
	return 0;
}
