/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_READ_H
#define CONTRACT_READ_H

#include "base/yaml.h"
#include "contract/contract.h"

/* From YAML nodes to the fields of plain structs, by tables of keys. Internal to contract/. */

/* Longest name of a module, and longest word of any other kind, in bytes. */
#define NAME_LIMIT 100
#define WORD_LIMIT 4000

/* What reading one file carries along. */
struct reader {
	const char *file;
	struct arena *arena; /* tells by `failed` when memory ran out */
	struct error_list *errors;
	const struct contracts *contracts; /* with the root's part read; NULL in the root */
	uint32_t complaints;               /* how many errors were met so far */
	bool broken;                       /* the file is cut off: a missing key is no error */
};

/* What the items of a list may be. */
enum word_kind {
	WORD_TEXT,    /* anything on one line */
	WORD_NAME,    /* a module's name */
	WORD_PATH,    /* a path below some folder, kept as base/path.h wants it */
	WORD_PATTERN, /* such a path, or a pattern for base/glob.h */
};

struct key {
	const char *name;
	/* Reads `value` into the field, or complains. */
	void (*read)(struct reader *reader, const struct key *key, const struct yaml_node *value,
		     void *field);
	size_t offset; /* of the field in the struct that is filled in */
	enum word_kind words;
	bool required;
};

/* Notes an error at a place of the file. */
void complain(struct reader *reader, uint32_t line, uint32_t column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Whether it may be the name of a field in generated C: lower-case letters, digits and '_', from a
 * letter on, NAME_LIMIT bytes at most. */
bool is_field_name(struct str text);

enum { HINT_SIZE = 160 };

/* Writes "; did you mean 'near'?" into `buffer`, or "" when no candidate is near. */
const char *hint(char buffer[HINT_SIZE], struct str wrong, const struct str *candidates,
		 size_t count);

/* Reads the keys of a mapping into `out` by the table, complaining of unknown, missing and
 * wrong ones. `what` names the mapping in messages. */
void read_mapping(struct reader *reader, const char *what, const struct yaml_node *node,
		  const struct key *keys, size_t key_count, void *out);

/* Reads a list of mappings into an array in the arena; an item of which `read_item` complains
 * is left out. `*count` is the number of items kept. */
void *read_items(struct reader *reader, const struct key *key, const struct yaml_node *value,
		 size_t item_size,
		 void (*read_item)(struct reader *reader, const struct yaml_node *node, void *item),
		 size_t *count);

/* Whether `value` is of `kind`; complains, with how to write it, when it is not. YAML_NOTHING
 * passes for an empty list or mapping. */
bool wants(struct reader *reader, const struct key *key, const struct yaml_node *value,
	   enum yaml_kind kind);

/* Reads one scalar of the kind into `out`; false, and complained, when it is not good. */
bool read_word_into(struct reader *reader, const char *what, enum word_kind kind,
		    const struct yaml_node *value, struct word *out);

/* Readers for tables; the comment says what `field` is. */
void read_text(struct reader *, const struct key *, const struct yaml_node *, void *);  /* str */
void read_prose(struct reader *, const struct key *, const struct yaml_node *, void *); /* str */
void read_word(struct reader *, const struct key *, const struct yaml_node *, void *);  /* word */
void read_words(struct reader *, const struct key *, const struct yaml_node *, void *); /* words */
void read_uses(struct reader *, const struct key *, const struct yaml_node *,
	       void *); /* module_uses */
void read_bool(struct reader *, const struct key *, const struct yaml_node *, void *); /* bool */
void read_rules(struct reader *, const struct key *, const struct yaml_node *,
		void *); /* enum severity[RULE_COUNT] */
void read_choreographies(struct reader *, const struct key *, const struct yaml_node *,
			 void *); /* module */

/* The rule a scalar names; RULE_COUNT, and complained, for none. */
enum rule_id read_rule_name(struct reader *reader, const struct yaml_node *value);

#endif
