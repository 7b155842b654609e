/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what a deployment file says of placement into plain data, by tables of keys. Knows forms
 * and bounds, not the application: what a name refers to is judge.c's.
 *
 * A struct is filled with its defaults first; a reader that complains leaves its field alone. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "placement/placement.h"
#include "placement/value.h"

#define MS           UINT64_C(1000000)
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct reader {
	struct placement *out;
	struct error_list *errors;
};

struct setting {
	const char *name;
	void (*read)(struct reader *reader, const struct setting *setting,
		     const struct yaml_node *node, void *field);
	size_t offset; /* of the field in the struct that is filled */
	uint64_t least;
	uint64_t most;
	const struct setting *group; /* keys of what is below */
	size_t group_count;
	bool required;
};

/* ---- messages ---- */

static void complain(struct reader *reader, const struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct reader *reader, const struct yaml_node *node, const char *format, ...)
{
	char message[sizeof((struct error *)0)->message];
	va_list arguments;
	if (node->kind == YAML_BROKEN)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	error_list_at(reader->errors, ERROR_INVALID, reader->out->file, node->line, node->column,
		      "%s", message);
}

static void complain_of_key(struct reader *reader, const struct yaml_node *key, const char *what,
			    const struct setting *settings, size_t count)
{
	enum { KEYS_MOST = 24 };
	struct str known[KEYS_MOST];
	_cleanup_(text_release) struct text all = {0};
	for (size_t i = 0; i < count && i < KEYS_MOST; i++) {
		known[i] = str_of(settings[i].name);
		text_addf(&all, "%s%s", i ? ", " : "; the keys here are ", settings[i].name);
	}
	struct str near = str_nearest(key->text, known, count < KEYS_MOST ? count : KEYS_MOST);
	if (near.length)
		complain(reader, key, "%s has no key '%s'; did you mean '%s'?", what,
			 excerpt_of(key->text).text, near.at);
	else
		complain(reader, key, "%s has no key '%s'%s", what, excerpt_of(key->text).text,
			 all.at ? all.at : "");
}

static bool is_scalar(struct reader *reader, const struct setting *setting,
		      const struct yaml_node *node, const char *wanted)
{
	if (node->kind == YAML_SCALAR)
		return true;
	complain(reader, node, "'%s' wants %s, not %s", setting->name, wanted,
		 yaml_kind_name(node->kind));
	return false;
}

/* ---- scalars ---- */

static void read_time(struct reader *reader, const struct setting *setting,
		      const struct yaml_node *node, void *field)
{
	uint64_t time;
	if (!is_scalar(reader, setting, node, "a time such as 800ms"))
		return;
	if (value_duration(node->text, &time) && time >= setting->least)
		*(uint64_t *)field = time;
	else
		complain(reader, node,
			 "'%s' wants a time such as 800ms, 2s or 1m, %sat most 24h; '%s' is none",
			 setting->name, setting->least ? "above zero and " : "",
			 excerpt_of(node->text).text);
}

static void read_share(struct reader *reader, const struct setting *setting,
		       const struct yaml_node *node, void *field)
{
	uint32_t share;
	if (!is_scalar(reader, setting, node, "a percentage such as 50%"))
		return;
	if (value_share(node->text, &share) && share >= setting->least)
		*(uint32_t *)field = share;
	else
		complain(reader, node,
			 "'%s' wants a percentage from %s%% to 100%%, with at most two digits "
			 "after the point, such as 50%% or 0.25%%; '%s' is none",
			 setting->name, setting->least ? "0.01" : "0", excerpt_of(node->text).text);
}

static void read_count(struct reader *reader, const struct setting *setting,
		       const struct yaml_node *node, void *field)
{
	uint64_t count;
	if (!is_scalar(reader, setting, node, "a number"))
		return;
	if (value_count(node->text, setting->most, &count) && count >= setting->least)
		*(uint32_t *)field = (uint32_t)count;
	else
		complain(reader, node, "'%s' wants a number from %llu to %llu, not '%s'",
			 setting->name, (unsigned long long)setting->least,
			 (unsigned long long)setting->most, excerpt_of(node->text).text);
}

