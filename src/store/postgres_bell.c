/* SPDX-License-Identifier: Apache-2.0 */
/* The bell on PostgreSQL: NOTIFY and LISTEN over a connection of its own. Knows no module, and
 * needs no right. Not in the publisher's transaction: a transaction that notifies holds a lock of
 * the whole database until it is on the disk, so that all who publish would commit one after the
 * other.
 *
 * Invariant: after every connection made anew the bell is rung once, for what was missed. */
#include <stdio.h>

#include "base/clock.h"
#include "bell.h"
#include "postgres.h"

/* Between two rings, so that who publishes much rings little. */
#define GAP (2 * 1000 * 1000ULL)

#define FIRST_PAUSE   (50 * 1000 * 1000ULL)
#define LONGEST_PAUSE (5 * 1000 * 1000 * 1000ULL)

struct line {
	struct store_bell *bell;
	PGconn *connection;
	uint64_t pause;
	uint64_t rang; /* when, by clock_monotonic() */
	char channel[2 * TOKEN_NAME_LIMIT];
};

bool postgres_can_watch(const struct store_bell *bell)
{
	(void)bell;
	return true;
}

static bool say(struct line *line, const char *verb)
{
	char sql[sizeof line->channel + 16];
	snprintf(sql, sizeof sql, "%s \"%s\"", verb, line->channel);
	PGresult *result = PQexec(line->connection, sql);
	bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return good;
}

static bool dial(struct line *line)
{
	line->connection = postgres_connect(line->bell->store, "ashlar bell");
	bool good = PQstatus(line->connection) == CONNECTION_OK;
	if (good && line->bell->rung) {
		good = say(line, "listen");
		if (good)
			line->bell->rung(line->bell->context);
	}
	return good;
}

static void hang_up(struct line *line)
{
	PQfinish(line->connection);
	line->connection = NULL;
	line->pause = line->pause ? line->pause * 2 : FIRST_PAUSE;
	if (line->pause > LONGEST_PAUSE)
		line->pause = LONGEST_PAUSE;
}

/* Rings if that was asked for and is not too soon; false when the connection is lost. `*wait` is
 * how long nothing is to be done. */
static bool ring(struct line *line, uint64_t *wait)
{
	uint64_t now = clock_monotonic();
	*wait = BELL_FOR_EVER;
	if (!atomic_load(&line->bell->asked))
		return true;
	if (now - line->rang < GAP) {
		*wait = GAP - (now - line->rang);
		return true;
	}
	line->rang = now;
	atomic_store(&line->bell->asked, false);
	if (say(line, "notify"))
		return true;
	atomic_store(&line->bell->asked, true);
	return false;
}

/* False when the connection is lost. */
static bool hear(struct line *line)
{
	PGnotify *heard;
	bool others = false;
	if (!PQconsumeInput(line->connection))
		return false;
	while ((heard = PQnotifies(line->connection))) {
		others |= heard->be_pid != PQbackendPID(line->connection);
		PQfreemem(heard);
	}
	if (others && line->bell->rung)
		line->bell->rung(line->bell->context);
	return true;
}

void postgres_watch(struct store_bell *bell)
{
	struct line line = {.bell = bell};
	uint64_t wait;
	bool on = true;
	snprintf(line.channel, sizeof line.channel, "%sbell", bell->store->role_prefix);
	while (on) {
		if (!line.connection && !dial(&line)) {
			hang_up(&line);
			on = bell_wait(bell, -1, line.pause);
		} else if (!ring(&line, &wait) || !hear(&line)) {
			hang_up(&line);
		} else {
			line.pause = 0;
			on = bell_wait(bell, PQsocket(line.connection), wait);
		}
	}
	if (line.connection && atomic_exchange(&bell->asked, false))
		say(&line, "notify");
	PQfinish(line.connection);
}
