/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of any bytes, "NAME:VALUE" each, as fields of HTTP. What is taken is within its bounds, can
 * be written as fields that no value can split, and read again it is the same list. */
#include <stdlib.h>

#include "http/token.h"
#include "rpc/metadata.h"

/* A list that is read out of what was written. */
struct reading {
	struct metadata metadata;
	struct arena arena;
};

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void read_again(void *context, struct str name, struct str value)
{
	struct reading *reading = context;
	check(name.length && http_chars_all(name, HTTP_CHAR_TOKEN));
	check(http_chars_all(value, HTTP_CHAR_VALUE));
	check(rpc_metadata_read(name, value, &reading->metadata, &reading->arena, NULL) == ASH_OK);
}

static void check_same(const struct metadata *a, const struct metadata *b)
{
	const struct metadata_item *left = a->first, *right = b->first;
	check(a->count == b->count && a->size == b->size);
	check(a->count <= METADATA_LIMIT && a->size <= METADATA_SIZE_LIMIT);
	for (; left && right; left = left->next, right = right->next) {
		check(strcmp(left->key, right->key) == 0);
		check(str_equal(left->value, right->value));
		check(metadata_is_key(str_of(left->key)) && !rpc_is_reserved(str_of(left->key)));
	}
	check(!left && !right);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct str rest = {(const char *)data, size}, line, name;
	struct reading first = {0}, second = {0};
	struct fault fault;
	while (str_split(&rest, '\n', &line)) {
		str_split(&line, ':', &name);
		/* The parser of HTTP lets nothing else through. */
		if (!line.at || !http_chars_all(line, HTTP_CHAR_VALUE))
			continue;
		(void)rpc_metadata_read(name, http_trim(line), &first.metadata, &first.arena,
					&fault);
	}
	check(rpc_metadata_write(&first.metadata, STR(""), read_again, &second));
	check_same(&first.metadata, &second.metadata);
	arena_release(&first.arena);
	arena_release(&second.arena);
	return 0;
}
