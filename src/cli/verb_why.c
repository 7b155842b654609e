/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar why A B: the shortest chains of references from one place to another.
 *
 * The graph is that of the files. A place is a set of files: one file, all below a folder, or
 * all of a module. One node before and one behind stand for the two sets, so that a shortest
 * path between those is a shortest chain. After a chain its first link into the rest is
 * taken away to find the next one. */
#include <stdlib.h>
#include <string.h>

#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "graph/digraph.h"

enum { CHAINS_DEFAULT = 3 };

/* A set of entries of the tree. */
struct place {
	const char *word;
	uint32_t module; /* or MODULE_NONE: */
	uint32_t entry;
};

struct search {
	const struct session *session;
	struct place from;
	struct place to;
	struct digraph_edge *edges; /* between entries; then from and to the two extra nodes */
	size_t edge_count;
	size_t edge_capacity;
	uint32_t *path;
	uint32_t length;
};

static bool is_in(const struct session *session, const struct place *place, uint32_t entry)
{
	if (place->module != MODULE_NONE)
		return session->graph.module_of[entry] == place->module;
	return tree_is_within(&session->tree, entry, place->entry);
}

static int find_place(const struct session *session, const char *word, struct place *out,
		      struct error *error)
{
	struct str name = str_of(word);
	while (name.length > 1 && name.at[name.length - 1] == '/')
		name.length--;
	*out = (struct place){word, contracts_find(&session->contracts, name),
			      tree_find_from(&session->tree, STR(""), name)};
	if (out->module != MODULE_NONE || out->entry != ENTRY_NONE)
		return 0;
	size_t count = session->contracts.module_count;
	_cleanup_(mem_freep) struct str *names = mem_alloc((count + 1) * sizeof *names);
	if (!names)
		return error_memory(error);
	for (size_t i = 0; i < count; i++)
		names[i] = session->contracts.modules[i].name;
	struct str nearest = str_nearest(name, names, count);
	if (nearest.length)
		return error_set(error, ERROR_NOT_FOUND,
				 "'%s' is no module, file or folder; did you mean '%.*s'?", word,
				 STR_ARG(nearest));
	return error_set(error, ERROR_NOT_FOUND, "'%s' is no module, file or folder", word);
}

static bool add_edge(struct search *search, uint32_t from, uint32_t to)
{
	if (!mem_reserve(&search->edges, &search->edge_capacity, search->edge_count + 1,
			 sizeof *search->edges))
		return false;
	search->edges[search->edge_count++] = (struct digraph_edge){from, to};
	return true;
}

/* The chain must leave the first place and enter the second, so links inside either are left
 * out; a target that is a folder stands for itself and its files. */
static bool add_file_edges(struct search *search, uint32_t file)
{
	const struct tree *tree = &search->session->tree;
	const struct facts *facts = tree->entries[file].facts;
	bool inside = is_in(search->session, &search->from, file);
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		if (reference->state != REFERENCE_INTERNAL)
			continue;
		if (inside && is_in(search->session, &search->from, reference->resolved))
			continue;
		if (!add_edge(search, file, reference->resolved))
			return false;
	}
	return true;
}

static bool add_folder_edges(struct search *search, uint32_t folder)
{
	const struct tree *tree = &search->session->tree;
	uint32_t end = tree->entries[folder].end;
	for (uint32_t i = folder + 1; i < end; i = tree->entries[i].end)
		if (tree->entries[i].facts && !add_edge(search, folder, i))
			return false;
	return true;
}

static bool add_edges(struct search *search)
{
	const struct session *session = search->session;
	uint32_t count = session->tree.count;
	for (uint32_t i = 0; i < count; i++) {
		const struct entry *entry = &session->tree.entries[i];
		bool whole = entry->is_folder ? add_folder_edges(search, i)
			     : entry->facts   ? add_file_edges(search, i)
					      : true;
		if (whole && entry->facts && is_in(session, &search->from, i))
			whole = add_edge(search, count, i);
		if (whole && is_in(session, &search->to, i))
			whole = add_edge(search, i, count + 1);
		if (!whole)
			return false;
	}
	return true;
}

/* Takes the edge between the two out of the list. */
static void cut(struct search *search, uint32_t from, uint32_t to)
{
	size_t kept = 0;
	for (size_t i = 0; i < search->edge_count; i++)
		if (search->edges[i].from != from || search->edges[i].to != to)
			search->edges[kept++] = search->edges[i];
	search->edge_count = kept;
}

static int find_chain(struct search *search, struct error *error)
{
	uint32_t count = search->session->tree.count;
	_cleanup_(digraph_release) struct digraph graph = {0};
	if (digraph_build(count + 2, search->edges, search->edge_count, &graph, error) < 0)
		return -1;
	return digraph_path(&graph, count, count + 1, NULL, search->path, &search->length, error);
}

