/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations on PostgreSQL: roles, schemas, the table of those that ran, and what is looked at
 * after each. Knows PostgreSQL's catalogs. */
#include "postgres.h"

#include <stdio.h>

#include "base/clock.h"

/* Of all programs that use advisory locks in this database: "ashlar" in bytes. */
#define LOCK_KEY "107120826016114"

static ash_status own(struct store_session *base, const char *sql, struct fault *fault)
{
	return postgres_own(postgres_session(base), sql, NULL, NULL, NULL, fault);
}

static ash_status note(void *context, const char *const *row, struct fault *fault)
{
	(void)fault;
	*(bool *)context = strcmp(row[0], "t") == 0;
	return ASH_OK;
}

static ash_status ask(struct store_session *base, const char *sql, const char *value, bool *out,
		      struct fault *fault)
{
	const char *const values[] = {value, NULL};
	return postgres_own(postgres_session(base), sql, values, note, out, fault);
}

static ash_status make_role(struct store_session *base, const char *module, struct fault *fault)
{
	char role[TOKEN_NAME_LIMIT + 1], sql[256];
	bool is_there = false, is_member = false;
	snprintf(role, sizeof role, "%s%s", base->store->role_prefix, module);
	ASH_TRY(ask(base, "select exists (select from pg_roles where rolname = $1)", role,
		    &is_there, fault));
	if (!is_there) {
		snprintf(sql, sizeof sql, "create role \"%s\" nologin noinherit", role);
		ASH_TRY(own(base, sql, fault));
	}
	ASH_TRY(ask(base, "select pg_has_role(session_user, $1, 'member')", role, &is_member,
		    fault));
	if (is_member)
		return ASH_OK;
	snprintf(sql, sizeof sql, "grant \"%s\" to session_user", role);
	return own(base, sql, fault);
}

static ash_status make_schema(struct store_session *base, const char *module, const char *schema,
			      struct fault *fault)
{
	char sql[320];
	bool is_there = false;
	ASH_TRY(ask(base, "select exists (select from pg_namespace where nspname = $1)", schema,
		    &is_there, fault));
	if (is_there)
		return ASH_OK;
	snprintf(sql, sizeof sql, "create schema \"%s\" authorization \"%s%s\"", schema,
		 base->store->role_prefix, module);
	return own(base, sql, fault);
}

static ash_status make_modules(struct store_session *base, struct fault *fault)
{
	const struct store *store = base->store;
	for (size_t i = 0; i < store->wall.module_count; i++) {
		const struct store_module *module = &store->modules[i];
		if (!module->schemas[0])
			continue;
		ASH_TRY(make_role(base, module->name, fault));
		for (size_t j = 0; module->schemas[j]; j++)
			ASH_TRY(make_schema(base, module->name, module->schemas[j], fault));
	}
	return ASH_OK;
}

/* The store's own schema may be that of a module, which then owns it; the table is the login's. */
static ash_status make_own(struct store_session *base, struct fault *fault)
{
	char sql[320];
	unsigned owner = wall_owner(&base->store->wall, STR(WALL_OWN));
	ASH_TRY(own(base, "create schema if not exists " WALL_OWN, fault));
	bool is_there = false;
	ASH_TRY(ask(base, "select to_regclass($1) is not null", WALL_OWN ".migration", &is_there,
		    fault));
	if (!is_there) {
		ASH_TRY(own(
			base,
			"create table " WALL_OWN
			".migration (module text not null, name text not null, "
			"checksum text not null, applied_at timestamptz not null default now(), "
			"primary key (module, name))",
			fault));
	}
	if (owner >= base->store->wall.module_count)
		return ASH_OK;
	ASH_TRY(make_role(base, base->store->wall.modules[owner], fault));
	snprintf(sql, sizeof sql, "grant usage, create on schema " WALL_OWN " to \"%s%s\"",
		 base->store->role_prefix, base->store->wall.modules[owner]);
	return own(base, sql, fault);
}

static ash_status make_all(struct store_session *base, struct fault *fault)
{
	ASH_TRY(own(base, "begin", fault));
	ash_status status = make_own(base, fault);
	if (status == ASH_OK)
		status = make_modules(base, fault);
	if (status == ASH_OK)
		return own(base, "commit", fault);
	if (own(base, "rollback", NULL) != ASH_OK)
		base->broken = true;
	return status;
}

static ash_status set_lock_timeout(struct store_session *base, uint64_t nanoseconds,
				   struct fault *fault)
{
	char sql[80];
	snprintf(sql, sizeof sql, "set lock_timeout = %llu",
		 (unsigned long long)(nanoseconds / 1000000 ? nanoseconds / 1000000 : 1));
	return own(base, sql, fault);
}

static ash_status open_migrator(struct store_session *base, uint64_t patience,
				uint64_t lock_timeout, bool dry_run, struct fault *fault)
{
	if (dry_run)
		return ASH_OK;
	ASH_TRY(set_lock_timeout(base, patience, fault));
	ash_status status = own(base, "select pg_advisory_lock(" LOCK_KEY ")", fault);
	if (status == ASH_DEADLINE_EXCEEDED)
		return fault_set(fault, status, "another process migrates this database");
	if (status == ASH_OK)
		status = set_lock_timeout(base, lock_timeout, fault);
	return status == ASH_OK ? make_all(base, fault) : status;
}

struct holder {
	char *out;
	size_t size;
	bool found;
};

