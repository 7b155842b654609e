/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations of what was published, and of dead letters. Reads the outbox as it grows; an event
 * that an expectation found is not found again. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "event/event.h"
#include "kit/kit.h"
#include "message/message.h"

/* ---- what was published ---- */

struct reading {
	ash_test *test;
	struct fault fault;
};

static ash_status keep(ash_test *test, const struct published *published, struct fault *fault)
{
	if (!mem_reserve(&test->events, &test->event_capacity, test->event_count + 1,
			 sizeof *test->events))
		return fault_memory(fault);
	struct kit_event event = {.id = published->id,
				  .name = arena_str(&test->arena, str_of(published->event)).at,
				  .type = published->type};
	struct str payload = arena_str(&test->arena, published->payload);
	if (!event.name || !payload.at)
		return fault_memory(fault);
	if (event.type) {
		const ProtobufCMessageDescriptor *type = event.type->message;
		event.message = arena_alloc(&test->arena, type->sizeof_message);
		if (!event.message)
			return fault_memory(fault);
		ASH_TRY(message_decode(type, payload, &test->arena, event.message, fault));
	}
	test->events[test->event_count++] = event;
	return ASH_OK;
}

static bool read_one(void *context, const struct published *published)
{
	struct reading *reading = context;
	reading->fault.status = keep(reading->test, published, &reading->fault);
	return reading->fault.status == ASH_OK;
}

/* Takes in what was published since the last time. */
static void read_events(const struct kit_place *place)
{
	ash_test *test = place->test;
	struct reading reading = {.test = test};
	struct fault fault;
	int64_t after = test->event_count ? test->events[test->event_count - 1].id : 0;
	kit_require(place, event_each_published(test->host.hub, after, read_one, &reading, &fault),
		    "reading the outbox", &fault);
	kit_require(place, reading.fault.status, "reading an event", &reading.fault);
}

static void add_value(struct text *out, ash_value value)
{
	switch (value.type) {
	case ASH_TYPE_BOOL: text_add_byte(out, value.boolean ? '1' : '0'); return;
	case ASH_TYPE_REAL: text_addf(out, "%.17g", value.real); return;
	case ASH_TYPE_TEXT:
	case ASH_TYPE_BYTES:
		text_add(out, (struct str){value.bytes.at, value.bytes.length});
		return;
	case ASH_TYPE_INT:
	case ASH_TYPE_TIME: text_addf(out, "%" PRId64, value.integer); return;
	case ASH_TYPE_NULL: return;
	}
}

static bool has_field(const struct kit_event *event, const ash_test_field *field)
{
	_cleanup_(text_release) struct text actual = {0}, expected = {0};
	const ProtobufCFieldDescriptor *described =
		message_field(event->type->message, field->name);
	message_field_text(described, event->message, &actual);
	add_value(&expected, field->value);
	return !actual.failed && !expected.failed &&
	       str_equal(text_str(&actual), text_str(&expected));
}

static bool matches(const struct kit_event *event, const ash_event *type,
		    const ash_test_field *fields, size_t count)
{
	if (event->found || !event->type || strcmp(event->name, type->name) != 0)
		return false;
	for (size_t i = 1; i < count; i++)
		if (!has_field(event, &fields[i]))
			return false;
	return true;
}

/* A name that is no field, or one that cannot be compared, is the test's own mistake. */
static void check_fields(const struct kit_place *place, const ash_event *type,
			 const ash_test_field *fields, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const ProtobufCFieldDescriptor *field =
			message_field(type->message, fields[i].name);
		if (!field)
			kit_fail(place, "%s has no field '%s'", type->name, fields[i].name);
		if (field->label == PROTOBUF_C_LABEL_REPEATED ||
		    field->type == PROTOBUF_C_TYPE_MESSAGE)
			kit_fail(place,
				 "the field '%s' of %s is a list or a message: it cannot be "
				 "compared",
				 fields[i].name, type->name);
	}
}

/* ---- telling ---- */

static void add_event(struct text *out, const struct kit_event *event)
{
	struct fault fault;
	text_addf(out, "\n    %s ", event->name);
	if (!event->type ||
	    message_to_json(event->type->message, event->message, out, &fault) != ASH_OK)
		text_add(out, STR("(cannot be read)"));
	if (event->found)
		text_add(out, STR("  (found before)"));
}

