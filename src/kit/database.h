/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KIT_DATABASE_H
#define KIT_DATABASE_H

#include "base/fault.h"

/* A database of PostgreSQL that is there for one test. */

#define KIT_URL_SIZE  2048
#define KIT_NAME_SIZE 64

struct kit_database {
	const char *server;       /* URL of the one over which it is made; NULL: there is none */
	char url[KIT_URL_SIZE];   /* its own */
	char name[KIT_NAME_SIZE]; /* its name */
};

/* Makes an empty database beside the one that `server` names, which must outlive it. Errors:
 * ASH_UNAVAILABLE (no connection), ASH_PERMISSION_DENIED (the login may not make databases),
 * ASH_INVALID_ARGUMENT (no URL), ASH_RESOURCE_EXHAUSTED. */
ash_status kit_database_make(struct kit_database *database, const char *server,
			     struct fault *fault) ASH_MUST_CHECK;

/* Drops it, where it was made. What fails is left to the server's owner. */
void kit_database_drop(struct kit_database *database);

#endif
