/* SPDX-License-Identifier: Apache-2.0 */
/* Reads ashlar.yaml. Knows its keys; nothing of the tree, and no module's name. */
#include "contract/load.h"

#include "base/file.h"
#include "base/text.h"
#include "contract/names.h"
#include "contract/read.h"

#define FIELD(type, member) offsetof(struct type, member)

/* ---- version ---- */

static void read_version(struct reader *reader, const struct key *key,
			 const struct yaml_node *value, void *field)
{
	struct word word;
	(void)field;
	if (read_word_into(reader, key->name, WORD_TEXT, value, &word) &&
	    !str_equal(word.text, STR("1")))
		complain(reader, value->line, value->column,
			 "the version '%s' is not known here; this Ashlar knows version 1",
			 excerpt_of(word.text).text);
}

/* ---- layers ---- */

static void read_layer(struct reader *reader, const struct yaml_node *node, void *item)
{
	static const struct key KEYS[] = {
		{"name", read_word, FIELD(layer, name), WORD_NAME, true},
		{"closed", read_bool, FIELD(layer, closed), WORD_TEXT, false},
	};
	struct layer *layer = item;
	if (node->kind == YAML_MAPPING)
		read_mapping(reader, "a layer", node, KEYS, sizeof KEYS / sizeof *KEYS, layer);
	else
		read_word_into(reader, "layers", WORD_NAME, node, &layer->name);
}

static void drop_twice(struct reader *reader, struct contracts *contracts)
{
	_cleanup_(map_release) struct map names = {0};
	size_t kept = 0;
	for (size_t i = 0; i < contracts->layer_count; i++) {
		struct layer layer = contracts->layers[i];
		uint32_t first = map_get_or_put(&names, layer.name.text, (uint32_t)kept);
		if (first == MAP_NONE)
			reader->arena->failed = true;
		else if (first != kept)
			complain(reader, layer.name.line, layer.name.column,
				 "the layer '%s' is in 'layers' twice; the first is in line %u",
				 layer.name.text.at, contracts->layers[first].name.line);
		else
			contracts->layers[kept++] = layer;
	}
	contracts->layer_count = kept;
}

static void read_layers(struct reader *reader, const struct key *key, const struct yaml_node *value,
			void *field)
{
	struct contracts *contracts = field;
	contracts->layers = read_items(reader, key, value, sizeof *contracts->layers, read_layer,
				       &contracts->layer_count);
	drop_twice(reader, contracts);
}

/* ---- rules that look at less ---- */

static void read_ignore_types(struct reader *reader, const struct key *key,
			      const struct yaml_node *value, void *field)
{
	bool *ignore = field;
	if (!wants(reader, key, value, YAML_LIST))
		return;
	for (const struct yaml_node *node = value->first; node; node = node->next) {
		enum rule_id rule = read_rule_name(reader, node);
		if (rule == RULE_COUNT)
			continue;
		if (!rule_sees_types(rule))
			complain(reader, node->line, node->column,
				 "the rule '%s' is not about references; remove it here",
				 rule_name(rule));
		else if (ignore[rule])
			complain(reader, node->line, node->column, "'%s' is in '%s' twice",
				 rule_name(rule), key->name);
		ignore[rule] = true;
	}
}

/* ---- languages ---- */

struct language_keys {
	const char *name;
	const struct key *keys;
	size_t count;
};

static const struct key ROOTS_KEYS[] = {
	{"roots", read_words, FIELD(language_settings, roots), WORD_PATH, false},
};

static const struct key C_KEYS[] = {
	{"includes", read_words, FIELD(language_settings, includes), WORD_PATH, false},
	{"compile_commands", read_word, FIELD(language_settings, compile_commands), WORD_PATH,
	 false},
};

static const struct language_keys LANGUAGES[] = {
	{"c", C_KEYS, sizeof C_KEYS / sizeof *C_KEYS},
	{"go", ROOTS_KEYS, 1},
	{"java", ROOTS_KEYS, 1},
	{"javascript", ROOTS_KEYS, 1},
	{"python", ROOTS_KEYS, 1},
};

enum { LANGUAGES_COUNT = sizeof LANGUAGES / sizeof *LANGUAGES };

static void complain_of_language(struct reader *reader, const struct yaml_node *name)
{
	struct str known[LANGUAGES_COUNT];
	char buffer[HINT_SIZE];
	for (size_t i = 0; i < LANGUAGES_COUNT; i++)
		known[i] = str_of(LANGUAGES[i].name);
	const char *near = hint(buffer, name->text, known, LANGUAGES_COUNT);
	complain(reader, name->line, name->column, "the language '%s' has no settings%s",
		 excerpt_of(name->text).text,
		 near[0] ? near : "; those that have are c, go, java, javascript and python");
}

static void read_languages(struct reader *reader, const struct key *key,
			   const struct yaml_node *value, void *field)
{
	struct contracts *contracts = field;
	if (!wants(reader, key, value, YAML_MAPPING))
		return;
	contracts->languages =
		arena_array(reader->arena, value->count, sizeof *contracts->languages);
	if (!contracts->languages)
		return;
	for (const struct yaml_node *node = value->first; node; node = node->next) {
		size_t at = 0;
		while (at < LANGUAGES_COUNT &&
		       !str_equal(node->key->text, str_of(LANGUAGES[at].name)))
			at++;
		if (at == LANGUAGES_COUNT) {
			complain_of_language(reader, node->key);
			continue;
		}
		struct language_settings *settings =
			&contracts->languages[contracts->language_count++];
		settings->language =
			(struct word){node->key->text, node->key->line, node->key->column};
		read_mapping(reader, LANGUAGES[at].name, node, LANGUAGES[at].keys,
			     LANGUAGES[at].count, settings);
	}
}

