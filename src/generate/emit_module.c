/* SPDX-License-Identifier: Apache-2.0 */
/* NAME.module.h and NAME.module.c: what the module's own code is made with, and its tables. */
#include "generate/emit.h"

#include "generate/names.h"

/* ---- NAME.module.h ---- */

/* Whether it provides a port of the module that it replaces. */
static bool provides_beside(const struct input *input)
{
	for (size_t i = 0; i < input->service_count; i++)
		if (!input->services[i].own)
			return true;
	return false;
}

/* The next line stands in the contract, for whoever reads what a compiler says of it. */
static void emit_line(const struct input *input, const struct word *word, struct text *out)
{
	text_addf(out, "#line %u \"%s\"\n", word->line, input->contract_file);
}

/* Back to the file itself. */
static void emit_own_line(const struct input *input, struct text *out)
{
	size_t lines = 0;
	for (size_t i = 0; i < out->length; i++)
		lines += out->at[i] == '\n';
	text_addf(out, "#line %zu \"%s.module.h\"\n", lines + 2, input->name);
}

/* Only what is heard: whoever calls includes the other's port.h, where checkers and readers see
 * it. */
static void emit_heard(struct input *input, struct text *out)
{
	if (provides_beside(input))
		text_addf(out, "#include \"%s.messages.h\"\n", input->replaced);
	for (size_t i = 0; i < input->subscribes_count; i++) {
		const struct event *event = &input->subscribes[i];
		ptrdiff_t dot = str_find_last(str_of(event->full_name), '.');
		struct str word = package_word(str_first(str_of(event->full_name), (size_t)dot));
		if (str_equal(word, str_of(input->name)))
			continue;
		emit_line(input, event->word, out);
		text_addf(out, "#include \"%.*s.messages.h\"\n", STR_ARG(word));
	}
	if (input->subscribes_count > 0)
		emit_own_line(input, out);
}

static void emit_handlers(struct input *input, const struct service *service, struct text *out)
{
	text_addf(out, "/* The handlers of %s. */\nstruct %s_handlers {\n", service->full_name,
		  service->table);
	for (size_t i = 0; i < service->proto->n_method; i++) {
		const struct method *method = &service->methods[i];
		text_addf(out, "\tash_status (*%s)(ash_call *call, const %s *in, %s *out);\n",
			  method->function, emit_type(&input->types[method->request]),
			  emit_type(&input->types[method->reply]));
	}
	text_add(out, STR("};\n\n"));
}

static void emit_code(struct input *input, struct text *out)
{
	text_addf(out, "/* What ASH_MODULE(%s, ...) fills. */\nstruct %s_code {\n", input->name,
		  input->name);
	for (size_t i = 0; i < input->service_count; i++)
		text_addf(out, "\tstruct %s_handlers %s;\n", input->services[i].table,
			  input->services[i].member);
	if (input->subscribes_count > 0)
		text_add(out, STR("\tstruct {\n"));
	for (size_t i = 0; i < input->subscribes_count; i++) {
		emit_line(input, input->subscribes[i].word, out);
		text_addf(out, "\t\tash_status (*%s_%s)(ash_call *call, const %s *event);\n",
			  input->subscribes[i].prefix, input->subscribes[i].snake,
			  input->subscribes[i].short_name);
	}
	if (input->subscribes_count > 0) {
		emit_own_line(input, out);
		text_add(out, STR("\t} on;\n"));
	}
	if (input->module.schedule_count > 0)
		text_add(out, STR("\tstruct {\n"));
	for (size_t i = 0; i < input->module.schedule_count; i++)
		text_addf(out, "\t\tash_status (*%s)(ash_call *call);\n",
			  input->module.schedules[i].name.text.at);
	if (input->module.schedule_count > 0)
		text_add(out, STR("\t} schedules;\n"));
	if (input->module.sagas.count > 0)
		text_add(out, STR("\tstruct {\n"));
	for (size_t i = 0; i < input->module.sagas.count; i++)
		text_addf(out, "\t\tconst ash_saga *%s;\n", input->module.sagas.items[i].text.at);
	if (input->module.sagas.count > 0)
		text_add(out, STR("\t} sagas;\n"));
	if (input->service_count + input->subscribes_count + input->module.schedule_count +
		    input->module.sagas.count ==
	    0)
		text_add(out, STR("\tchar nothing_; /* the contract asks for no handler */\n"));
	text_add(out, STR("};\n\n"));
}

