/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/text.h"
#include "cli/flags.h"

/* Everything that is made of the tables in flags.h. */

/* The overview, or the help of one verb. */
void help_overview(struct text *out);
void help_verb(enum verb_id verb, struct text *out);

/* The man page ashlar(1), in man(7) macros. */
void help_man(struct text *out);

/* A completion script for "bash", "zsh" or "fish". */
void help_completion(const char *shell, struct text *out);

#endif
