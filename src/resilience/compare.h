/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_COMPARE_H
#define RESILIENCE_COMPARE_H

#include <pthread.h>

#include "base/arena.h"
#include "base/map.h"
#include "message/message.h"
#include "resilience/dial.h"

/* What two implementations of one method answer to the same requests: how often it is the same,
 * and where it is not. What one of them answers differently to the same request is noise: times,
 * ids that are made anew, the order of a set. Any thread. */

/* Fields in which answers differ that are told apart, and bytes of an example with its NUL. */
#define COMPARE_FIELD_LIMIT 200
#define COMPARE_VALUE_SIZE  100

/* The path of two statuses that differ. */
#define COMPARE_STATUS "(status)"

struct compare_field {
	const char *path;  /* "items.cents" */
	uint64_t differed; /* calls in which both sides differ here */
	uint64_t noise;    /* calls in which `from` differs from itself */
	uint64_t seen[2];  /* the last call that counted in each, for compare.c */
	char example[DIAL_SIDES][COMPARE_VALUE_SIZE]; /* of the first of `differed`, if any */
};

struct compare_counts {
	uint64_t calls; /* of which */
	uint64_t equal;
	uint64_t noisy;     /* differ only in fields that are noise */
	uint64_t different; /* in others, too */
	uint64_t repeated;  /* calls in which `from` was asked twice */
	uint64_t others;    /* differences in fields over COMPARE_FIELD_LIMIT */
	uint64_t failures[DIAL_SIDES];
	uint64_t took[DIAL_SIDES];  /* nanoseconds, of all calls */
	uint64_t worst[DIAL_SIDES]; /* and of the longest */
};

struct compare {
	const ProtobufCMessageDescriptor *type; /* of the replies */
	const struct map *ignored;              /* paths; NULL: none. Lives as long */
	pthread_mutex_t lock;
	struct arena arena;
	struct map by_path;
	struct compare_field *fields; /* in the order in which they were met */
	size_t field_count;
	struct compare_counts counts;
};

/* How one side answered. */
struct compare_answer {
	ash_status status;
	const void *reply; /* looked at where the status is ASH_OK */
	uint64_t took;     /* nanoseconds */
};

struct compare_call {
	struct compare_answer answers[DIAL_SIDES];
	const struct compare_answer *again; /* of `from`, asked twice; or NULL */
};

enum compare_verdict { COMPARE_EQUAL, COMPARE_NOISY, COMPARE_DIFFERENT, COMPARE_VERDICTS };

/* False without memory. */
bool compare_init(struct compare *compare, const ProtobufCMessageDescriptor *type,
		  const struct map *ignored) must_check;

/* Takes a zeroed struct. */
void compare_release(struct compare *compare);

/* Counts a call. A field is noise in it where `from` differed from itself there, in this call, or
 * in the calls so far at least half as often as both sides do. What cannot be compared for want of
 * memory counts as different. */
enum compare_verdict compare_count(struct compare *compare, const struct compare_call *call);

/* Whether a field with these numbers is noise after so many calls. */
bool compare_is_noise(const struct compare_field *field, const struct compare_counts *counts);

/* Copies all of it as it stands; returns the number of fields, at most `most`. Their paths live as
 * long as `compare`. */
size_t compare_look(struct compare *compare, struct compare_counts *counts,
		    struct compare_field *fields, size_t most);

#endif
