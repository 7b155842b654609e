/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up what contracts refer to: modules by their names, paths in the tree, events by
 * their publishers. Reads no contract.
 *
 * Each check goes once over all contracts, with a map for what was met before. */
#include "contract/load.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "contract/read.h"

struct lookup {
	const char *root;
	const struct contract_places *places;
	struct contracts *contracts;
	struct error_list *errors;
	struct str *names; /* of all modules, once a suggestion was needed */
	bool failed;       /* no memory */
};

static void tell(struct lookup *lookup, const char *file, const struct word *word,
		 const char *message)
{
	error_list_at(lookup->errors, ERROR_INVALID, file, word->line, word->column, "'%s' %s",
		      excerpt_of(word->text).text, message ? message : "");
}

/* ---- modules by name ---- */

static const char *hint_of_module(struct lookup *lookup, struct str name, char buffer[HINT_SIZE])
{
	struct contracts *contracts = lookup->contracts;
	size_t count = contracts->module_count;
	buffer[0] = '\0';
	if (lookup->errors->count >= ERROR_LIST_LIMIT)
		return buffer;
	if (!lookup->names) {
		lookup->names = arena_array(&contracts->arena, count, sizeof *lookup->names);
		for (size_t i = 0; lookup->names && i < count; i++)
			lookup->names[i] = contracts->modules[i].name;
	}
	return hint(buffer, name, lookup->names, lookup->names ? count : 0);
}

/* Finds the module of a use; false, and told, when there is none. */
static bool find_module(struct lookup *lookup, const char *file, struct module_use *use)
{
	char buffer[HINT_SIZE];
	use->module = contracts_find(lookup->contracts, use->name.text);
	if (use->module != MODULE_NONE)
		return true;
	error_list_at(lookup->errors, ERROR_NOT_FOUND, file, use->name.line, use->name.column,
		      "there is no module '%s'%s", excerpt_of(use->name.text).text,
		      hint_of_module(lookup, use->name.text, buffer));
	return false;
}

/* Finds all, and takes out those that are not there or are `self`. */
static void find_modules(struct lookup *lookup, const char *file, struct module_uses *uses,
			 uint32_t self, const char *what_of_self)
{
	size_t kept = 0;
	for (size_t i = 0; i < uses->count; i++) {
		struct module_use use = uses->items[i];
		if (!find_module(lookup, file, &use))
			continue;
		if (use.module == self)
			tell(lookup, file, &use.name, what_of_self);
		else
			uses->items[kept++] = use;
	}
	uses->count = kept;
}

/* ---- paths ---- */

/* Adds a path to a pattern so that it matches only itself. */
static void add_literally(struct text *pattern, struct str path)
{
	for (size_t i = 0; i < path.length; i++) {
		if (path.at[i] == '\\' || path.at[i] == '[' || path.at[i] == '*' ||
		    path.at[i] == '?')
			text_add_byte(pattern, '\\');
		text_add_byte(pattern, path.at[i]);
	}
}

/* Whether something is there below `folder`: as `word` stands, or where it is a pattern as it
 * matches. */
static bool exists(struct lookup *lookup, struct str folder, struct str word, bool may_be_pattern)
{
	_cleanup_(text_release) struct text pattern = {0};
	const struct contract_places *places = lookup->places;
	for (int as_pattern = 0; as_pattern <= may_be_pattern; as_pattern++) {
		text_clear(&pattern);
		add_literally(&pattern, folder);
		if (folder.length > 0 && word.length > 0)
			text_add_byte(&pattern, '/');
		if (as_pattern)
			text_add(&pattern, word);
		else
			add_literally(&pattern, word);
		lookup->failed |= pattern.failed;
		if (pattern.failed || places->exists(places->context, text_str(&pattern)))
			return true;
		if (!glob_is_pattern(word))
			break;
	}
	return false;
}

static void check_paths(struct lookup *lookup, const char *file, struct str folder,
			const struct words *words, bool may_be_patterns)
{
	for (size_t i = 0; i < words->count; i++)
		if (!exists(lookup, folder, words->items[i].text, may_be_patterns))
			tell(lookup, file, &words->items[i],
			     "matches nothing in the tree; correct or remove it");
}

