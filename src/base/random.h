/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

/* Random numbers for ids, jitter and sampling: unpredictable enough that two processes never
 * collide, not for secrets. Each thread has a generator of its own, seeded by the system. */

/* 64 random bits. */
uint64_t random_u64(void);

/* A number from 0 up to but without `bound`, which is not 0, each as likely. */
uint64_t random_below(uint64_t bound);

/* For tests: this thread's numbers follow from `seed` from now on. */
void random_seed(uint64_t seed);

#endif
