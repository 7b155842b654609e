/* SPDX-License-Identifier: Apache-2.0 */
/* NAME.messages.h: the module as those see it that hear its events. NAME.port.h and NAME.port.c: as
 * those see it that depend on it. */
#include "generate/emit.h"

#include "generate/names.h"

void emit_head(struct input *input, struct text *out)
{
	text_addf(out, "/* Made by protoc-gen-ashlar from %s and its .proto. Do not edit. */\n",
		  input->contract_file);
}

const char *emit_type(const struct type *type)
{
	return type->own && type->short_name ? type->short_name : type->c_name;
}

/* A byte of a string literal; three digits, so that a digit may follow. */
static void add_literal_byte(struct text *out, char byte)
{
	unsigned char value = (unsigned char)byte;
	if (byte == '"' || byte == '\\' || byte == '?')
		text_addf(out, "\\%c", byte);
	else if (value < 0x20 || value == 0x7F)
		text_addf(out, "\\%03o", value);
	else
		text_add_byte(out, byte);
}

void emit_literal(struct text *out, struct str text, const char *indent)
{
	bool open = false;
	if (text.length == 0)
		text_addf(out, "%s\"\"", indent);
	for (size_t i = 0; i < text.length; i++) {
		if (!open)
			text_addf(out, "%s%s\"", i > 0 ? "\n" : "", indent);
		open = text.at[i] != '\n';
		if (open)
			add_literal_byte(out, text.at[i]);
		else
			text_add(out, STR("\\n\""));
	}
	if (open)
		text_add_byte(out, '"');
}

/* ---- types ---- */

static void emit_includes(struct input *input, struct text *out)
{
	const Request *request = input->request;
	text_add(out, STR("#include <ashlar/port.h>\n\n"));
	for (size_t i = 0; i < request->n_file_to_generate; i++) {
		struct str name = str_of(request->file_to_generate[i]);
		if (str_ends(name, STR(".proto")))
			name = str_first(name, name.length - 6);
		text_addf(out, "#include \"%.*s.pb-c.h\"\n", STR_ARG(name));
	}
}

static bool is_own_file(const struct input *input, const struct type *type)
{
	return type->own && type->short_name && input->name;
}

/* The values of an enum under shorter names: they are those of its scope, so they are unique. */
static void emit_values(struct input *input, const struct type *type, struct text *out)
{
	struct arena *arena = input->arena;
	const char *values = name_of_values(arena, type->full_name);
	const char *scope = name_in_snake(arena, str_of(type->short_name));
	struct str own = str_of(type->enumeration->name);
	const char *self = name_in_snake(arena, own);
	if (!values || !scope || !self)
		return;
	struct str before = str_first(str_of(scope), strlen(scope) - strlen(self));
	const char *prefix = name_in_capitals(arena, before);
	for (size_t i = 0; prefix && i < type->enumeration->n_value; i++) {
		const char *value = type->enumeration->value[i]->name;
		text_addf(out, "#define %s%s %s__%s\n", prefix, value, values, value);
	}
}

static void emit_types(struct input *input, struct text *out)
{
	for (size_t i = 0; i < input->type_count; i++)
		if (is_own_file(input, &input->types[i]))
			text_addf(out, "typedef %s %s;\n", input->types[i].c_name,
				  input->types[i].short_name);
	for (size_t i = 0; i < input->type_count; i++) {
		if (!is_own_file(input, &input->types[i]) || !input->types[i].enumeration)
			continue;
		text_addf(out, "\n/* %s */\n", input->types[i].full_name);
		emit_values(input, &input->types[i], out);
	}
}

/* ---- functions ---- */

static void emit_function(struct input *input, const struct service *service, size_t index,
			  struct text *out)
{
	const struct method *method = &service->methods[index];
	const struct type *reply = &input->types[method->reply];
	text_addf(out, "\n/* %s.%s */\n", service->full_name, method->proto->name);
	text_addf(out,
		  "ASH_MUST_CHECK static inline ash_status %s_%s(ash_call *call, const %s *in, "
		  "%s *out)\n",
		  service->prefix, method->function, emit_type(&input->types[method->request]),
		  emit_type(reply));
	/* A handler may fill a part of it, here as over a network. */
	text_addf(out, "{\n\tstatic const %s none = %s__INIT;\n\t*out = none;\n", emit_type(reply),
		  name_of_values(input->arena, reply->full_name));
	text_addf(out, "\treturn ash_call_port(call, &%s_port, %zu, in, out);\n}\n",
		  service->prefix, index);
}