/* Whether a word of `public` is about a root, which may be a file, or what is below it. */
static bool exists_in_root(struct lookup *lookup, struct str root, struct str word)
{
	struct str name = path_name(root);
	return str_equal(word, name) || glob_match(word, name) || exists(lookup, root, word, true);
}

/* What is public is named from the module's folder, or from one of its roots. */
static void check_public(struct lookup *lookup, const struct module *module)
{
	for (size_t i = 0; i < module->public.count; i++) {
		const struct word *word = &module->public.items[i];
		bool found = exists(lookup, module->path, word->text, true);
		if (lookup->errors->count >= ERROR_LIST_LIMIT)
			return;
		for (size_t j = 0; j < module->roots.count && !found; j++)
			found = exists_in_root(lookup, module->roots.items[j].text, word->text);
		if (!found)
			tell(lookup, module->file.at, word,
			     module->roots.count > 0 ? "matches nothing in the module's folder or "
						       "below its roots; correct or remove it"
						     : "matches nothing in the tree; correct or "
						       "remove it");
	}
}

/* ---- settings of languages ---- */

enum { NEIGHBOR_LIMIT = 1000 };

/* What stands beside the path that is not there, of those with a name close to its own. */
static const char *hint_of_neighbor(struct lookup *lookup, struct str path, char buffer[HINT_SIZE])
{
	_cleanup_(text_release) struct text folder = {0};
	struct arena *arena = &lookup->contracts->arena;
	struct str near[NEIGHBOR_LIMIT], above = path_folder(path);
	size_t count = 0;
	text_addf(&folder, "%s/%.*s", lookup->root, STR_ARG(above));
	lookup->failed |= folder.failed;
	DIR *open = folder.failed ? NULL : opendir(folder.at);
	buffer[0] = '\0';
	if (!open)
		return buffer;
	for (struct dirent *entry; count < NEIGHBOR_LIMIT && (entry = readdir(open));) {
		const char *name = arena_format(arena, "%.*s%s%s", STR_ARG(above),
						above.length > 0 ? "/" : "", entry->d_name);
		if (name && entry->d_name[0] != '.')
			near[count++] = str_of(name);
	}
	closedir(open);
	return hint(buffer, path, near, count);
}

/* The mode of the file at a path of the contract; 0 when there is none. */
static mode_t mode_of(struct lookup *lookup, struct str path)
{
	_cleanup_(text_release) struct text full = {0};
	struct stat status;
	text_addf(&full, "%s/%.*s", lookup->root, STR_ARG(path));
	lookup->failed |= full.failed;
	return !full.failed && stat(full.at, &status) == 0 ? status.st_mode : 0;
}

static void tell_missing(struct lookup *lookup, const struct word *word, const char *what)
{
	char buffer[HINT_SIZE];
	const char *near = hint_of_neighbor(lookup, word->text, buffer);
	error_list_at(lookup->errors, ERROR_NOT_FOUND, CONTRACT_ROOT_NAME, word->line, word->column,
		      "'%s' %s%s", excerpt_of(word->text).text, what,
		      near[0] ? near : "; correct or remove it");
}

/* Names are looked up in the tree, so what is not in it would silently find nothing. */
static void check_folders(struct lookup *lookup, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->items[i];
		mode_t mode = mode_of(lookup, word->text);
		if (mode != 0 && !S_ISDIR(mode))
			tell(lookup, CONTRACT_ROOT_NAME, word, "is a file; name a folder here");
		else if (exists(lookup, STR(""), word->text, false))
			continue;
		else if (mode != 0)
			tell(lookup, CONTRACT_ROOT_NAME, word,
			     "has no file that belongs to the tree, as it is empty, ignored or "
			     "excluded; correct or remove it");
		else
			tell_missing(lookup, word, "matches nothing in the tree");
	}
}

static void check_languages(struct lookup *lookup)
{
	for (size_t i = 0; i < lookup->contracts->language_count; i++) {
		const struct language_settings *settings = &lookup->contracts->languages[i];
		const struct word *commands = &settings->compile_commands;
		check_folders(lookup, &settings->roots);
		check_folders(lookup, &settings->includes);
		if (commands->text.length == 0)
			continue;
		mode_t mode = mode_of(lookup, commands->text);
		if (mode == 0)
			tell_missing(lookup, commands, "does not exist");
		else if (S_ISDIR(mode))
			tell(lookup, CONTRACT_ROOT_NAME, commands,
			     "is a folder; name the file in it");
	}
}

