/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of texts with places, and how they are taken out of YAML. Knows no tool's files. */
#include "manifest/places.h"

#include "base/mem.h"
#include "base/yaml.h"
#include "manifest/json.h"

void places_release(struct places *places)
{
	mem_free(places->items);
	*places = (struct places){0};
}

int places_add(struct places *places, struct arena *arena, const char *file, struct place place,
	       struct error *error)
{
	if (places->count >= PLACES_LIMIT)
		return error_at(error, ERROR_LIMIT, file, place.line, place.column,
				"is past %d entries, the most that are read", PLACES_LIMIT);
	place.text = arena_str(arena, place.text);
	if (!place.text.at || !mem_reserve(&places->items, &places->capacity, places->count + 1,
					   sizeof *places->items))
		return error_memory(error);
	places->items[places->count++] = place;
	return 0;
}

static const struct yaml_node *child_of(const struct yaml_node *mapping, struct str key)
{
	if (!mapping || mapping->kind != YAML_MAPPING)
		return NULL;
	for (const struct yaml_node *node = mapping->first; node; node = node->next)
		if (str_equal(node->key->text, key))
			return node;
	return NULL;
}

static int add_nodes(const struct yaml_node *value, struct arena *arena, const char *file,
		     struct places *out, struct error *error)
{
	bool is_list = value && value->kind == YAML_LIST;
	for (const struct yaml_node *node = is_list ? value->first : value; node;
	     node = is_list ? node->next : NULL) {
		struct place place = {node->text, node->line, node->column};
		if (node->kind == YAML_SCALAR && places_add(out, arena, file, place, error) < 0)
			return -1;
	}
	return 0;
}

int places_read_yaml(const char *file, struct str text, struct str key, struct arena *arena,
		     struct places *out, struct error *error)
{
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	_cleanup_(places_release) struct places places = {0};
	struct yaml_document document;
	*out = (struct places){0};
	if (text.length > JSON_SIZE_LIMIT)
		return error_at(error, ERROR_LIMIT, file, 0, 0, "is larger than 4 MiB");
	if (yaml_parse(&parser, file, text, arena, &document, &errors, error) < 0)
		return -1;
	if (document.broken && errors.count > 0) {
		if (error)
			*error = errors.items[0];
		return -1;
	}
	if (add_nodes(child_of(document.root, key), arena, file, &places, error) < 0)
		return -1;
	if (arena->failed)
		return error_memory(error);
	*out = places;
	places = (struct places){0};
	return 0;
}
