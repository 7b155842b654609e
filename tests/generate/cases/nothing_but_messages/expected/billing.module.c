/* Made by protoc-gen-ashlar from tests/generate/cases/nothing_but_messages/in/module.yaml and its .proto. Do not edit. */
#include "billing.module.h"

#include <stddef.h>

const char billing_contract_text_[] =
	"module: billing\n";
