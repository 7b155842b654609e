/* SPDX-License-Identifier: Apache-2.0 */
/* Static files. The system itself keeps a path below the folder (openat2, RESOLVE_BENEATH), so no
 * spelling of "..", and no link that is changed meanwhile, leads out. Where there is no openat2 no
 * link is followed at all. */
#include "http/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "http/token.h"

static const struct {
	const char *extension;
	const char *type;
} MEDIA_TYPES[] = {
	{"css", "text/css; charset=utf-8"},
	{"csv", "text/csv; charset=utf-8"},
	{"gif", "image/gif"},
	{"gz", "application/gzip"},
	{"htm", "text/html; charset=utf-8"},
	{"html", "text/html; charset=utf-8"},
	{"ico", "image/vnd.microsoft.icon"},
	{"jpeg", "image/jpeg"},
	{"jpg", "image/jpeg"},
	{"js", "text/javascript; charset=utf-8"},
	{"json", "application/json"},
	{"md", "text/markdown; charset=utf-8"},
	{"mjs", "text/javascript; charset=utf-8"},
	{"mp4", "video/mp4"},
	{"pdf", "application/pdf"},
	{"png", "image/png"},
	{"svg", "image/svg+xml"},
	{"txt", "text/plain; charset=utf-8"},
	{"wasm", "application/wasm"},
	{"webmanifest", "application/manifest+json"},
	{"webp", "image/webp"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"xml", "application/xml"},
	{"yaml", "application/yaml"},
	{"zip", "application/zip"},
};

struct str http_media_type(struct str name)
{
	struct str extension = path_extension(name);
	for (size_t i = 0; i < sizeof MEDIA_TYPES / sizeof *MEDIA_TYPES; i++)
		if (http_equal(extension, str_of(MEDIA_TYPES[i].extension)))
			return str_of(MEDIA_TYPES[i].type);
	return STR("application/octet-stream");
}

int http_folder_open(struct http_folder *folder, const char *path, struct error *error)
{
	folder->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0)
		return error_at(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, path, 0, 0,
				"cannot serve the files of this folder: %s", strerror(errno));
	return 0;
}

void http_folder_close(struct http_folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
}

/* A thing to be served, whether it lies in a file or in the program. */
struct resource {
	struct str type;
	char etag[64];  /* with quotes */
	time_t changed; /* 0: not known */
	uint64_t size;
};

static const char DATE_FORMAT[] = "%a, %d %b %Y %T GMT";

/* Whether the list of If-None-Match names the tag; compared weakly, as is right for a GET. */
static bool names_tag(struct str list, struct str tag)
{
	struct str element;
	while (http_list_next(&list, &element)) {
		if (str_equal(element, STR("*")))
			return true;
		if (str_starts(element, STR("W/")))
			element = str_from(element, 2);
		if (str_equal(element, tag))
			return true;
	}
	return false;
}

/* The time of an HTTP date in the one form that is still written; -1 for anything else. */
static time_t read_date(struct str text)
{
	char copy[40];
	struct tm parts = {0};
	if (text.length >= sizeof copy)
		return -1;
	memcpy(copy, text.at, text.length);
	copy[text.length] = '\0';
	const char *end = strptime(copy, DATE_FORMAT, &parts);
	return end && !*end ? timegm(&parts) : -1;
}

/* Whether the client has it already. */
static bool is_unchanged(const struct http_exchange *exchange, const struct resource *resource)
{
	struct str tags = http_field(exchange, STR("If-None-Match"));
	if (tags.at)
		return names_tag(tags, str_of(resource->etag));
	struct str since = http_field(exchange, STR("If-Modified-Since"));
	return since.at && resource->changed && read_date(since) >= resource->changed;
}

/* Reads a number; false when there is none or it is too large. */
static bool read_number(struct str *text, uint64_t *out)
{
	size_t length = 0;
	*out = 0;
	while (length < text->length && text->at[length] >= '0' && text->at[length] <= '9')
		*out = *out * 10 + (uint64_t)(text->at[length++] - '0');
	*text = str_from(*text, length);
	return length > 0 && length < 19;
}

enum range { RANGE_NONE, RANGE_GOOD, RANGE_OUTSIDE };

/* Reads "bytes=FIRST-LAST", "bytes=FIRST-", "bytes=-LAST_ONES"; more than one range, and what is no
 * range, is not looked at, as if it were not there. */
