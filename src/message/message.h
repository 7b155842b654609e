/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/str.h"
#include "base/text.h"

/* Messages of protobuf as bytes, as JSON and as structs of protobuf-c.
 *
 * A struct is read with the descriptor that comes with it: what its `base` says is not looked at,
 * so one that was made by a compound literal is as good as any. A NULL text is the empty one, a
 * NULL message in a repeated field, a map or a chosen oneof is one without fields, any other
 * NULL message is not there. */

/* How deep messages (and in JSON, lists and objects) nest, as protobuf's own parsers have it. */
#define MESSAGE_DEPTH_LIMIT 100

/* A message in bytes or JSON, in bytes. */
#define MESSAGE_SIZE_LIMIT ((size_t)64 << 20)

/* What one message may take of the arena that it is read into, in bytes. */
#define MESSAGE_MEMORY_LIMIT ((size_t)256 << 20)

/* Adds the message in the wire format to `out`, fields in the order of their numbers. Repeated
 * numbers are packed where the .proto says so, which is the default. On an error `out` holds what
 * it held. Errors: ASH_INTERNAL (a text is not UTF-8: the field is named), ASH_RESOURCE_EXHAUSTED
 * (too deep, too large, no memory). */
ash_status message_encode(const ProtobufCMessageDescriptor *type, const void *message,
			  struct text *out, struct fault *fault) must_check;

/* Reads the wire format into the struct `out` of type->sizeof_message bytes; all it points to
 * lives in `arena`, or is constant. On an error `out` is as it was. Unknown fields are skipped;
 * of a field that may be there once the last counts, messages are merged; of entries of a map with
 * the same key the last one stays. Errors, with the field in question: ASH_INVALID_ARGUMENT
 * (malformed, a text that is not UTF-8 or holds a NUL, which no C string can),
 * ASH_RESOURCE_EXHAUSTED (a bound above, no memory). */
ash_status message_decode(const ProtobufCMessageDescriptor *type, struct str bytes,
			  struct arena *arena, void *out, struct fault *fault) must_check;

/* Adds the message to `out` in protobuf's canonical JSON: on one line, fields in the order of
 * their numbers, without those that are not there or hold the default. Well-known types are
 * written as the mapping says (docs/internals/message.md). On an error `out` holds what it held.
 * Errors: ASH_INTERNAL (a text is not UTF-8, a time or a duration outside of its range, a number in
 * a google.protobuf.Value that JSON has no way to write, a google.protobuf.Any of a type
 * that message_know_types() does not name), ASH_RESOURCE_EXHAUSTED as message_encode(). */
ash_status message_to_json(const ProtobufCMessageDescriptor *type, const void *message,
			   struct text *out, struct fault *fault) must_check;

/* Reads JSON (RFC 8259, nothing more) into the struct as message_decode() does. Fields go by
 * their lowerCamelCase name or that of the .proto. Errors, as "items[2].cents: ...":
 * ASH_INVALID_ARGUMENT (no JSON; an unknown, twice given or wrongly typed field; a number out
 * of range), ASH_RESOURCE_EXHAUSTED (a bound above, no memory). */
ash_status message_from_json(const ProtobufCMessageDescriptor *type, struct str json,
			     struct arena *arena, void *out, struct fault *fault) must_check;

/* Types that a google.protobuf.Any may hold in JSON, in the order of their full names' bytes. */
struct message_types {
	const ProtobufCMessageDescriptor *const *sorted;
	size_t count;
};

/* Says which they are, for the whole program; before the first message is read or written.
 * `types` stays for ever. Without it no Any can be read from JSON or written in it. */
void message_know_types(const struct message_types *types);

/* Whether both say the same: NULL and empty texts are equal, so are NaNs, and maps in any order.
 * Structs that nest deeper than MESSAGE_DEPTH_LIMIT are not equal; so are maps without memory to
 * compare them. */
bool message_equal(const ProtobufCMessageDescriptor *type, const void *a, const void *b);

/* Hears where two messages differ. `path` are names of the .proto, as "items.cents"; an item of a
 * list or map has the path of the list. `a` and `b` show both values to people, cut short. All of
 * it is gone when it returns. */
typedef void (*message_differs)(void *context, struct str path, struct str a, struct str b);

/* Tells where the messages differ, by the rules of message_equal(); a path may be told more than
 * once. Lists of different lengths differ as a whole. A path that `ignored` (NULL: none) has as a
 * key is left out with all below it. False without memory and where the messages nest deeper than
 * MESSAGE_DEPTH_LIMIT: then not all of it was told. */
bool message_compare(const ProtobufCMessageDescriptor *type, const void *a, const void *b,
		     const struct map *ignored, message_differs tell, void *context) must_check;

/* Whether messages of the type have the path. */
bool message_has_path(const ProtobufCMessageDescriptor *type, struct str path);

/* Copies the message and all it points to into `out` and `arena`; NULL texts become empty ones. On
 * an error `out` is as it was. Errors: ASH_RESOURCE_EXHAUSTED (too deep, no memory). */
ash_status message_copy(const ProtobufCMessageDescriptor *type, const void *message,
			struct arena *arena, void *out, struct fault *fault) must_check;

/* The field of that name in the .proto, or NULL. */
const ProtobufCFieldDescriptor *message_field(const ProtobufCMessageDescriptor *type,
					      const char *name);

/* Adds what the field, which is not repeated and no message, holds, as a text: numbers in decimal,
 * enums as numbers, bytes as they are. For keys that order events and spread calls. */
void message_field_text(const ProtobufCFieldDescriptor *field, const void *message,
			struct text *out);

#endif
