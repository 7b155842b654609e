/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one module.yaml. Knows its keys and the layers of the root, no other module. */
#include "contract/load.h"

#include "base/cron.h"
#include "base/path.h"
#include "contract/names.h"
#include "contract/read.h"

/* A module with the places of what is looked up while it is read. */
struct draft {
	struct module module;
	struct word name;
	struct word layer;
};

#define FIELD(member) offsetof(struct draft, module.member)

/* ---- parts ---- */

static void read_data(struct reader *reader, const struct key *key, const struct yaml_node *value,
		      void *field)
{
	static const struct key KEYS[] = {
		{"owns", read_words, offsetof(struct module, owns), WORD_TEXT, false},
	};
	if (wants(reader, key, value, YAML_MAPPING))
		read_mapping(reader, "'data'", value, KEYS, sizeof KEYS / sizeof *KEYS, field);
}

static void read_events(struct reader *reader, const struct key *key, const struct yaml_node *value,
			void *field)
{
	static const struct key KEYS[] = {
		{"publishes", read_words, offsetof(struct module, publishes), WORD_TEXT, false},
		{"subscribes", read_words, offsetof(struct module, subscribes), WORD_TEXT, false},
	};
	if (wants(reader, key, value, YAML_MAPPING))
		read_mapping(reader, "'events'", value, KEYS, sizeof KEYS / sizeof *KEYS, field);
}

/* ---- schedules ---- */

static bool read_schedule(struct reader *reader, const struct yaml_node *node, struct schedule *out)
{
	struct cron cron;
	char buffer[160];
	const struct yaml_node *name = node->key;
	if (!is_field_name(name->text)) {
		complain(reader, name->line, name->column,
			 "'%s' is no name of a schedule; write lower-case letters, digits and '_'",
			 excerpt_of(name->text).text);
		return false;
	}
	if (!read_word_into(reader, name->text.at, WORD_TEXT, node, &out->cron))
		return false;
	out->name = (struct word){name->text, name->line, name->column};
	const char *wrong = cron_parse(out->cron.text, &cron, buffer, sizeof buffer);
	if (wrong)
		complain(reader, node->line, node->column, "'%s' is no schedule: %s",
			 excerpt_of(node->text).text, wrong);
	return !wrong;
}

static void read_schedules(struct reader *reader, const struct key *key,
			   const struct yaml_node *value, void *field)
{
	struct module *module = field;
	if (!wants(reader, key, value, YAML_MAPPING))
		return;
	module->schedules = arena_array(reader->arena, value->count, sizeof *module->schedules);
	for (const struct yaml_node *node = value->first; module->schedules && node;
	     node = node->next)
		if (read_schedule(reader, node, &module->schedules[module->schedule_count]))
			module->schedule_count++;
}

/* ---- sagas ---- */

static void read_sagas(struct reader *reader, const struct key *key, const struct yaml_node *value,
		       void *field)
{
	struct words *sagas = field;
	read_words(reader, key, value, sagas);
	for (size_t i = 0; i < sagas->count; i++)
		if (!is_field_name(sagas->items[i].text))
			complain(reader, sagas->items[i].line, sagas->items[i].column,
				 "'%s' is no name of a saga; write lower-case letters, digits and "
				 "'_'",
				 excerpt_of(sagas->items[i].text).text);
}

/* ---- exceptions ---- */

static void read_excepted_rule(struct reader *reader, const struct key *key,
			       const struct yaml_node *value, void *field)
{
	(void)key;
	enum rule_id rule = read_rule_name(reader, value);
	if (rule < RULE_COUNT && !rule_has_exceptions(rule))
		complain(reader, value->line, value->column,
			 "the rule '%s' has no exceptions; set it in 'rules' instead",
			 rule_name(rule));
	*(enum rule_id *)field = rule;
}

