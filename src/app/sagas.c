/* SPDX-License-Identifier: Apache-2.0 */
/* The verb sagas: where they stand, and what people do about those that stand still. Asks the
 * store, whether the application runs or not. */
#include "app/command.h"

#include "base/mem.h"

/* A verb under way. Texts live in the arena. */
struct looking {
	struct command *command;
	struct host *host;
	struct arena arena;
	struct saga_line *lines; /* that were found */
	size_t count;
	struct saga_line last; /* of the page */
	const char *flow;      /* the choreography of which `count` were listed */
	size_t total;          /* of all choreographies */
	bool json;
	bool more; /* than were listed */
	bool full; /* a choreography listed all that it may */
};

static void looking_release(struct looking *looking)
{
	arena_release(&looking->arena);
}

/* ---- times ---- */

/* "" for 0. */
static const char *time_text(int64_t at, char out[LOG_TIME_SIZE])
{
	out[0] = '\0';
	if (at)
		log_time(at, out);
	return out;
}

static void add_member(struct text *out, const char *name, const char *value)
{
	text_addf(out, "%s\"%s\":", out->length > 1 ? "," : "", name);
	text_add_json(out, str_of(value));
}

static void add_number(struct text *out, const char *name, int64_t value)
{
	text_addf(out, ",\"%s\":%lld", name, (long long)value);
}

static void add_time(struct text *out, const char *name, int64_t at)
{
	char text[LOG_TIME_SIZE];
	if (at)
		add_member(out, name, time_text(at, text));
}

/* ---- finding one ---- */

static void keep(struct looking *looking, const struct saga_line *line, struct saga_line *kept)
{
	*kept = *line;
	const char **TEXTS[] = {&kept->name,   &kept->id,      &kept->module, &kept->trace,
				&kept->status, &kept->message, &kept->cause};
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		*TEXTS[i] = arena_str(&looking->arena, str_of(*TEXTS[i])).at;
}

static bool keep_one(void *context, const struct saga_line *line)
{
	struct looking *looking = context;
	keep(looking, line, &looking->lines[looking->count++]);
	return !looking->arena.failed;
}

static ash_status find(struct looking *looking, const struct saga_filter *filter,
		       struct fault *fault)
{
	looking->count = 0;
	looking->lines = arena_array(&looking->arena, SAGA_LIST_LIMIT, sizeof *looking->lines);
	if (!looking->lines)
		return fault_memory(fault);
	ASH_TRY(saga_list(looking->host->sagas, filter, keep_one, looking, fault));
	return looking->arena.failed ? fault_memory(fault) : ASH_OK;
}

/* Names an id that is near the one that is not there. */
static int tell_unknown(struct looking *looking, const char *id, struct fault *fault)
{
	struct command *command = looking->command;
	const struct saga_filter others = {.name = command->sagas.name,
					   .module = command->sagas.module};
	struct str *ids = arena_array(&looking->arena, SAGA_LIST_LIMIT, sizeof *ids);
	if (find(looking, &others, fault) != ASH_OK)
		return command_fail(command, fault);
	for (size_t i = 0; ids && i < looking->count; i++)
		ids[i] = str_of(looking->lines[i].id);
	command_mistake(command, "there is no saga", str_of(id), ids, ids ? looking->count : 0);
	return EXIT_FAILED;
}

/* The one that the words name; sets what main() is to return where there is none, or several. */
static const struct saga_line *find_named(struct looking *looking, int *result, struct fault *fault)
{
	struct command *command = looking->command;
	struct saga_filter filter = command->sagas;
	filter.id = command->words[1];
	if (find(looking, &filter, fault) != ASH_OK)
		*result = command_fail(command, fault);
	else if (looking->count == 0)
		*result = tell_unknown(looking, filter.id, fault);
	else if (looking->count > 1)
		*result = command_mistake(command, "several sagas have the id; name one by --saga:",
					  str_of(looking->lines[0].name), NULL, 0);
	else
		return looking->lines;
	return NULL;
}

