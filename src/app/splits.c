/* SPDX-License-Identifier: Apache-2.0 */
/* What the deployment file says of splits, made and put in the place of bindings. Knows no wire but
 * the function that leads to another process.
 *
 * Invariant: a call is split once. Where both sides are in one process that one does it, else the
 * process in which the call begins; whoever is called by another process answers itself. */
#include "app/splits.h"

#include <stdio.h>
#include <string.h>

#include "app/split_item.h"
#include "base/mem.h"
#include "rpc/client.h"

/* ---- the sides ---- */

static int wrong(const struct splits *splits, const struct placed *at, struct error *error,
		 const char *format, const char *name)
{
	char message[512];
	snprintf(message, sizeof message, format, name);
	return error_at(error, ERROR_INVALID, splits->placement->file, at->line, at->column, "%s",
			message);
}

static size_t count_processes(const struct placement *placement, const char *module)
{
	size_t count = 0;
	for (size_t i = 0; i < placement->process_count; i++)
		count += placement_has(&placement->processes[i], module);
	return count;
}

/* That the names are known was judged with the file. */
static int look_up(struct splits *splits, const struct placed *said, struct split_side *out,
		   struct error *error)
{
	const struct placement *placement = splits->placement;
	struct str text = str_of(said->text);
	ptrdiff_t at = str_find(text, '@');
	struct str module = at < 0 ? text : str_first(text, (size_t)at);
	*out = (struct split_side){.said = said, .module = arena_str(&splits->arena, module).at};
	if (!out->module)
		return error_memory(error);
	if (at >= 0)
		out->process = placement_process(placement, said->text + at + 1);
	else if (count_processes(placement, out->module) > 1)
		return wrong(splits, said, error,
			     "several processes have the module '%.200s': say which, as "
			     "MODULE@PROCESS",
			     out->module);
	else
		out->process = placement_of(placement, out->module);
	out->here = out->process == splits->self;
	return 0;
}

/* What leads to the side. */
static void lead(const struct splits *splits, const struct split_side *side,
		 const struct remotes *remotes, const struct binding *binding, struct binding *out)
{
	const struct binding *beside =
		registry_beside(splits->environment->registry, binding->port);
	bool is_beside = strcmp(side->module, binding->member->module->name) != 0;
	*out = is_beside && beside ? *beside : *binding;
	if (side->here)
		return;
	out->invoke = rpc_invoke;
	out->handlers = remotes_at(remotes, side->process);
}

static int make_side(struct splits *splits, struct split_item *item, enum dial_side which,
		     struct remotes *remotes, const struct binding *binding, struct error *error)
{
	const struct split_side *side = &item->sides[which];
	struct binding inside;
	lead(splits, side, remotes, binding, &inside);
	if (!side->here && remotes_watch_at(remotes, side->process, splits->metrics, error) < 0)
		return -1;
	return dial_set(&item->dial, which, side->said->text, &inside, !side->here, splits->metrics,
			&splits->arena, error);
}

/* ---- what is judged here, as the port is known ---- */

/* Whether the split is of the method. */
static bool has(const struct split_item *item, uint16_t method)
{
	return item->port->methods[method].transaction != ASH_JOINS &&
	       (item->method == DIAL_ALL || item->method == method);
}

static int check_keys(const struct splits *splits, const struct split_item *item,
		      struct error *error)
{
	const struct placed *sticky = &item->said->sticky;
	for (uint16_t i = 0; sticky->text && i < item->port->method_count; i++) {
		const ProtobufCFieldDescriptor *field =
			message_field(item->port->methods[i].request, sticky->text);
		if (has(item, i) && field && dial_key_mistake(field))
			return wrong(splits, sticky, error,
				     "calls cannot stick to this field: %.100s",
				     dial_key_mistake(field));
	}
	return 0;
}

static bool is_in_a_reply(const struct split_item *item, const char *path)
{
	for (uint16_t i = 0; i < item->port->method_count; i++)
		if (has(item, i) && message_has_path(item->port->methods[i].reply, str_of(path)))
			return true;
	return false;
}

static bool may_be_compared(const struct split_item *item)
{
	for (uint16_t i = 0; i < item->port->method_count; i++)
		if (has(item, i) && (item->said->shadow.writes ||
				     item->port->methods[i].idempotency == ASH_NO_SIDE_EFFECTS))
			return true;
	return false;
}

