/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar init and ashlar baseline: the verbs that write contracts and baselines. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/judging.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "propose/propose.h"

/* Writes a new file, or shows it in a dry run. One that is there is kept as it is. */
static int write_new(const struct session *session, struct str path, const struct text *content,
		     struct text *out, struct error *error)
{
	char whole[2 * PATH_LIMIT];
	snprintf(whole, sizeof whole, "%s/%.*s", session->root, STR_ARG(path));
	if (content->failed)
		return error_memory(error);
	if (access(whole, F_OK) == 0) {
		text_addf(out, "kept     %.*s (it was there)\n", STR_ARG(path));
		return 0;
	}
	if (session->arguments->given[FLAG_DRY_RUN]) {
		text_addf(out, "--- %.*s\n", STR_ARG(path));
		text_add(out, text_str(content));
		return 0;
	}
	text_addf(out, "wrote    %.*s\n", STR_ARG(path));
	return file_write(whole, text_str(content), error);
}

static bool is_proposed(const struct contracts *contracts, struct str file)
{
	for (size_t i = 0; i < contracts->module_count; i++)
		if (str_equal(contracts->modules[i].file, file))
			return true;
	return false;
}

/* Without advice to exclude it. */
static void add_left_out(struct error_list *left_out, const struct error *problem)
{
	struct error copy = *problem;
	char *advice = strstr(copy.message, "; exclude");
	if (advice)
		*advice = '\0';
	error_list_add(left_out, &copy);
}

/* What must be excluded for the check to see all it is told to: what could not be read, and
 * files that only have the name of a contract. */
static void find_left_out(const struct session *session, struct error_list *left_out,
			  struct text *out)
{
	const struct tree *tree = &session->tree;
	for (size_t i = 0; i < tree->problems.count; i++)
		add_left_out(left_out, &tree->problems.items[i]);
	left_out->dropped += tree->problems.dropped;
	for (uint32_t i = 0; i < tree->count; i++) {
		struct str path = tree->entries[i].path;
		if (str_equal(path_name(path), STR(CONTRACT_MODULE_NAME)) &&
		    !is_proposed(&session->contracts, path))
			error_list_at(left_out, ERROR_INVALID, path.at, 0, 0,
				      "is in the folder of no module that is proposed");
	}
	for (size_t i = 0; i < left_out->count; i++)
		text_addf(out, "excluded %s, which %s\n", left_out->items[i].file,
			  left_out->items[i].message);
	if (left_out->dropped > 0)
		text_addf(out, "and %zu more could not be read: exclude them by a pattern\n",
			  left_out->dropped);
}

static int write_contracts(const struct session *session, struct text *out, struct error *error)
{
	_cleanup_(text_release) struct text content = {0};
	_cleanup_(error_list_clear) struct error_list left_out = {0};
	const struct contracts *contracts = &session->contracts;
	for (size_t i = 0; i < contracts->module_count; i++) {
		text_clear(&content);
		propose_module_contract(&session->graph, (uint32_t)i, &content);
		if (write_new(session, contracts->modules[i].file, &content, out, error) < 0)
			return -1;
	}
	text_clear(&content);
	find_left_out(session, &left_out, out);
	propose_root_contract(contracts, &left_out, &content);
	return write_new(session, STR(CONTRACT_ROOT_NAME), &content, out, error);
}

static int propose(const struct session *session, struct text *out, struct error *error)
{
	if (!session->proposed)
		return error_at(error, ERROR_INVALID, CONTRACT_ROOT_NAME, 0, 0,
				"is there already, in %s; `ashlar check` checks by it",
				session->root);
	if (session->contracts.module_count == 0)
		return error_set(error, ERROR_NOT_FOUND,
				 "no source file was found in %s: there is nothing to propose",
				 session->root);
	return write_contracts(session, out, error);
}

/* Judges the tree as it is now and remembers what is found. */
static int write_baseline(struct session *session, struct text *out, struct error *error)
{
	struct judging_counts counts;
	if (judging_remember(session, session->arguments->given[FLAG_DRY_RUN], &counts, error) < 0)
		return -1;
	text_add(out, session->arguments->given[FLAG_DRY_RUN] ? STR("would keep ") : STR("kept "));
	text_add_count(out, counts.findings, "finding");
	text_add(out, STR(" in the baselines of "));
	text_add_count(out, counts.files, "module");
	text_add_byte(out, '\n');
	return 0;
}

static int finish(const struct session *session, int result, const struct text *out,
		  struct error *error)
{
	const struct arguments *arguments = session->arguments;
	if (result == 0 && out->failed)
		result = error_memory(error);
	int code = arguments->given[FLAG_QUIET] && !arguments->given[FLAG_DRY_RUN]
			   ? EXIT_CLEAN
			   : terminal_write(arguments, text_str(out));
	return result < 0 ? terminal_error(arguments, error) : session_tell_unread(session, code);
}

int verb_init(const struct arguments *arguments)
{
	_cleanup_(session_release) struct session session = {0};
	_cleanup_(text_release) struct text out = {0};
	struct error error;
	int code = session_open(arguments, true, &session);
	if (code != EXIT_CLEAN)
		return code;
	int result = propose(&session, &out, &error);
	if (!arguments->given[FLAG_QUIET])
		terminal_errors(arguments, "warning", &session.warnings);
	if (result == 0 && !arguments->given[FLAG_DRY_RUN]) {
		session_release(&session);
		code = session_open(arguments, true, &session);
		if (code != EXIT_CLEAN)
			return code;
		result = write_baseline(&session, &out, &error);
		text_add(&out, STR("\nNow `ashlar check` is green. Give each module an owner and a "
				   "`public` list,\nand order them in `layers`: "
				   "docs/contracts.md tells how.\n"));
	}
	return finish(&session, result, &out, &error);
}

int verb_baseline(const struct arguments *arguments)
{
	_cleanup_(session_release) struct session session = {0};
	_cleanup_(text_release) struct text out = {0};
	struct error error;
	int code = session_open(arguments, false, &session);
	if (code != EXIT_CLEAN)
		return code;
	int result = session.proposed
			     ? error_set(&error, ERROR_NOT_FOUND,
					 "there is no " CONTRACT_ROOT_NAME
					 " in %s; `ashlar init` writes one, with a baseline",
					 session.root)
			     : write_baseline(&session, &out, &error);
	return finish(&session, result, &out, &error);
}
