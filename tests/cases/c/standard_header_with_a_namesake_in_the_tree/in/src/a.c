#include <regex.h>
#include <time.h>
#include "regex.h"
