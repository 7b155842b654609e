/* SPDX-License-Identifier: Apache-2.0 */
/* The verb breakers: asks the process that runs, at the address that its settings give, and opens
 * nothing itself. */
#include "app/command.h"

#include <string.h>

#include "app/admin.h"
#include "app/policies.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/client_call.h"

/* How long the process may take to answer. */
#define BREAKERS_PATIENCE UINT64_C(5000000000)

static int show(struct command *command, const struct http_reply *reply)
{
	unsigned status = reply->answer.status;
	FILE *out = status == 200 ? command->out : command->err;
	fwrite(reply->body.at, 1, reply->body.length, out);
	if (status == 200)
		return EXIT_FINE;
	return status < 500 ? EXIT_MISTAKE : EXIT_FAILED;
}

/* Whether it may be a PORT or PORT/METHOD, and so needs no escapes in a path. */
static bool is_name(const char *name)
{
	const char *slash = strchr(name, '/');
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_./");
	return name[0] && name[length] == '\0' && !strchr("./", name[0]) &&
	       (!slash || (slash[1] && !strpbrk(slash + 1, "./")));
}

static void add_target(struct text *out, const char *action, const char *name)
{
	text_add(out, STR("/admin/breakers"));
	if (action || name)
		text_add_byte(out, '/');
	text_add(out, str_of(action ? action : name ? name : ""));
}

/* Lists all, or what is named, without an action. */
static int ask(struct command *command, const char *address, const char *action, const char *name,
	       struct http_tls *tls)
{
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	_cleanup_(text_release) struct text target = {0};
	const struct placement_process *process = command->settings.process;
	const struct http_client_options options = {
		.tls = tls, .tls_name = process ? process->identity.text : NULL};
	struct fault fault;
	add_target(&target, action, name);
	const struct http_request request = {
		.method = action ? STR("POST") : STR("GET"),
		.target = text_str(&target),
		.fields = STR("Accept: text/plain\r\nAshlar-Admin: 1\r\n"),
		.body = action ? str_of(name) : (struct str){0},
		.deadline = clock_monotonic() + BREAKERS_PATIENCE,
	};
	if (target.failed)
		fault_memory(&fault);
	else if (http_client_new(address, &options, &client, &fault) == ASH_OK &&
		 http_client_call(client, &request, &reply, &fault) == ASH_OK)
		return show(command, &reply);
	return command_fail(command, &fault);
}

/* NULL for "list" and nothing; what is none is told. */
static int read_action(struct command *command, const char **out)
{
	const char *word = command->words[0], *name;
	*out = NULL;
	if (!word || strcmp(word, "list") == 0) {
		word = word ? command->words[1] : NULL;
		return !word || is_name(word)
			       ? EXIT_FINE
			       : command_mistake(command,
						 "there is no port or method with a policy",
						 str_of(word), NULL, 0);
	}
	for (size_t i = 0; (name = policies_action_name(i)); i++)
		if (strcmp(name, word) == 0)
			*out = name;
	if (*out && command->words[1])
		return EXIT_FINE;
	if (*out)
		fprintf(command->err, "breakers %s of which PORT or PORT/METHOD?\n", *out);
	else
		fprintf(command->err,
			"breakers list, force-open, force-closed, metrics-only or "
			"reset, not '%.100s'\n",
			word);
	return EXIT_MISTAKE;
}

/* Whoever may read the files of the process may ask it. */
static int ask_by(struct command *command, const char *address, const char *action)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = NULL;
	struct error_list errors = {0};
	struct error error;
	if (secure_load(&command->settings, &tls, &error) == 0)
		return ask(command, address, action, command->words[1], tls);
	error_list_add(&errors, &error);
	return command_tell(command, &errors);
}

int command_breakers(struct command *command)
{
	const char *action;
	struct settings *settings = &command->settings;
	int result = read_action(command, &action);
	if (result != EXIT_FINE)
		return result;
	const char *address = admin_address(settings, &settings->arena);
	if (address)
		return ask_by(command, address, action);
	fprintf(command->err,
		"the setting 'admin' says where the process that runs can be asked, and it is "
		"off\n");
	return EXIT_MISTAKE;
}
