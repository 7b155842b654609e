/* SPDX-License-Identifier: Apache-2.0 */
/* Tells code from strings, comments, templates, regular expressions and JSX text. Knows of
 * tokens only what it takes to decide the three hard questions: does a slash divide or open
 * a regular expression, does a `<` compare or open an element, and does a brace close a
 * block, an object, a substitution or an expression in JSX.
 *
 * `last` is what the last token was; `stack` says what each open bracket is; `mode` follows
 * from its top. Square brackets are not kept: nothing depends on them. Looking ahead is paid
 * for from `budget`, so that all of it together is linear. */
#include "scan/lang_javascript.h"

enum last {
	LAST_START, /* nothing, `;`, `{`: a statement or member may start */
	LAST_OPERATOR,
	LAST_DOT,
	LAST_WORD, /* a name or keyword, told apart only when it matters */
	LAST_OPERAND,
	LAST_PAREN,   /* `)` */
	LAST_CONTROL, /* `)` of if, for, while, with */
	LAST_BLOCK,   /* `}` of a block */
	LAST_ARROW,   /* `=>` */
	LAST_GREATER, /* `>` */
	LAST_BANG,    /* `!` after an operand: an assertion, or what begins `!=` */
};

enum context {
	CONTEXT_NONE,
	CONTEXT_PAREN,
	CONTEXT_CONTROL, /* the parentheses of if, for, while, with */
	CONTEXT_BLOCK,
	CONTEXT_OBJECT,
	CONTEXT_TEMPLATE,   /* in `${ }` */
	CONTEXT_EXPRESSION, /* in `{ }` of an element */
	CONTEXT_TAG,        /* after `<` of an element, before its `>` */
	CONTEXT_CHILDREN,   /* between its tags */
};

enum mode { MODE_CODE, MODE_TAG, MODE_CHILDREN };

typedef const char *step(struct javascript_lexer *lexer, const char *at);

/* ---- the stack ---- */

static uint8_t top(const struct javascript_lexer *lexer)
{
	if (lexer->depth == 0 || lexer->depth > JAVASCRIPT_DEPTH_LIMIT)
		return CONTEXT_NONE;
	return lexer->stack[lexer->depth - 1];
}

static void set_mode(struct javascript_lexer *lexer)
{
	uint8_t context = top(lexer);
	lexer->mode = context == CONTEXT_TAG        ? MODE_TAG
		      : context == CONTEXT_CHILDREN ? MODE_CHILDREN
						    : MODE_CODE;
}

static void push(struct javascript_lexer *lexer, enum context context)
{
	if (lexer->depth < JAVASCRIPT_DEPTH_LIMIT)
		lexer->stack[lexer->depth] = (uint8_t)context;
	lexer->depth++;
	set_mode(lexer);
}

static void pop(struct javascript_lexer *lexer)
{
	if (lexer->depth > 0)
		lexer->depth--;
	set_mode(lexer);
}

/* ---- what a word means ---- */

static bool word_is_one_of(const struct javascript_lexer *lexer, const struct str *words,
			   size_t count)
{
	if (lexer->last != LAST_WORD || lexer->dotted)
		return false;
	for (size_t i = 0; i < count; i++)
		if (*lexer->word == *words[i].at && javascript_word_is(lexer->word, words[i]))
			return true;
	return false;
}

#define WORD(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* Whether the last word is one that an expression follows. */
static bool after_prefix_word(const struct javascript_lexer *lexer)
{
	static const struct str WORDS[] = {
		WORD("return"), WORD("typeof"),     WORD("case"),   WORD("await"), WORD("in"),
		WORD("of"),     WORD("new"),        WORD("delete"), WORD("void"),  WORD("throw"),
		WORD("yield"),  WORD("instanceof"), WORD("do"),     WORD("else"),  WORD("default"),
	};
	return word_is_one_of(lexer, WORDS, sizeof WORDS / sizeof *WORDS);
}

