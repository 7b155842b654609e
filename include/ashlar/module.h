/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_MODULE_H
#define ASHLAR_MODULE_H

#include <ashlar/port.h>
#include <ashlar/saga.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A module as it is compiled into the program: its contract, its handlers, its migrations. The
 * tables are written by the generator (docs/modules.md); a module's own code says
 *     ASH_MODULE(billing, .billing = {.charge = charge}); */

/* Where a line of a contract stands, for messages. */
typedef struct ash_place {
	const char *file; /* as it was given to the generator */
	uint32_t line;
	uint32_t column;
} ash_place;

/* A name in a contract. */
typedef struct ash_named {
	const char *name;
	ash_place place;
} ash_named;

/* Calls the handler of one method; `handlers` is the module's table for the port. */
typedef ash_status (*ash_invoke)(const void *handlers, ash_call *call, const void *request,
				 void *reply);

/* A port that the module provides. */
typedef struct ash_provides {
	const ash_port *port;
	const ash_invoke *invoke;                           /* one a method, in its order */
	bool (*has)(const void *handlers, uint16_t method); /* whether the handler is there */
	size_t handlers; /* offset of the table in the module's `code` */
	ash_place place;
} ash_provides;

/* An event that the module handles. Its handler runs in a transaction of the module's store. */
typedef struct ash_subscribes {
	const ash_event *event;
	ash_status (*deliver)(const void *code, ash_call *call, const void *message);
	bool (*has)(const void *code);
	ash_place place;
} ash_subscribes;

/* Something done once a tick over all processes. */
typedef struct ash_schedule {
	const char *name;
	const char *cron; /* five fields, in UTC */
	ash_status (*run)(const void *code, ash_call *call);
	bool (*has)(const void *code);
	ash_place place;
} ash_schedule;

/* A saga that the module runs (docs/sagas.md). */
typedef struct ash_runs {
	const char *name; /* "orders.checkout": of the module and of the saga in its contract */
	const ash_saga *(*saga)(const void *code); /* NULL: the code has none */
	ash_place place;
} ash_runs;

/* An event of a choreography, and one that follows it, or, `undoes`, that has it taken back. */
typedef struct ash_flow {
	const char *event;
	const char *next;
	bool undoes;
	ash_place place; /* of `event` */
	ash_place next_place;
} ash_flow;

/* A flow of events that several modules bring to its end (docs/sagas.md). */
typedef struct ash_choreography {
	const char *name; /* "orders.order": of the module and of the flow in its contract */
	uint32_t deadline_s;
	const ash_flow *flow;
	size_t flow_count;
	ash_place place;
} ash_choreography;

/* One step of the schema, in the order of their versions. */
typedef struct ash_migration {
	const char *name; /* of its file: "0001_charge.sql" */
	const char *sql;
} ash_migration;

typedef struct ash_module {
	const char *name;
	const char *owner;
	ash_place place;
	const char *contract; /* the text of module.yaml */
	ash_named replaces;   /* the module whose ports it may provide, too; NULL: none */
	const ash_named *depends_on;
	size_t depends_on_count;
	const ash_named *owns; /* schemas */
	size_t owns_count;
	const ash_provides *provides;
	size_t provides_count;
	const ash_event *const *publishes;
	size_t publishes_count;
	const ash_subscribes *subscribes;
	size_t subscribes_count;
	const ash_schedule *schedules;
	size_t schedule_count;
	const ash_runs *sagas;
	size_t saga_count;
	const ash_choreography *choreographies;
	size_t choreography_count;
	const ash_migration *migrations;
	size_t migration_count;
	const void *code; /* the struct that ASH_MODULE fills; NULL: the module is a client only */
	const char *source; /* the file with ASH_MODULE, as the compiler was given it; or NULL */
	/* Where ports are called in the program or shared library that the module is linked into,
	 * up to `uses_end`; both NULL where none is. */
	const ash_use *const *uses;
	const ash_use *const *uses_end;
} ash_module;

/* The linker's names for the two ends of what ASH_USE notes. */
extern const ash_use *const ash_uses_first_[] __asm__("__start_ash_uses")
	__attribute__((weak, visibility("hidden")));
extern const ash_use *const ash_uses_end_[] __asm__("__stop_ash_uses")
	__attribute__((weak, visibility("hidden")));

/* Fills the module's table with its handlers and makes it known as `NAME_module`. The type and
 * the rest come from the generated NAME.module.h. */
#define ASH_MODULE(name, ...)                                                                      \
	static const struct name##_code name##_code_ = {__VA_ARGS__};                              \
	const ash_module name##_module = {name##_contract_, .code = &name##_code_,                 \
					  .source = __FILE__, .uses = ash_uses_first_,             \
					  .uses_end = ash_uses_end_}

#ifdef __cplusplus
}
#endif

#endif
