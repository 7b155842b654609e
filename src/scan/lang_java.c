/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scanner.h"

void scan_java(struct scanner *scanner)
{
	(void)scanner;
}
