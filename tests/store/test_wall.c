/* SPDX-License-Identifier: Apache-2.0 */
/* Ways around the wall between modules: each must be refused, on both databases. Billing attacks;
 * the data of orders is what it wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <stdio.h>

#include "fixture.h"

static struct fault fault;

/* Refused with the names of both modules. */
static const char *const NAMED[] = {
	/* plainly */
	"select id from orders.order",
	"insert into orders.order (id) values ('x')",
	"update orders.order set note = ''",
	"delete from orders.order",
	"insert into orders.order (id) select order_id from billing.charge",
	"insert into billing.charge (order_id, cents) select id, 1 from orders.order",
	"select id from orders.order for update",
	"insert into orders.order (id) values ('o1') on conflict (id) do nothing",
	"delete from orders.order returning id",
	"update billing.charge set order_id = o.id from orders.order o",
	/* joins, subqueries, common table expressions, sets */
	"select c.cents from billing.charge c join orders.order o on o.id = c.order_id",
	"select c.cents from billing.charge c, orders.order o",
	"select c.cents from billing.charge c left join orders.order o on true",
	"select c.cents from billing.charge c cross join orders.order",
	"select (select count(*) from orders.order)",
	"select 1 where exists (select 1 from orders.order)",
	"select cents from billing.charge where order_id in (select id from orders.order)",
	"with o as (select id from orders.order) select id from o",
	"with recursive o (id) as (select id from orders.order union all select id from o) select "
	"id from o",
	"with a as (select 1), b as (with c as (select id from orders.order) select id from c) "
	"select 1 from b",
	"select 1 union select count(*) from orders.order",
	"select count(*) from (select id from orders.order) as x",
	"select case when (select count(*) from orders.order) > 0 then 1 else 0 end",
	"select 1 order by (select count(*) from orders.order)",
	"select 1 limit (select count(*) from orders.order)",
	"update billing.charge set cents = (select count(*) from orders.order)",
	"insert into billing.charge (order_id, cents) values ((select max(id) from orders.order), "
	"1)",
	"insert into billing.charge (order_id, cents) values ('z', 1)"
	" on conflict (order_id) do update set cents = (select count(*) from orders.order)",
	"delete from billing.charge where order_id = (select max(id) from orders.order)",
	"insert into billing.charge (order_id, cents) values ('y', 1) returning (select max(id) "
	"from orders.order)",
	"select count(*) over (partition by (select max(id) from orders.order))",
	"select count(*) filter (where (select count(*) from orders.order) > 0)",
	"values ((select max(id) from orders.order))",
	"select c.cents from billing.charge c full outer join orders.order o on true",
	"select cents from billing.charge natural join orders.order",
	"select cents from billing.charge join orders.order using (id)",
	"select cents from billing.charge, (orders.order)",
	"select coalesce((select max(id) from orders.order), 'x')",
	"select cents from billing.charge where cents between 1 and (select count(*) from "
	"orders.order)",
	"select cents from billing.charge where exists (table orders.order)",
	"select count(*) from billing.charge group by (select max(id) from orders.order)",
	"select count(*) from billing.charge having (select count(*) from orders.order) > 0",
	"select distinct (select max(id) from orders.order) from billing.charge",
	"select 1 offset (select count(*) from orders.order)",
	"select 1 intersect select count(*) from orders.order",
	"select 1 except all select count(*) from orders.order",
	"select max(cents) filter (where cents > 1) over (order by (select max(id) from "
	"orders.order)) from billing.charge",
	"select (select max(id) from orders.order)::text",
	"select - (select count(*) from orders.order)",
	"select not exists (select 1 from orders.order)",
	"select 1 in (select count(*) from orders.order)",
	"select rowid from orders.order",
	"select orders.order.*, cents from billing.charge, orders.order",
	"select id from orders.order for share",
	"select id from orders.order for key share skip locked",
	"update orders.order set (note) = (select 'x')",
	"update billing.charge set cents = 0 from (select id from orders.order) as o where true "
	"returning o.id",
	"delete from billing.charge using orders.order",
	"delete from orders.order as charge where charge.id is not null",
	"insert into orders.order default values",
	"insert into orders.order as o (id) values ('z') on conflict do nothing returning o.id",
	"insert into billing.charge (order_id, cents) values ('z', 1) on conflict (order_id) do "
	"update set cents = 1 where exists (select 1 from orders.order)",
	"with orders as (select 1 as id) select id from orders.order",
	"with \"order\" as (select id from orders.order) select id from \"order\"",
	"select id from orders\r\n.order",
	"select 1 /* /* */ */ from orders.order --*/",
	"select 1 --\r , 2\n from orders.order",
	"select \"/*\", id from orders.order as \"*/\"",
	"select $q$ /* $q$, id from orders.order -- */",
	"SELECT ID FROM \"orders\".\"order\" -- billing",
	/* a view of the other module */
	"select id from orders.open",
	/* another schema of a module with two */
	"select 1 from ledger_archive.entry",
	/* letters, quotes, blanks, comments */
	"select id from ORDERS.ORDER",
	"select id from Orders.\"order\"",
	"select id from \"orders\".\"order\"",
	"select id from orders . \"order\"",
	"select id from orders\n.\norder",
	"select id from orders/**/.order",
	"select id from orders--\n.order",
	"select id from/*x*/orders/*/* y */*/./**/order",
	"select id from(orders.order)",
	"select orders.order.id from orders.order",
	"select id from billing.charge /* */ , orders.order --",
	"select '--', id from orders.order",
	"select '/*', id from orders.order --*/",
	"select $$--$$, id from orders.order",
	"select $a$ $$ ' $a$, id from orders.order",
	"select '''', id from orders.order",
	"select 'a''/*', id from orders.order",
	"select \"a\"\"/*\" from billing.charge, orders.order",
	"select '\\', id from orders.order --'",
	"select id from orders.order as billing",
};