static void emit_publishers(struct input *input, struct text *out)
{
	for (size_t i = 0; i < input->publishes_count; i++) {
		const struct event *event = &input->publishes[i];
		text_addf(out, "/* Publishes %s in the transaction. */\n", event->full_name);
		text_addf(out,
			  "ASH_MUST_CHECK static inline ash_status %s_publish_%s(ash_tx *tx, "
			  "const %s *event)\n",
			  event->prefix, event->snake, event->short_name);
		text_addf(out, "{\n\treturn ash_publish(tx, &%s_%s_event, event);\n}\n\n",
			  event->prefix, event->snake);
	}
}

/* A list in the module's table: extern in the header, as the source has its items. */
struct list {
	const char *type;
	const char *name;
	const char *count_name;
	size_t count;
};

enum { LIST_COUNT = 9 };

static void fill_lists(const struct input *input, struct list lists[LIST_COUNT])
{
	const struct list all[LIST_COUNT] = {
		{"ash_named", "depends_on", "depends_on_count", input->module.depends_on.count},
		{"ash_named", "owns", "owns_count", input->module.owns.count},
		{"ash_provides", "provides", "provides_count", input->service_count},
		{"ash_event *const", "publishes", "publishes_count", input->publishes_count},
		{"ash_subscribes", "subscribes", "subscribes_count", input->subscribes_count},
		{"ash_schedule", "schedules", "schedule_count", input->module.schedule_count},
		{"ash_runs", "sagas", "saga_count", input->module.sagas.count},
		{"ash_choreography", "choreographies", "choreography_count",
		 input->module.choreography_count},
		{"ash_migration", "migrations", "migration_count", input->migration_count},
	};
	memcpy(lists, all, sizeof all);
}

static void emit_replaces(const struct input *input, struct text *out)
{
	const struct word *word = &input->module.replaces.name;
	if (word->text.at)
		text_addf(out, ", \\\n\t.replaces = {\"%s\", {\"%s\", %u, %u}}", word->text.at,
			  input->contract_file, word->line, word->column);
}

static void emit_contract(struct input *input, struct text *out)
{
	struct list lists[LIST_COUNT];
	fill_lists(input, lists);
	text_addf(out, "extern const char %s_contract_text_[];\n", input->name);
	for (size_t i = 0; i < LIST_COUNT; i++)
		if (lists[i].count > 0)
			text_addf(out, "extern const %s %s_%s_[%zu];\n", lists[i].type, input->name,
				  lists[i].name, lists[i].count);
	text_addf(out,
		  "\n/* The module's table, but for its handlers. */\n#define %s_contract_ \\\n",
		  input->name);
	text_addf(out, "\t.name = \"%s\", .owner = ", input->module.name.at);
	emit_literal(out, input->module.owner, "");
	text_addf(out, ", \\\n\t.place = {\"%s\", %u, %u}, \\\n\t.contract = %s_contract_text_",
		  input->contract_file, input->module.line, input->module.column, input->name);
	emit_replaces(input, out);
	for (size_t i = 0; i < LIST_COUNT; i++)
		if (lists[i].count > 0)
			text_addf(out, ", \\\n\t.%s = %s_%s_, .%s = %zu", lists[i].name,
				  input->name, lists[i].name, lists[i].count_name, lists[i].count);
	text_add(out, STR("\n"));
}