static bool after_block_word(const struct javascript_lexer *lexer)
{
	static const struct str WORDS[] = {WORD("do"), WORD("else")};
	return word_is_one_of(lexer, WORDS, sizeof WORDS / sizeof *WORDS);
}

static bool after_control_word(const struct javascript_lexer *lexer)
{
	static const struct str WORDS[] = {WORD("if"), WORD("for"), WORD("while"), WORD("with")};
	return word_is_one_of(lexer, WORDS, sizeof WORDS / sizeof *WORDS);
}

/* Whether an operand comes next: a slash then opens a regular expression. */
static bool expects_operand(const struct javascript_lexer *lexer)
{
	static const bool EXPECTS[] = {
		[LAST_START] = true, [LAST_OPERATOR] = true, [LAST_CONTROL] = true,
		[LAST_BLOCK] = true, [LAST_ARROW] = true,    [LAST_GREATER] = true,
		[LAST_BANG] = false,
	};
	return lexer->last == LAST_WORD ? after_prefix_word(lexer) : EXPECTS[lexer->last];
}

/* Whether a brace that comes next opens a block (or a class, or a type's body). */
static bool opens_block(const struct javascript_lexer *lexer)
{
	if (lexer->last == LAST_WORD)
		return after_block_word(lexer) || !after_prefix_word(lexer);
	return lexer->last != LAST_OPERATOR && lexer->last != LAST_DOT;
}

/* ---- strings, templates, regular expressions ---- */

/* Ends behind the quote, or at the end of the line. */
static const char *step_quote(struct javascript_lexer *lexer, const char *at)
{
	char quote = *at++;
	for (; at < lexer->end && *at != quote && *at != '\n'; at++)
		at += *at == '\\' && at + 1 < lexer->end;
	lexer->last = LAST_OPERAND;
	return at < lexer->end && *at == quote ? at + 1 : at;
}

/* Reads template text up to its backtick or its next substitution. */
static const char *pass_template(struct javascript_lexer *lexer, const char *at)
{
	for (; at < lexer->end && *at != '`'; at++) {
		if (*at == '\\') {
			at += at + 1 < lexer->end;
		} else if (at[0] == '$' && at[1] == '{' && at + 1 < lexer->end) {
			push(lexer, CONTEXT_TEMPLATE);
			lexer->last = LAST_START;
			return at + 2;
		}
	}
	lexer->last = LAST_OPERAND;
	return at < lexer->end ? at + 1 : at;
}

static const char *step_backtick(struct javascript_lexer *lexer, const char *at)
{
	return pass_template(lexer, at + 1);
}

/* Pays for looking ahead from `from` to `to`. */
static void pay(struct javascript_lexer *lexer, const char *from, const char *to)
{
	size_t cost = (size_t)(to - from);
	lexer->budget -= cost < lexer->budget ? cost : lexer->budget;
}

/* After the regular expression at `at`, flags not passed; NULL when the line ends first. */
static const char *regex_end(struct javascript_lexer *lexer, const char *at)
{
	const char *from = at++;
	bool in_class = false;
	for (; at < lexer->end && *at != '\n' && *at != '\r'; at++) {
		if (*at == '\\')
			at += at + 1 < lexer->end && at[1] != '\n';
		else if (*at == '[')
			in_class = true;
		else if (*at == ']')
			in_class = false;
		else if (*at == '/' && !in_class)
			return at + 1;
	}
	pay(lexer, from, at);
	return lexer->budget > 0 ? NULL : at;
}

static const char *step_slash(struct javascript_lexer *lexer, const char *at)
{
	const char *after = javascript_skip_comment(at, lexer->end);
	if (after != at)
		return after;
	after = expects_operand(lexer) ? regex_end(lexer, at) : NULL;
	if (!after) {
		lexer->last = LAST_OPERATOR;
		return at + 1;
	}
	while (after < lexer->end && javascript_is_word(*after))
		after++;
	lexer->last = LAST_OPERAND;
	return after;
}

/* ---- brackets ---- */

