/* SPDX-License-Identifier: Apache-2.0 */
/* Open-loop load: requests are due at times of a Poisson process, whether or not those before were
 * answered, and a latency counts from when its request was due. So a server that stalls
 * does not slow the questions down that would have shown it (coordinated omission, G. Tene).
 *
 *     bench_load ADDRESS METHOD TARGET RATE SECONDS THREADS PATIENCE_MS [BODY...]
 *
 * RATE is requests a second; the bodies are sent in turn, as JSON. A request has PATIENCE_MS from
 * when it is due; what it does not get until then is counted as late, with that latency. THREADS is how
 * many requests may be under way at once: when all are, those that are due wait, and their
 * latency counts on. Prints a line of JSON, times in microseconds. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "http/client_call.h"
#include "load/latencies.h"

enum { THREADS_MOST = 1024 };

/* When requests are due; each is given to the next thread that is free. */
struct plan {
	pthread_mutex_t lock;
	uint64_t due; /* of the next */
	uint64_t end;
	double gap; /* nanoseconds between two, on average */
	unsigned long given;
};

struct load {
	struct plan plan;
	struct http_client *client;
	struct http_request request; /* all of it but the body and the deadline */
	char **bodies;
	unsigned long body_count;
	uint64_t patience;
};

struct sender {
	struct load *load;
	struct latencies latencies;
	unsigned long good, bad, late, broken;
};

static uint64_t next_gap(double mean)
{
	double chance = ((double)random_below(UINT64_C(1) << 53) + 1) / (double)(UINT64_C(1) << 53);
	return (uint64_t)(-log(chance) * mean);
}

/* When the next request is due, and which it is; false when there is none any more. */
static bool take(struct plan *plan, uint64_t *due, unsigned long *number)
{
	pthread_mutex_lock(&plan->lock);
	*due = plan->due;
	*number = plan->given;
	bool more = plan->due < plan->end;
	if (more) {
		plan->due += next_gap(plan->gap);
		plan->given++;
	}
	pthread_mutex_unlock(&plan->lock);
	return more;
}

static void wait_until(uint64_t due)
{
	struct timespec at = {.tv_sec = (time_t)(due / 1000000000),
			      .tv_nsec = (long)(due % 1000000000)};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
		;
}

static void count(struct sender *sender, ash_status status, const struct http_reply *reply)
{
	if (status == ASH_DEADLINE_EXCEEDED)
		sender->late++;
	else if (status != ASH_OK)
		sender->broken++;
	else if (reply->answer.status >= 400)
		sender->bad++;
	else
		sender->good++;
}

static void *send_all(void *context)
{
	struct sender *sender = context;
	struct load *load = sender->load;
	struct http_request request = load->request;
	struct http_reply reply = {0};
	struct fault fault;
	unsigned long number;
	uint64_t due;
	while (take(&load->plan, &due, &number)) {
		wait_until(due);
		if (load->body_count)
			request.body = str_of(load->bodies[number % load->body_count]);
		request.deadline = due + load->patience;
		count(sender, http_client_call(load->client, &request, &reply, &fault), &reply);
		latencies_add(&sender->latencies, clock_monotonic() - due);
	}
	http_reply_release(&reply);
	return NULL;
}

static void tell(const struct load *load, const struct sender *all, double seconds)
{
	static const struct {
		const char *name;
		double share;
	} POINTS[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	printf("{\"due\": %lu, \"good\": %lu, \"bad\": %lu, \"late\": %lu, \"broken\": %lu, "
	       "\"seconds\": %.3f",
	       load->plan.given, all->good, all->bad, all->late, all->broken, seconds);
	for (size_t i = 0; i < sizeof POINTS / sizeof POINTS[0]; i++)
		printf(", \"%s\": %.1f", POINTS[i].name,
		       (double)latencies_at(&all->latencies, POINTS[i].share) / 1e3);
	printf(", \"mean\": %.1f, \"most\": %.1f}\n",
	       all->latencies.count
		       ? (double)all->latencies.sum / (double)all->latencies.count / 1e3
		       : 0.0,
	       (double)all->latencies.most / 1e3);
}

static void add(struct sender *all, const struct sender *one)
{
	latencies_merge(&all->latencies, &one->latencies);
	all->good += one->good;
	all->bad += one->bad;
	all->late += one->late;
	all->broken += one->broken;
}

static void run(struct load *load, unsigned threads, double rate, double seconds)
{
	pthread_t ids[THREADS_MOST];
	struct sender *senders = calloc(threads + 1, sizeof *senders), *all = senders + threads;
	uint64_t start = clock_monotonic() + 10000000;
	load->plan.gap = 1e9 / rate;
	load->plan.due = start;
	load->plan.end = start + (uint64_t)(seconds * 1e9);
	for (unsigned i = 0; senders && i < threads; i++) {
		senders[i].load = load;
		if (pthread_create(&ids[i], NULL, send_all, &senders[i]) != 0)
			abort();
	}
	for (unsigned i = 0; senders && i < threads; i++) {
		pthread_join(ids[i], NULL);
		add(all, &senders[i]);
	}
	if (senders)
		tell(load, all, (double)(clock_monotonic() - start) / 1e9);
	free(senders);
}

int main(int argc, char **argv)
{
	if (argc < 8) {
		fprintf(stderr,
			"usage: %s ADDRESS METHOD TARGET RATE SECONDS THREADS PATIENCE_MS "
			"[BODY...]\n",
			argv[0]);
		return 2;
	}
	double rate = strtod(argv[4], NULL), seconds = strtod(argv[5], NULL);
	unsigned threads = (unsigned)strtoul(argv[6], NULL, 10);
	struct load load = {.plan.lock = PTHREAD_MUTEX_INITIALIZER,
			    .bodies = argv + 8,
			    .body_count = (unsigned long)(argc - 8),
			    .patience = strtoul(argv[7], NULL, 10) * UINT64_C(1000000),
			    .request = {.method = str_of(argv[2]),
					.target = str_of(argv[3]),
					.fields = STR("Content-Type: application/json\r\n")}};
	struct fault fault;
	if (!(rate > 0) || !(seconds > 0) || !threads || threads > THREADS_MOST) {
		fprintf(stderr, "%s: RATE, SECONDS above 0; THREADS 1 to %d\n", argv[0],
			THREADS_MOST);
		return 2;
	}
	if (http_client_new(argv[1], &(struct http_client_options){.connections = threads},
			    &load.client, &fault) != ASH_OK) {
		fprintf(stderr, "%s: %s\n", argv[0], fault.message);
		return 1;
	}
	run(&load, threads, rate, seconds);
	http_client_free(load.client);
	return 0;
}