static enum range read_range(struct str text, uint64_t size, uint64_t *first, uint64_t *length)
{
	uint64_t last = size;
	if (!str_starts(text, STR("bytes=")))
		return RANGE_NONE;
	text = http_trim(str_from(text, 6));
	bool has_first = read_number(&text, first);
	if (!str_starts(text, STR("-")))
		return RANGE_NONE;
	text = str_from(text, 1);
	bool has_last = read_number(&text, &last);
	if (text.length || (!has_first && !has_last) || (has_first && has_last && last < *first))
		return RANGE_NONE;
	if (!has_first) {
		*first = last < size ? size - last : 0;
		last = size;
	} else if (!has_last || last >= size) {
		last = size;
	} else {
		last++;
	}
	*length = last - *first;
	return *first < size && last > *first ? RANGE_GOOD : RANGE_OUTSIDE;
}

/* The range that is asked for, if what it is a range of is still the same (If-Range). */
static enum range asked_range(const struct http_exchange *exchange, const struct resource *resource,
			      uint64_t *first, uint64_t *length)
{
	struct str range = http_field(exchange, STR("Range"));
	struct str condition = http_field(exchange, STR("If-Range"));
	*first = 0;
	*length = resource->size;
	if (!range.at || !str_equal(http_method(exchange), STR("GET")) ||
	    (condition.at && !str_equal(condition, str_of(resource->etag))))
		return RANGE_NONE;
	uint64_t from, count;
	enum range result = read_range(range, resource->size, &from, &count);
	if (result == RANGE_GOOD) {
		*first = from;
		*length = count;
	}
	return result;
}

static void add_fields(struct http_exchange *exchange, const struct resource *resource)
{
	char date[40];
	struct tm parts;
	http_add_field(exchange, STR("ETag"), str_of(resource->etag));
	if (resource->changed && gmtime_r(&resource->changed, &parts)) {
		size_t length = strftime(date, sizeof date, DATE_FORMAT, &parts);
		http_add_field(exchange, STR("Last-Modified"), (struct str){date, length});
	}
}

static void add_range(struct http_exchange *exchange, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_range(struct http_exchange *exchange, const char *format, ...)
{
	char value[96];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	http_add_field(exchange, STR("Content-Range"), (struct str){value, (size_t)length});
}

/* Answers all but the body; true when that is wanted, as *first and *length say. */
static bool answer_head(struct http_exchange *exchange, const struct resource *resource,
			uint64_t *first, uint64_t *length)
{
	if (is_unchanged(exchange, resource)) {
		http_set_status(exchange, 304);
		add_fields(exchange, resource);
		return false;
	}
	enum range range = asked_range(exchange, resource, first, length);
	if (range == RANGE_OUTSIDE) {
		http_problem(exchange, 416, STR("the range lies outside of the file"));
		add_range(exchange, "bytes */%llu", (unsigned long long)resource->size);
		return false;
	}
	http_set_status(exchange, range == RANGE_GOOD ? 206 : 200);
	if (range == RANGE_GOOD)
		add_range(exchange, "bytes %llu-%llu/%llu", (unsigned long long)*first,
			  (unsigned long long)(*first + *length - 1),
			  (unsigned long long)resource->size);
	http_add_field(exchange, STR("Content-Type"), resource->type);
	http_add_field(exchange, STR("Accept-Ranges"), STR("bytes"));
	http_add_field(exchange, STR("X-Content-Type-Options"), STR("nosniff"));
	add_fields(exchange, resource);
	return true;
}

static bool is_read(struct http_exchange *exchange)
{
	struct str method = http_method(exchange);
	if (str_equal(method, STR("GET")) || str_equal(method, STR("HEAD")))
		return true;
	http_problem(exchange, 405, STR("files can only be read"));
	http_add_field(exchange, STR("Allow"), STR("GET, HEAD"));
	return false;
}

static void not_found(struct http_exchange *exchange)
{
	http_problem(exchange, 404, STR("there is no such file"));
}

/* Whether a part of the path starts with '.', as what is not for everybody does. */
static bool is_hidden(struct str path)
{
	struct str part;
	while (str_split(&path, '/', &part))
		if (str_starts(part, STR(".")) && !str_equal(part, STR(".well-known")))
			return true;
	return false;
}

static int open_part(int folder, struct str part, int flags)
{
	char name[PATH_LIMIT];
	snprintf(name, sizeof name, "%.*s", STR_ARG(part));
	return openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens part by part, without following any link: for systems without openat2(). */
static int open_by_parts(int root, struct str path, int flags)
{
	int folder = root;
	struct str part;
	while (folder >= 0 && str_split(&path, '/', &part)) {
		bool leads_out = !part.length || str_starts(part, STR(".."));
		int next = -1;
		if (!leads_out)
			next = open_part(folder, part, path.at ? O_PATH | O_DIRECTORY : flags);
		if (folder != root)
			close(folder);
		folder = next;
	}
	return folder;
}

static int open_beneath(const struct http_folder *folder, const char *path)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, folder->fd, path, &how, sizeof how);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* not there, or not allowed */
		return open_by_parts(folder->fd, str_of(path), flags);
	return fd;
}

