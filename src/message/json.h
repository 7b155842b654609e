/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_JSON_H
#define MESSAGE_JSON_H

#include "message/field.h"

/* Between the files that make protobuf's JSON mapping. Internal to message/. */

/* ---- well-known types ---- */

/* Types that JSON has a way of its own for. */
enum known {
	KNOWN_NONE,
	KNOWN_ANY,
	KNOWN_DURATION,
	KNOWN_FIELD_MASK,
	KNOWN_LIST,
	KNOWN_STRUCT,
	KNOWN_TIMESTAMP,
	KNOWN_VALUE,
	KNOWN_WRAPPER,
};

/* Which of them a message type is, by its name. */
enum known known_of(const ProtobufCMessageDescriptor *type);

/* Whether it is google.protobuf.NullValue, which is null in JSON. */
bool is_null_enum(const ProtobufCFieldDescriptor *field);

/* ---- writing ---- */

struct json_writer {
	struct text *text;
	struct fault *fault;
};

/* Adds a text with its quotes; false when it is not UTF-8. */
bool json_add_text(struct json_writer *writer, struct str text, const struct trail *trail);

/* Adds a message of any type; NULL is one without fields. */
bool json_add_message(struct json_writer *writer, const ProtobufCMessageDescriptor *type,
		      const void *message, const struct trail *trail);

/* Adds one value of a field: an item, or the only one. */
bool json_add_value(struct json_writer *writer, const ProtobufCFieldDescriptor *field,
		    const void *at, const struct trail *trail);

/* Adds a message of a well-known type. */
bool json_add_known(struct json_writer *writer, enum known known,
		    const ProtobufCMessageDescriptor *type, const void *message,
		    const struct trail *trail);

/* Adds an Any by what it holds; false also for a type that is not known. */
bool json_add_any(struct json_writer *writer, struct str url, struct str bytes,
		  const struct trail *trail);

/* ---- reading ---- */

struct json_reader {
	const char *at;
	const char *end;
	struct budget budget;
	struct fault *fault;
};

/* Fills the fault with ASH_INVALID_ARGUMENT; returns false. */
bool json_wrong(struct json_reader *reader, const struct trail *trail, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fills the fault with what was met where `wanted` was; returns false. */
bool json_unexpected(struct json_reader *reader, const struct trail *trail, const char *wanted);

/* Skips white space and returns the next byte without taking it; 0 at the end. */
char json_peek(struct json_reader *reader);

/* Takes the byte if it comes next. */
bool json_take(struct json_reader *reader, char byte);

/* Takes "null" if it comes next. */
bool json_take_null(struct json_reader *reader);

/* Takes true or false. */
bool json_get_bool(struct json_reader *reader, const struct trail *trail, bool *out);

/* Takes a string. Where it has no escapes it is a view on the input, else it is in the arena. May
 * hold NULs. */
bool json_get_text(struct json_reader *reader, const struct trail *trail, struct str *out);

/* Takes a number as it is written. */
bool json_get_number(struct json_reader *reader, const struct trail *trail, struct str *out);

/* Takes a string without a NUL into the arena, terminated. */
bool json_get_string(struct json_reader *reader, const struct trail *trail, char **out);

/* Reads a finite number. */
bool json_get_double(struct json_reader *reader, const struct trail *trail, double *out);

/* After `opened` was taken: whether a member or item follows. `first` is true before the first.
 * Takes the comma or the closing byte. False in `*good` when neither comes. */
bool json_next(struct json_reader *reader, char close, bool *first, const struct trail *trail,
	       bool *good);

/* Takes the name of a member and its colon. */
bool json_get_name(struct json_reader *reader, const struct trail *trail, struct str *out);

/* Reads a message of any type into a struct with its defaults. */
bool json_get_message(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
		      void *message, const struct trail *trail);

/* Reads the members of an object up to its end; `first` where none came before them. */
bool json_get_fields(struct json_reader *reader, const ProtobufCMessageDescriptor *type,
		     void *message, const struct trail *trail, bool first);

/* Reads an Any, of which "@type" must be the first member; "{}" leaves both as they are. */
bool json_get_any(struct json_reader *reader, char **url, ProtobufCBinaryData *bytes,
		  const struct trail *trail);

/* Reads one value of a field, which is not null. */
bool json_get_value(struct json_reader *reader, const ProtobufCFieldDescriptor *field, void *at,
		    const struct trail *trail);

/* Reads an object into a map; a key that is given twice is wrong. */
bool json_get_map(struct json_reader *reader, const ProtobufCFieldDescriptor *field, void *message,
		  struct trail *trail);

/* Reads a message of a well-known type. */
bool json_get_known(struct json_reader *reader, enum known known,
		    const ProtobufCMessageDescriptor *type, void *message,
		    const struct trail *trail);

#endif
