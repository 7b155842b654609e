/* SPDX-License-Identifier: Apache-2.0 */
/* The exceptions of all modules in one hash table. Must not know what the rules look for.
 *
 * A key is the numbers of module and rule and the bytes of `to`. Exceptions with the same key
 * hang on the first one by `next`. */
#include "rule/excuse.h"

#include "base/mem.h"

static void write_key(struct text *out, uint32_t module, enum rule_id rule, struct str to)
{
	uint32_t numbers[2] = {module, rule};
	text_clear(out);
	text_add(out, (struct str){(const char *)numbers, sizeof numbers});
	text_add(out, to);
}

static int add(struct excuses *excuses, uint32_t module, const struct exception *exception,
	       uint32_t number)
{
	write_key(&excuses->key, module, exception->rule, exception->to.name.text);
	struct str key = arena_str(&excuses->arena, text_str(&excuses->key));
	if (excuses->key.failed || !key.at)
		return -1;
	uint32_t before = map_get(&excuses->by_key, key);
	excuses->next[number] = before;
	return map_put(&excuses->by_key, key, number) ? 0 : -1;
}

static int allocate(struct excuses *excuses)
{
	const struct contracts *contracts = excuses->contracts;
	size_t count = 0;
	excuses->first = mem_alloc((contracts->module_count + 1) * sizeof *excuses->first);
	if (!excuses->first)
		return -1;
	for (size_t i = 0; i < contracts->module_count; i++) {
		excuses->first[i] = (uint32_t)count;
		count += contracts->modules[i].exception_count;
	}
	excuses->next = mem_alloc(count * sizeof *excuses->next);
	excuses->needed = mem_alloc(count * sizeof *excuses->needed);
	return excuses->next && excuses->needed ? 0 : -1;
}

static int fill(struct excuses *excuses)
{
	const struct contracts *contracts = excuses->contracts;
	if (allocate(excuses) < 0)
		return -1;
	for (uint32_t i = 0; i < contracts->module_count; i++) {
		const struct module *module = &contracts->modules[i];
		for (uint32_t j = 0; j < module->exception_count; j++)
			if (add(excuses, i, &module->exceptions[j], excuses->first[i] + j) < 0)
				return -1;
	}
	return 0;
}

int excuses_build(const struct contracts *contracts, struct date today, struct excuses *out,
		  struct error *error)
{
	_cleanup_(excuses_release) struct excuses excuses = {.contracts = contracts,
							     .today = today};
	if (fill(&excuses) < 0)
		return error_memory(error);
	*out = excuses;
	excuses = (struct excuses){0};
	return 0;
}

void excuses_release(struct excuses *excuses)
{
	mem_free(excuses->first);
	mem_free(excuses->next);
	mem_free(excuses->needed);
	map_release(&excuses->by_key);
	arena_release(&excuses->arena);
	text_release(&excuses->key);
	*excuses = (struct excuses){0};
}

bool excuses_cover(struct excuses *excuses, uint32_t module, enum rule_id rule, struct str to)
{
	const struct module *owner = &excuses->contracts->modules[module];
	if (owner->exception_count == 0)
		return false;
	bool strict = contracts_strict(excuses->contracts, module);
	bool covered = false;
	write_key(&excuses->key, module, rule, to);
	uint32_t number = map_get(&excuses->by_key, text_str(&excuses->key));
	for (; number != MAP_NONE; number = excuses->next[number]) {
		uint32_t index = number - excuses->first[module];
		excuses->needed[number]++;
		covered |= !strict && !excuses_expired(excuses, &owner->exceptions[index]);
	}
	return covered;
}

uint32_t excuses_needed(const struct excuses *excuses, uint32_t module, size_t index)
{
	return excuses->needed[excuses->first[module] + index];
}

bool excuses_expired(const struct excuses *excuses, const struct exception *exception)
{
	return date_compare(excuses->today, exception->until) > 0;
}
