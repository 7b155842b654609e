/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar check: judge, compare with the baseline, report. */
#include <stdlib.h>
#include <string.h>

#include "cli/judging.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "propose/survey.h"
#include "report/report.h"
#include "rule/rule.h"

/* Only what the operands, --rule and --module ask for. */
static bool is_wanted(const struct session *session, const struct finding *finding)
{
	const char *rule = session->arguments->values[FLAG_RULE];
	const char *module = session->arguments->values[FLAG_MODULE];
	return session_shows(session, finding->file) &&
	       (!rule || strcmp(rule, finding->rule) == 0) &&
	       (!module || str_equal(str_of(module), finding->module));
}

static void keep_wanted(const struct session *session, struct finding_list *findings)
{
	size_t kept = 0;
	for (size_t i = 0; i < findings->count; i++)
		if (is_wanted(session, &findings->items[i]))
			findings->items[kept++] = findings->items[i];
	findings->count = kept;
}

/* Tells that `word` is no rule or module, and which of `names` it is near to. */
static int wrong_filter(const char *what, const char *word, const struct str *names, size_t count,
			struct error *error)
{
	struct str nearest = str_nearest(str_of(word), names, count);
	if (nearest.length)
		return error_set(error, ERROR_INVALID,
				 "--%s: there is no %s '%s'; did you mean '%.*s'?", what, what,
				 word, STR_ARG(nearest));
	return error_set(error, ERROR_INVALID, "--%s: there is no %s '%s'%s", what, what, word,
			 strcmp(what, "rule") == 0 ? "; 'ashlar explain' lists all" : "");
}

/* A rule or module that does not exist must not look like a clean check. */
static int check_filters(struct session *session, struct error *error)
{
	const char *rule = session->arguments->values[FLAG_RULE];
	const char *module = session->arguments->values[FLAG_MODULE];
	const struct contracts *contracts = &session->contracts;
	struct str rules[RULE_COUNT];
	for (int i = 0; i < RULE_COUNT; i++)
		rules[i] = str_of(rule_name((enum rule_id)i));
	if (rule && rule_named(str_of(rule)) == RULE_COUNT)
		return wrong_filter("rule", rule, rules, RULE_COUNT, error);
	if (!module || contracts_find(contracts, str_of(module)) != MODULE_NONE)
		return 0;
	struct str *names = arena_array(&session->arena, contracts->module_count, sizeof *names);
	if (!names)
		return error_memory(error);
	for (size_t i = 0; i < contracts->module_count; i++)
		names[i] = contracts->modules[i].name;
	return wrong_filter("module", module, names, contracts->module_count, error);
}

static uint64_t count_shown(const struct session *session)
{
	uint64_t files = 0;
	for (uint32_t i = 0; i < session->tree.count; i++)
		files += session->tree.entries[i].facts &&
			 session_shows(session, session->tree.entries[i].path);
	return files;
}

/* Whether the root itself is among the operands. */
static bool shows_all(const struct session *session)
{
	return session_shows(session, STR(""));
}

/* What the command line narrows the check to, so that "no findings" is not taken for more. Findings
 * name their rules by themselves. */
static void describe_scope(const struct session *session, bool any, struct text *out)
{
	enum { PATHS_SHOWN = 3 };
	const char *rule = session->arguments->values[FLAG_RULE];
	const char *module = session->arguments->values[FLAG_MODULE];
	if (rule && !any)
		text_addf(out, " of the rule %s", rule);
	if (module)
		text_addf(out, " in the module %s", module);
	if (session->filter_count == 0 || shows_all(session))
		return;
	for (size_t i = 0; i < session->filter_count && i < PATHS_SHOWN; i++) {
		text_add(out, i ? STR(", ") : STR(" in "));
		text_add(out, session->filters[i]);
	}
	if (session->filter_count > PATHS_SHOWN)
		text_addf(out, " and %zu more", session->filter_count - PATHS_SHOWN);
	text_add(out, STR(" ("));
	text_add_count(out, count_shown(session), "source file");
	text_add_byte(out, ')');
}

