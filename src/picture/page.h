/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_PAGE_H
#define PICTURE_PAGE_H

#include "base/str.h"

/* The files in page/, put into the program when it is built. */

extern const struct str MAP_CSS;   /* colours and the map: for the SVG and the page */
extern const struct str PAGE_CSS;  /* the rest of the page */
extern const struct str PAGE_HTML; /* with {{title}}, {{style}}, {{map}}, {{data}}, {{script}} */
extern const struct str PAGE_JS;

#endif
