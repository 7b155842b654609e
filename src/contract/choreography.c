/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the choreographies of a module's contract. Knows no event: whether there are such, and
 * whether their publishers and subscribers fit, is told where all modules are known. */
#include "contract/load.h"

#include "contract/read.h"

/* Steps of one choreography. */
#define FLOW_LIMIT 30

/* Seconds of the longest deadline: a year. */
#define DEADLINE_LIMIT (UINT64_C(366) * 86400)

/* "90s", "10m", "24h", "7d". */
static bool read_duration(struct str text, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} UNITS[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	uint64_t number = 0;
	size_t digits = text.length ? text.length - 1 : 0;
	if (digits == 0 || digits > 8)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text.at[i] - '0');
	}
	for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
		if (UNITS[i].unit != text.at[digits])
			continue;
		*seconds = (uint32_t)(number * UNITS[i].seconds);
		return number > 0 && number * UNITS[i].seconds <= DEADLINE_LIMIT;
	}
	return false;
}

static void read_deadline(struct reader *reader, const struct key *key,
			  const struct yaml_node *value, void *field)
{
	struct word word;
	if (read_word_into(reader, key->name, WORD_TEXT, value, &word) &&
	    !read_duration(word.text, field))
		complain(reader, value->line, value->column,
			 "'%s' is no deadline; write 90s, 10m, 24h or 7d, up to 366d",
			 excerpt_of(word.text).text);
}

static void add_flow(struct reader *reader, struct choreography *out, const struct yaml_node *event,
		     struct word next, bool undoes)
{
	if (out->flow_count == FLOW_LIMIT) {
		complain(reader, next.line, next.column, "a choreography has %d steps at most",
			 FLOW_LIMIT);
		return;
	}
	out->flow[out->flow_count++] = (struct flow){
		.event = {event->text, event->line, event->column},
		.next = next,
		.undoes = undoes,
	};
}

static bool make_room(struct reader *reader, struct choreography *out)
{
	if (!out->flow)
		out->flow = arena_array(reader->arena, FLOW_LIMIT, sizeof *out->flow);
	return out->flow;
}

/* An event, and a list of those that follow it. */
static void read_events_of(struct reader *reader, const struct key *key,
			   const struct yaml_node *value, void *field)
{
	struct choreography *out = field;
	if (!wants(reader, key, value, YAML_MAPPING) || !make_room(reader, out))
		return;
	for (const struct yaml_node *node = value->first; node; node = node->next) {
		const struct key next = {node->key->text.at, NULL, 0, WORD_TEXT, false};
		struct words words = {0};
		read_words(reader, &next, node, &words);
		for (size_t i = 0; i < words.count; i++)
			add_flow(reader, out, node->key, words.items[i], false);
	}
}

static void read_undone(struct reader *reader, const struct key *key, const struct yaml_node *value,
			void *field)
{
	struct choreography *out = field;
	if (!wants(reader, key, value, YAML_MAPPING) || !make_room(reader, out))
		return;
	for (const struct yaml_node *node = value->first; node; node = node->next) {
		struct word word;
		if (read_word_into(reader, node->key->text.at, WORD_TEXT, node, &word))
			add_flow(reader, out, node->key, word, true);
	}
}

static void read_choreography(struct reader *reader, const struct yaml_node *node,
			      struct choreography *out)
{
	static const struct key KEYS[] = {
		{"deadline", read_deadline, offsetof(struct choreography, deadline_s), WORD_TEXT,
		 true},
		{"events", read_events_of, 0, WORD_TEXT, true},
		{"undone_by", read_undone, 0, WORD_TEXT, false},
	};
	out->name = (struct word){node->key->text, node->key->line, node->key->column};
	read_mapping(reader, "a choreography", node, KEYS, sizeof KEYS / sizeof *KEYS, out);
}

void read_choreographies(struct reader *reader, const struct key *key,
			 const struct yaml_node *value, void *field)
{
	struct module *module = field;
	if (!wants(reader, key, value, YAML_MAPPING))
		return;
	module->choreographies =
		arena_array(reader->arena, value->count, sizeof *module->choreographies);
	for (const struct yaml_node *node = value->first; module->choreographies && node;
	     node = node->next) {
		if (is_field_name(node->key->text))
			read_choreography(reader, node,
					  &module->choreographies[module->choreography_count++]);
		else
			complain(reader, node->key->line, node->key->column,
				 "'%s' is no name of a choreography; write lower-case letters, "
				 "digits and '_'",
				 excerpt_of(node->key->text).text);
	}
}
