/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the file of a database is where it was opened. Who has a file open goes on to read and
 * write it when it was removed or another was put in its place, and all that would be lost.
 * Invariant: once a connection was made, no other file is opened or made in its place. */
#include <errno.h>
#include <sys/stat.h>

#include "sqlite.h"

static bool is_there(const struct sqlite_shared *shared)
{
	struct stat about;
	if (stat(shared->uri, &about) == 0)
		return about.st_dev == shared->place.device && about.st_ino == shared->place.inode;
	return errno != ENOENT && errno != ENOTDIR;
}

void sqlite_note_place(const struct store *store)
{
	struct sqlite_shared *shared = store->shared;
	struct stat about;
	pthread_mutex_lock(&shared->damage.lock);
	if (strcmp(store->location, ":memory:") != 0 && !atomic_load(&shared->place.known) &&
	    stat(shared->uri, &about) == 0) {
		shared->place.device = about.st_dev;
		shared->place.inode = about.st_ino;
		atomic_store(&shared->place.known, true);
	}
	pthread_mutex_unlock(&shared->damage.lock);
}

ash_status sqlite_refuse_moved(const struct store *store, struct fault *fault)
{
	const struct sqlite_shared *shared = store->shared;
	if (!atomic_load(&shared->place.known) || is_there(shared))
		return ASH_OK;
	return fault_outage(fault,
			    fault_set(fault, ASH_UNAVAILABLE,
				      "the database %s was removed, moved or replaced while this "
				      "process has it open: nothing is written any more; end all "
				      "that use it, put the file in its place and start again",
				      store->location));
}
