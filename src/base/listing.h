/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LISTING_H
#define BASE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/text.h"

struct listing_entry {
	const char *name; /* NUL-terminated */
	uint32_t length;
	bool is_folder;
	bool is_link; /* a symbolic link to a regular file */
	uint64_t key; /* first bytes of the name, for sorting */
};

/* The regular files, links to such, and folders in one folder; not ".git", nor anything else.
 * A zeroed struct is an empty listing; it is made to be used again for many folders. */
struct listing {
	struct listing_entry *entries; /* in git's order: bytes, a folder as if '/' ended it */
	size_t count;
	size_t capacity;
	bool has_git;    /* there is a ".git", of whatever kind */
	bool has_ignore; /* there is a ".gitignore" that is a regular file */
	struct text names;
	char *buffer;
};

/* Frees what the listing holds; it is then empty. */
void listing_release(struct listing *listing);

/* Reads the folder that is open at `fd`, from where its offset is. Returns 0 or the system's
 * error number; ENOMEM without memory, EOVERFLOW when there are more than `limit` entries, of which
 * then the first of the folder's own order are listed. */
int listing_read(struct listing *listing, int fd, size_t limit) must_check;

/* The name, valid until the next listing_read(). */
static inline struct str listing_name(const struct listing_entry *entry)
{
	return (struct str){entry->name, entry->length};
}

#endif