static const char *step_open_brace(struct javascript_lexer *lexer, const char *at)
{
	push(lexer, opens_block(lexer) ? CONTEXT_BLOCK : CONTEXT_OBJECT);
	lexer->last = LAST_START;
	return at + 1;
}

/* A brace closes parentheses that were left open inside. */
static const char *step_close_brace(struct javascript_lexer *lexer, const char *at)
{
	while (top(lexer) == CONTEXT_PAREN || top(lexer) == CONTEXT_CONTROL)
		pop(lexer);
	uint8_t context = top(lexer);
	pop(lexer);
	lexer->last = context == CONTEXT_OBJECT || context == CONTEXT_EXPRESSION ? LAST_OPERAND
										 : LAST_BLOCK;
	return context == CONTEXT_TEMPLATE ? pass_template(lexer, at + 1) : at + 1;
}

static const char *step_open_paren(struct javascript_lexer *lexer, const char *at)
{
	push(lexer, after_control_word(lexer) ? CONTEXT_CONTROL : CONTEXT_PAREN);
	lexer->last = LAST_OPERATOR;
	return at + 1;
}

/* A parenthesis that closes nothing is passed over. */
static const char *step_close_paren(struct javascript_lexer *lexer, const char *at)
{
	uint8_t context = top(lexer);
	if (context == CONTEXT_PAREN || context == CONTEXT_CONTROL ||
	    (context == CONTEXT_NONE && lexer->depth > 0))
		pop(lexer);
	lexer->last = context == CONTEXT_CONTROL ? LAST_CONTROL : LAST_PAREN;
	return at + 1;
}

static const char *step_close_bracket(struct javascript_lexer *lexer, const char *at)
{
	lexer->last = LAST_OPERAND;
	return at + 1;
}

/* ---- JSX ---- */

/* After the byte that matches the opening one at `at`, or NULL. The `>` of `=>` matches nothing. */
static const char *pass_pair(struct javascript_lexer *lexer, const char *at, char closing)
{
	const char *from = at;
	const char *limit = lexer->end;
	size_t depth = 0;
	if ((size_t)(limit - at) > lexer->budget)
		limit = at + lexer->budget;
	for (; at < limit; at++) {
		depth += *at == *from;
		if (*at == closing && (closing != '>' || at[-1] != '=') && --depth == 0)
			break;
	}
	pay(lexer, from, at);
	return at < limit ? at + 1 : NULL;
}

/* Whether what follows `<name>` are the parameters of a function, and no children. */
static bool parameters_follow(struct javascript_lexer *lexer, const char *at)
{
	at = javascript_skip_blank(at, lexer->end);
	if (at >= lexer->end || *at != '(')
		return false;
	at = pass_pair(lexer, at, ')');
	if (!at)
		return false;
	at = javascript_skip_blank(at, lexer->end);
	return (at[0] == '=' && at[1] == '>') || (at[0] == ':' && lexer->last == LAST_START);
}

/* Whether `<` at `at`, where an operand is due, opens type parameters: `<T,>`,
 * `<T extends X>`, `<T = X>`, `<T: X>` (Flow), `<const T>`, `<T>(a) =>`. */
static bool opens_type_parameters(struct javascript_lexer *lexer, const char *at)
{
	const char *from = at;
	const char *name = javascript_skip_blank(at + 1, lexer->end);
	at = name;
	while (at < lexer->end && javascript_is_word(*at))
		at++;
	bool touches = !javascript_classes[(unsigned char)*at];
	at = javascript_skip_blank(at, lexer->end);
	pay(lexer, from, at);
	if (at >= lexer->end || lexer->budget == 0)
		return false;
	if (*at == ',' || *at == '=')
		return true;
	if (*at == ':')
		return touches && javascript_classes[(unsigned char)at[1]] == JAVASCRIPT_SPACE;
	if (*at == '>')
		return at > name && parameters_follow(lexer, at + 1);
	if (javascript_word_is(name, STR("const")))
		return javascript_is_word(*at);
	if (!javascript_word_is(at, STR("extends")))
		return false;
	at = javascript_skip_blank(at + 7, lexer->end);
	return *at != '=' && *at != '>' && *at != '/';
}

