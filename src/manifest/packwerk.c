/* SPDX-License-Identifier: Apache-2.0 */
/* Packs as packwerk and the packs gem declare them. Knows no tree: it matches names of folders. */
#include "manifest/packwerk.h"

#include "base/glob.h"
#include "base/path.h"

static const struct manifest {
	struct str name;
	struct str key;
} MANIFESTS[] = {
	{{"packwerk.yml", 12}, {"package_paths", 13}},
	{{"packs.yml", 9}, {"pack_paths", 10}},
};

static const struct manifest *find_manifest(struct str name)
{
	for (size_t i = 0; i < sizeof MANIFESTS / sizeof *MANIFESTS; i++)
		if (str_equal(name, MANIFESTS[i].name))
			return &MANIFESTS[i];
	return NULL;
}

bool packwerk_is_manifest(struct str name)
{
	return find_manifest(name) != NULL;
}

int packwerk_read(const char *path, struct str text, struct arena *arena, struct places *out,
		  struct error *error)
{
	const struct manifest *manifest = find_manifest(path_name(str_of(path)));
	if (!manifest)
		return error_at(error, ERROR_INVALID, path, 0, 0, "says nothing of packs");
	return places_read_yaml(path, text, manifest->key, arena, out, error);
}

bool packwerk_match(struct str pattern, struct str folder)
{
	if (str_starts(pattern, STR("./")))
		pattern = str_from(pattern, 2);
	while (str_ends(pattern, STR("/")))
		pattern.length--;
	if (str_equal(pattern, STR(".")))
		pattern.length = 0;
	return glob_match(pattern, folder);
}
