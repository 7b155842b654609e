/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_FINGERPRINT_H
#define REPORT_FINGERPRINT_H

#include "report/writer.h"

/* What makes a finding the same one in another run, though lines were added above it: its
 * rule, modules, file and reference, and the how-manieth of those it is in the file. */
struct fingerprint {
	char hex[33];
};

/* One for each of writer->sorted, all different; to be freed with mem_free(). NULL, and
 * writer->out failed, without memory. */
struct fingerprint *fingerprints(const struct writer *writer);

#endif