static void add_events(struct text *out, const ash_test *test, bool found)
{
	size_t told = 0;
	for (size_t i = 0; i < test->event_count && told <= KIT_LIST_LIMIT; i++) {
		if (test->events[i].found && !found)
			continue;
		if (told++ < KIT_LIST_LIMIT)
			add_event(out, &test->events[i]);
		else
			text_add(out, STR("\n    and more"));
	}
}

static _Noreturn void fail_missing(const struct kit_place *place, const ash_event *type,
				   const ash_test_field *fields, size_t count)
{
	struct text message = {0};
	text_addf(&message, "no %s", type->name);
	for (size_t i = 1; i < count; i++) {
		text_addf(&message, "%s %s = ", i == 1 ? " with" : ",", fields[i].name);
		add_value(&message, fields[i].value);
	}
	text_add(&message, place->test->event_count ? STR(" was published; there was")
						    : STR(" was published, nor anything else"));
	add_events(&message, place->test, true);
	kit_fail_text(place, &message);
}

void ash_expect_published_(ash_test *test, const char *file, int line, const ash_event *event,
			   const ash_test_field *fields, size_t count)
{
	const struct kit_place place = {test, file, line};
	check_fields(&place, event, fields, count);
	read_events(&place);
	for (size_t i = 0; i < test->event_count; i++) {
		if (!matches(&test->events[i], event, fields, count))
			continue;
		test->events[i].found = true;
		return;
	}
	fail_missing(&place, event, fields, count);
}

void ash_expect_nothing_else_published_(ash_test *test, const char *file, int line)
{
	const struct kit_place place = {test, file, line};
	struct text message = {0};
	size_t left = 0;
	read_events(&place);
	for (size_t i = 0; i < test->event_count; i++)
		left += !test->events[i].found;
	if (left == 0)
		return;
	text_add(&message, STR("there was published, too,"));
	add_events(&message, test, false);
	kit_fail_text(&place, &message);
}

/* ---- dead letters ---- */

struct letters {
	struct text text;
	const char *subscriber;
	const char *event;
	const char *status;
	bool found;
};

static bool see_letter(void *context, const struct dead_letter *letter)
{
	struct letters *letters = context;
	text_addf(&letters->text, "\n    %s of %s, %s after %" PRId64 " attempts: %s",
		  letter->event, letter->subscriber, letter->status, letter->attempts,
		  letter->message);
	letters->found |= letters->subscriber &&
			  strcmp(letter->subscriber, letters->subscriber) == 0 &&
			  strcmp(letter->event, letters->event) == 0 &&
			  strcmp(letter->status, letters->status) == 0;
	return true;
}

static void read_letters(const struct kit_place *place, struct letters *letters)
{
	const struct dead_filter all = {.most = KIT_LIST_LIMIT};
	struct fault fault;
	kit_require(place,
		    event_dead_list(place->test->host.hub, &all, see_letter, letters, NULL, &fault),
		    "reading the dead letters", &fault);
}

void ash_expect_dead_letter_(ash_test *test, const char *file, int line, const char *module,
			     const ash_event *event, ash_status status)
{
	const struct kit_place place = {test, file, line};
	struct letters letters = {
		.subscriber = module, .event = event->name, .status = ash_status_name(status)};
	struct text message = {0};
	kit_member(&place, module);
	read_letters(&place, &letters);
	text_addf(&message, "%s has no dead letter of %s that failed with %s; there %s", module,
		  event->name, letters.status, letters.text.length ? "is" : "is none at all");
	text_add(&message, text_str(&letters.text));
	text_release(&letters.text);
	if (!letters.found)
		kit_fail_text(&place, &message);
	text_release(&message);
}

void ash_expect_no_dead_letters_(ash_test *test, const char *file, int line)
{
	const struct kit_place place = {test, file, line};
	struct letters letters = {0};
	struct text message = {0};
	read_letters(&place, &letters);
	if (letters.text.length == 0)
		return;
	text_add(&message, STR("there are dead letters:"));
	text_add(&message, text_str(&letters.text));
	text_release(&letters.text);
	kit_fail_text(&place, &message);
}
