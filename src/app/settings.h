/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "telemetry/log.h"

/* How an application is deployed: the same names on the command line ("--listen 0.0.0.0:80") and
 * in the deployment file ("listen: 0.0.0.0:80"). */

/* Bytes of a deployment file. */
#define SETTINGS_FILE_LIMIT ((size_t)1 << 20)

enum role { ROLE_ALL, ROLE_HTTP, ROLE_WORKER };

/* All texts live in the arena. */
struct settings {
	struct arena arena;
	const char *address; /* "127.0.0.1" */
	uint16_t port;       /* 0: one that is free */
	bool listens;        /* the address was given */
	const char *store;   /* location; NULL: a file in `data` */
	const char *data;    /* folder */
	enum role role;
	unsigned workers;        /* threads that deliver events */
	unsigned attempts;       /* before an event is a dead letter */
	unsigned lease;          /* seconds after which what a dead process had taken is free */
	unsigned retry;          /* milliseconds, the most before a second attempt */
	unsigned keep_days;      /* that handled events stay, to be replayed */
	unsigned dead_days;      /* that dead letters stay; 0: until they are dealt with */
	bool block_keys;         /* a dead letter holds back the later events of its key */
	unsigned connections;    /* of the store */
	unsigned deadline;       /* seconds that a request may take */
	unsigned drain;          /* seconds that ending may take */
	double sample;           /* ratio of new traces that are recorded */
	const char *otlp;        /* endpoint of a collector; NULL: none */
	const char *serve_ports; /* "all", or names with commas; NULL: none */
	enum log_level log;
	bool inspect;              /* traces may be looked at over HTTP */
	const struct clock *clock; /* the system's; a test has one that it turns */
};

/* The defaults, and OTEL_EXPORTER_OTLP_ENDPOINT. */
void settings_init(struct settings *settings);
void settings_release(struct settings *settings);

/* Sets one by its name. Returns NULL, or what is wrong in `buffer` of `size` bytes; `*known` is
 * false where there is no such setting. */
const char *settings_set(struct settings *settings, struct str name, struct str value, bool *known,
			 char *buffer, size_t size) must_check;

/* Settings, at most. */
#define SETTINGS_LIMIT 40

/* The setting at `index` for a page of help; false past the last. */
bool settings_at(size_t index, const char **name, const char **value, const char **help);

/* Reads a deployment file. All mistakes go to `errors` with their places. Errors: those of
 * file_read(), ERROR_MEMORY. */
int settings_read(struct settings *settings, const char *file, struct error_list *errors,
		  struct error *error) must_check;

#endif