/* ---- list ---- */

static void add_line(struct text *out, const struct saga_line *line)
{
	add_member(out, "saga", line->name);
	add_member(out, "id", line->id);
	add_member(out, "module", line->module);
	add_member(out, "state", saga_line_state(line));
	add_member(out, "direction",
		   line->state == SAGA_RUNNING || line->state == SAGA_DONE ? "forward" : "back");
	add_number(out, "step", line->step);
	add_number(out, "steps", line->steps);
	add_number(out, "attempts", line->attempts);
	add_time(out, "started", line->started_at);
	add_time(out, "deadline", line->deadline_at);
	add_time(out, "ended", line->ended_at);
	add_member(out, "trace", line->trace);
	add_member(out, "status", line->status);
	add_member(out, "message", line->message);
	add_member(out, "cause", line->cause);
}

static size_t page_size(const struct command *command)
{
	size_t most = command->sagas.most;
	return most && most < SAGA_LIST_LIMIT ? most : SAGA_LIST_LIMIT;
}

static bool list_one(void *context, const struct saga_line *line)
{
	struct looking *looking = context;
	FILE *out = looking->command->out;
	_cleanup_(text_release) struct text text = {0};
	char started[LOG_TIME_SIZE];
	if (++looking->count == page_size(looking->command))
		keep(looking, line, &looking->last);
	if (looking->json) {
		text_add_byte(&text, '{');
		add_line(&text, line);
		text_add(&text, STR("}\n"));
		fputs(text.failed ? "" : text.at, out);
		return true;
	}
	fprintf(out, "%s\t%s\t%s\t%lld/%lld\t%lld\t%s\t%s\t%s\n", line->name, line->id,
		saga_line_state(line), (long long)line->step, (long long)line->steps,
		(long long)line->attempts, time_text(line->started_at, started), line->status,
		line->message);
	return true;
}

/* Has the list begin behind the saga that --after names: ID, or NAME/ID. */
static int begin_after(struct looking *looking, const char *after, struct fault *fault)
{
	struct command *command = looking->command;
	const char *slash = strchr(after, '/');
	struct saga_filter one = {.name = command->sagas.name, .id = after};
	struct saga_filter named = {.id = slash ? slash + 1 : NULL};
	if (slash)
		named.name =
			arena_str(&looking->arena, (struct str){after, (size_t)(slash - after)}).at;
	if (slash && find(looking, &named, fault) != ASH_OK)
		return command_fail(command, fault);
	if (looking->count == 0 && find(looking, &one, fault) != ASH_OK)
		return command_fail(command, fault);
	if (looking->count == 0)
		return tell_unknown(looking, after, fault);
	if (looking->count > 1)
		return command_mistake(command, "several sagas have the id; say NAME/ID, such as",
				       str_of(arena_format(&looking->arena, "%s/%s",
							   looking->lines[0].name, after)),
				       NULL, 0);
	command->sagas.after_name = looking->lines[0].name;
	command->sagas.after_id = looking->lines[0].id;
	command->sagas.after_at = looking->lines[0].started_at;
	return EXIT_FINE;
}

static bool note_more(void *context, const struct saga_line *line)
{
	struct looking *looking = context;
	(void)line;
	looking->more = true;
	return false;
}

/* Says so where the page was full and is not the last one. */
static int tell_more(struct looking *looking, struct fault *fault)
{
	struct command *command = looking->command;
	struct saga_filter next = command->sagas;
	next.after_name = looking->last.name;
	next.after_id = looking->last.id;
	next.after_at = looking->last.started_at;
	next.most = 1;
	if (looking->arena.failed)
		return command_fail(command, (fault_memory(fault), fault));
	if (saga_list(looking->host->sagas, &next, note_more, looking, fault) != ASH_OK)
		return command_fail(command, fault);
	if (looking->more)
		fprintf(command->err, "there are more; the next page: --after %s/%s\n",
			looking->last.name, looking->last.id);
	return EXIT_FINE;
}

