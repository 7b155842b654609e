/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the query of a GET. What is taken can be written as a target of HTTP, and read again
 * it says the same. */
#include <stdlib.h>

#include "http/token.h"
#include "rpc/query.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* As names of codecs and compressions are. */
static bool is_word(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] < 'a' || text.at[i] > 'z')
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text target = {0};
	struct str bytes = {(const char *)data, size};
	struct rpc_query query, again;
	struct fault fault;
	ash_status status = rpc_query_read(bytes, &arena, &query, &fault);
	check(status == ASH_OK || status == ASH_INVALID_ARGUMENT);
	if (status != ASH_OK || !is_word(query.encoding) || !is_word(query.compression))
		return 0;
	rpc_query_write(&query, &target);
	check(!target.failed && http_chars_all(text_str(&target), HTTP_CHAR_TARGET));
	check(rpc_query_read(str_from(text_str(&target), 1), &arena, &again, &fault) == ASH_OK);
	check(str_equal(query.message, again.message) && str_equal(query.encoding, again.encoding));
	check(str_equal(query.compression, again.compression));
	return 0;
}
