/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_METADATA_H
#define PORT_METADATA_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* What travels with a call beside its message: pairs of a key and a value, in the order in which
 * they were added; a key may be there more than once. */

/* Pairs of one list, and bytes of its keys and values. */
#define METADATA_LIMIT      64
#define METADATA_SIZE_LIMIT ((size_t)8192)

struct metadata_item {
	struct metadata_item *next;
	const char *key;  /* [0-9a-z_.-]; one that ends with "-bin" may have any bytes as value */
	struct str value; /* NUL-terminated */
};

/* A list; a zeroed struct is an empty one. */
struct metadata {
	struct metadata_item *first, *last;
	unsigned count;
	size_t size;
};

/* Whether the key is one: lower case, without what a protocol keeps for itself (connect-...). */
bool metadata_is_key(struct str key);

/* Whether values of that key are any bytes. */
bool metadata_is_binary(struct str key);

/* Whether the value is good for the key: printable ASCII without blanks around it, or "-bin". */
bool metadata_is_value(struct str key, struct str value);

/* Adds a pair, copied into the arena; both were looked at. False over a bound, and without memory
 * (the arena's `failed` tells which). */
bool metadata_add(struct metadata *metadata, struct arena *arena, struct str key, struct str value);

#endif