static int list(struct looking *looking, struct fault *fault)
{
	struct command *command = looking->command;
	const char *after = command->after;
	int result = after ? begin_after(looking, after, fault) : EXIT_FINE;
	if (result != EXIT_FINE)
		return result;
	looking->count = 0;
	if (saga_list(looking->host->sagas, &command->sagas, list_one, looking, fault) != ASH_OK)
		return command_fail(command, fault);
	return looking->last.id ? tell_more(looking, fault) : EXIT_FINE;
}

/* ---- choreographies that stand still ---- */

static const char *why_text(enum stuck_why why)
{
	static const char *const TEXTS[] = {
		[STUCK_SILENT] = "has handled it, and published nothing that follows",
		[STUCK_WAITING] = "has not begun: no worker of it runs, or it is far behind",
		[STUCK_HANDLING] = "is handling it",
		[STUCK_FAILING] = "failed, and tries again",
		[STUCK_DEAD] = "could not handle it: it is a dead letter",
		[STUCK_LOST] = "was never given it, or it was discarded",
	};
	return TEXTS[why];
}

static void write_stuck(const struct stuck_flow *stuck, FILE *out)
{
	_cleanup_(text_release) struct text text = {0};
	text_add_byte(&text, '{');
	add_member(&text, "choreography", stuck->choreography);
	add_member(&text, "module", stuck->module);
	add_member(&text, "key", stuck->key);
	add_time(&text, "started", stuck->started_at);
	add_member(&text, "event", stuck->event);
	add_number(&text, "event_id", stuck->event_id);
	add_time(&text, "at", stuck->at);
	add_member(&text, "actor", stuck->actor);
	add_member(&text, "next", stuck->next);
	add_member(&text, "why", why_text(stuck->why));
	add_number(&text, "attempts", stuck->attempts);
	add_member(&text, "status", stuck->status);
	add_member(&text, "message", stuck->message);
	add_member(&text, "trace", stuck->trace);
	text_add(&text, STR("}\n"));
	fputs(text.failed ? "" : text.at, out);
}

static bool list_stuck_one(void *context, const struct stuck_flow *stuck)
{
	struct looking *looking = context;
	FILE *out = looking->command->out;
	char started[LOG_TIME_SIZE];
	size_t most = looking->command->sagas.most;
	looking->more |= most && looking->total == most;
	if (looking->more)
		return false;
	looking->total++;
	looking->count = looking->flow == stuck->choreography ? looking->count + 1 : 1;
	looking->flow = stuck->choreography;
	looking->full |= looking->count == EVENT_LIST_LIMIT;
	if (looking->json)
		write_stuck(stuck, out);
	else
		fprintf(out, "%s\t%s\t%s\t%s\t%lld\t%s\t%s\t%lld\t%s\t%s\n", stuck->choreography,
			stuck->key, time_text(stuck->started_at, started), stuck->event,
			(long long)stuck->event_id, stuck->actor, why_text(stuck->why),
			(long long)stuck->attempts, stuck->status, stuck->message);
	return true;
}

static int list_stuck(struct looking *looking, struct fault *fault)
{
	struct command *command = looking->command;
	const struct stuck_filter filter = {.choreography = command->sagas.name,
					    .module = command->sagas.module,
					    .since = command->sagas.since};
	if (!event_has_choreographies(looking->host->hub)) {
		fprintf(command->err, "%s: no module declares a choreography\n",
			command->app->name);
		return EXIT_FAILED;
	}
	if (event_stuck_list(looking->host->hub, &filter, list_stuck_one, looking, fault) != ASH_OK)
		return command_fail(command, fault);
	if (looking->more)
		fprintf(command->err, "there are more than --limit\n");
	if (looking->full)
		fprintf(command->err, "of a choreography at most %d are listed, the oldest\n",
			EVENT_LIST_LIMIT);
	return EXIT_FINE;
}

