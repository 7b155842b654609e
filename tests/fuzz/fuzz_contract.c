/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the contracts of a tree: a root, and after each line "== PATH" a module. Loading
 * must end, and keep only what is in order: names that are found, places that are there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "contract/load.h"

enum { MODULES_MOST = 16 };

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* Half of all paths exist. */
static bool exists(const void *context, struct str pattern)
{
	unsigned sum = 0;
	(void)context;
	for (size_t i = 0; i < pattern.length; i++)
		sum += (unsigned char)pattern.at[i];
	return sum % 2 == 0;
}

static void check_uses(const struct contracts *contracts, const struct module_uses *uses)
{
	for (size_t i = 0; i < uses->count; i++) {
		const struct module_use *use = &uses->items[i];
		require(use->module < contracts->module_count);
		require(str_equal(contracts->modules[use->module].name, use->name.text));
		require(use->name.line > 0 && use->name.column > 0);
	}
}

static void check_module(const struct contracts *contracts, const struct module *module)
{
	require(module->name.at && module->path.at && module->line > 0 && module->column > 0);
	require(module->layer == MODULE_NONE || module->layer < contracts->layer_count);
	check_uses(contracts, &module->depends_on);
	check_uses(contracts, &module->visible_to);
	for (size_t i = 0; i < module->exception_count; i++) {
		const struct exception *exception = &module->exceptions[i];
		require(exception->rule < RULE_COUNT && exception->reason.length > 0);
		require(exception->rule == RULE_EXTERNAL || exception->rule == RULE_UNUSED ||
			exception->to.module < contracts->module_count);
		require(exception->until.year > 0);
	}
}

static void check(const struct contracts *contracts, const struct error_list *errors)
{
	for (size_t i = 0; i < contracts->module_count; i++)
		check_module(contracts, &contracts->modules[i]);
	for (size_t i = 0; i < contracts->forbidden_count; i++) {
		check_uses(contracts, &contracts->forbidden[i].from);
		check_uses(contracts, &contracts->forbidden[i].to);
	}
	for (size_t i = 0; i < contracts->independent_count; i++)
		check_uses(contracts, &contracts->independent[i].modules);
	for (size_t i = 0; i < errors->count; i++) {
		require(errors->items[i].line > 0 || errors->items[i].column == 0);
		require(errors->items[i].message[0] != '\0');
	}
}

/* Cuts the next part off: up to a line that starts with "== ", which is taken away too. */
static struct str next_part(struct str *rest)
{
	struct str part = *rest;
	for (size_t i = 0; i + 3 <= rest->length; i++) {
		if ((i > 0 && rest->at[i - 1] != '\n') ||
		    !str_starts(str_from(*rest, i), STR("== ")))
			continue;
		part = str_first(*rest, i);
		struct str after = str_from(*rest, i);
		ptrdiff_t end = str_find(after, '\n');
		*rest = end < 0 ? (struct str){0} : str_from(after, (size_t)end + 1);
		return part;
	}
	*rest = (struct str){0};
	return part;
}

static void load_modules(struct str rest, struct contracts *contracts, struct error_list *errors)
{
	struct yaml_parser parser = {0};
	struct error error;
	contracts->modules = arena_array(&contracts->arena, MODULES_MOST, sizeof(struct module));
	while (rest.at && contracts->module_count < MODULES_MOST) {
		struct str source = next_part(&rest);
		uint32_t index = (uint32_t)contracts->module_count++;
		const char *file = arena_format(&contracts->arena, "m%02u/module.yaml", index);
		require(contract_parse_module(&parser, str_of(file), source, contracts,
					      &contracts->arena, &contracts->modules[index], errors,
					      &error) == 0);
		require(map_get_or_put(&contracts->by_name, contracts->modules[index].name,
				       index) != MAP_NONE);
	}
	yaml_parser_release(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* On the heap and exactly as long, so that the sanitizer sees a read past the end. */
	char *bytes = mem_copy((const char *)data, size);
	struct contracts contracts = {.found = true};
	struct error_list errors = {0};
	struct error error;
	struct contract_places places = {.exists = exists};
	struct str rest = {bytes, size};
	require(contract_parse_root(next_part(&rest), &contracts, &errors, &error) == 0);
	load_modules(rest, &contracts, &errors);
	require(contract_look_up("/nonexistent", &places, &contracts, &errors, &error) == 0);
	check(&contracts, &errors);
	contracts_release(&contracts);
	error_list_clear(&errors);
	mem_free(bytes);
	return 0;
}
