/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_NAMES_H
#define CONTRACT_NAMES_H

#include "contract/contract.h"

/* What the contracts may say of each rule. Internal to contract/. */

/* How severe a rule is where no contract says anything. */
enum severity rule_default(enum rule_id rule);

/* Whether a module may set it: not for what is about files of no module. */
bool rule_is_of_modules(enum rule_id rule);

/* Whether an exception may be made from it. */
bool rule_has_exceptions(enum rule_id rule);

/* Whether it judges references, so that it can leave out those that are of types only. */
bool rule_sees_types(enum rule_id rule);

/* Names of all rules, RULE_COUNT of them, for suggestions. */
const struct str *rule_names(void);

#endif
