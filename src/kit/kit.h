/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KIT_KIT_H
#define KIT_KIT_H

#include <ashlar/test.h>

#include "app/host.h"
#include "kit/database.h"

/* Between the files of the test kit. */

/* Bytes of the log that are kept to be shown with what does not hold. */
#define KIT_LOG_LIMIT ((size_t)16 << 10)

/* Things of one kind that a failure lists. */
#define KIT_LIST_LIMIT 40

/* How long the store may take, in nanoseconds: a test that holds a transaction open itself is to be
 * told so. */
#define KIT_PATIENCE ((uint64_t)5 * 1000000000)

/* The time goes on by itself for deadlines, which are of the real world; what the application takes
 * for the time of day stands still. */
struct kit_clock {
	struct clock clock; /* first */
	uint64_t ahead;     /* of the system's monotonic clock, in nanoseconds */
	int64_t wall;       /* microseconds since 1970 */
};

/* A request that the test makes. */
struct kit_call {
	struct request request;
	struct ash_call call;
	struct kit_call *next;
};

/* An event that was published. */
struct kit_event {
	int64_t id;
	const char *name;
	const ash_event *type; /* NULL: nobody publishes it any more */
	void *message;
	bool found; /* by an expectation */
};

struct kit_answer;

struct ash_test {
	ash_test_options options;
	bool open; /* the caller has it */
	struct kit_database database;
	struct settings settings;
	struct kit_clock clock;
	struct host host;
	ash_module outside_module;
	struct member outside;
	struct kit_call *calls;     /* the newest first */
	struct http_client *client; /* of the server on this machine; NULL before a request */
	struct kit_answer *answers; /* the newest first */
	struct kit_event *events;
	size_t event_count, event_capacity;
	struct arena arena; /* of events */
	struct text log;
};

/* Where an expectation stands. */
struct kit_place {
	ash_test *test;
	const char *file;
	int line;
};

/* Adds what the log warned of, and ends the test with the text as its message, which is freed where
 * it does not return by another way. */
_Noreturn void kit_fail_text(const struct kit_place *place, struct text *message);

/* The same with a formatted message. */
_Noreturn void kit_fail(const struct kit_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends the test where `status` is not ASH_OK. `doing` is what failed: "reading the outbox". */
void kit_require(const struct kit_place *place, ash_status status, const char *doing,
		 const struct fault *fault);

/* send.c: ends the server, if there is one, and frees the answers. */
void kit_stop_server(ash_test *test);

/* The module of that name; ends the test where there is none. */
const struct member *kit_member(const struct kit_place *place, const char *module);

#endif
