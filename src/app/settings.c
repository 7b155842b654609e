/* SPDX-License-Identifier: Apache-2.0 */
/* How an application is deployed. One table knows each setting, for the command line, the file and
 * the help. Opens nothing but the file. */
#include "app/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/address.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "placement/placement.h"

/* ---- values ---- */

/* Each sets what it stands for; NULL, or what the value should be. */

static const char *copy(struct settings *settings, struct str value, const char **out)
{
	if (value.length == 0)
		return "a text that is not empty";
	struct str kept = arena_str(&settings->arena, value);
	if (!kept.at)
		return "shorter: there is no memory left";
	*out = kept.at;
	return NULL;
}

static bool read_number(struct str value, unsigned least, unsigned most, unsigned *out)
{
	unsigned long number = 0;
	if (value.length == 0 || value.length > 9)
		return false;
	for (size_t i = 0; i < value.length; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		number = number * 10 + (unsigned long)(value.at[i] - '0');
	}
	if (number < least || number > most)
		return false;
	*out = (unsigned)number;
	return true;
}

/* "127.0.0.1:8080", "[::]:8080" or ":8080", whose address is empty. */
static bool read_endpoint(struct str value, struct str *address, uint16_t *port)
{
	ptrdiff_t colon = str_find_last(value, ':');
	unsigned number;
	if (colon < 0 || !read_number(str_from(value, (size_t)colon + 1), 0, 65535, &number))
		return false;
	*port = (uint16_t)number;
	*address = str_first(value, (size_t)colon);
	if (address->length > 2 && address->at[0] == '[' && str_ends(*address, STR("]")))
		*address = (struct str){address->at + 1, address->length - 2};
	else if (str_find(*address, ':') >= 0)
		return false;
	return true;
}

static const char *set_listen(struct settings *settings, struct str value)
{
	struct str address;
	if (!read_endpoint(value, &address, &settings->port))
		return "ADDRESS:PORT, as 127.0.0.1:8080, [::]:8080 or :8080";
	settings->listens = true;
	if (address.length && !address_is_number(address))
		return "a number as its address, such as 127.0.0.1:8080, [::]:8080 or :8080, and "
		       "no name";
	return address.length ? copy(settings, address, &settings->address) : NULL;
}

static const char *set_admin(struct settings *settings, struct str value)
{
	struct str address = value;
	settings->admin_address = NULL;
	settings->admin_shared = str_equal(value, STR("true"));
	if (settings->admin_shared || str_equal(value, STR("false")))
		return NULL;
	if (!str_starts(value, STR("/")) && !read_endpoint(value, &address, &settings->admin_port))
		return "true, false, ADDRESS:PORT, or the path of a Unix socket";
	if (address.length && address.at[0] != '/' && !address_is_number(address))
		return "true, false, the path of a Unix socket, or ADDRESS:PORT whose address is a "
		       "number, such as 127.0.0.1:9090, and no name";
	return copy(settings, address.length ? address : STR("127.0.0.1"),
		    &settings->admin_address);
}

static const char *set_store(struct settings *settings, struct str value)
{
	if (!str_starts(value, STR("sqlite:")) && !str_starts(value, STR("postgresql://")) &&
	    !str_starts(value, STR("postgres://")))
		return "sqlite:PATH or postgresql://...";
	return copy(settings, value, &settings->store);
}

static const char *set_data(struct settings *settings, struct str value)
{
	return copy(settings, value, &settings->data);
}

static const char *set_role(struct settings *settings, struct str value)
{
	static const char *const ROLES[] = {
		[ROLE_ALL] = "all", [ROLE_HTTP] = "http", [ROLE_WORKER] = "worker"};
	for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++)
		if (str_equal(value, str_of(ROLES[i]))) {
			settings->role = (enum role)i;
			return NULL;
		}
	return "all, http or worker";
}

static const char *set_workers(struct settings *settings, struct str value)
{
	return read_number(value, 1, 64, &settings->workers) ? NULL : "a number from 1 to 64";
}

