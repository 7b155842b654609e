/* SPDX-License-Identifier: Apache-2.0 */
/* Texts by number. */
#include "picture/pool.h"

void pool_release(struct pool *pool)
{
	map_release(&pool->numbers);
	text_release(&pool->list);
	*pool = (struct pool){0};
}

uint32_t pool_number(struct pool *pool, struct str text)
{
	if (text.length == 0)
		return 0;
	uint32_t number = map_get_or_put(&pool->numbers, text, pool->count + 1);
	if (number == MAP_NONE) {
		pool->failed = true;
		return 0;
	}
	if (number > pool->count) {
		pool->count = number;
		text_add_byte(&pool->list, ',');
		text_add_json(&pool->list, text);
	}
	return number;
}

void pool_write(const struct pool *pool, struct text *out)
{
	text_add(out, STR("[\"\""));
	text_add(out, text_str(&pool->list));
	text_add_byte(out, ']');
}
