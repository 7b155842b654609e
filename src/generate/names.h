/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATE_NAMES_H
#define GENERATE_NAMES_H

#include "base/arena.h"
#include "base/identifier.h"
#include "base/str.h"

/* How things of a .proto are called in C. All results live in the arena; NULL without memory. */

/* "Billing__V1__ChargeRequest" for "billing.v1.ChargeRequest": what protoc-gen-c calls a type. */
const char *name_of_type(struct arena *arena, const char *full_name);

/* "billing__v1__charge_request", as protoc-gen-c begins a descriptor's name. */
const char *name_of_descriptor(struct arena *arena, const char *full_name);

/* "BILLING__V1__COLOR", as protoc-gen-c begins a value of an enum. */
const char *name_of_values(struct arena *arena, const char *full_name);

/* What a package's names begin with: its last word, less a version before it that is not the first:
 * "billing" for "billing", "billing.v1" and "acme.billing.v1", "billing_v2" for "billing.v2". */
const char *name_of_package(struct arena *arena, struct str package);

/* The last word of a package, without its version: "billing" for "acme.billing.v2". */
struct str package_word(struct str package);

#endif