/* ---- roots ---- */

struct rooted {
	struct word path;
	uint32_t module;
};

/* Parents come right before what is below them: '/' orders before all other bytes. */
static int compare_paths(struct str a, struct str b)
{
	size_t i = 0;
	while (i < a.length && i < b.length && a.at[i] == b.at[i])
		i++;
	int left = i == a.length ? -1 : a.at[i] == '/' ? 0 : (unsigned char)a.at[i] + 1;
	int right = i == b.length ? -1 : b.at[i] == '/' ? 0 : (unsigned char)b.at[i] + 1;
	return left - right;
}

static int compare_rooted(const void *left, const void *right)
{
	const struct rooted *a = left, *b = right;
	int order = compare_paths(a->path.text, b->path.text);
	return order != 0 ? order : a->module < b->module ? -1 : a->module > b->module;
}

static size_t gather_roots(const struct contracts *contracts, struct rooted *out)
{
	size_t count = 0;
	for (uint32_t i = 0; i < contracts->module_count; i++) {
		const struct words *roots = &contracts->modules[i].roots;
		for (size_t j = 0; out && j < roots->count; j++)
			out[count + j] = (struct rooted){roots->items[j], i};
		count += roots->count;
	}
	return count;
}

static void tell_overlap(struct lookup *lookup, const struct rooted *outer,
			 const struct rooted *inner)
{
	const struct module *modules = lookup->contracts->modules;
	const struct module *module = &modules[inner->module];
	error_list_at(lookup->errors, ERROR_INVALID, module->file.at, inner->path.line,
		      inner->path.column,
		      "the root '%s' overlaps '%s' of %s:%u; a file has one module",
		      inner->path.text.at, outer->path.text.at, modules[outer->module].file.at,
		      outer->path.line);
}

/* Roots must not overlap each other. In sorted order the one that holds the next, if any, is
 * the last that did not lie in another. */
static void check_overlaps(struct lookup *lookup)
{
	struct contracts *contracts = lookup->contracts;
	size_t count = gather_roots(contracts, NULL);
	if (count == 0)
		return;
	struct rooted *roots = arena_array(&contracts->arena, count, sizeof *roots);
	if (!roots)
		return;
	gather_roots(contracts, roots);
	qsort(roots, count, sizeof *roots, compare_rooted);
	const struct rooted *outer = &roots[0];
	for (size_t i = 1; i < count; i++) {
		if (path_is_within(roots[i].path.text, outer->path.text))
			tell_overlap(lookup, outer, &roots[i]);
		else
			outer = &roots[i];
	}
}

static void check_roots(struct lookup *lookup, const struct map *by_path, uint32_t index)
{
	const struct module *module = &lookup->contracts->modules[index];
	check_paths(lookup, module->file.at, STR(""), &module->roots, false);
	for (size_t i = 0; i < module->roots.count; i++) {
		const struct word *root = &module->roots.items[i];
		uint32_t other = map_get(by_path, root->text);
		if (path_is_within(root->text, module->path))
			tell(lookup, module->file.at, root,
			     "is in the module's own folder; remove it");
		else if (other != MAP_NONE)
			tell(lookup, module->file.at, root,
			     "is the folder of another module; remove it");
	}
}

/* ---- exceptions ---- */

static struct str exception_key(struct lookup *lookup, const struct exception *exception)
{
	const char *key = arena_format(&lookup->contracts->arena, "%d %s", (int)exception->rule,
				       exception->to.name.text.at);
	return str_of(key);
}

/* Whether an exception is about packages: from `external`, or from `unused` for one of the
 * module's own patterns in it. */
static bool is_of_packages(const struct module *module, const struct exception *exception)
{
	if (exception->rule == RULE_EXTERNAL)
		return true;
	for (size_t i = 0; exception->rule == RULE_UNUSED && i < module->external.count; i++)
		if (str_equal(module->external.items[i].text, exception->to.name.text))
			return true;
	return false;
}

