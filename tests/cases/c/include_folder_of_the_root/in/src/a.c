#include <lib/x.h>
#include "lib/x.h"
#include <lib/none.h>
#include "lib/none.h"
