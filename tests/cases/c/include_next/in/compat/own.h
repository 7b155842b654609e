#include_next <own.h>
