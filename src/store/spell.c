/* SPDX-License-Identifier: Apache-2.0 */
/* Spells a statement for one database, token by token. Knows which statements and words a module
 * may say; names are spell_name.c's, the schema is spell_schema.c's. Invariant: nothing is sent
 * that was not looked at, and nothing that one of the databases reads in another way. */
#include "speller.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "store.h"

static const struct column_type TYPES[] = {
	{WORD_bigint, WORD_NONE, "integer", "bigint", NULL, "ashlar_bigint"},
	{WORD_integer, WORD_NONE, "integer", "integer", "between -2147483648 and 2147483647",
	 "ashlar_integer"},
	{WORD_boolean, WORD_NONE, "integer", "boolean", "in (0, 1)", NULL},
	{WORD_text, WORD_NONE, "text", "text collate \"C\"", NULL, "ashlar_text"},
	{WORD_double, WORD_precision, "real", "double precision", NULL, "ashlar_double"},
	{WORD_bytea, WORD_NONE, "blob", "bytea", NULL, NULL},
	{WORD_timestamptz, WORD_NONE, "integer", "timestamptz", NULL, NULL},
};

void spelled_release(struct spelled *spelled)
{
	text_release(&spelled->text);
}

ash_status speller_refuse(const struct speller *speller, size_t index, const char *format, ...)
{
	char what[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	return fault_set(speller->fault, ASH_INVALID_ARGUMENT, "line %u of the SQL: %s",
			 speller->tokens->items[index].line, what);
}

enum token_kind speller_kind(const struct speller *speller, size_t index)
{
	return index < speller->end ? (enum token_kind)speller->tokens->items[index].kind
				    : TOKEN_END;
}

enum word speller_word(const struct speller *speller, size_t index)
{
	return speller_kind(speller, index) == TOKEN_WORD
		       ? (enum word)speller->tokens->items[index].word
		       : WORD_NONE;
}

const struct column_type *speller_type(const struct speller *speller, size_t index, size_t *length)
{
	enum word word = speller_word(speller, index);
	for (size_t i = 0; word && i < sizeof TYPES / sizeof *TYPES; i++) {
		if (TYPES[i].word != word)
			continue;
		if (TYPES[i].second && speller_word(speller, index + 1) != TYPES[i].second)
			continue;
		*length = TYPES[i].second ? 2 : 1;
		return &TYPES[i];
	}
	return NULL;
}

void speller_put(struct speller *speller, size_t index, struct str text)
{
	const struct token *token = &speller->tokens->items[index];
	bool is_operator = token->kind == TOKEN_OPERATOR;
	if (token->spaced || (is_operator && speller->after_operator))
		text_add_byte(&speller->out->text, ' ');
	text_add(&speller->out->text, text);
	speller->after_operator = is_operator;
}

void speller_copy(struct speller *speller)
{
	speller_put(speller, speller->at, token_str(speller->tokens, speller->at));
	speller->at++;
}

/* A text in dollar quotes becomes one in plain ones. Two in a row are one to PostgreSQL, a value
 * and its name to SQLite, which takes a text for a name in other places too. */
static ash_status put_string(struct speller *speller)
{
	enum token_kind before =
		speller->at > 0 ? (enum token_kind)speller->tokens->items[speller->at - 1].kind
				: TOKEN_END;
	if (before == TOKEN_STRING || before == TOKEN_NUMBER || before == TOKEN_QUOTED ||
	    before == TOKEN_CLOSE || before == TOKEN_PARAMETER || before == TOKEN_DOT)
		return speller_refuse(speller, speller->at, "a text in quotes cannot stand here");
	struct str text = token_str(speller->tokens, speller->at);
	if (text.at[0] != '$') {
		speller_copy(speller);
		return ASH_OK;
	}
	size_t tag = (size_t)str_find(str_from(text, 1), '$') + 2;
	speller_put(speller, speller->at++, STR("'"));
	for (size_t i = tag; i < text.length - tag; i++) {
		if (text.at[i] == '\'')
			text_add_byte(&speller->out->text, '\'');
		text_add_byte(&speller->out->text, text.at[i]);
	}
	text_add_byte(&speller->out->text, '\'');
	return ASH_OK;
}

static void put_parameter(struct speller *speller)
{
	const struct token *token = &speller->tokens->items[speller->at];
	char spelled[8];
	int length = snprintf(spelled, sizeof spelled, "%c%u",
			      speller->dialect == DIALECT_SQLITE ? '?' : '$', token->parameter);
	if (token->parameter > speller->out->parameters)
		speller->out->parameters = token->parameter;
	speller_put(speller, speller->at++, (struct str){spelled, (size_t)length});
}

/* What a cast starts with is only known at its end, so casts are found before anything is sent:
 * a value, a name with its parts, or a parenthesis with the function before it. */
static size_t cast_start(const struct speller *speller, size_t cast, const uint32_t *starts)
{
	size_t last = cast - 1, length;
	for (size_t back = 1; back <= 2; back++)
		if (cast >= back + 1 && speller_kind(speller, cast - back - 1) == TOKEN_CAST &&
		    speller_type(speller, cast - back, &length) && length == back)
			return starts[cast - back - 1];
	if (speller_kind(speller, last) == TOKEN_CLOSE) {
		size_t open = speller->tokens->items[last].mate;
		bool calls = open > 0 && word_is(speller_word(speller, open - 1), WORD_CALL);
		return calls ? open - 1 : open;
	}
	for (int parts = 0; parts < 2 && last >= 2; parts++)
		if (speller_kind(speller, last - 1) == TOKEN_DOT)
			last -= 2;
	return last;
}

/* Makes lists, by the token with which casts start; the outermost is the first. Uses `mate` of a
 * cast for the next one. */
static ash_status find_casts(struct speller *speller, struct token *items)
{
	size_t cast = speller->at;
	while (cast < speller->end && items[cast].kind != TOKEN_CAST)
		cast++;
	if (cast == speller->end || speller->dialect != DIALECT_SQLITE)
		return ASH_OK;
	_cleanup_(mem_freep) uint32_t *starts = mem_alloc(speller->end * sizeof *starts);
	speller->casts = mem_alloc(speller->end * sizeof *speller->casts);
	if (!starts || !speller->casts)
		return fault_memory(speller->fault);
	for (; cast < speller->end; cast++) {
		if (items[cast].kind != TOKEN_CAST)
			continue;
		if (cast == speller->at)
			return speller_refuse(speller, cast, "nothing stands before \"::\"");
		size_t start = cast_start(speller, cast, starts);
		if (start < speller->at)
			return speller_refuse(speller, cast, "nothing stands before \"::\"");
		starts[cast] = (uint32_t)start;
		items[cast].mate = speller->casts[start];
		speller->casts[start] = (uint32_t)cast;
	}
	return ASH_OK;
}

/* Sends what the casts that start here begin with. */
static void open_casts(struct speller *speller)
{
	size_t length;
	for (uint32_t cast = speller->casts ? speller->casts[speller->at] : 0; cast;
	     cast = speller->tokens->items[cast].mate) {
		const struct column_type *type = speller_type(speller, cast + 1, &length);
		if (type && type->convert)
			text_addf(&speller->out->text, " %s(", type->convert);
	}
}

/* "case ... end::text" and "count(*) filter (...)::text" need a parenthesis around them. */
static bool is_operand(const struct speller *speller, size_t last)
{
	if (speller_kind(speller, last) == TOKEN_CLOSE) {
		size_t open = speller->tokens->items[last].mate;
		enum word before = open > 0 ? speller_word(speller, open - 1) : WORD_NONE;
		return before != WORD_filter && before != WORD_over && before != WORD_exists;
	}
	enum word word = speller_word(speller, last);
	return !word_is(word, WORD_KEY) || word == WORD_null || word == WORD_true ||
	       word == WORD_false || word == WORD_current_timestamp;
}

/* Times, booleans and bytes are kept in other types on SQLite, so only what is of the type
 * already is cast to them: to tell PostgreSQL which one a value has. */
static ash_status check_cast(const struct speller *speller, const struct column_type *type,
			     size_t operand)
{
	bool is_value = speller_kind(speller, operand) == TOKEN_PARAMETER ||
			speller_word(speller, operand) == WORD_null;
	if (!is_operand(speller, operand))
		return speller_refuse(speller, operand + 1,
				      "what is cast needs parentheses around it");
	if (type->convert || is_value)
		return ASH_OK;
	return speller_refuse(speller, operand + 1, "only a $1 or null is cast to %s",
			      word_name(type->word));
}

static ash_status put_cast(struct speller *speller)
{
	size_t length, cast = speller->at;
	const struct column_type *type = speller_type(speller, cast + 1, &length);
	if (!type)
		return speller_refuse(
			speller, cast,
			"a cast is to bigint, integer, double precision, text, boolean, bytea "
			"or timestamptz");
	ASH_TRY(check_cast(speller, type, cast - 1));
	if (speller->dialect == DIALECT_SQLITE) {
		if (type->convert)
			text_add_byte(&speller->out->text, ')');
		speller->at += 1 + length;
		return ASH_OK;
	}
	for (size_t i = 0; i <= length; i++)
		speller_copy(speller);
	return ASH_OK;
}

static ash_status refuse_word(struct speller *speller, enum word word)
{
	return speller_refuse(
		speller, speller->at,
		"\"%s\" is known to one database only, or means different things to them",
		word_name(word));
}

/* FOR UPDATE and its like: on SQLite who writes is alone already. */
static ash_status put_locking(struct speller *speller)
{
	size_t from = speller->at++;
	while (speller_word(speller, speller->at) == WORD_no ||
	       speller_word(speller, speller->at) == WORD_key)
		speller->at++;
	enum word what = speller_word(speller, speller->at++);
	if (what != WORD_update && what != WORD_share)
		return speller_refuse(speller, from, "\"for\" locks with update or share only");
	if (speller_word(speller, speller->at) == WORD_of)
		return speller_refuse(speller, from,
				      "\"for update of\" is not known to both databases");
	if (speller_word(speller, speller->at) == WORD_nowait)
		speller->at++;
	else if (speller_word(speller, speller->at) == WORD_skip &&
		 speller_word(speller, speller->at + 1) == WORD_locked)
		speller->at += 2;
	speller->out->writes = true;
	size_t to = speller->at;
	speller->at = from;
	while (speller->dialect == DIALECT_POSTGRESQL && speller->at < to)
		speller_copy(speller);
	speller->at = to;
	return ASH_OK;
}

static ash_status check_open(struct speller *speller, enum word word)
{
	if (speller_kind(speller, speller->at + 1) != TOKEN_OPEN || word_is(word, WORD_OPEN))
		return ASH_OK;
	return speller_refuse(speller, speller->at,
			      "there is no function \"%s\" for both databases", word_name(word));
}

/* INTO belongs to INSERT: SELECT ... INTO makes a table. */
static ash_status put_into(struct speller *speller)
{
	if (speller->at == 0 || speller_word(speller, speller->at - 1) != WORD_insert)
		return speller_refuse(speller, speller->at,
				      "\"into\" stands after \"insert\" only");
	speller_copy(speller);
	return ASH_OK;
}

static bool writes(enum word word)
{
	return word == WORD_insert || word == WORD_update || word == WORD_delete;
}

/* UPDATE OR REPLACE and its like are SQLite's. */
static bool is_conflict_clause(const struct speller *speller, enum word word)
{
	return word == WORD_or && speller->at > 0 && writes(speller_word(speller, speller->at - 1));
}

/* A reserved word. */
static ash_status put_word(struct speller *speller, enum word word)
{
	if (word_is(word, WORD_NEVER) || word == WORD_cast)
		return word == WORD_cast
			       ? speller_refuse(speller, speller->at,
						"write x::type instead of cast(x as type)")
			       : refuse_word(speller, word);
	if (is_conflict_clause(speller, word))
		return refuse_word(speller, word);
	ASH_TRY(check_open(speller, word));
	if (word == WORD_for)
		return put_locking(speller);
	if (word == WORD_into)
		return put_into(speller);
	if (word == WORD_current_timestamp && speller->dialect == DIALECT_SQLITE) {
		speller_put(speller, speller->at++, STR("now()"));
		return ASH_OK;
	}
	speller_copy(speller);
	return ASH_OK;
}

/* What stands in a parenthesis does not write: SQLite has no such thing. */
static ash_status put_open(struct speller *speller)
{
	if (writes(speller_word(speller, speller->at + 1)))
		return speller_refuse(speller, speller->at,
				      "a statement that writes may not stand inside another");
	speller_copy(speller);
	return ASH_OK;
}

static ash_status put_dot(struct speller *speller)
{
	if (speller->at == 0 || speller_kind(speller, speller->at - 1) == TOKEN_CLOSE)
		return speller_refuse(speller, speller->at, "nothing of a parenthesis has a name");
	speller_copy(speller);
	return ASH_OK;
}

ash_status speller_token(struct speller *speller)
{
	open_casts(speller);
	if (speller_is_name(speller, speller->at))
		return speller_name(speller);
	switch (speller_kind(speller, speller->at)) {
	case TOKEN_WORD: return put_word(speller, speller_word(speller, speller->at));
	case TOKEN_STRING: return put_string(speller);
	case TOKEN_PARAMETER: put_parameter(speller); return ASH_OK;
	case TOKEN_CAST: return put_cast(speller);
	case TOKEN_OPEN: return put_open(speller);
	case TOKEN_DOT: return put_dot(speller);
	case TOKEN_SEMICOLON:
		return speller_refuse(speller, speller->at,
				      "one statement at a time: \";\" ends it");
	default: speller_copy(speller); return ASH_OK;
	}
}

static ash_status refuse_verb(struct speller *speller)
{
	struct str verb = token_str(speller->tokens, speller->at);
	const char *name = speller->module < speller->wall->module_count
				   ? speller->wall->modules[speller->module]
				   : WALL_OWN;
	bool is_word = speller_kind(speller, speller->at) == TOKEN_WORD;
	if (!is_word)
		return speller_refuse(speller, speller->at, "a statement starts with a word");
	return fault_set(speller->fault, ASH_PERMISSION_DENIED,
			 "line %u of the SQL: %s may not say \"%.*s\": a module's statement %s",
			 speller->tokens->items[speller->at].line, name, STR_ARG(verb),
			 speller->schema
				 ? "in a migration is create, alter, drop, insert, update, delete "
				   "or select"
				 : "is select, insert, update, delete, with or values");
}

static ash_status put_body(struct speller *speller)
{
	unsigned depth = 0;
	speller->aliasing = speller->dialect == DIALECT_SQLITE;
	while (speller->at < speller->end) {
		enum token_kind kind = speller_kind(speller, speller->at);
		depth += kind == TOKEN_OPEN;
		depth -= kind == TOKEN_CLOSE;
		if (depth == 0 && writes(speller_word(speller, speller->at)))
			speller->out->writes = true;
		ASH_TRY(speller_token(speller));
	}
	return ASH_OK;
}

static ash_status spell(struct speller *speller, struct tokens *tokens)
{
	text_clear(&speller->out->text);
	speller->out->parameters = 0;
	speller->out->writes = false;
	speller->out->line = tokens->items[speller->at].line;
	enum word verb = speller_word(speller, speller->at);
	ASH_TRY(find_casts(speller, tokens->items));
	if (word_is(verb, WORD_BODY))
		ASH_TRY(put_body(speller));
	else if (speller->schema &&
		 (verb == WORD_create || verb == WORD_alter || verb == WORD_drop))
		ASH_TRY(speller_schema(speller));
	else
		return refuse_verb(speller);
	return speller->out->text.failed ? fault_memory(speller->fault) : ASH_OK;
}

static void speller_release(struct speller *speller)
{
	mem_free(speller->casts);
}

ash_status spell_statement(const struct wall *wall, unsigned module, enum dialect dialect,
			   struct str sql, struct spelled *spelled, struct fault *fault)
{
	_cleanup_(tokens_release) struct tokens tokens = {0};
	_cleanup_(speller_release) struct speller speller = {
		wall, module, dialect, .tokens = &tokens, .out = spelled, .fault = fault};
	if (sql.length > STORE_SQL_LIMIT)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "a statement is longer than %d bytes",
				 STORE_SQL_LIMIT);
	ASH_TRY(tokens_read(&tokens, sql, fault));
	while (tokens.count > 0 && tokens.items[tokens.count - 1].kind == TOKEN_SEMICOLON)
		tokens.count--;
	if (tokens.count == 0)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "there is no statement in the SQL");
	speller.end = tokens.count;
	return spell(&speller, &tokens);
}

