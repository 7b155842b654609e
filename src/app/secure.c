/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of this process, from settings to what server and clients use. Files are looked at by a
 * thread of its own, once a second, so that no request waits for a disk; what cannot be used is
 * told in the log, once, and changes nothing. */
#include "app/secure.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* Between two looks at the files. */
#define SECURE_LOOK_MS 1000

static const struct metric EXPIRES = {"ashlar_tls_certificate_expiration_timestamp_seconds",
				      "Until when the certificate is good, in seconds since 1970.",
				      METRIC_GAUGE,
				      {0}};
static const struct metric RELOADS = {"ashlar_tls_reloads_total",
				      "Files of TLS that were replaced, and used or refused.",
				      METRIC_COUNTER,
				      {"result"}};

static const struct log_origin NOBODY = {0};

struct secure {
	struct http_tls *tls;
	const struct logger *logger;
	struct series *expires, *used, *refused;
	pthread_t thread;
	int bell; /* can be read when there is something to do at once */
	bool running;
	_Atomic bool stopping;
};

/* ---- what goes with what ---- */

static bool is_https(const struct placed *address)
{
	return strncmp(address->text, "https://", 8) == 0;
}

/* Whether any process is called over TLS. */
static bool has_https(const struct placement *placement)
{
	for (size_t i = 0; placement && i < placement->process_count; i++)
		for (size_t j = 0; j < placement->processes[i].addresses.count; j++)
			if (is_https(&placement->processes[i].addresses.items[j]))
				return true;
	return false;
}

static int judge_addresses(const struct settings *settings, struct error *error)
{
	const struct placed_list *list = &settings->process->addresses;
	for (size_t i = 0; i < list->count; i++) {
		const struct placed *each = &list->items[i];
		if (is_https(each) && !settings->tls_certificate)
			return error_at(error, ERROR_INVALID, settings->placement->file, each->line,
					each->column,
					"'%s' is called over TLS, and needs tls-certificate and "
					"tls-key among its settings, or on the command line",
					settings->process->name.text);
		if (!is_https(each) && settings->tls_certificate)
			return error_at(error, ERROR_INVALID, settings->placement->file, each->line,
					each->column,
					"'%s' has a tls-certificate, so that its address begins "
					"with https://",
					settings->process->name.text);
	}
	return 0;
}

static int judge_identity(const struct settings *settings, struct http_tls *tls,
			  struct error *error)
{
	const struct placed *identity = &settings->process->identity;
	struct http_tls_facts facts;
	if (!identity->text)
		return 0;
	if (!settings->tls_client_ca)
		return error_at(error, ERROR_INVALID, settings->placement->file, identity->line,
				identity->column,
				"who calls is known by its certificate only where tls-client-ca "
				"says whose certificates are believed");
	if (http_tls_is(tls, identity->text))
		return 0;
	http_tls_describe(tls, &facts);
	return error_at(error, ERROR_INVALID, settings->placement->file, identity->line,
			identity->column, "the identity of '%s' is '%s', but %s is of %s",
			settings->process->name.text, identity->text, settings->tls_certificate,
			facts.names);
}

/* ---- which setting a mistake is of ---- */

static const struct {
	const char *name;
	size_t file; /* in struct settings */
} FILES[] = {
	{"tls-certificate", offsetof(struct settings, tls_certificate)},
	{"tls-key", offsetof(struct settings, tls_key)},
	{"tls-client-ca", offsetof(struct settings, tls_client_ca)},
	{"tls-ca", offsetof(struct settings, tls_ca)},
};

/* The first setting with that file; with any, where it is empty. NULL: none was given in a file. */
static const char *setting_of(const struct settings *settings, const char *file)
{
	for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
		const char *given = *(const char *const *)((const char *)settings + FILES[i].file);
		if (given && (!*file || strcmp(given, file) == 0) &&
		    settings_place(settings, FILES[i].name).file)
			return FILES[i].name;
	}
	return NULL;
}

/* Gives the mistake of a file the place where the file is named. */
static int place(const struct settings *settings, struct error *error)
{
	const struct error was = *error;
	const char *name = setting_of(settings, was.file);
	enum error_code code = was.code;
	if (code == ERROR_IO && access(was.file, F_OK) < 0 && errno == ENOENT)
		code = error->code = ERROR_NOT_FOUND;
	if (was.code == ERROR_MEMORY || !name)
		return -1;
	struct setting_place at = settings_place(settings, name);
	return error_at(error, code, at.file, at.line, at.column, "%s: %s%s%s", name, was.file,
			*was.file ? ": " : "", was.message);
}

int secure_judge(const struct settings *settings, struct http_tls *tls, int64_t now,
		 struct error *error)
{
	return http_tls_judge(tls, now, error) < 0 ? place(settings, error) : 0;
}

