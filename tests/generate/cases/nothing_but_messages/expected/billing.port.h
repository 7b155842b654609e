/* Made by protoc-gen-ashlar from tests/generate/cases/nothing_but_messages/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_PORT_H
#define BILLING_PORT_H

#include "billing.messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The module itself, for the program that holds it. */
extern const struct ash_module billing_module;

#ifdef __cplusplus
}
#endif

#endif