static const char *set_attempts(struct settings *settings, struct str value)
{
	return read_number(value, 1, 1000, &settings->attempts) ? NULL : "a number from 1 to 1000";
}

static const char *set_lease(struct settings *settings, struct str value)
{
	return read_number(value, 1, 3600, &settings->lease) ? NULL : "seconds, 1 to 3600";
}

static const char *set_retry(struct settings *settings, struct str value)
{
	return read_number(value, 1, 300000, &settings->retry) ? NULL : "milliseconds, 1 to 300000";
}

static const char *set_keep_days(struct settings *settings, struct str value)
{
	return read_number(value, 1, 3650, &settings->keep_days) ? NULL : "days, 1 to 3650";
}

static const char *set_saga_days(struct settings *settings, struct str value)
{
	return read_number(value, 1, 3650, &settings->saga_days) ? NULL : "days, 1 to 3650";
}

static const char *set_dead_days(struct settings *settings, struct str value)
{
	return read_number(value, 0, 3650, &settings->dead_days) ? NULL
								 : "days, 1 to 3650, or 0 for ever";
}

static const char *read_flag(struct str value, bool *out)
{
	*out = str_equal(value, STR("true"));
	return *out || str_equal(value, STR("false")) ? NULL : "true or false";
}

static const char *set_block_keys(struct settings *settings, struct str value)
{
	return read_flag(value, &settings->block_keys);
}

static const char *set_connections(struct settings *settings, struct str value)
{
	return read_number(value, 1, 1000, &settings->connections) ? NULL
								   : "a number from 1 to 1000";
}

static const char *set_deadline(struct settings *settings, struct str value)
{
	return read_number(value, 1, 86400, &settings->deadline) ? NULL : "seconds, 1 to 86400";
}

static const char *set_handler_deadline(struct settings *settings, struct str value)
{
	return read_number(value, 1, 86400, &settings->handler_deadline) ? NULL
									 : "seconds, 1 to 86400";
}

static const char *set_step_deadline(struct settings *settings, struct str value)
{
	return read_number(value, 1, 86400, &settings->step_deadline) ? NULL
								      : "seconds, 1 to 86400";
}

static const char *set_schedule_deadline(struct settings *settings, struct str value)
{
	return read_number(value, 1, 86400, &settings->schedule_deadline) ? NULL
									  : "seconds, 1 to 86400";
}

static const char *set_call_timeout(struct settings *settings, struct str value)
{
	return read_number(value, 1, 86400, &settings->call_timeout) ? NULL : "seconds, 1 to 86400";
}

static const char *set_drain(struct settings *settings, struct str value)
{
	return read_number(value, 0, 3600, &settings->drain) ? NULL : "seconds, 0 to 3600";
}

static const char *set_sample(struct settings *settings, struct str value)
{
	char text[32], *end;
	snprintf(text, sizeof text, "%.*s", STR_ARG(str_first(value, sizeof text - 1)));
	errno = 0;
	double ratio = strtod(text, &end);
	if (end == text || *end || errno || !(ratio >= 0 && ratio <= 1))
		return "a ratio from 0 to 1";
	settings->sample = ratio;
	return NULL;
}

static const char *set_otlp(struct settings *settings, struct str value)
{
	if (!str_starts(value, STR("http://")) && !str_starts(value, STR("https://")))
		return "an http or https URL";
	return copy(settings, value, &settings->otlp);
}

static const char *set_log(struct settings *settings, struct str value)
{
	char name[16];
	snprintf(name, sizeof name, "%.*s", STR_ARG(str_first(value, sizeof name - 1)));
	return log_level_parse(name, &settings->log) ? NULL : "debug, info, warn or error";
}

static const char *set_serve_ports(struct settings *settings, struct str value)
{
	return copy(settings, value, &settings->serve_ports);
}

