/* SPDX-License-Identifier: Apache-2.0 */
/* The map as a file of its own, light or dark as its viewer is. */
#include "base/mem.h"
#include "picture/draw.h"
#include "picture/map.h"

int draw_svg(const struct model *model, struct text *out, struct error *error)
{
	_cleanup_(layout_release) struct layout layout = {0};
	if (layout_build(model, &layout, error) < 0)
		return -1;
	map_write(model, &layout, false, out);
	return out->failed ? error_memory(error) : 0;
}