static void check_exceptions(struct lookup *lookup, struct module *module, uint32_t self)
{
	_cleanup_(map_release) struct map met = {0};
	size_t kept = 0;
	for (uint32_t i = 0; i < module->exception_count; i++) {
		struct exception exception = module->exceptions[i];
		uint32_t first = map_get_or_put(&met, exception_key(lookup, &exception), i);
		lookup->failed |= first == MAP_NONE;
		if (first != i && first != MAP_NONE)
			tell(lookup, module->file.at, &exception.to.name,
			     "has an exception from the same rule already; keep one");
		else if (!is_of_packages(module, &exception) &&
			 !find_module(lookup, module->file.at, &exception.to))
			continue;
		else if (exception.to.module == self)
			tell(lookup, module->file.at, &exception.to.name,
			     "is the module itself; remove the exception");
		else
			module->exceptions[kept++] = exception;
	}
	module->exception_count = kept;
}

/* ---- what one module alone may have ---- */

/* Words of all modules, each with the module that said it first. */
struct claims {
	struct map index;
	const struct word **words;
	uint32_t *modules;
	uint32_t count;
};

static void claims_release(struct claims *claims)
{
	map_release(&claims->index);
}

static void claim(struct lookup *lookup, struct claims *claims, uint32_t module,
		  const struct words *words, const char *what)
{
	const struct module *modules = lookup->contracts->modules;
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->items[i];
		uint32_t first = map_get_or_put(&claims->index, word->text, claims->count);
		if (first == claims->count) {
			claims->words[first] = word;
			claims->modules[first] = module;
			claims->count++;
		} else if (first == MAP_NONE) {
			lookup->failed = true;
		} else {
			const struct module *other = &modules[claims->modules[first]];
			error_list_at(lookup->errors, ERROR_INVALID, modules[module].file.at,
				      word->line, word->column, "'%s' is %s %s already (%s:%u)",
				      excerpt_of(word->text).text, what, other->name.at,
				      other->file.at, claims->words[first]->line);
		}
	}
}

static const struct words *words_at(const struct module *module, size_t offset)
{
	return (const struct words *)((const char *)module + offset);
}

/* Makes room for the words at `offset` in each module; false without memory. */
static bool reserve(struct lookup *lookup, struct claims *claims, size_t offset)
{
	struct contracts *contracts = lookup->contracts;
	size_t count = 0;
	for (uint32_t i = 0; i < contracts->module_count; i++)
		count += words_at(&contracts->modules[i], offset)->count;
	claims->words = arena_array(&contracts->arena, count, sizeof *claims->words);
	claims->modules = arena_array(&contracts->arena, count, sizeof *claims->modules);
	return claims->words && claims->modules;
}

/* Claims the words at `offset` in each module. */
static void claim_all(struct lookup *lookup, struct claims *claims, size_t offset, const char *what)
{
	struct contracts *contracts = lookup->contracts;
	if (!reserve(lookup, claims, offset))
		return;
	for (uint32_t i = 0; i < contracts->module_count; i++)
		claim(lookup, claims, i, words_at(&contracts->modules[i], offset), what);
}

/* A table in a schema that another module owns. */
static void check_schemas(struct lookup *lookup, const struct claims *claims)
{
	const struct module *modules = lookup->contracts->modules;
	for (uint32_t i = 0; i < claims->count; i++) {
		const struct word *word = claims->words[i];
		ptrdiff_t dot = str_find(word->text, '.');
		uint32_t schema =
			dot < 0 ? MAP_NONE
				: map_get(&claims->index, str_first(word->text, (size_t)dot));
		if (schema == MAP_NONE || claims->modules[schema] == claims->modules[i])
			continue;
		const struct module *owner = &modules[claims->modules[schema]];
		error_list_at(lookup->errors, ERROR_INVALID, modules[claims->modules[i]].file.at,
			      word->line, word->column,
			      "'%s' is in the schema '%s', which %s owns (%s:%u)",
			      excerpt_of(word->text).text,
			      excerpt_of(claims->words[schema]->text).text, owner->name.at,
			      owner->file.at, claims->words[schema]->line);
	}
}

