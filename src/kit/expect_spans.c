/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations of spans: looks through all that the recorder still has. */
#include <string.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "telemetry/span.h"

struct spans {
	struct span *items;
	size_t count;
};

static void read_spans(const struct kit_place *place, struct spans *out)
{
	const struct recorder *recorder = place->test->host.recorder;
	uint64_t from = 0, lost = 0;
	*out = (struct spans){.items = mem_alloc(HOST_SPANS * sizeof *out->items)};
	if (!out->items)
		kit_fail(place, "there is no memory left");
	out->count = recorder_read(recorder, &from, out->items, HOST_SPANS, &lost);
}

static const struct span *find_parent(const struct spans *spans, const struct span *span)
{
	for (size_t i = 0; span->parent && i < spans->count; i++)
		if (spans->items[i].id == span->parent)
			return &spans->items[i];
	return NULL;
}

static bool is_alike(const struct spans *spans, const struct span *span, const ash_test_span *like)
{
	if ((like->name && strcmp(like->name, span->name) != 0) ||
	    (like->module && strcmp(like->module, span->module) != 0) ||
	    like->status != span->status)
		return false;
	if (!like->parent)
		return true;
	const struct span *parent = find_parent(spans, span);
	return parent && strcmp(parent->name, like->parent) == 0;
}

static void add_span(struct text *out, const struct spans *spans, const struct span *span)
{
	const struct span *parent = find_parent(spans, span);
	text_addf(out, "\n    %s of %s", span->name, span->module);
	if (parent)
		text_addf(out, ", in %s", parent->name);
	if (span->status != ASH_OK)
		text_addf(out, ": %s: %s", ash_status_name(span->status), span->detail);
}

void ash_expect_span_(ash_test *test, const char *file, int line, const ash_test_span *like)
{
	const struct kit_place place = {test, file, line};
	struct text message = {0};
	struct spans spans;
	bool found = false;
	read_spans(&place, &spans);
	for (size_t i = 0; i < spans.count && !found; i++)
		found = is_alike(&spans, &spans.items[i], like);
	text_addf(&message, "there is no span%s%s%s%s%s%s that ended with %s; there %s",
		  like->name ? " " : "", like->name ? like->name : "", like->module ? " of " : "",
		  like->module ? like->module : "", like->parent ? " in " : "",
		  like->parent ? like->parent : "", ash_status_name(like->status),
		  spans.count ? "is" : "is none at all");
	for (size_t i = 0; i < spans.count && i < KIT_LIST_LIMIT; i++)
		add_span(&message, &spans, &spans.items[i]);
	mem_free(spans.items);
	if (!found)
		kit_fail_text(&place, &message);
	text_release(&message);
}
