/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_NEXT_PORT_H
#define BILLING_NEXT_PORT_H

#include "billing_next.messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The module itself, for the program that holds it. */
extern const struct ash_module billing_next_module;

#ifdef __cplusplus
}
#endif

#endif
