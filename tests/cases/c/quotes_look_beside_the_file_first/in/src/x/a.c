#include "h.h"
#include <h.h>
#include "../y/h.h"
#include "x/h.h"
