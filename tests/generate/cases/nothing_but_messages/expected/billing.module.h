/* Made by protoc-gen-ashlar from tests/generate/cases/nothing_but_messages/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_MODULE_H
#define BILLING_MODULE_H

#include <ashlar/ashlar.h>

#include "billing.port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What ASH_MODULE(billing, ...) fills. */
struct billing_code {
	char nothing_; /* the contract asks for no handler */
};

extern const char billing_contract_text_[];

/* The module's table, but for its handlers. */
#define billing_contract_ \
	.name = "billing", .owner = "", \
	.place = {"tests/generate/cases/nothing_but_messages/in/module.yaml", 1, 9}, \
	.contract = billing_contract_text_

#ifdef __cplusplus
}
#endif

#endif
