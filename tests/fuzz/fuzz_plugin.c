/* SPDX-License-Identifier: Apache-2.0 */
/* What protoc asks of the plug-in: any bytes, and requests that were taken apart and put together
 * otherwise, with other names and numbers in another order. It answers with files or with what is
 * wrong, never with both, and what it makes is whole C text. The contract that a request names is
 * always the same one. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "generate/plugin.h"
#include "request.pb-c.h"

#define CONTRACT "contract=" SHOP "/billing/module.yaml"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
size_t LLVMFuzzerMutate(unsigned char *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t most, unsigned seed);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* ---- the answer ---- */

/* Outside of texts, characters and comments each bracket has its other half. */
static void check_brackets(const char *at)
{
	long open = 0;
	for (; *at; at++) {
		if (at[0] == '/' && at[1] == '*') {
			at = strstr(at + 2, "*/");
			check(at != NULL);
			at++;
		} else if (*at == '"' || *at == '\'') {
			char quote = *at++;
			for (; *at != quote; at++) {
				check(*at && *at != '\n');
				at += *at == '\\';
			}
		} else {
			open += *at == '{' || *at == '(' || *at == '[';
			open -= *at == '}' || *at == ')' || *at == ']';
			check(open >= 0);
		}
	}
	check(open == 0);
}

static void check_response(struct str bytes)
{
	Ashlar__Plugin__Response *response = ashlar__plugin__response__unpack(
		NULL, bytes.length, (const unsigned char *)bytes.at);
	check(response != NULL);
	bool failed = response->error && *response->error;
	check(failed == (response->n_file == 0));
	for (size_t i = 0; i < response->n_file; i++) {
		const char *name = response->file[i]->name, *content = response->file[i]->content;
		check(name && *name && *name != '/' && !strstr(name, ".."));
		size_t length = strlen(content);
		check(length > 0 && content[length - 1] == '\n');
		check_brackets(content);
	}
	ashlar__plugin__response__free_unpacked(response, NULL);
}

/* ---- its fields ---- */

enum { PLACES_MOST = 4096 };

/* A field somewhere in a message. */
struct place {
	ProtobufCMessage *message;
	const ProtobufCFieldDescriptor *field;
};

static size_t *count_of(const struct place *place)
{
	return (size_t *)((char *)place->message + place->field->quantifier_offset);
}

static void *value_of(const struct place *place)
{
	return (char *)place->message + place->field->offset;
}

static void gather(ProtobufCMessage *message, struct place *places, size_t *count, int depth)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	for (unsigned i = 0; i < type->n_fields && *count < PLACES_MOST; i++) {
		struct place place = {message, &type->fields[i]};
		places[(*count)++] = place;
		if (place.field->type != PROTOBUF_C_TYPE_MESSAGE || depth == 0)
			continue;
		ProtobufCMessage **items = value_of(&place);
		size_t items_count = place.field->label == PROTOBUF_C_LABEL_REPEATED
					     ? *count_of(&place)
					     : *items != NULL;
		if (place.field->label == PROTOBUF_C_LABEL_REPEATED)
			items = *(ProtobufCMessage ***)items;
		for (size_t j = 0; j < items_count; j++)
			gather(items[j], places, count, depth - 1);
	}
}

static bool is_plain(const char *name)
{
	return !name || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_./-")] == '\0';
}

/* Whether protoc would ask it: it has looked at names, but not at texts of options. */
static bool has_plain_names(Ashlar__Plugin__Request *request)
{
	static struct place places[PLACES_MOST];
	static const char *const OPTIONS[] = {"parameter", "route", "key", "sticky_key"};
	size_t count = 0;
	gather(&request->base, places, &count, 8);
	for (size_t i = 0; i < count; i++) {
		const ProtobufCFieldDescriptor *field = places[i].field;
		bool free_text = field->type != PROTOBUF_C_TYPE_STRING;
		for (size_t j = 0; j < sizeof OPTIONS / sizeof *OPTIONS; j++)
			free_text |= strcmp(field->name, OPTIONS[j]) == 0;
		if (free_text)
			continue;
		char **texts = value_of(&places[i]);
		bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
		size_t texts_count = list ? *count_of(&places[i]) : 1;
		if (list)
			texts = *(char ***)texts;
		for (size_t j = 0; j < texts_count; j++)
			if (!is_plain(texts[j]))
				return false;
	}
	return count < PLACES_MOST;
}

/* ---- the question ---- */

