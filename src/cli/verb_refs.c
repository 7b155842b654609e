/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar refs: every reference and where it went. */
#include <string.h>

#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "report/report.h"

static bool is_wanted(const struct arguments *arguments, const struct reference *reference)
{
	bool unresolved = arguments->given[FLAG_UNRESOLVED];
	bool external = arguments->given[FLAG_EXTERNAL];
	if (reference->state == REFERENCE_DROPPED)
		return false;
	return (!unresolved && !external) ||
	       (unresolved && reference->state == REFERENCE_UNRESOLVED) ||
	       (external && reference->state == REFERENCE_EXTERNAL);
}

static struct str module_name(const struct session *session, uint32_t entry)
{
	uint32_t module = session->graph.module_of[entry];
	if (module == MODULE_NONE)
		return (struct str){0};
	return session->contracts.modules[module].name;
}

static struct report_reference describe(const struct session *session, uint32_t file,
					const struct reference *reference)
{
	const struct entry *entries = session->tree.entries;
	struct report_reference out = {
		.file = entries[file].path,
		.line = reference->line,
		.column = reference->column,
		.kind = (enum reference_kind)reference->kind,
		.state = (enum reference_state)reference->state,
		.target = reference_target(reference),
		.module = module_name(session, file),
	};
	if (reference->state == REFERENCE_EXTERNAL)
		out.package = str_first(out.target, reference->package_length);
	if (reference->state == REFERENCE_INTERNAL) {
		out.resolved = entries[reference->resolved].path;
		out.is_folder = entries[reference->resolved].is_folder;
		out.to_module = module_name(session, reference->resolved);
	}
	return out;
}

static void add_file(const struct session *session, uint32_t file, bool json, struct text *out)
{
	const struct facts *facts = session->tree.entries[file].facts;
	for (size_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		if (!is_wanted(session->arguments, reference))
			continue;
		struct report_reference line = describe(session, file, reference);
		(json ? report_reference_json : report_reference_text)(&line, out);
	}
}

int verb_refs(const struct arguments *arguments)
{
	_cleanup_(session_release) struct session session = {0};
	_cleanup_(text_release) struct text out = {0};
	int code = session_open(arguments, true, &session);
	if (code != EXIT_CLEAN)
		return code;
	const char *format = arguments->values[FLAG_FORMAT];
	bool json = format && strcmp(format, "json") == 0;
	for (uint32_t i = 0; i < session.tree.count; i++)
		if (session.tree.entries[i].facts &&
		    session_shows(&session, session.tree.entries[i].path))
			add_file(&session, i, json, &out);
	if (out.failed) {
		struct error error;
		error_memory(&error);
		return terminal_error(arguments, &error);
	}
	return session_tell_unread(&session, terminal_write(arguments, text_str(&out)));
}
