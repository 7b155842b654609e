/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the command line, and the parser that reads it by them. */
#include "cli/flags.h"

#include <string.h>

#include "base/str.h"

#define FLAG(id) (1u << FLAG_##id)

const struct verb VERBS[VERB_COUNT] = {
	[VERB_CHECK] =
		{
			.name = "check",
			.operands = "[PATH...]",
			.summary = "check the module boundaries",
			.details =
				"Checks every reference in the source files against the contracts "
				"(ashlar.yaml and the module.yaml files), and shows what is found "
				"in PATH "
				"(everything without one). Files are those that git tracks or does "
				"not "
				"ignore; without git, all in the folder.\n\n"
				"Where there are no contracts it shows which modules `ashlar init` "
				"would "
				"propose, their cycles and their most entangled pairs; nothing is "
				"written.",
			.flags = FLAG(FORMAT) | FLAG(OUTPUT) | FLAG(RULE) | FLAG(MODULE) |
				 FLAG(ALL) | FLAG(TIGHTEN),
			.formats = "text json sarif github junit codequality",
			.most = 10000,
		},
	[VERB_INIT] =
		{
			.name = "init",
			.operands = "[FOLDER]",
			.summary = "write contracts that fit the code as it is",
			.details = "Finds the modules (workspaces, Go modules, Maven and Gradle "
				   "modules, Python "
				   "packages, packs, else the top folders), writes ashlar.yaml and "
				   "one module.yaml "
				   "each with the dependencies that are really there, and a "
				   "baseline of what is "
				   "left: the next check is green. Files that exist are never "
				   "overwritten.",
			.flags = FLAG(DRY_RUN),
			.most = 1,
			.operand = WORD_FOLDER,
		},
	[VERB_BASELINE] =
		{
			.name = "baseline",
			.operands = "",
			.summary = "accept the findings of today",
			.details = "Writes all present findings to the baseline files, one a "
				   "module: they no longer "
				   "fail the check, new ones do, and an entry that is no longer "
				   "found is a finding "
				   "itself. `ashlar check --tighten` takes such entries out.",
			.flags = FLAG(DRY_RUN),
		},
	[VERB_REFS] =
		{
			.name = "refs",
			.operands = "[PATH...]",
			.summary = "list every reference and where it goes",
			.details = "One line a reference: file, line, column, kind, target, and "
				   "the file or folder it "
				   "resolves to, or `external PACKAGE`, `standard`, `unresolved`.",
			.flags = FLAG(FORMAT) | FLAG(OUTPUT) | FLAG(UNRESOLVED) | FLAG(EXTERNAL),
			.formats = "text json",
			.most = 10000,
		},
	[VERB_WHY] =
		{
			.name = "why",
			.operands = "A B",
			.summary = "show the shortest chains from A to B",
			.details = "A and B are modules, files or folders. Shows how A comes to "
				   "depend on B: the "
				   "shortest chains of references, with their lines. Exits with 1 "
				   "when there is none.",
			.flags = FLAG(FORMAT) | FLAG(CHAINS),
			.formats = "text json",
			.least = 2,
			.most = 2,
			.operand = WORD_MODULE,
		},
	[VERB_GRAPH] =
		{
			.name = "graph",
			.operands = "[PATH]",
			.summary = "draw the modules and what is between them",
			.details = "Draws the module graph with the findings in it. `html` is the "
				   "report: one page "
				   "that needs no network, with a map, a dependency matrix and all "
				   "findings.",
			.program = "ashlar-graph",
			.flags = FLAG(FORMAT) | FLAG(OUTPUT),
			.formats = "dot mermaid svg html",
			.most = 1,
		},
	[VERB_AFFECTED] =
		{
			.name = "affected",
			.operands = "",
			.summary = "list the modules that a change can affect",
			.details = "Lists the modules with files that changed since REV "
				   "(committed, staged, in the "
				   "work tree, or new), and all modules that depend on them, "
				   "directly or through "
				   "others: those whose tests are worth running.",
			.program = "ashlar-affected",
			.flags = FLAG(FORMAT) | FLAG(BASE) | FLAG(DIRECT),
			.formats = "text json",
		},
	[VERB_NEW] =
		{
			.name = "new",
			.operands = "app NAME [MODULE] | module NAME",
			.summary = "begin an application of modules, or a module of one",
			.details =
				"`app` makes a folder NAME: a program in C on Ashlar's runtime, "
				"with one "
				"module (MODULE, or greetings) that has a contract, a port over "
				"HTTP, an "
				"event, a table and a test. `module` adds one more like it to the "
				"application that we are in, below the folder that `modules` in "
				"ashlar.yaml has, and to the list of modules in app.h. `make test` "
				"there "
				"builds and tests it.\n\n"
				"Nothing that is there is overwritten. docs/tutorial.md goes on "
				"from "
				"there.",
			.program = "ashlar-new",
			.flags = FLAG(DRY_RUN),
			.least = 2,
			.most = 3,
			.operand = WORD_CHOICE,
			.choices = "app module",
		},
	[VERB_EXPLAIN] =
		{
			.name = "explain",
			.operands = "[RULE]",
			.summary = "explain a rule, with an example",
			.details = "Without RULE it lists all rules.",
			.most = 1,
			.operand = WORD_RULE,
		},
	[VERB_COMPLETION] =
		{
			.name = "completion",
			.operands = "SHELL",
			.summary = "print the completions for bash, zsh or fish",
			.details = "For this session: `source <(ashlar completion bash)`. An "
				   "installed Ashlar brings "
				   "them along.",
			.least = 1,
			.most = 1,
			.operand = WORD_CHOICE,
			.choices = "bash zsh fish",
		},
	[VERB_HELP] =
		{
			.name = "help",
			.operands = "[VERB]",
			.summary = "show help, also for one verb",
			.details = "",
			.flags = FLAG(MAN),
			.most = 1,
			.operand = WORD_CHOICE,
			.choices = "check init baseline refs why graph affected new explain "
				   "completion "
				   "help version",
		},
	[VERB_VERSION] =
		{
			.name = "version",
			.operands = "",
			.summary = "show the version",
			.details = "",
		},
};

