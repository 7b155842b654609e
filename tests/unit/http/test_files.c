/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/files.h"
#include "http/query.h"
#include "http/server.h"

static char root[] = "/tmp/ashlar-files-XXXXXX";
static struct http_folder folder = {.fd = -1};
static struct http_server *server;

static const struct http_asset ASSETS[] = {
	{"index.html", NULL, {"<p>", 3}, "1"},
	{"a/b.js", "text/plain", {"1;", 2}, "2"},
};

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path;
	(void)context;
	if (!http_unescape(http_arena(exchange), http_path(exchange), false, &path))
		http_set_status(exchange, 400);
	else if (str_starts(path, STR("/assets/")))
		http_asset_answer(ASSETS, 2, exchange, str_from(path, 8));
	else
		http_folder_answer(&folder, exchange, str_from(path, 1));
}

static void write_file(const char *name, const char *content)
{
	char path[200];
	struct error error;
	snprintf(path, sizeof path, "%s/%s", root, name);
	assert_int_equal(file_write(path, str_of(content), &error), 0);
}

static void make_folder(const char *name)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void make_link(const char *to, const char *name)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", root, name);
	assert_int_equal(symlink(to, path), 0);
}

static int start(void **state)
{
	struct http_server_options options = {.handle = handle};
	struct error error;
	char path[200];
	(void)state;
	assert_non_null(mkdtemp(root));
	make_folder("site");
	make_folder("site/sub");
	make_folder("site/.well-known");
	make_folder("site/empty");
	write_file("secret.txt", "secret");
	write_file("site/index.html", "<p>index");
	write_file("site/digits.txt", "0123456789");
	write_file("site/sub/index.html", "<p>sub");
	write_file("site/.hidden", "secret");
	write_file("site/.well-known/a.txt", "known");
	make_link("digits.txt", "site/inside");
	make_link("../secret.txt", "site/outside");
	make_link("/etc/passwd", "site/absolute");
	make_link("..", "site/up");
	snprintf(path, sizeof path, "%s/site/fifo", root);
	assert_int_equal(mkfifo(path, 0644), 0);
	snprintf(path, sizeof path, "%s/site", root);
	assert_int_equal(http_folder_open(&folder, path, &error), 0);
	return http_server_start(&options, &server, &error);
}

static int stop(void **state)
{
	char command[100];
	(void)state;
	http_server_free(server);
	http_folder_close(&folder);
	http_folder_close(&folder);
	snprintf(command, sizeof command, "rm -rf %s", root);
	return system(command); /* NOLINT(cert-env33-c): a path that mkdtemp() made */
}

static void ask(const char *line, const char *fields, struct text *answer)
{
	_cleanup_(text_release) struct text request = {0};
	text_addf(&request, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", line, fields);
	client_exchange(http_server_port(server), text_str(&request), answer);
}

static void check(const char *line, const char *fields, const char *begin, const char *end)
{
	_cleanup_(text_release) struct text answer = {0};
	ask(line, fields, &answer);
	if (!str_starts(text_str(&answer), str_of(begin)) ||
	    !str_ends(text_str(&answer), str_of(end)))
		fail_msg("%s gives %s", line, answer.at);
}

static void files_are_served(void **state)
{
	(void)state;
	check("GET /", "", "HTTP/1.1 200 ", "\r\n\r\n<p>index");
	check("GET /digits.txt", "", "HTTP/1.1 200 ", "\r\n\r\n0123456789");
	check("GET /d%69gits.txt?x", "", "HTTP/1.1 200 ", "\r\n\r\n0123456789");
	check("HEAD /digits.txt", "", "HTTP/1.1 200 ", "\r\n\r\n");
	check("GET /sub/", "", "HTTP/1.1 200 ", "\r\n\r\n<p>sub");
	check("GET /sub/index.html", "", "HTTP/1.1 200 ", "\r\n\r\n<p>sub");
	check("GET /.well-known/a.txt", "", "HTTP/1.1 200 ", "\r\n\r\nknown");
	check("POST /digits.txt", "", "HTTP/1.1 405 ", "}\n");
	check("GET /sub", "", "HTTP/1.1 301 ", "Location: /sub/\r\n\r\n");
	check("GET //sub", "", "HTTP/1.1 404 ", "}\n");
}

static void links_below_the_folder_are_followed(void **state)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};
	(void)state;
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
	if (fd < 0) { /* as under valgrind: then they are not */
		check("GET /inside", "", "HTTP/1.1 404 ", "}\n");
		return;
	}
	close(fd);
	check("GET /inside", "", "HTTP/1.1 200 ", "\r\n\r\n0123456789");
}

static void nothing_else_is_served(void **state)
{
	static const char *const PATHS[] = {
		"/none",
		"/../secret.txt",
		"/sub/../../secret.txt",
		"/%2e%2e/secret.txt",
		"/..%2fsecret.txt",
		"/outside",
		"/absolute",
		"/up/secret.txt",
		"/.hidden",
		"/sub/.x",
		"//etc/passwd",
		"/%2Fetc/passwd",
		"/fifo",
		"/empty/",
		"/digits.txt/",
		"/digits.txt%00.html",
		"/sub/index.html/x",
		"/%00",
	};
	(void)state;
	for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
		char line[100];
		snprintf(line, sizeof line, "GET %s", PATHS[i]);
		check(line, "", "HTTP/1.1 404 ", "\"detail\":\"there is no such file\"}\n");
	}
}