void emit_module_header(struct input *input, struct text *out)
{
	const char *guard = name_in_capitals(input->arena, str_of(input->name));
	emit_head(input, out);
	text_addf(out, "#ifndef %s_MODULE_H\n#define %s_MODULE_H\n\n", guard, guard);
	text_addf(out, "#include <ashlar/ashlar.h>\n\n#include \"%s.port.h\"\n", input->name);
	emit_heard(input, out);
	text_add(out, STR("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"));
	for (size_t i = 0; i < input->service_count; i++)
		emit_handlers(input, &input->services[i], out);
	emit_code(input, out);
	emit_publishers(input, out);
	emit_contract(input, out);
	text_add(out, STR("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"));
}

/* ---- NAME.module.c ---- */

static void emit_place(const struct input *input, const struct word *word, struct text *out)
{
	text_addf(out, "{\"%s\", %u, %u}", input->contract_file, word->line, word->column);
}

static void emit_named(const struct input *input, const char *name, const struct word *word,
		       bool first, struct text *out)
{
	if (first)
		text_addf(out, "\nconst ash_named %s_%s_[] = {\n", input->name, name);
	text_addf(out, "\t{\"%s\", ", word->text.at);
	emit_place(input, word, out);
	text_add(out, STR("},\n"));
}

static void emit_names(const struct input *input, struct text *out)
{
	const struct module *module = &input->module;
	for (size_t i = 0; i < module->depends_on.count; i++)
		emit_named(input, "depends_on", &module->depends_on.items[i].name, i == 0, out);
	if (module->depends_on.count > 0)
		text_add(out, STR("};\n"));
	for (size_t i = 0; i < module->owns.count; i++)
		emit_named(input, "owns", &module->owns.items[i], i == 0, out);
	if (module->owns.count > 0)
		text_add(out, STR("};\n"));
}

/* A function that calls a handler by the types it has. The member stands in parentheses: the macro
 * of another module's method may have its name. */
static void emit_invoke(struct input *input, const struct service *service, size_t index,
			struct text *out)
{
	const struct method *method = &service->methods[index];
	text_addf(out,
		  "\nstatic ash_status invoke_%s_%s_(const void *handlers, ash_call *call, "
		  "const void *request, void *reply)\n{\n",
		  service->prefix, method->function);
	text_addf(out,
		  "\tconst struct %s_handlers *table = (const struct %s_handlers *)handlers;\n",
		  service->table, service->table);
	text_addf(out, "\treturn (table->%s)(call, (const %s *)request, (%s *)reply);\n}\n",
		  method->function, emit_type(&input->types[method->request]),
		  emit_type(&input->types[method->reply]));
}

static void emit_has(const struct service *service, struct text *out)
{
	text_addf(out, "\nstatic bool has_%s_(const void *handlers, uint16_t method)\n{\n",
		  service->prefix);
	text_addf(out,
		  "\tconst struct %s_handlers *table = (const struct %s_handlers *)handlers;\n",
		  service->table, service->table);
	text_add(out, STR("\t(void)table;\n\tswitch (method) {\n"));
	for (size_t i = 0; i < service->proto->n_method; i++)
		text_addf(out, "\tcase %zu: return table->%s != NULL;\n", i,
			  service->methods[i].function);
	text_add(out, STR("\tdefault: return false;\n\t}\n}\n"));
}