static void read_factor(struct reader *reader, const struct setting *setting,
			const struct yaml_node *node, void *field)
{
	double factor;
	if (!is_scalar(reader, setting, node, "a number"))
		return;
	if (value_factor(node->text, &factor) && factor >= (double)setting->least &&
	    factor <= (double)setting->most)
		*(double *)field = factor;
	else
		complain(reader, node,
			 "'%s' wants a number such as 1.5, from %llu to %llu, not '%s'",
			 setting->name, (unsigned long long)setting->least,
			 (unsigned long long)setting->most, excerpt_of(node->text).text);
}

static void read_bool(struct reader *reader, const struct setting *setting,
		      const struct yaml_node *node, void *field)
{
	bool is_true = str_equal(node->text, STR("true"));
	if (node->kind == YAML_SCALAR && !node->quoted &&
	    (is_true || str_equal(node->text, STR("false"))))
		*(bool *)field = is_true;
	else
		complain(reader, node, "'%s' wants true or false, without quotes", setting->name);
}

/* The position of the scalar among `names`, in their order. */
static void read_choice(struct reader *reader, const struct setting *setting,
			const struct yaml_node *node, const struct str *names, size_t count,
			void *field)
{
	_cleanup_(text_release) struct text all = {0};
	if (!is_scalar(reader, setting, node, "a word"))
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (str_equal(node->text, names[i])) {
			*(uint32_t *)field = i;
			return;
		}
		text_addf(&all, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", names[i].at);
	}
	complain(reader, node, "'%s' wants %s, not '%s'", setting->name, all.at ? all.at : "a word",
		 excerpt_of(node->text).text);
}

static void read_role(struct reader *reader, const struct setting *setting,
		      const struct yaml_node *node, void *field)
{
	static const struct str NAMES[] = {STR("all"), STR("http"), STR("worker")};
	read_choice(reader, setting, node, NAMES, COUNT(NAMES), field);
}

static void read_window(struct reader *reader, const struct setting *setting,
			const struct yaml_node *node, void *field)
{
	static const struct str NAMES[] = {STR("count"), STR("time"), STR("consecutive")};
	read_choice(reader, setting, node, NAMES, COUNT(NAMES), field);
}

static void read_state(struct reader *reader, const struct setting *setting,
		       const struct yaml_node *node, void *field)
{
	static const struct str NAMES[] = {STR("closed"), STR("disabled"), STR("forced_open"),
					   STR("metrics_only")};
	read_choice(reader, setting, node, NAMES, COUNT(NAMES), field);
}

static void read_text(struct reader *reader, const struct setting *setting,
		      const struct yaml_node *node, void *field)
{
	if (!is_scalar(reader, setting, node, "a text"))
		return;
	if (node->text.length == 0)
		complain(reader, node, "'%s' has an empty text here", setting->name);
	else
		*(struct placed *)field = (struct placed){node->text.at, node->line, node->column};
}

static void read_listen(struct reader *reader, const struct setting *setting,
			const struct yaml_node *node, void *field)
{
	if (!is_scalar(reader, setting, node, "HOST:PORT"))
		return;
	if (value_endpoint(node->text, 0))
		read_text(reader, setting, node, field);
	else
		complain(reader, node, "'%s' wants HOST:PORT, such as 127.0.0.1:8080, not '%s'",
			 setting->name, excerpt_of(node->text).text);
}

static void read_version(struct reader *reader, const struct setting *setting,
			 const struct yaml_node *node, void *field)
{
	uint64_t version;
	(void)setting;
	if (node->kind == YAML_SCALAR && value_count(node->text, 1, &version) && version == 1)
		*(uint32_t *)field = 1;
	else
		complain(reader, node, "'version' wants 1, the only one there is");
}

/* ---- lists ---- */

static void read_list(struct reader *reader, const struct setting *setting,
		      const struct yaml_node *node, void *field)
{
	struct placed_list list = {0};
	if (node->kind != YAML_LIST) {
		complain(reader, node, "'%s' wants a list; write [one, another]", setting->name);
		return;
	}
	if (node->count > setting->most) {
		complain(reader, node, "'%s' has %zu entries; %llu are the most", setting->name,
			 node->count, (unsigned long long)setting->most);
		return;
	}
	list.items = arena_array(&reader->out->arena, node->count, sizeof *list.items);
	for (const struct yaml_node *item = node->first; list.items && item; item = item->next) {
		struct placed word = {0};
		read_text(reader, setting, item, &word);
		if (word.text)
			list.items[list.count++] = word;
	}
	*(struct placed_list *)field = list;
}

