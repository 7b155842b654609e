#if 0
#include "no.h"
#if 1
#include "no.h"
#else
#include "no.h"
#endif
#elif X
#include "1.h"
#else
#include "2.h"
#endif
#ifdef NEVER
#include "3.h"
#endif
