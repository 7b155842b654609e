#include <v.h>
#include "two/w.h"
