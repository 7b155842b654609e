/* SPDX-License-Identifier: Apache-2.0 */
/* Translates messages for the oracle: reads requests from stdin and answers on stdout. A request
 * is a byte for the type (e: Every, v: google.protobuf.Value), one for the form (b: bytes, j:
 * JSON), a length in 4 bytes, little-endian, and so many bytes. The answer is '+' and the message
 * in bytes and in JSON, or '-' and the failure; each with its length before it. Every message
 * goes through a copy first, which must be equal to it. */
#include <stdio.h>
#include <stdlib.h>

#include "every.pb-c.h"

#include "base/mem.h"
#include "message/message.h"

static void put(struct str bytes)
{
	uint32_t length = (uint32_t)bytes.length;
	fwrite(&length, sizeof length, 1, stdout);
	fwrite(bytes.at, 1, bytes.length, stdout);
}

static ash_status read_message(const ProtobufCMessageDescriptor *type, char form, struct str input,
			       struct arena *arena, void *out, struct fault *fault)
{
	_cleanup_(mem_freep) void *first = mem_alloc(type->sizeof_message);
	ash_status status = form == 'b' ? message_decode(type, input, arena, first, fault)
					: message_from_json(type, input, arena, first, fault);
	if (status == ASH_OK)
		status = message_copy(type, first, arena, out, fault);
	if (status == ASH_OK && !message_equal(type, first, out))
		status = fault_set(fault, ASH_INTERNAL, "the copy is not equal");
	return status;
}

static void answer(const ProtobufCMessageDescriptor *type, char form, struct str input)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text bytes = {0}, json = {0};
	_cleanup_(mem_freep) void *message = mem_alloc(type->sizeof_message);
	struct fault fault;
	ash_status status = read_message(type, form, input, &arena, message, &fault);
	if (status == ASH_OK)
		status = message_encode(type, message, &bytes, &fault);
	if (status == ASH_OK)
		status = message_to_json(type, message, &json, &fault);
	putchar(status == ASH_OK ? '+' : '-');
	if (status != ASH_OK) {
		put(str_of(fault.message));
		return;
	}
	put(text_str(&bytes));
	put(text_str(&json));
}

int main(void)
{
	char type, form;
	while (fread(&type, 1, 1, stdin) == 1 && fread(&form, 1, 1, stdin) == 1) {
		uint32_t length;
		if (fread(&length, sizeof length, 1, stdin) != 1)
			return EXIT_FAILURE;
		_cleanup_(mem_freep) char *input = mem_alloc(length + 1);
		if (!input || fread(input, 1, length, stdin) != length)
			return EXIT_FAILURE;
		answer(type == 'e' ? &every__v1__every__descriptor
				   : &google__protobuf__value__descriptor,
		       form, (struct str){input, length});
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
