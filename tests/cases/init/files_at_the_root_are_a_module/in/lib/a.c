#include "../util.h"
