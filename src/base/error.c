/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as plain values. Knows nothing of where they are shown. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void fill(struct error *error, enum error_code code, const char *file, uint32_t line,
		 uint32_t column, const char *format, va_list arguments)
{
	error->code = code;
	error->line = line;
	error->column = column;
	snprintf(error->file, sizeof error->file, "%s", file ? file : "");
	vsnprintf(error->message, sizeof error->message, format, arguments);
}

int error_set(struct error *error, enum error_code code, const char *format, ...)
{
	if (error) {
		va_list arguments;
		va_start(arguments, format);
		fill(error, code, NULL, 0, 0, format, arguments);
		va_end(arguments);
	}
	return -1;
}

int error_at(struct error *error, enum error_code code, const char *file, uint32_t line,
	     uint32_t column, const char *format, ...)
{
	if (error) {
		va_list arguments;
		va_start(arguments, format);
		fill(error, code, file, line, column, format, arguments);
		va_end(arguments);
	}
	return -1;
}

int error_memory(struct error *error)
{
	return error_set(error, ERROR_MEMORY, "out of memory");
}

void error_list_clear(struct error_list *list)
{
	mem_free(list->items);
	*list = (struct error_list){0};
}

void error_list_add(struct error_list *list, const struct error *error)
{
	if (list->count >= ERROR_LIST_LIMIT ||
	    !mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items)) {
		list->dropped++;
		return;
	}
	list->items[list->count++] = *error;
}

void error_list_at(struct error_list *list, enum error_code code, const char *file, uint32_t line,
		   uint32_t column, const char *format, ...)
{
	struct error error;
	va_list arguments;
	va_start(arguments, format);
	fill(&error, code, file, line, column, format, arguments);
	va_end(arguments);
	error_list_add(list, &error);
}

bool error_list_has(const struct error_list *list, enum error_code code)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].code == code)
			return true;
	return false;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static bool comes_after(const struct error *a, const struct error *b)
{
	int order = strcmp(a->file, b->file);
	if (order == 0)
		order = compare_numbers(a->line, b->line);
	if (order == 0)
		order = compare_numbers(a->column, b->column);
	return order > 0;
}

/* Insertion sort: stable, and the list is short by its bound. */
void error_list_sort(struct error_list *list)
{
	for (size_t i = 1; i < list->count; i++) {
		struct error moved = list->items[i];
		size_t j = i;
		for (; j > 0 && comes_after(&list->items[j - 1], &moved); j--)
			list->items[j] = list->items[j - 1];
		list->items[j] = moved;
	}
}

void error_format(const struct error *error, char *out, size_t size)
{
	if (!error->file[0])
		snprintf(out, size, "%s", error->message);
	else if (!error->line)
		snprintf(out, size, "%s: %s", error->file, error->message);
	else if (!error->column)
		snprintf(out, size, "%s:%u: %s", error->file, error->line, error->message);
	else
		snprintf(out, size, "%s:%u:%u: %s", error->file, error->line, error->column,
			 error->message);
}