/* The semicolon that ends the statement, or the end of all. */
static size_t statement_end(const struct tokens *tokens, size_t from)
{
	size_t at = from;
	while (at < tokens->count && tokens->items[at].kind != TOKEN_SEMICOLON)
		at = tokens->items[at].kind == TOKEN_OPEN ? tokens->items[at].mate : at + 1;
	return at;
}

ash_status spell_migration(const struct wall *wall, unsigned module, enum dialect dialect,
			   struct str sql,
			   ash_status (*each)(void *context, const struct spelled *spelled,
					      struct fault *fault),
			   void *context, uint32_t *line, struct fault *fault)
{
	_cleanup_(tokens_release) struct tokens tokens = {0};
	_cleanup_(spelled_release) struct spelled spelled = {0};
	*line = 1;
	if (sql.length > STORE_MIGRATION_LIMIT)
		return fault_set(fault, ASH_INVALID_ARGUMENT, "a migration is longer than %d bytes",
				 STORE_MIGRATION_LIMIT);
	ASH_TRY(tokens_read(&tokens, sql, fault));
	for (size_t from = 0, to; from < tokens.count; from = to + 1) {
		to = statement_end(&tokens, from);
		if (from == to)
			continue;
		_cleanup_(speller_release) struct speller speller = {
			wall,       module,    dialect,         true,          .tokens = &tokens,
			.at = from, .end = to, .out = &spelled, .fault = fault};
		*line = tokens.items[from].line;
		ASH_TRY(spell(&speller, &tokens));
		ASH_TRY(each(context, &spelled, fault));
	}
	return ASH_OK;
}
