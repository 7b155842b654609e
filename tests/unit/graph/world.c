/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/path.h"

static struct str copy(struct world *world, struct str text)
{
	struct str kept = arena_str(&world->tree.arena, text);
	assert_non_null(kept.at);
	return kept;
}

/* ---- the tree ---- */

/* The order of the tree: of a folder first the files, then the folders, each by name. */
static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	struct str rest_a = a->path, rest_b = b->path, part_a = {0}, part_b = {0};
	if (path_is_within(a->path, b->path) || path_is_within(b->path, a->path))
		return a->path.length < b->path.length ? -1 : a->path.length > b->path.length;
	while (str_equal(part_a, part_b)) {
		str_split(&rest_a, '/', &part_a);
		str_split(&rest_b, '/', &part_b);
	}
	bool file_a = !rest_a.at && !a->is_folder, file_b = !rest_b.at && !b->is_folder;
	return file_a != file_b ? file_b - file_a : str_compare(part_a, part_b);
}

static void add_entry(struct world *world, struct str path, bool is_folder)
{
	struct tree *tree = &world->tree;
	if (map_get(&tree->by_path, path) != MAP_NONE)
		return;
	assert_true(tree->count < WORLD_ENTRIES);
	struct entry *entry = &tree->entries[tree->count++];
	*entry = (struct entry){.path = copy(world, path), .is_folder = is_folder};
	if (!is_folder) {
		entry->facts = arena_alloc(&tree->arena, sizeof *entry->facts);
		entry->facts->references = arena_array(&tree->arena, WORLD_REFERENCES,
						       sizeof *entry->facts->references);
	}
	assert_true(map_put(&tree->by_path, entry->path, 0));
}

static void link_entries(struct tree *tree)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		assert_true(map_put(&tree->by_path, tree->entries[i].path, i));
		tree->entries[i].end = i + 1;
	}
	for (uint32_t i = tree->count; i-- > 1;) {
		struct entry *entry = &tree->entries[i];
		entry->parent = tree_find(tree, path_folder(entry->path));
		assert_true(entry->parent < i);
		struct entry *parent = &tree->entries[entry->parent];
		if (entry->end > parent->end)
			parent->end = entry->end;
	}
	tree->entries[0].parent = ENTRY_NONE;
}

void world_files(struct world *world, const char *const *paths)
{
	struct tree *tree = &world->tree;
	*world = (struct world){0};
	tree->entries = arena_array(&tree->arena, WORLD_ENTRIES, sizeof *tree->entries);
	add_entry(world, STR(""), true);
	for (; *paths; paths++) {
		struct str path = str_of(*paths);
		for (struct str up = path_folder(path); up.length > 0; up = path_folder(up))
			add_entry(world, up, true);
		add_entry(world, path, false);
		tree->file_count++;
	}
	qsort(tree->entries, tree->count, sizeof *tree->entries, compare);
	link_entries(tree);
	for (int i = 0; i < RULE_COUNT; i++)
		world->contracts.rules[i] = SEVERITY_ERROR;
	world->contracts.found = true;
}

static struct reference *add_reference(struct world *world, const char *file, uint32_t line,
				       const char *target)
{
	uint32_t entry = tree_find(&world->tree, str_of(file));
	assert_true(entry != ENTRY_NONE);
	struct facts *facts = world->tree.entries[entry].facts;
	assert_true(facts->reference_count < WORLD_REFERENCES);
	struct reference *reference = &facts->references[facts->reference_count++];
	struct str kept = copy(world, str_of(target));
	*reference = (struct reference){.target = kept.at,
					.target_length = (uint32_t)kept.length,
					.line = line,
					.column = 8,
					.resolved = ENTRY_NONE};
	return reference;
}

struct reference *world_refer(struct world *world, const char *file, uint32_t line,
			      const char *path)
{
	struct reference *reference = add_reference(world, file, line, path);
	reference->resolved = tree_find(&world->tree, str_of(path));
	assert_true(reference->resolved != ENTRY_NONE);
	reference->state = REFERENCE_INTERNAL;
	return reference;
}

