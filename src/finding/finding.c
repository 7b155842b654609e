/* SPDX-License-Identifier: Apache-2.0 */
/* A list of findings. Knows neither rules nor reports. */
#include "finding/finding.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void finding_list_release(struct finding_list *list)
{
	mem_free(list->items);
	arena_release(&list->arena);
	*list = (struct finding_list){0};
}

struct finding *finding_list_add(struct finding_list *list)
{
	if (!mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items)) {
		list->failed = true;
		return NULL;
	}
	struct finding *finding = &list->items[list->count++];
	*finding = (struct finding){0};
	return finding;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int order = str_compare(a->file, b->file);
	if (order == 0)
		order = compare_numbers(a->line, b->line);
	if (order == 0)
		order = compare_numbers(a->column, b->column);
	if (order == 0)
		order = strcmp(a->rule, b->rule);
	if (order == 0)
		order = str_compare(a->to, b->to);
	if (order == 0)
		order = str_compare(a->reference, b->reference);
	return order != 0 ? order : str_compare(a->message, b->message);
}

void finding_list_sort(struct finding_list *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, compare);
}

const char *finding_severity_name(enum finding_severity severity)
{
	return severity == FINDING_ERROR ? "error" : "warning";
}

size_t finding_list_count(const struct finding_list *list, enum finding_severity severity)
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].severity == severity && !list->items[i].baseline;
	return count;
}
