/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers the types of all files, and the services of those that are the module's own. */
#include "generate/input.h"
#include "generate/names.h"

/* Numbers of fields in google.protobuf.FileDescriptorProto and DescriptorProto. */
enum {
	FILE_MESSAGE = 4,
	FILE_ENUM = 5,
	FILE_SERVICE = 6,
	MESSAGE_NESTED = 3,
	MESSAGE_ENUM = 4,
	SERVICE_METHOD = 2,
};

/* ---- types ---- */

static size_t count_types(ProtoMessage *const *messages, size_t count)
{
	size_t sum = count;
	for (size_t i = 0; i < count; i++)
		sum += messages[i]->n_enum_type +
		       count_types(messages[i]->nested_type, messages[i]->n_nested_type);
	return sum;
}

/* "Billing" and the parts of the name after the package. */
static const char *short_name_of(struct input *input, const struct type *type)
{
	const char *package = type->spot.file->package;
	struct str rest = str_of(type->full_name + strlen(package) + 1), part;
	const char *prefix = name_of_package(input->arena, str_of(package));
	const char *name = prefix ? name_in_camel(input->arena, str_of(prefix)) : NULL;
	while (name && str_split(&rest, '.', &part)) {
		const char *camel = name_in_camel(input->arena, part);
		name = camel ? arena_format(input->arena, "%s%s", name, camel) : NULL;
	}
	return name;
}

static struct type *add_type(struct input *input, const char *scope, const char *name,
			     struct spot spot, bool own)
{
	struct arena *arena = input->arena;
	struct type *type = &input->types[input->type_count];
	*type = (struct type){.spot = spot, .own = own};
	type->full_name = *scope ? arena_format(arena, "%s.%s", scope, name) : name;
	if (!type->full_name)
		return NULL;
	type->c_name = name_of_type(arena, type->full_name);
	if (*spot.file->package)
		type->short_name = short_name_of(input, type);
	if (!map_put(&input->type_index, str_of(type->full_name), (uint32_t)input->type_count))
		arena->failed = true;
	input->type_count++;
	return type;
}

static void add_enum(struct input *input, const char *scope, const ProtoEnum *enumeration,
		     struct spot spot, bool own)
{
	struct type *type = add_type(input, scope, enumeration->name, spot, own);
	if (type)
		type->enumeration = enumeration;
}

static void add_message(struct input *input, const char *scope, const ProtoMessage *message,
			struct spot spot, bool own)
{
	struct type *type = add_type(input, scope, message->name, spot, own);
	if (!type)
		return;
	type->message = message;
	if (spot.length >= 2 * NESTING_LIMIT)
		return wrong_spot(input, &spot, "messages nest deeper than %d levels",
				  NESTING_LIMIT);
	scope = type->full_name;
	for (size_t i = 0; i < message->n_nested_type; i++)
		add_message(input, scope, message->nested_type[i],
			    spot_step(spot, MESSAGE_NESTED, (int32_t)i), own);
	for (size_t i = 0; i < message->n_enum_type; i++)
		add_enum(input, scope, message->enum_type[i],
			 spot_step(spot, MESSAGE_ENUM, (int32_t)i), own);
}

static void add_types(struct input *input, const ProtoFile *file, bool own)
{
	struct spot top = {.file = file};
	for (size_t i = 0; i < file->n_message_type; i++)
		add_message(input, file->package, file->message_type[i],
			    spot_step(top, FILE_MESSAGE, (int32_t)i), own);
	for (size_t i = 0; i < file->n_enum_type; i++)
		add_enum(input, file->package, file->enum_type[i],
			 spot_step(top, FILE_ENUM, (int32_t)i), own);
}

/* ---- services ---- */

static void add_methods(struct input *input, struct service *service)
{
	const ProtoService *proto = service->proto;
	service->methods = arena_array(input->arena, proto->n_method, sizeof *service->methods);
	for (size_t i = 0; service->methods && i < proto->n_method; i++) {
		struct method *method = &service->methods[i];
		method->proto = proto->method[i];
		method->spot = spot_step(service->spot, SERVICE_METHOD, (int32_t)i);
		method->function = name_in_snake(input->arena, str_of(method->proto->name));
	}
}

/* The service that is called as its package is "billing", another "billing_admin". */
static void add_service(struct input *input, const ProtoFile *file, size_t index, bool own)
{
	struct arena *arena = input->arena;
	struct service *service = &input->services[input->service_count++];
	const char *prefix = name_of_package(arena, str_of(file->package));
	service->proto = file->service[index];
	service->spot = spot_step((struct spot){.file = file}, FILE_SERVICE, (int32_t)index);
	service->full_name =
		*file->package ? arena_format(arena, "%s.%s", file->package, service->proto->name)
			       : service->proto->name;
	const char *word = name_in_snake(arena, str_of(service->proto->name));
	if (!prefix || !word)
		return;
	bool is_main = str_equal(str_of(word), package_word(str_of(file->package)));
	service->prefix = is_main ? prefix : arena_format(arena, "%s_%s", prefix, word);
	service->member = is_main ? prefix : word;
	service->own = own;
	service->table =
		own ? service->prefix : arena_format(arena, "%s_%s", input->name, service->prefix);
	add_methods(input, service);
}

/* ---- files ---- */

static bool is_own(const Request *request, const ProtoFile *file)
{
	for (size_t i = 0; i < request->n_file_to_generate; i++)
		if (strcmp(request->file_to_generate[i], file->name) == 0)
			return true;
	return false;
}

static bool is_replaced(const struct input *input, const ProtoFile *file)
{
	return input->replaced &&
	       str_equal(package_word(str_of(file->package)), str_of(input->replaced));
}

static void check_file(struct input *input, const ProtoFile *file)
{
	struct spot package = spot_step((struct spot){.file = file}, 2, -1);
	struct spot syntax = spot_step((struct spot){.file = file}, 12, -1);
	struct str word = package_word(str_of(file->package));
	if (strcmp(file->syntax, "proto3") != 0)
		wrong_spot(input, &syntax, "a module speaks proto3; write 'syntax = \"proto3\";'");
	if (input->name && !str_equal(word, str_of(input->name)) && !is_replaced(input, file))
		wrong_spot(input, &package,
			   "the package '%s' is not the module's; write 'package %s.v1;'",
			   file->package, input->name);
}

int input_read_protos(struct input *input, struct error *error)
{
	const Request *request = input->request;
	size_t types = 0, services = 0;
	for (size_t i = 0; i < request->n_proto_file; i++) {
		const ProtoFile *file = request->proto_file[i];
		types += count_types(file->message_type, file->n_message_type) + file->n_enum_type;
		services += file->n_service;
	}
	input->types = arena_array(input->arena, types, sizeof *input->types);
	input->services = arena_array(input->arena, services, sizeof *input->services);
	if (!input->types || !input->services)
		return error_memory(error);
	for (size_t i = 0; i < request->n_proto_file; i++) {
		const ProtoFile *file = request->proto_file[i];
		bool own = is_own(request, file);
		add_types(input, file, own);
		if (own)
			check_file(input, file);
		for (size_t j = 0; (own || is_replaced(input, file)) && j < file->n_service; j++)
			add_service(input, file, j, own);
	}
	return input->arena->failed ? error_memory(error) : 0;
}
