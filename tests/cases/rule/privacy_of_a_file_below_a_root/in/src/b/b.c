#include "../../include/a/a.h"
#include "../../include/a/hidden.h"