/* Refused, by whatever words. */
static const char *const REFUSED[] = {
	/* two statements in one */
	"select 1; select id from orders.order",
	"select 1;; select 2",
	"insert into billing.charge (order_id, cents) values ('a', 1); drop table orders.order",
	/* other roles, sessions and transactions */
	"set role ashlar_orders",
	"set local role ashlar_orders",
	"set session role ashlar_orders",
	"SET/**/ROLE/**/ashlar_orders",
	"reset role",
	"reset all",
	"set session authorization default",
	"set session authorization app",
	"reset session authorization",
	"discard all",
	"begin",
	"start transaction",
	"commit",
	"commit and chain",
	"rollback",
	"abort",
	"end",
	"savepoint a",
	"release a",
	"prepare transaction 'x'",
	"select set_config('role', 'ashlar_orders', true)",
	"select pg_catalog.set_config('role', 'ashlar_orders', true)",
	"select \"set_config\"('role', 'ashlar_orders', true)",
	"select set_config/**/('role', 'ashlar_orders', true)",
	"select SET_CONFIG ('role', 'ashlar_orders', true)",
	"select * from set_config('role', 'ashlar_orders', true)",
	"select * from set_config('role', 'ashlar_orders', true) as (a text)",
	"with set_config (a) as (select 1) select set_config('role', 'ashlar_orders', true)",
	"with x as (select 1), set_config('role', 'ashlar_orders', true) as (values text) select 1",
	"select 1 as set_config('role', 'ashlar_orders', true)",
	"select 1 where set_config('role', 'ashlar_orders', true) = ''",
	"update pg_settings set setting = 'ashlar_orders' where name = 'role'",
	"update pg_catalog.pg_settings set setting = 'ashlar_orders' where name = 'role'",
	"update \"pg_settings\" set setting = 'ashlar_orders' where name = 'role'",
	"select U&\"\\0073et_config\"('role', 'ashlar_orders', true)",
	"select u&'x'",
	"set search_path = orders",
	"set local search_path to orders, billing",
	"select set_config('search_path', 'orders', false)",
	/* names that the path might find */
	"select id from order_",
	"select id from \"order\"",
	"select id from \"orders.order\"",
	"select id from 'orders.order'",
	"select id from $$orders.order$$",
	"delete from 'orders.order'",
	"insert into 'orders.order' values ('x', 'y')",
	"update 'orders.order' set note = ''",
	"select id from [orders.order]",
	"select id from `orders.order`",
	"select id from main.\"orders.order\"",
	"select id from main.orders.order",
	"select id from temp.order_",
	"select id from shop.orders.order",
	"select id from shop.orders.\"order\"",
	"select id from a.b.orders.order",
	"table orders.order",
	"table only orders.order",
	"select id from only orders.order",
	"(select id from orders.order)",
	/* code of one's own */
	"do $$ begin set role ashlar_orders; end $$",
	"do language plpgsql $$ begin perform 1; end $$",
	"call orders.f()",
	"execute p",
	"prepare p as select id from orders.order",
	"deallocate all",
	"declare c cursor for select id from orders.order",
	"fetch all from c",
	"create function billing.f() returns void language sql as 'set role ashlar_orders'",
	"create function billing.f() returns bigint security definer language sql as 'select 1'",
	"create procedure billing.f() language sql as 'select 1'",
	"create trigger t after insert on billing.charge begin delete from orders.order; end",
	"create trigger t after insert on billing.charge execute function orders.f()",
	"create rule r as on insert to billing.charge do also delete from orders.order",
	"create view billing.v as select id from orders.order",
	"create table billing.copy as select id from orders.order",
	"select id into billing.copy from orders.order",
	"create temp table t (a bigint)",
	"create table billing.x (a text references orders.order (id))",
	"alter table billing.charge add column x text references orders.order (id)",
	"alter table orders.order add column x text",
	"alter table orders.order owner to ashlar_billing",
	"alter schema orders owner to ashlar_billing",
	"alter role ashlar_billing superuser",
	"alter default privileges grant all on tables to public",
	"drop table orders.order",
	"drop schema orders cascade",
	"truncate orders.order",
	"truncate billing.charge",
	"grant select on orders.order to ashlar_billing",
	"grant ashlar_orders to ashlar_billing",
	"revoke all on billing.charge from ashlar_billing",
	"reassign owned by ashlar_orders to ashlar_billing",
	"create extension dblink",
	"select * from dblink('dbname=shop', 'select id from orders.order') as (id text)",
	"select query_to_xml('select id from orders.order', true, true, '')",
	"select table_to_xml('orders.order', true, true, '')",
	"select database_to_xml(true, true, '')",
	"select ts_stat('select id from orders.order')",
	"select * from json_each('{}')",
	"select row_to_json(c) from billing.charge c",
	"select pg_sleep(10)",
	"select pg_read_file('/etc/passwd')",
	"select pg_terminate_backend(1)",
	"select current_setting('role')",
	"select nextval('orders.s')",
	"select lo_import('/etc/passwd')",
	"select lo_create(1)",
	"select lo_get(1)",
	"select loid from pg_largeobject",
	"select version()",
	"select load_extension('x')",
	"select sqlite_version()",
	"select writefile('/tmp/x', 'y')",
	"select zeroblob(1)",
	"select operator('a', 'b')",
	"select 1 operator(pg_catalog.+) 1",
	"select 'orders.order'::regclass",
	"select cast('orders.order' as regclass)",
	"select orders.f(1)",
	"select public.f(1)",
	"select billing.charge(1)",
	"select (c).set_config from billing.charge c",
	"select session_user",
	"select current_user",
	/* functions that run a query, read a file, or tell of the server */
	"select nextval('billing.charge_id_seq')",
	"select currval('orders.s')",
	"select setval('orders.s', 1)",
	"select lastval()",
	"select pg_get_serial_sequence('orders.order', 'id')",
	"select has_table_privilege('orders.order', 'select')",
	"select pg_get_viewdef('orders.open')",
	"select to_regclass('orders.order')",
	"select pg_relation_size('orders.order')",
	"select query_to_xmlschema('select 1', true, true, '')",
	"select cursor_to_xml('c', 1, true, true, '')",
	"select schema_to_xml('orders', true, true, '')",
	"select ts_rewrite('a', 'select id from orders.order')",
	"select crosstab('select id from orders.order')",
	"select connectby('orders.order', 'a', 'b', 'c', 0)",
	"select xpath_table('a', 'b', 'orders.order', 'c', 'd')",
	"select dblink_exec('delete from orders.order')",
	"select dblink_connect('dbname=shop')",
	"select pg_ls_dir('.')",
	"select pg_stat_file('x')",
	"select pg_read_binary_file('/etc/passwd')",
	"select pg_file_write('x', 'y', false)",
	"select lo_export(1, '/tmp/x')",
	"select lo_from_bytea(0, 'x')",
	"select pg_notify('x', 'y')",
	"select pg_advisory_lock(1)",
	"select pg_export_snapshot()",
	"select pg_reload_conf()",
	"select pg_cancel_backend(1)",
	"select pg_switch_wal()",
	"select pg_logical_emit_message(true, 'a', 'b')",
	"select txid_current()",
	"select inet_server_addr()",
	"select current_database()",
	"select pg_backend_pid()",
	"select row_security_active('orders.order')",
	"select readfile('/etc/passwd')",
	"select fts3_tokenizer('x', 'y')",
	"select edit('x')",
	"select sqlite_compileoption_get(0)",
	"select sqlite_offset(cents)",
	"select rtreecheck('x')",
	"select likelihood(1, 0.5)",
	"select * from generate_series(1, 10)",
	"select * from json_tree('{}')",
	"select * from jsonb_to_recordset('[]') as x(a text)",
	"select * from rows from (generate_series(1, 2))",
	"select * from xmltable('x' passing 'y' columns a text)",
	"select 'orders'::regnamespace",
	"select cast('ashlar_orders' as regrole)",
	"select 'orders.s'::regclass::oid",
	"select user",
	"select current_role",
	"select current_catalog",
	"select current_schema",
	"select localtimestamp at time zone 'x'",
	/* files and programs */
	"copy orders.order to stdout",
	"copy orders.order to program 'cat'",
	"copy billing.charge from '/etc/passwd'",
	"copy (select 1) to program 'id'",
	/* the databases' own tables */
	"select name from sqlite_master",
	"select name from sqlite_schema",
	"select name from main.sqlite_schema",
	"select name from \"sqlite_master\"",
	"select name from SQLITE_MASTER",
	"update sqlite_master set sql = ''",
	"delete from sqlite_sequence",
	"select * from pragma_table_info('orders.order')",
	"select * from pragma_database_list",
	"select relname from pg_class",
	"select relname from pg_catalog.pg_class",
	"select \"relname\" from \"pg_class\"",
	"select rolname from pg_authid",
	"select most_common_vals from pg_stats",
	"select query from pg_stat_activity",
	"select table_name from information_schema.tables",
	"select table_name from \"information_schema\".tables",
	"insert into pg_class (relname) values ('x')",
	"select module from ashlar.migration",
	"delete from ashlar.migration",
	/* SQLite's doors */
	"attach '/tmp/x' as x",
	"attach database ':memory:' as orders",
	"detach main",
	"pragma writable_schema = on",
	"pragma foreign_keys = off",
	"vacuum into '/tmp/x'",
	"vacuum",
	"reindex",
	"analyze",
	"explain select id from orders.order",
	"explain analyze select 1",
	"replace into orders.order values ('a', 'b')",
	"insert or replace into orders.order values ('a', 'b')",
	"create virtual table billing.x using fts5(a)",
	/* more tables of the databases' own, more of SQLite's words */
	"select * from sqlite_dbpage",
	"select * from sqlite_stmt",
	"select * from dbstat",
	"select name from sqlite_temp_master",
	"select name from temp.sqlite_master",
	"select cents from billing.charge indexed by \"orders.i\"",
	"insert or ignore into billing.charge (order_id, cents) values ('a', 1)",
	"update or replace billing.charge set cents = 1",
	"select cents match 'x' from billing.charge",
	"select order_id regexp 'x' from billing.charge",
	"begin immediate",
	"end transaction",
	"select attname from pg_attribute",
	"select table_name from INFORMATION_SCHEMA.COLUMNS",
	"select privilege_type from information_schema.role_table_grants",
	"select setting from pg_settings",
	"select prosrc from pg_proc",
	"select * from pg_prepared_statements",
	"select * from pg_locks",
	"select definition from pg_views",
	"select * from pg_shadow",
	"select relname from \"pg_catalog\".\"pg_class\"",
	"select 1 from PG_CLASS",
	/* statements that are none of the few */
	"prepare p (text) as select id from orders.order where id = $1",
	"execute p ('x')",
	"create rule \"_RETURN\" as on select to billing.charge do instead select id from "
	"orders.order",
	"create or replace rule r as on update to orders.order do instead nothing",
	"create policy p on orders.order using (true)",
	"alter table orders.order disable row level security",
	"create temporary view v as select id from orders.order",
	"create temp table \"order\" as select 1",
	"create table pg_temp.x (a bigint)",
	"select a from pg_temp.x",
	"create local temporary table t (a bigint)",
	"create publication p for all tables",
	"create subscription s connection 'x' publication p",
	"create event trigger e on ddl_command_start execute function f()",
	"create server s foreign data wrapper postgres_fdw",
	"import foreign schema orders from server s into billing",
	"create foreign table billing.f (a text) server s",
	"create domain billing.d as text",
	"create type billing.t as (a text)",
	"create cast (text as bigint) without function",
	"create operator billing.= (procedure = f)",
	"create aggregate billing.a (text) (sfunc = f, stype = text)",
	"create language x",
	"create database x",
	"create tablespace x location '/tmp'",
	"alter system set log_statement = 'all'",
	"alter database shop set role to ashlar_orders",
	"alter role ashlar_billing set role to ashlar_orders",
	"drop owned by ashlar_orders",
	"alter function f() security definer",
	"refresh materialized view orders.m",
	"cluster orders.order",
	"reindex table orders.order",
	"analyze orders.order",
	"vacuum orders.order",
	"merge into billing.charge using orders.order o on true when matched then delete",
	"close all",
	"move next from c",
	"start transaction read only",
	"set transaction isolation level serializable",
	"set constraints all deferred",
	"show role",
	"show all",
	"select 1 into strict x",
	"with x as (merge into orders.order using billing.charge on true when matched then delete) "
	"select 1",
	"with x as (update orders.order set note = '' returning id) select id from x",
	"copy billing.charge to '/tmp/x'",
	"copy billing.charge from stdin",
	"\\! id",
	/* locks, messages */
	"lock table orders.order",
	"lock table billing.charge in access exclusive mode",
	"listen x",
	"notify x, 'y'",
	"unlisten *",
	"checkpoint",
	"load 'x'",
	"security label on table billing.charge is 'x'",
	"comment on table orders.order is 'x'",
	"merge into orders.order using billing.charge on true when matched then delete",
	"with x as (delete from orders.order returning id) select id from x",
	"with x as (insert into orders.order (id) values ('q') returning id) select id from x",
	/* other words for a row, a type, a name */
	"select cast((select max(id) from orders.order) as text)",
	"select cents from billing.charge for update of orders.order",
	"select id from orders\v.\forder",
	"with x as (insert into billing.charge (order_id, cents) values ('a', 1) returning id), o "
	"as (select id from orders.order) select id from o",
	"select c.cents from billing.charge c, lateral (select id from orders.order) o",
	"select sum(cents) over w from billing.charge window w as (partition by (select max(id) "
	"from orders.order))",
	"select cents from billing.charge tablesample system (50)",
	"select null::orders.order",
	"select row(1)::orders.order",
	"select cast(null as orders.order)",
	"select array(select id from orders.order)",
	"select id from ORDER\xc5\xbf.order",
	"select id from orders\xef\xbc\x8eorder",
	"select id from \"orders\\000\".order",
	"select id from orders.order.id",
	"select U&\"\\006frders\".\"order\".id from billing.charge",
	"select id from U&\"o\\0072ders\".\"order\"",
	"select id from u&\"!006frders\" uescape '!'.\"order\"",
	"select id from \"orders\"\"\".\"order\"",
	/* what is split in two ways */
	"select E'\\'; set role ashlar_orders; --'",
	"select e'\\', id from orders.order --'",
	"select 'a' 'b'",
	"select 'a'\n'b'",
	"select x'41'",
	"select b'1'",
	"select N'x'",
	"select $1a",
	"select 1a",
	"select 0x41",
	"select 1_000",
	"select :a",
	"select @a",
	"select #1",
	"select ?",
	"select ?1",
	"select a[1] from billing.charge",
	"select array[1]",
	"select 1 /* not ended",
	"select 'not ended",
	"select \"not ended",
	"select $x$ not ended",
	"select (1",
	"select 1)",
	"\\copy orders.order to '/tmp/x'",
	"select 1 \\; select 2",
	"",
	";",
	"\xef\xbb\xbfselect 1",
	"select \xc2\xa0 1",
};

