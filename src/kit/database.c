/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and drops a database over libpq. Knows no application. */
#include "kit/database.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"

static void connection_freep(PGconn **connection)
{
	PQfinish(*connection);
}

static void options_freep(PQconninfoOption **options)
{
	PQconninfoFree(*options);
}

static ash_status run(const char *server, const char *command, struct fault *fault)
{
	_cleanup_(connection_freep) PGconn *connection = PQconnectdb(server);
	if (PQstatus(connection) != CONNECTION_OK)
		return fault_set(fault, ASH_UNAVAILABLE, "%.*s",
				 STR_ARG(str_trim(str_of(PQerrorMessage(connection)))));
	PGresult *result = PQexec(connection, command);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return done ? ASH_OK
		    : fault_set(fault, ASH_PERMISSION_DENIED, "%.*s",
				STR_ARG(str_trim(str_of(PQerrorMessage(connection)))));
}

static void add_escaped(struct text *url, const char *value)
{
	for (; *value; value++)
		text_addf(url, "%%%02X", (unsigned)(unsigned char)*value);
}

/* The URL with another database: all that was given goes on as parameters. */
static ash_status write_url(struct kit_database *database, struct fault *fault)
{
	char *message = NULL;
	_cleanup_(text_release) struct text url = {0};
	_cleanup_(options_freep) PQconninfoOption *options =
		PQconninfoParse(database->server, &message);
	if (!options) {
		fault_set(fault, ASH_INVALID_ARGUMENT, "%s", message ? message : "no memory");
		PQfreemem(message);
		return ASH_INVALID_ARGUMENT;
	}
	text_addf(&url, "postgresql:///%s", database->name);
	char separator = '?';
	for (const PQconninfoOption *option = options; option->keyword; option++) {
		if (!option->val || strcmp(option->keyword, "dbname") == 0)
			continue;
		text_addf(&url, "%c%s=", separator, option->keyword);
		add_escaped(&url, option->val);
		separator = '&';
	}
	if (url.failed || url.length >= sizeof database->url)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "the URL is too long");
	snprintf(database->url, sizeof database->url, "%s", url.at);
	return ASH_OK;
}

ash_status kit_database_make(struct kit_database *database, const char *server, struct fault *fault)
{
	char command[KIT_NAME_SIZE + 32];
	*database = (struct kit_database){.server = server};
	snprintf(database->name, sizeof database->name, "ashlar_test_%d_%08x", (int)getpid(),
		 (unsigned)random_u64());
	snprintf(command, sizeof command, "create database %s", database->name);
	ash_status status = write_url(database, fault);
	if (status == ASH_OK)
		status = run(server, command, fault);
	if (status != ASH_OK)
		database->server = NULL;
	return status;
}

void kit_database_drop(struct kit_database *database)
{
	char command[KIT_NAME_SIZE + 64];
	struct fault ignored;
	if (!database->server)
		return;
	snprintf(command, sizeof command, "drop database if exists %s with (force)",
		 database->name);
	run(take(database->server), command, &ignored);
}