const struct flag FLAGS[FLAG_COUNT] = {
	[FLAG_FORMAT] = {"format", 'f', "FORMAT", "output format", WORD_CHOICE, NULL, false},
	[FLAG_OUTPUT] = {"output", 'o', "FILE", "write to FILE instead of standard output",
			 WORD_PATH, NULL, false},
	[FLAG_RULE] = {"rule", 'r', "RULE", "show only findings of RULE", WORD_RULE, NULL, false},
	[FLAG_MODULE] = {"module", 'm', "MODULE", "show only findings of MODULE", WORD_MODULE, NULL,
			 false},
	[FLAG_ALL] = {"all", 'a', NULL, "show the findings in the baseline too", WORD_PATH, NULL,
		      false},
	[FLAG_TIGHTEN] = {"tighten", 0, NULL, "take stale entries out of the baseline", WORD_PATH,
			  NULL, false},
	[FLAG_DRY_RUN] = {"dry-run", 'n', NULL, "show what would be written, write nothing",
			  WORD_PATH, NULL, false},
	[FLAG_UNRESOLVED] = {"unresolved", 'u', NULL, "only references that resolve to nothing",
			     WORD_PATH, NULL, false},
	[FLAG_EXTERNAL] = {"external", 'e', NULL, "only references to third-party packages",
			   WORD_PATH, NULL, false},
	[FLAG_CHAINS] = {"chains", 'c', "N", "show at most N chains (default 3)", WORD_NUMBER, NULL,
			 false},
	[FLAG_BASE] = {"base", 'b', "REV", "what to compare with (default HEAD)", WORD_REVISION,
		       NULL, false},
	[FLAG_DIRECT] = {"direct", 0, NULL, "only the changed modules themselves", WORD_PATH, NULL,
			 false},
	[FLAG_MAN] = {"man", 0, NULL, "print the man page's source", WORD_PATH, NULL, false},
	[FLAG_DIRECTORY] = {"directory", 'C', "DIR", "run as if started in DIR", WORD_FOLDER, NULL,
			    true},
	[FLAG_THREADS] = {"threads", 'j', "N", "threads to use (default: one a processor)",
			  WORD_NUMBER, NULL, true},
	[FLAG_COLOR] = {"color", 0, "WHEN", "colour: auto, always or never", WORD_CHOICE,
			"auto always never", true},
	[FLAG_QUIET] = {"quiet", 'q', NULL, "only findings and errors; no progress, no summary",
			WORD_PATH, NULL, true},
	[FLAG_HELP] = {"help", 'h', NULL, "show this help", WORD_PATH, NULL, true},
};

