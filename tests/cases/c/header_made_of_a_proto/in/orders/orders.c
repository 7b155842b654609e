#include "orders.module.h"
#include "billing.port.h"
#include "billing/billing.port.h"
#include "billing.pb.h"
#include "tax.port.h"
#include <billing.port.h>
#include "billing.pb-c.h"
#include "billing.messages.h"
