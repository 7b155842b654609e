/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TELEMETRY_LOG_H
#define TELEMETRY_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "telemetry/trace_context.h"

/* Log lines: one JSON object a line, with time, level, module, owner, trace and span, so that all
 * lines of one request are found by one id. */

/* Bytes of a message; what is longer is cut at a whole character. */
#define LOG_MESSAGE_LIMIT 8192

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARN_LEVEL, LOG_ERROR_LEVEL };

/* "info" and back; false when `name` is none of debug, info, warn, error. */
const char *log_level_name(enum log_level level);
bool log_level_parse(const char *name, enum log_level *out);

struct logger {
	/* Takes one whole line with its line feed. Any thread. */
	void (*sink)(void *context, const char *line, size_t length);
	void *context;
	const struct clock *clock;
	enum log_level least; /* lesser lines are not written */
	const char *service;  /* name of the application */
};

/* Whom a line is about. NULL texts are left out. */
struct log_origin {
	const char *module;
	const char *owner;
	const struct trace_context *trace; /* NULL: no request */
};

/* A sink that writes each line by one write(2) to the file descriptor that `context` points to (an
 * int); what the system does not take is lost. */
void log_to_descriptor(void *context, const char *line, size_t length);

/* Writes a line, where its level is high enough. */
void log_write(const struct logger *logger, enum log_level level, const struct log_origin *origin,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));
void log_write_list(const struct logger *logger, enum log_level level,
		    const struct log_origin *origin, const char *format, va_list arguments);

/* Writes microseconds since 1970 as "2026-11-21T06:03:01.123456Z" (RFC 3339), NUL-terminated. */
#define LOG_TIME_SIZE 32
void log_time(int64_t microseconds, char out[LOG_TIME_SIZE]);

#endif
