/* SPDX-License-Identifier: Apache-2.0 */
/* W3C Trace Context: reads, makes and writes its two headers. Knows nothing of spans. */
#include "telemetry/trace_context.h"

#include "base/random.h"

enum { MEMBERS_MOST = 32, KEY_MOST = 256, VALUE_MOST = 256 };

struct trace_context trace_start(bool sampled)
{
	struct trace_context context = {.flags = TRACE_RANDOM | (sampled ? TRACE_SAMPLED : 0)};
	context.trace[0] = random_u64();
	do
		context.trace[1] = random_u64();
	while (context.trace[1] == 0);
	return context;
}

uint64_t trace_span_id(void)
{
	uint64_t id;
	do
		id = random_u64();
	while (id == 0);
	return id;
}

/* ---- hex ---- */

/* The value of a lower-case digit, or -1. */
static int digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Reads `count` lower-case digits, at most 16. */
static bool read_hex(const char *at, size_t count, uint64_t *out)
{
	uint64_t value = 0;
	for (size_t i = 0; i < count; i++) {
		int next = digit(at[i]);
		if (next < 0)
			return false;
		value = value << 4 | (uint64_t)next;
	}
	*out = value;
	return true;
}

static void write_hex(char *at, size_t count, uint64_t value)
{
	for (size_t i = count; i-- > 0; value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
}

void span_id_format(uint64_t span, char out[SPAN_ID_HEX + 1])
{
	write_hex(out, SPAN_ID_HEX, span);
	out[SPAN_ID_HEX] = '\0';
}

void trace_id_format(const struct trace_context *context, char out[TRACE_ID_HEX + 1])
{
	write_hex(out, 16, context->trace[0]);
	write_hex(out + 16, 16, context->trace[1]);
	out[TRACE_ID_HEX] = '\0';
}

bool trace_id_parse(struct str text, uint64_t out[2])
{
	char lower[TRACE_ID_HEX];
	uint64_t id[2];
	if (text.length != TRACE_ID_HEX)
		return false;
	for (size_t i = 0; i < TRACE_ID_HEX; i++)
		lower[i] = text.at[i] >= 'A' && text.at[i] <= 'F' ? (char)(text.at[i] + 32)
								  : text.at[i];
	if (!read_hex(lower, 16, &id[0]) || !read_hex(lower + 16, 16, &id[1]) ||
	    (id[0] == 0 && id[1] == 0))
		return false;
	memcpy(out, id, sizeof id);
	return true;
}

/* ---- traceparent ---- */

/* Version 00 is exactly 55 bytes; a later one may go on after a '-'. */
static bool has_its_length(struct str text, uint64_t version)
{
	enum { LENGTH = TRACEPARENT_SIZE - 1 };
	if (text.length == LENGTH)
		return true;
	return version > 0 && text.length > LENGTH && text.at[LENGTH] == '-';
}

bool trace_parse(struct str text, struct trace_context *out)
{
	uint64_t version, flags;
	struct trace_context context;
	if (text.length < TRACEPARENT_SIZE - 1 || text.at[2] != '-' || text.at[35] != '-' ||
	    text.at[52] != '-')
		return false;
	if (!read_hex(text.at, 2, &version) || version == 0xff || !has_its_length(text, version))
		return false;
	if (!read_hex(text.at + 3, 16, &context.trace[0]) ||
	    !read_hex(text.at + 19, 16, &context.trace[1]) ||
	    !read_hex(text.at + 36, 16, &context.span) || !read_hex(text.at + 53, 2, &flags))
		return false;
	if ((context.trace[0] == 0 && context.trace[1] == 0) || context.span == 0)
		return false;
	context.flags = (uint8_t)(flags & (TRACE_SAMPLED | TRACE_RANDOM));
	*out = context;
	return true;
}

void trace_format(const struct trace_context *context, char out[TRACEPARENT_SIZE])
{
	memcpy(out, "00-", 3);
	write_hex(out + 3, 16, context->trace[0]);
	write_hex(out + 19, 16, context->trace[1]);
	out[35] = '-';
	write_hex(out + 36, 16, context->span);
	out[52] = '-';
	write_hex(out + 53, 2, context->flags);
	out[55] = '\0';
}

/* ---- tracestate ---- */

static bool is_key_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
	       byte == '-' || byte == '*' || byte == '/' || byte == '@';
}

static bool is_member(struct str member)
{
	ptrdiff_t equals = str_find(member, '=');
	if (equals <= 0 || equals > KEY_MOST)
		return false;
	for (ptrdiff_t i = 0; i < equals; i++)
		if (!is_key_byte(member.at[i]))
			return false;
	struct str value = str_from(member, (size_t)equals + 1);
	for (size_t i = 0; i < value.length; i++)
		if (value.at[i] < 0x20 || value.at[i] > 0x7e || value.at[i] == '=')
			return false;
	return member.at[0] != '_' && member.at[0] != '-' && member.at[0] != '*' &&
	       member.at[0] != '/' && member.at[0] != '@' && value.length > 0 &&
	       value.length <= VALUE_MOST;
}

size_t trace_state_copy(struct str state, char out[TRACE_STATE_LIMIT + 1])
{
	struct str member;
	size_t length = 0, members = 0;
	bool full = false;
	out[0] = '\0';
	while (str_split(&state, ',', &member)) {
		member = str_trim(member);
		if (member.length == 0)
			continue;
		if (!is_member(member) || ++members > MEMBERS_MOST) {
			out[0] = '\0';
			return 0;
		}
		size_t comma = length > 0;
		full |= length + comma + member.length > TRACE_STATE_LIMIT;
		if (full)
			continue;
		if (comma)
			out[length++] = ',';
		memcpy(out + length, member.at, member.length);
		length += member.length;
		out[length] = '\0';
	}
	return length;
}