static void check_addresses(struct reader *reader, const struct yaml_node *first)
{
	for (const struct yaml_node *item = first; item; item = item->next)
		if (item->kind == YAML_SCALAR && !value_address(item->text))
			complain(reader, item,
				 "'address' wants http:// or https://HOST:PORT, without a path, "
				 "not '%s'",
				 excerpt_of(item->text).text);
}

/* One text, or a list with one a replica. */
static void read_addresses(struct reader *reader, const struct setting *setting,
			   const struct yaml_node *node, void *field)
{
	if (node->kind != YAML_SCALAR) {
		read_list(reader, setting, node, field);
		check_addresses(reader, node->first);
		return;
	}
	struct placed word = {0};
	struct placed *only = arena_array(&reader->out->arena, 1, sizeof *only);
	struct yaml_node alone = *node;
	alone.next = NULL;
	read_text(reader, setting, node, &word);
	check_addresses(reader, &alone);
	if (only && word.text) {
		*only = word;
		*(struct placed_list *)field = (struct placed_list){only, 1};
	}
}

static void read_identity(struct reader *reader, const struct setting *setting,
			  const struct yaml_node *node, void *field)
{
	read_text(reader, setting, node, field);
	if (node->kind == YAML_SCALAR && !value_identity(node->text))
		complain(reader, node,
			 "'identity' wants the name in a certificate, as money.shop.internal or "
			 "spiffe://shop/money, not '%s'",
			 excerpt_of(node->text).text);
}

/* ---- mappings ---- */

static const struct setting *find_setting(const struct setting *settings, size_t count,
					  struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(str_of(settings[i].name), name))
			return &settings[i];
	return NULL;
}

static void read_keys(struct reader *reader, const char *what, const struct yaml_node *node,
		      const struct setting *settings, size_t count, void *out)
{
	uint64_t seen = 0;
	if (node->kind != YAML_MAPPING && node->kind != YAML_NOTHING) {
		complain(reader, node, "%s wants a mapping (key: value), not %s", what,
			 yaml_kind_name(node->kind));
		return;
	}
	for (const struct yaml_node *value = node->first; value; value = value->next) {
		const struct setting *setting = find_setting(settings, count, value->key->text);
		if (setting) {
			setting->read(reader, setting, value, (char *)out + setting->offset);
			seen |= (uint64_t)1 << (setting - settings);
		} else {
			complain_of_key(reader, value->key, what, settings, count);
		}
	}
	for (size_t i = 0; i < count; i++)
		if (settings[i].required && !(seen & (uint64_t)1 << i))
			complain(reader, node, "%s needs the key '%s'", what, settings[i].name);
}

/* A group's struct starts with `bool given`. */
static void read_group(struct reader *reader, const struct setting *setting,
		       const struct yaml_node *node, void *field)
{
	char what[64];
	snprintf(what, sizeof what, "'%s'", setting->name);
	*(bool *)field = true;
	read_keys(reader, what, node, setting->group, setting->group_count, field);
}

/* A mapping from names to structs, which start with their `struct placed` name. */
static void *read_named(struct reader *reader, const struct setting *setting,
			const struct yaml_node *node, size_t size, const void *defaults,
			size_t *count)
{
	char what[160];
	if (node->kind != YAML_MAPPING) {
		complain(reader, node, "'%s' wants a mapping (name: {...}), not %s", setting->name,
			 yaml_kind_name(node->kind));
		return NULL;
	}
	if (node->count > setting->most) {
		complain(reader, node, "'%s' has %zu entries; %llu are the most", setting->name,
			 node->count, (unsigned long long)setting->most);
		return NULL;
	}
	char *items = arena_array(&reader->out->arena, node->count, size);
	for (const struct yaml_node *value = node->first; items && value; value = value->next) {
		char *item = items + *count * size;
		memcpy(item, defaults, size);
		*(struct placed *)item =
			(struct placed){value->key->text.at, value->key->line, value->key->column};
		snprintf(what, sizeof what, "'%s'", excerpt_of(value->key->text).text);
		if (value->key->text.length == 0)
			complain(reader, value->key, "'%s' has an empty name here", setting->name);
		else
			++*count;
		read_keys(reader, what, value, setting->group, setting->group_count, item);
	}
	return items;
}

