/* SPDX-License-Identifier: Apache-2.0 */
/* Runs each language's resolver over the files of that language, several at a time. Knows
 * no language. */
#include "resolve/resolve.h"

#include <stdatomic.h>

#include "base/crew.h"
#include "resolve/resolver.h"

static const struct resolver *const RESOLVERS[LANGUAGE_COUNT] = {
	[LANGUAGE_C] = &resolver_c,
	[LANGUAGE_PYTHON] = &resolver_python,
	[LANGUAGE_JAVASCRIPT] = &resolver_javascript,
	[LANGUAGE_GO] = &resolver_go,
	[LANGUAGE_JAVA] = &resolver_java,
};

/* Files are taken from the queue in pieces of so many entries. */
enum { PIECE = 64 };

struct job {
	struct tree *tree;
	void *states[LANGUAGE_COUNT];
	bool used[LANGUAGE_COUNT];
	atomic_uint_fast32_t next;
	atomic_bool failed;
};

static void resolve_piece(struct job *job, uint32_t first)
{
	struct error error;
	uint32_t end = first + PIECE < job->tree->count ? first + PIECE : job->tree->count;
	for (uint32_t i = first; i < end; i++) {
		const struct entry *entry = &job->tree->entries[i];
		if (!entry->facts)
			continue;
		const struct resolver *resolver = RESOLVERS[entry->language];
		if (resolver->resolve(job->states[entry->language], job->tree, i, &error) < 0)
			atomic_store(&job->failed, true);
	}
}

static void work(void *context, unsigned worker)
{
	struct job *job = context;
	(void)worker;
	for (;;) {
		uint32_t first = (uint32_t)atomic_fetch_add(&job->next, PIECE);
		if (first >= job->tree->count || atomic_load(&job->failed))
			return;
		resolve_piece(job, first);
	}
}

static void find_languages(struct job *job)
{
	for (uint32_t i = 0; i < job->tree->count; i++)
		if (job->tree->entries[i].facts)
			job->used[job->tree->entries[i].language] = true;
}

int resolve_tree(struct tree *tree, const struct resolve_settings *settings, unsigned workers,
		 struct error *error)
{
	static const struct resolve_settings NO_SETTINGS;
	struct job job = {.tree = tree};
	int result = 0;
	find_languages(&job);
	for (int i = LANGUAGE_NONE + 1; i < LANGUAGE_COUNT && result == 0; i++)
		if (job.used[i])
			result = RESOLVERS[i]->prepare(tree, settings ? settings : &NO_SETTINGS,
						       &job.states[i], error);
	if (result == 0)
		crew_run(workers, work, &job);
	for (int i = LANGUAGE_NONE + 1; i < LANGUAGE_COUNT; i++)
		if (job.used[i])
			RESOLVERS[i]->release(job.states[i]);
	if (result == 0 && job.failed)
		result = error_memory(error);
	return result;
}
