#include "proto/x.h"
#include <deps/y.h>
