#include "proto/x.h"
#include "far/y.h"
