/* SPDX-License-Identifier: Apache-2.0 */
/* The report on two implementations' answers. Knows no call, thread or store.
 *
 * Invariant: a field is counted once a call in `differed` and once in `noise`, however many items
 * of a list differ; equal, noisy and different add up to calls. */
#include "resilience/compare.h"

#include "base/mem.h"
#include "base/utf8.h"

enum { BOTH, TWICE };

/* One walk over two replies. */
struct walk {
	struct compare *compare;
	int what; /* BOTH or TWICE */
	bool differs;
	bool loud; /* in a field that is not noise */
};

static struct compare_field *field_of(struct compare *compare, struct str path)
{
	uint32_t found = map_get(&compare->by_path, path);
	if (found != MAP_NONE)
		return &compare->fields[found];
	if (compare->field_count == COMPARE_FIELD_LIMIT)
		return NULL;
	struct str copy = arena_str(&compare->arena, path);
	if (!copy.at || !map_put(&compare->by_path, copy, (uint32_t)compare->field_count))
		return NULL;
	struct compare_field *field = &compare->fields[compare->field_count++];
	*field = (struct compare_field){.path = copy.at};
	return field;
}

bool compare_is_noise(const struct compare_field *field, const struct compare_counts *counts)
{
	/* differed / calls <= 2 * noise / repeated, without a division by none. */
	return field->noise > 0 && (double)field->differed * (double)counts->repeated <=
					   2.0 * (double)field->noise * (double)counts->calls;
}

/* Cut at a whole character. */
static void keep(char out[COMPARE_VALUE_SIZE], struct str value)
{
	size_t length = value.length < COMPARE_VALUE_SIZE ? value.length : COMPARE_VALUE_SIZE - 1;
	memcpy(out, value.at, length);
	out[length < value.length ? utf8_cut(out, length) : length] = '\0';
}

static void note(void *context, struct str path, struct str from, struct str to)
{
	struct walk *walk = context;
	struct compare *compare = walk->compare;
	struct compare_field *field = field_of(compare, path);
	bool both = walk->what == BOTH;
	walk->differs = true;
	if (!field) {
		compare->counts.others += both;
		walk->loud = true;
		return;
	}
	if (field->seen[walk->what] != compare->counts.calls) {
		field->seen[walk->what] = compare->counts.calls;
		*(both ? &field->differed : &field->noise) += 1;
		if (both && field->differed == 1) {
			keep(field->example[DIAL_FROM], from);
			keep(field->example[DIAL_TO], to);
		}
	}
	if (both && field->seen[TWICE] != compare->counts.calls &&
	    !compare_is_noise(field, &compare->counts))
		walk->loud = true;
}

static void walk_over(struct walk *walk, const struct compare_answer *a,
		      const struct compare_answer *b)
{
	if (a->status != b->status)
		note(walk, STR(COMPARE_STATUS), str_of(ash_status_name(a->status)),
		     str_of(ash_status_name(b->status)));
	else if (a->status == ASH_OK && !message_compare(walk->compare->type, a->reply, b->reply,
							 walk->compare->ignored, note, walk))
		walk->differs = walk->loud = true;
}

static void count_side(struct compare_counts *counts, enum dial_side side,
		       const struct compare_answer *answer)
{
	counts->failures[side] += answer->status != ASH_OK;
	counts->took[side] += answer->took;
	if (answer->took > counts->worst[side])
		counts->worst[side] = answer->took;
}

static enum compare_verdict judge(struct compare *compare, const struct compare_call *call)
{
	struct walk twice = {.compare = compare, .what = TWICE};
	struct walk both = {.compare = compare, .what = BOTH};
	const struct compare_answer *answers = call->answers;
	compare->counts.repeated += call->again != NULL;
	if (call->again)
		walk_over(&twice, &answers[DIAL_FROM], call->again);
	walk_over(&both, &answers[DIAL_FROM], &answers[DIAL_TO]);
	if (!both.differs)
		return COMPARE_EQUAL;
	return both.loud ? COMPARE_DIFFERENT : COMPARE_NOISY;
}

enum compare_verdict compare_count(struct compare *compare, const struct compare_call *call)
{
	struct compare_counts *counts = &compare->counts;
	pthread_mutex_lock(&compare->lock);
	counts->calls++;
	count_side(counts, DIAL_FROM, &call->answers[DIAL_FROM]);
	count_side(counts, DIAL_TO, &call->answers[DIAL_TO]);
	enum compare_verdict verdict = judge(compare, call);
	uint64_t *const numbers[] = {[COMPARE_EQUAL] = &counts->equal,
				     [COMPARE_NOISY] = &counts->noisy,
				     [COMPARE_DIFFERENT] = &counts->different};
	*numbers[verdict] += 1;
	pthread_mutex_unlock(&compare->lock);
	return verdict;
}

size_t compare_look(struct compare *compare, struct compare_counts *counts,
		    struct compare_field *fields, size_t most)
{
	pthread_mutex_lock(&compare->lock);
	size_t count = compare->field_count < most ? compare->field_count : most;
	*counts = compare->counts;
	if (count)
		memcpy(fields, compare->fields, count * sizeof *fields);
	pthread_mutex_unlock(&compare->lock);
	return count;
}

bool compare_init(struct compare *compare, const ProtobufCMessageDescriptor *type,
		  const struct map *ignored)
{
	*compare = (struct compare){.type = type, .ignored = ignored};
	pthread_mutex_init(&compare->lock, NULL);
	compare->fields =
		arena_array(&compare->arena, COMPARE_FIELD_LIMIT, sizeof *compare->fields);
	if (compare->fields)
		return true;
	compare_release(compare);
	return false;
}

void compare_release(struct compare *compare)
{
	if (!compare->type)
		return;
	map_release(&compare->by_path);
	arena_release(&compare->arena);
	pthread_mutex_destroy(&compare->lock);
	*compare = (struct compare){0};
}