/* Whether it has the shape of YYYY-MM-DD. */
static bool looks_like_date(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (i == 4 || i == 7 ? text.at[i] != '-' : text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.length == 10;
}

static void read_date(struct reader *reader, const struct key *key, const struct yaml_node *value,
		      void *field)
{
	struct word word;
	if (!read_word_into(reader, key->name, WORD_TEXT, value, &word) ||
	    date_parse(word.text, field))
		return;
	complain(reader, value->line, value->column,
		 looks_like_date(word.text) ? "'%s' is no day of the calendar"
					    : "'%s' is no date; write YYYY-MM-DD",
		 excerpt_of(word.text).text);
}

static void read_exception(struct reader *reader, const struct yaml_node *node, void *item)
{
	static const struct key KEYS[] = {
		{"rule", read_excepted_rule, offsetof(struct exception, rule), WORD_TEXT, true},
		{"to", read_word, offsetof(struct exception, to.name), WORD_TEXT, true},
		{"reason", read_text, offsetof(struct exception, reason), WORD_TEXT, true},
		{"owner", read_text, offsetof(struct exception, owner), WORD_TEXT, true},
		{"until", read_date, offsetof(struct exception, until), WORD_TEXT, true},
	};
	struct exception *exception = item;
	exception->to.module = MODULE_NONE;
	exception->line = node->line;
	exception->column = node->column;
	read_mapping(reader, "an exception", node, KEYS, sizeof KEYS / sizeof *KEYS, exception);
}

static void read_exceptions(struct reader *reader, const struct key *key,
			    const struct yaml_node *value, void *field)
{
	struct module *module = field;
	module->exceptions = read_items(reader, key, value, sizeof *module->exceptions,
					read_exception, &module->exception_count);
}

/* ---- all of it ---- */

static const struct key KEYS[] = {
	{"module", read_word, offsetof(struct draft, name), WORD_NAME, true},
	{"description", read_prose, FIELD(description), WORD_TEXT, false},
	{"owner", read_text, FIELD(owner), WORD_TEXT, false},
	{"layer", read_word, offsetof(struct draft, layer), WORD_NAME, false},
	{"depends_on", read_uses, FIELD(depends_on), WORD_NAME, false},
	{"public", read_words, FIELD(public), WORD_PATTERN, false},
	{"visible_to", read_uses, FIELD(visible_to), WORD_NAME, false},
	{"external", read_words, FIELD(external), WORD_TEXT, false},
	{"roots", read_words, FIELD(roots), WORD_PATH, false},
	{"data", read_data, offsetof(struct draft, module), WORD_TEXT, false},
	{"ports", read_words, FIELD(ports), WORD_TEXT, false},
	{"replaces", read_word, FIELD(replaces.name), WORD_NAME, false},
	{"events", read_events, offsetof(struct draft, module), WORD_TEXT, false},
	{"schedules", read_schedules, offsetof(struct draft, module), WORD_TEXT, false},
	{"sagas", read_sagas, FIELD(sagas), WORD_TEXT, false},
	{"choreographies", read_choreographies, offsetof(struct draft, module), WORD_TEXT, false},
	{"rules", read_rules, FIELD(rules), WORD_TEXT, false},
	{"strict", read_bool, FIELD(strict), WORD_TEXT, false},
	{"exceptions", read_exceptions, offsetof(struct draft, module), WORD_TEXT, false},
};

static void find_layer(struct reader *reader, struct draft *draft)
{
	const struct contracts *contracts = reader->contracts;
	struct module *module = &draft->module;
	module->layer = 0;
	while (module->layer < contracts->layer_count &&
	       !str_equal(contracts->layers[module->layer].name.text, draft->layer.text))
		module->layer++;
	if (module->layer < contracts->layer_count)
		return;
	module->layer = MODULE_NONE;
	if (!draft->layer.text.at)
		return;
	struct str *names = arena_array(reader->arena, contracts->layer_count, sizeof(struct str));
	for (size_t i = 0; names && i < contracts->layer_count; i++)
		names[i] = contracts->layers[i].name.text;
	char buffer[HINT_SIZE];
	complain(reader, draft->layer.line, draft->layer.column, "there is no layer '%s' in %s%s",
		 draft->layer.text.at, CONTRACT_ROOT_NAME,
		 hint(buffer, draft->layer.text, names, names ? contracts->layer_count : 0));
}

/* The line of a key, or of the module's name where the key is not there. */
static uint32_t line_of(const struct yaml_node *root, const char *name, const struct draft *draft)
{
	const struct yaml_node *value = root->kind == YAML_MAPPING ? root->first : NULL;
	for (; value; value = value->next)
		if (str_equal(value->key->text, str_of(name)))
			return value->key->line;
	return draft->module.line;
}

static void read_keys(struct reader *reader, const struct yaml_node *root, struct module *out)
{
	struct draft draft = {0};
	read_mapping(reader, "the contract of a module", root, KEYS, sizeof KEYS / sizeof *KEYS,
		     &draft);
	struct module *module = &draft.module;
	find_layer(reader, &draft);
	module->replaces.module = MODULE_NONE;
	module->name = draft.name.text;
	module->line = draft.name.text.at ? draft.name.line : root->line;
	module->column = draft.name.text.at ? draft.name.column : root->column;
	module->depends_on_line = line_of(root, "depends_on", &draft);
	module->public_line = line_of(root, "public", &draft);
	module->visible_to_line = line_of(root, "visible_to", &draft);
	module->external_line = line_of(root, "external", &draft);
	*out = *module;
}

/* Turns what was parsed into a module. */
static int finish(const struct yaml_document *document, struct str file,
		  const struct contracts *contracts, struct arena *arena, struct module *out,
		  struct error_list *errors, struct error *error)
{
	struct reader reader = {.file = file.at,
				.arena = arena,
				.errors = errors,
				.contracts = contracts,
				.broken = document->broken};
	*out = (struct module){
		.line = 1, .column = 1, .layer = MODULE_NONE, .replaces = {.module = MODULE_NONE}};
	if (document->root)
		read_keys(&reader, document->root, out);
	else if (!document->broken)
		complain(&reader, 1, 1, "is empty; write 'module: %s'",
			 excerpt_of(path_name(path_folder(file))).text);
	out->file = file;
	out->path = arena_str(arena, path_folder(file));
	if (!out->name.at)
		out->name = path_name(out->path);
	return arena->failed ? error_memory(error) : 0;
}

int contract_parse_module(struct yaml_parser *parser, struct str file, struct str source,
			  const struct contracts *contracts, struct arena *arena,
			  struct module *out, struct error_list *errors, struct error *error)
{
	struct yaml_document document;
	if (yaml_parse(parser, file.at, source, arena, &document, errors, error) < 0)
		return -1;
	return finish(&document, file, contracts, arena, out, errors, error);
}

int contract_read_module(struct yaml_parser *parser, const char *root, struct str file,
			 const struct contracts *contracts, struct arena *arena, struct module *out,
			 struct error_list *errors, struct error *error)
{
	_cleanup_(text_release) struct text source = {0};
	const struct yaml_document unread = {.broken = true};
	struct error failure;
	if (contract_read_file(root, file, &source, &failure) == 0)
		return contract_parse_module(parser, file, text_str(&source), contracts, arena, out,
					     errors, error);
	if (failure.code == ERROR_MEMORY)
		return error_memory(error);
	error_list_add(errors, &failure);
	return finish(&unread, file, contracts, arena, out, errors, error);
}
