/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses what a module may not say in its .proto files. */
#include "generate/input.h"
#include "generate/names.h"

/* Numbers of fields and options in google/protobuf/descriptor.proto and ashlar/options.proto. */
enum {
	MESSAGE_FIELD = 2,
	MESSAGE_OPTIONS = 7,
	METHOD_OPTIONS = 4,
	OPTION_ROUTE = 50402,
	OPTION_STICKY_KEY = 50403,
	OPTION_KEY = 50404,
	LABEL_REPEATED = 3,
	TYPE_DOUBLE = 1,
	TYPE_FLOAT = 2,
	TYPE_GROUP = 10,
	TYPE_MESSAGE = 11,
	TYPE_BYTES = 12,
};

/* ---- fields by name ---- */

static const ProtoField *find_field(const struct type *type, struct str name)
{
	for (size_t i = 0; type->message && i < type->message->n_field; i++)
		if (str_equal(name, str_of(type->message->field[i]->name)))
			return type->message->field[i];
	return NULL;
}

static const char *hint_of_field(struct input *input, const struct type *type, const char *wrong)
{
	size_t count = type->message ? type->message->n_field : 0;
	struct str *names = arena_array(input->arena, count, sizeof *names);
	for (size_t i = 0; names && i < count; i++)
		names[i] = str_of(type->message->field[i]->name);
	return input_hint(input, wrong, names, count);
}

/* A field that an option names must be there, single, and no message or real number. */
static void check_named_field(struct input *input, const struct spot *spot, const char *option,
			      const char *name, const struct type *type)
{
	const ProtoField *field = find_field(type, str_of(name));
	if (!field)
		wrong_spot(input, spot, "the %s '%s' is no field of '%s'%s", option, name,
			   type->full_name, hint_of_field(input, type, name));
	else if (field->label == LABEL_REPEATED || field->type == TYPE_MESSAGE ||
		 field->type == TYPE_DOUBLE || field->type == TYPE_FLOAT)
		wrong_spot(input, spot,
			   "the %s '%s' must be one text, whole number, boolean, enum or bytes",
			   option, name);
}

/* ---- routes ---- */

/* The routes of the module with '{}' for the names of parts, and where each stands. */
struct routes {
	struct map index;
	const struct method *methods[4096];
	size_t count;
};

enum { ROUTE_LIMIT = 4096 };

static bool is_verb(struct str verb)
{
	static const char *const VERBS[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
	for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
		if (str_equal(verb, str_of(VERBS[i])))
			return true;
	return false;
}

static bool is_path_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr("-._~", byte));
}

/* One part of a path: letters, or a field in braces. Adds it to the pattern. */
static const char *check_part(struct input *input, const struct type *request, struct str part,
			      struct text *pattern)
{
	text_add_byte(pattern, '/');
	if (str_starts(part, STR("{")) && str_ends(part, STR("}")) && part.length > 2) {
		struct str name = str_first(str_from(part, 1), part.length - 2);
		const ProtoField *field = find_field(request, name);
		const char *c_name = arena_str(input->arena, name).at;
		text_add(pattern, STR("{}"));
		if (!field && c_name)
			return arena_format(input->arena, "'%s' is no field of '%s'%s", c_name,
					    request->full_name,
					    hint_of_field(input, request, c_name));
		return field && (field->label == LABEL_REPEATED || field->type == TYPE_MESSAGE)
			       ? arena_format(input->arena, "'%s' is not one plain value",
					      field->name)
			       : NULL;
	}
	text_add(pattern, part);
	for (size_t i = 0; i < part.length; i++)
		if (!is_path_byte(part.at[i]))
			return "a part is letters, digits and - . _ ~, or a {field}";
	return part.length == 0 ? "it has an empty part" : NULL;
}

