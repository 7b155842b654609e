/* SPDX-License-Identifier: Apache-2.0 */
#include "finding/finding.h"