/* Whether `<` at `at`, where an operand is due, opens an element or a fragment. */
static bool opens_element(struct javascript_lexer *lexer, const char *at)
{
	const char *next = javascript_skip_blank(at + 1, lexer->end);
	if (*next != '>' && javascript_classes[(unsigned char)*next] != JAVASCRIPT_WORD)
		return false;
	return !opens_type_parameters(lexer, at);
}

/* In a tag, LAST_OPERATOR means that `=` came last and a value is due, and `word` is the
 * element's name. */
static const char *enter_tag(struct javascript_lexer *lexer, const char *at)
{
	push(lexer, CONTEXT_TAG);
	lexer->word = at + 1;
	lexer->last = LAST_OPERAND;
	return at + 1;
}

static const char *step_less(struct javascript_lexer *lexer, const char *at)
{
	if (!lexer->dialect.typescript && strncmp(at, "<!--", 4) == 0)
		return javascript_skip_line(at, lexer->end);
	if (lexer->dialect.jsx && expects_operand(lexer) && opens_element(lexer, at))
		return enter_tag(lexer, at);
	lexer->last = LAST_OPERATOR;
	return at + 1;
}

static void leave_element(struct javascript_lexer *lexer)
{
	pop(lexer);
	lexer->last = LAST_OPERAND;
}

/* Behind the `<` where no `>` matches it. */
static const char *pass_type_arguments(struct javascript_lexer *lexer, const char *at)
{
	const char *behind = pass_pair(lexer, at, '>');
	return behind ? behind : at + 1;
}

/* Elements that HTML does not close; Astro's markup has them, JSX has not. */
static bool is_void(const struct javascript_lexer *lexer)
{
	static const struct str NAMES[] = {
		WORD("area"),  WORD("base"),   WORD("br"),    WORD("col"),  WORD("embed"),
		WORD("hr"),    WORD("img"),    WORD("input"), WORD("link"), WORD("meta"),
		WORD("param"), WORD("source"), WORD("track"), WORD("wbr"),
	};
	for (size_t i = 0; lexer->dialect.markup && i < sizeof NAMES / sizeof *NAMES; i++)
		if (javascript_word_is(lexer->word, NAMES[i]))
			return true;
	return false;
}

/* `>` of a tag: its children come next. */
static const char *end_tag(struct javascript_lexer *lexer, const char *at)
{
	if (is_void(lexer)) {
		leave_element(lexer);
	} else {
		pop(lexer);
		push(lexer, CONTEXT_CHILDREN);
	}
	return at + 1;
}

/* Attribute values know no escapes and may span lines. */
static const char *pass_attribute_value(struct javascript_lexer *lexer, const char *at)
{
	const char *close = memchr(at + 1, *at, (size_t)(lexer->end - at - 1));
	return close ? close + 1 : lexer->end;
}

static const char *pass_tag_slash(struct javascript_lexer *lexer, const char *at)
{
	const char *after = javascript_skip_comment(at, lexer->end);
	if (after != at)
		return after;
	at = javascript_skip_blank(at + 1, lexer->end);
	if (at < lexer->end && *at == '>') {
		leave_element(lexer);
		at++;
	}
	return at;
}

/* One piece of a tag. */
static const char *step_tag(struct javascript_lexer *lexer, const char *at)
{
	switch (*at) {
	case '"':
	case '\'': lexer->last = LAST_OPERAND; return pass_attribute_value(lexer, at);
	case '/': return pass_tag_slash(lexer, at);
	case '{':
		push(lexer, CONTEXT_EXPRESSION);
		lexer->last = LAST_OPERATOR;
		return at + 1;
	case '>': return end_tag(lexer, at);
	case '<':
		return lexer->last == LAST_OPERATOR ? enter_tag(lexer, at)
						    : pass_type_arguments(lexer, at);
	case '=': lexer->last = LAST_OPERATOR; return at + 1;
	case ' ':
	case '\t':
	case '\r':
	case '\n': return at + 1;
	default: lexer->last = LAST_OPERAND; return at + 1;
	}
}

