/* SPDX-License-Identifier: Apache-2.0 */
/* Echo (peer.proto) with this project's server and client: connect_peer serve, which prints its
 * port and ends with its stdin, or connect_peer call PORT, which makes each call and prints
 * "ok CODEC CASE" for each. peer.mjs is the same with connect-node. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/server.h"
#include "message/message.h"
#include "peer.pb-c.h"
#include "rpc/client.h"
#include "rpc/server.h"

/* What is sent compressed is larger than these, and smaller once it is. */
enum { BODY_LIMIT = 128 * 1024, TEXT = 300000, MESSAGE_LIMIT = 1 << 20 };
/* Longer than a slow client may take to see that its time is up; the end of the server ends it. */
enum { SLOW_MS = 30000 };
#define SECOND   UINT64_C(1000000000)
#define PATIENCE (600 * SECOND)

static const struct str BYTES = {"\0\1\376\377", 4};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "connect_peer: %s\n", what);
	exit(1);
}

/* ---- server ---- */

static atomic_bool ending;

static void be_slow(void)
{
	http_blocking_begin();
	for (int i = 0; i < SLOW_MS / 10 && !atomic_load(&ending); i++)
		usleep(10000);
	http_blocking_end();
}

static ash_status fail(ash_call *call)
{
	Peer__V1__Missing missing = PEER__V1__MISSING__INIT;
	char id[] = "7";
	missing.id = id;
	ASH_TRY(ash_metadata_add(call, ASH_METADATA_ANSWER, "x-why", "gone", 4));
	(void)ash_fail(call, ASH_NOT_FOUND, "there is no order 7");
	return ash_fail_detail(call, &peer__v1__missing__descriptor, &missing);
}

static void tell_pairs(ash_call *call, Peer__V1__Answer *out)
{
	const char *key;
	const void *value;
	size_t length;
	out->pairs = ash_alloc(call, METADATA_LIMIT * sizeof *out->pairs);
	must(out->pairs, "no memory");
	for (size_t i = 0; ash_metadata_at(call, ASH_METADATA_CAME, i, &key, &value, &length);
	     i++) {
		Peer__V1__Pair *pair = ash_alloc(call, sizeof *pair);
		must(pair, "no memory");
		peer__v1__pair__init(pair);
		pair->key = ash_format(call, "%s", key);
		pair->value = (ProtobufCBinaryData){length, (uint8_t *)(uintptr_t)value};
		out->pairs[out->n_pairs++] = pair;
	}
}

static ash_status echo(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const Peer__V1__Ask *in = request;
	Peer__V1__Answer *out = reply;
	int64_t left = ash_time_left(call);
	(void)handlers;
	if (strcmp(in->text, "fail") == 0)
		return fail(call);
	if (strcmp(in->text, "slow") == 0)
		be_slow();
	out->text = in->text;
	/* The server's own time is longer than any that is asked for. */
	out->left_ms = left > (int64_t)(PATIENCE / 2) ? 0 : (left + 999999) / 1000000;
	tell_pairs(call, out);
	ASH_TRY(ash_metadata_add(call, ASH_METADATA_ANSWER, "x-answer", "head", 4));
	return ash_metadata_add(call, ASH_METADATA_TRAILER, "x-answer-bin", BYTES.at, BYTES.length);
}

static const ash_method METHODS[] = {
	{.name = "Say",
	 .request = &peer__v1__ask__descriptor,
	 .reply = &peer__v1__answer__descriptor},
	{.name = "Look",
	 .request = &peer__v1__ask__descriptor,
	 .reply = &peer__v1__answer__descriptor,
	 .idempotency = ASH_NO_SIDE_EFFECTS},
};
static uint32_t port_id;
static const ash_port PORT = {"peer.v1.Echo", "peer", METHODS, sizeof METHODS / sizeof *METHODS,
			      &port_id};
static const ash_invoke INVOKES[] = {echo, echo};

static bool has(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method < sizeof METHODS / sizeof *METHODS;
}

