/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the JSON of a failure. What is taken can be written and read again, and says the
 * same then: status, message and details. */
#include <stdlib.h>

#include "base/mem.h"
#include "rpc/failure.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_same(const struct fault *a, const struct fault *b)
{
	const struct fault_detail *left = a->details, *right = b->details;
	check(a->status == b->status && strcmp(a->message, b->message) == 0);
	for (; left && right; left = left->next, right = right->next) {
		check(strcmp(left->type, right->type) == 0);
		check(str_equal(left->value, right->value));
	}
	check(!left && !right);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text json = {0};
	struct fault fault = {.status = ASH_OK}, again = {.status = ASH_OK};
	if (!rpc_failure_read((struct str){(const char *)data, size}, ASH_UNKNOWN, &arena, &fault))
		return 0;
	check(fault.status > ASH_OK && fault.status <= ASH_UNAUTHENTICATED);
	rpc_failure_write(&fault, &json);
	check(!json.failed);
	check(rpc_failure_read(text_str(&json), ASH_INTERNAL, &arena, &again));
	check_same(&fault, &again);
	return 0;
}
