/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_WIRE_H
#define MESSAGE_WIRE_H

#include <protobuf-c/protobuf-c.h>

/* How values lie on the wire: the low three bits of a field's tag. Internal to message/. */

enum wire { WIRE_VARINT, WIRE_64, WIRE_LENGTH, WIRE_GROUP, WIRE_GROUP_END, WIRE_32 };

/* How one value of the type lies there. */
static inline enum wire wire_of(ProtobufCType type)
{
	static const uint8_t WIRES[] = {
		[PROTOBUF_C_TYPE_SFIXED32] = WIRE_32,    [PROTOBUF_C_TYPE_FIXED32] = WIRE_32,
		[PROTOBUF_C_TYPE_FLOAT] = WIRE_32,       [PROTOBUF_C_TYPE_SFIXED64] = WIRE_64,
		[PROTOBUF_C_TYPE_FIXED64] = WIRE_64,     [PROTOBUF_C_TYPE_DOUBLE] = WIRE_64,
		[PROTOBUF_C_TYPE_STRING] = WIRE_LENGTH,  [PROTOBUF_C_TYPE_BYTES] = WIRE_LENGTH,
		[PROTOBUF_C_TYPE_MESSAGE] = WIRE_LENGTH,
	};
	return (enum wire)WIRES[type];
}

#endif