bool verb_has_flag(enum verb_id verb, enum flag_id flag)
{
	return FLAGS[flag].global || (VERBS[verb].flags & (1u << flag)) != 0;
}

static int wrong_verb(const char *word, struct error *error)
{
	struct str names[VERB_COUNT];
	if (word[0] == '-')
		return error_set(error, ERROR_INVALID,
				 "flags come after the verb: 'ashlar VERB %s'; see 'ashlar help'",
				 word);
	for (int i = 0; i < VERB_COUNT; i++)
		names[i] = str_of(VERBS[i].name);
	struct str nearest = str_nearest(str_of(word), names, VERB_COUNT);
	if (nearest.length)
		return error_set(error, ERROR_INVALID,
				 "there is no verb '%s'; did you mean '%.*s'?", word,
				 STR_ARG(nearest));
	return error_set(error, ERROR_INVALID, "there is no verb '%s'; see 'ashlar help'", word);
}

static int find_verb(const char *word, enum verb_id *out, struct error *error)
{
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		word = "version";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		word = "help";
	for (int i = 0; i < VERB_COUNT; i++) {
		if (strcmp(word, VERBS[i].name) == 0) {
			*out = (enum verb_id)i;
			return 0;
		}
	}
	return wrong_verb(word, error);
}

static int wrong_flag(enum verb_id verb, struct str name, struct error *error)
{
	struct str names[FLAG_COUNT];
	size_t count = 0;
	for (int i = 0; i < FLAG_COUNT; i++)
		if (verb_has_flag(verb, (enum flag_id)i))
			names[count++] = str_of(FLAGS[i].name);
	struct str nearest = str_nearest(name, names, count);
	if (nearest.length)
		return error_set(error, ERROR_INVALID,
				 "'ashlar %s' has no flag '--%.*s'; did you mean '--%.*s'?",
				 VERBS[verb].name, STR_ARG(name), STR_ARG(nearest));
	return error_set(error, ERROR_INVALID,
			 "'ashlar %s' has no flag '%s%.*s'; see 'ashlar help %s'", VERBS[verb].name,
			 name.length == 1 ? "-" : "--", STR_ARG(name), VERBS[verb].name);
}

static int find_flag(enum verb_id verb, struct str name, enum flag_id *out, struct error *error)
{
	for (int i = 0; i < FLAG_COUNT; i++) {
		bool by_letter = name.length == 1 && name.at[0] == FLAGS[i].letter;
		if ((by_letter || str_equal(name, str_of(FLAGS[i].name))) &&
		    verb_has_flag(verb, (enum flag_id)i)) {
			*out = (enum flag_id)i;
			return 0;
		}
	}
	return wrong_flag(verb, name, error);
}

static bool is_choice(const char *value, const char *choices)
{
	struct str rest = str_of(choices), choice;
	while (str_split(&rest, ' ', &choice))
		if (str_equal(choice, str_of(value)))
			return true;
	return false;
}

static bool is_number(const char *value)
{
	size_t digits = strspn(value, "0123456789");
	return digits > 0 && digits < 7 && !value[digits] && strspn(value, "0") != digits;
}

static int check_value(enum verb_id verb, enum flag_id flag, const char *value, struct error *error)
{
	const char *choices = FLAGS[flag].choices ? FLAGS[flag].choices : VERBS[verb].formats;
	if (FLAGS[flag].kind == WORD_CHOICE && !is_choice(value, choices))
		return error_set(error, ERROR_INVALID, "--%s cannot be '%s'; it is one of: %s",
				 FLAGS[flag].name, value, choices);
	if (FLAGS[flag].kind == WORD_NUMBER && !is_number(value))
		return error_set(error, ERROR_INVALID, "--%s wants a number from 1, not '%s'",
				 FLAGS[flag].name, value);
	return 0;
}

