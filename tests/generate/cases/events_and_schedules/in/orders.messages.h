#ifndef ORDERS_MESSAGES_H
#define ORDERS_MESSAGES_H
#include <ashlar/port.h>
typedef struct { ProtobufCMessage base; char *order_id; } OrdersOrderPlaced;
extern const ash_event orders_order_placed_event;
#endif
