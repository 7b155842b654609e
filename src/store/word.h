/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_WORD_H
#define STORE_WORD_H

#include <stdint.h>

#include "base/str.h"

/* The words of SQL that mean something to the store, in the order of their bytes.
 *   KEY   is reserved, so it is no name unless it is quoted or stands after a dot
 *   OPEN  may stand before a parenthesis without being a function that is called
 *   CALL  is a function that both databases know, or that the store gives to SQLite
 *   BODY  starts a statement of a module
 *   NEVER is known to one database only, or means different things to them */
#define WORDS(X)                                                                                   \
	X(abs, WORD_CALL)                                                                          \
	X(add, 0)                                                                                  \
	X(all, WORD_KEY | WORD_OPEN)                                                               \
	X(alter, 0)                                                                                \
	X(always, 0)                                                                               \
	X(and, WORD_KEY | WORD_OPEN)                                                               \
	X(any, WORD_KEY | WORD_NEVER)                                                              \
	X(array, WORD_KEY | WORD_NEVER)                                                            \
	X(as, WORD_KEY | WORD_OPEN)                                                                \
	X(asc, WORD_KEY)                                                                           \
	X(avg, WORD_CALL)                                                                          \
	X(between, WORD_OPEN)                                                                      \
	X(bigint, 0)                                                                               \
	X(boolean, 0)                                                                              \
	X(by, WORD_OPEN)                                                                           \
	X(bytea, 0)                                                                                \
	X(case, WORD_KEY | WORD_OPEN)                                                              \
	X(cast, WORD_KEY | WORD_OPEN)                                                              \
	X(check, WORD_KEY | WORD_OPEN)                                                             \
	X(coalesce, WORD_CALL)                                                                     \
	X(collate, WORD_KEY | WORD_NEVER)                                                          \
	X(column, WORD_KEY)                                                                        \
	X(concurrently, WORD_KEY)                                                                  \
	X(conflict, WORD_OPEN)                                                                     \
	X(constraint, WORD_KEY)                                                                    \
	X(count, WORD_CALL)                                                                        \
	X(create, WORD_KEY)                                                                        \
	X(cross, WORD_KEY)                                                                         \
	X(current_catalog, WORD_KEY | WORD_NEVER)                                                  \
	X(current_date, WORD_KEY | WORD_NEVER)                                                     \
	X(current_role, WORD_KEY | WORD_NEVER)                                                     \
	X(current_schema, WORD_KEY | WORD_NEVER)                                                   \
	X(current_time, WORD_KEY | WORD_NEVER)                                                     \
	X(current_timestamp, WORD_KEY)                                                             \
	X(current_user, WORD_KEY | WORD_NEVER)                                                     \
	X(default, WORD_KEY | WORD_OPEN)                                                           \
	X(delete, WORD_BODY)                                                                       \
	X(dense_rank, WORD_CALL)                                                                   \
	X(desc, WORD_KEY)                                                                          \
	X(distinct, WORD_KEY | WORD_OPEN)                                                          \
	X(do, WORD_KEY)                                                                            \
	X(double, 0)                                                                               \
	X(drop, 0)                                                                                 \
	X(else, WORD_KEY | WORD_OPEN)                                                              \
	X(end, WORD_KEY)                                                                           \
	X(escape, 0)                                                                               \
	X(except, WORD_KEY | WORD_OPEN)                                                            \
	X(exists, WORD_OPEN)                                                                       \
	X(false, WORD_KEY)                                                                         \
	X(fetch, WORD_KEY | WORD_NEVER)                                                            \
	X(filter, WORD_OPEN)                                                                       \
	X(first_value, WORD_CALL)                                                                  \
	X(for, WORD_KEY)                                                                           \
	X(foreign, WORD_KEY)                                                                       \
	X(from, WORD_KEY | WORD_OPEN)                                                              \
	X(full, WORD_KEY)                                                                          \
	X(generated, 0)                                                                            \
	X(greatest, WORD_CALL)                                                                     \
	X(group, WORD_KEY)                                                                         \
	X(having, WORD_KEY | WORD_OPEN)                                                            \
	X(identity, 0)                                                                             \
	X(if, 0)                                                                                   \
	X(ilike, WORD_KEY | WORD_NEVER)                                                            \
	X(in, WORD_KEY | WORD_OPEN)                                                                \
	X(index, 0)                                                                                \
	X(inner, WORD_KEY)                                                                         \
	X(insert, WORD_BODY)                                                                       \
	X(integer, 0)                                                                              \
	X(intersect, WORD_KEY | WORD_OPEN)                                                         \
	X(interval, WORD_NEVER)                                                                    \
	X(into, WORD_KEY)                                                                          \
	X(is, WORD_KEY)                                                                            \
	X(join, WORD_KEY | WORD_OPEN)                                                              \
	X(key, WORD_OPEN)                                                                          \
	X(lag, WORD_CALL)                                                                          \
	X(last_value, WORD_CALL)                                                                   \
	X(lateral, WORD_KEY | WORD_NEVER)                                                          \
	X(lead, WORD_CALL)                                                                         \
	X(least, WORD_CALL)                                                                        \
	X(left, WORD_KEY)                                                                          \
	X(length, WORD_CALL)                                                                       \
	X(like, WORD_KEY | WORD_OPEN)                                                              \
	X(limit, WORD_KEY | WORD_OPEN)                                                             \
	X(localtime, WORD_KEY | WORD_NEVER)                                                        \
	X(localtimestamp, WORD_KEY | WORD_NEVER)                                                   \
	X(locked, 0)                                                                               \
	X(lower, WORD_CALL)                                                                        \
	X(ltrim, WORD_CALL)                                                                        \
	X(materialized, WORD_OPEN)                                                                 \
	X(max, WORD_CALL)                                                                          \
	X(min, WORD_CALL)                                                                          \
	X(natural, WORD_KEY)                                                                       \
	X(no, 0)                                                                                   \
	X(not, WORD_KEY | WORD_OPEN)                                                               \
	X(now, WORD_CALL)                                                                          \
	X(nowait, 0)                                                                               \
	X(nth_value, WORD_CALL)                                                                    \
	X(ntile, WORD_CALL)                                                                        \
	X(null, WORD_KEY)                                                                          \
	X(nullif, WORD_CALL)                                                                       \
	X(of, 0)                                                                                   \
	X(offset, WORD_KEY | WORD_OPEN)                                                            \
	X(on, WORD_KEY | WORD_OPEN)                                                                \
	X(only, WORD_KEY | WORD_NEVER)                                                             \
	X(or, WORD_KEY | WORD_OPEN)                                                                \
	X(order, WORD_KEY)                                                                         \
	X(outer, WORD_KEY)                                                                         \
	X(over, WORD_OPEN)                                                                         \
	X(precision, 0)                                                                            \
	X(primary, WORD_KEY)                                                                       \
	X(rank, WORD_CALL)                                                                         \
	X(recursive, 0)                                                                            \
	X(references, WORD_KEY)                                                                    \
	X(rename, 0)                                                                               \
	X(replace, WORD_CALL)                                                                      \
	X(returning, WORD_KEY | WORD_OPEN)                                                         \
	X(right, WORD_KEY)                                                                         \
	X(row_number, WORD_CALL)                                                                   \
	X(rtrim, WORD_CALL)                                                                        \
	X(select, WORD_KEY | WORD_OPEN | WORD_BODY)                                                \
	X(session_user, WORD_KEY | WORD_NEVER)                                                     \
	X(set, WORD_OPEN)                                                                          \
	X(share, 0)                                                                                \
	X(similar, WORD_KEY | WORD_NEVER)                                                          \
	X(skip, 0)                                                                                 \
	X(some, WORD_KEY | WORD_NEVER)                                                             \
	X(string_agg, WORD_CALL)                                                                   \
	X(substr, WORD_CALL)                                                                       \
	X(sum, WORD_CALL)                                                                          \
	X(table, WORD_KEY)                                                                         \
	X(tablesample, WORD_KEY | WORD_NEVER)                                                      \
	X(text, 0)                                                                                 \
	X(then, WORD_KEY | WORD_OPEN)                                                              \
	X(timestamptz, 0)                                                                          \
	X(to, WORD_KEY)                                                                            \
	X(trim, WORD_CALL)                                                                         \
	X(true, WORD_KEY)                                                                          \
	X(union, WORD_KEY | WORD_OPEN)                                                             \
	X(unique, WORD_KEY | WORD_OPEN)                                                            \
	X(update, WORD_BODY)                                                                       \
	X(upper, WORD_CALL)                                                                        \
	X(user, WORD_KEY | WORD_NEVER)                                                             \
	X(using, WORD_KEY | WORD_OPEN)                                                             \
	X(values, WORD_KEY | WORD_OPEN | WORD_BODY)                                                \
	X(view, 0)                                                                                 \
	X(when, WORD_KEY | WORD_OPEN)                                                              \
	X(where, WORD_KEY | WORD_OPEN)                                                             \
	X(window, WORD_KEY)                                                                        \
	X(with, WORD_KEY | WORD_OPEN | WORD_BODY)

enum word {
	WORD_NONE,
#define X(name, flags) WORD_##name,
	WORDS(X)
#undef X
		WORD_COUNT,
};

enum word_flag { WORD_KEY = 1, WORD_OPEN = 2, WORD_CALL = 4, WORD_BODY = 8, WORD_NEVER = 16 };

/* The word that `text` is, in small or capital letters; WORD_NONE for any other. */
enum word word_find(struct str text);

/* Whether the word has the flag; WORD_NONE has none. */
bool word_is(enum word word, enum word_flag flag);

/* In small letters; "" for WORD_NONE. */
const char *word_name(enum word word);

#endif
