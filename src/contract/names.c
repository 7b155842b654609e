/* SPDX-License-Identifier: Apache-2.0 */
/* The rules by name, and what a contract may say of each. Judges nothing. */
#include "contract/names.h"

struct about {
	enum severity by_default;
	bool of_modules;
	bool exceptions;
	bool types;
};

static const struct str NAMES[RULE_COUNT] = {
	[RULE_DEPENDENCY] = STR("dependency"),
	[RULE_PRIVACY] = STR("privacy"),
	[RULE_LAYER] = STR("layer"),
	[RULE_VISIBILITY] = STR("visibility"),
	[RULE_CYCLE] = STR("cycle"),
	[RULE_FORBIDDEN] = STR("forbidden"),
	[RULE_INDEPENDENCE] = STR("independence"),
	[RULE_EXTERNAL] = STR("external"),
	[RULE_UNUSED] = STR("unused"),
	[RULE_EXHAUSTIVE] = STR("exhaustive"),
	[RULE_EXPIRED] = STR("expired"),
	[RULE_STALE] = STR("stale"),
};

static const struct about ABOUT[RULE_COUNT] = {
	[RULE_DEPENDENCY] = {SEVERITY_ERROR, true, true, true},
	[RULE_PRIVACY] = {SEVERITY_ERROR, true, true, true},
	[RULE_LAYER] = {SEVERITY_ERROR, true, true, true},
	[RULE_VISIBILITY] = {SEVERITY_ERROR, true, true, true},
	[RULE_CYCLE] = {SEVERITY_ERROR, true, true, true},
	[RULE_FORBIDDEN] = {SEVERITY_ERROR, true, true, true},
	[RULE_INDEPENDENCE] = {SEVERITY_ERROR, true, true, true},
	[RULE_EXTERNAL] = {SEVERITY_ERROR, true, true, true},
	[RULE_UNUSED] = {SEVERITY_WARN, true, true, true},
	[RULE_EXHAUSTIVE] = {SEVERITY_OFF, false, false, false},
	[RULE_EXPIRED] = {SEVERITY_ERROR, true, false, false},
	[RULE_STALE] = {SEVERITY_ERROR, true, false, false},
};

enum severity rule_default(enum rule_id rule)
{
	return ABOUT[rule].by_default;
}

bool rule_is_of_modules(enum rule_id rule)
{
	return ABOUT[rule].of_modules;
}

bool rule_has_exceptions(enum rule_id rule)
{
	return ABOUT[rule].exceptions;
}

bool rule_sees_types(enum rule_id rule)
{
	return ABOUT[rule].types;
}

const struct str *rule_names(void)
{
	return NAMES;
}

const char *rule_name(enum rule_id rule)
{
	return NAMES[rule].at;
}

enum rule_id rule_named(struct str name)
{
	enum rule_id rule = 0;
	while (rule < RULE_COUNT && !str_equal(NAMES[rule], name))
		rule++;
	return rule;
}
