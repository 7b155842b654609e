#include "../../x/./y.h"
#include "../../../../out.h"
#include "../z.h"
