/* SPDX-License-Identifier: Apache-2.0 */
/* What a capitalised identifier does where it stands: names a type, declares one, or is a
 * value or a method. Told from the tokens next to it; only where a comma stands before it
 * the list that it is part of is looked at. Knows nothing of what was found elsewhere. */
#include "scan/lang_java.h"

/* ---- words ---- */

enum word {
	WORD_OTHER,     /* an identifier */
	WORD_KEYWORD,   /* after which an expression or a type may stand */
	WORD_PRIMITIVE, /* after which a variable or a method is named */
	WORD_TYPE,      /* after which only a type stands */
	WORD_DECLARES,  /* after which a type is declared */
	WORD_MODIFIER,  /* a keyword that a type parameter list may follow */
	WORD_CASE,      /* before a pattern */
	WORD_CALL,      /* a keyword before a parenthesis that is no cast */
};

struct keyword {
	struct str text;
	enum word word;
};

#define KEYWORD(text, word)                                                                        \
	{                                                                                          \
		{text, sizeof(text) - 1}, word                                                     \
	}

/* By first letter; none has more than LETTER_MOST. */
enum { LETTER_MOST = 7 };

static const struct keyword KEYWORDS[26][LETTER_MOST + 1] =
	{
		['a' - 'a'] =
			{
				KEYWORD("abstract", WORD_MODIFIER),
				KEYWORD("assert", WORD_KEYWORD),
			},
		['b' - 'a'] =
			{
				KEYWORD("boolean", WORD_PRIMITIVE),
				KEYWORD("byte", WORD_PRIMITIVE),
			},
		['c' - 'a'] =
			{
				KEYWORD("case", WORD_CASE),
				KEYWORD("catch", WORD_CALL),
				KEYWORD("char", WORD_PRIMITIVE),
				KEYWORD("class", WORD_DECLARES),
			},
		['d' - 'a'] =
			{
				KEYWORD("default", WORD_MODIFIER),
				KEYWORD("do", WORD_KEYWORD),
				KEYWORD("double", WORD_PRIMITIVE),
			},
		['e' - 'a'] =
			{
				KEYWORD("else", WORD_KEYWORD),
				KEYWORD("enum", WORD_DECLARES),
				KEYWORD("extends", WORD_TYPE),
			},
		['f' - 'a'] =
			{
				KEYWORD("final", WORD_MODIFIER),
				KEYWORD("finally", WORD_KEYWORD),
				KEYWORD("float", WORD_PRIMITIVE),
				KEYWORD("for", WORD_CALL),
			},
		['i' - 'a'] =
			{
				KEYWORD("if", WORD_CALL),
				KEYWORD("implements", WORD_TYPE),
				KEYWORD("instanceof", WORD_TYPE),
				KEYWORD("int", WORD_PRIMITIVE),
				KEYWORD("interface", WORD_DECLARES),
			},
		['l' - 'a'] =
			{
				KEYWORD("long", WORD_PRIMITIVE),
			},
		['n' - 'a'] =
			{
				KEYWORD("native", WORD_MODIFIER),
				KEYWORD("new", WORD_TYPE),
			},
		['p' - 'a'] =
			{
				KEYWORD("permits", WORD_TYPE),
				KEYWORD("private", WORD_MODIFIER),
				KEYWORD("protected", WORD_MODIFIER),
				KEYWORD("public", WORD_MODIFIER),
			},
		['r' - 'a'] =
			{
				KEYWORD("record", WORD_DECLARES),
				KEYWORD("return", WORD_KEYWORD),
			},
		['s' - 'a'] =
			{
				KEYWORD("sealed", WORD_MODIFIER),
				KEYWORD("short", WORD_PRIMITIVE),
				KEYWORD("static", WORD_MODIFIER),
				KEYWORD("strictfp", WORD_MODIFIER),
				KEYWORD("super", WORD_TYPE),
				KEYWORD("switch", WORD_CALL),
				KEYWORD("synchronized", WORD_MODIFIER),
			},
		['t' - 'a'] =
			{
				KEYWORD("throw", WORD_KEYWORD),
				KEYWORD("throws", WORD_TYPE),
				KEYWORD("transient", WORD_MODIFIER),
				KEYWORD("try", WORD_CALL),
			},
		['v' - 'a'] =
			{
				KEYWORD("var", WORD_PRIMITIVE),
				KEYWORD("void", WORD_PRIMITIVE),
				KEYWORD("volatile", WORD_MODIFIER),
			},
		['w' - 'a'] =
			{
				KEYWORD("when", WORD_KEYWORD),
				KEYWORD("while", WORD_CALL),
			},
		['y' - 'a'] =
			{
				KEYWORD("yield", WORD_KEYWORD),
			},
};