/* ---- show ---- */

struct drawing {
	struct looking *looking;
	const struct saga_line *line;
	struct text text;
	int64_t index;
	int width;   /* of the longest name of a step */
	int forward; /* of the longest text of what was done */
};

static void add_row(struct text *out, const char *name, const char *value)
{
	if (*value)
		text_addf(out, "%-10s %s\n", name, value);
}

static void draw_head(struct drawing *drawing)
{
	const struct saga_line *line = drawing->line;
	struct text *out = &drawing->text;
	char at[LOG_TIME_SIZE];
	text_addf(out, "%s %s\n", line->name, line->id);
	text_addf(out, "%-10s %s%s\n", "state", saga_line_state(line),
		  !line->parked                 ? ""
		  : line->state == SAGA_RUNNING ? ", on its way forward"
						: ", on its way back");
	add_row(out, "module", line->module);
	add_row(out, "started", time_text(line->started_at, at));
	add_row(out, "deadline", time_text(line->deadline_at, at));
	add_row(out, "ended", time_text(line->ended_at, at));
	add_row(out, "trace", line->trace);
	if (line->canceled && line->state == SAGA_RUNNING)
		add_row(out, "canceled", "to be undone after the step that runs");
	add_row(out, "undone for", line->cause);
	if (line->message[0] && strcmp(line->message, line->cause) != 0)
		text_addf(out, "%-10s %s: %s\n", line->parked ? "parked for" : "last said",
			  line->status, line->message);
	if (line->parked)
		text_addf(out, "%-10s %s sagas resume %s\n", "go on with",
			  drawing->looking->command->app->name, line->id);
}

/* Where it stands, behind the step, or the compensation, that is next. */
static void draw_next(struct drawing *drawing)
{
	const struct saga_line *line = drawing->line;
	struct text *out = &drawing->text;
	char at[LOG_TIME_SIZE];
	text_addf(out, "%s, attempt %lld", line->parked ? "PARKED" : "now",
		  (long long)line->attempts);
	if (line->most)
		text_addf(out, " of %lld", (long long)line->most);
	if (line->lease_until)
		text_add(out, STR(", under way"));
	else if (!line->parked)
		text_addf(out, ", again from %s", time_text(line->due_at, at));
}

static void draw_undo(struct drawing *drawing, const struct saga_step_line *step)
{
	const struct saga_line *line = drawing->line;
	struct text *out = &drawing->text;
	char at[LOG_TIME_SIZE];
	bool next = line->state == SAGA_COMPENSATING && drawing->index + 1 == line->step;
	if (step->undo_attempts)
		text_addf(out, "undone %s, attempt %lld", time_text(step->undone_at, at),
			  (long long)step->undo_attempts);
	else if (next && step->undoes)
		draw_next(drawing);
	else if (!step->undoes)
		text_add(out, STR("nothing undoes it"));
	else if (line->state == SAGA_COMPENSATING && drawing->index < line->step)
		text_add(out, STR("is to be undone"));
}

static void draw_run(struct drawing *drawing, const struct saga_step_line *step)
{
	const struct saga_line *line = drawing->line;
	struct text *out = &drawing->text;
	char at[LOG_TIME_SIZE];
	if (step->attempts)
		text_addf(out, "done %s, attempt %lld", time_text(step->recorded_at, at),
			  (long long)step->attempts);
	else if (line->state == SAGA_RUNNING && drawing->index == line->step)
		draw_next(drawing);
	else if (step->undo_attempts ||
		 (line->state == SAGA_COMPENSATING && drawing->index < line->step))
		text_add(out, STR("not known"));
	else
		text_add(out, STR("-"));
}

