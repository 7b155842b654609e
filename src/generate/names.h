/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATE_NAMES_H
#define GENERATE_NAMES_H

#include "base/arena.h"
#include "base/str.h"

/* How things of a .proto are called in C. All results live in the arena; NULL without memory. */

/* "Billing__V1__ChargeRequest" for "billing.v1.ChargeRequest": what protoc-gen-c calls a type. */
const char *name_of_type(struct arena *arena, const char *full_name);

/* "billing__v1__charge_request", as protoc-gen-c begins a descriptor's name. */
const char *name_of_descriptor(struct arena *arena, const char *full_name);

/* "BILLING__V1__COLOR", as protoc-gen-c begins a value of an enum. */
const char *name_of_values(struct arena *arena, const char *full_name);

/* "order_placed" for "OrderPlaced", "http_get" for "HTTPGet". */
const char *name_in_snake(struct arena *arena, struct str camel);

/* "OrderPlaced" for "order_placed". */
const char *name_in_camel(struct arena *arena, struct str snake);

/* In capitals. */
const char *name_in_capitals(struct arena *arena, struct str snake);

/* Whether the name is a word of C, or one that its headers take: no member can have it. */
bool is_word_of_c(const char *name);

/* What a package's names begin with: its last word, less a version before it that is not the first:
 * "billing" for "billing", "billing.v1" and "acme.billing.v1", "billing_v2" for "billing.v2". */
const char *name_of_package(struct arena *arena, struct str package);

/* The last word of a package, without its version: "billing" for "acme.billing.v2". */
struct str package_word(struct str package);

/* Whether the text is an identifier of C. */
bool is_identifier(struct str text);

#endif
