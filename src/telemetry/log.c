/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines as JSON. Knows no file but the descriptor it is given. */
#include "telemetry/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"

static const char *const LEVELS[] = {
	[LOG_DEBUG_LEVEL] = "debug",
	[LOG_INFO_LEVEL] = "info",
	[LOG_WARN_LEVEL] = "warn",
	[LOG_ERROR_LEVEL] = "error",
};

const char *log_level_name(enum log_level level)
{
	return LEVELS[level];
}

bool log_level_parse(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
		if (strcmp(name, LEVELS[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

void log_to_descriptor(void *context, const char *line, size_t length)
{
	ssize_t written;
	do
		written = write(*(const int *)context, line, length);
	while (written < 0 && errno == EINTR);
}

void log_time(int64_t microseconds, char out[LOG_TIME_SIZE])
{
	int64_t part = microseconds % 1000000;
	if (part < 0)
		part += 1000000;
	time_t seconds = (time_t)((microseconds - part) / 1000000);
	struct tm parts = {0};
	gmtime_r(&seconds, &parts);
	char date[24];
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(out, LOG_TIME_SIZE, "%s.%06dZ", date, (int)part);
}

static void add_field(struct text *line, const char *name, const char *value)
{
	if (!value)
		return;
	text_addf(line, ",\"%s\":", name);
	text_add_json(line, str_of(value));
}

static void add_origin(struct text *line, const struct log_origin *origin)
{
	add_field(line, "module", origin->module);
	add_field(line, "owner", origin->owner);
	if (!origin->trace)
		return;
	char trace[TRACE_ID_HEX + 1], span[SPAN_ID_HEX + 1];
	trace_id_format(origin->trace, trace);
	span_id_format(origin->trace->span, span);
	add_field(line, "trace_id", trace);
	add_field(line, "span_id", span);
}

void log_write_list(const struct logger *logger, enum log_level level,
		    const struct log_origin *origin, const char *format, va_list arguments)
{
	if (level < logger->least)
		return;
	char message[LOG_MESSAGE_LIMIT + 1], time[LOG_TIME_SIZE];
	if (vsnprintf(message, sizeof message, format, arguments) >= (int)sizeof message)
		message[utf8_cut(message, LOG_MESSAGE_LIMIT)] = '\0';
	log_time(logger->clock->wall(logger->clock), time);
	_cleanup_(text_release) struct text line = {0};
	text_addf(&line, "{\"time\":\"%s\",\"level\":\"%s\"", time, LEVELS[level]);
	add_field(&line, "service", logger->service);
	if (origin)
		add_origin(&line, origin);
	add_field(&line, "message", message);
	text_add(&line, STR("}\n"));
	static const char LOST[] =
		"{\"level\":\"error\",\"message\":\"a line was lost for want of memory\"}\n";
	if (line.failed)
		logger->sink(logger->context, LOST, sizeof LOST - 1);
	else
		logger->sink(logger->context, line.at, line.length);
}

void log_write(const struct logger *logger, enum log_level level, const struct log_origin *origin,
	       const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_write_list(logger, level, origin, format, arguments);
	va_end(arguments);
}
