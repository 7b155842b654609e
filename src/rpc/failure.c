/* SPDX-License-Identifier: Apache-2.0 */
/* Failures in the protocol's JSON. It is read as a google.protobuf.Struct, whose reader has all
 * bounds and takes the members that are not known here. Knows no connection. */
#include "rpc/failure.h"

#include "base/base64.h"
#include "google/protobuf/struct.pb-c.h"
#include "message/message.h"
#include "rpc/code.h"

typedef Google__Protobuf__Struct object;
typedef Google__Protobuf__Value value;

static void write_detail(const struct fault_detail *detail, struct text *out)
{
	text_add(out, STR("{\"type\":"));
	text_add_json(out, str_of(detail->type));
	text_add(out, STR(",\"value\":\""));
	text_add_base64(out, detail->value, false);
	text_add(out, STR("\"}"));
}

void rpc_failure_write(const struct fault *fault, struct text *out)
{
	text_add(out, STR("{\"code\":"));
	text_add_json(out, str_of(ash_status_name(fault->status)));
	if (fault->message[0]) {
		text_add(out, STR(",\"message\":"));
		text_add_json(out, str_of(fault->message));
	}
	for (const struct fault_detail *at = fault->details; at; at = at->next) {
		text_add(out, at == fault->details ? STR(",\"details\":[") : STR(","));
		write_detail(at, out);
	}
	text_add(out, fault->details ? STR("]}") : STR("}"));
}

/* ---- reading ---- */

/* The member of that name; NULL without one, or where it is null. */
static const value *member(const object *in, const char *name)
{
	for (size_t i = 0; in && i < in->n_fields; i++)
		if (strcmp(in->fields[i]->key, name) == 0) {
			const value *found = in->fields[i]->value;
			return found && found->kind_case == GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE
				       ? NULL
				       : found;
		}
	return NULL;
}

/* The text of a member, "" without one; false when it is something else. */
static bool text_of(const object *in, const char *name, const char **out)
{
	const value *found = member(in, name);
	*out = "";
	if (found && found->kind_case != GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE)
		return false;
	if (found)
		*out = found->string_value;
	return true;
}

static struct fault_detail *read_detail(const value *from, struct arena *arena)
{
	const char *type, *base64;
	if (!from || from->kind_case != GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE ||
	    !text_of(from->struct_value, "type", &type) ||
	    !text_of(from->struct_value, "value", &base64))
		return NULL;
	struct str text = str_of(base64);
	char *bytes = arena_bytes(arena, base64_most(text.length));
	struct fault_detail *detail = arena_alloc(arena, sizeof *detail);
	size_t length;
	if (!bytes || !detail || !base64_decode(text, (uint8_t *)bytes, &length))
		return NULL;
	*detail = (struct fault_detail){NULL, type, {bytes, length}};
	return detail;
}

static bool read_details(const object *in, struct arena *arena, const struct fault_detail **out)
{
	const value *found = member(in, "details");
	const struct fault_detail **end = out;
	*out = NULL;
	if (!found)
		return true;
	if (found->kind_case != GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE ||
	    found->list_value->n_values > RPC_FAILURE_DETAIL_LIMIT)
		return false;
	for (size_t i = 0; i < found->list_value->n_values; i++) {
		struct fault_detail *detail = read_detail(found->list_value->values[i], arena);
		if (!detail)
			return false;
		*end = detail;
		end = &detail->next;
	}
	return true;
}

/* The JSON with U+FFFD in the place of each U+0000, which no text of ours can hold: the rest of the
 * failure says more than that it was not understood. Itself where there is none. */
static struct str without_nul(struct str json, struct arena *arena)
{
	static const struct str NUL = {"u0000", 5};
	char *copy = NULL;
	for (size_t i = 0; i + NUL.length < json.length; i++) {
		/* What is escaped may be a backslash itself. */
		if (json.at[i] != '\\' || !str_starts(str_from(json, ++i), NUL))
			continue;
		if (!copy) {
			copy = arena_bytes(arena, json.length);
			if (!copy)
				return json;
			memcpy(copy, json.at, json.length);
			json.at = copy;
		}
		memcpy(copy + i + 1, "fffd", 4);
	}
	return json;
}

bool rpc_failure_read(struct str json, ash_status otherwise, struct arena *arena, struct fault *out)
{
	object in;
	const char *code, *message;
	const struct fault_detail *details;
	if (json.length > RPC_FAILURE_LIMIT ||
	    message_from_json(&google__protobuf__struct__descriptor, without_nul(json, arena),
			      arena, &in, NULL) != ASH_OK ||
	    !text_of(&in, "code", &code) || !text_of(&in, "message", &message) ||
	    !read_details(&in, arena, &details))
		return false;
	ash_status status = rpc_code_parse(str_of(code));
	fault_set(out, status == ASH_OK ? otherwise : status, "%s", message);
	out->details = details;
	return true;
}