static int check_shadow(const struct splits *splits, struct split_item *item, struct error *error)
{
	const struct placement_shadow *said = &item->said->shadow;
	for (size_t i = 0; i < said->ignore.count; i++) {
		const struct placed *path = &said->ignore.items[i];
		if (!is_in_a_reply(item, path->text))
			return wrong(splits, path, error,
				     "no reply of what is split has the field '%.200s'",
				     path->text);
		if (!map_put(&item->ignored, str_of(path->text), 1))
			return error_memory(error);
	}
	if (said->given && !may_be_compared(item))
		return wrong(splits, &item->said->name, error,
			     "%.200s has a shadow, but no method without side effects "
			     "(idempotency_level NO_SIDE_EFFECTS); 'writes: true' has the others "
			     "called twice",
			     item->said->name.text);
	return 0;
}

/* Two modules must be in one process. */
static int check_modules(const struct splits *splits, const struct split_item *item,
			 const ash_port *port, struct error *error)
{
	const struct split_side *from = &item->sides[DIAL_FROM], *to = &item->sides[DIAL_TO];
	if (strcmp(from->module, port->module) != 0)
		return wrong(splits, from->said, error,
			     "'%.200s' replaces another module: it can be the side 'to' only, and "
			     "the other is 'from'",
			     from->said->text);
	if (from->process != to->process)
		return wrong(splits, to->said, error,
			     "two modules that provide one port are split within one process: put "
			     "'%.200s' into that of the other",
			     to->module);
	return 0;
}

/* Both sides must be there: two modules of one process, or two processes that can be called. */
static int check_sides(struct splits *splits, struct split_item *item, const ash_port *port,
		       struct error *error)
{
	struct split_side *from = &item->sides[DIAL_FROM], *to = &item->sides[DIAL_TO];
	if (look_up(splits, &item->said->from, from, error) < 0 ||
	    look_up(splits, &item->said->to, to, error) < 0)
		return -1;
	if (strcmp(from->module, to->module) != 0)
		return check_modules(splits, item, port, error);
	if (from->process == to->process)
		return wrong(splits, to->said, error,
			     "both sides of the split are one module in one process: put '%.200s' "
			     "into another, or name the module that replaces it",
			     to->said->text);
	for (int i = 0; i < DIAL_SIDES; i++)
		if (!item->sides[i].process || !item->sides[i].process->addresses.count)
			return wrong(splits, item->sides[i].said, error,
				     "the process of '%.200s' needs an 'address': the split calls "
				     "it there",
				     item->sides[i].said->text);
	return 0;
}

static const ash_port *find_port(const struct registry *registry, const char *name)
{
	for (size_t i = 0; i < registry->binding_count; i++)
		if (registry->bindings[i] && strcmp(registry->bindings[i]->port->name, name) == 0)
			return registry->bindings[i]->port;
	return NULL;
}

static bool find_method(struct split_item *item)
{
	const char *name = item->said->method.text;
	item->method = DIAL_ALL;
	for (uint16_t i = 0; name && i < item->port->method_count; i++)
		if (strcmp(item->port->methods[i].name, name) == 0)
			item->method = i;
	return !name || item->method != DIAL_ALL;
}

/* That both are there was judged with the file. */
static int check(struct splits *splits, struct split_item *item, struct error *error)
{
	const struct placed *name = &item->said->name;
	item->port = find_port(splits->environment->registry, item->said->port.text);
	if (!item->port || !find_method(item))
		return wrong(splits, name, error, "there is no '%.200s'", name->text);
	return check_sides(splits, item, item->port, error) < 0 ||
			       check_keys(splits, item, error) < 0 ||
			       check_shadow(splits, item, error) < 0
		       ? -1
		       : 0;
}

/* ---- binding ---- */

static int cast_shadow(struct splits *splits, struct split_item *item, struct error *error)
{
	const struct placement_shadow *said = &item->said->shadow;
	const struct shadow_settings settings = {
		.share = said->share, .writes = said->writes, .ignored = &item->ignored};
	item->written =
		arena_array(&splits->arena, item->port->method_count, sizeof *item->written);
	if (!item->written)
		return error_memory(error);
	return shadow_init(&item->shadow, splits->pool, &item->dial, &settings, splits->metrics,
			   error);
}

static int make_dial(struct splits *splits, struct split_item *item, struct remotes *remotes,
		     const struct binding *binding, struct error *error)
{
	struct dial *dial = &item->dial;
	const struct split_side *sides = item->sides;
	const struct placement_split *said = item->said;
	if (dial_init(dial, item->port, item->method, said->sticky.text, said->share,
		      splits->metrics, &splits->arena, error) < 0)
		return -1;
	for (int i = 0; i < DIAL_SIDES; i++)
		if (make_side(splits, item, (enum dial_side)i, remotes, binding, error) < 0)
			return -1;
	dial->same_data = strcmp(sides[DIAL_FROM].module, sides[DIAL_TO].module) == 0;
	return said->shadow.given ? cast_shadow(splits, item, error) : 0;
}

