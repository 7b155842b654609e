/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of an application. The only folder of the runtime that prints. */
#include "app/command.h"

#include <string.h>

#include "base/mem.h"

/* ---- what all verbs need ---- */

static int tell_errors(struct command *command, struct error_list *errors)
{
	char line[2048];
	size_t count = errors->count;
	error_list_sort(errors);
	for (size_t i = 0; i < count; i++) {
		error_format(&errors->items[i], line, sizeof line);
		fprintf(command->err, "%s\n", line);
	}
	if (errors->dropped)
		fprintf(command->err, "and %zu more\n", errors->dropped);
	count += errors->dropped;
	error_list_clear(errors);
	return count ? EXIT_MISTAKE : EXIT_FINE;
}

static int fail(struct command *command, const struct error *error)
{
	char line[2048];
	error_format(error, line, sizeof line);
	fprintf(command->err, "%s\n", line);
	return error->code == ERROR_MEMORY || error->code == ERROR_IO ? EXIT_FAILED : EXIT_MISTAKE;
}

int command_fail(struct command *command, const struct fault *fault)
{
	fprintf(command->err, "%s: %s\n", command->app->name, fault->message);
	return EXIT_FAILED;
}

int command_host(struct command *command, struct host *host)
{
	struct error_list errors = {0};
	struct error error;
	if (host_init(host, command->app, &command->settings, &errors, &error) < 0) {
		tell_errors(command, &errors);
		return fail(command, &error);
	}
	return tell_errors(command, &errors);
}

int command_open(struct command *command, struct host *host, bool migrates)
{
	const struct store_migration_options options = {0};
	struct fault fault;
	int result = command_host(command, host);
	if (result != EXIT_FINE)
		return result;
	if (host_open(host, &fault) != ASH_OK ||
	    (migrates && host_migrate(host, &options, &fault) != ASH_OK))
		return command_fail(command, &fault);
	return EXIT_FINE;
}

/* ---- verbs and flags ---- */

static int command_help(struct command *command);
static int command_version(struct command *command);

static const struct verb {
	const char *name;
	const char *words;
	const char *help;
	int (*run)(struct command *command);
	size_t most; /* words after it */
} VERBS[] = {
	{"run", "", "runs the application until SIGTERM or Ctrl-C", command_run, 0},
	{"migrate", "[--dry-run]", "brings the store's schema up to date", command_migrate, 0},
	{"dead-letters", "list|show|keys|requeue|discard [ID]",
	 "events that could not be handled; of one --subscriber, --event or --status, died "
	 "--since TIME, --after ID, --limit NUMBER; --all; keys: those that they hold back",
	 command_dead_letters, 2},
	{"replay", "SUBSCRIBER --since TIME",
	 "delivers to a module again what was published since then, all or one --event; TIME "
	 "is 2026-11-21T06:00:00Z, or 30m, 12h, 7d ago",
	 command_replay, 1},
	{"routes", "", "the HTTP routes, and what answers them", command_routes, 0},
	{"modules", "", "the modules, and what they have to do with each other", command_modules,
	 0},
	{"check-config", "", "whether contracts and deployment fit; opens nothing", command_check,
	 0},
	{"help", "", "this page", command_help, 0},
	{"version", "", "the version", command_version, 0},
};

#define VERB_COUNT (sizeof VERBS / sizeof *VERBS)

static int command_help(struct command *command)
{
	FILE *out = command->out;
	const char *name, *value, *help;
	fprintf(out, "usage: %s VERB [--SETTING VALUE ...]\n\n", command->app->name);
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %s %s\n      %s\n", VERBS[i].name, VERBS[i].words, VERBS[i].help);
	fprintf(out, "\nsettings, here or in the file that --deploy FILE names:\n");
	for (size_t i = 0; settings_at(i, &name, &value, &help); i++)
		fprintf(out, "  --%s %s\n      %s\n", name, value, help);
	return EXIT_FINE;
}

static int command_version(struct command *command)
{
	const char *version = command->app->version;
	fprintf(command->out, "%s %s\n", command->app->name, version ? version : "0");
	return EXIT_FINE;
}

static int mistake(struct command *command, const char *what, struct str word)
{
	fprintf(command->err, "%s '%.*s'; see %s help\n", what, STR_ARG(word), command->app->name);
	return EXIT_MISTAKE;
}

