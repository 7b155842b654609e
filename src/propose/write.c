/* SPDX-License-Identifier: Apache-2.0 */
/* Writes contracts as a person would: only the keys that say something. */
#include <strings.h>

#include "base/path.h"
#include "base/yaml.h"
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

/* A path as part of a pattern that matches only it. */
static void add_literally(struct text *pattern, struct str path)
{
	for (size_t i = 0; i < path.length; i++) {
		bool last_blank = i + 1 == path.length && path.at[i] == ' ';
		if (strchr("\\[]*?", path.at[i]) || last_blank)
			text_add_byte(pattern, '\\');
		text_add_byte(pattern, path.at[i]);
	}
}

static void add_item(struct text *out, const struct text *item)
{
	text_add(out, STR("  - "));
	out->failed |= item->failed;
	add_scalar(out, text_str(item));
	text_add_byte(out, '\n');
}

static void add_modules(const struct contracts *contracts, struct text *out)
{
	for (size_t i = 0; i < contracts->module_count; i++) {
		struct str path = contracts->modules[i].path;
		struct str folder = path_folder(path);
		bool grouped = folder.length > 0 && count_in_folder(contracts, folder) > 1;
		if (grouped && !is_first_in_folder(contracts, i))
			continue;
		_cleanup_(text_release) struct text pattern = {0};
		if (grouped)
			add_literally(&pattern, folder);
		else
			text_add(&pattern, path.length > 0 ? path : STR("."));
		if (grouped)
			text_add(&pattern, STR("/*"));
		add_item(out, &pattern);
	}
}

static bool is_told_before(const struct error_list *left_out, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(left_out->items[i].file, left_out->items[index].file) == 0)
			return true;
	return false;
}

static void add_left_out(const struct error_list *left_out, struct text *out)
{
	bool any = false;
	for (size_t i = 0; i < left_out->count; i++) {
		const struct error *item = &left_out->items[i];
		_cleanup_(text_release) struct text pattern = {0};
		if (item->file[0] == '\0' || is_told_before(left_out, i))
			continue;
		if (!any)
			text_add(out, STR("# What could not be read. Take out what you mend.\n"
					  "exclude:\n"));
		any = true;
		text_addf(out, "  # %s\n", excerpt_of(str_of(item->message)).text);
		text_add_byte(&pattern, '/');
		add_literally(&pattern, str_of(item->file));
		add_item(out, &pattern);
	}
}

void propose_root_contract(const struct contracts *contracts, const struct error_list *left_out,
			   struct text *out)
{
	text_add(out, STR("version: 1\n"
			  "# Folders that hold a module.yaml.\n"
			  "modules:\n"));
	add_modules(contracts, out);
	add_left_out(left_out, out);
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
