/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PAGE_H
#define PAGE_H

#include <ashlar/app.h>

/* The files in page/, put into the program when it is built. */
#define PAGE_COUNT 6

extern const ash_asset PAGE[PAGE_COUNT];

#endif
