/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the disk has room. A write that failed says that it has none; a small one that succeeds
 * does not say that it has some again: pages of what was taken back lie in the log and are used
 * anew. So room is looked for with a file of some size, which nobody sees. */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* Bytes that must find room beside the database. */
#define ROOM ((size_t)256 << 10)

void sqlite_note_failure(const struct store *store, int code)
{
	struct sqlite_shared *shared = store->shared;
	if ((code & 0xFF) == SQLITE_FULL || code == SQLITE_IOERR_WRITE)
		atomic_store(&shared->full, true);
}

static int write_all(int file, size_t size)
{
	static const char zeros[16384];
	while (size) {
		size_t part = size < sizeof zeros ? size : sizeof zeros;
		ssize_t written = write(file, zeros, part);
		if (written < 0 && errno != EINTR)
			return -1;
		size -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

/* 0, or an errno. */
static int try_room(char *template)
{
	int file = mkostemp(template, O_CLOEXEC);
	if (file < 0)
		return errno;
	unlink(template);
	int error = write_all(file, ROOM) < 0 ? errno : 0;
	close(file);
	return error;
}

ash_status sqlite_find_room(struct store *store, struct fault *fault)
{
	struct sqlite_shared *shared = store->shared;
	_cleanup_(text_release) struct text template = {0};
	if (!atomic_load(&shared->full) || strcmp(store->location, ":memory:") == 0)
		return ASH_OK;
	text_addf(&template, "%s-room-XXXXXX", store->location);
	if (template.failed)
		return fault_memory(fault);
	store_wait(store, true);
	int error = try_room(template.at);
	store_wait(store, false);
	if (error == 0) {
		atomic_store(&shared->full, false);
		return ASH_OK;
	}
	fault_set(fault, ASH_UNAVAILABLE,
		  "SQLite: a write failed, and there is still no room beside %s: %s",
		  store->location, strerror(error));
	return fault_outage(fault, ASH_UNAVAILABLE);
}
