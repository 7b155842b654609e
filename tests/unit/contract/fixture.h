/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_CONTRACT_FIXTURE_H
#define TEST_CONTRACT_FIXTURE_H

#include "base/text.h"
#include "contract/contract.h"

/* A small tree in a temporary folder, and what loading its contracts gave. */
struct fixture {
	char root[64];
	struct str files[4096]; /* paths, in byte order, on the heap */
	size_t file_count;
	struct contracts contracts;
	struct error_list errors;
	struct error error;
	int result;
};

/* Writes the files of `tree`: each starts with a line "== PATH", its content follows. */
void fixture_write(struct fixture *fixture, const char *tree);

/* Adds one file, whose content may hold any bytes. */
void fixture_add(struct fixture *fixture, const char *path, struct str content);

/* Loads the contracts, with what the tree holds. May be called again. */
void fixture_load(struct fixture *fixture);

/* All errors, one a line. */
void fixture_errors(const struct fixture *fixture, struct text *out);

/* Removes the folder and frees everything. */
void fixture_release(struct fixture *fixture);

#endif
