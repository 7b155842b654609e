/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLACEMENT_PLACEMENT_H
#define PLACEMENT_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ashlar/module.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

/* Which modules run in which process, where the processes are, and what stands between a caller
 * and a port: what a deployment file says of it, as plain data in which each thing knows its
 * place. docs/placement.md tells the file. */

/* Processes, policies and splits of a file, ports with settings of their own, addresses of a
 * process, and modules in one. */
#define PLACEMENT_PROCESS_LIMIT 256
#define PLACEMENT_POLICY_LIMIT  256
#define PLACEMENT_SPLIT_LIMIT   256
#define PLACEMENT_PORT_LIMIT    4096
#define PLACEMENT_METHOD_LIMIT  1000
#define PLACEMENT_ADDRESS_LIMIT 64
#define PLACEMENT_MODULE_LIMIT  1000
#define PLACEMENT_IGNORE_LIMIT  100
#define PLACEMENT_SETTING_LIMIT 100

/* A text of the file, NUL-terminated, and where it starts, from 1. */
struct placed {
	const char *text; /* NULL: not given */
	uint32_t line;
	uint32_t column;
};

struct placed_list {
	struct placed *items;
	size_t count;
};

/* A setting of a process alone, of which this folder knows nothing. */
struct placement_setting {
	struct placed name;
	struct placed value;
};

enum placement_role { PLACEMENT_ALL, PLACEMENT_HTTP, PLACEMENT_WORKER };

struct placement_process {
	struct placed name;
	struct placed_list modules;
	uint32_t role; /* enum placement_role */
	bool front;    /* answers the routes of all modules, by calls where others have them */
	struct placed listen;
	struct placed_list addresses; /* one a replica, where the others reach it */
	struct placed identity;       /* the name in its certificate: DNS, or a URI */
	struct placement_setting *settings;
	size_t setting_count;
};

/* Times are nanoseconds, shares basis points. */
struct placement_retry {
	bool given;
	uint32_t attempts;
	uint64_t base;
	uint64_t cap;
	double growth;
	uint32_t budget; /* of the calls under way */
	uint32_t budget_least;
};

enum placement_window { PLACEMENT_COUNT, PLACEMENT_TIME, PLACEMENT_CONSECUTIVE };
enum placement_state {
	PLACEMENT_CLOSED,
	PLACEMENT_DISABLED,
	PLACEMENT_FORCED_OPEN,
	PLACEMENT_METRICS_ONLY
};

struct placement_breaker {
	bool given;
	uint32_t window; /* enum placement_window */
	uint32_t size;   /* calls, seconds, or failures in a row */
	uint32_t minimum_calls;
	uint32_t failure_rate;
	uint32_t slow_rate;
	uint64_t slow;
	uint32_t probes;         /* permitted while half-open */
	uint64_t half_open_wait; /* for the probes to end */
	uint64_t open_wait;
	double growth; /* of open_wait each time that it opens again */
	uint64_t open_cap;
	double jitter;
	uint32_t state; /* enum placement_state, when it starts */
};

struct placement_bulkhead {
	bool given;
	uint32_t calls; /* at once */
	uint32_t queue; /* that may wait */
	uint64_t wait;
};

struct placement_rate_limit {
	bool given;
	uint32_t calls; /* a period */
	uint64_t period;
	uint32_t burst;
	uint64_t wait;
};

struct placement_policy {
	struct placed name;
	uint64_t timeout; /* of one attempt; 0: the request's deadline alone */
	struct placement_retry retry;
	struct placement_breaker breaker;
	struct placement_bulkhead bulkhead;
	struct placement_rate_limit rate_limit;
	struct placed fallback; /* a port */
};

struct placement_method {
	struct placed name;
	struct placed policy;
};

struct placement_port {
	struct placed name;
	struct placed policy;
	bool open; /* who calls need not say who it is */
	struct placement_method *methods;
	size_t method_count;
};

struct placement_shadow {
	bool given;
	uint32_t share;
	bool writes; /* may be called twice, though they are no reads */
	struct placed_list ignore;
};

/* Two implementations of a port, or of one of its methods: "MODULE" or "MODULE@PROCESS" each. */
struct placement_split {
	struct placed name;   /* "PORT" or "PORT/METHOD" */
	struct placed port;   /* both parts of it */
	struct placed method; /* text NULL: all methods of the port */
	struct placed from;
	struct placed to;
	uint32_t share; /* of the sticky keys that go to `to` */
	struct placed sticky;
	struct placement_shadow shadow;
};

/* All texts and arrays live in the arena. A zeroed struct is an empty placement: one process. */
struct placement {
	struct arena arena;
	const char *file;
	struct placed given; /* the first key of a placement in the file; text NULL: none there */
	uint32_t version;
	struct placement_process *processes;
	size_t process_count; /* 0: one process has all modules */
	struct placement_policy *policies;
	size_t policy_count;
	struct placement_port *ports;
	size_t port_count;
	struct placement_split *splits;
	size_t split_count;
};

/* The placement's key of a deployment file at this index; NULL past the last. All other keys at
 * the top are settings, of which this folder knows nothing. */
const char *placement_key(size_t index);

/* Reads the text of a deployment file. What is wrong with it goes to `errors`, with its place;
 * syntax errors as well where `tells_syntax`. `file` must live as long as `out`, which must be
 * zeroed and is to be released in any case. Errors: ERROR_MEMORY. */
int placement_read(const char *file, struct str source, bool tells_syntax, struct placement *out,
		   struct error_list *errors, struct error *error) must_check;

/* Frees all; the placement is empty then. */
void placement_release(struct placement *placement);

/* Reads a share as the file has it, "50%" or "0.25%", in basis points; false: it is none. */
bool placement_share(struct str text, uint32_t *out);

/* Holds it against the application's modules. What cannot be goes to `errors`: a module, port,
 * method, policy or process that is not there; a module that is placed nowhere, or twice and no
 * split says why; a process that is called and has no address, or serves nothing; one without an
 * identity, where others have one; a `joins` method
 * called over a border. What can be but should not goes to `warnings`: synchronous calls that come
 * back to a process that waits for them; events, sagas and schedules of a module that is in
 * processes of the role http alone. Errors: ERROR_MEMORY. */
int placement_judge(const struct placement *placement, const ash_module *const *modules,
		    size_t count, struct error_list *errors, struct error_list *warnings,
		    struct error *error) must_check;

/* The process of that name, or NULL. */
const struct placement_process *placement_process(const struct placement *placement,
						  const char *name);

/* Whether the process has the module. */
bool placement_has(const struct placement_process *process, const char *module);

/* The process that is the module's own place: the one that a split names as its `from`, or else the
 * first that has the module. NULL: none has it. */
const struct placement_process *placement_of(const struct placement *placement, const char *module);

/* The policy of a method, of its own or its port's; NULL: none. */
const struct placement_policy *placement_policy_of(const struct placement *placement,
						   const char *port, const char *method);

/* Whether `name` means the split: its own name, or that of its port. */
bool placement_means(const struct placement_split *split, struct str name);

enum placement_format {
	PLACEMENT_TEXT,
	PLACEMENT_DOT,
	PLACEMENT_MERMAID,
};

/* The format of that name ("text", "dot", "mermaid"); -1: there is none. */
int placement_format_named(const char *name);

/* Draws a placement that was judged good: processes, their modules, the calls that cross a border,
 * and splits with their sides. Errors: ERROR_MEMORY. */
int placement_draw(const struct placement *placement, const ash_module *const *modules,
		   size_t count, enum placement_format format, struct text *out,
		   struct error *error) must_check;

#endif
