/* SPDX-License-Identifier: Apache-2.0 */
/* What modules say of the flows of events they take part in, held against who publishes and who
 * subscribes. Sees no event. Flows have 30 steps at most, so each is looked through as often as
 * need be. */
#include "port/flows.h"

#include <string.h>

#include "base/mem.h"

static bool same(const char *one, const char *other)
{
	return strcmp(one, other) == 0;
}

/* Whether it follows another. */
static bool follows(const ash_choreography *choreography, const char *event)
{
	for (size_t i = 0; i < choreography->flow_count; i++)
		if (!choreography->flow[i].undoes && same(choreography->flow[i].next, event))
			return true;
	return false;
}

const char *flow_start(const ash_choreography *choreography)
{
	const char *start = NULL;
	for (size_t i = 0; i < choreography->flow_count; i++) {
		const ash_flow *flow = &choreography->flow[i];
		if (flow->undoes || follows(choreography, flow->event))
			continue;
		if (start && !same(start, flow->event))
			return NULL;
		start = flow->event;
	}
	return start;
}

bool flow_is_end(const ash_choreography *choreography, const char *event)
{
	for (size_t i = 0; i < choreography->flow_count; i++)
		if (!choreography->flow[i].undoes && same(choreography->flow[i].event, event))
			return false;
	return follows(choreography, event);
}

const struct member *flow_publisher(const struct registry *registry, const char *event,
				    const ash_event **type)
{
	for (size_t i = 0; i < registry->member_count; i++) {
		const struct member *member = &registry->members[i];
		for (size_t j = 0; j < member->module->publishes_count; j++) {
			if (!same(member->module->publishes[j]->name, event))
				continue;
			if (type)
				*type = member->module->publishes[j];
			return member;
		}
	}
	return NULL;
}

/* ---- judging ---- */

struct judging {
	const struct registry *registry;
	struct error_list *errors;
	const ash_choreography *choreography;
	struct str *events; /* all that are published */
	size_t event_count;
};

#define TELL(judging, place, ...)                                                                  \
	error_list_at((judging)->errors, ERROR_INVALID, (place)->file, (place)->line,              \
		      (place)->column, __VA_ARGS__)

static bool subscribes(const struct member *member, const char *event)
{
	for (size_t i = 0; i < member->module->subscribes_count; i++)
		if (same(member->module->subscribes[i].event->name, event))
			return true;
	return false;
}

/* The publisher, or NULL, and told. */
static const struct member *judge_event(struct judging *judging, const char *event,
					const ash_place *place)
{
	const ash_event *type = NULL;
	const struct member *publisher = flow_publisher(judging->registry, event, &type);
	struct str nearest = str_nearest(str_of(event), judging->events, judging->event_count);
	if (!publisher && nearest.length)
		TELL(judging, place,
		     "no module of the application publishes '%s'; did you mean '%.*s'?", event,
		     STR_ARG(nearest));
	else if (!publisher)
		TELL(judging, place, "no module of the application publishes '%s'", event);
	else if (!type->key)
		TELL(judging, place,
		     "%s has no key by which the choreography %s could be followed; give its "
		     "message option (ashlar.key)",
		     event, judging->choreography->name);
	return publisher;
}

static void judge_flow(struct judging *judging, const ash_flow *flow)
{
	const struct member *before = judge_event(judging, flow->event, &flow->place);
	const struct member *after = judge_event(judging, flow->next, &flow->next_place);
	if (!before || !after)
		return;
	if (flow->undoes && !subscribes(before, flow->next))
		TELL(judging, &flow->next_place,
		     "%s is to be undone by %s, but %s, which publishes it, does not subscribe to "
		     "that",
		     flow->event, flow->next, before->module->name);
	if (!flow->undoes && !subscribes(after, flow->event))
		TELL(judging, &flow->next_place,
		     "%s is to follow %s, but %s, which publishes it, does not subscribe to that",
		     flow->next, flow->event, after->module->name);
}

static void judge(struct judging *judging, const ash_module *module)
{
	const ash_choreography *choreography = judging->choreography;
	const char *start = flow_start(choreography);
	bool ends = false;
	for (size_t i = 0; i < choreography->flow_count; i++) {
		judge_flow(judging, &choreography->flow[i]);
		ends |= flow_is_end(choreography, choreography->flow[i].next);
	}
	if (!start)
		TELL(judging, &choreography->place,
		     "the choreography %s has not one first event, which follows no other",
		     choreography->name);
	else if (!ends)
		TELL(judging, &choreography->place, "the choreography %s never ends",
		     choreography->name);
	const struct member *first = start ? flow_publisher(judging->registry, start, NULL) : NULL;
	if (first && first->module != module)
		TELL(judging, &choreography->place,
		     "the choreography %s begins with %s, which %s publishes; declare it there",
		     choreography->name, start, first->module->name);
}

static size_t count_events(const struct registry *registry)
{
	size_t count = 0;
	for (size_t i = 0; i < registry->member_count; i++)
		count += registry->members[i].module->publishes_count;
	return count;
}

static bool name_events(struct judging *judging, struct arena *arena)
{
	const struct registry *registry = judging->registry;
	judging->events = arena_array(arena, count_events(registry) + 1, sizeof *judging->events);
	for (size_t i = 0; judging->events && i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		for (size_t j = 0; j < module->publishes_count; j++)
			judging->events[judging->event_count++] =
				str_of(module->publishes[j]->name);
	}
	return judging->events;
}

int flows_judge(const struct registry *registry, struct error_list *errors, struct error *error)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct judging judging = {.registry = registry, .errors = errors};
	if (!name_events(&judging, &arena))
		return error_memory(error);
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		for (size_t j = 0; j < module->choreography_count; j++) {
			judging.choreography = &module->choreographies[j];
			judge(&judging, module);
		}
	}
	return 0;
}
