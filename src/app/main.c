/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of an application. The only folder of the runtime that prints. */
#include "app/command.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

/* ---- what all verbs need ---- */

int command_tell(struct command *command, struct error_list *errors)
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
		command_tell(command, &errors);
		return fail(command, &error);
	}
	return command_tell(command, &errors);
}

/* What the store lacks. */
struct behind {
	size_t count;
	char first[200];
};

static void note_behind(void *context, const char *module, const char *migration)
{
	struct behind *behind = context;
	if (behind->count++ == 0)
		snprintf(behind->first, sizeof behind->first, "%s %s", module, migration);
}

static ash_status find(struct command *command, struct host *host, struct fault *fault)
{
	struct behind behind = {0};
	const struct store_migration_options options = {
		.dry_run = true, .tell = note_behind, .context = &behind};
	ASH_TRY(host_find(host, fault));
	ASH_TRY(host_open(host, fault));
	ASH_TRY(host_migrate(host, &options, fault));
	if (behind.count == 0)
		return ASH_OK;
	return fault_set(fault, ASH_FAILED_PRECONDITION,
			 "the store %s%sis older than the program: %zu %s not run on it, %s first; "
			 "'%s migrate' runs them",
			 host_file(host) ? host_file(host) : "", host_file(host) ? " " : "",
			 behind.count, behind.count == 1 ? "migration has" : "migrations have",
			 behind.first, command->app->name);
}

int command_find(struct command *command, struct host *host)
{
	struct fault fault;
	int result = command_host(command, host);
	if (result == EXIT_FINE && find(command, host, &fault) != ASH_OK)
		result = command_fail(command, &fault);
	return result;
}

/* ---- verbs and flags ---- */

static int command_help(struct command *command);
static int command_version(struct command *command);

/* What a verb knows: settings and --deploy, and flags of its own; and that it is one process. */
enum {
	KNOWS_SETTINGS = 1,
	KNOWS_DRY = 2,
	KNOWS_DEAD = 4,
	KNOWS_REPLAY = 8,
	KNOWS_SAGAS = 16,
	KNOWS_PROCESS = 32,
	IS_PROCESS = 64,
	KNOWS_PICTURES = 128
};

#define ALL_VERBS (~0U)

static const struct verb {
	const char *name;
	const char *words;
	const char *help;
	int (*run)(struct command *command);
	size_t most;      /* words after it */
	unsigned flags;   /* that it knows */
	const char *ends; /* what its exit status means, beyond 0, 1 and 2 */
} VERBS[] = {
	{"run", "", "runs the application until SIGTERM or Ctrl-C", command_run, 0,
	 KNOWS_SETTINGS | KNOWS_PROCESS | IS_PROCESS,
	 "3: handlers had to be cut off; 75: another process has the address, or migrates"},
	{"migrate", "[--dry-run]", "brings the store's schema up to date", command_migrate, 0,
	 KNOWS_SETTINGS | KNOWS_PROCESS | KNOWS_DRY, "75: another process migrates"},
	{"dead-letters", "list|show|keys|requeue|discard [ID]",
	 "events that could not be handled; keys: those that they hold back", command_dead_letters,
	 2, KNOWS_SETTINGS | KNOWS_DEAD, NULL},
	{"replay", "SUBSCRIBER --since TIME",
	 "delivers to a module again what was published since then, all or one --event",
	 command_replay, 1, KNOWS_SETTINGS | KNOWS_REPLAY, NULL},
	{"sagas", "list|show|resume|cancel [ID]",
	 "sagas and where they stand; resume: lets a parked one go on; cancel: has it undone",
	 command_sagas, 2, KNOWS_SETTINGS | KNOWS_SAGAS, NULL},
	{"breakers",
	 "[list [PORT[/METHOD]] | force-open|force-closed|metrics-only|reset PORT[/METHOD]]",
	 "circuit breakers of the process that runs, and what to do with them by hand",
	 command_breakers, 2, KNOWS_SETTINGS | KNOWS_PROCESS | IS_PROCESS, NULL},
	{"splits", "list|report|forget|back [PORT[/METHOD]] or set PORT[/METHOD] SHARE",
	 "shares of what two implementations answer; PORT: all splits of the port; back: all to "
	 "the first at once; report: how their answers compare",
	 command_splits, 3, KNOWS_SETTINGS | KNOWS_PROCESS, NULL},
	{"routes", "", "the HTTP routes, and what answers them", command_routes, 0,
	 KNOWS_SETTINGS | KNOWS_PROCESS, NULL},
	{"modules", "", "the modules, and what they have to do with each other", command_modules, 0,
	 KNOWS_SETTINGS | KNOWS_PROCESS, NULL},
	{"check-config", "", "whether contracts and deployment fit; starts nothing", command_check,
	 0, KNOWS_SETTINGS | KNOWS_PROCESS | KNOWS_PICTURES, NULL},
	{"help", "[VERB]", "this page, or one of a verb", command_help, 1, 0, NULL},
	{"version", "", "the version", command_version, 0, 0, NULL},
};

