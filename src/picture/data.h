/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_DATA_H
#define PICTURE_DATA_H

#include "picture/model.h"

/* Adds all that the page shows as one JSON object without '<', so that it may stand in a
 * script element. page/page.js reads it; both sides are one program, so its form may change.
 * Errors: ERROR_MEMORY. */
int data_write(const struct model *model, struct text *out, struct error *error) must_check;

#endif
