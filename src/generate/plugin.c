/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes that protoc writes to those it reads. Knows no file descriptor. */
#include "generate/plugin.h"

#include "base/mem.h"
#include "generate/emit.h"
#include "message/message.h"

/* google.protobuf.compiler.CodeGeneratorResponse.Feature: what is refused is refused here, with
 * its place. */
enum { FEATURE_PROTO3_OPTIONAL = 1 };

static const struct {
	const char *suffix;
	void (*emit)(struct input *input, struct text *out);
} FILES[] = {
	{".messages.h", emit_messages_header}, {".port.h", emit_port_header},
	{".port.c", emit_port_source},         {".module.h", emit_module_header},
	{".module.c", emit_module_source},
};

enum { FILE_COUNT = sizeof FILES / sizeof *FILES };

static int encode(const Response *response, struct text *out, struct error *error)
{
	struct fault fault;
	if (message_encode(&ashlar__plugin__response__descriptor, response, out, &fault) == ASH_OK)
		return 0;
	return error_set(error, fault.status == ASH_INTERNAL ? ERROR_SYNTAX : ERROR_MEMORY, "%s",
			 fault.message);
}

/* protoc puts its own words before the first line. */
static int answer_errors(struct error_list *errors, struct text *out, struct error *error)
{
	_cleanup_(text_release) struct text lines = {0};
	char line[2048];
	error_list_sort(errors);
	for (size_t i = 0; i < errors->count; i++) {
		error_format(&errors->items[i], line, sizeof line);
		text_addf(&lines, "\n%s", line);
	}
	if (errors->dropped > 0)
		text_addf(&lines, "\nand %zu more", errors->dropped);
	if (lines.failed)
		return error_memory(error);
	Response response = {.error = lines.at, .supported_features = FEATURE_PROTO3_OPTIONAL};
	return encode(&response, out, error);
}

static int answer_files(struct input *input, struct text *out, struct error *error)
{
	struct text contents[FILE_COUNT] = {{0}};
	Output files[FILE_COUNT] = {{.name = NULL}}, *pointers[FILE_COUNT];
	bool failed = false;
	for (size_t i = 0; i < FILE_COUNT; i++) {
		FILES[i].emit(input, &contents[i]);
		files[i].name = (char *)(uintptr_t)arena_format(input->arena, "%s%s", input->name,
								FILES[i].suffix);
		files[i].content = contents[i].at;
		pointers[i] = &files[i];
		failed |= contents[i].failed || input->arena->failed;
	}
	Response response = {.supported_features = FEATURE_PROTO3_OPTIONAL,
			     .n_file = FILE_COUNT,
			     .file = pointers};
	int result = failed ? error_memory(error) : encode(&response, out, error);
	for (size_t i = 0; i < FILE_COUNT; i++)
		text_release(&contents[i]);
	return result;
}

static int answer(const Request *request, struct arena *arena, struct text *out,
		  struct error *error)
{
	struct error_list errors = {0};
	struct input input;
	int result = input_init(&input, request, arena, &errors, error);
	if (result == 0 && errors.count + errors.dropped > 0)
		result = answer_errors(&errors, out, error);
	else if (result == 0)
		result = answer_files(&input, out, error);
	input_release(&input);
	error_list_clear(&errors);
	return result;
}

int plugin_answer(struct str request, struct text *response, struct error *error)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct fault fault;
	Request decoded;
	ash_status status = message_decode(&ashlar__plugin__request__descriptor, request, &arena,
					   &decoded, &fault);
	if (status == ASH_RESOURCE_EXHAUSTED)
		return error_set(error, ERROR_MEMORY, "%s", fault.message);
	if (status != ASH_OK)
		return error_set(error, ERROR_SYNTAX, "protoc's request cannot be read: %s",
				 fault.message);
	return answer(&decoded, &arena, response, error);
}