/* ---- the tables ---- */

static const struct setting RETRY[] = {
	{"attempts", read_count, offsetof(struct placement_retry, attempts), 1, 100},
	{"base", read_time, offsetof(struct placement_retry, base), 1},
	{"cap", read_time, offsetof(struct placement_retry, cap), 1},
	{"growth", read_factor, offsetof(struct placement_retry, growth), 1, 100},
	{"budget", read_share, offsetof(struct placement_retry, budget)},
	{"budget_least", read_count, offsetof(struct placement_retry, budget_least), 0, 100000},
};

static const struct setting BREAKER[] = {
	{"window", read_window, offsetof(struct placement_breaker, window)},
	{"size", read_count, offsetof(struct placement_breaker, size), 1, 100000},
	{"minimum_calls", read_count, offsetof(struct placement_breaker, minimum_calls), 1, 100000},
	{"failure_rate", read_share, offsetof(struct placement_breaker, failure_rate), 1},
	{"slow_rate", read_share, offsetof(struct placement_breaker, slow_rate), 1},
	{"slow", read_time, offsetof(struct placement_breaker, slow), 1},
	{"probes", read_count, offsetof(struct placement_breaker, probes), 1, 1000},
	{"half_open_wait", read_time, offsetof(struct placement_breaker, half_open_wait), 1},
	{"open_wait", read_time, offsetof(struct placement_breaker, open_wait), 1},
	{"growth", read_factor, offsetof(struct placement_breaker, growth), 1, 100},
	{"open_cap", read_time, offsetof(struct placement_breaker, open_cap), 1},
	{"jitter", read_factor, offsetof(struct placement_breaker, jitter), 0, 1},
	{"state", read_state, offsetof(struct placement_breaker, state)},
};

static const struct setting BULKHEAD[] = {
	{"calls", read_count, offsetof(struct placement_bulkhead, calls), 1, 100000,
	 .required = true},
	{"queue", read_count, offsetof(struct placement_bulkhead, queue), 0, 100000},
	{"wait", read_time, offsetof(struct placement_bulkhead, wait)},
};

static const struct setting RATE_LIMIT[] = {
	{"calls", read_count, offsetof(struct placement_rate_limit, calls), 1, 10000000,
	 .required = true},
	{"period", read_time, offsetof(struct placement_rate_limit, period), 1},
	{"burst", read_count, offsetof(struct placement_rate_limit, burst), 1, 10000000},
	{"wait", read_time, offsetof(struct placement_rate_limit, wait)},
};

static const struct setting POLICY[] = {
	{"timeout", read_time, offsetof(struct placement_policy, timeout), 1},
	{"retry", read_group, offsetof(struct placement_policy, retry), 0, 0, RETRY, COUNT(RETRY)},
	{"breaker", read_group, offsetof(struct placement_policy, breaker), 0, 0, BREAKER,
	 COUNT(BREAKER)},
	{"bulkhead", read_group, offsetof(struct placement_policy, bulkhead), 0, 0, BULKHEAD,
	 COUNT(BULKHEAD)},
	{"rate_limit", read_group, offsetof(struct placement_policy, rate_limit), 0, 0, RATE_LIMIT,
	 COUNT(RATE_LIMIT)},
	{"fallback", read_text, offsetof(struct placement_policy, fallback)},
};

