/* SPDX-License-Identifier: Apache-2.0 */
/* Answer heads, line by line: a line is looked at when its CRLF came, and until then only searched
 * for bytes that may not stand in any line, from where the last search ended. So the result does
 * not hang on how the bytes were cut. Knows no socket and no request but whether it was a HEAD. */
#include "http/answer.h"

#include <string.h>

#include "http/token.h"

void http_answer_init(struct http_answer *answer, bool to_head)
{
	memset(answer, 0, offsetof(struct http_answer, fields));
	answer->to_head = to_head;
}

static enum http_parse refuse(struct http_answer *answer, const char *why)
{
	answer->why = why;
	return HTTP_PARSE_BAD;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* "HTTP/1.1 200 OK"; the words after the status may be missing, with their blank or without. */
static enum http_parse read_status_line(struct http_answer *answer, struct str line)
{
	if (line.length < 12 || memcmp(line.at, "HTTP/", 5) != 0 || !is_digit(line.at[5]) ||
	    line.at[6] != '.' || !is_digit(line.at[7]) || line.at[8] != ' ')
		return refuse(answer, "the answer does not begin with a version of HTTP");
	if (line.at[5] != '1')
		return refuse(answer, "the answer is of another version than HTTP/1");
	if (!is_digit(line.at[9]) || !is_digit(line.at[10]) || !is_digit(line.at[11]) ||
	    line.at[9] == '0' || (line.length > 12 && line.at[12] != ' '))
		return refuse(answer, "the status is not a number of three digits");
	answer->status = (uint16_t)((line.at[9] - '0') * 100 + (line.at[10] - '0') * 10 +
				    (line.at[11] - '0'));
	answer->minor = line.at[7] == '0' ? 0 : 1;
	answer->close = answer->minor == 0;
	answer->started = true;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_length(struct http_answer *answer, struct str value)
{
	if (answer->has_length)
		return refuse(answer, "there are two Content-Length fields");
	if (!value.length || value.length > 18)
		return refuse(answer, "Content-Length is no number of bytes");
	for (size_t i = 0; i < value.length; i++) {
		if (!is_digit(value.at[i]))
			return refuse(answer, "Content-Length is no number of bytes");
		answer->content_length =
			answer->content_length * 10 + (uint64_t)(value.at[i] - '0');
	}
	answer->has_length = true;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_coding(struct http_answer *answer, struct str value)
{
	if (answer->chunked)
		return refuse(answer, "there are two Transfer-Encoding fields");
	if (answer->minor == 0)
		return refuse(answer, "HTTP/1.0 has no Transfer-Encoding");
	if (!http_equal(value, STR("chunked")))
		return refuse(answer, "the only Transfer-Encoding known here is chunked");
	answer->chunked = true;
	return HTTP_PARSE_MORE;
}

static enum http_parse read_connection(struct http_answer *answer, struct str value)
{
	if (http_list_has(value, STR("close")))
		answer->close = true;
	else if (answer->minor == 0 && http_list_has(value, STR("keep-alive")))
		answer->has_keep_alive = true;
	return HTTP_PARSE_MORE;
}

/* The fields that say where an answer ends and what becomes of the connection. */
static const struct known_field {
	struct str name;
	enum http_parse (*read)(struct http_answer *, struct str);
} KNOWN_FIELDS[] = {
	{{"connection", 10}, read_connection},
	{{"content-length", 14}, read_length},
	{{"transfer-encoding", 17}, read_coding},
};

static enum http_parse read_field(struct http_answer *answer, const char *bytes, size_t from,
				  size_t to)
{
	size_t colon = from;
	while (colon < to && (http_chars[(unsigned char)bytes[colon]] & HTTP_CHAR_TOKEN))
		colon++;
	if (colon == from || colon == to || bytes[colon] != ':')
		return refuse(answer, "a header line is not: name, colon, value");
	if (answer->count == HTTP_FIELD_LIMIT)
		return refuse(answer, "there are too many header lines");
	struct str value = http_trim((struct str){bytes + colon + 1, to - colon - 1});
	struct str name = {bytes + from, colon - from};
	answer->fields[answer->count++] = (struct http_field){
		{(uint16_t)from, (uint16_t)name.length},
		{(uint16_t)(value.at - bytes), (uint16_t)value.length},
	};
	for (size_t i = 0; i < sizeof KNOWN_FIELDS / sizeof *KNOWN_FIELDS; i++)
		if (http_equal(name, KNOWN_FIELDS[i].name))
			return KNOWN_FIELDS[i].read(answer, value);
	return HTTP_PARSE_MORE;
}

static enum http_framing framing_of(const struct http_answer *answer)
{
	if (answer->to_head || answer->status < 200 || answer->status == 204 ||
	    answer->status == 304)
		return HTTP_FRAMING_NONE;
	if (answer->chunked)
		return HTTP_FRAMING_CHUNKS;
	if (!answer->has_length)
		return HTTP_FRAMING_CLOSE;
	return answer->content_length ? HTTP_FRAMING_LENGTH : HTTP_FRAMING_NONE;
}

static enum http_parse finish(struct http_answer *answer, size_t length)
{
	if (answer->chunked && answer->has_length)
		return refuse(answer, "there are both Content-Length and Transfer-Encoding");
	if (answer->status == 101)
		return refuse(answer, "the protocol was switched, which nobody asked for");
	if (answer->has_keep_alive)
		answer->close = false;
	answer->framing = framing_of(answer);
	if (answer->framing == HTTP_FRAMING_CLOSE)
		answer->close = true;
	answer->length = (uint32_t)length;
	return HTTP_PARSE_DONE;
}

static enum http_parse read_line(struct http_answer *answer, const char *bytes, size_t from,
				 size_t to)
{
	if (!answer->started)
		return read_status_line(answer, (struct str){bytes + from, to - from});
	if (from == to)
		return finish(answer, to + 2);
	return read_field(answer, bytes, from, to);
}

enum http_parse http_answer_parse(struct http_answer *answer, const char *bytes, size_t length)
{
	enum http_parse result = HTTP_PARSE_MORE;
	while (result == HTTP_PARSE_MORE) {
		size_t stop = answer->scanned;
		while (stop < length && stop < HTTP_HEAD_LIMIT &&
		       (http_chars[(unsigned char)bytes[stop]] & HTTP_CHAR_VALUE))
			stop++;
		answer->scanned = (uint32_t)stop;
		if (stop + 2 > HTTP_HEAD_LIMIT)
			return refuse(answer, "the header is too long");
		if (stop == length || (bytes[stop] == '\r' && stop + 1 == length))
			return HTTP_PARSE_MORE;
		if (bytes[stop] != '\r' || bytes[stop + 1] != '\n')
			return refuse(answer, "a line of the header holds a control character");
		size_t from = answer->line;
		answer->line = answer->scanned = (uint32_t)stop + 2;
		result = read_line(answer, bytes, from, stop);
	}
	return result;
}

struct str http_answer_field(const struct http_answer *answer, const char *bytes, struct str name)
{
	for (size_t i = 0; i < answer->count; i++)
		if (http_equal(http_span_str(bytes, answer->fields[i].name), name))
			return http_span_str(bytes, answer->fields[i].value);
	return (struct str){NULL, 0};
}