/* Whether it was refused, as it should be; says what is wrong otherwise. */
static bool is_refused(const struct fixture *fixture, const char *attack, bool named)
{
	fault = (struct fault){ASH_OK};
	ash_status status = fixture_run(fixture->store, BILLING, attack, &fault);
	bool good = status == ASH_PERMISSION_DENIED || (!named && status == ASH_INVALID_ARGUMENT);
	if (good && named)
		good = strstr(fault.message, "billing may not touch") &&
		       (strstr(fault.message, "module orders") ||
			strstr(fault.message, "module ledger"));
	if (!good)
		print_error("%s: %s: %s\n", attack, ash_status_name(status), fault.message);
	return good;
}

static void refuse_all(void **state, const char *const *attacks, size_t count, bool named)
{
	struct fixture *fixture = *state;
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++)
		wrong += !is_refused(fixture, attacks[i], named);
	assert_int_equal(wrong, 0);
	assert_int_equal(
		fixture_number(fixture->store, ORDERS, "select count(*) from orders.order"), 1);
}

static void what_names_another_module_is_refused_with_both_names(void **state)
{
	refuse_all(state, NAMED, sizeof NAMED / sizeof *NAMED, true);
}

static void every_other_way_is_refused(void **state)
{
	refuse_all(state, REFUSED, sizeof REFUSED / sizeof *REFUSED, false);
}

