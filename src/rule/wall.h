/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULE_WALL_H
#define RULE_WALL_H

#include "rule/judge.h"

/* A wall between two groups of modules, and what comes through or round it: what the rules
 * `forbidden` and `independence` share. */
struct wall {
	const struct module_uses *from;
	const struct module_uses *to; /* may be the same group: each is parted from each */
	bool indirect;                /* nothing may come round it through others either */
	/* Adds to the sentence why `to` is out of bounds for `from`: "but a and b are to be
	 * independent"; and which contract says so. */
	void (*tell_wall)(struct judge *judge, uint32_t from, uint32_t to);
	void (*tell_why)(struct judge *judge, const struct wall *wall);
	struct str reason;
	uint32_t line;
	struct str help; /* what else may be done, a last line */
};

/* Judges each of `count` walls, made one after the other by `make`: the uses that go straight
 * through it; and where `indirect`, a shortest chain for each pair of modules without such,
 * through modules that are on neither side. Errors: ERROR_MEMORY, ERROR_LIMIT. */
int judge_walls(struct judge *judge, size_t count,
		void (*make)(const struct judge *judge, size_t index, struct wall *out),
		struct error *error) must_check;

#endif
