#define HEADER "b.h"
#include HEADER
#define SYSTEM <stdio.h>
#include SYSTEM
#define THIRD <zlib.h>
#include THIRD
#include NOBODY
#include CALL(x)
