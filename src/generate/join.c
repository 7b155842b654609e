/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what the contract names in the .proto files, and the other way round. */
#include "generate/input.h"
#include "generate/names.h"

static const struct word *find_word(const struct words *words, const char *name)
{
	for (size_t i = 0; i < words->count; i++)
		if (str_equal(words->items[i].text, str_of(name)))
			return &words->items[i];
	return NULL;
}

/* ---- ports ---- */

static void tell_missing_port(struct input *input, const struct word *word)
{
	struct str *names = arena_array(input->arena, input->service_count, sizeof *names);
	for (size_t i = 0; names && i < input->service_count; i++)
		names[i] = str_of(input->services[i].full_name);
	wrong_word(input, word, "no .proto of the module has a service '%s'%s", word->text.at,
		   input_hint(input, word->text.at, names, input->service_count));
}

/* Of the module that is replaced only those count that this one provides, too. */
static void leave_out_others(struct input *input)
{
	size_t kept = 0;
	for (size_t i = 0; i < input->service_count; i++)
		if (input->services[i].own || input->services[i].word)
			input->services[kept++] = input->services[i];
	input->service_count = kept;
}

static void join_ports(struct input *input)
{
	const struct words *ports = &input->module.ports;
	for (size_t i = 0; i < ports->count; i++) {
		size_t at = 0;
		while (at < input->service_count &&
		       !str_equal(ports->items[i].text, str_of(input->services[at].full_name)))
			at++;
		if (at < input->service_count)
			input->services[at].word = &ports->items[i];
		else
			tell_missing_port(input, &ports->items[i]);
	}
	leave_out_others(input);
	for (size_t i = 0; i < input->service_count; i++)
		if (!input->services[i].word)
			wrong_spot(input, &input->services[i].spot,
				   "%s does not name '%s' in 'ports'", input->contract_path,
				   input->services[i].full_name);
}

/* ---- events ---- */

/* The package of a full name of a message that is not nested. */
static struct str package_of(const char *full_name)
{
	ptrdiff_t dot = str_find_last(str_of(full_name), '.');
	return str_first(str_of(full_name), dot < 0 ? 0 : (size_t)dot);
}

static void name_event(struct input *input, struct event *event)
{
	struct arena *arena = input->arena;
	struct str package = package_of(event->full_name);
	struct str name = str_from(str_of(event->full_name), package.length + 1);
	event->prefix = name_of_package(arena, package);
	event->c_name = name_of_type(arena, event->full_name);
	event->snake = name_in_snake(arena, name);
	const char *prefix = event->prefix ? name_in_camel(arena, str_of(event->prefix)) : NULL;
	const char *camel = name_in_camel(arena, name);
	if (prefix && camel)
		event->short_name = arena_format(arena, "%s%s", prefix, camel);
}

static const char *hint_of_message(struct input *input, const char *name, bool own)
{
	struct str *names = arena_array(input->arena, input->type_count, sizeof *names);
	size_t count = 0;
	for (size_t i = 0; names && i < input->type_count; i++)
		if (input->types[i].message && (input->types[i].own || !own))
			names[count++] = str_of(input->types[i].full_name);
	return input_hint(input, name, names, count);
}

static void join_published(struct input *input, const struct word *word)
{
	const struct type *type = input_type(input, word->text.at);
	if (!type || !type->message || !type->own)
		return wrong_word(input, word, "no .proto of the module has a message '%s'%s",
				  word->text.at, hint_of_message(input, word->text.at, true));
	if (type->spot.length > 2)
		return wrong_word(input, word,
				  "'%s' is a message inside another; an event stands by itself",
				  word->text.at);
	struct event *event = &input->publishes[input->publishes_count++];
	*event = (struct event){.full_name = type->full_name, .word = word};
	if (type->message->options && *type->message->options->key)
		event->key = type->message->options->key;
	name_event(input, event);
}

/* Whether a file of the package is among the request's, so that its messages are known. */
static bool knows_package(const struct input *input, struct str package)
{
	for (size_t i = 0; i < input->request->n_proto_file; i++)
		if (str_equal(str_of(input->request->proto_file[i]->package), package))
			return true;
	return false;
}

static void join_subscribed(struct input *input, const struct word *word)
{
	const char *name = word->text.at;
	const struct type *type = input_type(input, name);
	struct str package = package_of(name), rest = word->text, part;
	bool is_name = package.length > 0;
	while (str_split(&rest, '.', &part))
		is_name = is_name && is_identifier(part);
	if (!is_name)
		return wrong_word(input, word, "'%s' is no event; write package.v1.Message", name);
	if (knows_package(input, package) && (!type || !type->message))
		return wrong_word(input, word, "there is no message '%s'%s", name,
				  hint_of_message(input, name, false));
	struct event *event = &input->subscribes[input->subscribes_count++];
	*event = (struct event){.full_name = name, .word = word};
	name_event(input, event);
}

static void check_keys(struct input *input)
{
	for (size_t i = 0; i < input->type_count; i++) {
		const struct type *type = &input->types[i];
		if (!type->own || !type->message || !type->message->options ||
		    !*type->message->options->key ||
		    find_word(&input->module.publishes, type->full_name))
			continue;
		struct spot spot = spot_step(type->spot, 7, 50404);
		wrong_spot(input, &spot, "'%s' has a key, but %s does not publish it",
			   type->full_name, input->contract_path);
	}
}

int input_join(struct input *input, struct error *error)
{
	const struct words *publishes = &input->module.publishes;
	const struct words *subscribes = &input->module.subscribes;
	input->publishes = arena_array(input->arena, publishes->count, sizeof *input->publishes);
	input->subscribes = arena_array(input->arena, subscribes->count, sizeof *input->subscribes);
	if (!input->publishes || !input->subscribes)
		return error_memory(error);
	join_ports(input);
	for (size_t i = 0; i < publishes->count; i++)
		join_published(input, &publishes->items[i]);
	for (size_t i = 0; i < subscribes->count; i++)
		join_subscribed(input, &subscribes->items[i]);
	check_keys(input);
	return input->arena->failed ? error_memory(error) : 0;
}
