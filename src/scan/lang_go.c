/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scanner.h"

void scan_go(struct scanner *scanner)
{
	(void)scanner;
}