static enum word word_of(struct str word)
{
	if (word.length < 2 || word.length > 12 || word.at[0] < 'a' || word.at[0] > 'z')
		return WORD_OTHER;
	const struct keyword *keyword = KEYWORDS[word.at[0] - 'a'];
	for (; keyword->text.length > 0; keyword++)
		if (keyword->text.at[1] == word.at[1] && str_equal(keyword->text, word))
			return keyword->word;
	return WORD_OTHER;
}

static bool is_word(struct str word, const char *text)
{
	return str_equal(word, str_of(text));
}

/* The word before `at` and what kind it is, when a word is what stands there. */
static enum word word_before(const struct java *java, const char *at, struct str *word)
{
	*word = java_word_before(java, java_before_blank(java, at));
	return word_of(*word);
}

bool java_is_declared(const struct java *java, const char *at)
{
	if (at == java->begin || java_is(at[-1], JAVA_BYTE_NAME))
		return false;
	struct str word;
	return word_before(java, at, &word) == WORD_DECLARES &&
	       (word.at == java->begin || word.at[-1] != '.');
}

/* ---- what stands around ---- */

/* The token before the identifier. */
struct before {
	const char *end; /* behind its last byte */
	char byte;       /* its last byte; 0 at the begin of the file */
	char second;     /* the byte before that; 0 likewise */
	enum word word;  /* when it is one */
	bool annotation; /* it is a word that ends an annotation's name */
};

/* Whether the dotted name that ends with `word` follows an '@'. */
static bool is_annotation(const struct java *java, struct str word)
{
	const char *at = word.at;
	for (;;) {
		if (at == java->begin)
			return false;
		if (at[-1] == '@')
			return true;
		if (at[-1] != '.')
			return false;
		struct str outer = java_word_before(java, at - 1);
		if (outer.length == 0)
			return false;
		at = outer.at;
	}
}

static struct before look_before(const struct java *java, const char *at)
{
	struct before before = {.end = java_before_blank(java, at)};
	if (before.end == java->begin)
		return before;
	before.byte = before.end[-1];
	before.second = before.end - 1 > java->begin ? before.end[-2] : 0;
	if (!java_is(before.byte, JAVA_BYTE_NAME))
		return before;
	struct str word = java_word_before(java, before.end);
	before.word = word_of(word);
	before.annotation = before.word == WORD_OTHER && is_annotation(java, word);
	return before;
}

/* ---- lists ---- */

enum opener {
	OPENS_OTHER,      /* values */
	OPENS_ARGUMENTS,  /* '<' after a type */
	OPENS_PARAMETERS, /* '<' of a declaration */
	OPENS_HEADER,     /* extends, implements, throws, permits */
};

/* What the '<' at `at` opens. */
static enum opener angle_opener(const struct java *java, const char *at)
{
	const char *end = java_before_blank(java, at);
	if (end == java->begin)
		return OPENS_PARAMETERS;
	char byte = end[-1];
	if (!java_is(byte, JAVA_BYTE_NAME))
		return byte == ';' || byte == '{' || byte == '}' || byte == ')' ? OPENS_PARAMETERS
										: OPENS_ARGUMENTS;
	struct str word = java_word_before(java, end);
	enum word kind = word_of(word);
	if (kind == WORD_MODIFIER || java_is_declared(java, word.at) || is_annotation(java, word))
		return OPENS_PARAMETERS;
	return OPENS_ARGUMENTS;
}

/* Looks back over one word of a list. Returns whether the opener is found. */
static bool list_word(struct str word, bool *header, enum opener *out)
{
	enum word kind = word_of(word);
	if (is_word(word, "implements") || is_word(word, "throws") || is_word(word, "permits")) {
		*out = OPENS_HEADER;
		return true;
	}
	if (is_word(word, "extends")) {
		*header = true;
		return false;
	}
	if (kind == WORD_OTHER || kind == WORD_PRIMITIVE || is_word(word, "super"))
		return false;
	*out = *header && kind == WORD_DECLARES ? OPENS_HEADER : OPENS_OTHER;
	return true;
}

