#ifdef X
#define H "x.h"
#else
#define H "y.h"
#endif
#include H
