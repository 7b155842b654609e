/* SPDX-License-Identifier: Apache-2.0 */
/* Request heads, line by line. A line is looked at when its CRLF came; until then only the bytes
 * that may not stand in any line are searched, from where the last search ended. So the answer
 * does not hang on how the bytes were cut. Knows no socket and no response. */
#include "http/parse.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "http/token.h"

void http_head_init(struct http_head *head)
{
	memset(head, 0, offsetof(struct http_head, fields));
}

static enum http_parse refuse(struct http_head *head, uint16_t status, const char *why)
{
	head->status = status;
	head->why = why;
	return HTTP_PARSE_BAD;
}

/* The first offset from `at` on of a byte that may not stand inside a line: a control character
 * other than the tab; `length` when there is none. */
static size_t line_stop(const char *bytes, size_t at, size_t length)
{
#if defined(__SSE2__)
	const __m128i low = _mm_set1_epi8(0x1F), tab = _mm_set1_epi8('\t'),
		      del = _mm_set1_epi8(0x7F);
	for (; at + 16 <= length; at += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
		__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, low), x);
		control = _mm_andnot_si128(_mm_cmpeq_epi8(x, tab), control);
		int found = _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(x, del)));
		if (found)
			return at + (size_t)__builtin_ctz((unsigned)found);
	}
#endif
	while (at < length && (http_chars[(unsigned char)bytes[at]] & HTTP_CHAR_VALUE))
		at++;
	return at;
}

static struct http_span span(size_t from, size_t to)
{
	return (struct http_span){(uint16_t)from, (uint16_t)(to - from)};
}

/* Length of the scheme and "//" of an absolute target; 0 for another target. */
static size_t scheme_length(struct str target)
{
	if (target.length > 7 && http_equal(str_first(target, 7), STR("http://")))
		return 7;
	if (target.length > 8 && http_equal(str_first(target, 8), STR("https://")))
		return 8;
	return 0;
}

static enum http_parse read_target(struct http_head *head, const char *bytes)
{
	struct str target = http_span_str(bytes, head->target);
	size_t at = head->target.at, end = at + target.length, path = at;
	if (!http_chars_all(target, HTTP_CHAR_TARGET))
		return refuse(head, 400, "the request target holds a byte that must be escaped");
	if (str_equal(http_span_str(bytes, head->method), STR("CONNECT")))
		return refuse(head, 501, "this server opens no tunnels");
	size_t scheme = scheme_length(target);
	if (scheme) {
		for (path = at + scheme; path < end && bytes[path] != '/' && bytes[path] != '?';)
			path++;
		head->authority = span(at + scheme, path);
		if (!head->authority.length ||
		    !http_chars_all(http_span_str(bytes, head->authority), HTTP_CHAR_HOST))
			return refuse(head, 400, "the request target names no good host");
	} else if (bytes[at] != '/' &&
		   !(str_equal(target, STR("*")) &&
		     str_equal(http_span_str(bytes, head->method), STR("OPTIONS")))) {
		return refuse(head, 400, "the request target is neither a path nor a URL");
	}
	const char *mark = memchr(bytes + path, '?', end - path);
	size_t cut = mark ? (size_t)(mark - bytes) : end;
	head->path = span(path, cut);
	head->query = mark ? span(cut + 1, end) : span(end, end);
	return HTTP_PARSE_MORE;
}

