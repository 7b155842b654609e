/* SPDX-License-Identifier: Apache-2.0 */
/* The second wall on SQLite: what a statement touches, as SQLite itself understood it. Knows no
 * SQL text. Invariant: what is not known to be the module's own is refused. */
#include "sqlite.h"

/* The two halves of "schema.table"; false where there is no dot. */
static bool split(const char *name, struct str *schema, struct str *table)
{
	struct str whole = str_of(name);
	ptrdiff_t dot = str_find(whole, '.');
	if (dot < 0)
		return false;
	*schema = str_first(whole, (size_t)dot);
	*table = str_from(whole, (size_t)dot + 1);
	return true;
}

static int refuse(struct sqlite_session *session, const char *name)
{
	struct str text = str_first(str_of(name), sizeof session->refused - 1);
	if (text.length)
		memcpy(session->refused, text.at, text.length);
	session->refused[text.length] = '\0';
	return SQLITE_DENY;
}

static int own(struct sqlite_session *session, const char *name, const char *database)
{
	struct str schema, table;
	const struct store_session *base = &session->base;
	if (name && split(name, &schema, &table) && (!database || strcmp(database, "main") == 0) &&
	    wall_allows(&base->store->wall, base->module, schema))
		return SQLITE_OK;
	return refuse(session, name);
}

static bool is_sqlites(const char *name)
{
	return name && strncmp(name, "sqlite_", 7) == 0;
}

/* A name without a dot is a common table expression, where no column of it is named; SQLite's own
 * tables are touched while the schema changes. */
static int touch(struct sqlite_session *session, const char *name, const char *column,
		 const char *database)
{
	if (is_sqlites(name))
		return session->base.schema ? SQLITE_OK : refuse(session, name);
	if (column && !*column && name && !strchr(name, '.') && strncmp(name, "pragma_", 7) != 0)
		return SQLITE_OK;
	return own(session, name, database);
}

/* SQLite itself calls functions while it alters a table: printf(), sqlite_rename_column() ... */
static int call(struct sqlite_session *session, const char *name)
{
	static const char *const OURS[] = {"ashlar_bigint", "ashlar_integer", "ashlar_double",
					   "ashlar_text"};
	enum word word = word_find(str_of(name));
	if (word_is(word, WORD_CALL) || word == WORD_like ||
	    (session->base.schema && (is_sqlites(name) || strcmp(name, "printf") == 0)))
		return SQLITE_OK;
	for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++)
		if (strcmp(name, OURS[i]) == 0)
			return SQLITE_OK;
	return refuse(session, name);
}

static int change_schema(struct sqlite_session *session, int action, const char *first,
			 const char *second, const char *database)
{
	if (!session->base.schema)
		return refuse(session, first);
	switch (action) {
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_VIEW:
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_VIEW: return is_sqlites(first) ? SQLITE_OK : own(session, first, database);
	case SQLITE_CREATE_INDEX:
	case SQLITE_DROP_INDEX:
		return is_sqlites(first) || own(session, first, database) == SQLITE_OK
			       ? own(session, second, database)
			       : SQLITE_DENY;
	case SQLITE_ALTER_TABLE: return own(session, second, first);
	case SQLITE_REINDEX: return is_sqlites(first) ? SQLITE_OK : own(session, first, database);
	default: return refuse(session, first);
	}
}

int sqlite_authorize(void *context, int action, const char *first, const char *second,
		     const char *database, const char *inner)
{
	struct sqlite_session *session = context;
	(void)inner;
	if (session->base.trusted)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE: return SQLITE_OK;
	case SQLITE_READ: return touch(session, first, second, database);
	case SQLITE_INSERT:
	case SQLITE_DELETE:
	case SQLITE_UPDATE: return touch(session, first, NULL, database);
	case SQLITE_FUNCTION: return call(session, second);
	default: return change_schema(session, action, first, second, database);
	}
}

ash_status sqlite_refusal(struct sqlite_session *session, struct fault *fault)
{
	struct str schema, table;
	const struct store_session *base = &session->base;
	const struct wall *wall = &base->store->wall;
	if (split(session->refused, &schema, &table) && wall_owner(wall, schema) != WALL_NONE)
		return wall_refuse(wall, base->module, schema, table, fault);
	return fault_set(fault, ASH_PERMISSION_DENIED,
			 "%s may not touch %s: it is no data of a module",
			 base->module < wall->module_count ? wall->modules[base->module] : WALL_OWN,
			 *session->refused ? session->refused : "the database itself");
}
