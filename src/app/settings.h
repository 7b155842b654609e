/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "placement/placement.h"
#include "telemetry/log.h"

/* How an application is deployed: the same names on the command line ("--listen 0.0.0.0:80") and
 * in the deployment file ("listen: 0.0.0.0:80"). */

/* Bytes of a deployment file. */
#define SETTINGS_FILE_LIMIT ((size_t)1 << 20)

enum role { ROLE_ALL, ROLE_HTTP, ROLE_WORKER };

/* Settings, at most. */
#define SETTINGS_LIMIT 40

/* Where a setting was given; without a file: on the command line, or not at all. */
struct setting_place {
	const char *file;
	uint32_t line, column;
};

/* All texts live in the arena. */
struct settings {
	struct setting_place places[SETTINGS_LIMIT]; /* by its index */
	struct arena arena;
	const char *address; /* "127.0.0.1" */
	uint16_t port;       /* 0: one that is free */
	bool listens;        /* the address was given */
	const char *store;   /* location; NULL: a file in `data` */
	const char *data;    /* folder */
	enum role role;
	unsigned workers;           /* threads that deliver events */
	unsigned attempts;          /* before an event is a dead letter */
	unsigned lease;             /* seconds after which what a dead process had taken is free */
	unsigned retry;             /* milliseconds, the most before a second attempt */
	unsigned keep_days;         /* that handled events stay, to be replayed */
	unsigned dead_days;         /* that dead letters stay; 0: until they are dealt with */
	unsigned saga_days;         /* that ended sagas stay, and their ids are known */
	bool block_keys;            /* a dead letter holds back the later events of its key */
	unsigned connections;       /* of the store */
	unsigned deadline;          /* seconds that a request may take */
	unsigned handler_deadline;  /* seconds that the handler of an event may take */
	unsigned step_deadline;     /* seconds that an attempt of a saga's step may take */
	unsigned schedule_deadline; /* seconds that the handler of a schedule may take */
	unsigned call_timeout;      /* seconds that a worker's call of another process may take */
	unsigned drain;             /* seconds that ending may take */
	bool pin;                   /* loops of HTTP stay on processors of their own */
	double sample;              /* ratio of new traces that are recorded */
	const char *otlp;           /* endpoint of a collector; NULL: none */
	const char *serve_ports;    /* "all", or names with commas; NULL: none */
	/* Where /admin/ is answered: with all else; or on a listener of its own. */
	bool admin_shared;
	uint16_t admin_port;
	const char *admin_address; /* or the path of a socket; NULL: none of its own */
	/* Files of TLS; NULL: not given. */
	const char *tls_certificate;
	const char *tls_key;
	const char *tls_client_ca; /* clients must show a certificate of these */
	const char *tls_ca;        /* remotes do; as tls_client_ca, or those of the system */
	enum log_level log;
	bool inspect;              /* traces may be looked at over HTTP */
	const struct clock *clock; /* the system's; a test has one that it turns */
	/* What the deployment file says of processes and policies, and which process this is. Both
	 * belong to whoever sets them. */
	const struct placement *placement;       /* NULL: nothing */
	const struct placement_process *process; /* NULL: all modules run here */
};

/* The defaults, and OTEL_EXPORTER_OTLP_ENDPOINT. */
void settings_init(struct settings *settings);
void settings_release(struct settings *settings);

/* Sets one by its name. Returns NULL, or what is wrong in `buffer` of `size` bytes; `*known` is
 * false where there is no such setting. */
const char *settings_set(struct settings *settings, struct str name, struct str value, bool *known,
			 char *buffer, size_t size) must_check;

/* A copy that is changed on its own. Its texts are those of `settings`, which must outlive it. */
void settings_copy(const struct settings *settings, struct settings *out);

/* Takes over what the deployment file of `placement` says of the process alone: its role, where it
 * listens, and its settings, but for those that all processes share. Mistakes go to `errors`, with
 * their places. */
void settings_take(struct settings *settings, const struct placement *placement,
		   const struct placement_process *process, struct error_list *errors);

/* Where the setting of that name was given. */
struct setting_place settings_place(const struct settings *settings, const char *name);

/* Adds a mistake of the setting of that name, with its place. */
void settings_mistake(const struct settings *settings, const char *name, struct error_list *errors,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The setting at `index` for a page of help; false past the last. */
bool settings_at(size_t index, const char **name, const char **value, const char **help);

/* Reads a deployment file, whose name must outlive the settings. All mistakes go to `errors` with
 * their places. Errors: those of file_read(), ERROR_MEMORY. */
int settings_read(struct settings *settings, const char *file, struct error_list *errors,
		  struct error *error) must_check;

#endif
