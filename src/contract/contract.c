/* SPDX-License-Identifier: Apache-2.0 */
/* The simple questions about all contracts. What is in a file is read by root.c and module.c,
 * which files there are is found by modules.c, what they refer to is looked up by lookup.c. */
#include "contract/contract.h"

#include "contract/load.h"

enum severity contracts_severity(const struct contracts *contracts, enum rule_id rule,
				 uint32_t module)
{
	enum severity severity = SEVERITY_UNSET;
	if (module != MODULE_NONE)
		severity = contracts->modules[module].rules[rule];
	if (severity == SEVERITY_UNSET)
		severity = contracts->rules[rule];
	if (severity == SEVERITY_WARN && contracts_strict(contracts, module))
		severity = SEVERITY_ERROR;
	return severity;
}

bool contracts_strict(const struct contracts *contracts, uint32_t module)
{
	return contracts->strict || (module != MODULE_NONE && contracts->modules[module].strict);
}

uint32_t contracts_find(const struct contracts *contracts, struct str name)
{
	uint32_t module = map_get(&contracts->by_name, name);
	return module == MAP_NONE ? MODULE_NONE : module;
}

int contracts_load_modules(const char *root, const struct contract_places *places,
			   struct contracts *contracts, struct error_list *errors,
			   struct error *error)
{
	if (!contracts->found)
		return 0;
	if (contract_read_modules(root, places, contracts, errors, error) < 0 ||
	    contract_look_up(root, places, contracts, errors, error) < 0)
		return -1;
	error_list_sort(errors);
	return 0;
}

void contracts_release(struct contracts *contracts)
{
	map_release(&contracts->by_name);
	arena_release(&contracts->arena);
	*contracts = (struct contracts){0};
}
