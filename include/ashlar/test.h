/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_TEST_H
#define ASHLAR_TEST_H

#include <ashlar/app.h>
#include <ashlar/ashlar.h>

/* A test calls from outside: what is called in its file is no module's call. */
#undef ASH_USE
#define ASH_USE(port_, method_) ((void)0)

#ifdef __cplusplus
extern "C" {
#endif

/* A test of an application: all of it in this process and its store in memory, on one thread, by a
 * clock that only the test turns. (Requests over HTTP are answered on a thread of their own, for
 * which the test's waits.) Nothing sleeps, and nothing happens unless the test says so.
 *
 *     #include <ashlar/test.h>
 *     #include "app.h"
 *
 *     ASH_TEST(a_charge_reaches_the_ledger)
 *     {
 *             BillingChargeReply reply;
 *             ash_expect_ok(test, billing_charge(ash_test_call(test),
 *                                                &(BillingChargeRequest){.cents = 5}, &reply));
 *             ash_expect_published(test, &billing_charged_event, {"cents", ash_int(5)});
 *             ash_test_settle(test);
 *             ash_expect_rows(test, "ledger", "select cents from ledger.line", "5");
 *     }
 *
 *     ASH_TEST_MAIN(APP)
 *
 * An expectation that does not hold says on the standard error where it stands, what was there
 * instead and what the log warned of, and ends the test. With cmocka include <cmocka.h> first, and
 * open an application in each test's setup: what does not hold is then cmocka's failure. */

/* An application under test. Of one thread. */
typedef struct ash_test ash_test;

/* How it is opened; zeros are the defaults. */
typedef struct ash_test_options {
	const ash_app *app;
	/* Where data is: "sqlite:PATH", "sqlite::memory:", or a URL "postgresql://...", in which a
	 * database of its own is made and dropped again (the login needs CREATEDB and CREATEROLE, and
	 * may be no superuser). NULL: $ASHLAR_TEST_STORE, or else in memory. */
	const char *store;
	/* What the clock shows first, in microseconds since 1970; 0: 2026-01-01T00:00:00Z. */
	int64_t now;
	/* What does not hold: `message` may have several lines and ends without a line feed. It does
	 * not return. NULL: prints it, and ends the process with 1. */
	void (*fail)(const char *file, int line, const char *message);
} ash_test_options;

/* Opens the application: its contracts are checked, its store is made and migrated. `app` is a
 * `const ash_app *`; more options may follow: ash_test_open(&APP, .now = 0). Never NULL: what is
 * wrong ends the test. To be closed. */
#define ash_test_open(application, ...)                                                            \
	ash_test_open_(__FILE__, __LINE__,                                                         \
		       &(const ash_test_options){                                                  \
			       .app = (application), .fail = ASH_TEST_FAIL_, ##__VA_ARGS__})
ASH_PUBLIC ash_test *ash_test_open_(const char *file, int line, const ash_test_options *options);

/* Closes it; all its calls and what they gave are gone. Takes NULL. */
ASH_PUBLIC void ash_test_close(ash_test *test);

/* ---- doing ---- */

/* A new request from outside, which may call any port. What replies point to lives until the
 * test is closed. */
ASH_PUBLIC ash_call *ash_test_call(ash_test *test);

/* The same as the module's own code would have it: it may call what the module depends on, and
 * open a transaction in the module's data. */
#define ash_test_call_as(test, module) ash_test_call_as_((test), __FILE__, __LINE__, (module))
ASH_PUBLIC ash_call *ash_test_call_as_(ash_test *test, const char *file, int line,
				       const char *module);

/* Gives a request of the above an idempotency key of at most 287 bytes. */
ASH_PUBLIC void ash_test_set_key(ash_call *call, const char *key);

/* Field lines of a request, at most; more are left out. */
#define ASH_TEST_FIELDS 16

/* A request over HTTP. */
typedef struct ash_test_request {
	const char *method; /* "POST" */
	const char *path;   /* with its query: "/orders?customer=Ada" */
	const char *body;   /* NULL: none. Of the type application/json, if no field says another */
	const char *fields[ASH_TEST_FIELDS]; /* "Idempotency-Key: once"; without a line's end */
} ash_test_request;

/* The answer to one. It lives until the test is closed. */
typedef struct ash_test_answer {
	int status;       /* 200 */
	const char *body; /* ends with a NUL; never NULL */
	size_t length;
} ash_test_answer;

/* Sends a request to the application's routes, as a client would: through the server, the router
 * and the reading of path, query and JSON. Waits for the answer, which is returned whatever its
 * status; that there is none ends the test. The first one of a test starts a server on a free port
 * of 127.0.0.1:
 *     answer = ash_test_send(test, "POST", "/orders", .body = "{\"sku\":\"tea\"}",
 *                            .fields = {"Idempotency-Key: once"}); */
#define ash_test_send(test, verb, target, ...)                                                     \
	ash_test_send_(                                                                            \
		(test), __FILE__, __LINE__,                                                        \
		&(const ash_test_request){.method = (verb), .path = (target), ##__VA_ARGS__})
ASH_PUBLIC const ash_test_answer *ash_test_send_(ash_test *test, const char *file, int line,
						 const ash_test_request *request);

/* The value of the answer's field of that name, in any case: NULL where there is none. It lives
 * until the test is closed. */
ASH_PUBLIC const char *ash_test_field_of(ash_test *test, const ash_test_answer *answer,
					 const char *name);

/* Publishes an event, as the module that its contract lets publish it:
 *     ash_test_publish(test, &billing_charged_event, &(BillingCharged){.cents = 5}); */
#define ash_test_publish(test, event, ...)                                                         \
	ash_test_publish_((test), __FILE__, __LINE__, (event), (__VA_ARGS__))
ASH_PUBLIC void ash_test_publish_(ash_test *test, const char *file, int line,
				  const ash_event *event, const void *message);

/* Has the events handled and the sagas go on that are due by now, and what they publish and start,
 * until none is. Returns how many handlers ran and how often a saga went on. What fails waits for
 * ash_test_advance(). */
#define ash_test_settle(test) ash_test_settle_((test), __FILE__, __LINE__)
ASH_PUBLIC size_t ash_test_settle_(ash_test *test, const char *file, int line);

/* Turns the clock on, through each moment at which an attempt or a schedule is due: there it is
 * made, or run. So an hour has all attempts of a handler that fails. It never turns back: the test
 * fails where `microseconds` is negative. */
#define ash_test_advance(test, microseconds)                                                       \
	ash_test_advance_((test), __FILE__, __LINE__, (microseconds))
ASH_PUBLIC void ash_test_advance_(ash_test *test, const char *file, int line, int64_t microseconds);

#define ASH_SECOND ((int64_t)1000000)
#define ASH_MINUTE (60 * ASH_SECOND)
#define ASH_HOUR   (60 * ASH_MINUTE)
#define ASH_DAY    (24 * ASH_HOUR)

/* What the clock shows, in microseconds since 1970. */
ASH_PUBLIC int64_t ash_test_now(const ash_test *test);

/* ---- expecting ---- */

/* That the condition holds. */
#define ash_expect(test, condition) ash_expect_((test), __FILE__, __LINE__, #condition, (condition))
ASH_PUBLIC void ash_expect_(ash_test *test, const char *file, int line, const char *expression,
			    bool holds);

/* That two numbers, or two texts (NULL is the empty one), are equal. */
#define ash_expect_int(test, actual, expected)                                                     \
	ash_expect_int_((test), __FILE__, __LINE__, #actual, (actual), (expected))
#define ash_expect_text(test, actual, expected)                                                    \
	ash_expect_text_((test), __FILE__, __LINE__, #actual, (actual), (expected))
ASH_PUBLIC void ash_expect_int_(ash_test *test, const char *file, int line, const char *expression,
				int64_t actual, int64_t expected);
ASH_PUBLIC void ash_expect_text_(ash_test *test, const char *file, int line, const char *expression,
				 const char *actual, const char *expected);

/* That a call of a port ends so: `expression` is an ash_status. */
#define ash_expect_ok(test, expression)                                                            \
	ash_expect_status_((test), __FILE__, __LINE__, #expression, ASH_OK, (expression))
#define ash_expect_status(test, expected, expression)                                              \
	ash_expect_status_((test), __FILE__, __LINE__, #expression, (expected), (expression))
ASH_PUBLIC void ash_expect_status_(ash_test *test, const char *file, int line,
				   const char *expression, ash_status expected, ash_status actual);

/* That what the failure said, which was told last, holds the text. */
#define ash_expect_message(test, part) ash_expect_message_((test), __FILE__, __LINE__, (part))
ASH_PUBLIC void ash_expect_message_(ash_test *test, const char *file, int line, const char *part);

/* That the answer has this status, and a body that holds the text. */
#define ash_expect_answer(test, answer, status, part)                                              \
	ash_expect_answer_((test), __FILE__, __LINE__, (answer), (status), (part))
ASH_PUBLIC void ash_expect_answer_(ash_test *test, const char *file, int line,
				   const ash_test_answer *answer, int status, const char *part);

/* A field of an event by its name in the .proto, and what it holds. */
typedef struct ash_test_field {
	const char *name;
	ash_value value; /* ash_int(), ash_text() or ash_bool() */
} ash_test_field;

/* That the event was published with these fields (and others as they may be). Each event is
 * found once:
 *     ash_expect_published(test, &orders_placed_event, {"id", ash_int(1)}, {"sku", ash_text("x")});
 */
#define ash_expect_published(test, event, ...)                                                     \
	ash_expect_published_(                                                                     \
		(test), __FILE__, __LINE__, (event), (const ash_test_field[]){{0}, ##__VA_ARGS__}, \
		sizeof((const ash_test_field[]){{0}, ##__VA_ARGS__}) / sizeof(ash_test_field))
ASH_PUBLIC void ash_expect_published_(ash_test *test, const char *file, int line,
				      const ash_event *event, const ash_test_field *fields,
				      size_t count);

/* That no event was published but those that were found. */
#define ash_expect_nothing_else_published(test)                                                    \
	ash_expect_nothing_else_published_((test), __FILE__, __LINE__)
ASH_PUBLIC void ash_expect_nothing_else_published_(ash_test *test, const char *file, int line);

/* That the query, of the module, has these rows in this order, each as one text with '|' between
 * its columns, a NULL as nothing: ash_expect_rows(test, "billing", "select ...", "1|paid"). Without
 * a text: none. */
#define ash_expect_rows(test, module, sql, ...)                                                    \
	ash_expect_rows_((test), __FILE__, __LINE__, (module), (sql),                              \
			 (const char *const[]){NULL, ##__VA_ARGS__, NULL})
ASH_PUBLIC void ash_expect_rows_(ash_test *test, const char *file, int line, const char *module,
				 const char *sql, const char *const *rows);

/* What a span is to be like; what is left out may be anything, but for the status. */
typedef struct ash_test_span {
	const char *name;   /* "billing.v1.Billing/Charge", "orders.v1.OrderPlaced" */
	const char *module; /* that did the work */
	const char *parent; /* name of the span that it is in */
	ash_status status;
} ash_test_span;

/* That there was such a span: ash_expect_span(test, .name = "orders.v1.OrderPlaced",
 * .module = "billing", .parent = "orders.v1.Orders/Place"). */
#define ash_expect_span(test, ...)                                                                 \
	ash_expect_span_((test), __FILE__, __LINE__, &(const ash_test_span){__VA_ARGS__})
ASH_PUBLIC void ash_expect_span_(ash_test *test, const char *file, int line,
				 const ash_test_span *like);

/* That the module has a dead letter of this event, which failed so at last. */
#define ash_expect_dead_letter(test, module, event, status)                                        \
	ash_expect_dead_letter_((test), __FILE__, __LINE__, (module), (event), (status))
ASH_PUBLIC void ash_expect_dead_letter_(ash_test *test, const char *file, int line,
					const char *module, const ash_event *event,
					ash_status status);

/* That nobody has one. */
#define ash_expect_no_dead_letters(test) ash_expect_no_dead_letters_((test), __FILE__, __LINE__)
ASH_PUBLIC void ash_expect_no_dead_letters_(ash_test *test, const char *file, int line);

/* ---- a program of tests ---- */

/* One test; ASH_TEST() makes it. */
typedef struct ash_test_case {
	const char *name;
	void (*run)(ash_test *test);
	struct ash_test_case *next;
} ash_test_case;

/* Defines a test: a function of `ash_test *test`, which is given an application of its own. */
#define ASH_TEST(name)                                                                             \
	static void name(ash_test *test);                                                          \
	static ash_test_case name##_case_ = {#name, name, NULL};                                   \
	__attribute__((constructor)) static void name##_add_(void)                                 \
	{                                                                                          \
		ash_test_add_(&name##_case_);                                                      \
	}                                                                                          \
	static void name(__attribute__((unused)) ash_test *test)
ASH_PUBLIC void ash_test_add_(ash_test_case *one);

/* Defines main(): runs all tests of the program, or those that are named on its command line, each
 * in a process of its own, so that one that crashes fails alone. One that is named alone runs in
 * this process, for a debugger. Prints TAP (testanything.org). Returns 0 when all held. */
#define ASH_TEST_MAIN(app)                                                                         \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return ash_test_main_(argc, argv, &(app));                                         \
	}
ASH_PUBLIC int ash_test_main_(int argc, char **argv, const ash_app *app);

/* ---- with cmocka ---- */

#ifdef CMOCKA_H_
static inline void ash_test_fail_(const char *file, int line, const char *message)
{
	print_error("%s:%d: %s\n", file, line, message);
	_fail(file, line);
}
#define ASH_TEST_FAIL_ ash_test_fail_
#else
#define ASH_TEST_FAIL_ NULL
#endif

#ifdef __cplusplus
}
#endif

#endif