static const char *format_of(const struct arguments *arguments)
{
	const char *format = arguments->values[FLAG_FORMAT];
	return format ? format : "text";
}

static int write_format(const struct session *session, const char *name,
			const struct finding_list *findings, const struct check_summary *summary,
			struct text *out, struct error *error)
{
	struct report_rule rules[RULE_COUNT];
	_cleanup_(text_release) struct text scope = {0};
	describe_scope(session, findings->count > 0, &scope);
	out->failed |= scope.failed;
	for (int i = 0; i < RULE_COUNT; i++)
		rules[i] = (struct report_rule){rule_name((enum rule_id)i),
						rule_of((enum rule_id)i)->summary,
						rule_of((enum rule_id)i)->explanation};
	struct report_options options = {
		.colour = terminal_colors(session->arguments, false),
		.known = session->arguments->given[FLAG_ALL],
		.width = terminal_width(),
		.prefix = session->prefix,
		.scope = scope.at,
		.rules = rules,
		.rule_count = RULE_COUNT,
	};
	return report_write(report_format_named(str_of(name)), findings, summary, &options, out,
			    error);
}

static int write_report(const struct session *session, const struct finding_list *findings,
			const struct check_summary *summary, struct text *out, struct error *error)
{
	const struct arguments *arguments = session->arguments;
	const char *github = getenv("GITHUB_ACTIONS");
	bool text = strcmp(format_of(arguments), "text") == 0;
	if (arguments->given[FLAG_QUIET] && text && findings->count == 0)
		return 0;
	if (write_format(session, format_of(arguments), findings, summary, out, error) < 0)
		return -1;
	if (!arguments->given[FLAG_FORMAT] && github && strcmp(github, "true") == 0)
		return write_format(session, "github", findings, summary, out, error);
	return 0;
}

static int exit_code_of(const struct session *session, const struct finding_list *findings)
{
	if (finding_list_count(findings, FINDING_ERROR) > 0)
		return EXIT_FINDINGS;
	if (session->proposed)
		return EXIT_CLEAN;
	return session->tree.problems.count > 0 ? EXIT_UNREADABLE : EXIT_CLEAN;
}

/* Without contracts people see the survey, programs an empty report on the proposed modules. */
static int look(struct session *session, struct finding_list *findings, struct text *out,
		struct error *error)
{
	struct check_summary summary;
	bool survey = session->proposed && strcmp(format_of(session->arguments), "text") == 0;
	if (check_filters(session, error) < 0)
		return -1;
	if (!session->proposed && judging_run(session, findings, error) < 0)
		return -1;
	keep_wanted(session, findings);
	if (session_summary(session, &summary, error) < 0)
		return -1;
	if (survey)
		return survey_write(&session->graph, &summary,
				    terminal_colors(session->arguments, false), out, error);
	return write_report(session, findings, &summary, out, error);
}

int verb_check(const struct arguments *arguments)
{
	_cleanup_(session_release) struct session session = {0};
	_cleanup_(finding_list_release) struct finding_list findings = {0};
	_cleanup_(text_release) struct text out = {0};
	struct error error;
	int code = session_open(arguments, true, &session);
	if (code != EXIT_CLEAN)
		return code;
	int result = look(&session, &findings, &out, &error);
	if (result == 0 && out.failed)
		result = error_memory(&error);
	if (result < 0)
		return terminal_error(arguments, &error);
	code = terminal_write(arguments, text_str(&out));
	if (session.proposed && !arguments->given[FLAG_QUIET]) {
		terminal_errors(arguments, "warning", &session.warnings);
		terminal_errors(arguments, "unreadable", &session.tree.problems);
	}
	return code == EXIT_CLEAN ? exit_code_of(&session, &findings) : code;
}
