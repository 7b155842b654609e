/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_ADDRESS_H
#define APP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/str.h"

/* Whether it is an address of IPv4 or IPv6, and no name. */
bool address_is_number(struct str address);

/* Looks, without listening, whether the address can be had; a port of 0 and the path of a Unix
 * socket always can. Errors: those of address_refused(). */
ash_status address_look(const char *address, uint16_t port, struct fault *fault) ASH_MUST_CHECK;

/* What it means that nothing can listen there. ASH_ALREADY_EXISTS: the address is taken, with who
 * has it, as far as that can be seen; ASH_RESOURCE_EXHAUSTED; ASH_UNAVAILABLE. */
ash_status address_refused(const char *address, uint16_t port, const struct error *error,
			   struct fault *fault);

#endif