/* The value of a field of an answer. */
static void value_of(const struct text *answer, const char *name, char *out, size_t size)
{
	const char *at = strstr(answer->at, name);
	assert_non_null(at);
	at += strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static void what_the_client_has_is_not_sent(void **state)
{
	_cleanup_(text_release) struct text answer = {0};
	char tag[80], date[80], field[200];
	(void)state;
	ask("GET /digits.txt", "", &answer);
	value_of(&answer, "ETag: ", tag, sizeof tag);
	value_of(&answer, "Last-Modified: ", date, sizeof date);
	snprintf(field, sizeof field, "If-None-Match: \"x\", W/%s\r\n", tag);
	check("GET /digits.txt", field, "HTTP/1.1 304 ", "GMT\r\n\r\n");
	check("GET /digits.txt", "If-None-Match: *\r\n", "HTTP/1.1 304 ", "GMT\r\n\r\n");
	check("GET /digits.txt", "If-None-Match: \"x\"\r\n", "HTTP/1.1 200 ", "0123456789");
	snprintf(field, sizeof field, "If-Modified-Since: %s\r\n", date);
	check("GET /digits.txt", field, "HTTP/1.1 304 ", "GMT\r\n\r\n");
	snprintf(field, sizeof field, "If-Modified-Since: %s\r\nIf-None-Match: \"x\"\r\n", date);
	check("GET /digits.txt", field, "HTTP/1.1 200 ", "0123456789");
	check("GET /digits.txt", "If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT\r\n",
	      "HTTP/1.1 200 ", "0123456789");
	check("GET /digits.txt", "If-Modified-Since: tomorrow\r\n", "HTTP/1.1 200 ", "0123456789");
}

static void ranges_are_served(void **state)
{
	static const char *const CASES[][3] = {
		{"bytes=2-4", "HTTP/1.1 206 ", "\r\n\r\n234"},
		{"bytes=7-", "HTTP/1.1 206 ", "\r\n\r\n789"},
		{"bytes=-3", "HTTP/1.1 206 ", "\r\n\r\n789"},
		{"bytes=-30", "HTTP/1.1 206 ", "\r\n\r\n0123456789"},
		{"bytes=9-100", "HTTP/1.1 206 ", "\r\n\r\n9"},
		{"bytes=10-", "HTTP/1.1 416 ", "Content-Range: bytes */10\r\n\r\n"},
		{"bytes=-0", "HTTP/1.1 416 ", ""},
		{"bytes=4-2", "HTTP/1.1 200 ", "\r\n\r\n0123456789"},
		{"bytes=1-2,4-5", "HTTP/1.1 200 ", "\r\n\r\n0123456789"},
		{"bytes=99999999999999999999-", "HTTP/1.1 200 ", "\r\n\r\n0123456789"},
		{"lines=1-2", "HTTP/1.1 200 ", "\r\n\r\n0123456789"},
		{"bytes=-", "HTTP/1.1 200 ", "\r\n\r\n0123456789"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(text_release) struct text answer = {0};
		char field[100];
		snprintf(field, sizeof field, "Range: %s\r\n", CASES[i][0]);
		ask("GET /digits.txt", field, &answer);
		if (!str_starts(text_str(&answer), str_of(CASES[i][1])) ||
		    !strstr(answer.at, CASES[i][2]))
			fail_msg("%s gives %s", CASES[i][0], answer.at);
	}
	check("GET /digits.txt", "Range: bytes=1-2\r\nIf-Range: \"old\"\r\n", "HTTP/1.1 200 ",
	      "0123456789");
}

static void assets_are_served(void **state)
{
	(void)state;
	check("GET /assets/", "", "HTTP/1.1 200 ", "\r\n\r\n<p>");
	check("GET /assets/a/b.js", "", "HTTP/1.1 200 ", "\r\n\r\n1;");
	check("GET /assets/a/b.js", "Range: bytes=1-\r\n", "HTTP/1.1 206 ", "\r\n\r\n;");
	check("GET /assets/a/b.js", "If-None-Match: \"2\"\r\n", "HTTP/1.1 304 ",
	      "ETag: \"2\"\r\n\r\n");
	check("GET /assets/none", "", "HTTP/1.1 404 ", "}\n");
	check("PUT /assets/none", "", "HTTP/1.1 405 ",
	      "Allow: GET, HEAD\r\n\r\n"
	      "{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\",\"status\":405,"
	      "\"detail\":\"files can only be read\"}\n");
}

static void types_follow_the_extension(void **state)
{
	(void)state;
	assert_string_equal(http_media_type(STR("a/b.HTML")).at, "text/html; charset=utf-8");
	assert_string_equal(http_media_type(STR("b.tar.gz")).at, "application/gzip");
	assert_string_equal(http_media_type(STR("html")).at, "application/octet-stream");
	assert_string_equal(http_media_type(STR(".html")).at, "application/octet-stream");
}

static void folder_that_is_not_there_is_an_error(void **state)
{
	struct http_folder none;
	struct error error;
	(void)state;
	assert_int_equal(http_folder_open(&none, "/none/such", &error), -1);
	assert_int_equal(error.code, ERROR_NOT_FOUND);
	assert_int_equal(http_folder_open(&none, "/dev/null", &error), -1);
	assert_int_equal(error.code, ERROR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_served),
		cmocka_unit_test(links_below_the_folder_are_followed),
		cmocka_unit_test(nothing_else_is_served),
		cmocka_unit_test(what_the_client_has_is_not_sent),
		cmocka_unit_test(ranges_are_served),
		cmocka_unit_test(assets_are_served),
		cmocka_unit_test(types_follow_the_extension),
		cmocka_unit_test(folder_that_is_not_there_is_an_error),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
