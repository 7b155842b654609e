/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_REPORT_SAMPLE_H
#define TESTS_UNIT_REPORT_SAMPLE_H

#include "report/report.h"

/* A small tree on disk, and what a check of it could have found: findings of two modules, with
 * and without a place, a chain, one of the baseline, and names that every format must escape. */
struct sample {
	char root[64];
	struct finding findings[8];
	struct finding_list list;
	struct check_summary summary;
	struct error_list problems;
};

/* Fails the test when the tree cannot be written. */
void sample_init(struct sample *sample);
void sample_release(struct sample *sample);

/* Writes the report in `format`, fails the test when that fails. */
void sample_write(const struct sample *sample, const char *format,
		  const struct report_options *options, struct text *out);

#endif
