/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_FIELD_H
#define MESSAGE_FIELD_H

#include <stdint.h>

#include "message/message.h"

/* Where a field's value lies in a struct of protobuf-c, and whether it is there. Internal to
 * message/. */

/* The way from the outermost message to a value, for messages. Lives on the stack. */
struct trail {
	const struct trail *up;
	const ProtobufCFieldDescriptor *field; /* NULL: an item of a list in a Value */
	size_t index;                          /* in a repeated field or list, else NO_INDEX */
	struct str key;                        /* of a map, else NULL */
	unsigned depth;
};

#define NO_INDEX SIZE_MAX

/* Fills `fault` with "path.to[2].field: " and the text; returns false. */
bool trail_fault(const struct trail *trail, struct fault *fault, ash_status status,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* trail_fault() of a message that nests past MESSAGE_DEPTH_LIMIT. */
bool trail_too_deep(const struct trail *trail, struct fault *fault);

/* How many messages are open. */
static inline unsigned trail_depth(const struct trail *trail)
{
	return trail ? trail->depth : 0;
}

/* Bytes of one value of a field of the type in a struct or array. */
static inline size_t field_size(const ProtobufCFieldDescriptor *field)
{
	static const uint8_t SIZES[] = {
		[PROTOBUF_C_TYPE_INT32] = 4,
		[PROTOBUF_C_TYPE_SINT32] = 4,
		[PROTOBUF_C_TYPE_SFIXED32] = 4,
		[PROTOBUF_C_TYPE_INT64] = 8,
		[PROTOBUF_C_TYPE_SINT64] = 8,
		[PROTOBUF_C_TYPE_SFIXED64] = 8,
		[PROTOBUF_C_TYPE_UINT32] = 4,
		[PROTOBUF_C_TYPE_FIXED32] = 4,
		[PROTOBUF_C_TYPE_UINT64] = 8,
		[PROTOBUF_C_TYPE_FIXED64] = 8,
		[PROTOBUF_C_TYPE_FLOAT] = 4,
		[PROTOBUF_C_TYPE_DOUBLE] = 8,
		[PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
		[PROTOBUF_C_TYPE_ENUM] = 4,
		[PROTOBUF_C_TYPE_STRING] = sizeof(char *),
		[PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
		[PROTOBUF_C_TYPE_MESSAGE] = sizeof(void *),
	};
	return SIZES[field->type];
}

/* The value, or the pointer to the array, in the struct. */
static inline const void *field_at(const ProtobufCFieldDescriptor *field, const void *message)
{
	return (const char *)message + field->offset;
}

/* The number of values, the `has_` or the case of the oneof in the struct. */
static inline void *field_quantifier(const ProtobufCFieldDescriptor *field, const void *message)
{
	return (char *)(uintptr_t)message + field->quantifier_offset;
}

/* Whether it holds any number of values: a list, or a map's entries. */
static inline bool field_is_repeated(const ProtobufCFieldDescriptor *field)
{
	return field->label == PROTOBUF_C_LABEL_REPEATED;
}

/* Whether at most one of it and others is there. */
static inline bool field_is_oneof(const ProtobufCFieldDescriptor *field)
{
	return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* The number of values of a repeated field. */
static inline size_t field_count(const ProtobufCFieldDescriptor *field, const void *message)
{
	return *(const size_t *)field_quantifier(field, message);
}

/* The `index`th value of a repeated field. */
static inline const void *field_item(const ProtobufCFieldDescriptor *field, const void *message,
				     size_t index)
{
	return *(const char *const *)field_at(field, message) + index * field_size(field);
}

/* Whether a field that is not repeated is there: chosen, set or not the default. */
bool field_is_there(const ProtobufCFieldDescriptor *field, const void *message);

/* Marks a field that is not repeated as being there. */
void field_mark(const ProtobufCFieldDescriptor *field, void *message);

/* Whether a message type is the entry of a map: protobuf-c does not say, so by the shape that
 * protoc gives it. The plug-in refuses messages of that shape that are not maps' entries. */
bool type_is_entry(const ProtobufCMessageDescriptor *type);

/* Whether it is a map. */
static inline bool field_is_map(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_MESSAGE && field_is_repeated(field) &&
	       type_is_entry(field->descriptor);
}

/* A number, boolean or enum as 64 bits: signed ones sign-extended, reals by their bits. */
uint64_t scalar_bits(ProtobufCType type, const void *at);

/* Stores the low bits of what scalar_bits() returns. */
void scalar_store(ProtobufCType type, void *at, uint64_t bits);

/* The text of a string field, never NULL; bytes as they are. */
struct str field_text(const ProtobufCFieldDescriptor *field, const void *at);

/* Whether two values of a field, which are no messages, are equal; NaNs are. */
bool scalars_alike(const ProtobufCFieldDescriptor *field, const void *a, const void *b);

/* ---- memory of what is read ---- */

/* An arena with a bound. */
struct budget {
	struct arena *arena;
	size_t left;
};

/* Zeroed memory for a value on the trail; NULL, with `fault` filled, past the bound. */
void *budget_take(struct budget *budget, size_t size, const struct trail *trail,
		  struct fault *fault);

/* Like budget_take(), a NUL-terminated copy. */
char *budget_text(struct budget *budget, struct str text, const struct trail *trail,
		  struct fault *fault);

/* A new message with its defaults. */
void *budget_message(struct budget *budget, const ProtobufCMessageDescriptor *type,
		     const struct trail *trail, struct fault *fault);

/* Makes room for `more` values at the end of a repeated field and returns the first. The number
 * of values is not changed. */
void *budget_items(struct budget *budget, const ProtobufCFieldDescriptor *field, void *message,
		   size_t more, const struct trail *trail, struct fault *fault);

#endif
