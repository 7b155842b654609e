/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the JSON of a message of every kind. What is read must come back as the same, over
 * JSON and over bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "every.pb-c.h"

#include "base/mem.h"
#include "message/message.h"

#define EVERY (&every__v1__every__descriptor)

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check(const Every__V1__Every *message, struct arena *arena)
{
	_cleanup_(text_release) struct text bytes = {0}, json = {0};
	Every__V1__Every read;
	struct fault fault;
	require(message_to_json(EVERY, message, &json, &fault) == ASH_OK);
	require(message_from_json(EVERY, text_str(&json), arena, &read, &fault) == ASH_OK);
	require(message_equal(EVERY, message, &read));
	require(message_encode(EVERY, message, &bytes, &fault) == ASH_OK);
	require(message_decode(EVERY, text_str(&bytes), arena, &read, &fault) == ASH_OK);
	require(message_equal(EVERY, message, &read));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* On the heap and exactly as long, so that the sanitizer sees a read past the end. */
	char *bytes = mem_copy((const char *)data, size);
	struct arena arena = {0};
	struct fault fault;
	Every__V1__Every message;
	ash_status status =
		message_from_json(EVERY, (struct str){bytes, size}, &arena, &message, &fault);
	require(status == ASH_OK || fault.message[0]);
	if (status == ASH_OK)
		check(&message, &arena);
	arena_release(&arena);
	mem_free(bytes);
	return 0;
}
