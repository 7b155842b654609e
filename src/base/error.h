/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check __attribute__((warn_unused_result))

enum error_code {
	ERROR_NONE,
	ERROR_MEMORY,    /* an allocation failed */
	ERROR_IO,        /* the system refused to read, write, list or start something */
	ERROR_SYNTAX,    /* a file is not in the form it claims */
	ERROR_INVALID,   /* well formed, but says something that cannot be */
	ERROR_LIMIT,     /* larger, deeper or longer than a documented bound */
	ERROR_NOT_FOUND, /* a thing that was named does not exist */
	ERROR_BUSY,      /* somebody else has it: an address */
};

/* One failure, told where it was met. Passed explicitly, never kept in a global.
 * `line` and `column` count from 1; 0 means that the error has no such place.
 * `file` may be empty. Both texts are cut, never overrun. Holds no heap memory. */
struct error {
	enum error_code code;
	uint32_t line;
	uint32_t column;
	char file[512];
	char message[1024];
};

/* Fills `error` (which may be NULL) and returns -1, so that a caller can
 * `return error_set(error, ERROR_IO, ...)`. */
int error_set(struct error *error, enum error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Like error_set(), with a place. `file` may be NULL. */
int error_at(struct error *error, enum error_code code, const char *file, uint32_t line,
	     uint32_t column, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Fills `error` with ERROR_MEMORY and returns -1. */
int error_memory(struct error *error);

/* At most this many errors are kept of one run; the rest is only counted. */
#define ERROR_LIST_LIMIT 200

/* All errors of one run, in the order in which they were met. */
struct error_list {
	struct error *items;
	size_t count;
	size_t capacity;
	size_t dropped; /* past ERROR_LIST_LIMIT, or lost for want of memory */
};

/* Frees what the list holds and leaves it empty. */
void error_list_clear(struct error_list *list);

/* Appends a copy of `error`. Past the limit, or without memory, it is counted in `dropped`. */
void error_list_add(struct error_list *list, const struct error *error);

/* Appends an error that is made on the spot; see error_at(). */
void error_list_at(struct error_list *list, enum error_code code, const char *file, uint32_t line,
		   uint32_t column, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Whether one of those that were kept has the code. */
bool error_list_has(const struct error_list *list, enum error_code code);

/* Orders by file, line, column; equal places keep the order in which they were met. */
void error_list_sort(struct error_list *list);

/* Writes "file:line:column: message" (less what is missing) into `out`, cut at `size`. */
void error_format(const struct error *error, char *out, size_t size);

#endif
