/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml and its .proto. Do not edit. */
#include "billing_next.port.h"