int secure_load(const struct settings *settings, struct http_tls **out, struct error *error)
{
	const struct http_tls_options options = {
		.certificate = settings->tls_certificate,
		.key = settings->tls_key,
		.client_ca = settings->tls_client_ca,
		.ca = settings->tls_ca,
		.identity = settings->process ? settings->process->identity.text : NULL,
	};
	_cleanup_(http_tls_freep) struct http_tls *tls = NULL;
	bool wanted = options.certificate || options.key || options.client_ca || options.ca;
	if (settings->process && judge_addresses(settings, error) < 0)
		return -1;
	if ((wanted || has_https(settings->placement)) && http_tls_new(&options, &tls, error) < 0)
		return place(settings, error);
	if (settings->process && judge_identity(settings, tls, error) < 0)
		return -1;
	*out = take(tls);
	return 0;
}

/* ---- files that are replaced ---- */

static void tell_use(struct secure *secure, const char *what)
{
	struct http_tls_facts facts;
	char date[32] = "";
	struct tm parts;
	http_tls_describe(secure->tls, &facts);
	if (!facts.shows)
		return;
	time_t ends = (time_t)facts.ends;
	gmtime_r(&ends, &parts);
	strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &parts);
	series_set(secure->expires, facts.ends);
	log_write(secure->logger, LOG_INFO_LEVEL, &NOBODY,
		  "%s the certificate of %s, good until %s%s", what, facts.names, date,
		  facts.asks ? "; clients must show theirs" : "");
}

static void look(struct secure *secure, bool at_once)
{
	struct error error = {0};
	char line[2048];
	int result = http_tls_refresh(secure->tls, at_once, &error);
	if (result > 0) {
		series_add(secure->used, 1);
		tell_use(secure, "uses from now on");
	} else if (result < 0) {
		series_add(secure->refused, 1);
		error_format(&error, line, sizeof line);
		log_write(secure->logger, LOG_ERROR_LEVEL, &NOBODY,
			  "the files of TLS are not used, those before them stay: %s", line);
	}
}

static void *look_often(void *context)
{
	struct secure *secure = context;
	struct pollfd bell = {.fd = secure->bell, .events = POLLIN};
	while (!atomic_load(&secure->stopping)) {
		eventfd_t rung = 0;
		if (poll(&bell, 1, SECURE_LOOK_MS) > 0)
			(void)eventfd_read(secure->bell, &rung);
		if (!atomic_load(&secure->stopping))
			look(secure, rung > 0);
	}
	return NULL;
}

/* ---- from outside ---- */

static ash_status make_series(struct secure *secure, struct metrics *metrics, struct fault *fault)
{
	const char *used = "used", *refused = "refused";
	ASH_TRY(metrics_series(metrics, &EXPIRES, NULL, &secure->expires, fault));
	ASH_TRY(metrics_series(metrics, &RELOADS, &used, &secure->used, fault));
	return metrics_series(metrics, &RELOADS, &refused, &secure->refused, fault);
}

static ash_status run(struct secure *secure, struct fault *fault)
{
	struct error error;
	char line[2048];
	tell_use(secure, "shows");
	if (http_tls_judge(secure->tls, (int64_t)time(NULL), &error) < 0) {
		error_format(&error, line, sizeof line);
		log_write(secure->logger, LOG_ERROR_LEVEL, &NOBODY, "%s", line);
	}
	secure->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	secure->running =
		secure->bell >= 0 && pthread_create(&secure->thread, NULL, look_often, secure) == 0;
	if (!secure->running)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the system gives no thread to look at the files of TLS");
	return ASH_OK;
}

static ash_status failed(const struct error *error, struct fault *fault)
{
	char line[2048];
	if (error->code == ERROR_MEMORY)
		return fault_memory(fault);
	error_format(error, line, sizeof line);
	bool gone = error->code == ERROR_IO || error->code == ERROR_NOT_FOUND;
	return fault_set(fault, gone ? ASH_UNAVAILABLE : ASH_FAILED_PRECONDITION, "%s", line);
}

static void secure_freep(struct secure **secure)
{
	secure_free(*secure);
}

ash_status secure_start(const struct settings *settings, const struct logger *logger,
			struct metrics *metrics, struct secure **out, struct fault *fault)
{
	_cleanup_(secure_freep) struct secure *secure = mem_alloc(sizeof *secure);
	struct error error;
	*out = NULL;
	if (!secure)
		return fault_memory(fault);
	secure->bell = -1;
	secure->logger = logger;
	if (secure_load(settings, &secure->tls, &error) < 0)
		return failed(&error, fault);
	if (!secure->tls)
		return ASH_OK;
	ASH_TRY(make_series(secure, metrics, fault));
	ASH_TRY(run(secure, fault));
	*out = take(secure);
	return ASH_OK;
}

struct http_tls *secure_tls(const struct secure *secure)
{
	return secure ? secure->tls : NULL;
}

void secure_reload(struct secure *secure)
{
	if (secure)
		(void)eventfd_write(secure->bell, 1);
}

void secure_free(struct secure *secure)
{
	if (!secure)
		return;
	atomic_store(&secure->stopping, true);
	if (secure->running) {
		(void)eventfd_write(secure->bell, 1);
		pthread_join(secure->thread, NULL);
	}
	if (secure->bell >= 0)
		(void)close(secure->bell);
	http_tls_free(secure->tls);
	mem_free(secure);
}
