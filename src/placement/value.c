/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars of a deployment file. Knows no key and tells no error. */
#include "placement/value.h"

#include <stddef.h>

#include "placement/placement.h"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static size_t digits(struct str text)
{
	size_t count = 0;
	while (count < text.length && is_digit(text.at[count]))
		count++;
	return count;
}

bool value_count(struct str text, uint64_t most, uint64_t *out)
{
	uint64_t number = 0;
	if (text.length == 0 || digits(text) != text.length)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		uint64_t digit = (uint64_t)(text.at[i] - '0');
		if (digit > most || number > (most - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*out = number;
	return true;
}

bool value_duration(struct str text, uint64_t *out)
{
	static const struct {
		struct str name;
		uint64_t length;
	} UNITS[] = {{STR("us"), 1000},
		     {STR("ms"), 1000000},
		     {STR("s"), 1000000000},
		     {STR("m"), UINT64_C(60000000000)},
		     {STR("h"), UINT64_C(3600000000000)}};
	size_t length = digits(text);
	uint64_t number;
	for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
		if (!str_equal(str_from(text, length), UNITS[i].name))
			continue;
		if (!value_count(str_first(text, length), VALUE_TIME_LIMIT / UNITS[i].length,
				 &number))
			return false;
		*out = number * UNITS[i].length;
		return true;
	}
	return false;
}

/* "12.5" as 125,000 hundred-thousandths and the like: digits before and, if there is a point,
 * behind it, as a whole number of 10^-`places`. */
static bool read_decimal(struct str text, size_t places, uint64_t *out)
{
	ptrdiff_t point = str_find(text, '.');
	struct str whole = point < 0 ? text : str_first(text, (size_t)point);
	struct str part = point < 0 ? str_first(text, 0) : str_from(text, (size_t)point + 1);
	uint64_t number, behind = 0;
	if (!value_count(whole, 999999, &number) || part.length > places ||
	    (point >= 0 && !value_count(part, 999999, &behind)))
		return false;
	for (size_t i = 0; i < places; i++)
		number *= 10;
	for (size_t i = part.length; i < places; i++)
		behind *= 10;
	*out = number + behind;
	return true;
}

bool value_share(struct str text, uint32_t *out)
{
	uint64_t hundredths;
	if (!str_ends(text, STR("%")) ||
	    !read_decimal(str_first(text, text.length - 1), 2, &hundredths) || hundredths > 10000)
		return false;
	*out = (uint32_t)hundredths;
	return true;
}

bool placement_share(struct str text, uint32_t *out)
{
	return value_share(text, out);
}

bool value_factor(struct str text, double *out)
{
	uint64_t millionths;
	if (!read_decimal(text, 6, &millionths))
		return false;
	*out = (double)millionths / 1000000;
	return true;
}

static bool is_host_byte(char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       byte == '.' || byte == '-' || byte == '_';
}

static bool is_host(struct str host)
{
	bool brackets = str_starts(host, STR("[")) && str_ends(host, STR("]")) && host.length > 2;
	if (brackets)
		host = str_first(str_from(host, 1), host.length - 2);
	for (size_t i = 0; i < host.length; i++)
		if (!is_host_byte(host.at[i]) && !(brackets && host.at[i] == ':'))
			return false;
	return host.length > 0 && host.length <= 255;
}

bool value_endpoint(struct str text, uint64_t least)
{
	ptrdiff_t colon = str_find_last(text, ':');
	uint64_t port;
	return colon > 0 && is_host(str_first(text, (size_t)colon)) &&
	       value_count(str_from(text, (size_t)colon + 1), 65535, &port) && port >= least;
}

bool value_address(struct str text)
{
	struct str plain = STR("http://"), secure = STR("https://");
	size_t scheme = str_starts(text, secure) ? secure.length : plain.length;
	return (str_starts(text, plain) || str_starts(text, secure)) &&
	       value_endpoint(str_from(text, scheme), 1);
}

bool value_identity(struct str text)
{
	bool named = text.length > 0 && text.length <= 255;
	for (size_t i = 0; named && i < text.length; i++)
		named = text.at[i] > ' ' && text.at[i] < 127 && text.at[i] != '*';
	return named;
}