static bool draw_step(void *context, const struct saga_step_line *step)
{
	struct drawing *drawing = context;
	struct text *out = &drawing->text;
	text_addf(out, "%3lld  %-*s  ", (long long)drawing->index + 1, drawing->width, step->name);
	size_t before = out->length;
	draw_run(drawing, step);
	text_addf(out, "%*s", drawing->forward + 2 - (int)(out->length - before), "");
	draw_undo(drawing, step);
	while (out->length && out->at[out->length - 1] == ' ')
		out->at[--out->length] = '\0';
	text_add_byte(out, '\n');
	drawing->index++;
	return true;
}

static bool write_step(void *context, const struct saga_step_line *step)
{
	struct drawing *drawing = context;
	struct text object = {0};
	text_add_byte(&object, '{');
	add_member(&object, "name", step->name);
	text_addf(&object, ",\"undoes\":%s", step->undoes ? "true" : "false");
	add_number(&object, "attempts", step->attempts);
	add_time(&object, "recorded", step->recorded_at);
	add_number(&object, "undo_attempts", step->undo_attempts);
	add_time(&object, "undone", step->undone_at);
	text_addf(&drawing->text, "%s%s}", drawing->index++ ? "," : "",
		  object.failed ? "{" : object.at);
	drawing->text.failed |= object.failed;
	text_release(&object);
	return true;
}

static bool measure_step(void *context, const struct saga_step_line *step)
{
	struct drawing *drawing = context;
	struct text drawn = drawing->text;
	int width = (int)strlen(step->name), forward;
	drawing->text = (struct text){0};
	draw_run(drawing, step);
	forward = (int)drawing->text.length;
	drawn.failed |= drawing->text.failed;
	text_release(&drawing->text);
	drawing->text = drawn;
	drawing->width = width > drawing->width ? width : drawing->width;
	drawing->forward = forward > drawing->forward ? forward : drawing->forward;
	drawing->index++;
	return true;
}

static ash_status draw(struct drawing *drawing, struct fault *fault)
{
	struct saga_hub *hub = drawing->looking->host->sagas;
	const struct saga_line *line = drawing->line;
	struct text *out = &drawing->text;
	if (drawing->looking->json) {
		text_add_byte(out, '{');
		add_line(out, line);
		text_add(out, STR(",\"plan\":["));
		ASH_TRY(saga_steps(hub, line, write_step, drawing, fault));
		text_add(out, STR("]}\n"));
	} else {
		draw_head(drawing);
		drawing->width = (int)strlen("step");
		drawing->forward = (int)strlen("forward");
		ASH_TRY(saga_steps(hub, line, measure_step, drawing, fault));
		text_addf(out, "\n     %-*s  %-*s  %s\n", drawing->width, "step", drawing->forward,
			  "forward", "back");
		drawing->index = 0;
		ASH_TRY(saga_steps(hub, line, draw_step, drawing, fault));
	}
	return out->failed ? fault_memory(fault) : ASH_OK;
}

static int show(struct looking *looking, struct fault *fault)
{
	int result = EXIT_FINE;
	struct drawing drawing = {.looking = looking, .line = find_named(looking, &result, fault)};
	if (!drawing.line)
		return result;
	if (draw(&drawing, fault) == ASH_OK)
		fputs(drawing.text.at, looking->command->out);
	else
		result = command_fail(looking->command, fault);
	text_release(&drawing.text);
	return result;
}

/* ---- resume and cancel ---- */

static int change(struct looking *looking, struct fault *fault, const char *done, const char *why,
		  ash_status (*run)(struct saga_hub *hub, const char *name, const char *id,
				    struct fault *fault))
{
	struct command *command = looking->command;
	int result = EXIT_FINE;
	const struct saga_line *line = find_named(looking, &result, fault);
	if (!line)
		return result;
	ash_status status = run(looking->host->sagas, line->name, line->id, fault);
	if (status == ASH_NOT_FOUND)
		status = fault_set(fault, ASH_FAILED_PRECONDITION, "%s %s is %s: %s", line->name,
				   line->id, saga_line_state(line), why);
	if (status != ASH_OK)
		return command_fail(command, fault);
	fprintf(command->out, "%s %s %s\n", line->name, line->id, done);
	return EXIT_FINE;
}