#define VERB_COUNT (sizeof VERBS / sizeof *VERBS)

/* Flags that are no settings. Those with a value set a text, the others a switch. */
static const struct flag {
	const char *name;
	const char *value; /* NULL: a switch */
	const char *help;
	unsigned known; /* to verbs with one of these */
	size_t field;   /* of struct command */
} FLAGS[] = {
	{"help", NULL, "this page", ALL_VERBS, offsetof(struct command, helps)},
	{"deploy", "FILE", "settings of a file; those given here come after it", KNOWS_SETTINGS,
	 offsetof(struct command, deploy)},
	{"process", "NAME", "which process of that file this is", KNOWS_PROCESS,
	 offsetof(struct command, process)},
	{"dry-run", NULL, "only says what would run", KNOWS_DRY, offsetof(struct command, dry_run)},
	{"subscriber", "MODULE", "only what this module could not handle", KNOWS_DEAD,
	 offsetof(struct command, filter.subscriber)},
	{"event", "NAME", "only events of this name", KNOWS_DEAD | KNOWS_REPLAY,
	 offsetof(struct command, filter.event)},
	{"status", "STATUS", "only what failed with this status", KNOWS_DEAD,
	 offsetof(struct command, filter.status)},
	{"state", "STATE",
	 "only those that are running, compensating, parked, done, compensated, "
	 "or unfinished",
	 KNOWS_SAGAS, offsetof(struct command, sagas.state)},
	{"module", "MODULE", "only this module's", KNOWS_SAGAS,
	 offsetof(struct command, sagas.module)},
	{"saga", "NAME", "only this one, as MODULE.SAGA; with --stuck, this choreography",
	 KNOWS_SAGAS, offsetof(struct command, sagas.name)},
	{"stuck", NULL, "list: choreographies that stand still instead, and who should have acted",
	 KNOWS_SAGAS, offsetof(struct command, stuck)},
	{"format", "text|json", "lines with tabs, or an object of JSON a line; text", KNOWS_SAGAS,
	 offsetof(struct command, format)},
	{"format", "text|dot|mermaid",
	 "how processes and splits are drawn; dot and mermaid: nothing but the picture; text",
	 KNOWS_PICTURES, offsetof(struct command, format)},
	{"since", "TIME", "2026-11-21T06:00:00Z, or 30m, 12h, 7d ago",
	 KNOWS_DEAD | KNOWS_REPLAY | KNOWS_SAGAS, offsetof(struct command, since)},
	{"after", "ID", "list: only what comes behind this one, which the page before it names",
	 KNOWS_SAGAS, offsetof(struct command, after)},
	{"after", "PLACE",
	 "list: only what comes behind ID or ID/SUBSCRIBER; keys: behind SUBSCRIBER/KEY; the page "
	 "before it names it",
	 KNOWS_DEAD, offsetof(struct command, after)},
	{"limit", "NUMBER", "at most so many; a list has 1,000 at most", KNOWS_DEAD | KNOWS_SAGAS,
	 offsetof(struct command, limit)},
	{"all", NULL, "requeue, discard: all that fit, instead of one ID", KNOWS_DEAD,
	 offsetof(struct command, all)},
};

#define FLAG_COUNT (sizeof FLAGS / sizeof *FLAGS)