/* "HTTP/1.0" and "HTTP/1.1"; a higher minor version is answered as 1.1. */
static enum http_parse read_version(struct http_head *head, struct str version)
{
	if (version.length != 8 || memcmp(version.at, "HTTP/", 5) != 0 || version.at[6] != '.' ||
	    version.at[5] < '0' || version.at[5] > '9' || version.at[7] < '0' ||
	    version.at[7] > '9')
		return refuse(head, 400, "the request line does not end in a version");
	if (version.at[5] != '1')
		return refuse(head, 505, "this server speaks HTTP/1.1");
	head->minor = version.at[7] == '0' ? 0 : 1;
	head->close = head->minor == 0;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_request_line(struct http_head *head, const char *bytes, size_t from,
					 size_t to)
{
	const char *first = memchr(bytes + from, ' ', to - from);
	if (!first)
		return refuse(head, 400, "the request line is not: method, target, version");
	size_t method_end = (size_t)(first - bytes), target = method_end + 1;
	const char *second = memchr(bytes + target, ' ', to - target);
	if (!second || method_end == from || (size_t)(second - bytes) == target)
		return refuse(head, 400, "the request line is not: method, target, version");
	size_t target_end = (size_t)(second - bytes);
	if (!http_chars_all((struct str){bytes + from, method_end - from}, HTTP_CHAR_TOKEN))
		return refuse(head, 400, "the method is not a token");
	if (method_end - from > HTTP_METHOD_LIMIT)
		return refuse(head, 501, "no method has such a long name");
	if (target_end - target > HTTP_TARGET_LIMIT)
		return refuse(head, 414, "the request target is too long");
	head->started = true;
	head->method = span(from, method_end);
	head->target = span(target, target_end);
	if (read_version(head, (struct str){second + 1, to - target_end - 1}) == HTTP_PARSE_BAD)
		return HTTP_PARSE_BAD;
	return read_target(head, bytes);
}

static enum http_parse read_host(struct http_head *head, const char *bytes,
				 const struct http_field *field)
{
	if (head->has_host)
		return refuse(head, 400, "there are two Host fields");
	if (!http_chars_all(http_span_str(bytes, field->value), HTTP_CHAR_HOST))
		return refuse(head, 400, "Host is no host");
	head->has_host = true;
	if (!head->authority.length)
		head->authority = field->value;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_length(struct http_head *head, const char *bytes,
				   const struct http_field *field)
{
	struct str value = http_span_str(bytes, field->value);
	if (head->has_length)
		return refuse(head, 400, "there are two Content-Length fields");
	if (!value.length || value.length > 18)
		return refuse(head, 400, "Content-Length is no number of bytes");
	for (size_t i = 0; i < value.length; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return refuse(head, 400, "Content-Length is no number of bytes");
		head->content_length = head->content_length * 10 + (uint64_t)(value.at[i] - '0');
	}
	head->has_length = true;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_coding(struct http_head *head, const char *bytes,
				   const struct http_field *field)
{
	if (head->has_coding)
		return refuse(head, 400, "there are two Transfer-Encoding fields");
	if (head->minor == 0)
		return refuse(head, 400, "HTTP/1.0 has no Transfer-Encoding");
	if (!http_equal(http_span_str(bytes, field->value), STR("chunked")))
		return refuse(head, 501, "the only Transfer-Encoding known here is chunked");
	head->has_coding = head->chunked = true;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_connection(struct http_head *head, const char *bytes,
				       const struct http_field *field)
{
	struct str list = http_span_str(bytes, field->value);
	if (http_list_has(list, STR("close")))
		head->close = true;
	else if (head->minor == 0 && http_list_has(list, STR("keep-alive")))
		head->has_keep_alive = true;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_expect(struct http_head *head, const char *bytes,
				   const struct http_field *field)
{
	if (!http_equal(http_span_str(bytes, field->value), STR("100-continue")))
		return refuse(head, 417, "the only expectation known here is 100-continue");
	head->expect_continue = head->minor > 0;
	return HTTP_PARSE_MORE;
}

/* The fields that say where a request ends and what becomes of the connection. */
static const struct known_field {
	struct str name;
	enum http_parse (*read)(struct http_head *, const char *, const struct http_field *);
} KNOWN_FIELDS[] = {
	{{"host", 4}, read_host},
	{{"expect", 6}, read_expect},
	{{"connection", 10}, read_connection},
	{{"content-length", 14}, read_length},
	{{"transfer-encoding", 17}, read_coding},
};

static enum http_parse read_known(struct http_head *head, const char *bytes,
				  const struct http_field *field)
{
	struct str name = http_span_str(bytes, field->name);
	for (size_t i = 0; i < sizeof KNOWN_FIELDS / sizeof *KNOWN_FIELDS; i++)
		if (name.length == KNOWN_FIELDS[i].name.length &&
		    http_equal(name, KNOWN_FIELDS[i].name))
			return KNOWN_FIELDS[i].read(head, bytes, field);
	return HTTP_PARSE_MORE;
}

static enum http_parse read_field(struct http_head *head, const char *bytes, size_t from, size_t to)
{
	size_t colon = from;
	while (colon < to && (http_chars[(unsigned char)bytes[colon]] & HTTP_CHAR_TOKEN))
		colon++;
	if (colon == from || colon == to || bytes[colon] != ':')
		return refuse(head, 400, "a header line is not: name, colon, value");
	if (head->count == HTTP_FIELD_LIMIT)
		return refuse(head, 431, "there are too many header lines");
	struct str value = http_trim((struct str){bytes + colon + 1, to - colon - 1});
	struct http_field *field = &head->fields[head->count++];
	field->name = span(from, colon);
	field->value = span((size_t)(value.at - bytes), (size_t)(value.at - bytes) + value.length);
	return read_known(head, bytes, field);
}

/* The empty line: is what came one request that can be understood in one way only? */
static enum http_parse finish(struct http_head *head, size_t length)
{
	if (!head->has_host && head->minor > 0)
		return refuse(head, 400, "Host is missing");
	if (head->chunked && head->has_length)
		return refuse(head, 400, "there are both Content-Length and Transfer-Encoding");
	if (head->minor == 0 && head->has_keep_alive && !head->chunked)
		head->close = false;
	if (!head->chunked && !head->content_length)
		head->expect_continue = false;
	head->length = (uint32_t)length;
	return HTTP_PARSE_DONE;
}

static enum http_parse read_line(struct http_head *head, const char *bytes, size_t from, size_t to)
{
	if (!head->started && from == to && !head->blank) {
		head->blank = true;
		return HTTP_PARSE_MORE;
	}
	if (!head->started)
		return read_request_line(head, bytes, from, to);
	if (from == to)
		return finish(head, to + 2);
	return read_field(head, bytes, from, to);
}

static enum http_parse too_long(struct http_head *head)
{
	return head->started ? refuse(head, 431, "the header is too long")
			     : refuse(head, 414, "the request line is too long");
}

enum http_parse http_head_parse(struct http_head *head, const char *bytes, size_t length)
{
	enum http_parse result = HTTP_PARSE_MORE;
	while (result == HTTP_PARSE_MORE) {
		size_t stop = line_stop(bytes, head->scanned, length);
		head->scanned = (uint32_t)(stop < HTTP_HEAD_LIMIT ? stop : HTTP_HEAD_LIMIT);
		if (stop + 2 > HTTP_HEAD_LIMIT)
			return too_long(head);
		if (stop == length || (bytes[stop] == '\r' && stop + 1 == length))
			return HTTP_PARSE_MORE;
		if (bytes[stop] != '\r' || bytes[stop + 1] != '\n')
			return refuse(head, 400, "a line holds a control character");
		size_t from = head->line;
		head->line = head->scanned = (uint32_t)stop + 2;
		result = read_line(head, bytes, from, stop);
	}
	return result;
}