static void check_data(struct lookup *lookup)
{
	_cleanup_(claims_release) struct claims owned = {0};
	claim_all(lookup, &owned, offsetof(struct module, owns), "owned by");
	check_schemas(lookup, &owned);
}

/* ---- ports, and modules that replace others ---- */

/* Whether a part of the port's package is the module's name, as far as C knows it. */
static bool is_port_of(struct str port, struct str module)
{
	struct str part;
	for (size_t i = module.length; i > 0; i--)
		if (module.at[i - 1] == '/' || module.at[i - 1] == '.') {
			module = str_from(module, i);
			break;
		}
	port = str_first(port, (size_t)(str_find_last(port, '.') + 1));
	while (port.length > 0 && str_split(&port, '.', &part)) {
		bool same = part.length == module.length;
		for (size_t i = 0; same && i < part.length; i++)
			same = part.at[i] == (module.at[i] == '-' ? '_' : module.at[i]);
		if (same)
			return true;
	}
	return false;
}

/* Whether the module has ports whose first module is gone by now. */
static bool is_heir(const struct module *module)
{
	for (size_t i = 0; i < module->ports.count; i++)
		if (is_port_of(module->ports.items[i].text, module->replaces.name.text))
			return true;
	return false;
}

/* Calls of its own to what it replaces could be led back to it. */
static void check_replaced(struct lookup *lookup, const struct module *module, uint32_t index)
{
	const struct module_use *replaces = &module->replaces;
	if (replaces->module == index)
		return tell(lookup, module->file.at, &replaces->name,
			    "is the module itself; remove 'replaces'");
	const struct module *other = &lookup->contracts->modules[replaces->module];
	if (other->replaces.name.text.at)
		tell(lookup, module->file.at, &replaces->name,
		     "replaces a module itself, and one at a time is replaced");
	for (size_t i = 0; i < module->depends_on.count; i++)
		if (module->depends_on.items[i].module == replaces->module)
			tell(lookup, module->file.at, &module->depends_on.items[i].name,
			     "is what the module replaces, so that its calls could be led back to "
			     "itself; remove it from 'depends_on'");
}

/* Ports that a replaced module has, too, are claimed beside the others. */
static void claim_beside(struct lookup *lookup, struct claims *ports, struct claims *beside,
			 uint32_t index)
{
	const struct module *module = &lookup->contracts->modules[index];
	bool some = false;
	for (size_t i = 0; i < module->ports.count; i++) {
		const struct words one = {&module->ports.items[i], 1, true};
		uint32_t first = map_get(&ports->index, module->ports.items[i].text);
		bool taken = first != MAP_NONE && ports->modules[first] == module->replaces.module;
		some |= taken;
		claim(lookup, taken ? beside : ports, index, &one,
		      taken ? "replaced by" : "provided by");
	}
	if (!some && module->replaces.module != MODULE_NONE && module->replaces.module != index)
		tell(lookup, module->file.at, &module->replaces.name,
		     "has no port that this module provides, too; name one in 'ports', or remove "
		     "'replaces'");
}

static void check_ports(struct lookup *lookup)
{
	struct contracts *contracts = lookup->contracts;
	_cleanup_(claims_release) struct claims ports = {0};
	_cleanup_(claims_release) struct claims beside = {0};
	const size_t offset = offsetof(struct module, ports);
	if (!reserve(lookup, &ports, offset) || !reserve(lookup, &beside, offset))
		return;
	for (uint32_t i = 0; i < contracts->module_count; i++)
		if (!contracts->modules[i].replaces.name.text.at)
			claim(lookup, &ports, i, &contracts->modules[i].ports, "provided by");
	for (uint32_t i = 0; i < contracts->module_count; i++) {
		struct module *module = &contracts->modules[i];
		if (!module->replaces.name.text.at)
			continue;
		module->replaces.module = contracts_find(contracts, module->replaces.name.text);
		if (module->replaces.module != MODULE_NONE)
			check_replaced(lookup, module, i);
		else if (!is_heir(module))
			find_module(lookup, module->file.at, &module->replaces);
		claim_beside(lookup, &ports, &beside, i);
	}
}