/* A call by name also notes where it is; the name in parentheses, or its address, does not. */
static void emit_uses(const struct service *service, struct text *out)
{
	if (service->proto->n_method == 0)
		return;
	text_add(out, STR("\n#ifndef __cplusplus\n"));
	for (size_t i = 0; i < service->proto->n_method; i++) {
		const char *function = service->methods[i].function;
		text_addf(out, "#define %s_%s(...) (ASH_USE(%s_port, %zu), %s_%s(__VA_ARGS__))\n",
			  service->prefix, function, service->prefix, i, service->prefix, function);
	}
	text_add(out, STR("#endif\n"));
}

/* Calls where only the messages are there: an error of the compiler, with what to do. */
static void emit_refusals(const struct input *input, const struct service *service,
			  struct text *out)
{
	const char *module = input->module.name.at;
	for (size_t i = 0; service->own && i < service->proto->n_method; i++)
		text_addf(out,
			  "#define %s_%s(...) \\\n\tASH_NO_CALL(\"%s.%s is a call of %s: add %s to "
			  "depends_on in module.yaml, and include %s.port.h\")\n",
			  service->prefix, service->methods[i].function, service->full_name,
			  service->methods[i].proto->name, module, module, input->name);
}

static void emit_allowances(const struct service *service, struct text *out)
{
	for (size_t i = 0; i < service->proto->n_method; i++)
		text_addf(out, "#undef %s_%s\n", service->prefix, service->methods[i].function);
}

static void emit_services(struct input *input, struct text *out)
{
	for (size_t i = 0; i < input->service_count; i++) {
		const struct service *service = &input->services[i];
		if (!service->own)
			continue;
		text_add_byte(out, '\n');
		emit_allowances(service, out);
		text_addf(out, "extern const ash_port %s_port;\n", service->prefix);
		for (size_t j = 0; j < service->proto->n_method; j++)
			emit_function(input, service, j, out);
		emit_uses(service, out);
	}
}

static bool has_own(const struct input *input)
{
	for (size_t i = 0; i < input->service_count; i++)
		if (input->services[i].own)
			return true;
	return false;
}

void emit_messages_header(struct input *input, struct text *out)
{
	const char *guard = name_in_capitals(input->arena, str_of(input->name));
	emit_head(input, out);
	text_addf(out, "#ifndef %s_MESSAGES_H\n#define %s_MESSAGES_H\n\n", guard, guard);
	emit_includes(input, out);
	text_add(out, STR("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"));
	emit_types(input, out);
	for (size_t i = 0; i < input->publishes_count; i++)
		text_addf(out, "\n/* %s */\nextern const ash_event %s_%s_event;\n",
			  input->publishes[i].full_name, input->publishes[i].prefix,
			  input->publishes[i].snake);
	text_add(out, STR("\n#ifdef __cplusplus\n}\n#endif\n"));
	if (has_own(input)) {
		text_addf(out, "\n#if !defined %s_PORT_H && !defined __cplusplus\n", guard);
		for (size_t i = 0; i < input->service_count; i++)
			emit_refusals(input, &input->services[i], out);
		text_add(out, STR("#endif\n"));
	}
	text_add(out, STR("\n#endif\n"));
}

void emit_port_header(struct input *input, struct text *out)
{
	const char *guard = name_in_capitals(input->arena, str_of(input->name));
	emit_head(input, out);
	text_addf(out, "#ifndef %s_PORT_H\n#define %s_PORT_H\n\n", guard, guard);
	text_addf(out, "#include \"%s.messages.h\"\n", input->name);
	text_add(out, STR("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"));
	text_addf(out,
		  "/* The module itself, for the program that holds it. */\n"
		  "extern const struct ash_module %s_module;\n",
		  input->name);
	emit_services(input, out);
	text_add(out, STR("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"));
}

