/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a call by GET. Knows no connection. */
#include "rpc/query.h"

#include "base/base64.h"
#include "http/query.h"

/* What the protocol says; all are texts. */
struct parameters {
	struct str version;
	struct str base64;
	struct str encoding;
	struct str compression;
	struct str message;
};

static struct str *place_of(struct parameters *parameters, struct str name)
{
	const struct {
		struct str name;
		struct str *at;
	} ALL[] = {
		{STR("connect"), &parameters->version},
		{STR("base64"), &parameters->base64},
		{STR("encoding"), &parameters->encoding},
		{STR("compression"), &parameters->compression},
		{STR("message"), &parameters->message},
	};
	for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++)
		if (str_equal(name, ALL[i].name))
			return ALL[i].at;
	return NULL;
}

static ash_status read_all(struct str query, struct arena *arena, struct parameters *out,
			   struct fault *fault)
{
	enum http_found found;
	struct str name, value;
	while ((found = http_query_next(arena, &query, &name, &value)) == HTTP_FOUND) {
		struct str *place = place_of(out, name);
		if (place && !place->at)
			*place = value.at ? value : STR("");
	}
	if (found == HTTP_MISSING)
		return ASH_OK;
	return arena->failed
		       ? fault_memory(fault)
		       : fault_set(fault, ASH_INVALID_ARGUMENT, "the query holds a broken escape");
}

ash_status rpc_query_read(struct str query, struct arena *arena, struct rpc_query *out,
			  struct fault *fault)
{
	struct parameters said = {0};
	size_t length;
	ASH_TRY(read_all(query, arena, &said, fault));
	if (said.version.at && !str_equal(said.version, STR("v1")))
		return fault_set(fault, ASH_INVALID_ARGUMENT, "the parameter connect must be v1");
	if (!said.message.at)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "the parameter message is missing");
	*out = (struct rpc_query){said.encoding, said.compression, said.message};
	if (!str_equal(said.base64, STR("1")))
		return ASH_OK;
	char *bytes = arena_bytes(arena, base64_most(said.message.length));
	if (!bytes)
		return fault_memory(fault);
	if (!base64_decode(said.message, (uint8_t *)bytes, &length))
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "the parameter message is not valid base64");
	out->message = (struct str){bytes, length};
	return ASH_OK;
}

void rpc_query_write(const struct rpc_query *query, struct text *target)
{
	/* The order that the protocol recommends, so that caches on the way meet one URL. */
	text_add(target, STR("?connect=v1&base64=1"));
	if (query->compression.length) {
		text_add(target, STR("&compression="));
		text_add(target, query->compression);
	}
	text_add(target, STR("&encoding="));
	text_add(target, query->encoding);
	text_add(target, STR("&message="));
	size_t at = target->length;
	text_add_base64(target, query->message, false);
	for (; at < target->length; at++) {
		if (target->at[at] == '+')
			target->at[at] = '-';
		else if (target->at[at] == '/')
			target->at[at] = '_';
	}
}