/* What only a migration may try. */
static const char *const MORE[] = {
	"create table billing.x (a text references orders.order (id))",
	"create table billing.x (a text, foreign key (a) references orders.order (id))",
	"create table billing.x (a text constraint c references orders.order)",
	"alter table billing.charge add column x text references orders.order (id)",
	"create view billing.v as select id from orders.order",
	"create view billing.v as with x as (select id from orders.order) select id from x",
	"create index i on orders.order (note)",
	"create index orders.i on billing.charge (cents)",
	"create table orders.x (a bigint)",
	"create table x (a bigint)",
	"create table public.x (a bigint)",
	"create table main.x (a bigint)",
	"create table billing.x as select id from orders.order",
	"create table billing.x (a bigint) inherits (orders.order)",
	"create table billing.x (like orders.order)",
	"create table billing.x (a bigint default nextval('orders.s'))",
	"create table billing.x (a bigint check (set_config('role', 'x', true) = ''))",
	"create table billing.x (a bigint) partition by range (a)",
	"create table ashlar.x (a bigint)",
	"create table if not exists orders.order (id text)",
	"create table billing.x (a orders.order)",
	"create table billing.x (a regclass)",
	"create unlogged table billing.x (a bigint)",
	"create or replace view billing.v as select 1",
	"create materialized view billing.v as select id from orders.order",
	"create schema other",
	"create role r",
	"create extension dblink",
	"create index concurrently i on billing.charge (cents)",
	"alter table orders.order rename to x",
	"alter table billing.charge set schema orders",
	"alter table billing.charge rename to \"orders.x\"",
	"alter table billing.charge enable row level security",
	("alter table billing.charge add constraint c foreign key (order_id) references "
	 "orders.order"),
	"alter table billing.charge owner to ashlar_orders",
	"drop table orders.order",
	"drop view orders.open",
	"drop table billing.refund, orders.order",
	"drop schema orders",
	"drop index orders.i",
	"insert into orders.order (id) values ('x')",
	"create table billing.x (a bigint); set role ashlar_orders",
	"create table billing.x (a bigint; drop table orders.order)",
	"create table billing.x (a text, b bigint generated always as ((select count(*) "
	"from orders.order)) stored)",
	"create table billing.x (a bigint default (select count(*) from orders.order))",
	"create table billing.x (a bigint check ((select count(*) from orders.order) > 0))",
	"create table billing.x (a bigint references orders.order on delete cascade)",
	"create table billing.x (a bigint, exclude using gist (a with =))",
	"create table billing.x (a bigint) tablespace x",
	"create table billing.x (a bigint) using heap2",
	"create table billing.x of orders.order",
	"create table billing.x partition of orders.order default",
	"create temp table x (a bigint)",
	"create table pg_temp.x (a bigint)",
	"create global temporary table x (a bigint)",
	"create index i on billing.charge ((select max(id) from orders.order))",
	"create index i on billing.charge (cents) where exists (select 1 from "
	"orders.order)",
	"create index \"orders.i\" on orders.order (note)",
	"create index i on only orders.order (note)",
	"create view billing.v (a) as values ((select max(id) from orders.order))",
	"create view billing.v as table orders.order",
	"create recursive view billing.v (a) as select id from orders.order",
	"create view billing.v as select id from orders.open",
	"create temp view v as select id from orders.order",
	"create view orders.v as select 1",
	"create sequence orders.s",
	"create sequence billing.s owned by orders.order.id",
	"create domain billing.d as text",
	"create type billing.t as (a text)",
	"create function billing.f() returns bigint security definer language sql as "
	"'select 1'",
	"create procedure billing.p() language sql as 'delete from orders.order'",
	"create trigger t after insert on billing.charge execute function f()",
	"create trigger t after insert on billing.charge begin delete from "
	"\"orders.order\"; end",
	"create rule r as on insert to billing.charge do also delete from orders.order",
	"create policy p on billing.charge using (true)",
	"create publication p for all tables",
	"create event trigger e on ddl_command_start execute function f()",
	"create extension postgres_fdw",
	"create server s foreign data wrapper x",
	"create language plpython3u",
	"create statistics billing.s on order_id, cents from orders.order",
	"create virtual table billing.x using fts5(a)",
	"create table billing.x (a bigint) without rowid, strict",
	"alter table billing.charge inherit orders.order",
	"alter table billing.charge attach partition orders.order default",
	"alter table billing.charge alter column cents set default nextval('orders.s')",
	"alter table billing.charge alter column cents type orders.order",
	"alter table billing.charge alter column cents type bigint using (select count(*) "
	"from orders.order)",
	"alter table billing.charge add constraint c check ((select count(*) from "
	"orders.order) > 0)",
	"alter table billing.charge add column x bigint default (select count(*) from "
	"orders.order)",
	"alter table billing.charge disable trigger all",
	"alter table billing.charge replica identity full",
	"alter table billing.charge add column x bigint generated always as ((select 1 "
	"from orders.order)) stored",
	"alter view orders.open rename to x",
	"alter index orders.i rename to x",
	"alter sequence orders.s restart",
	"alter schema billing rename to orders",
	"alter system set work_mem = 1",
	"alter role ashlar_billing superuser",
	"alter default privileges grant all on tables to public",
	"alter type billing.t add value 'x'",
	"drop table if exists orders.order cascade",
	"drop view if exists orders.open",
	"drop owned by ashlar_orders",
	"drop role ashlar_orders",
	"drop extension plpgsql",
	"drop function f()",
	"drop trigger t on orders.order",
	"grant select on billing.charge to ashlar_orders",
	"grant ashlar_orders to ashlar_billing",
	"set role ashlar_orders",
	"reset role",
	"set search_path = orders",
	"do $$ begin execute 'drop table orders.order'; end $$",
	"copy orders.order to stdout",
	"update orders.order set note = ''",
	"delete from orders.order",
	"insert into billing.charge (order_id, cents) select id, 1 from orders.order",
	"select id from orders.order",
	"truncate orders.order",
	"attach '/tmp/x' as x",
	"pragma writable_schema = on",
	"vacuum into '/tmp/x'",
	"comment on table orders.order is 'x'",
	"commit",
	"begin",
	"security label on table billing.charge is 'x'",
	"create table if",
	"create",
	"alter table",
	"drop",
	"create table billing.x (",
	"create table billing.x",
	"create index",
	"create view billing.v",
	"create table billing.x (a)",
	"create table billing.x ()",
	"create table billing.x (a bigint,)",
};

