/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_IDENTIFIER_H
#define BASE_IDENTIFIER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* Names in C, and how a name is written in another way. What is made lives in the arena; NULL
 * without memory. */

/* Whether the text is an identifier of C. */
bool is_identifier(struct str text);

/* Whether the name is a word of C, or one that its headers take: no member can have it. */
bool is_word_of_c(const char *name);

/* Who calls where a route of HTTP is answered, in the place of a module's name: no module of an
 * application has it. */
#define NAME_OF_FRONT "http"

/* "order_placed" for "OrderPlaced", "http_get" for "HTTPGet". */
const char *name_in_snake(struct arena *arena, struct str camel);

/* "OrderPlaced" for "order_placed". */
const char *name_in_camel(struct arena *arena, struct str snake);

/* In capitals. */
const char *name_in_capitals(struct arena *arena, struct str snake);

#endif
