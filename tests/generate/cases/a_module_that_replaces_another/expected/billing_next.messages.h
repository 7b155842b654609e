/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_NEXT_MESSAGES_H
#define BILLING_NEXT_MESSAGES_H

#include <ashlar/port.h>

#include "billing_next.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif


#ifdef __cplusplus
}
#endif

#endif