/* `{` between tags. In Svelte a word with a mark may follow, which is no code: `{#if a}`. */
static const char *open_expression(struct javascript_lexer *lexer, const char *at)
{
	char next = *++at;
	bool marked = next == '#' || next == ':' || next == '@' ||
		      (next == '/' && at[1] != '*' && at[1] != '/');
	if (marked && lexer->dialect.markup)
		do
			at++;
		while (javascript_is_word(*at));
	push(lexer, CONTEXT_EXPRESSION);
	lexer->last = LAST_OPERATOR;
	return at;
}

/* `<` between tags. */
static const char *pass_tag(struct javascript_lexer *lexer, const char *at)
{
	const char *next = javascript_skip_blank(at + 1, lexer->end);
	if (lexer->dialect.markup && strncmp(at, "<!--", 4) == 0) {
		const char *close = memmem(at, (size_t)(lexer->end - at), "-->", 3);
		return close ? close + 3 : lexer->end;
	}
	if (*next != '/')
		return enter_tag(lexer, at);
	const char *close = memchr(next, '>', (size_t)(lexer->end - next));
	leave_element(lexer);
	return close ? close + 1 : lexer->end;
}

/* One piece of what is between tags. The root of markup is never left: there, tags do not
 * matter. */
static const char *step_children(struct javascript_lexer *lexer, const char *at)
{
	bool root = lexer->depth == 1 && lexer->dialect.markup;
	while (at < lexer->end && *at != '{' && (*at != '<' || root))
		at++;
	if (at >= lexer->end)
		return at;
	return *at == '{' ? open_expression(lexer, at) : pass_tag(lexer, at);
}

/* ---- code ---- */

static const char *step_operator(struct javascript_lexer *lexer, const char *at)
{
	lexer->last = LAST_OPERATOR;
	return at + 1;
}

static const char *step_semicolon(struct javascript_lexer *lexer, const char *at)
{
	lexer->last = LAST_START;
	return at + 1;
}

/* `...` is an operator, `.5` a number. */
static const char *step_dot(struct javascript_lexer *lexer, const char *at)
{
	if (at[1] == '.' && at[2] == '.') {
		lexer->last = LAST_OPERATOR;
		return at + 3;
	}
	lexer->last = LAST_DOT;
	return at + 1;
}

static const char *step_digit(struct javascript_lexer *lexer, const char *at)
{
	while (at < lexer->end && (javascript_is_word(*at) || (*at == '.' && at[1] != '.')))
		at++;
	lexer->last = LAST_OPERAND;
	return at;
}

