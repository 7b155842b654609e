/* SPDX-License-Identifier: Apache-2.0 */
/* Names: of tables, columns and functions. Knows the wall. Invariant: a name with a schema is sent
 * only if the module owns the schema, and a function is called only if it is in the list of those
 * that both databases know. */
#include "speller.h"

#include <stdio.h>

#define PART_LIMIT 3

/* A name with its parts: "schema.table.column". */
struct chain {
	size_t first; /* token of the first part; every second one is a dot */
	size_t count;
	size_t after; /* the token after it */
	char name[PART_LIMIT][TOKEN_NAME_LIMIT + 1];
	struct str parts[PART_LIMIT];
};

bool speller_is_name(const struct speller *speller, size_t index)
{
	enum token_kind kind = speller_kind(speller, index);
	if (kind == TOKEN_QUOTED)
		return true;
	if (kind != TOKEN_WORD)
		return false;
	enum word word = speller_word(speller, index);
	return !word_is(word, WORD_KEY) && !word_is(word, WORD_NEVER) && !word_is(word, WORD_BODY);
}

/* Names that a database gives its own tables. */
static bool is_engines(struct str name)
{
	static const char *const STARTS[] = {"pg_", "sqlite_", "pragma_", "information_schema"};
	char lower[32];
	size_t length = name.length < sizeof lower ? name.length : sizeof lower;
	for (size_t i = 0; i < length; i++)
		lower[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] | 0x20)
								  : name.at[i];
	for (size_t i = 0; i < sizeof STARTS / sizeof *STARTS; i++)
		if (str_starts((struct str){lower, length}, str_of(STARTS[i])))
			return true;
	return false;
}

static ash_status read_chain(const struct speller *speller, struct chain *chain)
{
	chain->first = speller->at;
	chain->count = 0;
	for (size_t at = speller->at;; at += 2) {
		if (chain->count == PART_LIMIT)
			return speller_refuse(speller, at, "a name has more than three parts");
		chain->parts[chain->count] =
			token_name(speller->tokens, at, chain->name[chain->count]);
		if (is_engines(chain->parts[chain->count]))
			return fault_set(
				speller->fault, ASH_PERMISSION_DENIED,
				"line %u of the SQL: %.*s belongs to the database, not to a module",
				speller->tokens->items[at].line,
				STR_ARG(chain->parts[chain->count]));
		chain->count++;
		chain->after = at + 1;
		enum token_kind next = speller_kind(speller, at + 2);
		if (speller_kind(speller, at + 1) != TOKEN_DOT ||
		    (next != TOKEN_WORD && next != TOKEN_QUOTED))
			return ASH_OK;
	}
}

static void put_quoted(struct speller *speller, struct str name)
{
	text_add_byte(&speller->out->text, '"');
	for (size_t i = 0; i < name.length; i++) {
		if (name.at[i] == '"')
			text_add_byte(&speller->out->text, '"');
		text_add_byte(&speller->out->text, name.at[i]);
	}
	text_add_byte(&speller->out->text, '"');
}

static void copy_chain(struct speller *speller, const struct chain *chain)
{
	while (speller->at < chain->after)
		speller_copy(speller);
}

/* "schema.table", as SQLite knows it. */
static void put_table(struct speller *speller, struct str schema, struct str table)
{
	speller_put(speller, speller->at, STR("\""));
	text_add(&speller->out->text, schema);
	text_add_byte(&speller->out->text, '.');
	for (size_t i = 0; i < table.length; i++) {
		if (table.at[i] == '"')
			text_add_byte(&speller->out->text, '"');
		text_add_byte(&speller->out->text, table.at[i]);
	}
	text_add_byte(&speller->out->text, '"');
}

/* Whether the table whose name ends before `index` is given another name there. */
static bool has_alias(const struct speller *speller, size_t index)
{
	enum word word = speller_word(speller, index);
	return word == WORD_as ||
	       (speller_is_name(speller, index) && word != WORD_set && word != WORD_offset);
}

/* Columns are told from a table by its bare name, which the table does not have on SQLite. */
static ash_status put_relation(struct speller *speller, const struct chain *chain)
{
	enum word before = chain->first > 0 ? speller_word(speller, chain->first - 1) : WORD_NONE;
	if (speller_kind(speller, chain->after) == TOKEN_OPEN && before != WORD_into &&
	    before != WORD_references && before != WORD_on)
		return speller_refuse(speller, chain->first, "no function belongs to a schema");
	if (speller->dialect == DIALECT_POSTGRESQL) {
		copy_chain(speller, chain);
		return ASH_OK;
	}
	put_table(speller, chain->parts[0], chain->parts[1]);
	if (speller->aliasing && !has_alias(speller, chain->after)) {
		text_add(&speller->out->text, STR(" as "));
		put_quoted(speller, chain->parts[1]);
	}
	speller->at = chain->after;
	return ASH_OK;
}

