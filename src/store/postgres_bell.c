/* SPDX-License-Identifier: Apache-2.0 */
/* The bell on PostgreSQL: NOTIFY and LISTEN over a connection of its own. Knows no module, and
 * needs no right. Not in the publisher's transaction: a transaction that notifies holds a lock of
 * the whole database until it is on the disk, so that all who publish would commit one after the
 * other.
 *
 * Invariant: after every connection made anew the bell is rung once, for what was missed. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bell.h"
#include "postgres.h"

/* Between two rings, so that who publishes much rings little. */
#define GAP (2 * 1000 * 1000ULL)

/* How long the server may take to answer. */
#define PATIENCE (5 * 1000 * 1000 * 1000ULL)

#define FIRST_PAUSE   (50 * 1000 * 1000ULL)
#define LONGEST_PAUSE (5 * 1000 * 1000 * 1000ULL)

struct wire {
	struct bell_line *line;
	PGconn *connection;
	bool listens;
	uint64_t pause;
	uint64_t rang; /* when, by clock_monotonic() */
	char channel[2 * TOKEN_NAME_LIMIT];
};

bool postgres_can_watch(const struct store *store, bool listens)
{
	(void)store, (void)listens;
	return true;
}

/* Whether there is an answer, or the end of them, within PATIENCE. */
static bool is_answered(struct wire *wire)
{
	uint64_t end = clock_monotonic() + PATIENCE;
	while (PQisBusy(wire->connection)) {
		uint64_t now = clock_monotonic();
		struct pollfd socket = {PQsocket(wire->connection), POLLIN, 0};
		int left = now < end ? (int)((end - now) / 1000000) + 1 : 0;
		if (left == 0 || (poll(&socket, 1, left) < 0 && errno != EINTR))
			return false;
		if (socket.revents && !PQconsumeInput(wire->connection))
			return false;
	}
	return true;
}

/* libpq would wait for ever for a server that hangs. */
static bool say(struct wire *wire, const char *sql)
{
	PGresult *result;
	bool good = PQsendQuery(wire->connection, sql);
	bool ended = false;
	while (good && !ended) {
		good = is_answered(wire);
		result = good ? PQgetResult(wire->connection) : NULL;
		ended = !result;
		good &= ended || PQresultStatus(result) == PGRES_COMMAND_OK;
		PQclear(result);
	}
	return good;
}

static bool listen(struct wire *wire)
{
	char sql[sizeof wire->channel + 16];
	snprintf(sql, sizeof sql, "listen \"%s\"", wire->channel);
	return say(wire, sql);
}

static bool notify(struct wire *wire, uint64_t about)
{
	char sql[sizeof wire->channel + 48];
	snprintf(sql, sizeof sql, "notify \"%s\", '%" PRIx64 "'", wire->channel, about);
	return say(wire, sql);
}

static bool dial(struct wire *wire)
{
	wire->connection = postgres_connect(wire->line->store, "ashlar bell", STORE_NO_DEADLINE);
	wire->listens = false;
	return PQstatus(wire->connection) == CONNECTION_OK;
}

/* Listens from when somebody wants to hear; false when the connection is lost. */
static bool attend(struct wire *wire)
{
	bool begins = !wire->listens && bell_is_heard(wire->line);
	if (begins && !listen(wire))
		return false;
	wire->listens |= begins;
	atomic_store(&wire->line->works, wire->listens);
	bell_call(wire->line, begins ? STORE_BELL_ALL : 0);
	return true;
}

/* Who listens is told, and looks more often until there is a new one. */
static void hang_up(struct wire *wire)
{
	bool heard = atomic_exchange(&wire->line->works, false);
	PQfinish(wire->connection);
	wire->connection = NULL;
	wire->pause = wire->pause ? wire->pause * 2 : FIRST_PAUSE;
	if (wire->pause > LONGEST_PAUSE)
		wire->pause = LONGEST_PAUSE;
	if (heard)
		bell_call(wire->line, STORE_BELL_ALL);
}

/* Rings if that was asked for and is not too soon; false when the connection is lost. `*wait` is
 * how long nothing is to be done. */
static bool ring(struct wire *wire, uint64_t *wait)
{
	uint64_t now = clock_monotonic();
	*wait = BELL_FOR_EVER;
	if (!atomic_load(&wire->line->asked))
		return true;
	if (now - wire->rang < GAP) {
		*wait = GAP - (now - wire->rang);
		return true;
	}
	wire->rang = now;
	uint64_t about = atomic_exchange(&wire->line->asked, 0);
	if (notify(wire, about))
		return true;
	atomic_fetch_or(&wire->line->asked, about);
	return false;
}

/* Who says nothing of it means all. */
static uint64_t about_what(const PGnotify *heard)
{
	return heard->extra[0] ? strtoull(heard->extra, NULL, 16) : STORE_BELL_ALL;
}

/* False when the connection is lost. */
static bool hear(struct wire *wire)
{
	PGnotify *heard;
	uint64_t about = 0;
	if (!PQconsumeInput(wire->connection))
		return false;
	while ((heard = PQnotifies(wire->connection))) {
		if (heard->be_pid != PQbackendPID(wire->connection))
			about |= about_what(heard);
		PQfreemem(heard);
	}
	if (about)
		bell_call(wire->line, about);
	return true;
}

void postgres_watch(struct bell_line *line)
{
	struct wire wire = {.line = line};
	uint64_t wait;
	bool on = true;
	snprintf(wire.channel, sizeof wire.channel, "%sbell", line->store->role_prefix);
	while (on) {
		if (!wire.connection && !dial(&wire)) {
			hang_up(&wire);
			on = bell_wait(line, -1, wire.pause);
		} else if (!attend(&wire) || !ring(&wire, &wait) || !hear(&wire)) {
			hang_up(&wire);
		} else {
			wire.pause = 0;
			on = bell_wait(line, PQsocket(wire.connection), wait);
		}
	}
	uint64_t about = atomic_exchange(&line->asked, 0);
	if (wire.connection && about)
		notify(&wire, about);
	PQfinish(wire.connection);
}