/* ---- forbidden and independent ---- */

static void read_forbidden_item(struct reader *reader, const struct yaml_node *node, void *item)
{
	static const struct key KEYS[] = {
		{"from", read_uses, FIELD(forbidden, from), WORD_NAME, true},
		{"to", read_uses, FIELD(forbidden, to), WORD_NAME, true},
		{"indirect", read_bool, FIELD(forbidden, indirect), WORD_TEXT, false},
		{"reason", read_text, FIELD(forbidden, reason), WORD_TEXT, false},
	};
	struct forbidden *forbidden = item;
	*forbidden = (struct forbidden){.indirect = true, .line = node->line};
	read_mapping(reader, "an entry of 'forbidden'", node, KEYS, sizeof KEYS / sizeof *KEYS,
		     forbidden);
	if (forbidden->from.given && forbidden->from.count == 0)
		complain(reader, node->line, node->column, "'from' is empty; name a module");
	if (forbidden->to.given && forbidden->to.count == 0)
		complain(reader, node->line, node->column, "'to' is empty; name a module");
}

static void read_forbidden(struct reader *reader, const struct key *key,
			   const struct yaml_node *value, void *field)
{
	struct contracts *contracts = field;
	contracts->forbidden = read_items(reader, key, value, sizeof *contracts->forbidden,
					  read_forbidden_item, &contracts->forbidden_count);
}

static void read_independent_item(struct reader *reader, const struct yaml_node *node, void *item)
{
	static const struct key KEYS[] = {
		{"modules", read_uses, FIELD(independent, modules), WORD_NAME, true},
		{"reason", read_text, FIELD(independent, reason), WORD_TEXT, false},
	};
	struct independent *independent = item;
	independent->line = node->line;
	read_mapping(reader, "an entry of 'independent'", node, KEYS, sizeof KEYS / sizeof *KEYS,
		     independent);
	if (independent->modules.given && independent->modules.count < 2)
		complain(reader, node->line, node->column,
			 "'modules' names fewer than two; name all that must not meet");
}

static void read_independent(struct reader *reader, const struct key *key,
			     const struct yaml_node *value, void *field)
{
	struct contracts *contracts = field;
	contracts->independent = read_items(reader, key, value, sizeof *contracts->independent,
					    read_independent_item, &contracts->independent_count);
}

/* ---- all of it ---- */

static const struct key KEYS[] = {
	{"version", read_version, 0, WORD_TEXT, true},
	{"modules", read_words, FIELD(contracts, module_patterns), WORD_PATTERN, false},
	{"exclude", read_words, FIELD(contracts, exclude), WORD_TEXT, false},
	{"outside", read_words, FIELD(contracts, outside), WORD_PATTERN, false},
	{"layers", read_layers, 0, WORD_TEXT, false},
	{"rules", read_rules, FIELD(contracts, rules), WORD_TEXT, false},
	{"ignore_types", read_ignore_types, FIELD(contracts, ignore_types), WORD_TEXT, false},
	{"strict", read_bool, FIELD(contracts, strict), WORD_TEXT, false},
	{"languages", read_languages, 0, WORD_TEXT, false},
	{"forbidden", read_forbidden, 0, WORD_TEXT, false},
	{"independent", read_independent, 0, WORD_TEXT, false},
};

int contract_parse_root(struct str source, struct contracts *contracts, struct error_list *errors,
			struct error *error)
{
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	struct yaml_document document;
	if (yaml_parse(&parser, CONTRACT_ROOT_NAME, source, &contracts->arena, &document, errors,
		       error) < 0)
		return -1;
	struct reader reader = {.file = CONTRACT_ROOT_NAME,
				.arena = &contracts->arena,
				.errors = errors,
				.broken = document.broken};
	if (document.root)
		read_mapping(&reader, CONTRACT_ROOT_NAME, document.root, KEYS,
			     sizeof KEYS / sizeof *KEYS, contracts);
	else if (!document.broken)
		complain(&reader, 1, 1, "is empty; write 'version: 1' and 'modules: [\"src/*\"]'");
	return contracts->arena.failed ? error_memory(error) : 0;
}

int contracts_load_root(const char *root, struct contracts *out, struct error_list *errors,
			struct error *error)
{
	struct contracts contracts = {0};
	for (enum rule_id rule = 0; rule < RULE_COUNT; rule++)
		contracts.rules[rule] = rule_default(rule);
	_cleanup_(text_release) struct text source = {0};
	struct error failure = {0};
	int result = contract_read_file(root, STR(CONTRACT_ROOT_NAME), &source, &failure);
	contracts.found = result == 0 || failure.code != ERROR_NOT_FOUND;
	if (result == 0)
		result = contract_parse_root(text_str(&source), &contracts, errors, error);
	else if (failure.code == ERROR_MEMORY)
		error_memory(error);
	else
		result = 0;
	if (result == 0 && failure.code != ERROR_NONE && failure.code != ERROR_NOT_FOUND)
		error_list_add(errors, &failure);
	if (result < 0) {
		contracts_release(&contracts);
		return -1;
	}
	error_list_sort(errors);
	*out = contracts;
	return 0;
}
