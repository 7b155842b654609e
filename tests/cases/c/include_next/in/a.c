#include "compat/stdlib.h"