/* schema.table.column, and schema.table.* */
static ash_status put_column(struct speller *speller, const struct chain *chain)
{
	if (speller_kind(speller, chain->after) == TOKEN_OPEN)
		return speller_refuse(speller, chain->first, "no function belongs to a table");
	if (speller->dialect == DIALECT_POSTGRESQL) {
		copy_chain(speller, chain);
		return ASH_OK;
	}
	speller_put(speller, speller->at, (struct str){0});
	for (size_t i = 1; i < chain->count; i++) {
		if (i > 1)
			text_add_byte(&speller->out->text, '.');
		put_quoted(speller, chain->parts[i]);
	}
	speller->at = chain->after;
	return ASH_OK;
}

/* Whether the parenthesis at `open` is followed by AS and a query: then it was the columns of a
 * common table expression. "as (name type)" would be the columns of a function instead. */
static bool is_query_after(const struct speller *speller, size_t open)
{
	size_t at = speller->tokens->items[open].mate + 1;
	if (speller_word(speller, at++) != WORD_as)
		return false;
	if (speller_word(speller, at) == WORD_not)
		at++;
	if (speller_word(speller, at) == WORD_materialized)
		at++;
	if (speller_kind(speller, at) != TOKEN_OPEN)
		return false;
	enum word word = speller_word(speller, at + 1);
	return word == WORD_select || word == WORD_with ||
	       (word == WORD_values && speller_kind(speller, at + 2) == TOKEN_OPEN);
}

/* Whether the name before the parenthesis at `open` names columns: "with v (a, b) as (select".
 * "from t as v (a, b)" is not known to SQLite. */
static bool is_column_list(const struct speller *speller, size_t name, size_t open)
{
	if (name == 0)
		return false;
	enum word before = speller_word(speller, name - 1);
	if (before == WORD_with)
		return true;
	if (before == WORD_recursive && name > 1 && speller_word(speller, name - 2) == WORD_with)
		return true;
	return speller_kind(speller, name - 1) == TOKEN_COMMA && is_query_after(speller, open);
}

static ash_status put_single(struct speller *speller, const struct chain *chain)
{
	enum word word = speller_word(speller, chain->first);
	bool opens = speller_kind(speller, chain->after) == TOKEN_OPEN;
	if (opens && !word_is(word, WORD_OPEN) && !word_is(word, WORD_CALL) &&
	    !is_column_list(speller, chain->first, chain->after))
		return fault_set(
			speller->fault, ASH_PERMISSION_DENIED,
			"line %u of the SQL: there is no function \"%.*s\" for both databases%s",
			speller->tokens->items[chain->first].line, STR_ARG(chain->parts[0]),
			"; docs/sql.md lists them");
	speller_copy(speller);
	return ASH_OK;
}

/* A chain of two or three whose first part is the name of a schema. */
static ash_status put_owned(struct speller *speller, const struct chain *chain)
{
	if (!wall_allows(speller->wall, speller->module, chain->parts[0]))
		return wall_refuse(speller->wall, speller->module, chain->parts[0], chain->parts[1],
				   speller->fault);
	bool star = speller_kind(speller, chain->after) == TOKEN_DOT;
	return chain->count == 2 && !star ? put_relation(speller, chain)
					  : put_column(speller, chain);
}

ash_status speller_name(struct speller *speller)
{
	struct chain chain;
	ASH_TRY(read_chain(speller, &chain));
	if (chain.count > 1 && wall_owner(speller->wall, chain.parts[0]) != WALL_NONE)
		return put_owned(speller, &chain);
	if (chain.count == 1)
		return put_single(speller, &chain);
	if (chain.count == PART_LIMIT)
		return speller_refuse(speller, chain.first, "there is no schema \"%.*s\"",
				      STR_ARG(chain.parts[0]));
	if (speller_kind(speller, chain.after) == TOKEN_OPEN)
		return fault_set(speller->fault, ASH_PERMISSION_DENIED,
				 "line %u of the SQL: no function of \"%.*s\" is for modules",
				 speller->tokens->items[chain.first].line, STR_ARG(chain.parts[0]));
	copy_chain(speller, &chain);
	return ASH_OK;
}

ash_status speller_own_name(struct speller *speller)
{
	struct chain chain;
	if (!speller_is_name(speller, speller->at))
		return speller_refuse(speller, speller->at, "here a name must stand: schema.name");
	ASH_TRY(read_chain(speller, &chain));
	if (chain.count != 2)
		return speller_refuse(speller, chain.first,
				      "a name here has two parts: schema.name");
	if (!wall_allows(speller->wall, speller->module, chain.parts[0])) {
		if (wall_owner(speller->wall, chain.parts[0]) == WALL_NONE)
			return fault_set(speller->fault, ASH_PERMISSION_DENIED,
					 "line %u of the SQL: there is no schema \"%.*s\"",
					 speller->tokens->items[chain.first].line,
					 STR_ARG(chain.parts[0]));
		return wall_refuse(speller->wall, speller->module, chain.parts[0], chain.parts[1],
				   speller->fault);
	}
	if (speller->dialect == DIALECT_SQLITE)
		put_table(speller, chain.parts[0], chain.parts[1]);
	else
		copy_chain(speller, &chain);
	speller->at = chain.after;
	return ASH_OK;
}