static const char *set_tls_certificate(struct settings *settings, struct str value)
{
	return copy(settings, value, &settings->tls_certificate);
}

static const char *set_tls_key(struct settings *settings, struct str value)
{
	return copy(settings, value, &settings->tls_key);
}

static const char *set_tls_client_ca(struct settings *settings, struct str value)
{
	return copy(settings, value, &settings->tls_client_ca);
}

static const char *set_tls_ca(struct settings *settings, struct str value)
{
	return copy(settings, value, &settings->tls_ca);
}

static const char *set_inspect(struct settings *settings, struct str value)
{
	return read_flag(value, &settings->inspect);
}

static const char *set_pin(struct settings *settings, struct str value)
{
	return read_flag(value, &settings->pin);
}

/* ---- the table ---- */

static const struct setting {
	const char *name;
	const char *value;
	const char *help;
	const char *(*set)(struct settings *settings, struct str value);
} SETTINGS[] = {
	{"listen", "ADDRESS:PORT", "where HTTP is answered; 127.0.0.1:8080", set_listen},
	{"store", "LOCATION", "sqlite:PATH or postgresql://...; a file in the data folder",
	 set_store},
	{"data", "FOLDER", "for the data, made if need be; data", set_data},
	{"role", "http|worker|all", "answers requests, delivers events, or both; all", set_role},
	{"workers", "NUMBER", "threads that deliver events; 2", set_workers},
	{"attempts", "NUMBER", "to handle an event, before it is a dead letter; 8", set_attempts},
	{"lease", "SECONDS", "after which what a dead process had taken is free again; 15",
	 set_lease},
	{"retry", "MILLISECONDS", "before a second attempt, at most; then doubled; 200", set_retry},
	{"keep-days", "NUMBER", "that handled events stay, to be replayed; 7", set_keep_days},
	{"dead-days", "NUMBER", "that dead letters stay; 0: until they are dealt with; 0",
	 set_dead_days},
	{"saga-days", "NUMBER", "that ended sagas stay, and their ids are known; 30",
	 set_saga_days},
	{"block-keys", "true|false", "a dead letter holds back later events of its key; false",
	 set_block_keys},
	{"connections", "NUMBER", "to the store, at most; 16", set_connections},
	{"deadline", "SECONDS", "that a request may take; 30", set_deadline},
	{"handler-deadline", "SECONDS", "that the handler of an event may take; 60",
	 set_handler_deadline},
	{"step-deadline", "SECONDS", "that an attempt of a saga's step may take; 60",
	 set_step_deadline},
	{"schedule-deadline", "SECONDS", "that the handler of a schedule may take; 300",
	 set_schedule_deadline},
	{"call-timeout", "SECONDS",
	 "that a handler of an event, a step or a schedule waits for another process; 10",
	 set_call_timeout},
	{"drain", "SECONDS", "for what is under way when asked to end; 10", set_drain},
	{"pin", "true|false", "whether each loop of HTTP keeps to a processor of its own; false",
	 set_pin},
	{"sample", "RATIO", "of traces that are recorded, 0 to 1; 1", set_sample},
	{"otlp", "URL", "of a collector of traces; $OTEL_EXPORTER_OTLP_ENDPOINT", set_otlp},
	{"log", "LEVEL", "least that is logged: debug, info, warn, error; info", set_log},
	{"serve-ports", "PORT,...|all", "that modules of other processes may call; none",
	 set_serve_ports},
	{"admin", "ADDRESS:PORT|PATH|true",
	 "where breakers may be seen and forced; true: where HTTP is answered, if on this machine "
	 "alone; false",
	 set_admin},
	{"tls-certificate", "FILE", "PEM: HTTP is answered over TLS with it; none",
	 set_tls_certificate},
	{"tls-key", "FILE", "PEM: of the certificate, without a password; none", set_tls_key},
	{"tls-client-ca", "FILE", "PEM: whose certificates all clients must show; none",
	 set_tls_client_ca},
	{"tls-ca", "FILE",
	 "PEM: whose certificates other processes show; tls-client-ca, or the system's",
	 set_tls_ca},
	{"inspect", "true|false", "whether /ashlar/ shows modules and traces to anyone; false",
	 set_inspect},
};

