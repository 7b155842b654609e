/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLACEMENT_JUDGING_H
#define PLACEMENT_JUDGING_H

#include "base/yaml.h"
#include "placement/plan.h"

/* A judgement under way. Internal to placement/. */

struct judging {
	struct plan plan;
	struct error_list *errors;
	struct map placed;          /* from a module's name to where it was placed first */
	struct map processes_split; /* modules that a split names with a process */
	struct arena arena;
	bool failed;
};

/* Adds a mistake, with the place of `at`. */
void judging_complain(struct judging *judging, const struct placed *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The text as a message shows it; lives as long as `buffer`. */
const char *judging_shown(const char *text, struct excerpt *buffer);

/* The index of what has that name, or MAP_NONE, which is told of `word`. */
uint32_t judging_find_module(struct judging *judging, const struct placed *word, const char *text);
uint32_t judging_find_process(struct judging *judging, const struct placed *word, const char *text);
uint32_t judging_find_port(struct judging *judging, const struct placed *word);

/* Tells where there is no policy of that name; one that is not given is none. */
void judging_check_policy(struct judging *judging, const struct placed *word);

/* The method of that name, or NULL. */
const ash_method *judging_find_method(const ash_port *port, const char *name);

/* The same, and tells of `word` where there is none. */
const ash_method *judging_method(struct judging *judging, const ash_port *port,
				 const struct placed *word);

/* judge_splits.c: judges the splits; what they say of modules is noted for those who place them. */
void judging_splits(struct judging *judging);

#endif