/* Looks back over one mark of a list that ends at `at`. Returns whether the opener is found. */
static bool list_mark(const struct java *java, const char *at, unsigned *level, enum opener *out)
{
	switch (at[-1]) {
	case ',':
	case '.':
	case '?':
	case '&':
	case '@':
	case '[':
	case ']': return false;
	case '>':
		*out = OPENS_OTHER;
		++*level;
		return at - 1 > java->begin && at[-2] == '-';
	case '<':
		if (*level > 0) {
			--*level;
			return false;
		}
		*out = angle_opener(java, at - 1);
		return true;
	default: *out = OPENS_OTHER; return true;
	}
}

/* Takes what was looked back through off what may be; so that no input makes it slow. */
static void spend(struct java *java, const char *from, const char *at)
{
	size_t bytes = (size_t)(from - at);
	java->budget -= bytes < java->budget ? bytes : java->budget;
}

static bool may_look_back(const struct java *java, const char *from, const char *at)
{
	return at > java->begin && from - at < JAVA_LIST_LIMIT && java->budget > 0;
}

static enum opener find_opener(const struct java *java, const char *from, const char **stop)
{
	unsigned level = 0;
	bool header = false;
	bool passed = !java->list_at;
	enum opener opener = OPENS_OTHER;
	const char *at = java_before_blank(java, from);
	for (; may_look_back(java, from, at); at = java_before_blank(java, at)) {
		*stop = at;
		if (!passed && at <= java->list_at && level == 0)
			return (enum opener)java->list_opener;
		passed = passed || at <= java->list_at;
		struct str word = java_word_before(java, at);
		if (word.length ? list_word(word, &header, &opener)
				: list_mark(java, at, &level, &opener))
			return opener;
		at = word.length ? word.at : at - 1;
	}
	return OPENS_OTHER;
}

/* What opened the list of which the identifier at `at` is a part. Remembered, so that a list
 * is looked through once however long it is. */
static enum opener list_opener(struct java *java, const char *at)
{
	const char *stop = at;
	enum opener opener = find_opener(java, at, &stop);
	spend(java, at, stop);
	java->list_at = at;
	java->list_opener = opener;
	return opener;
}

/* ---- casts and patterns ---- */

static bool may_start_operand(struct java *java, const char *at)
{
	at = java_after_blank(java, at);
	if (java_is(*at, JAVA_BYTE_NAME)) {
		struct str word = {at, (size_t)(java_name_end(at) - at)};
		return !is_word(word, "instanceof");
	}
	return *at == '(' || *at == '!' || *at == '~' || *at == '"' || *at == '\'';
}

/* Whether the parenthesis at `at` may open a cast: it follows no callee. */
static bool may_open_cast(const struct java *java, const char *at)
{
	struct before before = look_before(java, at);
	if (java_is(before.byte, JAVA_BYTE_NAME))
		return before.word == WORD_KEYWORD || before.word == WORD_CASE;
	if (before.byte == '>')
		return before.second == '-' || before.second == '=';
	return before.byte != ']' && before.byte != '"' && before.byte != '\'';
}

/* One step back over "a(b, C<D> e" and the like; NULL where something else stands. */
static const char *pattern_step(const struct java *java, const char *at, bool *found)
{
	struct str word = java_word_before(java, at);
	if (word.length == 0)
		return memchr(",.<>()[]@?&", at[-1], 11) ? at - 1 : NULL;
	*found = word_of(word) == WORD_CASE || is_word(word, "instanceof");
	return word.at;
}

static bool find_pattern(const struct java *java, const char *from, const char **stop)
{
	bool found = false;
	const char *at = java_before_blank(java, from);
	for (; may_look_back(java, from, at); at = java_before_blank(java, at)) {
		*stop = at;
		if (java->pattern_at && at <= java->pattern_at)
			return java->pattern_verdict;
		at = pattern_step(java, at, &found);
		if (!at || found)
			return found;
	}
	return false;
}

/* Whether the identifier at `at`, before a parenthesis, is part of a record pattern. */
static bool in_pattern(struct java *java, const char *at)
{
	const char *stop = at;
	java->pattern_verdict = find_pattern(java, at, &stop);
	spend(java, at, stop);
	java->pattern_at = at;
	return java->pattern_verdict;
}

/* ---- the verdict, by the token behind ---- */

static enum java_role use_if(bool use)
{
	return use ? JAVA_ROLE_USE : JAVA_ROLE_NONE;
}

static enum java_role role_in_angles(struct java *java, const char *at)
{
	enum opener opener = list_opener(java, at);
	return opener == OPENS_PARAMETERS ? JAVA_ROLE_PARAMETER : use_if(opener == OPENS_ARGUMENTS);
}

