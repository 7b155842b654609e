/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/path.h"
#include "cli/flags.h"
#include "contract/contract.h"
#include "finding/baseline.h"
#include "finding/finding.h"
#include "graph/graph.h"
#include "scan/tree.h"

/* One run over one tree: from the command line to the graph of its modules. Every verb that
 * looks at code begins with it. */

struct session {
	const struct arguments *arguments;
	uint64_t started;      /* clock_monotonic() */
	char root[PATH_LIMIT]; /* absolute */
	struct str prefix;     /* of the root in its git work tree; empty at the top */
	struct str *filters;   /* operands, relative to the root; none: everything */
	size_t filter_count;
	struct contracts contracts;
	bool proposed;              /* there is no ashlar.yaml: the modules are a proposal */
	struct error_list warnings; /* of the proposal: what manifests say that cannot be */
	struct tree tree;
	struct graph graph;
	struct baseline baseline; /* once findings were compared with it */
	struct arena arena;
};

/* Finds the root (the nearest folder with an ashlar.yaml at or above the first operand, else
 * the operand if it is a folder, else the top of the git work tree, else the folder we are
 * in), reads the contracts, scans, resolves and builds the graph. With `filtered` the operands
 * are paths to be looked at. Shows what is wrong by itself. Returns EXIT_CLEAN, or the exit
 * code to end with; the session is then empty. */
int session_open(const struct arguments *arguments, bool filtered, struct session *out) must_check;

/* Frees everything; takes an empty one. */
void session_release(struct session *session);

/* Whether the path is, or is below, one of the operands. */
bool session_shows(const struct session *session, struct str path);

/* Whether the system let every file and folder be read: if not, what nothing refers to may be
 * referred to all the same. */
bool session_all_read(const struct session *session);

/* For verbs that write what was seen into the user's files: a file that the system refused to
 * read would be taken for one that is gone. Shows those that there are; `outcome` ("nothing was
 * written") begins the message. Errors: ERROR_IO. */
int session_require_all_read(const struct session *session, const char *outcome,
			     struct error *error) must_check;

/* Shows the files that could not be read. Returns EXIT_UNREADABLE when there are some, else
 * `code`; an exit code other than EXIT_CLEAN stays. */
int session_tell_unread(const struct session *session, int code);

/* What was seen, for the reports; its texts live as long as the session. Errors:
 * ERROR_MEMORY. */
int session_summary(struct session *session, struct check_summary *out,
		    struct error *error) must_check;

/* Milliseconds since the session was opened. */
double session_elapsed(const struct session *session);

#endif
