#include <stdio.h>
#include "../legacy/prices.h"