/* Right behind '<', ',' or an annotation: the name of a parameter, not its bound. */
static bool may_be_parameter(const struct before *before)
{
	return before->byte == '<' || before->byte == ',' || before->annotation ||
	       before->byte == ')';
}

static enum java_role role_before_word(struct java *java, const char *at, const char *word,
				       const struct before *before)
{
	struct str text = {word, (size_t)(java_name_end(word) - word)};
	if (is_word(text, "instanceof"))
		return JAVA_ROLE_NONE;
	if (is_word(text, "extends") && may_be_parameter(before))
		return role_in_angles(java, at) == JAVA_ROLE_PARAMETER ? JAVA_ROLE_PARAMETER
								       : JAVA_ROLE_NONE;
	return JAVA_ROLE_USE;
}

static enum java_role role_before_comma(struct java *java, const char *at,
					const struct before *before)
{
	if (before->byte == '&')
		return use_if(before->second != '&');
	if (!may_be_parameter(before))
		return JAVA_ROLE_NONE;
	enum opener opener = list_opener(java, at);
	return opener == OPENS_PARAMETERS ? JAVA_ROLE_PARAMETER : use_if(opener != OPENS_OTHER);
}

static enum java_role role_before_close(struct java *java, const char *next,
					const struct before *before)
{
	if (before->byte == '&')
		return use_if(before->second != '&');
	return use_if(before->byte == '(' && may_open_cast(java, before->end - 1) &&
		      may_start_operand(java, next + 1));
}

static enum java_role role_before_call(struct java *java, const char *at,
				       const struct before *before)
{
	if (before->word == WORD_CASE)
		return JAVA_ROLE_USE;
	return use_if((before->byte == '(' || before->byte == ',') && in_pattern(java, at));
}

/* The parameter of a lambda, by its name alone, hides a type as a type parameter does. */
static enum java_role role_before_arrow(const char *next, const struct before *before)
{
	bool lambda = before->byte == '(' || before->byte == '=' || before->word == WORD_KEYWORD;
	return next[1] == '>' && lambda ? JAVA_ROLE_PARAMETER : JAVA_ROLE_NONE;
}

static enum java_role role_before_mark(struct java *java, const char *at, const char *next,
				       const struct before *before)
{
	switch (*next) {
	case '.':
	case '<':
	case '@': return JAVA_ROLE_USE;
	case ':': return use_if(next[1] == ':');
	case '[':
		next = java_after_blank(java, next + 1);
		return use_if(*next == ']' || *next == '@');
	case '(': return role_before_call(java, at, before);
	case '>':
		if (before->byte == '?' || before->byte == '&')
			return JAVA_ROLE_USE;
		return may_be_parameter(before) ? role_in_angles(java, at) : JAVA_ROLE_NONE;
	case '-': return role_before_arrow(next, before);
	case ',': return role_before_comma(java, at, before);
	case ')': return role_before_close(java, next, before);
	case '{':
	case ';':
		return use_if(may_be_parameter(before) && before->byte != '<' &&
			      list_opener(java, at) == OPENS_HEADER);
	case '&': return use_if(next[1] != '&' && (before->byte == '(' || before->byte == '&'));
	case '|': return use_if(next[1] != '|' && (before->byte == '(' || before->byte == '|'));
	default: return JAVA_ROLE_NONE;
	}
}

/* What the token before says alone; JAVA_ROLE_USE is no verdict but leaves it open. */
static enum java_role role_after(const struct before *before)
{
	if (before->byte == '.' && before->second != '.')
		return JAVA_ROLE_MEMBER;
	if (before->byte == ':' && before->second == ':')
		return JAVA_ROLE_NONE;
	if (before->word == WORD_DECLARES)
		return JAVA_ROLE_TYPE;
	if (before->word == WORD_PRIMITIVE)
		return JAVA_ROLE_NONE;
	if (before->word == WORD_OTHER && java_is(before->byte, JAVA_BYTE_NAME) &&
	    !before->annotation)
		return JAVA_ROLE_NONE;
	return JAVA_ROLE_USE;
}

enum java_role java_role_of(struct java *java, const char *at, const char *end)
{
	struct before before = look_before(java, at);
	if (before.byte == '@' || before.word == WORD_TYPE)
		return JAVA_ROLE_USE;
	enum java_role role = role_after(&before);
	if (role != JAVA_ROLE_USE)
		return role;
	const char *next = java_after_blank(java, end);
	if (java_is(*next, JAVA_BYTE_START))
		return role_before_word(java, at, next, &before);
	return role_before_mark(java, at, next, &before);
}