/* Whether this process makes the split; where another one has both sides, that one does. */
static bool is_made_here(const struct split_item *item)
{
	const struct split_side *sides = item->sides;
	return sides[DIAL_FROM].process != sides[DIAL_TO].process || sides[DIAL_FROM].here;
}

/* All splits of a port have the same `from`. */
static int make_dials(struct splits *splits, const struct split_item *first,
		      struct remotes *remotes, const struct binding *binding, struct dials **out,
		      struct error *error)
{
	struct dials *dials = arena_alloc(&splits->arena, sizeof *dials);
	struct binding others;
	lead(splits, &first->sides[DIAL_FROM], remotes, binding, &others);
	if (!dials)
		return error_memory(error);
	*out = dials;
	return dials_init(dials, binding, &others, &splits->arena, error);
}

/* ---- public ---- */

int splits_bind(struct splits *splits, struct remotes *remotes, struct binding *binding,
		struct error *error)
{
	struct dials *dials = NULL;
	/* What is only looked at by a command is no process. */
	if (!splits || (!splits->self && splits->placement->process_count > 0))
		return 0;
	for (size_t i = 0; i < splits->count; i++) {
		struct split_item *item = &splits->items[i];
		if (item->port != binding->port || !is_made_here(item))
			continue;
		if (!dials && make_dials(splits, item, remotes, binding, &dials, error) < 0)
			return -1;
		if (make_dial(splits, item, remotes, binding, error) < 0)
			return -1;
		dials_add(dials, &item->dial,
			  item->sides[DIAL_FROM].here && item->sides[DIAL_TO].here);
		item->bound = true;
	}
	if (dials)
		dials_bind(dials, binding);
	return 0;
}

bool splits_at(const struct splits *splits, size_t index, struct splits_view *out)
{
	if (index >= splits->count)
		return false;
	const struct split_item *item = &splits->items[index];
	const struct placement_split *said = item->said;
	*out = (struct splits_view){
		.name = said->name.text,
		.port = said->port.text,
		.method = said->method.text,
		.from = said->from.text,
		.to = said->to.text,
		.share = item->bound ? split_share(&item->dial.split) : said->share,
		.file = said->share,
	};
	return true;
}

static void splits_freep(struct splits **splits)
{
	splits_free(*splits);
}

static bool any_shadow(const struct placement *placement)
{
	for (size_t i = 0; i < placement->split_count; i++)
		if (placement->splits[i].shadow.given)
			return true;
	return false;
}

static void init_locks(struct splits *splits)
{
	pthread_condattr_t attributes;
	pthread_mutex_init(&splits->looking, NULL);
	pthread_mutex_init(&splits->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&splits->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

int splits_new(const struct placement *placement, const struct placement_process *self,
	       const struct environment *environment, struct metrics *metrics, struct splits **out,
	       struct error *error)
{
	static const struct shadow_options OPTIONS;
	*out = NULL;
	if (!placement || placement->split_count == 0)
		return 0;
	_cleanup_(splits_freep) struct splits *splits = mem_alloc(sizeof *splits);
	if (!splits)
		return error_memory(error);
	init_locks(splits);
	splits->placement = placement;
	splits->self = self;
	splits->environment = environment;
	splits->metrics = metrics;
	splits->items = arena_array(&splits->arena, placement->split_count, sizeof *splits->items);
	splits->fields = arena_array(&splits->arena, COMPARE_FIELD_LIMIT, sizeof *splits->fields);
	if (!splits->items || !splits->fields)
		return error_memory(error);
	for (; splits->count < placement->split_count; splits->count++)
		splits->items[splits->count].said = &placement->splits[splits->count];
	for (size_t i = 0; i < splits->count; i++)
		if (check(splits, &splits->items[i], error) < 0)
			return -1;
	if (any_shadow(placement)) {
		splits->pool = shadow_pool_new(environment, &OPTIONS);
		if (!splits->pool)
			return error_memory(error);
	}
	*out = take(splits);
	return 0;
}

void splits_free(struct splits *splits)
{
	if (!splits)
		return;
	splits_stop(splits);
	shadow_pool_free(splits->pool);
	for (size_t i = 0; i < splits->count; i++) {
		shadow_release(&splits->items[i].shadow);
		map_release(&splits->items[i].ignored);
	}
	pthread_cond_destroy(&splits->wake);
	pthread_mutex_destroy(&splits->lock);
	pthread_mutex_destroy(&splits->looking);
	arena_release(&splits->arena);
	mem_free(splits);
}
