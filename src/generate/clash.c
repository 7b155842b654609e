/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses two things of a module that would have one name in C. */
#include <stdio.h>

#include "generate/input.h"
#include "generate/names.h"

/* Who has which name: of a .proto by its spot, of a contract by its word. */
struct owner {
	const char *what; /* "the message 'billing.v1.Charge'" */
	const struct spot *spot;
	const struct word *word;
};

struct names {
	struct map index;
	struct owner *owners;
	size_t count;
	size_t capacity;
};

static void tell(struct input *input, const struct owner *owner, const struct owner *first,
		 const char *name)
{
	if (owner->spot) /* the first may have no place, never the second */
		wrong_spot(input, owner->spot, "%s is '%s' in C, as %s is; rename one", owner->what,
			   name, first->what);
	else
		wrong_word(input, owner->word, "%s is '%s' in C, as %s is; rename one", owner->what,
			   name, first->what);
}

static void claim(struct input *input, struct names *names, const char *name, struct owner owner)
{
	if (!name || !owner.what ||
	    !mem_reserve(&names->owners, &names->capacity, names->count + 1, sizeof owner)) {
		input->arena->failed = true;
		return;
	}
	uint32_t at = map_get_or_put(&names->index, str_of(name), (uint32_t)names->count);
	if (at == MAP_NONE)
		input->arena->failed = true;
	else if (at == names->count)
		names->owners[names->count++] = owner;
	else
		tell(input, &owner, &names->owners[at], name);
}

static void claim_types(struct input *input, struct names *names)
{
	for (size_t i = 0; i < input->type_count; i++) {
		const struct type *type = &input->types[i];
		const char *kind = type->message ? "message" : "enum";
		if (type->own && type->short_name)
			claim(input, names, type->short_name,
			      (struct owner){arena_format(input->arena, "the %s '%s'", kind,
							  type->full_name),
					     &type->spot, NULL});
	}
}

/* protoc-gen-c has a member for each method too, and escapes none. */
static void refuse_word(struct input *input, const struct spot *spot, const char *name,
			const char *member)
{
	if (is_word_of_c(member))
		wrong_spot(input, spot, "'%s' is '%s' in C, which is a word of it; rename it", name,
			   member);
}

/* The functions and descriptors, which start with a small letter. */
static void claim_services(struct input *input, struct names *names)
{
	struct arena *arena = input->arena;
	for (size_t i = 0; i < input->service_count; i++) {
		const struct service *service = &input->services[i];
		if (!service->own)
			continue;
		claim(input, names, arena_format(arena, "%s_port", service->prefix),
		      (struct owner){arena_format(arena, "the service '%s'", service->full_name),
				     &service->spot, NULL});
		for (size_t j = 0; j < service->proto->n_method; j++) {
			const struct method *method = &service->methods[j];
			refuse_word(input, &method->spot, method->proto->name, method->function);
			claim(input, names,
			      arena_format(arena, "%s_%s", service->prefix, method->function),
			      (struct owner){
				      arena_format(arena, "the method '%s'", method->proto->name),
				      &method->spot, NULL});
		}
	}
}

static void claim_events(struct input *input, struct names *names, const struct event *events,
			 size_t count, const char *format, const char *verb)
{
	for (size_t i = 0; i < count; i++) {
		char name[512];
		snprintf(name, sizeof name, format, events[i].prefix, events[i].snake);
		claim(input, names, arena_str(input->arena, str_of(name)).at,
		      (struct owner){
			      arena_format(input->arena, "%s '%s'", verb, events[i].full_name),
			      NULL, events[i].word});
	}
}

static void claim_schedules(struct input *input)
{
	for (size_t i = 0; i < input->module.schedule_count; i++) {
		const struct word *word = &input->module.schedules[i].name;
		if (is_word_of_c(word->text.at))
			wrong_word(input, word, "'%s' is a word of C; choose another name",
				   word->text.at);
	}
}

/* Each is a member, and a word of C is none. */
static void claim_sagas(struct input *input)
{
	struct names names = {0};
	for (size_t i = 0; i < input->module.sagas.count; i++) {
		const struct word *word = &input->module.sagas.items[i];
		if (is_word_of_c(word->text.at))
			wrong_word(input, word, "'%s' is a word of C; choose another name",
				   word->text.at);
		claim(input, &names, word->text.at,
		      (struct owner){arena_format(input->arena, "the saga '%s'", word->text.at),
				     NULL, word});
	}
	map_release(&names.index);
	mem_free(names.owners);
}

/* The tables in the struct that ASH_MODULE fills. */
static void claim_members(struct input *input)
{
	struct names names = {0};
	static const char *const OWN[] = {"on", "schedules", "sagas"};
	for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
		claim(input, &names, OWN[i],
		      (struct owner){"a table that every module may have", NULL, NULL});
	for (size_t i = 0; i < input->service_count; i++) {
		const struct service *service = &input->services[i];
		refuse_word(input, &service->spot, service->proto->name, service->member);
		claim(input, &names, service->member,
		      (struct owner){
			      arena_format(input->arena, "the service '%s'", service->full_name),
			      &service->spot, NULL});
	}
	map_release(&names.index);
	mem_free(names.owners);
}

int input_check_names(struct input *input, struct error *error)
{
	struct names names = {0}, handlers = {0};
	claim(input, &names, arena_format(input->arena, "%s_module", input->name),
	      (struct owner){"the module itself", NULL, NULL});
	claim_types(input, &names);
	claim_services(input, &names);
	claim_events(input, &names, input->publishes, input->publishes_count, "%s_%s_event",
		     "the event");
	claim_events(input, &names, input->publishes, input->publishes_count, "%s_publish_%s",
		     "publishing");
	claim_events(input, &handlers, input->subscribes, input->subscribes_count, "%s_%s",
		     "handling");
	claim_schedules(input);
	claim_sagas(input);
	claim_members(input);
	map_release(&names.index);
	map_release(&handlers.index);
	mem_free(names.owners);
	mem_free(handlers.owners);
	return input->arena->failed ? error_memory(error) : 0;
}