static int resume(struct looking *looking, struct fault *fault)
{
	return change(looking, fault, "goes on", "only a parked one can be resumed", saga_resume);
}

static int cancel(struct looking *looking, struct fault *fault)
{
	return change(looking, fault, "is undone after the step that runs",
		      "only one that is on its way forward can be canceled", saga_cancel);
}

/* ---- all of it ---- */

static const struct action {
	const char *name;
	int (*run)(struct looking *looking, struct fault *fault);
	bool one; /* wants to be told which */
} ACTIONS[] = {{"list", list, false},
	       {"show", show, true},
	       {"resume", resume, true},
	       {"cancel", cancel, true}};

enum { ACTION_COUNT = sizeof ACTIONS / sizeof *ACTIONS };

static const struct action *find_action(struct command *command, int *result)
{
	struct str names[ACTION_COUNT];
	const char *name = command->words[0];
	*result = EXIT_MISTAKE;
	for (size_t i = 0; i < ACTION_COUNT; i++)
		names[i] = str_of(ACTIONS[i].name);
	for (size_t i = 0; name && i < ACTION_COUNT; i++) {
		if (strcmp(ACTIONS[i].name, name) != 0)
			continue;
		if (ACTIONS[i].one == (command->words[1] != NULL))
			return &ACTIONS[i];
		fprintf(command->err,
			ACTIONS[i].one ? "%s which? Give an id\n"
				       : "%s takes no id; sagas show does\n",
			name);
		return NULL;
	}
	if (name)
		command_mistake(command, "there is no sagas", str_of(name), names, ACTION_COUNT);
	else
		fprintf(command->err, "sagas list, show, resume or cancel [ID]\n");
	return NULL;
}

static int check_flags(struct command *command, bool *json)
{
	static const struct str FORMATS[] = {STR("text"), STR("json")};
	struct str states[SAGA_STATE_NAMES];
	const char *state = command->sagas.state, *format = command->format;
	bool known = !state;
	for (size_t i = 0; i < SAGA_STATE_NAMES; i++) {
		states[i] = str_of(saga_state_names[i]);
		known |= state && strcmp(state, saga_state_names[i]) == 0;
	}
	if (!known)
		return command_mistake(command, "there is no state", str_of(state), states,
				       SAGA_STATE_NAMES);
	bool lists = strcmp(command->words[0], "list") == 0;
	if (command->stuck && !lists)
		return command_mistake(command, "--stuck is for list, not for",
				       str_of(command->words[0]), NULL, 0);
	if (command->after && (!lists || command->stuck))
		return command_mistake(command, "--after is for list, not for",
				       str_of(lists ? "--stuck" : command->words[0]), NULL, 0);
	*json = format && strcmp(format, "json") == 0;
	if (format && !*json && strcmp(format, "text") != 0)
		return command_mistake(command, "there is no format", str_of(format), FORMATS, 2);
	return EXIT_FINE;
}

int command_sagas(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	_cleanup_(looking_release) struct looking looking = {.command = command, .host = &host};
	struct fault fault;
	int result;
	const struct action *action = find_action(command, &result);
	if (!action)
		return result;
	result = check_flags(command, &looking.json);
	if (result == EXIT_FINE)
		result = command_read_range(command);
	if (result != EXIT_FINE)
		return result;
	command->sagas.since = command->filter.since;
	command->sagas.most = command->filter.most;
	result = command_find(command, &host);
	if (result == EXIT_FINE)
		result = command_check_sagas(command, &host);
	if (result != EXIT_FINE)
		return result;
	if (command->stuck)
		return list_stuck(&looking, &fault);
	if (!host.sagas) {
		fprintf(command->err, "%s: no module has a saga\n", command->app->name);
		return EXIT_FAILED;
	}
	return action->run(&looking, &fault);
}