static const ash_provides PROVIDES = {&PORT, INVOKES, has, 0, {"peer.c", 1, 1}};
static const int CODE;
static const ash_module MODULE = {.name = "peer",
				  .owner = "tests",
				  .place = {"peer.c", 1, 1},
				  .contract = "",
				  .provides = &PROVIDES,
				  .provides_count = 1,
				  .code = &CODE};

static void serve(void)
{
	static const ash_module *const MODULES[] = {&MODULE};
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(error_list_clear) struct error_list errors = {0};
	struct metrics *metrics = metrics_new();
	struct http_router *router = http_router_new();
	struct registry registry;
	struct error error;
	struct http_server *http;
	must(metrics && router &&
		     registry_build(MODULES, 1, metrics, &registry, &errors, &error) == 0 &&
		     errors.count == 0,
	     "the port does not fit");
	const struct environment environment = {.registry = &registry, .clock = &clock_system};
	const struct rpc_server server = {.environment = &environment,
					  .patience = PATIENCE,
					  .limit = MESSAGE_LIMIT,
					  .gzip_least = 1024};
	must(rpc_server_add(&server, registry_binding(&registry, &PORT), &arena, router, &error) ==
			     0 &&
		     http_router_build(router, &error) == 0,
	     "no routes");
	const struct http_server_options options = {
		.body_limit = BODY_LIMIT, .handle = http_router_handle, .context = router};
	must(http_server_start(&options, &http, &error) == 0, "no server");
	printf("%u\n", http_server_port(http));
	(void)fflush(stdout);
	while (getchar() != EOF)
		;
	atomic_store(&ending, true);
	http_server_free(http);
	http_router_free(router);
	registry_release(&registry);
	metrics_free(metrics);
}

/* ---- client ---- */

/* One call and what came of it. */
struct asked {
	struct rpc_remote remote;
	struct rpc_question question;
	struct arena arena;
	struct metadata metadata;
	struct rpc_beside beside;
	struct fault fault;
	Peer__V1__Answer answer;
	ash_status status;
};

static void ask(struct asked *asked, unsigned method, const char *text)
{
	Peer__V1__Ask in = PEER__V1__ASK__INIT;
	in.text = (char *)(uintptr_t)text;
	asked->question.name = method ? "peer.v1.Echo/Look" : "peer.v1.Echo/Say";
	asked->question.method = &METHODS[method];
	asked->question.message = &in;
	asked->question.metadata = &asked->metadata;
	asked->status = rpc_ask(&asked->remote, &asked->question, &asked->arena, &asked->answer,
				&asked->beside, &asked->fault);
	asked->question.message = NULL;
}

static void must_echo(const struct asked *asked, const char *text)
{
	must(asked->status == ASH_OK, asked->fault.message);
	must(strcmp(asked->answer.text, text) == 0, "another text came back");
}

static bool has_pair(const struct metadata *list, const char *key, struct str value)
{
	for (const struct metadata_item *item = list->first; item; item = item->next)
		if (strcmp(item->key, key) == 0)
			return str_equal(item->value, value);
	return false;
}

static bool has_seen(const Peer__V1__Answer *answer, const char *key, struct str value)
{
	for (size_t i = 0; i < answer->n_pairs; i++)
		if (strcmp(answer->pairs[i]->key, key) == 0)
			return str_equal(value,
					 (struct str){(const char *)answer->pairs[i]->value.data,
						      answer->pairs[i]->value.len});
	return false;
}

static void plain(struct asked *asked)
{
	ask(asked, 0, "grüß Gott");
	must_echo(asked, "grüß Gott");
	must(asked->answer.left_ms == 0, "a deadline came from nowhere");
	must(strcmp(asked->answer.method, "POST") == 0, "Say went by GET");
}

