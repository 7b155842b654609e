/* Made by protoc-gen-ashlar from tests/generate/cases/nothing_but_messages/in/module.yaml and its .proto. Do not edit. */
#include "billing.port.h"
