/* SPDX-License-Identifier: Apache-2.0 */
/* The bound of connections over HTTP. Must not know what they ask. */
#include "app/crowd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/crew.h"
#include "base/descriptors.h"

/* Where files are not scarce. */
#define CROWD_MOST 16384

/* A process that lets in fewer says so when it starts. */
#define CROWD_FEW 1024

/* Open files: of a connection to the store (SQLite's has a log), of an HTTP loop, and of the rest:
 * streams, listeners, bells, the collector, what SQLite shares, files that are read and sent. */
enum { FILES_OF_SESSION = 2, FILES_OF_LOOP = 2, FILES_OF_REST = 32 };

static const struct log_origin NOBODY = {0};

uint32_t crowd_bound(uint32_t files, unsigned store, unsigned other)
{
	uint64_t reserve = (uint64_t)store * FILES_OF_SESSION + other +
			   (uint64_t)crew_size() * FILES_OF_LOOP + FILES_OF_REST;
	/* So few that all of the store's connections may not be had: they rarely are. */
	uint64_t least = files / 8 ? files / 8 : 1;
	uint64_t bound = files > reserve + least ? files - reserve : least;
	return bound < CROWD_MOST ? (uint32_t)bound : CROWD_MOST;
}

void crowd_tell(void *logger, const struct http_turned_away *turned)
{
	bool full = turned->why == HTTP_REJECTED_CONNECTIONS;
	if (full)
		log_write(logger, LOG_WARN_LEVEL, &NOBODY,
			  "connections are turned away (%" PRIu64 " since this was told last): all "
			  "%u that are taken at once are open, of %u files (ulimit -n)",
			  turned->count, turned->bound, descriptors_limit());
	else
		log_write(logger, LOG_ERROR_LEVEL, &NOBODY,
			  "connections are not accepted: %s (%" PRIu64 " times since this was told "
			  "last; %u files may be open, see ulimit -n)",
			  strerror(turned->error), turned->count, descriptors_limit());
}

void crowd_tell_bound(const struct logger *logger, uint32_t bound, uint32_t files)
{
	if (bound < CROWD_FEW)
		log_write(logger, LOG_WARN_LEVEL, &NOBODY,
			  "takes %u connections over HTTP at once, as only %u files may be open "
			  "(ulimit -Hn; LimitNOFILE of systemd)",
			  bound, files);
}