/* ---- descriptors ---- */

static void emit_routes(const struct service *service, const struct method *method,
			struct text *out)
{
	const Ashlar__Plugin__MethodOptions *options = method->proto->options;
	if (!options || options->n_route == 0)
		return;
	text_addf(out, "\nstatic const char *const %s_%s_routes_[] = {\n", service->prefix,
		  method->function);
	for (size_t i = 0; i < options->n_route; i++)
		text_addf(out, "\t\"%s\",\n", options->route[i]);
	text_add(out, STR("\tNULL,\n};\n"));
}

static void emit_method(struct input *input, const struct service *service,
			const struct method *method, struct text *out)
{
	static const char *const IDEMPOTENCY[] = {"ASH_IDEMPOTENCY_UNKNOWN", "ASH_NO_SIDE_EFFECTS",
						  "ASH_IDEMPOTENT"};
	const Ashlar__Plugin__MethodOptions *options = method->proto->options;
	const struct type *request = &input->types[method->request];
	const struct type *reply = &input->types[method->reply];
	int level = options ? options->idempotency_level : 0;
	text_addf(out, "\t{\n\t\t.name = \"%s\",\n", method->proto->name);
	text_addf(out, "\t\t.request = &%s__descriptor,\n",
		  name_of_descriptor(input->arena, request->full_name));
	text_addf(out, "\t\t.reply = &%s__descriptor,\n",
		  name_of_descriptor(input->arena, reply->full_name));
	if (options && options->transaction == 1)
		text_add(out, STR("\t\t.transaction = ASH_JOINS,\n"));
	if (level > 0 && level <= 2)
		text_addf(out, "\t\t.idempotency = %s,\n", IDEMPOTENCY[level]);
	if (options && *options->sticky_key)
		text_addf(out, "\t\t.sticky_key = \"%s\",\n", options->sticky_key);
	if (options && options->n_route > 0)
		text_addf(out, "\t\t.routes = %s_%s_routes_,\n", service->prefix, method->function);
	text_add(out, STR("\t},\n"));
}

static void emit_port(struct input *input, const struct service *service, struct text *out)
{
	size_t count = service->proto->n_method;
	for (size_t i = 0; i < count; i++)
		emit_routes(service, &service->methods[i], out);
	if (count > 0)
		text_addf(out, "\nstatic const ash_method %s_methods_[] = {\n", service->prefix);
	for (size_t i = 0; i < count; i++)
		emit_method(input, service, &service->methods[i], out);
	if (count > 0)
		text_add(out, STR("};\n"));
	text_addf(out, "\nstatic uint32_t %s_port_id_;\n\nconst ash_port %s_port = {\n",
		  service->prefix, service->prefix);
	text_addf(out, "\t.name = \"%s\",\n\t.module = \"%s\",\n", service->full_name,
		  input->module.name.at);
	if (count > 0)
		text_addf(out, "\t.methods = %s_methods_,\n", service->prefix);
	text_addf(out, "\t.method_count = %zu,\n\t.id = &%s_port_id_,\n};\n", count,
		  service->prefix);
}

static void emit_event(struct input *input, const struct event *event, struct text *out)
{
	text_addf(out, "\nconst ash_event %s_%s_event = {\n", event->prefix, event->snake);
	text_addf(out, "\t.name = \"%s\",\n\t.module = \"%s\",\n\t.message = &%s__descriptor,\n",
		  event->full_name, input->module.name.at,
		  name_of_descriptor(input->arena, event->full_name));
	if (event->key)
		text_addf(out, "\t.key = \"%s\",\n", event->key);
	text_add(out, STR("};\n"));
}

void emit_port_source(struct input *input, struct text *out)
{
	emit_head(input, out);
	text_addf(out, "#include \"%s.port.h\"\n", input->name);
	for (size_t i = 0; i < input->service_count; i++)
		if (input->services[i].own)
			emit_port(input, &input->services[i], out);
	for (size_t i = 0; i < input->publishes_count; i++)
		emit_event(input, &input->publishes[i], out);
}