struct reference *world_refer_out(struct world *world, const char *file, uint32_t line,
				  const char *target, enum reference_state state)
{
	struct reference *reference = add_reference(world, file, line, target);
	reference->state = (uint8_t)state;
	if (state == REFERENCE_EXTERNAL)
		reference->package_length = (uint16_t)strcspn(target, ".");
	return reference;
}

/* ---- contracts ---- */

enum { MODULES = 200, LIST = 64 };

struct module *world_module(struct world *world, const char *name, const char *path)
{
	struct contracts *contracts = &world->contracts;
	if (!contracts->modules)
		contracts->modules =
			arena_array(&world->tree.arena, MODULES, sizeof *contracts->modules);
	assert_true(contracts->module_count < MODULES);
	struct module *module = &contracts->modules[contracts->module_count++];
	*module = (struct module){.name = copy(world, str_of(name)),
				  .path = copy(world, str_of(path)),
				  .line = 1,
				  .layer = MODULE_NONE,
				  .depends_on_line = 1};
	const char *file =
		arena_format(&world->tree.arena, "%s%smodule.yaml", path, *path ? "/" : "");
	module->file = str_of(file);
	assert_true(
		map_put(&contracts->by_name, module->name, (uint32_t)contracts->module_count - 1));
	return module;
}

static struct word make_word(struct world *world, const char *text, uint32_t line)
{
	return (struct word){copy(world, str_of(text)), line, 5};
}

void world_use(struct world *world, struct module_uses *uses, const char *module, uint32_t line)
{
	uses->given = true;
	if (!uses->items)
		uses->items = arena_array(&world->tree.arena, LIST, sizeof *uses->items);
	if (!module)
		return;
	assert_true(uses->count < LIST);
	struct module_use *use = &uses->items[uses->count++];
	use->name = make_word(world, module, line);
	use->module = contracts_find(&world->contracts, str_of(module));
	assert_true(use->module != MODULE_NONE);
}

void world_word(struct world *world, struct words *words, const char *word, uint32_t line)
{
	words->given = true;
	if (!words->items)
		words->items = arena_array(&world->tree.arena, LIST, sizeof *words->items);
	if (!word)
		return;
	assert_true(words->count < LIST);
	words->items[words->count++] = make_word(world, word, line);
}

struct exception *world_exception(struct world *world, const char *module, enum rule_id rule,
				  const char *to, const char *until)
{
	uint32_t index = contracts_find(&world->contracts, str_of(module));
	assert_true(index != MODULE_NONE);
	struct module *owner = &world->contracts.modules[index];
	if (!owner->exceptions)
		owner->exceptions =
			arena_array(&world->tree.arena, LIST, sizeof *owner->exceptions);
	assert_true(owner->exception_count < LIST);
	struct exception *exception = &owner->exceptions[owner->exception_count++];
	*exception = (struct exception){.rule = rule,
					.reason = STR("it moves"),
					.owner = STR("payments"),
					.line = 9,
					.column = 5};
	exception->to.name = make_word(world, to, 9);
	exception->to.module = contracts_find(&world->contracts, str_of(to));
	assert_true(date_parse(str_of(until), &exception->until));
	return exception;
}

void world_layers(struct world *world, const char *const *names)
{
	struct contracts *contracts = &world->contracts;
	contracts->layers = arena_array(&world->tree.arena, LIST, sizeof *contracts->layers);
	for (; *names; names++)
		contracts->layers[contracts->layer_count++].name = make_word(world, *names, 4);
}

const struct graph *world_graph(struct world *world)
{
	struct error error = {0};
	assert_int_equal(graph_build(&world->tree, &world->contracts, &world->graph, &error), 0);
	return &world->graph;
}

void world_release(struct world *world)
{
	graph_release(&world->graph);
	map_release(&world->tree.by_path);
	map_release(&world->contracts.by_name);
	arena_release(&world->tree.arena);
}