/* Each is refused with the name and line of the migration, and changes nothing. */
static void a_migration_is_refused_the_same(void **state)
{
	static const char *const SCHEMAS[] = {"billing", NULL};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof MORE / sizeof *MORE; i++) {
		struct store_migration migrations[3];
		struct store_module modules[3] = {FIXTURE_MODULES[0], FIXTURE_MODULES[1],
						  FIXTURE_MODULES[2]};
		memcpy(migrations, FIXTURE_MODULES[0].migrations, 2 * sizeof *migrations);
		migrations[2] = (struct store_migration){"0003_attack.sql", MORE[i]};
		modules[0] = (struct store_module){"billing", SCHEMAS, migrations, 3};
		struct store *store = fixture_open(fixture, modules, 3, NULL);
		fault = (struct fault){ASH_OK};
		ash_status status = store_migrate(store, NULL, &fault);
		if (status == ASH_OK)
			fail_msg("not refused: %s", MORE[i]);
		if (strncmp(fault.message, "billing 0003_attack.sql:1: ", 27) != 0)
			fail_msg("%s: %s", MORE[i], fault.message);
		store_free(store);
	}
	assert_int_equal(fixture_number(fixture->store, ORDERS, "select count(*) from orders.open"),
			 1);
	assert_int_equal(
		fixture_number(fixture->store, BILLING, "select count(*) from billing.charge"), 0);
}

