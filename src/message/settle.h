/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_SETTLE_H
#define MESSAGE_SETTLE_H

#include "base/map.h"
#include "message/field.h"

/* Maps, which protobuf-c has as lists of entries. Internal to message/. */

/* Entries in a map by their keys' bytes, as base/map.h wants them. */
struct str entry_key(const ProtobufCMessageDescriptor *type, const void *entry);

/* Gives each map of a message that was decoded, and of those in it, one entry a key, the last one
 * that came, where the first stood; and each entry whose value is a message a value. Done once
 * at the end: messages that are merged piece by piece would be settled as often. */
bool settle_maps(struct budget *budget, const ProtobufCMessageDescriptor *type, void *message,
		 const struct trail *trail, struct fault *fault);

#endif
