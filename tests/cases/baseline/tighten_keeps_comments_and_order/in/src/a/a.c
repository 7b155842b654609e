#include "../b/b.h"
#include "../b/c d.h"