/* The second wall: what the database itself refuses to the role, past all that the store says. */
static void the_role_has_no_rights_on_others(void **state)
{
	static const char *const PLAIN[] = {
		"select id from orders.order",
		"insert into orders.order (id) values ('x')",
		"update orders.order set note = ''",
		"delete from orders.order",
		"select id from orders.open",
		"truncate orders.order",
		"drop table orders.order",
		"alter table orders.order owner to ashlar_billing",
		"create table billing.x (a text references orders.order (id))",
		"create table orders.x (a bigint)",
		"create table public.x (a bigint)",
		"create schema other",
		"create role other",
		("create trigger t after insert on orders.order execute function "
		 "suppress_redundant_updates_trigger()"),
		"lock table orders.order",
		"copy orders.order to stdout",
		"copy orders.order to program 'cat'",
		"select pg_read_file('/etc/passwd')",
		"select module from ashlar.migration",
		"select query_to_xml('select id from orders.order', true, true, '')",
		"do $$ begin execute 'select id from orders.order'; end $$",
		"grant ashlar_orders to ashlar_billing",
		"create extension dblink",
		"alter role ashlar_billing superuser",
		"select pg_ls_dir('/')",
		"select pg_read_binary_file('/etc/passwd')",
		"alter system set work_mem = '1MB'",
		"create publication p for all tables",
		"create table billing.x () inherits (orders.order)",
		"create table billing.x (like orders.order)",
		"create table billing.x as select id from orders.order",
		"create view billing.v as select id from orders.order",
		"create rule r as on insert to orders.order do instead nothing",
		"comment on table orders.order is 'x'",
		"create index i on orders.order (note)",
		"merge into orders.order using billing.charge on true when matched then delete",
		"explain select id from orders.order",
		"create policy p on orders.order",
		"alter schema orders owner to ashlar_billing",
		"alter table orders.order disable trigger all",
		"reassign owned by ashlar_orders to ashlar_billing",
		"drop owned by ashlar_orders",
		"prepare p as select id from orders.order",
		"declare c cursor for select id from orders.order",
		"analyze verbose orders.order; select 1/0",
		"select rolpassword from pg_authid",
		"select passwd from pg_shadow",
		"copy billing.charge to '/tmp/x'",
		"copy billing.charge from '/etc/passwd'",
		"select lo_import('/etc/passwd')",
		"select lo_export(1, '/tmp/x')",
		"set session authorization postgres",
		"set session authorization admin",
		"create role r",
		"create database d",
		"create tablespace t location '/tmp'",
		"create event trigger e on ddl_command_start execute function f()",
		"create language plpython3u",
		"create server s foreign data wrapper postgres_fdw",
		"load 'auto_explain'",
		"select pg_reload_conf()",
		"select pg_terminate_backend(pid) from pg_stat_activity where usename = 'admin'; "
		"select 1/0",
		"select schema_to_xml('orders', true, true, '')",
		"select nextval('orders.s')",
		"delete from billing.charge using orders.order",
		"alter role app superuser",
		"grant select on orders.order to public",
		"truncate ashlar.migration",
	};
	struct fixture *fixture = *state;
	if (!fixture_is_postgresql())
		return;
	PGconn *connection = PQconnectdb(fixture->location);
	assert_int_equal(PQstatus(connection), CONNECTION_OK);
	for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
		PQclear(PQexec(connection, "begin"));
		PQclear(PQexec(connection, "set local role ashlar_billing"));
		PGresult *result = PQexec(connection, PLAIN[i]);
		if (PQresultStatus(result) != PGRES_FATAL_ERROR)
			fail_msg("the database allows: %s", PLAIN[i]);
		PQclear(result);
		PQclear(PQexec(connection, "rollback"));
	}
	/* Nor has the login itself. */
	PGresult *result = PQexec(connection, "select id from orders.order");
	assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
	PQclear(result);
	PQfinish(connection);
}