static const struct reference *reference_between(const struct tree *tree, uint32_t from,
						 uint32_t to)
{
	const struct facts *facts = tree->entries[from].facts;
	for (size_t i = 0; facts && i < facts->reference_count; i++)
		if (facts->references[i].state == REFERENCE_INTERNAL &&
		    facts->references[i].resolved == to)
			return &facts->references[i];
	return NULL;
}

/* The chain without its two extra nodes: path[1] to path[length - 2]. */
static void add_chain_text(const struct search *search, size_t number, struct text *out)
{
	const struct tree *tree = &search->session->tree;
	text_addf(out, "%s%zu. %s\n", number > 1 ? "\n" : "", number,
		  tree->entries[search->path[1]].path.at);
	for (uint32_t i = 1; i + 2 < search->length; i++) {
		const struct entry *to = &tree->entries[search->path[i + 1]];
		const struct reference *link =
			reference_between(tree, search->path[i], search->path[i + 1]);
		text_addf(out, "   -> %s%s", to->path.at, to->is_folder ? "/" : "");
		if (link)
			text_addf(out, "   (%s:%u:%u: %s %s)",
				  tree->entries[search->path[i]].path.at, link->line, link->column,
				  reference_kind_name((enum reference_kind)link->kind),
				  link->target);
		text_add_byte(out, '\n');
	}
}

static void add_chain_json(const struct search *search, size_t number, struct text *out)
{
	const struct tree *tree = &search->session->tree;
	text_add(out, number > 1 ? STR(",\n  [") : STR("\n  ["));
	for (uint32_t i = 1; i + 2 < search->length; i++) {
		const struct reference *link =
			reference_between(tree, search->path[i], search->path[i + 1]);
		text_add(out, i > 1 ? STR(", {\"from\": ") : STR("{\"from\": "));
		text_add_json(out, tree->entries[search->path[i]].path);
		text_add(out, STR(", \"to\": "));
		text_add_json(out, tree->entries[search->path[i + 1]].path);
		if (link) {
			text_addf(out,
				  ", \"line\": %u, \"column\": %u, \"kind\": \"%s\", \"target\": ",
				  link->line, link->column,
				  reference_kind_name((enum reference_kind)link->kind));
			text_add_json(out, reference_target(link));
		}
		text_add_byte(out, '}');
	}
	text_add_byte(out, ']');
}

static int run_search(struct search *search, bool json, size_t *found, struct text *out,
		      struct error *error)
{
	const char *wanted = search->session->arguments->values[FLAG_CHAINS];
	size_t most = wanted ? strtoul(wanted, NULL, 10) : CHAINS_DEFAULT;
	if (!add_edges(search))
		return error_memory(error);
	while (*found < most) {
		if (find_chain(search, error) < 0)
			return -1;
		if (search->length == 0)
			return 0;
		(json ? add_chain_json : add_chain_text)(search, ++*found, out);
		/* A chain of one place (a file in both) has no link to cut. */
		if (search->length <= 3)
			return 0;
		cut(search, search->path[1], search->path[2]);
	}
	return 0;
}

static int show(const struct search *search, bool json, size_t found, struct text *out)
{
	const struct arguments *arguments = search->session->arguments;
	if (json)
		text_add(out, found ? STR("\n]}\n") : STR("]}\n"));
	else if (found == 0)
		text_addf(out, "%s does not reach %s.\n", search->from.word, search->to.word);
	int code = session_tell_unread(search->session, terminal_write(arguments, text_str(out)));
	return code == EXIT_CLEAN && found == 0 ? EXIT_FINDINGS : code;
}

int verb_why(const struct arguments *arguments)
{
	_cleanup_(session_release) struct session session = {0};
	_cleanup_(text_release) struct text out = {0};
	_cleanup_(mem_freep) uint32_t *path = NULL;
	int code = session_open(arguments, false, &session);
	if (code != EXIT_CLEAN)
		return code;
	const char *format = arguments->values[FLAG_FORMAT];
	bool json = format && strcmp(format, "json") == 0;
	struct search search = {.session = &session};
	struct error error;
	size_t found = 0;
	path = mem_alloc(((size_t)session.tree.count + 3) * sizeof *path);
	search.path = path;
	if (json)
		text_add(&out, STR("{\"chains\": ["));
	int result = path ? 0 : error_memory(&error);
	if (result == 0)
		result = find_place(&session, arguments->operands[0], &search.from, &error);
	if (result == 0)
		result = find_place(&session, arguments->operands[1], &search.to, &error);
	if (result == 0)
		result = run_search(&search, json, &found, &out, &error);
	mem_free(search.edges);
	if (result == 0 && out.failed)
		result = error_memory(&error);
	return result < 0 ? terminal_error(arguments, &error) : show(&search, json, found, &out);
}