/* Takes a flag with its value, which is `attached` or the word at argv[*at]. */
static int take_flag(int argc, char **argv, int *at, enum flag_id flag, const char *attached,
		     struct arguments *arguments, struct error *error)
{
	const char *value = attached;
	if (!FLAGS[flag].value && value)
		return error_set(error, ERROR_INVALID, "--%s takes no value", FLAGS[flag].name);
	if (FLAGS[flag].value && !value) {
		if (*at >= argc)
			return error_set(error, ERROR_INVALID, "--%s wants a value: --%s %s",
					 FLAGS[flag].name, FLAGS[flag].name, FLAGS[flag].value);
		value = argv[(*at)++];
	}
	arguments->given[flag] = true;
	arguments->values[flag] = value;
	return value ? check_value(arguments->verb, flag, value, error) : 0;
}

/* "--name", "--name=value". */
static int parse_long(int argc, char **argv, int *at, struct str name, struct arguments *arguments,
		      struct error *error)
{
	enum flag_id flag = FLAG_COUNT;
	ptrdiff_t equals = str_find(name, '=');
	const char *value = equals >= 0 ? name.at + equals + 1 : NULL;
	if (equals >= 0)
		name = str_first(name, (size_t)equals);
	if (find_flag(arguments->verb, name, &flag, error) < 0)
		return -1;
	return take_flag(argc, argv, at, flag, value, arguments, error);
}

/* "-f", "-fvalue", and several switches in one word: "-aq". */
static int parse_letters(int argc, char **argv, int *at, const char *letters,
			 struct arguments *arguments, struct error *error)
{
	while (*letters) {
		enum flag_id flag = FLAG_COUNT;
		if (find_flag(arguments->verb, (struct str){letters, 1}, &flag, error) < 0)
			return -1;
		letters++;
		const char *value = FLAGS[flag].value && *letters ? letters : NULL;
		if (take_flag(argc, argv, at, flag, value, arguments, error) < 0)
			return -1;
		if (FLAGS[flag].value)
			break;
	}
	return 0;
}

/* Understands the flag at argv[*at] and moves *at behind it and its value. */
static int parse_flag(int argc, char **argv, int *at, struct arguments *arguments,
		      struct error *error)
{
	const char *word = argv[(*at)++];
	if (word[1] == '-')
		return parse_long(argc, argv, at, str_of(word + 2), arguments, error);
	return parse_letters(argc, argv, at, word + 1, arguments, error);
}

static int wrong_choice(const char *value, const char *choices, struct error *error)
{
	enum { CHOICES = 32 };
	struct str names[CHOICES], rest = str_of(choices);
	size_t count = 0;
	while (count < CHOICES && str_split(&rest, ' ', &names[count]))
		count++;
	struct str nearest = str_nearest(str_of(value), names, count);
	if (nearest.length)
		return error_set(error, ERROR_INVALID, "'%s' is none of: %s; did you mean '%.*s'?",
				 value, choices, STR_ARG(nearest));
	return error_set(error, ERROR_INVALID, "'%s' is none of: %s", value, choices);
}

static int check_operands(const struct arguments *arguments, struct error *error)
{
	const struct verb *verb = &VERBS[arguments->verb];
	if (arguments->given[FLAG_HELP])
		return 0;
	if (arguments->operand_count < verb->least || arguments->operand_count > verb->most)
		return error_set(error, ERROR_INVALID, "usage: ashlar %s%s%s", verb->name,
				 verb->operands[0] ? " " : "", verb->operands);
	/* Of `new app NAME` only the first is one of several. */
	if (verb->operand == WORD_CHOICE && arguments->operand_count > 0 &&
	    !is_choice(arguments->operands[0], verb->choices))
		return wrong_choice(arguments->operands[0], verb->choices, error);
	return 0;
}

int arguments_parse(int argc, char **argv, struct arguments *out, struct error *error)
{
	*out = (struct arguments){.verb = VERB_HELP};
	if (argc < 2)
		return 0;
	if (find_verb(argv[1], &out->verb, error) < 0)
		return -1;
	int kept = 2;
	bool only_operands = false;
	for (int i = 2; i < argc;) {
		const char *word = argv[i];
		if (!only_operands && strcmp(word, "--") == 0) {
			only_operands = true;
			i++;
		} else if (!only_operands && word[0] == '-' && word[1]) {
			if (parse_flag(argc, argv, &i, out, error) < 0)
				return -1;
		} else {
			argv[kept++] = argv[i++];
		}
	}
	out->operands = argv + 2;
	out->operand_count = (unsigned)(kept - 2);
	return check_operands(out, error);
}