/* Names and texts, whatever they mean. */
static void read_settings(struct reader *reader, const struct setting *setting,
			  const struct yaml_node *node, void *field)
{
	struct placement_process *process = field;
	if (node->kind != YAML_MAPPING) {
		complain(reader, node, "'settings' wants a mapping (name: value), not %s",
			 yaml_kind_name(node->kind));
		return;
	}
	if (node->count > setting->most) {
		complain(reader, node, "'settings' has %zu entries; %llu are the most", node->count,
			 (unsigned long long)setting->most);
		return;
	}
	process->settings =
		arena_array(&reader->out->arena, node->count, sizeof *process->settings);
	for (const struct yaml_node *value = node->first; process->settings && value;
	     value = value->next) {
		struct placement_setting *item = &process->settings[process->setting_count];
		const struct yaml_node *key = value->key;
		const struct setting named = {.name = key->text.at};
		item->name = (struct placed){key->text.at, key->line, key->column};
		read_text(reader, &named, value, &item->value);
		process->setting_count += item->value.text != NULL;
	}
}

static const struct setting PROCESS[] = {
	{"modules", read_list, offsetof(struct placement_process, modules), 0,
	 PLACEMENT_MODULE_LIMIT, .required = true},
	{"role", read_role, offsetof(struct placement_process, role)},
	{"front", read_bool, offsetof(struct placement_process, front)},
	{"listen", read_listen, offsetof(struct placement_process, listen)},
	{"address", read_addresses, offsetof(struct placement_process, addresses), 0,
	 PLACEMENT_ADDRESS_LIMIT},
	{"identity", read_identity, offsetof(struct placement_process, identity)},
	{"settings", read_settings, 0, 0, PLACEMENT_SETTING_LIMIT},
};

static const struct setting METHOD[] = {
	{"policy", read_text, offsetof(struct placement_method, policy), .required = true},
};

static const struct setting SHADOW[] = {
	{"share", read_share, offsetof(struct placement_shadow, share)},
	{"writes", read_bool, offsetof(struct placement_shadow, writes)},
	{"ignore", read_list, offsetof(struct placement_shadow, ignore), 0, PLACEMENT_IGNORE_LIMIT},
};

static const struct setting SPLIT[] = {
	{"from", read_text, offsetof(struct placement_split, from), .required = true},
	{"to", read_text, offsetof(struct placement_split, to), .required = true},
	{"share", read_share, offsetof(struct placement_split, share)},
	{"sticky", read_text, offsetof(struct placement_split, sticky)},
	{"shadow", read_group, offsetof(struct placement_split, shadow), 0, 0, SHADOW,
	 COUNT(SHADOW)},
};

static void read_methods(struct reader *reader, const struct setting *setting,
			 const struct yaml_node *node, void *field)
{
	static const struct placement_method NONE;
	struct placement_port *port = field;
	port->methods = read_named(reader, setting, node, sizeof NONE, &NONE, &port->method_count);
}

static const struct setting PORT[] = {
	{"policy", read_text, offsetof(struct placement_port, policy)},
	{"open", read_bool, offsetof(struct placement_port, open)},
	{"methods", read_methods, 0, 0, PLACEMENT_METHOD_LIMIT, METHOD, COUNT(METHOD)},
};

/* ---- what stands at the top ---- */

static void read_processes(struct reader *reader, const struct setting *setting,
			   const struct yaml_node *node, void *field)
{
	static const struct placement_process NONE;
	struct placement *out = field;
	size_t count = 0;
	out->processes = read_named(reader, setting, node, sizeof NONE, &NONE, &count);
	out->process_count = count;
	if (node->kind == YAML_MAPPING && node->count == 0)
		complain(reader, node, "'processes' names none; write at least one");
}

static void check_policy(struct reader *reader, const struct placement_policy *policy)
{
	const struct placement_retry *retry = &policy->retry;
	const struct placement_breaker *breaker = &policy->breaker;
	const struct yaml_node at = {
		.kind = YAML_SCALAR, .line = policy->name.line, .column = policy->name.column};
	if (retry->given && retry->cap < retry->base)
		complain(reader, &at, "'%s' has a retry whose cap is below its base",
			 excerpt_of(str_of(policy->name.text)).text);
	if (breaker->given && breaker->open_cap < breaker->open_wait)
		complain(reader, &at, "'%s' has a breaker whose open_cap is below its open_wait",
			 excerpt_of(str_of(policy->name.text)).text);
}

