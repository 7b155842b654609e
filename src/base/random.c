/* SPDX-License-Identifier: Apache-2.0 */
/* xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018),
 * seeded through splitmix64. A forked child seeds itself anew. */
#include "base/random.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/random.h>

#include "base/clock.h"

static _Thread_local uint64_t state[4];
static _Thread_local unsigned seeded_in; /* the generation that seeded this thread; 0: none */
static unsigned generation = 1;          /* grows in the child of a fork */

static void after_fork(void)
{
	generation++;
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork);
}

static uint64_t rotate(uint64_t value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static uint64_t splitmix(uint64_t *from)
{
	uint64_t value = *from += 0x9E3779B97F4A7C15u;
	value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
	value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
	return value ^ (value >> 31);
}

void random_seed(uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		state[i] = splitmix(&seed);
	seeded_in = generation;
}

/* From the system; where that refuses (a sandbox without the call), from time and place. */
static void seed_from_system(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, watch_forks);
	if (getrandom(state, sizeof state, GRND_NONBLOCK) == (ssize_t)sizeof state)
		seeded_in = generation;
	else
		random_seed(clock_monotonic() ^ rotate((uint64_t)clock_wall(), 32) ^
			    (uint64_t)(uintptr_t)state);
}

uint64_t random_u64(void)
{
	if (__builtin_expect(seeded_in != generation, 0))
		seed_from_system();
	uint64_t result = rotate(state[1] * 5, 7) * 9, shifted = state[1] << 17;
	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= shifted;
	state[3] = rotate(state[3], 45);
	return result;
}

/* Lemire, "Fast random integer generation in an interval" (2019). */
uint64_t random_below(uint64_t bound)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)random_u64() * bound;
	uint64_t least = -bound % bound;
	while ((uint64_t)product < least)
		product = (wide)random_u64() * bound;
	return (uint64_t)(product >> 64);
}
