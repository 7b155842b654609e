/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of reading, in their order. */
#include "generate/input.h"

int input_init(struct input *input, const Request *request, struct arena *arena,
	       struct error_list *errors, struct error *error)
{
	*input = (struct input){.arena = arena, .errors = errors, .request = request};
	if (input_read_contract(input, error) < 0)
		return -1;
	if (!input->name || input_read_migrations(input, error) < 0)
		return input->name ? -1 : 0;
	if (input_read_protos(input, error) < 0 || input_join(input, error) < 0 ||
	    input_judge(input, error) < 0)
		return -1;
	return input_check_names(input, error);
}

void input_release(struct input *input)
{
	contracts_release(&input->contracts);
	map_release(&input->type_index);
}
