/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_NUMBER_H
#define MESSAGE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* Numbers in decimal, in whatever locale the program runs. Internal to message/. */

/* Adds a number. */
void number_add_unsigned(struct text *text, uint64_t value);
void number_add_signed(struct text *text, int64_t value);

/* Adds a finite number in the fewest digits of 15 to 17 (6 to 9) that read back as the same. */
void number_add_double(struct text *text, double value);
void number_add_float(struct text *text, float value);

/* Length of the number of JSON's grammar that the text starts with, or 0. */
size_t number_length(struct str text);

/* What a number of JSON's grammar says, if that is a whole number: "1.50e1" is 15. */
struct whole {
	bool negative;
	uint64_t magnitude;
};

enum number_result { NUMBER_GOOD, NUMBER_NOT_WHOLE, NUMBER_TOO_LARGE };

/* Reads a whole number exactly. */
enum number_result number_whole(struct str number, struct whole *out);

/* Reads a number of JSON's grammar, rounded to the nearest; infinite when too large. `buffer`
 * holds the number's length + 1 bytes. */
double number_double(struct str number, char *buffer);
float number_float(struct str number, char *buffer);

#endif
