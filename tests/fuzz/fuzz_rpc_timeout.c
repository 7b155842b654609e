/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Connect-Timeout-Ms, and eight of them as a time that is written. What is taken is
 * a number of at most ten digits; what is written is read again as no less, and by less than a
 * millisecond more, up to what ten digits hold. */
#include <stdlib.h>

#include <string.h>

#include "rpc/timeout.h"

#define MILLISECOND UINT64_C(1000000)
#define MOST        (UINT64_C(9999999999) * MILLISECOND)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_read(struct str text)
{
	uint64_t nanoseconds = 42;
	if (!rpc_timeout_parse(text, &nanoseconds)) {
		check(nanoseconds == 42);
		return;
	}
	check(text.length >= 1 && text.length <= 10 && nanoseconds <= MOST);
	check(nanoseconds % MILLISECOND == 0);
	for (size_t i = 0; i < text.length; i++)
		check(text.at[i] >= '0' && text.at[i] <= '9');
}

static void check_written(uint64_t nanoseconds)
{
	char text[RPC_TIMEOUT_SIZE];
	uint64_t again = 0;
	rpc_timeout_format(nanoseconds, text);
	check(rpc_timeout_parse(str_of(text), &again));
	check(nanoseconds > MOST ? again == MOST
				 : again >= nanoseconds && again - nanoseconds < MILLISECOND);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	uint64_t nanoseconds = 0;
	check_read((struct str){(const char *)data, size});
	memcpy(&nanoseconds, data, size < sizeof nanoseconds ? size : sizeof nanoseconds);
	check_written(nanoseconds);
	check_written(nanoseconds % (2 * MOST));
	return 0;
}