/* What somebody with other rights put into the module's schema is found by the next migration. */
static void what_was_put_there_by_hand_is_found(void **state)
{
	static const char *const POSTGRESQL[] = {
		"create view billing.v as select id from orders.order",
		"create table billing.x (a text references orders.order (id))",
		"create function billing.f() returns bigint security definer language sql as "
		"'select 1'",
		"create trigger t before update on billing.charge for each row"
		" execute function suppress_redundant_updates_trigger()",
	};
	static const char *const POSTGRESQL_UNDO[] = {"drop view billing.v", "drop table billing.x",
						      "drop function billing.f",
						      "drop trigger t on billing.charge"};
	static const char *const SQLITE[] = {
		"create view \"billing.v\" as select id from \"orders.order\"",
		"create table \"billing.x\" (a text references \"orders.order\" (id))",
		("create trigger t after insert on \"billing.charge\" begin delete from "
		 "\"orders.order\"; end"),
	};
	static const char *const SQLITE_UNDO[] = {"drop view \"billing.v\"",
						  "drop table \"billing.x\"", "drop trigger t"};
	struct fixture *fixture = *state;
	bool postgresql = fixture_is_postgresql();
	size_t count = postgresql ? 4 : 3;
	for (size_t i = 0; i < count; i++) {
		struct store_migration migrations[3];
		struct store_module modules[3] = {FIXTURE_MODULES[0], FIXTURE_MODULES[1],
						  FIXTURE_MODULES[2]};
		memcpy(migrations, FIXTURE_MODULES[0].migrations, 2 * sizeof *migrations);
		migrations[2] = (struct store_migration){"0003_next.sql", "select 1"};
		modules[0].migrations = migrations;
		modules[0].migration_count = 3;
		fixture_admin(fixture, postgresql ? POSTGRESQL[i] : SQLITE[i]);
		struct store *store = fixture_open(fixture, modules, 3, NULL);
		assert_int_equal(store_migrate(store, NULL, &fault), ASH_PERMISSION_DENIED);
		assert_non_null(strstr(fault.message, "billing 0003_next.sql:1: "));
		store_free(store);
		fixture_admin(fixture, postgresql ? POSTGRESQL_UNDO[i] : SQLITE_UNDO[i]);
	}
}

