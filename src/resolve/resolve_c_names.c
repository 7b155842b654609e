/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers the macros and modules that files declare. Must not know where headers are. */
#include "resolve/resolve_c_names.h"

bool c_names_split(struct str declaration, struct str *macro, struct c_header *out)
{
	size_t length = 0;
	while (length < declaration.length && declaration.at[length] != ' ' &&
	       declaration.at[length] != '\t')
		length++;
	struct str value = str_trim(str_from(declaration, length));
	if (value.length < 2)
		return false;
	*macro = str_first(declaration, length);
	*out = (struct c_header){
		.name = {value.at + 1, value.length - 2},
		.form = value.at[0] == '<' ? INCLUDE_ANGLE : INCLUDE_QUOTE,
	};
	return true;
}

static bool add_macro(struct c_names *names, struct str macro, const struct c_header *header)
{
	uint32_t index = map_get_or_put(&names->macros, macro, (uint32_t)names->header_count);
	if (index == MAP_NONE)
		return false;
	if (index < names->header_count) {
		struct c_header *known = &names->headers[index];
		known->ambiguous = known->ambiguous || known->form != header->form ||
				   !str_equal(known->name, header->name);
		return true;
	}
	if (!mem_reserve(&names->headers, &names->header_capacity, names->header_count + 1,
			 sizeof *names->headers))
		return false;
	names->headers[names->header_count++] = *header;
	return true;
}

static bool add_declarations(struct c_names *names, uint32_t file, const struct facts *facts)
{
	for (size_t i = 0; i < facts->declaration_count; i++) {
		struct str name = facts->declarations[i].name, macro;
		struct c_header header;
		bool added = c_names_split(name, &macro, &header)
				     ? add_macro(names, macro, &header)
				     : map_get_or_put(&names->modules, name, file) != MAP_NONE;
		if (!added)
			return false;
	}
	return true;
}

int c_names_init(struct c_names *out, const struct tree *tree, struct error *error)
{
	*out = (struct c_names){0};
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct entry *entry = &tree->entries[i];
		if (entry->facts && entry->language == LANGUAGE_C &&
		    !add_declarations(out, i, entry->facts))
			return error_memory(error);
	}
	return 0;
}

void c_names_release(struct c_names *names)
{
	map_release(&names->modules);
	map_release(&names->macros);
	mem_free(names->headers);
	*names = (struct c_names){0};
}

bool c_names_header(const struct c_names *names, struct str macro, struct c_header *out)
{
	uint32_t index = map_get(&names->macros, macro);
	if (index == MAP_NONE || names->headers[index].ambiguous)
		return false;
	*out = names->headers[index];
	return true;
}

uint32_t c_names_module(const struct c_names *names, struct str module)
{
	uint32_t file = map_get(&names->modules, module);
	return file == MAP_NONE ? ENTRY_NONE : file;
}
