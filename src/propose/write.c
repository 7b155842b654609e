/* SPDX-License-Identifier: Apache-2.0 */
/* Writes contracts as a person would: only the keys that say something. */
#include <strings.h>

#include "base/path.h"
#include "propose/propose.h"

/* Words that YAML readers take for something else than a text. */
static bool is_reserved(struct str word)
{
	static const char *const WORDS[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n",   NULL};
	for (const char *const *at = WORDS; *at; at++)
		if (word.length == strlen(*at) && strncasecmp(word.at, *at, word.length) == 0)
			return true;
	return false;
}

/* A path or name as a YAML scalar; double quotes take any text in JSON's escapes. */
static void add_scalar(struct text *out, struct str word)
{
	bool plain = word.length > 0 && !is_reserved(word);
	for (size_t i = 0; plain && i < word.length; i++) {
		char c = word.at[i];
		plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(i > 0 && ((c >= '0' && c <= '9') || (c && strchr("_./-", c))));
	}
	if (plain)
		text_add(out, word);
	else
		text_add_json(out, word);
}

static size_t count_in_folder(const struct contracts *contracts, struct str folder)
{
	size_t count = 0;
	for (size_t i = 0; i < contracts->module_count; i++)
		count += str_equal(path_folder(contracts->modules[i].path), folder);
	return count;
}

static bool is_first_in_folder(const struct contracts *contracts, size_t module)
{
	struct str folder = path_folder(contracts->modules[module].path);
	for (size_t i = 0; i < module; i++)
		if (str_equal(path_folder(contracts->modules[i].path), folder))
			return false;
	return true;
}

void propose_root_contract(const struct contracts *contracts, struct text *out)
{
	text_add(out, STR("version: 1\n"
			  "# Folders that hold a module.yaml.\n"
			  "modules:\n"));
	for (size_t i = 0; i < contracts->module_count; i++) {
		struct str path = contracts->modules[i].path;
		struct str folder = path_folder(path);
		bool grouped = folder.length > 0 && count_in_folder(contracts, folder) > 1;
		if (grouped && !is_first_in_folder(contracts, i))
			continue;
		_cleanup_(text_release) struct text pattern = {0};
		text_add(&pattern, grouped ? folder : path);
		if (grouped)
			text_add(&pattern, STR("/*"));
		text_add(out, STR("  - "));
		out->failed |= pattern.failed;
		add_scalar(out, text_str(&pattern));
		text_add_byte(out, '\n');
	}
}

void propose_module_contract(const struct graph *graph, uint32_t module, struct text *out)
{
	const struct module *self = &graph->contracts->modules[module];
	text_add(out, STR("module: "));
	add_scalar(out, self->name);
	text_add(out, STR("\ndepends_on:"));
	bool any = false;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct edge *edge = &graph->edges[i];
		if (edge->from != module)
			continue;
		text_add(out, STR("\n  - "));
		add_scalar(out, graph->contracts->modules[edge->to].name);
		any = true;
	}
	text_add(out, any ? STR("\n") : STR(" []\n"));
}