static bool starts_line(const struct javascript_lexer *lexer, const char *at)
{
	while (at > lexer->begin && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return at == lexer->begin || at[-1] == '\n' || at[-1] == '\r';
}

/* `++` and `--` leave what was before them: `a++ / b`. `-->` at the start of a line is a
 * comment in scripts. */
static const char *step_sign(struct javascript_lexer *lexer, const char *at)
{
	if (strncmp(at, "-->", 3) == 0 && !lexer->dialect.typescript && starts_line(lexer, at))
		return javascript_skip_line(at, lexer->end);
	if (at[1] != at[0]) {
		lexer->last = LAST_OPERATOR;
		return at + 1;
	}
	if (lexer->last == LAST_START || lexer->last == LAST_BLOCK)
		lexer->last = LAST_OPERATOR;
	return at + 2;
}

static const char *step_equals(struct javascript_lexer *lexer, const char *at)
{
	lexer->last = at[1] == '>' ? LAST_ARROW : LAST_OPERATOR;
	return at + 1 + (at[1] == '>');
}

static const char *step_greater(struct javascript_lexer *lexer, const char *at)
{
	lexer->last = LAST_GREATER;
	return at + 1;
}

/* `a!` stays an operand; `a != b` is an operator all the same, by its `=`. */
static const char *step_bang(struct javascript_lexer *lexer, const char *at)
{
	lexer->last = expects_operand(lexer) ? LAST_OPERATOR : LAST_BANG;
	return at + 1;
}

static step *const STEPS[JAVASCRIPT_CLASS_COUNT] = {
	[JAVASCRIPT_OTHER] = step_operator,
	[JAVASCRIPT_DIGIT] = step_digit,
	[JAVASCRIPT_QUOTE] = step_quote,
	[JAVASCRIPT_BACKTICK] = step_backtick,
	[JAVASCRIPT_SLASH] = step_slash,
	[JAVASCRIPT_LESS] = step_less,
	[JAVASCRIPT_GREATER] = step_greater,
	[JAVASCRIPT_OPEN_BRACE] = step_open_brace,
	[JAVASCRIPT_CLOSE_BRACE] = step_close_brace,
	[JAVASCRIPT_OPEN_PAREN] = step_open_paren,
	[JAVASCRIPT_CLOSE_PAREN] = step_close_paren,
	[JAVASCRIPT_CLOSE_BRACKET] = step_close_bracket,
	[JAVASCRIPT_DOT] = step_dot,
	[JAVASCRIPT_SEMICOLON] = step_semicolon,
	[JAVASCRIPT_SIGN] = step_sign,
	[JAVASCRIPT_EQUALS] = step_equals,
	[JAVASCRIPT_BANG] = step_bang,
};

/* White space beyond ASCII looks like a word at first. */
static const char *pass_word(struct javascript_lexer *lexer, const char *at)
{
	size_t wide = javascript_wide_space(at);
	if (wide > 0)
		return at + wide;
	lexer->word = at;
	lexer->dotted = lexer->last == LAST_DOT;
	lexer->last = LAST_WORD;
	return javascript_skip_word(at + 1, lexer->end);
}

static const char *run_code(struct javascript_lexer *lexer, const char *at, const char *target)
{
	while (at < target && lexer->mode == MODE_CODE) {
		uint8_t class = javascript_classes[(unsigned char)*at];
		if (class == JAVASCRIPT_SPACE)
			at++;
		else if (class == JAVASCRIPT_WORD)
			at = pass_word(lexer, at);
		else
			at = STEPS[class](lexer, at);
	}
	return at;
}

void javascript_lexer_init(struct javascript_lexer *lexer, const char *begin, const char *end,
			   struct javascript_dialect dialect)
{
	lexer->at = begin;
	lexer->begin = begin;
	lexer->end = end;
	lexer->word = NULL;
	lexer->budget = 2 * (size_t)(end - begin) + 4096;
	lexer->depth = 0;
	lexer->mode = MODE_CODE;
	lexer->last = LAST_START;
	lexer->dotted = false;
	lexer->dialect = dialect;
	if (dialect.markup)
		push(lexer, CONTEXT_CHILDREN);
	else if (begin < end && begin[0] == '#' && begin[1] == '!')
		lexer->at = javascript_skip_line(begin, end);
}

bool javascript_lexer_reach(struct javascript_lexer *lexer, const char *target)
{
	const char *at = lexer->at;
	while (at < target) {
		if (lexer->mode == MODE_CODE)
			at = run_code(lexer, at, target);
		else if (lexer->mode == MODE_TAG)
			at = step_tag(lexer, at);
		else
			at = step_children(lexer, at);
	}
	lexer->at = at;
	return at == target && lexer->mode == MODE_CODE && lexer->last != LAST_DOT;
}

bool javascript_lexer_follows(const struct javascript_lexer *lexer, struct str word)
{
	return word_is_one_of(lexer, &word, 1);
}

void javascript_lexer_pass(struct javascript_lexer *lexer, const char *after)
{
	lexer->at = after;
	lexer->last = LAST_START;
}
