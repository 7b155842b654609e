/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NEW_TEMPLATES_H
#define NEW_TEMPLATES_H

#include "base/str.h"

/* The files in templates/, put into the program when it is built. @app@, @module@ and @Module@
 * stand for names. */
extern const struct str ASHLAR_YAML_IN;
extern const struct str MAKEFILE_IN;
extern const struct str APP_H_IN;
extern const struct str MAIN_C_IN;
extern const struct str GITIGNORE_IN;
extern const struct str MODULE_YAML_IN;
extern const struct str MODULE_PROTO_IN;
extern const struct str MODULE_C_IN;
extern const struct str MIGRATION_SQL_IN;
extern const struct str TEST_C_IN;

#endif