static void emit_provides(struct input *input, struct text *out)
{
	for (size_t i = 0; i < input->service_count; i++) {
		const struct service *service = &input->services[i];
		size_t count = service->proto->n_method;
		for (size_t j = 0; j < count; j++)
			emit_invoke(input, service, j, out);
		emit_has(service, out);
		if (count > 0)
			text_addf(out, "\nstatic const ash_invoke %s_invoke_[] = {\n",
				  service->prefix);
		for (size_t j = 0; j < count; j++)
			text_addf(out, "\tinvoke_%s_%s_,\n", service->prefix,
				  service->methods[j].function);
		if (count > 0)
			text_add(out, STR("};\n"));
	}
	if (input->service_count > 0)
		text_addf(out, "\nconst ash_provides %s_provides_[] = {\n", input->name);
	for (size_t i = 0; i < input->service_count; i++) {
		const struct service *service = &input->services[i];
		text_addf(out, "\t{&%s_port, ", service->prefix);
		text_addf(out, service->proto->n_method ? "%s_invoke_" : "NULL", service->prefix);
		text_addf(out, ", has_%s_, offsetof(struct %s_code, %s), ", service->prefix,
			  input->name, service->member);
		emit_place(input, service->word, out);
		text_add(out, STR("},\n"));
	}
	if (input->service_count > 0)
		text_add(out, STR("};\n"));
}

static void emit_publishes(const struct input *input, struct text *out)
{
	if (input->publishes_count == 0)
		return;
	text_addf(out, "\nconst ash_event *const %s_publishes_[] = {\n", input->name);
	for (size_t i = 0; i < input->publishes_count; i++)
		text_addf(out, "\t&%s_%s_event,\n", input->publishes[i].prefix,
			  input->publishes[i].snake);
	text_add(out, STR("};\n"));
}

/* What calls, and asks for, one handler that stands in the module's code by itself. */
static void emit_single(const struct input *input, const char *table, const char *kind,
			const char *name, const char *event_type, struct text *out)
{
	const char *code = input->name;
	text_addf(out, "\nstatic ash_status %s_%s_(const void *code, ash_call *call%s)\n{\n", kind,
		  name, event_type ? ", const void *message" : "");
	text_addf(out, "\treturn (((const struct %s_code *)code)->%s.%s)(call", code, table, name);
	if (event_type)
		text_addf(out, ", (const %s *)message", event_type);
	text_addf(out, ");\n}\n\nstatic bool has_%s_%s_(const void *code)\n{\n", kind, name);
	text_addf(out, "\treturn ((const struct %s_code *)code)->%s.%s != NULL;\n}\n", code, table,
		  name);
}

static void emit_subscribes(struct input *input, struct text *out)
{
	for (size_t i = 0; i < input->subscribes_count; i++) {
		const struct event *event = &input->subscribes[i];
		const char *name = arena_format(input->arena, "%s_%s", event->prefix, event->snake);
		emit_single(input, "on", "deliver", name, event->short_name, out);
	}
	if (input->subscribes_count > 0)
		text_addf(out, "\nconst ash_subscribes %s_subscribes_[] = {\n", input->name);
	for (size_t i = 0; i < input->subscribes_count; i++) {
		const struct event *event = &input->subscribes[i];
		text_addf(out, "\t{&%s_%s_event, deliver_%s_%s_, has_deliver_%s_%s_, ",
			  event->prefix, event->snake, event->prefix, event->snake, event->prefix,
			  event->snake);
		emit_place(input, event->word, out);
		text_add(out, STR("},\n"));
	}
	if (input->subscribes_count > 0)
		text_add(out, STR("};\n"));
}

static void emit_schedules(const struct input *input, struct text *out)
{
	const struct module *module = &input->module;
	for (size_t i = 0; i < module->schedule_count; i++)
		emit_single(input, "schedules", "run", module->schedules[i].name.text.at, NULL,
			    out);
	if (module->schedule_count > 0)
		text_addf(out, "\nconst ash_schedule %s_schedules_[] = {\n", input->name);
	for (size_t i = 0; i < module->schedule_count; i++) {
		const char *name = module->schedules[i].name.text.at;
		text_addf(out, "\t{\"%s\", \"%s\", run_%s_, has_run_%s_, ", name,
			  module->schedules[i].cron.text.at, name, name);
		emit_place(input, &module->schedules[i].name, out);
		text_add(out, STR("},\n"));
	}
	if (module->schedule_count > 0)
		text_add(out, STR("};\n"));
}

