/* SPDX-License-Identifier: Apache-2.0 */
/* A time that is left, as text. Knows no clock. */
#include "rpc/timeout.h"

enum { NANOSECONDS_A_MILLISECOND = 1000000 };

bool rpc_timeout_parse(struct str text, uint64_t *nanoseconds)
{
	uint64_t number = 0;
	if (text.length == 0 || text.length >= RPC_TIMEOUT_SIZE)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text.at[i] - '0');
	}
	*nanoseconds = number * NANOSECONDS_A_MILLISECOND;
	return true;
}

void rpc_timeout_format(uint64_t nanoseconds, char out[RPC_TIMEOUT_SIZE])
{
	const uint64_t MOST = 9999999999;
	uint64_t number = nanoseconds / NANOSECONDS_A_MILLISECOND +
			  (nanoseconds % NANOSECONDS_A_MILLISECOND != 0);
	char digits[RPC_TIMEOUT_SIZE];
	size_t count = 0;
	if (number > MOST)
		number = MOST;
	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		*out++ = digits[--count];
	*out = '\0';
}
