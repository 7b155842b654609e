/* SPDX-License-Identifier: Apache-2.0 */
/* Reads folders with as few system calls as there can be: the kind of an entry comes with its
 * name, and is asked for only where the file system does not tell. Knows no ignore rules. */
#include "base/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"

enum { BUFFER_SIZE = 32 * 1024, KEY_SIZE = 8 };

void listing_release(struct listing *listing)
{
	mem_free(listing->entries);
	mem_free(listing->buffer);
	text_release(&listing->names);
	*listing = (struct listing){0};
}

/* Finds out what a link or an entry of unknown kind is; false when it is nothing to list. */
static bool look_closer(int fd, const char *name, struct listing_entry *entry)
{
	struct stat status;
	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	entry->is_folder = S_ISDIR(status.st_mode);
	entry->is_link = S_ISLNK(status.st_mode);
	if (entry->is_link && fstatat(fd, name, &status, 0) < 0)
		return false;
	return entry->is_folder || S_ISREG(status.st_mode);
}

/* Whether the entry is to be listed; then its kind is set. */
static bool is_listed(int fd, const struct dirent64 *from, struct listing_entry *entry)
{
	switch (from->d_type) {
	case DT_REG: return true;
	case DT_DIR: return entry->is_folder = true;
	case DT_LNK:
	case DT_UNKNOWN: return look_closer(fd, from->d_name, entry);
	default: return false;
	}
}

/* Sorts like the name with a '/' behind a folder's; the rest is compared when keys are equal. */
static uint64_t sort_key(struct str name, bool is_folder)
{
	unsigned char start[KEY_SIZE] = {0};
	memcpy(start, name.at, name.length < KEY_SIZE ? name.length : KEY_SIZE);
	if (is_folder && name.length < KEY_SIZE)
		start[name.length] = '/';
	uint64_t key = 0;
	for (size_t i = 0; i < KEY_SIZE; i++)
		key = key << 8 | start[i];
	return key;
}

static bool add_entry(struct listing *listing, int fd, const struct dirent64 *from)
{
	struct str name = str_of(from->d_name);
	struct listing_entry entry = {.length = (uint32_t)name.length};
	if (str_equal(name, STR(".")) || str_equal(name, STR("..")))
		return true;
	if (str_equal(name, STR(".git"))) {
		listing->has_git = true;
		return true;
	}
	if (!is_listed(fd, from, &entry))
		return true;
	if (!entry.is_folder && !entry.is_link && str_equal(name, STR(".gitignore")))
		listing->has_ignore = true;
	entry.key = sort_key(name, entry.is_folder);
	text_add(&listing->names, (struct str){name.at, name.length + 1});
	if (listing->names.failed || !mem_reserve(&listing->entries, &listing->capacity,
						  listing->count + 1, sizeof *listing->entries))
		return false;
	listing->entries[listing->count++] = entry;
	return true;
}

static int read_entries(struct listing *listing, int fd, size_t limit)
{
	for (;;) {
		ssize_t got = getdents64(fd, listing->buffer, BUFFER_SIZE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : 0;
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(listing->buffer + at);
			if (listing->count >= limit)
				return EOVERFLOW;
			if (!add_entry(listing, fd, entry))
				return ENOMEM;
			at += entry->d_reclen;
		}
	}
}

/* The byte at `at` of the name, with a '/' behind a folder's. */
static int byte_at(const struct listing_entry *entry, uint32_t at)
{
	if (at < entry->length)
		return (unsigned char)entry->name[at];
	return at == entry->length && entry->is_folder ? '/' : 0;
}

static int compare(const void *a, const void *b)
{
	const struct listing_entry *left = a, *right = b;
	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	uint32_t shorter = left->length < right->length ? left->length : right->length;
	int order = memcmp(left->name, right->name, shorter);
	return order ? order : byte_at(left, shorter) - byte_at(right, shorter);
}

int listing_read(struct listing *listing, int fd, size_t limit)
{
	text_clear(&listing->names);
	listing->count = 0;
	listing->has_git = listing->has_ignore = false;
	if (!listing->buffer && !(listing->buffer = mem_alloc(BUFFER_SIZE)))
		return ENOMEM;
	int cause = read_entries(listing, fd, limit);
	const char *name = listing->names.at;
	for (size_t i = 0; i < listing->count; i++) {
		listing->entries[i].name = name;
		name += listing->entries[i].length + 1;
	}
	if (listing->count > 1)
		qsort(listing->entries, listing->count, sizeof *listing->entries, compare);
	return cause;
}