static void answer_file(struct http_exchange *exchange, int fd, const struct stat *status,
			struct str path)
{
	struct resource resource = {.type = http_media_type(path_name(path)),
				    .changed = status->st_mtim.tv_sec,
				    .size = (uint64_t)status->st_size};
	uint64_t first, length;
	snprintf(resource.etag, sizeof resource.etag, "\"%llx-%llx-%lx\"",
		 (unsigned long long)status->st_size, (unsigned long long)status->st_mtim.tv_sec,
		 (unsigned long)status->st_mtim.tv_nsec);
	if (answer_head(exchange, &resource, &first, &length))
		http_set_file(exchange, fd, first, length);
	else
		close(fd);
}

/* The path again, with a '/': relative links of an index would lead elsewhere without it. */
static void redirect_to_folder(struct http_exchange *exchange)
{
	_cleanup_(text_release) struct text place = {0};
	struct str path = http_path(exchange);
	size_t slashes = 0;
	while (slashes < path.length && path.at[slashes] == '/')
		slashes++;
	text_add_byte(&place, '/'); /* one: "//host" would lead to another host */
	text_add(&place, str_from(path, slashes));
	text_add_byte(&place, '/');
	http_set_status(exchange, place.failed ? 500 : 301);
	http_add_field(exchange, STR("Location"), text_str(&place));
}

/* Opens `path`, or its index; -1 without such. `*is_folder`: it is one, and has no '/'. */
static int open_resource(const struct http_folder *folder, struct str path, struct stat *status,
			 bool *is_folder)
{
	char name[PATH_LIMIT];
	bool wants_index = !path.length || str_ends(path, STR("/"));
	*is_folder = false;
	int length = snprintf(name, sizeof name, "%.*s%s", STR_ARG(path),
			      wants_index ? "index.html" : "");
	if (length >= (int)sizeof name)
		return -1;
	int fd = open_beneath(folder, name);
	if (fd < 0)
		return -1;
	bool known = fstat(fd, status) == 0;
	*is_folder = known && S_ISDIR(status->st_mode) && !wants_index;
	if (known && S_ISREG(status->st_mode))
		return fd;
	close(fd);
	return -1;
}

void http_folder_answer(const struct http_folder *folder, struct http_exchange *exchange,
			struct str path)
{
	struct stat status;
	bool is_folder = false;
	if (!is_read(exchange))
		return;
	int fd = -1;
	if (!is_hidden(path) && str_find(path, '\0') < 0)
		fd = open_resource(folder, path, &status, &is_folder);
	if (fd >= 0)
		answer_file(exchange, fd, &status,
			    str_ends(path, STR("/")) || !path.length ? STR("index.html") : path);
	else if (is_folder)
		redirect_to_folder(exchange);
	else
		not_found(exchange);
}

static const struct http_asset *find_asset(const struct http_asset *assets, size_t count,
					   struct str path)
{
	if (!path.length)
		path = STR("index.html");
	for (size_t i = 0; i < count; i++)
		if (str_equal(str_of(assets[i].path), path))
			return &assets[i];
	return NULL;
}

void http_asset_answer(const struct http_asset *assets, size_t count,
		       struct http_exchange *exchange, struct str path)
{
	const struct http_asset *asset = find_asset(assets, count, path);
	uint64_t first, length;
	if (!is_read(exchange))
		return;
	if (!asset) {
		not_found(exchange);
		return;
	}
	struct resource resource = {.size = asset->content.length};
	resource.type = asset->type ? str_of(asset->type) : http_media_type(str_of(asset->path));
	snprintf(resource.etag, sizeof resource.etag, "\"%.60s\"", asset->etag);
	if (answer_head(exchange, &resource, &first, &length))
		http_set_body(exchange, str_first(str_from(asset->content, first), length), NULL,
			      NULL);
}
