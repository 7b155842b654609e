/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_DRAW_H
#define PICTURE_DRAW_H

#include "picture/model.h"

/* The formats. Private to this folder. Each adds to `out`, whose `failed` tells that memory
 * ran out. Errors: ERROR_MEMORY. */

/* Graphviz' language. */
int draw_dot(const struct model *model, struct text *out, struct error *error) must_check;

/* A flowchart of Mermaid. */
int draw_mermaid(const struct model *model, struct text *out, struct error *error) must_check;

/* The map as a file of its own. */
int draw_svg(const struct model *model, struct text *out, struct error *error) must_check;

/* The report page. */
int draw_html(const struct model *model, struct text *out, struct error *error) must_check;

#endif
