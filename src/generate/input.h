/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATE_INPUT_H
#define GENERATE_INPUT_H

#include "request.pb-c.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "contract/contract.h"

/* What the plug-in reads: the .proto files of one module, its contract, its migrations. Everything
 * is plain data here, with names as C has them. */

typedef Ashlar__Plugin__Request Request;
typedef Ashlar__Plugin__Response Response;
typedef Ashlar__Plugin__Output Output;
typedef Ashlar__Plugin__File ProtoFile;
typedef Ashlar__Plugin__Message ProtoMessage;
typedef Ashlar__Plugin__Field ProtoField;
typedef Ashlar__Plugin__Enum ProtoEnum;
typedef Ashlar__Plugin__Service ProtoService;
typedef Ashlar__Plugin__Method ProtoMethod;

/* Nesting of messages in messages. */
#define NESTING_LIMIT 32

/* Migrations of a module, and bytes of one. */
#define MIGRATION_LIMIT      9999
#define MIGRATION_SIZE_LIMIT ((size_t)1 << 20)

/* Where a thing stands in a .proto: the numbers of the way to it in a FileDescriptorProto, of which
 * SourceCodeInfo knows line and column. */
struct spot {
	const ProtoFile *file;
	int32_t path[2 * NESTING_LIMIT + 8];
	size_t length;
};

/* A message or enum, also nested ones. */
struct type {
	const char *full_name;       /* "billing.v1.ChargeRequest" */
	const char *c_name;          /* "Billing__V1__ChargeRequest" */
	const char *short_name;      /* "BillingChargeRequest"; NULL in files of others */
	const ProtoMessage *message; /* NULL: an enum */
	const ProtoEnum *enumeration;
	struct spot spot;
	bool own;
};

struct method {
	const ProtoMethod *proto;
	const char *function; /* "charge" */
	uint32_t request;     /* index in input.types */
	uint32_t reply;
	struct spot spot;
};

struct service {
	const ProtoService *proto;
	const char *full_name; /* "billing.v1.Billing" */
	const char *prefix;    /* "billing", "billing_admin" */
	const char *member;    /* "billing", "admin" */
	struct method *methods;
	const char *table;       /* of the struct of its handlers, less "_handlers" */
	const struct word *word; /* in the contract's ports; NULL: not there */
	struct spot spot;
	bool own; /* else that of the module that this one replaces */
};

/* An event that the contract publishes, or one that it subscribes to. */
struct event {
	const char *full_name;
	const char *c_name; /* of its message */
	const char *short_name;
	const char *prefix; /* of its package */
	const char *snake;  /* "charged" */
	const char *key;    /* a field of it, or NULL */
	const struct word *word;
};

struct migration {
	const char *name;
	struct str sql;
};

/* All of it. */
struct input {
	struct arena *arena;
	struct error_list *errors;
	const Request *request;

	const char *contract_path; /* as it was given */
	const char *contract_file; /* from the tree's root, where there is one */
	struct str contract_text;
	struct contracts contracts; /* the root's part */
	struct module module;
	const char *name;     /* of the module, in C */
	const char *replaced; /* of the module that it replaces, in C; or NULL */

	struct type *types; /* of all files */
	size_t type_count;
	struct map type_index; /* by full name */
	struct service *services;
	size_t service_count;
	struct event *publishes;
	size_t publishes_count;
	struct event *subscribes;
	size_t subscribes_count;
	struct migration *migrations;
	size_t migration_count;
};

/* Reads everything that `request` is about: `parameter` names the contract. What is wrong goes to
 * `errors`, in the order of the steps, and the input is then only good for more errors.
 * Errors: ERROR_MEMORY only. `arena`, `errors` and `request` are to outlive it. */
int input_init(struct input *input, const Request *request, struct arena *arena,
	       struct error_list *errors, struct error *error) must_check;

/* Frees what is not in the arena. */
void input_release(struct input *input);

/* Line and column, from 1, of the nearest thing around `spot` whose place is known. */
void spot_place(const struct spot *spot, uint32_t *line, uint32_t *column);

/* The spot one or two steps further. */
struct spot spot_step(struct spot spot, int32_t first, int32_t second);

/* Notes an error at a spot. */
void wrong_spot(struct input *input, const struct spot *spot, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Notes an error at a word of the contract. */
void wrong_word(struct input *input, const struct word *word, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "; did you mean 'near'?", or "": in the arena. */
const char *input_hint(struct input *input, const char *wrong, const struct str *names,
		       size_t count);

/* The type with that full name, with or without a '.' before it; NULL for none. */
const struct type *input_type(const struct input *input, const char *full_name);

/* ---- the steps of input_init(), each in its own file ---- */

/* The contract and the migrations that lie beside it. */
int input_read_contract(struct input *input, struct error *error) must_check;
int input_read_migrations(struct input *input, struct error *error) must_check;

/* The types and services of the request's files. */
int input_read_protos(struct input *input, struct error *error) must_check;

/* What ports and events the contract names. */
int input_join(struct input *input, struct error *error) must_check;

/* What no module may say: kinds of method and field, options that name nothing, routes. */
int input_judge(struct input *input, struct error *error) must_check;

/* Names that would be the same in C. */
int input_check_names(struct input *input, struct error *error) must_check;

#endif