/* The bytes with the one contract; on the heap and exactly as long. NULL: they are no request. */
static char *settle(const unsigned char *data, size_t size, size_t *length)
{
	Ashlar__Plugin__Request *request = ashlar__plugin__request__unpack(NULL, size, data);
	if (!request || !has_plain_names(request)) {
		ashlar__plugin__request__free_unpacked(request, NULL);
		return NULL;
	}
	static char contract[] = CONTRACT;
	char *before = request->parameter;
	request->parameter = contract;
	*length = ashlar__plugin__request__get_packed_size(request);
	char *bytes = malloc(*length ? *length : 1);
	check(bytes != NULL);
	ashlar__plugin__request__pack(request, (unsigned char *)bytes);
	request->parameter = before;
	ashlar__plugin__request__free_unpacked(request, NULL);
	return bytes;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(text_release) struct text response = {0};
	struct error error = {0};
	size_t length = 0;
	char *bytes = settle(data, size, &length);
	if (!bytes)
		return 0;
	if (plugin_answer((struct str){bytes, length}, &response, &error) == 0)
		check_response(text_str(&response));
	else
		check(error.message[0]);
	free(bytes);
	return 0;
}

/* ---- mutations of what was taken apart ---- */

static unsigned below(unsigned *seed, size_t bound)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % (unsigned)(bound ? bound : 1);
}

static const char *some_name(unsigned *seed)
{
	static const char *const NAMES[] = {
		"",
		"a",
		"int",
		"class",
		"Charge",
		"charge",
		"_",
		"__",
		"a.b",
		".a",
		"billing.v1",
		"orders.v1",
		"billing",
		"A_B",
		"aB",
		"*/",
		"\"",
		"\\",
		"a\nb",
		"\xC3\xA9",
		"9a",
		"a b",
		"../x.proto",
		"/etc/passwd",
		"x.proto",
		"GET /a/{b}",
		"GET /",
		"POST /a/{}",
		"GET a",
		"POST /a//b",
		"order_id",
		".billing.v1.ChargeRequest",
		".google.protobuf.Timestamp",
		"google.protobuf.Timestamp",
		"?",
		"descriptor",
		"base",
		"handlers",
		"NULL",
	};
	return NAMES[below(seed, sizeof NAMES / sizeof *NAMES)];
}

/* Any text of the request: so that two things get one name. */
static const char *name_of_another(const struct place *places, size_t count, unsigned *seed)
{
	for (int tries = 0; tries < 20; tries++) {
		const struct place *place = &places[below(seed, count)];
		if (place->field->type != PROTOBUF_C_TYPE_STRING)
			continue;
		char **value = value_of(place);
		if (place->field->label == PROTOBUF_C_LABEL_REPEATED)
			value = *count_of(place) ? *(char ***)value : NULL;
		if (value && *value)
			return *value;
	}
	return "x";
}

static void change_text(char **text, const char *now)
{
	char *copy = strdup(now);
	check(copy != NULL);
	if (*text && *text != (const char *)protobuf_c_empty_string)
		free(*text);
	*text = copy;
}

/* Swaps two of a list. */
static void change_list(const struct place *place, unsigned *seed)
{
	size_t *count = count_of(place);
	void ***items = value_of(place);
	if (*count < 2 || place->field->type == PROTOBUF_C_TYPE_INT32)
		return;
	size_t a = below(seed, *count), b = below(seed, *count);
	void *kept = (*items)[a];
	(*items)[a] = (*items)[b];
	(*items)[b] = kept;
}

static void change(const struct place *places, size_t count, unsigned *seed)
{
	static const int NUMBERS[] = {0,  1,  2,  3,  9,  10,        11,
				      12, 14, 18, -1, 63, 536870911, 0x7fffffff};
	const struct place *place = &places[below(seed, count)];
	bool list = place->field->label == PROTOBUF_C_LABEL_REPEATED;
	if (list && place->field->type != PROTOBUF_C_TYPE_STRING) {
		change_list(place, seed);
	} else if (place->field->type == PROTOBUF_C_TYPE_STRING) {
		const char *now =
			below(seed, 2) ? some_name(seed) : name_of_another(places, count, seed);
		char **text = value_of(place);
		if (list && *count_of(place) == 0)
			return;
		if (list)
			text = &(*(char ***)text)[below(seed, *count_of(place))];
		change_text(text, now);
	} else if (place->field->type == PROTOBUF_C_TYPE_INT32) {
		*(int32_t *)value_of(place) =
			NUMBERS[below(seed, sizeof NUMBERS / sizeof *NUMBERS)];
	} else if (place->field->type == PROTOBUF_C_TYPE_BOOL) {
		*(protobuf_c_boolean *)value_of(place) ^= 1;
	}
}

size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t most, unsigned seed)
{
	static struct place places[PLACES_MOST];
	size_t count = 0;
	Ashlar__Plugin__Request *request = ashlar__plugin__request__unpack(NULL, size, data);
	if (!request || seed % 4 == 0) {
		if (request)
			ashlar__plugin__request__free_unpacked(request, NULL);
		return LLVMFuzzerMutate(data, size, most);
	}
	gather(&request->base, places, &count, 8);
	for (unsigned times = 1 + below(&seed, 3); times > 0; times--)
		change(places, count, &seed);
	size_t length = ashlar__plugin__request__get_packed_size(request);
	if (length <= most)
		size = ashlar__plugin__request__pack(request, data);
	ashlar__plugin__request__free_unpacked(request, NULL);
	return size;
}