/* A trigger or view that somebody put there does not run, or not with more rights. */
static void a_view_by_hand_does_not_open_the_wall_on_sqlite(void **state)
{
	struct fixture *fixture = *state;
	if (fixture_is_postgresql())
		return;
	fixture_admin(fixture, "create view \"billing.v\" as select id from \"orders.order\"");
	fixture_admin(fixture, "create trigger t after insert on \"billing.charge\""
			       " begin delete from \"orders.order\"; end");
	assert_int_equal(fixture_run(fixture->store, BILLING, "select id from billing.v", &fault),
			 ASH_PERMISSION_DENIED);
	assert_non_null(strstr(fault.message, "module orders"));
	(void)fixture_run(fixture->store, BILLING,
			  "insert into billing.charge (order_id, cents) values ('a', 1)", &fault);
	assert_int_equal(
		fixture_number(fixture->store, ORDERS, "select count(*) from orders.order"), 1);
}

/* The outcome of a query in the open transaction; its rows are read. */
static ash_status ask(struct store_session *session, const char *sql)
{
	struct store_rows *rows = NULL;
	ASH_TRY(store_query(session, sql, NULL, 0, &rows, &fault));
	while (store_next(rows))
		;
	return store_end(rows, &fault);
}

/* A statement that was prepared for one module is not there for the next that speaks, neither in
 * the next transaction of the connection nor in the same. */
static void what_one_module_prepared_is_not_anothers(void **state)
{
	static const char SQL[] = "select id from orders.order";
	struct fixture *fixture = *state;
	const struct store_options options = {.connections = 1};
	struct store *store = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
	struct store_session *session = NULL;
	assert_int_equal(store_acquire(store, STORE_NO_DEADLINE, &session, &fault), ASH_OK);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(store_begin(session, ORDERS, STORE_WRITE, &fault), ASH_OK);
		assert_int_equal(ask(session, SQL), ASH_OK);
		assert_int_equal(store_speak(session, BILLING), ORDERS);
		assert_int_equal(ask(session, "select cents from billing.charge"), ASH_OK);
		assert_int_equal(ask(session, SQL), ASH_PERMISSION_DENIED);
		store_rollback(session);
		assert_int_equal(store_begin(session, BILLING, STORE_READ, &fault), ASH_OK);
		assert_int_equal(ask(session, SQL), ASH_PERMISSION_DENIED);
		store_rollback(session);
	}
	store_release(session);
	store_free(store);
}

/* On PostgreSQL the second wall alone: the statement is prepared while one role is set, and is run
 * under another. */
static void a_statement_that_was_prepared_runs_with_the_role_of_now(void **state)
{
	struct fixture *fixture = *state;
	if (!fixture_is_postgresql())
		return;
	PGconn *connection = PQconnectdb(fixture->location);
	PQclear(PQexec(connection, "begin"));
	PQclear(PQexec(connection, "set local role ashlar_orders"));
	PQclear(PQprepare(connection, "p", "select id from orders.order", 0, NULL));
	PGresult *result = PQexecPrepared(connection, "p", 0, NULL, NULL, NULL, 0);
	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	PQclear(result);
	PQclear(PQexec(connection, "set local role ashlar_billing"));
	result = PQexecPrepared(connection, "p", 0, NULL, NULL, NULL, 0);
	assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
	PQclear(result);
	PQfinish(connection);
}

static void a_superuser_is_no_login(void **state)
{
	const char *admin = getenv("ASHLAR_STORE_ADMIN");
	struct store_options options = {
		.location = admin, .modules = FIXTURE_BARE, .module_count = 3};
	struct store *store = NULL;
	(void)state;
	if (!fixture_is_postgresql())
		return;
	assert_int_equal(store_open(&store, &options, &fault), ASH_FAILED_PRECONDITION);
	assert_non_null(strstr(fault.message, "superuser"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_names_another_module_is_refused_with_both_names),
		TEST(every_other_way_is_refused),
		TEST(a_migration_is_refused_the_same),
		TEST(the_role_has_no_rights_on_others),
		TEST(what_was_put_there_by_hand_is_found),
		TEST(a_view_by_hand_does_not_open_the_wall_on_sqlite),
		TEST(what_one_module_prepared_is_not_anothers),
		TEST(a_statement_that_was_prepared_runs_with_the_role_of_now),
		TEST(a_superuser_is_no_login),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
