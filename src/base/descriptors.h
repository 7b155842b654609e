/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stdint.h>

/* How many files, sockets among them, this process may have open at once: the soft limit of the
 * system (ulimit -n); UINT32_MAX where it is more, or not known. */
uint32_t descriptors_limit(void);

/* Raises that limit to the hard one, which the system lets any process do: the soft one is low for
 * those that use select(). Where it is refused all stays as it was. */
void descriptors_raise(void);

#endif
