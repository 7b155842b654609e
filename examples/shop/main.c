/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int main(int argc, char **argv)
{
	return ash_main(argc, argv, &SHOP);
}
