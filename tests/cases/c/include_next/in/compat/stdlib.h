#include_next <stdlib.h>