/* Flags that are no settings. Those with a value set a text, the others a switch. */
static bool set_flag(struct command *command, struct str name, const char *value, bool *takes)
{
	const struct {
		struct str name;
		const char **text;
		bool *on;
	} FLAGS[] = {
		{STR("deploy"), &command->deploy, NULL},
		{STR("subscriber"), &command->filter.subscriber, NULL},
		{STR("event"), &command->filter.event, NULL},
		{STR("status"), &command->filter.status, NULL},
		{STR("since"), &command->since, NULL},
		{STR("after"), &command->after, NULL},
		{STR("limit"), &command->limit, NULL},
		{STR("dry-run"), NULL, &command->dry_run},
		{STR("all"), NULL, &command->all},
	};
	for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS; i++) {
		if (!str_equal(FLAGS[i].name, name))
			continue;
		*takes = FLAGS[i].text != NULL;
		if (FLAGS[i].text && value)
			*FLAGS[i].text = value;
		if (FLAGS[i].on)
			*FLAGS[i].on = true;
		return true;
	}
	return false;
}

/* One word that starts with "--". `pass` 0 takes the flags, 1 the settings, which come after the
 * file's. Moves *i past the value. */
static int read_flag(struct command *command, int argc, char **argv, int *i, int pass)
{
	char wrong[512];
	struct str word = str_of(argv[*i] + 2);
	ptrdiff_t equals = str_find(word, '=');
	struct str name = equals < 0 ? word : str_first(word, (size_t)equals);
	bool given = equals >= 0, takes = true, known;
	const char *value = given ? name.at + equals + 1 : *i + 1 < argc ? argv[*i + 1] : NULL;
	bool flag = set_flag(command, name, value, &takes);
	if (takes && !value)
		return mistake(command, "there is no value for", str_of(argv[*i]));
	if (!takes && given)
		return mistake(command, "there should be no value in", str_of(argv[*i]));
	if (takes && !given)
		++*i;
	if (flag || pass == 0)
		return EXIT_FINE;
	const char *why =
		settings_set(&command->settings, name, str_of(value), &known, wrong, sizeof wrong);
	if (!why)
		return EXIT_FINE;
	fprintf(command->err, "--%.*s: %s\n", STR_ARG(name), why);
	return EXIT_MISTAKE;
}

static int read_words(struct command *command, const struct verb *verb, int argc, char **argv,
		      int pass)
{
	size_t count = 0;
	for (int i = 2; i < argc; i++) {
		int result = EXIT_FINE;
		if (strncmp(argv[i], "--", 2) == 0)
			result = read_flag(command, argc, argv, &i, pass);
		else if (count < verb->most)
			command->words[count++] = argv[i];
		else
			result = mistake(command, "there is no use for", str_of(argv[i]));
		if (result != EXIT_FINE)
			return result;
	}
	return EXIT_FINE;
}

static int read_deploy(struct command *command)
{
	struct error_list errors = {0};
	struct error error;
	if (!command->deploy)
		return EXIT_FINE;
	if (settings_read(&command->settings, command->deploy, &errors, &error) < 0) {
		tell_errors(command, &errors);
		return fail(command, &error);
	}
	return tell_errors(command, &errors);
}

static const struct verb *find_verb(const char *name)
{
	if (strcmp(name, "--version") == 0)
		name = "version";
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(name, VERBS[i].name) == 0)
			return &VERBS[i];
	return NULL;
}

int command_main(int argc, char **argv, const ash_app *app, FILE *out, FILE *err)
{
	struct command command = {.app = app, .out = out, .err = err};
	const struct verb *verb = find_verb(argc > 1 ? argv[1] : "help");
	if (!verb)
		return mistake(&command, "there is no verb", str_of(argv[1]));
	settings_init(&command.settings);
	int result = read_words(&command, verb, argc, argv, 0);
	if (result == EXIT_FINE)
		result = read_deploy(&command);
	if (result == EXIT_FINE)
		result = read_words(&command, verb, argc, argv, 1);
	if (result == EXIT_FINE)
		result = verb->run(&command);
	settings_release(&command.settings);
	return result;
}

int ash_main(int argc, char **argv, const ash_app *app)
{
	return command_main(argc, argv, app, stdout, stderr);
}