static void read_policies(struct reader *reader, const struct setting *setting,
			  const struct yaml_node *node, void *field)
{
	static const struct placement_policy DEFAULTS = {
		.retry = {.attempts = 3,
			  .base = 100 * MS,
			  .cap = 10000 * MS,
			  .growth = 2,
			  .budget = 2000,
			  .budget_least = 3},
		.breaker = {.size = 100,
			    .minimum_calls = 100,
			    .failure_rate = 5000,
			    .slow_rate = 10000,
			    .slow = 60000 * MS,
			    .probes = 10,
			    .half_open_wait = 60000 * MS,
			    .open_wait = 60000 * MS,
			    .growth = 1,
			    .open_cap = VALUE_TIME_LIMIT},
		.rate_limit = {.period = 1000 * MS, .burst = 1},
	};
	struct placement *out = field;
	out->policies =
		read_named(reader, setting, node, sizeof DEFAULTS, &DEFAULTS, &out->policy_count);
	for (size_t i = 0; i < out->policy_count; i++)
		check_policy(reader, &out->policies[i]);
}

static void read_ports(struct reader *reader, const struct setting *setting,
		       const struct yaml_node *node, void *field)
{
	static const struct placement_port NONE;
	struct placement *out = field;
	out->ports = read_named(reader, setting, node, sizeof NONE, &NONE, &out->port_count);
}

/* "PORT/METHOD" is put apart. */
static void part_name(struct reader *reader, struct placement_split *split)
{
	struct str name = str_of(split->name.text);
	ptrdiff_t slash = str_find(name, '/');
	split->port = split->name;
	if (slash < 0)
		return;
	split->port.text = arena_str(&reader->out->arena, str_first(name, (size_t)slash)).at;
	split->method = split->name;
	split->method.text = name.at + slash + 1;
}

static void read_splits(struct reader *reader, const struct setting *setting,
			const struct yaml_node *node, void *field)
{
	static const struct placement_split NONE;
	struct placement *out = field;
	out->splits = read_named(reader, setting, node, sizeof NONE, &NONE, &out->split_count);
	for (size_t i = 0; i < out->split_count; i++)
		part_name(reader, &out->splits[i]);
}

static const struct setting TOP[] = {
	{"version", read_version, offsetof(struct placement, version)},
	{"processes", read_processes, 0, 0, PLACEMENT_PROCESS_LIMIT, PROCESS, COUNT(PROCESS)},
	{"policies", read_policies, 0, 0, PLACEMENT_POLICY_LIMIT, POLICY, COUNT(POLICY)},
	{"ports", read_ports, 0, 0, PLACEMENT_PORT_LIMIT, PORT, COUNT(PORT)},
	{"splits", read_splits, 0, 0, PLACEMENT_SPLIT_LIMIT, SPLIT, COUNT(SPLIT)},
};

static void read_top(struct reader *reader, const struct yaml_node *root)
{
	struct placement *out = reader->out;
	bool versioned = false;
	for (const struct yaml_node *node = root->first; node; node = node->next) {
		const struct setting *setting = find_setting(TOP, COUNT(TOP), node->key->text);
		if (!setting)
			continue;
		versioned |= setting == TOP;
		if (!out->given.text)
			out->given =
				(struct placed){setting->name, node->key->line, node->key->column};
		setting->read(reader, setting, node, (char *)out + setting->offset);
	}
	if (out->given.text && !versioned)
		error_list_at(reader->errors, ERROR_INVALID, out->file, out->given.line,
			      out->given.column,
			      "a file with '%s' says which form it has; write 'version: 1' first",
			      out->given.text);
}

const char *placement_key(size_t index)
{
	return index < COUNT(TOP) ? TOP[index].name : NULL;
}

int placement_read(const char *file, struct str source, bool tells_syntax, struct placement *out,
		   struct error_list *errors, struct error *error)
{
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	struct error_list syntax = {0};
	struct yaml_document document = {0};
	struct reader reader = {out, errors};
	out->file = file;
	int result = yaml_parse(&parser, file, source, &out->arena, &document,
				tells_syntax ? errors : &syntax, error);
	error_list_clear(&syntax);
	if (result < 0)
		return -1;
	if (document.root && document.root->kind == YAML_MAPPING)
		read_top(&reader, document.root);
	return out->arena.failed ? error_memory(error) : 0;
}

void placement_release(struct placement *placement)
{
	arena_release(&placement->arena);
	*placement = (struct placement){0};
}