#define SETTING_COUNT (sizeof SETTINGS / sizeof *SETTINGS)

bool settings_at(size_t index, const char **name, const char **value, const char **help)
{
	if (index >= SETTING_COUNT)
		return false;
	*name = SETTINGS[index].name;
	*value = SETTINGS[index].value;
	*help = SETTINGS[index].help;
	return true;
}

void settings_init(struct settings *settings)
{
	*settings = (struct settings){
		.address = "127.0.0.1",
		.port = 8080,
		.data = "data",
		.workers = 2,
		.attempts = 8,
		.lease = 15,
		.retry = 200,
		.keep_days = 7,
		.saga_days = 30,
		.connections = 16,
		.deadline = 30,
		.handler_deadline = 60,
		.step_deadline = 60,
		.schedule_deadline = 300,
		.call_timeout = 10,
		.drain = 10,
		.sample = 1,
		.log = LOG_INFO_LEVEL,
		.clock = &clock_system,
		.otlp = getenv("OTEL_EXPORTER_OTLP_ENDPOINT"),
	};
	if (settings->otlp && !*settings->otlp)
		settings->otlp = NULL;
}

void settings_release(struct settings *settings)
{
	arena_release(&settings->arena);
}

/* ", did you mean" as a text, or "". */
static void suggest(struct str name, char *out, size_t size)
{
	struct str names[SETTING_COUNT];
	for (size_t i = 0; i < SETTING_COUNT; i++)
		names[i] = str_of(SETTINGS[i].name);
	struct str nearest = str_nearest(name, names, SETTING_COUNT);
	if (nearest.length)
		snprintf(out, size, "; did you mean '%.*s'?", STR_ARG(nearest));
	else
		*out = '\0';
}

const char *settings_set(struct settings *settings, struct str name, struct str value, bool *known,
			 char *buffer, size_t size)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (!str_equal(name, str_of(SETTINGS[i].name)))
			continue;
		*known = true;
		settings->places[i] = (struct setting_place){0};
		const char *wanted = SETTINGS[i].set(settings, value);
		if (!wanted)
			return NULL;
		snprintf(buffer, size, "'%s' is not %s: it should be %s", excerpt_of(value).text,
			 SETTINGS[i].name, wanted);
		return buffer;
	}
	char nearest[100];
	*known = false;
	suggest(name, nearest, sizeof nearest);
	snprintf(buffer, size, "there is no setting '%s'%s", excerpt_of(name).text, nearest);
	return buffer;
}

struct setting_place settings_place(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strcmp(SETTINGS[i].name, name) == 0)
			return settings->places[i];
	return (struct setting_place){0};
}

void settings_mistake(const struct settings *settings, const char *name, struct error_list *errors,
		      const char *format, ...)
{
	struct setting_place place = settings_place(settings, name);
	char message[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	error_list_at(errors, ERROR_INVALID, place.file, place.line, place.column, "%s%s: %s",
		      place.file ? "" : "--", name, message);
}

/* ---- the file ---- */

/* What says where modules are is read by placement/. */
static bool is_of_placement(struct str key)
{
	const char *name;
	for (size_t i = 0; (name = placement_key(i)); i++)
		if (str_equal(str_of(name), key))
			return true;
	return false;
}

static void note_place(struct settings *settings, struct str name,
		       const struct setting_place *place)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (str_equal(name, str_of(SETTINGS[i].name)))
			settings->places[i] = *place;
}

