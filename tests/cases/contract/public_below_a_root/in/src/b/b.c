#include "../../include/a/a.h"