/* What is wrong with the route, or NULL. */
static const char *check_route(struct input *input, const struct type *request, struct str route,
			       struct text *pattern)
{
	struct str verb, part;
	if (!str_split(&route, ' ', &verb) || !is_verb(verb) || !str_starts(route, STR("/")))
		return "write it like \"POST /orders/{order_id}\", with GET, POST, PUT, PATCH or "
		       "DELETE";
	text_add(pattern, verb);
	route = str_from(route, 1);
	while (route.length > 0 && str_split(&route, '/', &part)) {
		const char *wrong = check_part(input, request, part, pattern);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static void claim_route(struct input *input, struct routes *routes, const struct method *method,
			const struct spot *spot, const char *route, struct str pattern)
{
	struct str key = arena_str(input->arena, pattern);
	if (!key.at)
		return;
	if (routes->count == ROUTE_LIMIT)
		return wrong_spot(input, spot, "a module has at most %d routes", ROUTE_LIMIT);
	uint32_t at = map_get_or_put(&routes->index, key, (uint32_t)routes->count);
	if (at == MAP_NONE)
		input->arena->failed = true;
	else if (at == routes->count)
		routes->methods[routes->count++] = method;
	else {
		uint32_t line, column;
		spot_place(&routes->methods[at]->spot, &line, &column);
		wrong_spot(input, spot, "the route '%s' is that of '%s' already (%s:%u)", route,
			   routes->methods[at]->proto->name, routes->methods[at]->spot.file->name,
			   line);
	}
}

static void check_routes(struct input *input, struct routes *routes, const struct method *method)
{
	const Ashlar__Plugin__MethodOptions *options = method->proto->options;
	const struct type *request = input_type(input, method->proto->input_type);
	for (size_t i = 0; request && options && i < options->n_route; i++) {
		_cleanup_(text_release) struct text pattern = {0};
		struct spot spot = spot_step(method->spot, METHOD_OPTIONS, OPTION_ROUTE);
		spot = spot_step(spot, (int32_t)i, -1);
		const char *wrong =
			check_route(input, request, str_of(options->route[i]), &pattern);
		input->arena->failed |= pattern.failed;
		if (wrong)
			wrong_spot(input, &spot, "the route '%s' cannot be: %s", options->route[i],
				   wrong);
		else
			claim_route(input, routes, method, &spot, options->route[i],
				    text_str(&pattern));
	}
}

/* ---- methods ---- */

static void find_types(struct input *input, struct method *method)
{
	const struct type *request = input_type(input, method->proto->input_type);
	const struct type *reply = input_type(input, method->proto->output_type);
	if (request && reply) {
		method->request = (uint32_t)(request - input->types);
		method->reply = (uint32_t)(reply - input->types);
	} else {
		wrong_spot(input, &method->spot, "'%s' has a request or reply of an unknown type",
			   method->proto->name);
	}
}

static void check_method(struct input *input, struct routes *routes, struct method *method)
{
	const ProtoMethod *proto = method->proto;
	const struct type *request = input_type(input, proto->input_type);
	if (proto->client_streaming || proto->server_streaming)
		wrong_spot(
			input, &method->spot,
			"'%s' streams, which a port cannot: a call has one request and one reply",
			proto->name);
	check_routes(input, routes, method);
	if (request && proto->options && *proto->options->sticky_key) {
		struct spot spot = spot_step(method->spot, METHOD_OPTIONS, OPTION_STICKY_KEY);
		check_named_field(input, &spot, "sticky key", proto->options->sticky_key, request);
	}
}

/* ---- messages ---- */

/* The name that JSON has for a field, as protoc makes it. */
static bool is_default_json_name(const ProtoField *field)
{
	const char *json = field->json_name;
	bool upper = false;
	for (const char *at = field->name; *at; at++) {
		if (*at == '_') {
			upper = true;
			continue;
		}
		char wanted = upper && *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
		if (*json++ != wanted)
			return false;
		upper = false;
	}
	return *json == '\0';
}

static void check_field(struct input *input, const ProtoField *field, const struct spot *spot)
{
	if (field->proto3_optional && field->type != TYPE_MESSAGE)
		wrong_spot(input, spot,
			   "'%s' is optional, which protobuf-c has no field for; use a wrapper "
			   "such as google.protobuf.StringValue, or a oneof",
			   field->name);
	if (field->type == TYPE_GROUP)
		wrong_spot(input, spot, "'%s' is a group; make it a message", field->name);
	if (*field->json_name && !is_default_json_name(field))
		wrong_spot(input, spot,
			   "'%s' has a json_name of its own, which protobuf-c does not keep",
			   field->name);
}

/* protobuf-c does not tell maps from lists of messages like this one. */
static bool looks_like_entry(const ProtoMessage *message)
{
	if (message->n_field != 2 || !str_ends(str_of(message->name), STR("Entry")))
		return false;
	const ProtoField *key = message->field[0], *value = message->field[1];
	return key->number == 1 && strcmp(key->name, "key") == 0 && value->number == 2 &&
	       strcmp(value->name, "value") == 0 && key->label != LABEL_REPEATED &&
	       value->label != LABEL_REPEATED;
}

static void check_message(struct input *input, const struct type *type)
{
	const ProtoMessage *message = type->message;
	bool is_entry = message->options && message->options->map_entry;
	for (size_t i = 0; i < message->n_field; i++) {
		struct spot spot = spot_step(type->spot, MESSAGE_FIELD, (int32_t)i);
		check_field(input, message->field[i], &spot);
	}
	if (!is_entry && looks_like_entry(message))
		wrong_spot(input, &type->spot,
			   "'%s' could be taken for the entry of a map; give it a name that does "
			   "not end with 'Entry', or use a map",
			   type->full_name);
	if (message->options && *message->options->key) {
		struct spot spot = spot_step(type->spot, MESSAGE_OPTIONS, OPTION_KEY);
		check_named_field(input, &spot, "key", message->options->key, type);
	}
}

/* What another module says in its .proto is judged where that is generated. */
static void check_service(struct input *input, struct routes *routes, struct service *service)
{
	for (size_t i = 0; i < service->proto->n_method; i++) {
		find_types(input, &service->methods[i]);
		if (service->own)
			check_method(input, routes, &service->methods[i]);
	}
}

int input_judge(struct input *input, struct error *error)
{
	struct routes *routes = arena_alloc(input->arena, sizeof *routes);
	if (!routes)
		return error_memory(error);
	for (size_t i = 0; i < input->type_count; i++)
		if (input->types[i].own && input->types[i].message)
			check_message(input, &input->types[i]);
	for (size_t i = 0; i < input->service_count; i++)
		check_service(input, routes, &input->services[i]);
	map_release(&routes->index);
	return input->arena->failed ? error_memory(error) : 0;
}