static void read_node(struct settings *settings, const char *file, const struct yaml_node *node,
		      struct error_list *errors)
{
	char wrong[512];
	bool known;
	const struct yaml_node *place = node;
	const char *why;
	if (node->kind == YAML_BROKEN || is_of_placement(node->key->text))
		return;
	if (node->kind == YAML_SCALAR) {
		why = settings_set(settings, node->key->text, node->text, &known, wrong,
				   sizeof wrong);
		place = known ? node : node->key;
		note_place(settings, node->key->text,
			   &(struct setting_place){file, node->line, node->column});
	} else {
		snprintf(wrong, sizeof wrong, "'%s' has %s where a text should be",
			 excerpt_of(node->key->text).text, yaml_kind_name(node->kind));
		why = wrong;
	}
	if (why)
		error_list_at(errors, ERROR_INVALID, file, place->line, place->column, "%s", why);
}

int settings_read(struct settings *settings, const char *file, struct error_list *errors,
		  struct error *error)
{
	_cleanup_(text_release) struct text source = {0};
	_cleanup_(yaml_parser_release) struct yaml_parser parser = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	struct yaml_document document = {0};
	if (file_read(file, SETTINGS_FILE_LIMIT, &source, error) < 0 ||
	    yaml_parse(&parser, file, text_str(&source), &arena, &document, errors, error) < 0)
		return -1;
	const struct yaml_node *root = document.root;
	if (!root || root->kind == YAML_BROKEN)
		return 0;
	if (root->kind != YAML_MAPPING) {
		error_list_at(errors, ERROR_SYNTAX, file, root->line, root->column,
			      "a deployment file is a mapping, this is %s",
			      yaml_kind_name(root->kind));
		return 0;
	}
	for (const struct yaml_node *node = root->first; node; node = node->next)
		read_node(settings, file, node, errors);
	return 0;
}

/* ---- one process of the file ---- */

void settings_copy(const struct settings *settings, struct settings *out)
{
	*out = *settings;
	out->arena = (struct arena){0};
}

/* Why a process has no such setting of its own; NULL: it may have it. */
static const char *why_not_its_own(const char *name)
{
	static const struct {
		const char *name;
		const char *why;
	} OTHERS[] = {
		{"listen", "it is a key of the process itself, beside its 'settings'"},
		{"role", "it is a key of the process itself, beside its 'settings'"},
		{"store", "all processes share one: give it at the top of the file"},
		{"data", "all processes share one: give it at the top of the file"},
	};
	for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
		if (strcmp(OTHERS[i].name, name) == 0)
			return OTHERS[i].why;
	return NULL;
}

static void take_one(struct settings *settings, const char *file, const struct placed *name,
		     const struct placed *value, struct error_list *errors)
{
	const struct setting_place place = {file, value->line, value->column};
	char wrong[512];
	bool known;
	const char *why = settings_set(settings, str_of(name->text), str_of(value->text), &known,
				       wrong, sizeof wrong);
	note_place(settings, str_of(name->text), &place);
	if (why)
		error_list_at(errors, ERROR_INVALID, file, known ? value->line : name->line,
			      known ? value->column : name->column, "%s", why);
}

void settings_take(struct settings *settings, const struct placement *placement,
		   const struct placement_process *process, struct error_list *errors)
{
	static const enum role ROLES[] = {[PLACEMENT_ALL] = ROLE_ALL,
					  [PLACEMENT_HTTP] = ROLE_HTTP,
					  [PLACEMENT_WORKER] = ROLE_WORKER};
	static const struct placed LISTEN = {.text = "listen"};
	settings->role = ROLES[process->role];
	settings->process = process;
	if (process->listen.text)
		take_one(settings, placement->file, &LISTEN, &process->listen, errors);
	for (size_t i = 0; i < process->setting_count; i++) {
		const struct placement_setting *own = &process->settings[i];
		const char *why = why_not_its_own(own->name.text);
		if (why)
			error_list_at(errors, ERROR_INVALID, placement->file, own->name.line,
				      own->name.column, "'%s' is no setting of a process alone: %s",
				      own->name.text, why);
		else
			take_one(settings, placement->file, &own->name, &own->value, errors);
	}
}
