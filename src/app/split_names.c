/* SPDX-License-Identifier: Apache-2.0 */
/* Names of splits, as a command or a request gives them. Turns nothing. */
#include "app/split_names.h"

#include "base/yaml.h"

bool split_names_any(const struct placement *placement, struct str name)
{
	for (size_t i = 0; i < placement->split_count; i++)
		if (placement_means(&placement->splits[i], name))
			return true;
	return false;
}

/* The split of all methods of the port that `name` begins with, or NULL. */
static const struct placement_split *of_all_methods(const struct placement *placement,
						    struct str name)
{
	ptrdiff_t slash = str_find(name, '/');
	struct str port = slash < 0 ? name : str_first(name, (size_t)slash);
	for (size_t i = 0; i < placement->split_count; i++)
		if (!placement->splits[i].method.text &&
		    str_equal(str_of(placement->splits[i].port.text), port))
			return &placement->splits[i];
	return NULL;
}

void split_names_none(const struct placement *placement, struct str name, struct text *out)
{
	struct str names[2 * PLACEMENT_SPLIT_LIMIT];
	size_t count = 0;
	const struct placement_split *all = of_all_methods(placement, name);
	text_addf(out, "there is no split '%s'", excerpt_of(name).text);
	for (size_t i = 0; i < placement->split_count; i++) {
		names[count++] = str_of(placement->splits[i].name.text);
		names[count++] = str_of(placement->splits[i].port.text);
	}
	struct str near = str_nearest(name, names, count);
	if (all)
		text_addf(out, "; that of %s is for all of its methods", all->port.text);
	else if (near.length)
		text_addf(out, "; did you mean '%s'?", excerpt_of(near).text);
}
