/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata in and out of fields of HTTP. Knows no connection. */
#include "rpc/metadata.h"

#include "base/base64.h"

/* Bytes of a field's name that can be metadata. */
enum { NAME_LIMIT = 256 };

bool rpc_is_reserved(struct str name)
{
	static const struct str OWN[] = {
		{"accept", 6},
		{"accept-encoding", 15},
		{"ashlar-caller", 13},
		{"connection", 10},
		{"content-encoding", 16},
		{"content-length", 14},
		{"content-type", 12},
		{"date", 4},
		{"host", 4},
		{"idempotency-key", 15},
		{"keep-alive", 10},
		{"proxy-connection", 16},
		{"te", 2},
		{"trailer", 7},
		{"transfer-encoding", 17},
		{"upgrade", 7},
		{"traceparent", 11},
		{"tracestate", 10},
	};
	for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
		if (str_equal(name, OWN[i]))
			return true;
	return str_starts(name, STR("connect-"));
}

static ash_status add(struct str name, struct str value, struct metadata *metadata,
		      struct arena *arena, struct fault *fault)
{
	if (metadata_add(metadata, arena, name, value))
		return ASH_OK;
	if (arena->failed)
		return fault_memory(fault);
	return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
			 "there is more metadata than %d pairs or %zu bytes", METADATA_LIMIT,
			 METADATA_SIZE_LIMIT);
}

static ash_status add_binary(struct str name, struct str value, struct metadata *metadata,
			     struct arena *arena, struct fault *fault)
{
	struct str part;
	while (str_split(&value, ',', &part)) {
		part = str_trim(part);
		char *bytes = arena_bytes(arena, base64_most(part.length));
		size_t length;
		if (!bytes)
			return fault_memory(fault);
		if (!base64_decode(part, (uint8_t *)bytes, &length))
			return fault_set(fault, ASH_INVALID_ARGUMENT,
					 "the header %.*s is not valid base64", STR_ARG(name));
		ASH_TRY(add(name, (struct str){bytes, length}, metadata, arena, fault));
	}
	return ASH_OK;
}

ash_status rpc_metadata_read(struct str name, struct str value, struct metadata *metadata,
			     struct arena *arena, struct fault *fault)
{
	char lower[NAME_LIMIT];
	if (name.length > sizeof lower)
		return ASH_OK;
	for (size_t i = 0; i < name.length; i++)
		lower[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] | 32)
								  : name.at[i];
	name.at = lower;
	if (rpc_is_reserved(name) || !metadata_is_key(name))
		return ASH_OK;
	return metadata_is_binary(name) ? add_binary(name, value, metadata, arena, fault)
					: add(name, value, metadata, arena, fault);
}

bool rpc_metadata_write(const struct metadata *metadata, struct str prefix,
			void (*put)(void *context, struct str name, struct str value),
			void *context)
{
	_cleanup_(text_release) struct text name = {0}, value = {0};
	for (const struct metadata_item *item = metadata->first; item; item = item->next) {
		bool binary = metadata_is_binary(str_of(item->key));
		text_clear(&name);
		text_clear(&value);
		text_add(&name, prefix);
		text_add(&name, str_of(item->key));
		if (binary)
			text_add_base64(&value, item->value, false);
		if (name.failed || value.failed)
			return false;
		put(context, text_str(&name), binary ? text_str(&value) : item->value);
	}
	return true;
}
