/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SPELL_H
#define STORE_SPELL_H

#include "base/text.h"
#include "lex.h"
#include "wall.h"

/* From the SQL that modules write (docs/sql.md) to the one that a database is sent, and the first
 * of the two walls: what is not in the part of SQL that both databases know, and names that
 * belong to another module, are refused here. What is sent is made of the tokens that were
 * checked, never of the source. */

enum dialect { DIALECT_SQLITE, DIALECT_POSTGRESQL };

/* A statement for one database. A zeroed struct is empty; used again, it keeps its memory. */
struct spelled {
	struct text text;
	unsigned parameters; /* highest number of a $1 */
	bool writes;         /* inserts, updates, deletes, locks rows or changes the schema */
	uint32_t line;       /* of the source, where it starts */
};

/* Frees what it holds. */
void spelled_release(struct spelled *spelled);

/* Spells one statement of `module`, at most STORE_SQL_LIMIT bytes. Errors: ASH_PERMISSION_DENIED
 * (another module's table; a statement that is not for modules), ASH_INVALID_ARGUMENT (not SQL,
 * or not for both databases), ASH_RESOURCE_EXHAUSTED. `spelled` is then not to be used. */
ash_status spell_statement(const struct wall *wall, unsigned module, enum dialect dialect,
			   struct str sql, struct spelled *spelled,
			   struct fault *fault) ASH_MUST_CHECK;

/* Calls `each` for every statement of a migration, in their order, where the schema may be changed
 * too. Stops at its first failure. `*line` is where the failure stands. Errors: as above, and those
 * of `each`. */
ash_status spell_migration(const struct wall *wall, unsigned module, enum dialect dialect,
			   struct str sql,
			   ash_status (*each)(void *context, const struct spelled *spelled,
					      struct fault *fault),
			   void *context, uint32_t *line, struct fault *fault) ASH_MUST_CHECK;

#endif
