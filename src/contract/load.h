/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_LOAD_H
#define CONTRACT_LOAD_H

#include "base/text.h"
#include "base/yaml.h"
#include "contract/contract.h"

/* The steps of loading, between the files of contract/. */

/* Reads ROOT/FILE into `out`. Errors: those of file_read(), which then name `file` as it is
 * relative to the root. `file` must be NUL-terminated. */
int contract_read_file(const char *root, struct str file, struct text *out,
		       struct error *error) must_check;

/* Parses the content of the root's contract into `contracts`. Errors: ERROR_MEMORY only. */
int contract_parse_root(struct str source, struct contracts *contracts, struct error_list *errors,
			struct error *error) must_check;

/* Parses the content of one module.yaml; see contract_read_module(). */
int contract_parse_module(struct yaml_parser *parser, struct str file, struct str source,
			  const struct contracts *contracts, struct arena *arena,
			  struct module *out, struct error_list *errors,
			  struct error *error) must_check;

/* Reads one module.yaml, whose path `file` must outlive `arena`. The root's contract must be
 * loaded. What is wrong goes to `errors`; what is right is kept. A file that says no name
 * gives the module that of its folder, so that what refers to it is not wrong as well.
 * Errors: ERROR_MEMORY only. */
int contract_read_module(struct yaml_parser *parser, const char *root, struct str file,
			 const struct contracts *contracts, struct arena *arena, struct module *out,
			 struct error_list *errors, struct error *error) must_check;

/* Reads the module.yaml files that a pattern of the root's contract matches, in no more than a
 * few threads, and puts the modules in their order. Errors: ERROR_MEMORY only. */
int contract_read_modules(const char *root, const struct contract_places *places,
			  struct contracts *contracts, struct error_list *errors,
			  struct error *error) must_check;

/* Looks up every name, path and pattern of all contracts, once the modules are in their
 * order. Uses of modules that do not exist are told and taken out. Errors: ERROR_MEMORY. */
int contract_look_up(const char *root, const struct contract_places *places,
		     struct contracts *contracts, struct error_list *errors,
		     struct error *error) must_check;

#endif
