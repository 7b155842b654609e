#include "b.h"
#include <stdio.h>
#include \
"b.h"