static ash_status note_holder(void *context, const char *const *row, struct fault *fault)
{
	struct holder *holder = context;
	(void)fault;
	snprintf(holder->out, holder->size, "%s (session %s of the database, there since %s)",
		 row[0], row[1], row[2]);
	holder->found = true;
	return ASH_OK;
}

static bool find_holder(struct store_session *base, char *out, size_t size)
{
	struct holder holder = {out, size, false};
	return postgres_own(postgres_session(base),
			    "select coalesce(nullif(a.application_name, ''), 'somebody'),"
			    " a.pid::text, to_char(a.backend_start at time zone 'utc',"
			    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
			    " from pg_locks l join pg_stat_activity a using (pid)"
			    " where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
			    " and (l.classid::bigint << 32 | l.objid::bigint) = " LOCK_KEY,
			    NULL, note_holder, &holder, NULL) == ASH_OK &&
	       holder.found;
}

/* Whatever is left of it goes with the connection. */
static void close_migrator(struct store_session *base)
{
	if (base->broken || own(base, "select pg_advisory_unlock_all()", NULL) != ASH_OK ||
	    own(base, "reset lock_timeout", NULL) != ASH_OK)
		base->broken = true;
}

static ash_status read_applied(struct store_session *base,
			       ash_status (*each)(void *, const char *const *, struct fault *),
			       void *context, struct fault *fault)
{
	bool is_there = false;
	ASH_TRY(ask(base, "select to_regclass($1) is not null", WALL_OWN ".migration", &is_there,
		    fault));
	if (!is_there)
		return ASH_OK;
	return postgres_own(postgres_session(base),
			    "select module, name, checksum from " WALL_OWN ".migration "
			    "order by module collate \"C\", name collate \"C\"",
			    NULL, each, context, fault);
}

static ash_status begin_migration(struct store_session *base, unsigned module, struct fault *fault)
{
	base->module = module;
	base->intent = STORE_WRITE;
	base->open = true;
	postgres_session(base)->role = POSTGRES_NO_ROLE;
	ASH_TRY(own(base, "begin", fault));
	base->begun = true;
	return ASH_OK;
}

static ash_status run_statement(struct store_session *base, const struct spelled *spelled,
				struct fault *fault)
{
	struct postgres_session *session = postgres_session(base);
	char sql[160];
	if (session->role != base->module) {
		postgres_set_role(session, base->module, sql);
		ASH_TRY(own(base, sql, fault));
		session->role = base->module;
	}
	return own(base, spelled->text.at, fault);
}

static ash_status look(void *context, const char *const *row, struct fault *fault)
{
	const struct store_session *base = context;
	return wall_inspect(&base->store->wall, base->module, row[0], row[1], fault);
}

/* Objects that run code of their own, which no one has looked at. */
static ash_status look_at_code(void *context, const char *const *row, struct fault *fault)
{
	const struct store_session *base = context;
	if (!wall_allows(&base->store->wall, base->module, str_of(row[0])))
		return ASH_OK;
	return fault_set(fault, ASH_PERMISSION_DENIED, "%s.%s is a %s, which a module has none of",
			 row[0], row[1], row[2]);
}

static ash_status inspect(struct store_session *base, struct fault *fault)
{
	static const char *const RELATIONS[] = {
		"select n.nspname || '.' || r.relname, m.nspname || '.' || f.relname"
		" from pg_constraint c join pg_class r on r.oid = c.conrelid"
		" join pg_namespace n on n.oid = r.relnamespace join pg_class f on f.oid = "
		"c.confrelid"
		" join pg_namespace m on m.oid = f.relnamespace where c.contype = 'f'",
		"select distinct n.nspname || '.' || v.relname, m.nspname || '.' || t.relname"
		" from pg_rewrite w join pg_class v on v.oid = w.ev_class"
		" join pg_namespace n on n.oid = v.relnamespace"
		" join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid"
		" and d.refclassid = 'pg_class'::regclass join pg_class t on t.oid = d.refobjid"
		" join pg_namespace m on m.oid = t.relnamespace where t.oid <> v.oid",
	};
	struct postgres_session *session = postgres_session(base);
	ASH_TRY(own(base, "set local role none", fault));
	session->role = POSTGRES_NO_ROLE;
	for (size_t i = 0; i < sizeof RELATIONS / sizeof *RELATIONS; i++)
		ASH_TRY(postgres_own(session, RELATIONS[i], NULL, look, base, fault));
	return postgres_own(
		session,
		"select n.nspname, t.tgname, 'trigger' from pg_trigger t"
		" join pg_class r on r.oid = t.tgrelid join pg_namespace n on n.oid = "
		"r.relnamespace"
		" where not t.tgisinternal union all select n.nspname, p.proname, 'function'"
		" from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
		" where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'",
		NULL, look_at_code, base, fault);
}

static ash_status record(struct store_session *base, const char *const *values, struct fault *fault)
{
	return postgres_own(postgres_session(base),
			    "insert into " WALL_OWN
			    ".migration (module, name, checksum) values ($1, $2, $3)",
			    values, NULL, NULL, fault);
}

const struct migrator postgres_migrator = {
	.open = open_migrator,
	.holder = find_holder,
	.close = close_migrator,
	.applied = read_applied,
	.begin = begin_migration,
	.statement = run_statement,
	.inspect = inspect,
	.record = record,
};