static void tell_unpublished(struct lookup *lookup, const struct claims *published,
			     const struct module *module, const struct word *event,
			     struct str *names)
{
	char buffer[HINT_SIZE] = "";
	for (uint32_t i = 0; names && i < published->count; i++)
		names[i] = published->words[i]->text;
	if (lookup->errors->count < ERROR_LIST_LIMIT && names)
		hint(buffer, event->text, names, published->count);
	error_list_at(lookup->errors, ERROR_NOT_FOUND, module->file.at, event->line, event->column,
		      "no module publishes '%s'%s", excerpt_of(event->text).text, buffer);
}

static void check_events(struct lookup *lookup)
{
	struct contracts *contracts = lookup->contracts;
	_cleanup_(claims_release) struct claims published = {0};
	claim_all(lookup, &published, offsetof(struct module, publishes), "published by");
	struct str *names = arena_array(&contracts->arena, published.count, sizeof *names);
	for (uint32_t i = 0; i < contracts->module_count; i++) {
		const struct module *module = &contracts->modules[i];
		for (size_t j = 0; j < module->subscribes.count; j++)
			if (map_get(&published.index, module->subscribes.items[j].text) == MAP_NONE)
				tell_unpublished(lookup, &published, module,
						 &module->subscribes.items[j], names);
	}
}

/* ---- the modules, and the root ---- */

static void check_modules(struct lookup *lookup)
{
	struct contracts *contracts = lookup->contracts;
	_cleanup_(map_release) struct map by_path = {0};
	for (uint32_t i = 0; i < contracts->module_count; i++)
		lookup->failed |= !map_put(&by_path, contracts->modules[i].path, i);
	for (uint32_t i = 0; i < contracts->module_count; i++) {
		struct module *module = &contracts->modules[i];
		const char *file = module->file.at;
		find_modules(lookup, file, &module->depends_on, i,
			     "is the module itself; remove it from 'depends_on'");
		find_modules(lookup, file, &module->visible_to, i,
			     "is the module itself; remove it from 'visible_to'");
		check_exceptions(lookup, module, i);
		check_public(lookup, module);
		check_roots(lookup, &by_path, i);
	}
}

/* A module on both sides of a wall. `marks` has a number for each module. */
static void check_sides(struct lookup *lookup, const struct forbidden *forbidden, uint32_t *marks,
			uint32_t mark)
{
	for (size_t i = 0; i < forbidden->from.count; i++)
		marks[forbidden->from.items[i].module] = mark;
	for (size_t i = 0; i < forbidden->to.count; i++)
		if (marks[forbidden->to.items[i].module] == mark)
			tell(lookup, CONTRACT_ROOT_NAME, &forbidden->to.items[i].name,
			     "is in 'from' and in 'to'; remove it from one");
}

static void check_root(struct lookup *lookup)
{
	struct contracts *contracts = lookup->contracts;
	uint32_t *marks = arena_array(&contracts->arena, contracts->module_count, sizeof *marks);
	for (uint32_t i = 0; marks && i < contracts->forbidden_count; i++) {
		struct forbidden *forbidden = &contracts->forbidden[i];
		find_modules(lookup, CONTRACT_ROOT_NAME, &forbidden->from, MODULE_NONE, NULL);
		find_modules(lookup, CONTRACT_ROOT_NAME, &forbidden->to, MODULE_NONE, NULL);
		check_sides(lookup, forbidden, marks, i + 1);
	}
	for (size_t i = 0; i < contracts->independent_count; i++)
		find_modules(lookup, CONTRACT_ROOT_NAME, &contracts->independent[i].modules,
			     MODULE_NONE, NULL);
	check_paths(lookup, CONTRACT_ROOT_NAME, STR(""), &contracts->outside, true);
	check_languages(lookup);
}

int contract_look_up(const char *root, const struct contract_places *places,
		     struct contracts *contracts, struct error_list *errors, struct error *error)
{
	struct lookup lookup = {
		.root = root, .places = places, .contracts = contracts, .errors = errors};
	check_modules(&lookup);
	check_overlaps(&lookup);
	check_data(&lookup);
	check_ports(&lookup);
	check_events(&lookup);
	check_root(&lookup);
	return lookup.failed || contracts->arena.failed ? error_memory(error) : 0;
}