static void emit_sagas(const struct input *input, struct text *out)
{
	const struct words *sagas = &input->module.sagas;
	for (size_t i = 0; i < sagas->count; i++)
		text_addf(out,
			  "\nstatic const ash_saga *saga_%s_(const void *code)\n{\n"
			  "\treturn ((const struct %s_code *)code)->sagas.%s;\n}\n",
			  sagas->items[i].text.at, input->name, sagas->items[i].text.at);
	if (sagas->count > 0)
		text_addf(out, "\nconst ash_runs %s_sagas_[] = {\n", input->name);
	for (size_t i = 0; i < sagas->count; i++) {
		text_addf(out, "\t{\"%s.%s\", saga_%s_, ", input->module.name.at,
			  sagas->items[i].text.at, sagas->items[i].text.at);
		emit_place(input, &sagas->items[i], out);
		text_add(out, STR("},\n"));
	}
	if (sagas->count > 0)
		text_add(out, STR("};\n"));
}

static void emit_flow(const struct input *input, const struct flow *flow, struct text *out)
{
	text_add(out, STR("\t{"));
	emit_literal(out, flow->event.text, "");
	text_add(out, STR(", "));
	emit_literal(out, flow->next.text, "");
	text_addf(out, ", %s, ", flow->undoes ? "true" : "false");
	emit_place(input, &flow->event, out);
	text_add(out, STR(", "));
	emit_place(input, &flow->next, out);
	text_add(out, STR("},\n"));
}

static void emit_choreographies(const struct input *input, struct text *out)
{
	const struct module *module = &input->module;
	for (size_t i = 0; i < module->choreography_count; i++) {
		const struct choreography *each = &module->choreographies[i];
		text_addf(out, "\nstatic const ash_flow flow_%s_[] = {\n", each->name.text.at);
		for (size_t j = 0; j < each->flow_count; j++)
			emit_flow(input, &each->flow[j], out);
		if (each->flow_count == 0)
			text_add(out, STR("\t{0},\n"));
		text_add(out, STR("};\n"));
	}
	if (module->choreography_count > 0)
		text_addf(out, "\nconst ash_choreography %s_choreographies_[] = {\n", input->name);
	for (size_t i = 0; i < module->choreography_count; i++) {
		const struct choreography *each = &module->choreographies[i];
		text_addf(out, "\t{\"%s.%s\", %u, flow_%s_, %zu, ", module->name.at,
			  each->name.text.at, each->deadline_s, each->name.text.at,
			  each->flow_count);
		emit_place(input, &each->name, out);
		text_add(out, STR("},\n"));
	}
	if (module->choreography_count > 0)
		text_add(out, STR("};\n"));
}

static void emit_migrations(const struct input *input, struct text *out)
{
	if (input->migration_count == 0)
		return;
	text_addf(out, "\nconst ash_migration %s_migrations_[] = {\n", input->name);
	for (size_t i = 0; i < input->migration_count; i++) {
		text_addf(out, "\t{\"%s\",\n", input->migrations[i].name);
		emit_literal(out, input->migrations[i].sql, "\t ");
		text_add(out, STR("},\n"));
	}
	text_add(out, STR("};\n"));
}

void emit_module_source(struct input *input, struct text *out)
{
	emit_head(input, out);
	text_addf(out, "#include \"%s.module.h\"\n", input->name);
	if (provides_beside(input))
		text_addf(out, "#include \"%s.port.h\"\n", input->replaced);
	text_add(out, STR("\n#include <stddef.h>\n"));
	text_addf(out, "\nconst char %s_contract_text_[] =\n", input->name);
	emit_literal(out, input->contract_text, "\t");
	text_add(out, STR(";\n"));
	emit_names(input, out);
	emit_provides(input, out);
	emit_publishes(input, out);
	emit_subscribes(input, out);
	emit_schedules(input, out);
	emit_sagas(input, out);
	emit_choreographies(input, out);
	emit_migrations(input, out);
}
