/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scanner.h"

void scan_python(struct scanner *scanner)
{
	(void)scanner;
}