static void get(struct asked *asked)
{
	asked->remote.get = true;
	ask(asked, 1, "a?b&c=ü");
	must_echo(asked, "a?b&c=ü");
	must(strcmp(asked->answer.method, "GET") == 0, "Look did not go by GET");
	ask(asked, 0, "x");
	must_echo(asked, "x");
	must(strcmp(asked->answer.method, "POST") == 0, "Say went by GET");
}

/* The answer is larger than the client takes of a body. */
static void gzip(struct asked *asked)
{
	char *text = mem_alloc(TEXT + 1);
	must(text, "no memory");
	memset(text, 'a', TEXT);
	asked->remote.gzip = true;
	ask(asked, 0, text);
	must_echo(asked, text);
	must(strcmp(asked->answer.coding, "gzip") == 0, "the message went uncompressed");
	mem_free(text);
}

static void error_with_details(struct asked *asked)
{
	Peer__V1__Missing missing;
	ask(asked, 0, "fail");
	must(asked->status == ASH_NOT_FOUND, "another status came");
	must(strcmp(asked->fault.message, "there is no order 7") == 0, "another message came");
	must(has_pair(&asked->beside.headers, "x-why", STR("gone")), "its metadata is missing");
	const struct fault_detail *detail = asked->fault.details;
	must(detail && !detail->next && strcmp(detail->type, "peer.v1.Missing") == 0,
	     "its detail is missing");
	must(message_decode(&peer__v1__missing__descriptor, detail->value, &asked->arena, &missing,
			    NULL) == ASH_OK &&
		     strcmp(missing.id, "7") == 0,
	     "its detail is another");
}

static void deadline(struct asked *asked)
{
	asked->question.time_left = 60 * SECOND;
	ask(asked, 0, "x");
	must_echo(asked, "x");
	must(asked->answer.left_ms > 0 && asked->answer.left_ms <= 60000,
	     "the deadline did not travel");
	asked->question.time_left = SECOND / 10;
	ask(asked, 0, "slow");
	must(asked->status == ASH_DEADLINE_EXCEEDED, "the deadline did not end the call");
}

static void metadata(struct asked *asked)
{
	must(metadata_add(&asked->metadata, &asked->arena, STR("x-ask"), STR("one")) &&
		     metadata_add(&asked->metadata, &asked->arena, STR("x-ask-bin"), BYTES),
	     "no memory");
	ask(asked, 0, "x");
	must_echo(asked, "x");
	must(has_seen(&asked->answer, "x-ask", STR("one")) &&
		     has_seen(&asked->answer, "x-ask-bin", BYTES),
	     "the server did not see the metadata");
	must(has_pair(&asked->beside.headers, "x-answer", STR("head")) &&
		     has_pair(&asked->beside.trailers, "x-answer-bin", BYTES),
	     "the metadata of the answer is missing");
}

static const struct {
	const char *name;
	void (*run)(struct asked *asked);
} CASES[] = {
	{"plain", plain},       {"get", get},
	{"gzip", gzip},         {"error", error_with_details},
	{"deadline", deadline}, {"metadata", metadata},
};

static void call(const char *port)
{
	static const char *const CODECS[] = {"proto", "json"};
	const struct http_client_options options = {.body_limit = BODY_LIMIT};
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	struct fault fault;
	char address[64];
	(void)snprintf(address, sizeof address, "http://127.0.0.1:%s", port);
	must(http_client_new(address, &options, &client, &fault) == ASH_OK, "no client");
	for (size_t codec = 0; codec < 2; codec++)
		for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
			struct asked asked = {.remote = {.client = client, .json = codec == 1},
					      .question = {.time_left = UINT64_MAX}};
			CASES[i].run(&asked);
			printf("ok %s %s\n", CODECS[codec], CASES[i].name);
			(void)fflush(stdout);
			arena_release(&asked.arena);
		}
}

int main(int count, char **arguments)
{
	if (count == 2 && strcmp(arguments[1], "serve") == 0)
		serve();
	else if (count == 3 && strcmp(arguments[1], "call") == 0)
		call(arguments[2]);
	else
		must(false, "usage: connect_peer serve | call PORT");
	return 0;
}
