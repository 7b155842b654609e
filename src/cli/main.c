/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

int main(void)
{
	return 0;
}
