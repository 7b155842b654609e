/* SPDX-License-Identifier: Apache-2.0 */
/* ashlar graph: the modules as a picture. */
#include "base/path.h"
#include "cli/judging.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "picture/picture.h"

static int draw(struct session *session, struct text *out, struct error *error)
{
	_cleanup_(finding_list_release) struct finding_list findings = {0};
	struct check_summary summary;
	const char *format = session->arguments->values[FLAG_FORMAT];
	if (!session->proposed && judging_run(session, &findings, error) < 0)
		return -1;
	if (session_summary(session, &summary, error) < 0)
		return -1;
	struct picture picture = {
		.graph = &session->graph,
		.findings = &findings,
		.summary = &summary,
		.title = path_name(str_of(session->root)),
		.proposed = session->proposed,
	};
	return picture_write(picture_format_named(str_of(format ? format : "dot")), &picture, out,
			     error);
}

int verb_graph(const struct arguments *arguments)
{
	_cleanup_(session_release) struct session session = {0};
	_cleanup_(text_release) struct text out = {0};
	struct error error;
	int code = session_open(arguments, true, &session);
	if (code != EXIT_CLEAN)
		return code;
	if (draw(&session, &out, &error) < 0)
		return terminal_error(arguments, &error);
	return session_tell_unread(&session, terminal_write(arguments, text_str(&out)));
}