static bool is_known(const struct flag *flag, const struct verb *verb)
{
	return flag->known == ALL_VERBS || flag->known & verb->flags;
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

int command_mistake(struct command *command, const char *what, struct str word,
		    const struct str *names, size_t count)
{
	struct str nearest = str_nearest(word, names, count);
	const char *name = command->app->name;
	fprintf(command->err, "%s '%.*s'; ", what, STR_ARG(word));
	if (nearest.length)
		fprintf(command->err, "did you mean '%.*s'?\n", STR_ARG(nearest));
	else if (command->verb)
		fprintf(command->err, "see %s %s --help\n", name, command->verb->name);
	else
		fprintf(command->err, "see %s help\n", name);
	return EXIT_MISTAKE;
}

static int no_verb(struct command *command, const char *word)
{
	struct str names[VERB_COUNT];
	for (size_t i = 0; i < VERB_COUNT; i++)
		names[i] = str_of(VERBS[i].name);
	return command_mistake(command, "there is no verb", str_of(word), names, VERB_COUNT);
}

/* ---- pages of help ---- */

static void show_settings(FILE *out)
{
	const char *name, *value, *help;
	fprintf(out, "\nsettings, here or in the file that --deploy FILE names:\n");
	for (size_t i = 0; settings_at(i, &name, &value, &help); i++)
		fprintf(out, "  --%s %s\n      %s\n", name, value, help);
}

static int help_on(struct command *command, const struct verb *verb)
{
	FILE *out = command->out;
	fprintf(out, "usage: %s %s%s%s%s\n\n%s\n", command->app->name, verb->name,
		*verb->words ? " " : "", verb->words,
		verb->flags & KNOWS_SETTINGS ? " [--SETTING VALUE ...]" : "", verb->help);
	fprintf(out, "\nflags:\n");
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (is_known(&FLAGS[i], verb))
			fprintf(out, "  --%s%s%s\n      %s\n", FLAGS[i].name,
				FLAGS[i].value ? " " : "", FLAGS[i].value ? FLAGS[i].value : "",
				FLAGS[i].help);
	if (verb->flags & KNOWS_SETTINGS)
		show_settings(out);
	fprintf(out,
		"\nexit status: 0: fine; 1: it failed; 2: a mistake of the command line, a "
		"contract or the deployment file%s%s\n",
		verb->ends ? "; " : "", verb->ends ? verb->ends : "");
	return EXIT_FINE;
}

static int command_help(struct command *command)
{
	FILE *out = command->out;
	if (command->words[0]) {
		const struct verb *verb = find_verb(command->words[0]);
		return verb ? help_on(command, verb) : no_verb(command, command->words[0]);
	}
	fprintf(out, "usage: %s VERB [--SETTING VALUE ...]\n\n", command->app->name);
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %s %s\n      %s\n", VERBS[i].name, VERBS[i].words, VERBS[i].help);
	fprintf(out, "\n%s VERB --help tells more of each.\n", command->app->name);
	show_settings(out);
	return EXIT_FINE;
}

static int command_version(struct command *command)
{
	const char *version = command->app->version;
	fprintf(command->out, "%s %s\n", command->app->name, version ? version : "0");
	return EXIT_FINE;
}

/* ---- words and flags ---- */

static const struct flag *find_flag(const struct verb *verb, struct str name)
{
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (str_equal(str_of(FLAGS[i].name), name) && is_known(&FLAGS[i], verb))
			return &FLAGS[i];
	return NULL;
}

static bool is_setting(struct str wanted)
{
	const char *name, *value, *help;
	for (size_t i = 0; settings_at(i, &name, &value, &help); i++)
		if (str_equal(str_of(name), wanted))
			return true;
	return false;
}

static int no_flag(struct command *command, struct str name)
{
	struct str names[FLAG_COUNT + SETTINGS_LIMIT];
	const char *setting, *value, *help;
	size_t count = 0;
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (is_known(&FLAGS[i], command->verb))
			names[count++] = str_of(FLAGS[i].name);
	if (command->verb->flags & KNOWS_SETTINGS)
		for (size_t i = 0; i < SETTINGS_LIMIT && settings_at(i, &setting, &value, &help);
		     i++)
			names[count++] = str_of(setting);
	return command_mistake(command, "there is no flag", name, names, count);
}

static void set_flag(struct command *command, const struct flag *flag, const char *value)
{
	char *field = (char *)command + flag->field;
	if (flag->value)
		*(const char **)field = value;
	else
		*(bool *)field = true;
}

/* One word that starts with "--". `pass` 0 takes the flags, 1 the settings, which come after the
 * file's. Moves *i past the value. */
static int read_flag(struct command *command, int argc, char **argv, int *i, int pass)
{
	char wrong[512];
	struct str word = str_of(argv[*i] + 2);
	ptrdiff_t equals = str_find(word, '=');
	struct str name = equals < 0 ? word : str_first(word, (size_t)equals);
	const struct flag *flag = find_flag(command->verb, name);
	bool given = equals >= 0, takes = !flag || flag->value, known;
	const char *value = given ? name.at + equals + 1 : *i + 1 < argc ? argv[*i + 1] : NULL;
	if (!flag && (!(command->verb->flags & KNOWS_SETTINGS) || !is_setting(name)))
		return no_flag(command, name);
	if (takes && !value)
		return command_mistake(command, "there is no value for", str_of(argv[*i]), NULL, 0);
	if (!takes && given)
		return command_mistake(command, "there should be no value in", str_of(argv[*i]),
				       NULL, 0);
	if (takes && !given)
		++*i;
	if (flag)
		set_flag(command, flag, value);
	if (flag || pass == 0)
		return EXIT_FINE;
	const char *why =
		settings_set(&command->settings, name, str_of(value), &known, wrong, sizeof wrong);
	if (!why)
		return EXIT_FINE;
	fprintf(command->err, "--%.*s: %s\n", STR_ARG(name), why);
	return EXIT_MISTAKE;
}

static int read_words(struct command *command, int pass)
{
	int argc = command->argc;
	char **argv = command->argv;
	size_t count = 0;
	for (int i = 2; i < argc; i++) {
		int result = EXIT_FINE;
		if (strcmp(argv[i], "-h") == 0)
			command->helps = true;
		else if (strncmp(argv[i], "--", 2) == 0)
			result = read_flag(command, argc, argv, &i, pass);
		else if (count < command->verb->most)
			command->words[count++] = argv[i];
		else
			result = command_mistake(command, "there is no use for", str_of(argv[i]),
						 NULL, 0);
		if (result != EXIT_FINE)
			return result;
	}
	return EXIT_FINE;
}

int command_flags(struct command *command)
{
	return read_words(command, 1);
}

static int read_deploy(struct command *command)
{
	struct error_list errors = {0};
	struct error error;
	if (!command->deploy)
		return EXIT_FINE;
	if (settings_read(&command->settings, command->deploy, &errors, &error) < 0) {
		command_tell(command, &errors);
		int result = fail(command, &error);
		return error.code == ERROR_IO ? EXIT_MISTAKE : result;
	}
	return command_tell(command, &errors);
}

static int run_verb(struct command *command)
{
	int result = read_words(command, 0);
	if (result == EXIT_FINE && command->helps)
		return help_on(command, command->verb);
	if (result == EXIT_FINE)
		result = read_deploy(command);
	if (result == EXIT_FINE && command->verb->flags & KNOWS_PROCESS)
		result = command_place(command, command->verb->flags & IS_PROCESS);
	if (result == EXIT_FINE)
		result = command_flags(command);
	return result == EXIT_FINE ? command->verb->run(command) : result;
}

int command_main(int argc, char **argv, const ash_app *app, FILE *out, FILE *err)
{
	struct command command = {.app = app, .out = out, .err = err, .argc = argc, .argv = argv};
	command.verb = find_verb(argc > 1 ? argv[1] : "help");
	if (!command.verb)
		return no_verb(&command, argv[1]);
	settings_init(&command.settings);
	int result = run_verb(&command);
	settings_release(&command.settings);
	placement_release(&command.placement);
	return result;
}

int ash_main(int argc, char **argv, const ash_app *app)
{
	return command_main(argc, argv, app, stdout, stderr);
}
