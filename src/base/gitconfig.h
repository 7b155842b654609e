/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_GITCONFIG_H
#define BASE_GITCONFIG_H

#include <stdbool.h>

#include "base/str.h"
#include "base/text.h"

/* Looks for a variable in the text of a git configuration file (git-config(1), "Syntax") and
 * puts its last value into `out`, unquoted. `name` is in small letters, "core.excludesfile",
 * of a section without a subsection. A variable without '=' is "true". False, and `out`
 * untouched, when it is not there. Lines that git would refuse are skipped; what `include`
 * names is not read. Want of memory is told by out->failed. */
bool gitconfig_find(struct str content, struct str name, struct text *out);

#endif
